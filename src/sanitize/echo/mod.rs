//! Values that were replaced for their name, looked for wherever else they stand.
//!
//! `{"password": "…"}` says what the password is: in an error text, a result, or a member that came before it
//! the same value stands bare, and no rule names it there. An [`Echo`] keeps such values for as long as one
//! call is open, 32 of them with 8 KiB together, and wipes them after it.

mod encoding;
mod probe;
mod search;
mod spelling;
mod worth;

use std::ops::Range;

use memchr::memmem;
use serde_json::{Map, Value};
use zeroize::{Zeroize, Zeroizing};

use super::detect::Detector;
use super::marker;
use super::replace::replacement;
use super::rules::{Rules, Treatment};
use super::text::Span;
use crate::fingerprint::Fingerprint;
use crate::tree::Tree;

/// The most values that are kept.
const MAX_VALUES: usize = 32;
/// The most bytes of all values together.
const MAX_BYTES: usize = 8 * 1024;
/// How much of a value is looked for in base64 and in hexadecimal digits.
const ENCODED: usize = 96;
/// The fewest characters of an encoded value that are looked for.
const LEAST_ENCODED: usize = 8;
/// How many digits a number has that is looked for without its punctuation too: fewer are dates.
const LEAST_PUNCTUATED: usize = 9;
const MOST_PUNCTUATED: usize = 20;
/// A shorter value is one only where no letter or digit stands beside it.
const LEAST_UNBOUNDED: usize = 8;
/// How deep in a value that was redacted as a whole others are looked for.
const MAX_DEPTH: usize = 8;

/// The values of one call.
#[derive(Default)]
pub(crate) struct Echo {
    /// Every needle in its one spelling, and the secrets as they are.
    spelt: Vec<u8>,
    needles: Vec<Needle>,
    /// Secrets whose encodings are not among the needles yet.
    secrets: Vec<Secret>,
    replacements: String,
    values: usize,
    /// How many bytes the values have.
    bytes: usize,
    /// A text in its one spelling, for one search; wiped where one of the values stood in it.
    scratch: Vec<u8>,
    /// All that was replaced since somebody began to watch, be it looked for or not.
    told: Option<Fingerprint>,
}

/// What is looked for.
#[derive(Clone)]
struct Needle {
    spelt: Range<usize>,
    /// Where in it the byte stands that is looked for first.
    rarest: usize,
    replacement: Range<usize>,
    form: Form,
}

/// A value that is looked for in encodings too.
#[derive(Clone)]
struct Secret {
    /// Where the value stands among the spelt ones.
    value: Range<usize>,
    replacement: Range<usize>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    /// The value itself.
    Plain,
    /// The value itself, where nothing hangs on it.
    Word,
    /// In base64: the whole run goes.
    Base64,
    Hexadecimal,
}

impl Echo {
    /// True where nothing is looked for.
    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.needles.is_empty()
    }

    /// Adds to `fingerprint` whatever is replaced from now on, for its name or for what it is.
    pub(crate) fn watch(&mut self, fingerprint: Fingerprint) {
        self.told = Some(fingerprint);
    }

    /// Ends the watch, and tells what came of it.
    pub(crate) fn watched(&mut self) -> Option<Fingerprint> {
        self.told.take()
    }

    pub(super) fn note_text(&mut self, replaced: &str) {
        if let Some(told) = &mut self.told {
            told.add_bytes(replaced.as_bytes());
        }
    }

    pub(super) fn note_value(&mut self, replaced: &Tree<'_>) {
        if let Some(told) = &mut self.told {
            told.add_value(replaced);
        }
    }

    /// Forgets and wipes all values. Their room stays.
    pub(crate) fn clear(&mut self) {
        if self.is_empty() {
            return;
        }
        self.spelt.as_mut_slice().zeroize();
        self.spelt.clear();
        self.needles.clear();
        self.secrets.clear();
        self.replacements.clear();
        self.values = 0;
        self.bytes = 0;
    }

    /// Looks for `value` from now on, for which `replacement` stands.
    ///
    /// A secret is looked for in base64 and hexadecimal digits too.
    pub(crate) fn remember(&mut self, value: &str, replacement: &str, is_secret: bool) {
        self.remember_spelt(value, replacement, is_secret);
        if let Some(digits) = without_punctuation(value) {
            self.remember_spelt(&digits, replacement, is_secret);
        }
    }

    fn remember_spelt(&mut self, value: &str, replacement: &str, is_secret: bool) {
        let value = without_scheme(value.trim());
        if self.values >= MAX_VALUES
            || self.bytes + value.len() > MAX_BYTES
            || !worth::is_telling(value)
            || marker::is_whole(value)
        {
            return;
        }
        let Some(spelt) = self.spell(value) else {
            return;
        };
        let known = |needle: &Needle| self.spelt[needle.spelt.clone()] == self.spelt[spelt.clone()];
        if self.needles.iter().any(known) {
            self.spelt[spelt.start..].zeroize();
            self.spelt.truncate(spelt.start);
            return;
        }
        self.values += 1;
        self.bytes += value.len();
        let start = self.replacements.len();
        self.replacements.push_str(replacement);
        let replacement = start..self.replacements.len();
        let bounded = !is_secret
            || value.len() < LEAST_UNBOUNDED
            || value.bytes().all(|byte| byte.is_ascii_digit());
        let form = if bounded { Form::Word } else { Form::Plain };
        self.needles.push(Needle {
            rarest: search::rarest(&self.spelt[spelt.clone()]),
            spelt,
            replacement: replacement.clone(),
            form,
        });
        if is_secret {
            self.remember_secret(value.as_bytes(), replacement);
        }
    }

    /// Looks for what stands in a value that `rule` replaced as a whole.
    ///
    /// Under a secret's name an object holds harmless members too: of it only what a rule names, or what looks
    /// like a key, is looked for.
    pub(super) fn remember_tree(&mut self, rules: &Rules, value: &Tree<'_>, marker: &str) {
        self.remember_below(rules, value, marker, MAX_DEPTH);
    }

    /// Looks for what was replaced in a text because of what stands beside it.
    pub(super) fn remember_spans(&mut self, rules: &Rules, text: &str, spans: &[Span<'_>]) {
        for Span { range, rule } in spans {
            // These are found by what they look like, wherever they stand.
            let looks = [
                Detector::Base64,
                Detector::Card,
                Detector::Iban,
                Detector::Ssn,
                Detector::NhsNumber,
                Detector::Email,
                Detector::Phone,
            ];
            if looks.iter().any(|detector| detector.name() == rule.name()) {
                continue;
            }
            let value = text.get(range.clone()).unwrap_or_default();
            let made = replacement(rules, rule, value);
            let is_secret = matches!(rule.treatment, Treatment::Redact | Treatment::Drop);
            self.remember(value, &made, is_secret);
            if rule.name() == Detector::UrlCredentials.name()
                && let Some((_, password)) = value.split_once(':')
            {
                self.remember(password, &made, is_secret);
            }
        }
    }

    /// Looks for the value of the member `name`, where a rule names it.
    pub(super) fn remember_member(&mut self, rules: &Rules, name: &str, value: &Tree<'_>) {
        if let Some((rule, _)) = rules.for_member(name) {
            match (&rule.treatment, value) {
                (Treatment::Pseudonymize { .. } | Treatment::Mask, Tree::String(text)) => {
                    self.remember(text, &replacement(rules, rule, text), false);
                }
                _ => self.remember_tree(rules, value, rule.marker()),
            }
        }
    }

    fn remember_below(&mut self, rules: &Rules, value: &Tree<'_>, marker: &str, depth: usize) {
        if depth == 0 || self.values >= MAX_VALUES {
            return;
        }
        match *value {
            Tree::Null | Tree::Bool(_) => {}
            Tree::String(text) => self.remember(text, marker, true),
            Tree::Number(number) => self.remember(&number.to_text(), marker, true),
            Tree::Array(items) => {
                for item in items.iter().take(MAX_VALUES) {
                    self.remember_below(rules, item, marker, depth - 1);
                }
            }
            Tree::Object(members) => {
                for (name, value) in members.iter().take(2 * MAX_VALUES) {
                    match *value {
                        Tree::String(text)
                            if !worth::looks_random(text) && rules.for_member(name).is_none() => {}
                        Tree::Number(_) if rules.for_member(name).is_none() => {}
                        _ => self.remember_below(rules, value, marker, depth - 1),
                    }
                }
            }
        }
    }

    /// Adds the one spelling of a value; none of too little.
    fn spell(&mut self, value: &str) -> Option<Range<usize>> {
        // A character takes at most three times its bytes, in lower case.
        self.make_room(3 * value.len() + 4);
        let start = self.spelt.len();
        spelling::write(&mut self.spelt, value.as_bytes());
        let spelt = &self.spelt[start..];
        let blank = |byte: &&u8| matches!(**byte, b' ' | b'\\');
        let before = spelt.iter().take_while(blank).count();
        let behind = spelt.iter().rev().take_while(blank).count();
        if before + behind + worth::LEAST > spelt.len() {
            self.spelt.truncate(start);
            return None;
        }
        let end = self.spelt.len() - behind;
        Some(start + before..end)
    }

    /// Looks for the encodings of a value, which are written out once a piece of one of them stands somewhere.
    fn remember_secret(&mut self, value: &[u8], replacement: Range<usize>) {
        let value = &value[..value.len().min(ENCODED)];
        self.make_room(value.len());
        let start = self.spelt.len();
        self.spelt.extend_from_slice(value);
        self.secrets.push(Secret {
            value: start..self.spelt.len(),
            replacement,
        });
    }

    /// Base64 as it comes out wherever in three bytes the value begins, and hexadecimal digits.
    fn encode(&mut self, secret: &Secret, needles: &mut Vec<Needle>) {
        self.make_room(6 * (secret.value.len() + 4));
        let mut start = self.spelt.len();
        for shift in 0..4 {
            let value = secret.value.clone();
            let form = if shift < 3 {
                encoding::write_base64(&mut self.spelt, value, shift);
                Form::Base64
            } else {
                encoding::write_hexadecimal(&mut self.spelt, value);
                Form::Hexadecimal
            };
            let spelt = start..self.spelt.len();
            if spelt.len() < LEAST_ENCODED {
                self.spelt.truncate(start);
                continue;
            }
            start = spelt.end;
            needles.push(Needle {
                rarest: 0,
                spelt,
                replacement: secret.replacement.clone(),
                form,
            });
        }
    }

    /// Writes out all encodings, so that they can be replaced.
    pub(crate) fn complete(&mut self) {
        let mut needles = std::mem::take(&mut self.needles);
        for secret in std::mem::take(&mut self.secrets) {
            self.encode(&secret, &mut needles);
        }
        self.needles = needles;
    }

    /// Makes room for `more` bytes. A vector that grows by itself leaves a copy behind that nobody wipes.
    fn make_room(&mut self, more: usize) {
        if self.spelt.capacity() - self.spelt.len() >= more {
            return;
        }
        let room = (self.spelt.len() + more).max(1024).next_power_of_two();
        let mut grown = Vec::with_capacity(room);
        grown.extend_from_slice(&self.spelt);
        self.spelt.as_mut_slice().zeroize();
        self.spelt = grown;
    }

    /// True where one of the values stands somewhere in these pieces of JSON.
    pub(crate) fn occurs_in(&mut self, json: &[u8]) -> bool {
        if self.is_empty() {
            return false;
        }
        // Most values stand nowhere else, in no spelling, and that is soon seen.
        let is_plain = spelling::is_plain(json);
        if is_plain && !self.may_stand_in(json, probe::may_stand_in) {
            return false;
        }
        let mut text = std::mem::take(&mut self.scratch);
        text.clear();
        spelling::write(&mut text, json);
        let found =
            (is_plain || self.may_stand_in(&text, probe::may_be_spelt_in)) && self.stands_in(&text);
        if found {
            text.as_mut_slice().zeroize();
        }
        self.scratch = text;
        found
    }

    /// False where none of the values stands in a text, of which only the characters have to be folded.
    fn may_stand_in(&self, text: &[u8], encoded_in: fn(&[u8], &[u8]) -> bool) -> bool {
        let may_hold = |needle: &Needle| {
            let spelt = &self.spelt[needle.spelt.clone()];
            search::may_hold(text, spelt, needle.rarest)
        };
        let may_be_encoded = |secret: &Secret| encoded_in(&self.spelt[secret.value.clone()], text);
        self.needles.iter().any(may_hold) || self.secrets.iter().any(may_be_encoded)
    }

    /// True where one of the values stands in a text of their spelling.
    fn stands_in(&mut self, text: &[u8]) -> bool {
        self.complete();
        self.needles.iter().any(|needle| {
            let spelt = &self.spelt[needle.spelt.clone()];
            places(text, needle, spelt).next().is_some()
        })
    }

    /// Replaces the values in `tree`, and the beginning of one at the end of a string that was cut; says how many
    /// were.
    pub(super) fn replace_in(&self, tree: &mut Value, cut: bool) -> u32 {
        match tree {
            Value::Null | Value::Bool(_) => 0,
            Value::Number(number) => {
                let text = number.to_string();
                match self.replace(&text, false) {
                    Some((replaced, _)) => {
                        *tree = Value::String(replaced);
                        1
                    }
                    None => 0,
                }
            }
            Value::String(text) => match self.replace(text, cut) {
                Some((replaced, count)) => {
                    *text = replaced;
                    count
                }
                None => 0,
            },
            Value::Array(items) => items.iter_mut().fold(0, |count: u32, item| {
                count.saturating_add(self.replace_in(item, cut))
            }),
            Value::Object(members) => self.replace_in_members(members, cut),
        }
    }

    fn replace_in_members(&self, members: &mut Map<String, Value>, cut: bool) -> u32 {
        let mut count = 0_u32;
        for value in members.values_mut() {
            count = count.saturating_add(self.replace_in(value, cut));
        }
        if !members
            .keys()
            .any(|name| self.replace(name, false).is_some())
        {
            return count;
        }
        for (name, value) in std::mem::take(members) {
            let shown = match self.replace(&name, false) {
                Some((replaced, more)) => {
                    count = count.saturating_add(more);
                    replaced
                }
                None => name,
            };
            let mut unique = shown.clone();
            let mut number = 2;
            while members.contains_key(&unique) {
                unique = format!("{shown}#{number}");
                number += 1;
            }
            members.insert(unique, value);
        }
        count
    }

    /// The text with all values replaced, and how many were; `None` where it holds none.
    fn replace(&self, text: &str, cut: bool) -> Option<(String, u32)> {
        let (mut spelt, mut origins) = (Vec::new(), Vec::new());
        spelling::write_with_places(&mut spelt, text.as_bytes(), &mut origins);
        let mut found: Vec<(Range<usize>, &Needle)> = Vec::new();
        for needle in &self.needles {
            let value = &self.spelt[needle.spelt.clone()];
            let ends = cut
                .then(|| beginning_at_end(&spelt, needle, value))
                .flatten();
            let mut run_end = 0;
            for place in places(&spelt, needle, value).chain(ends) {
                if origins[place.start].0 < run_end {
                    continue;
                }
                let mut range = origins[place.start].0..origins[place.end - 1].1;
                if needle.form == Form::Base64 {
                    range = base64_run(text.as_bytes(), &range);
                    run_end = range.end;
                }
                found.push((range, needle));
            }
        }
        spelt.zeroize();
        found.retain(|(range, _)| !marker::holds(text.as_bytes(), range));
        found.sort_by_key(|(range, _)| (range.start, std::cmp::Reverse(range.end)));
        let mut replaced = String::with_capacity(text.len() + 32 * found.len());
        let (mut count, mut written) = (0_u32, 0);
        for (range, needle) in found {
            if range.start < written {
                // What overlaps with one before goes with it.
                written = written.max(range.end);
                continue;
            }
            replaced.push_str(text.get(written..range.start)?);
            replaced.push_str(&self.replacements[needle.replacement.clone()]);
            written = range.end;
            count = count.saturating_add(1);
        }
        replaced.push_str(text.get(written..).unwrap_or_default());
        (count > 0).then_some((replaced, count))
    }
}

impl Drop for Echo {
    fn drop(&mut self) {
        self.clear();
    }
}

/// The values are secret.
impl std::fmt::Debug for Echo {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Echo")
            .field("values", &self.values)
            .finish_non_exhaustive()
    }
}

/// The credentials in the value of a header, which are the secret of it (RFC 9110 section 11.4).
fn without_scheme(value: &str) -> &str {
    let behind = |scheme: &&str| {
        let (begin, rest) = value.split_at_checked(scheme.len())?;
        let rest = rest.strip_prefix(' ')?;
        begin.eq_ignore_ascii_case(scheme).then_some(rest)
    };
    let schemes = ["bearer", "basic", "token", "apikey", "negotiate", "dpop"];
    schemes
        .iter()
        .find_map(behind)
        .map_or(value, str::trim_start)
}

/// Where a needle stands in a text of the same spelling.
fn places<'t>(
    text: &'t [u8],
    needle: &'t Needle,
    spelt: &'t [u8],
) -> impl Iterator<Item = Range<usize>> + 't {
    memmem::find_iter(text, spelt)
        .map(|at| at..at + spelt.len())
        .filter(|place| needle.form != Form::Word || stands_alone(text, place, spelt))
}

fn stands_alone(text: &[u8], place: &Range<usize>, spelt: &[u8]) -> bool {
    let before = place.start.checked_sub(1).and_then(|at| text.get(at));
    let hangs = |edge: Option<&u8>, beside: Option<&u8>| {
        edge.is_some_and(is_letter) && beside.is_some_and(is_letter)
    };
    !hangs(spelt.first(), before) && !hangs(spelt.last(), text.get(place.end))
}

#[allow(
    clippy::trivially_copy_pass_by_ref,
    reason = "it looks at what iterators give"
)]
fn is_letter(byte: &u8) -> bool {
    byte.is_ascii_alphanumeric() || *byte >= 0x80
}

/// The end of a text that is the beginning of a needle.
fn beginning_at_end(text: &[u8], needle: &Needle, spelt: &[u8]) -> Option<Range<usize>> {
    if needle.form == Form::Hexadecimal {
        return None;
    }
    let longest = spelt.len().saturating_sub(1).min(text.len());
    let length = (worth::LEAST..=longest)
        .rev()
        .find(|length| text.ends_with(&spelt[..*length]))?;
    let place = text.len() - length..text.len();
    (needle.form != Form::Word || stands_alone(text, &place, spelt)).then_some(place)
}

/// The run of base64 around a place in it.
fn base64_run(text: &[u8], place: &Range<usize>) -> Range<usize> {
    let of_run = |byte: &&u8| {
        byte.is_ascii_alphanumeric() || matches!(**byte, b'+' | b'/' | b'-' | b'_' | b'=')
    };
    let before = text[..place.start].iter().rev().take_while(of_run).count();
    let behind = text[place.end..].iter().take_while(of_run).count();
    place.start - before..place.end + behind
}

/// The digits of a number that is written with punctuation; `None` for what is none, or has none.
fn without_punctuation(value: &str) -> Option<Zeroizing<String>> {
    let (mut digits, mut signs) = (0, 0);
    for byte in value.bytes() {
        match byte {
            b'0'..=b'9' => digits += 1,
            b' ' | b'-' | b'.' | b'(' | b')' | b'+' | b'/' => signs += 1,
            _ => return None,
        }
    }
    let is_number = (LEAST_PUNCTUATED..=MOST_PUNCTUATED).contains(&digits) && signs > 0;
    // Of a string that grows a copy would be left behind.
    is_number.then(|| {
        let mut bare = Zeroizing::new(String::with_capacity(value.len()));
        bare.extend(value.chars().filter(char::is_ascii_digit));
        bare
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn echo(values: &[&str]) -> Echo {
        let mut echo = Echo::default();
        for value in values {
            echo.remember(value, "[REDACTED:password]", true);
        }
        echo
    }

    fn replaced(echo: &mut Echo, text: &str) -> String {
        let mut tree = json!({ "text": text });
        let mut json = Vec::new();
        crate::canonical::write_value(&mut json, &tree);
        let found = echo.occurs_in(&json);
        let count = echo.replace_in(&mut tree, false);
        assert!(found || count == 0, "{text}");
        tree["text"].as_str().expect("a text").to_owned()
    }

    #[test]
    fn a_value_is_found_in_every_spelling() {
        let mut echo = echo(&["S3cr et\"p&ss"]);
        for text in [
            "with S3cr et\"p&ss!",
            "with s3cr ET\"P&SS!",
            "with S3cr%20et%22p%26ss!",
            "with S3cr+et%22p%26ss!",
            "with S3cr et\\\"p&ss!",
            "with S3cr et\\\\\\\"p\\u0026ss!",
            "with UzNjciBldCJwJnNz!",
            "with 533363722065742270267373!",
            "with \u{FF33}3cr et\"p&s\u{200B}s!",
        ] {
            assert_eq!(
                replaced(&mut echo, text),
                "with [REDACTED:password]!",
                "{text}"
            );
        }
    }

    #[test]
    fn a_value_is_found_wherever_in_base64_it_begins() {
        let mut echo = echo(&["hunter2hunter2"]);
        // "a:", "ab:" and "abc:" before it.
        for text in [
            "YTpodW50ZXIyaHVudGVyMg==",
            "YWI6aHVudGVyMmh1bnRlcjI=",
            "YWJjOmh1bnRlcjJodW50ZXIy",
        ] {
            assert_eq!(replaced(&mut echo, text), "[REDACTED:password]");
        }
    }

    #[test]
    fn a_short_value_is_found_where_it_stands_alone() {
        let mut echo = echo(&["paris", "123456"]);
        assert_eq!(
            replaced(&mut echo, "Paris, comparison, 1234567, 123456, x123456"),
            "[REDACTED:password], comparison, 1234567, [REDACTED:password], x123456"
        );
    }

    #[test]
    fn a_number_is_found_without_its_punctuation() {
        let mut echo = echo(&["(202) 555-0123", "1961-02-17"]);
        assert_eq!(
            replaced(&mut echo, "dialed 2025550123, 19610217"),
            "dialed [REDACTED:password], 19610217"
        );
    }

    #[test]
    fn names_of_members_and_numbers_are_looked_through_too() {
        let echo = echo(&["hunter22", "123456789"]);
        let mut tree = json!({"hunter22": 1, "HUNTER22": 123456789, "n": [1234567890]});
        assert_eq!(echo.replace_in(&mut tree, false), 3);
        assert_eq!(
            tree,
            json!({"[REDACTED:password]": "[REDACTED:password]", "[REDACTED:password]#2": 1, "n": [1234567890]})
        );
    }

    #[test]
    fn what_was_cut_within_a_value_goes() {
        let echo = echo(&["hunter2hunter2"]);
        let mut tree = json!("with hunter2hun");
        assert_eq!(echo.replace_in(&mut tree.clone(), false), 0);
        assert_eq!(echo.replace_in(&mut tree, true), 1);
        assert_eq!(tree, "with [REDACTED:password]");
    }

    #[test]
    fn markers_stay() {
        let mut echo = Echo::default();
        echo.remember("street_address", "[REDACTED:note]", true);
        assert_eq!(
            replaced(&mut echo, "a [REDACTED:street_address] b"),
            "a [REDACTED:street_address] b"
        );
    }

    #[test]
    fn values_have_a_bound_and_are_wiped() {
        let mut echo = Echo::default();
        for number in 0..100 {
            echo.remember(&format!("{number:02} a secret"), "[REDACTED:a]", true);
        }
        assert_eq!(echo.values, MAX_VALUES);
        assert!(!echo.occurs_in(b"\"99 a secret\""));
        echo.clear();
        assert!(echo.is_empty() && !echo.occurs_in(b"\"01 a secret\""));
        echo.remember(&"x1y2".repeat(5000), "[REDACTED:a]", true);
        assert!(echo.is_empty());
    }

    #[test]
    fn the_credentials_of_a_header_are_looked_for_without_their_scheme() {
        let mut echo = echo(&["Bearer abc-def-123"]);
        assert_eq!(
            replaced(&mut echo, "got abc-def-123"),
            "got [REDACTED:password]"
        );
    }
}
