//! Secrets that follow their name in a sentence: `the password is hunter2`, `passphrase "two words"`, `use token ab12cd34 to`.
//!
//! Sentences speak of passwords far more often than they tell one. So what follows must be quoted, or look like nothing
//! that is written in a sentence, or be the last word of one.

use std::ops::Range;

use super::Detector;
use crate::sanitize::bounded;
use crate::sanitize::extent::Found;
use crate::sanitize::marker;
use crate::sanitize::places::{is_word_byte, word_ends};
use crate::sanitize::reference::{is_grammar, looks_secret};
use crate::sanitize::rules::{Extent, Rule, Treatment};
use crate::sanitize::text::{Findings, below_heading};

/// How many bytes before a name may belong to it.
const MAX_NAME: usize = 64;
/// How far from a name the word may stand that links a value to it.
const MAX_REACH: usize = 72;
/// The most bytes of a value.
const MAX_VALUE: usize = 512;

/// Finds what follows a name without an operator.
pub(in crate::sanitize) fn find(findings: &mut Findings<'_, '_>) {
    let bytes = findings.bytes();
    let mut markers = Markers::new(bytes);
    for end in word_ends(findings.text) {
        let is_numbered = matches!(bytes.get(end..), Some([b'#', ..] | [b' ', b'#', ..]));
        if !is_numbered
            && !may_be_own_name(&bytes[..end])
            && !findings
                .rules
                .may_name_at_end(&bytes[end.saturating_sub(MAX_NAME)..end])
        {
            continue;
        }
        let floor = markers.end_before(end);
        if floor >= end {
            continue;
        }
        let start = bytes[floor..end]
            .iter()
            .rposition(|byte| !is_word_byte(*byte))
            .map_or(floor, |at| floor + at + 1);
        if let Some(name) = name_at(findings, floor, start, end) {
            let mut sentence = Sentence { findings, name };
            if let Some(found) = sentence.value() {
                let rule = sentence.name.rule;
                findings.take(rule, found);
            }
        }
    }
}

/// What the sanitizer wrote before, up to a place that moves on: the rule of what was replaced names nothing else.
struct Markers<'t> {
    bytes: &'t [u8],
    /// What was looked at.
    at: usize,
    /// Where the last marker ends.
    end: usize,
}

impl<'t> Markers<'t> {
    fn new(bytes: &'t [u8]) -> Self {
        let (at, end) = (0, 0);
        Self { bytes, at, end }
    }

    /// Where the last marker ends that begins before `place`.
    fn end_before(&mut self, place: usize) -> usize {
        while self.at < place {
            let Some(offset) = memchr::memchr2(b'[', b':', &self.bytes[self.at..place]) else {
                self.at = place;
                break;
            };
            let here = self.at + offset;
            self.at = here + 1;
            let start = match self.bytes[here] {
                b'[' => Some(here),
                _ => here.checked_sub(2),
            };
            if let Some(start) = start.filter(|start| *start >= self.end)
                && let Some(length) = marker::length_at(self.bytes, start)
            {
                self.end = start + length;
                self.at = self.end;
            }
        }
        self.end
    }
}

/// Words that name a secret in sentences alone.
const OWN_NAMES: [&[u8]; 3] = [b"pw", b"pass", b"passcode"];

/// True for the last two letters of one of them.
#[inline]
fn may_be_own_name(text: &[u8]) -> bool {
    matches!(
        text,
        [.., b's' | b'S', b's' | b'S']
            | [.., b'p' | b'P', b'w' | b'W']
            | [.., b'd' | b'D', b'e' | b'E']
    )
}

struct Name<'r> {
    rule: &'r Rule,
    range: Range<usize>,
    kind: Kind,
}

/// How sure the name alone makes that a value follows.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// `password` and its like.
    Password,
    /// A passphrase: several words.
    Phrase,
    /// `token`, `secret`, `key`, of which much is said.
    Token,
    /// `pass`, a word of its own.
    Pass,
    /// A number of a person or an account.
    Number,
}

/// The name whose last word stands at `start..end`.
fn name_at<'r>(
    findings: &Findings<'r, '_>,
    floor: usize,
    start: usize,
    end: usize,
) -> Option<Name<'r>> {
    let bytes = findings.bytes();
    // An operator makes an assignment of it.
    let number_follows = bytes.get(end + 1).is_some_and(u8::is_ascii_digit);
    match bytes.get(end) {
        Some(b'-' | b'/')
            if number_follows && bytes[start..end].iter().any(u8::is_ascii_alphabetic) => {}
        Some(b'=' | b':' | b'_' | b'-' | b'/' | b'\\') => return None,
        _ => {}
    }
    let last = &bytes[start..end];
    let least = floor.max(end.saturating_sub(MAX_NAME));
    let least = memchr::memrchr(b'\n', &bytes[least..end]).map_or(least, |at| least + at + 1);
    let numbered = numbered_name(findings, least, end);
    let (rule, from) = match findings.rules.for_name_at_end(&bytes[least..end]) {
        // Credentials are many even where there is one.
        Some((rule, true, _)) if !rule.name().starts_with("credential") => return None,
        Some((rule, _, from)) => (rule, least + from),
        None if numbered.is_some() => numbered?,
        None if OWN_NAMES.iter().any(|name| last.eq_ignore_ascii_case(name)) => (
            findings.rules.for_detector(Detector::LabelledSecret)?,
            start,
        ),
        None => return None,
    };
    let before = from.checked_sub(1).map(|at| bytes[at]);
    // A selector, or a setting that is named by a path, in quotes.
    let is_quoted = matches!(bytes.get(end), Some(b'"' | b'\'' | b']'));
    if !(is_quoted && matches!(before, Some(b'#' | b'.' | b'=')))
        && matches!(
            before,
            Some(b'/' | b'\\' | b'.' | b'$' | b'@' | b'#' | b'<' | b'{' | b'%' | b'&' | b'?')
        )
    {
        return None;
    }
    let kind = match rule.treatment {
        _ if last.eq_ignore_ascii_case(b"pass") => Kind::Pass,
        Treatment::Redact if rule.extent == Extent::Digits => Kind::Number,
        Treatment::Redact if ends_with(last, "phrase") || ends_with(last, "mnemonic") => {
            Kind::Phrase
        }
        Treatment::Redact
            if ["password", "passwd", "pwd", "pw", "pass", "passcode", "pin"]
                .iter()
                .any(|word| ends_with(last, word)) =>
        {
            Kind::Password
        }
        Treatment::Redact if rule.extent == Extent::Credentials => return None,
        Treatment::Redact => Kind::Token,
        _ => Kind::Number,
    };
    if kind != Kind::Number && matches!(bytes.get(end), Some(b'-' | b'/')) {
        return None;
    }
    Some(Name {
        rule,
        range: from..end,
        kind,
    })
}

/// `Acct # 12345`: the sign stands for "number", and the rule is that of the name with this word. Gives where it begins, too.
fn numbered_name<'r>(
    findings: &Findings<'r, '_>,
    least: usize,
    end: usize,
) -> Option<(&'r Rule, usize)> {
    const NUMBER: &[u8] = b"_number";
    let bytes = findings.bytes();
    if !matches!(bytes.get(end..), Some([b'#', ..] | [b' ', b'#', ..])) {
        return None;
    }
    let mut name = [0; MAX_NAME + NUMBER.len()];
    let length = end - least;
    name.get_mut(..length)?
        .copy_from_slice(bytes.get(least..end)?);
    name.get_mut(length..length + NUMBER.len())?
        .copy_from_slice(NUMBER);
    let (rule, plural, from) = findings
        .rules
        .for_name_at_end(&name[..length + NUMBER.len()])?;
    (!plural && from < length).then_some((rule, least + from))
}

fn ends_with(word: &[u8], end: &str) -> bool {
    word.len() >= end.len() && word[word.len() - end.len()..].eq_ignore_ascii_case(end.as_bytes())
}

struct Sentence<'f, 'r, 't> {
    findings: &'f Findings<'r, 't>,
    name: Name<'r>,
}

impl Sentence<'_, '_, '_> {
    fn value(&mut self) -> Option<Found> {
        if self.name.kind == Kind::Number {
            return self.number().or_else(|| self.listed());
        }
        self.listed()
            .or_else(|| self.typed())
            .or_else(|| self.linked())
            .or_else(|| self.direct())
            .or_else(|| self.in_brackets())
            .or_else(|| self.far())
            .or_else(|| self.before())
            .or_else(|| below_heading(self.findings.text, &self.name.range))
    }

    fn bytes(&self) -> &[u8] {
        self.findings.bytes()
    }

    /// The word at `at`, up to a blank or what closes a clause.
    fn word(&self, at: usize) -> Range<usize> {
        let bytes = self.findings.bytes();
        if let Some(length) = marker::length_at(bytes, at) {
            return at..at + length;
        }
        let limit = bytes.len().min(at + MAX_VALUE);
        let mut end = at;
        while end < limit {
            let byte = bytes[end];
            let next_is_end = bytes.get(end + 1).is_none_or(|next| {
                next.is_ascii_whitespace() || matches!(next, b'"' | b'\'' | b')')
            });
            if byte.is_ascii_whitespace()
                || matches!(byte, b'"' | b'`' | b'<' | b'|')
                || matches!(
                    byte,
                    b'.' | b',' | b';' | b':' | b'!' | b'?' | b')' | b']' | b'\''
                ) && next_is_end
                || byte == b'\\' && matches!(bytes.get(end + 1), Some(b'n' | b'r' | b't' | b'"'))
            {
                break;
            }
            end += 1;
        }
        while end < bytes.len() && !self.findings.text.is_char_boundary(end) {
            end += 1;
        }
        at..end
    }

    fn text(&self, range: &Range<usize>) -> &str {
        self.findings.text.get(range.clone()).unwrap_or_default()
    }

    /// What stands in quotes at `at`, on the same line.
    fn quoted(&self, at: usize) -> Option<Found> {
        let text = self.findings.text.get(at..)?;
        let opening = text.trim_start_matches('\\').chars().next()?;
        let escapes = text.len() - text.trim_start_matches('\\').len();
        let closing = match opening {
            '"' | '\'' | '`' => opening,
            '“' | '„' => '”',
            '‘' => '’',
            '«' => '»',
            '*' if text.starts_with("**") => '*',
            _ => return None,
        };
        let start = at
            + escapes
            + if opening == '*' {
                2
            } else {
                opening.len_utf8()
            };
        let limit = (start + MAX_VALUE).min(self.bytes().len());
        let limit = (start..=limit)
            .rev()
            .find(|at| self.findings.text.is_char_boundary(*at))?;
        let inside = self.findings.text.get(start..limit)?;
        let line = inside.find(['\n', '\r']).unwrap_or(inside.len());
        let mut end = inside[..line].find(closing)?;
        while end > 0 && escapes > 0 && inside.as_bytes()[end - 1] == b'\\' {
            end -= 1;
        }
        (end > 0).then_some(Found {
            start,
            end: start + end,
            quoted: true,
        })
    }

    /// `fill('#password', 'x')`, `locator("…").fill("x")`: what is typed into a field that the name belongs to.
    fn typed(&self) -> Option<Found> {
        const TYPES: &[&str] = &[
            ".fill(",
            ".type(",
            ".send_keys(",
            ".sendKeys(",
            ".setValue(",
            ".set_value(",
            ".pressSequentially(",
            ".press_sequentially(",
            ".set(",
        ];
        let rest = self.findings.text.get(self.name.range.end..)?;
        let behind = rest.trim_start_matches(['"', '\'', ']', ')', '\\']);
        if behind.len() == rest.len() {
            return None;
        }
        let value = TYPES.iter().find_map(|call| behind.strip_prefix(call))?;
        self.quoted(self.bytes().len() - value.len())
    }

    /// `wrong password (x7Tq…)`.
    fn in_brackets(&self) -> Option<Found> {
        let bytes = self.bytes();
        let open = self.findings.reader.skip_blanks(self.name.range.end);
        // Without a blank before it, it is a call.
        if open == self.name.range.end || bytes.get(open) != Some(&b'(') {
            return None;
        }
        let near = &bytes[open..bytes.len().min(open + MAX_REACH)];
        let close = open + memchr::memchr(b')', near)?;
        let inside = self.findings.text.get(open + 1..close)?;
        let told = ["it is ", "it's ", "is ", "was "]
            .iter()
            .find_map(|lead| inside.strip_prefix(lead))
            .unwrap_or(inside);
        let told = told.trim_matches(['"', '\'', '`']);
        let is_value = told.len() >= 6
            && !told.contains(' ')
            && told.bytes().any(|byte| byte.is_ascii_digit())
            && looks_secret(told)
            && !self.names_a_rule_at_end(told);
        let start = open + 1 + (told.as_ptr() as usize).saturating_sub(inside.as_ptr() as usize);
        is_value.then_some(Found {
            start,
            end: start + told.len(),
            quoted: true,
        })
    }

    /// `("password", "x7Tq…")`.
    fn listed(&self) -> Option<Found> {
        let bytes = self.bytes();
        let end = self.name.range.end;
        let mark = *bytes.get(end).filter(|byte| matches!(byte, b'"' | b'\''))?;
        let value = match bytes.get(end + 1)? {
            b',' => self.findings.reader.skip_blanks(end + 2),
            // `s:8:"password";s:14:"x7Tq…"`, as PHP serializes.
            b';' => {
                let length = bytes.get(end + 2..)?.strip_prefix(b"s:")?;
                end + 4 + memchr::memchr(b':', &length[..length.len().min(8)])? + 1
            }
            _ => return None,
        };
        let found = (bytes.get(value) == Some(&mark)).then(|| self.quoted(value))??;
        let text = self.text(&(found.start..found.end));
        let is_value = match self.name.kind {
            Kind::Number => self.is_number(text),
            _ => looks_secret(text),
        };
        is_value.then_some(found)
    }

    /// `is`, `was set to`, `will be`, and then the value.
    fn linked(&self) -> Option<Found> {
        let mut at = self.after_name();
        let mut end = at;
        let mut links = Links::default();
        for _ in 0..6 {
            at = self.findings.reader.skip_blanks(at);
            let word = self.word(at);
            let text = self.text(&word);
            if text.is_empty() || !links.take(text) {
                break;
            }
            end = word.end;
            at = end;
        }
        let at = end;
        if !links.is_linked() {
            return None;
        }
        let bytes = self.bytes();
        let mut is_colon = false;
        let mut value = self.findings.reader.skip_blanks(at);
        while matches!(bytes.get(value), Some(b':' | b'=' | b'-' | b'>')) {
            is_colon = true;
            value += 1;
        }
        value = self.findings.reader.skip_blanks(value);
        if value == at && !is_colon {
            return None;
        }
        if let Some(found) = self.quoted(value) {
            let text = self.text(&(found.start..found.end));
            return (!is_grammar(text) && (self.name.kind != Kind::Token || !text.contains(' ')))
                .then_some(found);
        }
        if self.name.kind == Kind::Phrase {
            return self.phrase(value);
        }
        let word = self.word(value);
        self.accepts(&word, &links, is_colon).then_some(Found {
            start: word.start,
            end: word.end,
            quoted: false,
        })
    }

    /// After the name, and after `'s` or a remark in brackets.
    fn after_name(&self) -> usize {
        let bytes = self.bytes();
        let mut at = self.name.range.end;
        if bytes[at..].starts_with(b"'s ") {
            // It stands for "is".
            return at + 1;
        }
        if matches!(bytes.get(at), Some(b'"' | b'\'' | b'`' | b'*')) {
            at += 1;
        }
        let next = self.findings.reader.skip_blanks(at);
        if bytes.get(next) == Some(&b'(') {
            let near = &bytes[next..bytes.len().min(next + 40)];
            if let Some(length) = memchr::memchr(b')', near) {
                return next + length + 1;
            }
        }
        at
    }

    /// Whether a word that is linked to the name is its value.
    fn accepts(&self, word: &Range<usize>, links: &Links, is_colon: bool) -> bool {
        let text = self.text(word);
        if text.is_empty() || is_grammar(text) || self.is_measured(word.end) {
            return false;
        }
        // `the credentials are ada:x`.
        let told = match text.split_once(':') {
            Some((user, told)) if !user.is_empty() => told,
            _ => text,
        };
        // `x7Tq…[truncated]`: the mark of whoever cut it.
        let told = told.split(['[', '…']).next().unwrap_or(told);
        if looks_secret(told) && !self.names_a_rule(told) {
            return true;
        }
        let is_number = text.len() >= 4 && text.bytes().all(|byte| byte.is_ascii_digit());
        if is_number && self.name.kind == Kind::Password {
            return true;
        }
        // A plain word, told as the last one of its clause.
        let is_plain =
            (5..=24).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphabetic());
        let is_kind = [
            "ed", "ing", "ly", "able", "ible", "ive", "ful", "less", "ent", "ant", "al", "ous",
            "ic", "ry",
        ];
        let is_kind = is_kind.iter().any(|end| text.ends_with(end));
        is_plain
            && !is_kind
            && self.name.kind == Kind::Password
            && (is_colon || links.is_plain())
            && self.ends_clause(word.end)
    }

    /// A secret may end as a name does by chance, but seldom without a digit.
    fn names_a_rule(&self, text: &str) -> bool {
        let rules = self.findings.rules;
        !text.bytes().any(|byte| byte.is_ascii_digit())
            && rules.for_name_at_end(text.as_bytes()).is_some()
    }

    fn names_a_rule_at_end(&self, text: &str) -> bool {
        let rules = self.findings.rules;
        rules.for_name_at_end(text.as_bytes()).is_some()
    }

    /// `8 characters`, `30 days`.
    fn is_measured(&self, end: usize) -> bool {
        const UNITS: &[&str] = &[
            "character",
            "char",
            "byte",
            "bit",
            "day",
            "hour",
            "minute",
            "second",
            "digit",
            "letter",
            "word",
            "time",
            "long",
            "week",
            "month",
            "year",
            "or",
            "and more",
        ];
        let next = self.findings.reader.skip_blanks(end);
        let rest = &self.bytes()[next..];
        next > end
            && UNITS.iter().any(|unit| {
                rest.len() >= unit.len() && rest[..unit.len()].eq_ignore_ascii_case(unit.as_bytes())
            })
            && self.bytes()[..end]
                .iter()
                .rev()
                .take_while(|byte| byte.is_ascii_digit())
                .count()
                > 0
    }

    fn ends_clause(&self, end: usize) -> bool {
        let bytes = self.bytes();
        let rest = &bytes[end..];
        rest.first().is_none_or(|byte| {
            matches!(
                byte,
                b'.' | b',' | b';' | b'!' | b')' | b'\n' | b'\r' | b'"' | b'\''
            )
        }) || rest.starts_with(b" and ")
            || rest.starts_with(b" - ")
            || rest.starts_with(b" (")
    }

    /// The words of a passphrase, up to the end of the clause.
    fn phrase(&self, start: usize) -> Option<Found> {
        let first = self.word(start);
        if is_grammar(self.text(&first)) || first.is_empty() {
            return None;
        }
        let mut end = first.end;
        while !self.ends_clause(end) {
            let next = self.findings.reader.skip_blanks(end);
            let word = self.word(next);
            if word.is_empty()
                || word.end - start > MAX_VALUE
                || matches!(self.text(&word), "to" | "then" | "for" | "-")
            {
                break;
            }
            end = word.end;
        }
        let is_phrase = end > first.end || looks_secret(self.text(&first));
        is_phrase.then_some(Found {
            start,
            end,
            quoted: false,
        })
    }

    /// The value right behind the name: in quotes, or a word that is none.
    fn direct(&self) -> Option<Found> {
        // A name in quotes of its own is spoken of.
        let is_quoted = matches!(self.bytes().get(self.name.range.end), Some(b'"' | b'\''));
        if is_quoted {
            return None;
        }
        let at = self.after_name();
        let value = self.findings.reader.skip_blanks(at);
        if value == at {
            return None;
        }
        if let Some(found) = self.quoted(value) {
            let text = self.text(&(found.start..found.end));
            let is_value = looks_secret(text)
                && (self.name.kind != Kind::Pass || text.bytes().any(|byte| byte.is_ascii_digit()))
                || !matches!(self.name.kind, Kind::Token | Kind::Pass) && !is_grammar(text)
                || self.is_told();
            return (is_value && !self.names_a_rule(text)).then_some(found);
        }
        let bytes = self.bytes();
        if let Some(b'-' | b'\xE2') = bytes.get(value)
            && let Some(dash) = self.findings.text.get(value..)
            && let Some(rest) = dash.strip_prefix("- ").or_else(|| dash.strip_prefix("– "))
        {
            // `Wi-Fi password - x`.
            let word = self.word(bytes.len() - rest.len());
            let text = self.text(&word);
            let has_digit = text.bytes().any(|byte| byte.is_ascii_digit());
            return (has_digit && text.len() >= 6 && looks_secret(text)).then_some(Found {
                start: word.start,
                end: word.end,
                quoted: false,
            });
        }
        let word = self.word(value);
        let text = self.text(&word);
        if self.is_told() && !text.is_empty() && !is_grammar(text) {
            return Some(Found {
                start: word.start,
                end: word.end,
                quoted: false,
            });
        }
        let least = match self.name.kind {
            Kind::Token | Kind::Pass => 8,
            _ => 6,
        };
        let digits = text.bytes().filter(u8::is_ascii_digit).count();
        let is_pin = (4..=8).contains(&digits)
            && digits == text.len()
            && ["pin", "pin code", "passcode", "pin number"]
                .iter()
                .any(|name| ends_with(&self.bytes()[self.name.range.clone()], name));
        let is_value = text.len() >= least
            && looks_secret(text)
            && !self.names_a_rule(text)
            && (digits > 0 || self.name.kind != Kind::Token)
            && (!text.contains('/') || is_base64(text))
            && (self.name.kind != Kind::Pass
                || digits > 0 && text.bytes().any(|byte| byte.is_ascii_uppercase()));
        ((is_value || is_pin) && !self.is_measured(word.end)).then_some(Found {
            start: word.start,
            end: word.end,
            quoted: false,
        })
    }

    /// True behind words that nothing but a name and its value follows: `setx`, `ENV`, `login ada`.
    fn is_told(&self) -> bool {
        let bytes = self.bytes();
        let start = self.name.range.start;
        let least = start.saturating_sub(MAX_REACH);
        // A name in capitals and underlines is longer than the words of the rule.
        let from = bytes[least..start]
            .iter()
            .rposition(|byte| byte.is_ascii_whitespace());
        let before = &bytes[least..from.map_or(least, |at| least + at)];
        let mut words = before
            .rsplit(u8::is_ascii_whitespace)
            .filter(|word| !word.is_empty());
        let last = words.next().unwrap_or_default();
        let second = words.next().unwrap_or_default();
        matches!(last, b"setx" | b"setenv" | b"ENV" | b"-gx" | b"-x" | b"-Ux")
            || last == b"set" && matches!(second, b"config" | b"configure")
            || second == b"login" && from.is_some()
            || last == b"SET" && second == b"CONFIG"
    }

    /// `the password for the old box is x`: the link stands further on, so the value must look like one.
    fn far(&self) -> Option<Found> {
        const LEADS: &[&str] = &[
            "for", "to", "of", "on", "at", "from", "in", "we", "you", "i", "that", "i've", "which",
        ];
        let bytes = self.bytes();
        let from = self.findings.reader.skip_blanks(self.after_name());
        let first = self.word(from);
        if !LEADS
            .iter()
            .any(|lead| lead.eq_ignore_ascii_case(self.text(&first)))
        {
            return None;
        }
        let mut at = first.end;
        while at < bytes.len().min(from + MAX_REACH) {
            let start = self.findings.reader.skip_blanks(at);
            let word = self.word(start);
            if word.is_empty() {
                return None;
            }
            let is_link = matches!(self.text(&word), "is" | "was" | "=" | "->");
            let is_colon = bytes.get(word.end) == Some(&b':');
            if is_link || is_colon {
                let value = self
                    .findings
                    .reader
                    .skip_blanks(word.end + usize::from(is_colon));
                if let Some(found) = self.quoted(value) {
                    let text = self.text(&(found.start..found.end));
                    let is_phrase = self.name.kind != Kind::Token
                        && text.bytes().any(|byte| byte.is_ascii_digit());
                    return (is_phrase || looks_secret(text)).then_some(found);
                }
                let value = self.word(value);
                let text = self.text(&value);
                let is_value =
                    looks_secret(text) && !self.is_measured(value.end) && !text.starts_with('/');
                return is_value.then_some(Found {
                    start: value.start,
                    end: value.end,
                    quoted: false,
                });
            }
            if matches!(
                bytes.get(word.end),
                Some(b'.' | b'!' | b'?' | b';' | b',' | b'\n')
            ) {
                return None;
            }
            at = word.end;
        }
        None
    }

    /// `hunter2 is the password`, `hunter2 as the password`.
    fn before(&self) -> Option<Found> {
        let bytes = self.bytes();
        let start = self.name.range.start;
        let least = start.saturating_sub(MAX_REACH);
        let least = memchr::memrchr(b'\n', &bytes[least..start]).map_or(least, |at| least + at + 1);
        let near = &bytes[least..start];
        let is_as = memchr::memmem::rfind(near, b" as ");
        let link = memchr::memmem::rfind(near, b" is ").or(is_as)? + least;
        let is_as = is_as.is_some_and(|at| least + at == link);
        let between = &bytes[link + 4..start];
        let mut words = between
            .split(|byte| *byte == b' ')
            .filter(|word| !word.is_empty());
        let first = words.next().unwrap_or(if is_as { b"the" } else { b"" });
        let owns = ["the", "my", "your", "our", "his", "her", "their"]
            .iter()
            .any(|word| word.as_bytes() == first);
        if !owns || words.count() > 2 {
            return None;
        }
        let from = bytes[least..link]
            .iter()
            .rposition(u8::is_ascii_whitespace)
            .map_or(least, |at| least + at + 1);
        let value = self.findings.text.get(from..link)?;
        let trimmed = value.trim_matches(['"', '\'', '`', '*']);
        let from = from + (value.len() - value.trim_start_matches(['"', '\'', '`', '*']).len());
        // One that begins further back was cut: its beginning would stay.
        let is_whole = from > least || least == 0 || bytes[least - 1] == b'\n';
        let has_digit = trimmed.bytes().any(|byte| byte.is_ascii_digit());
        (is_whole && has_digit && trimmed.len() >= 6 && looks_secret(trimmed)).then_some(Found {
            start: from,
            end: from + trimmed.len(),
            quoted: true,
        })
    }

    /// `SSN 078-05-…`, `DOB 1980-01-02`, `CVV 123`, `MRN #1234567`, `MRN (1234567)`.
    fn number(&self) -> Option<Found> {
        let bytes = self.bytes();
        let mut at = self.name.range.end;
        for _ in 0..3 {
            at = self.after_signs(at);
            let word = self.word(at);
            if !matches!(
                self.text(&word).to_ascii_lowercase().as_str(),
                "is" | "number" | "no" | "no." | "of" | "was" | "code" | "on"
            ) {
                break;
            }
            at = word.end + usize::from(bytes.get(word.end) == Some(&b'.'));
        }
        if at == self.name.range.end {
            // A remark stands between: `MRN (hospital) 1234567`.
            at = self.findings.reader.skip_blanks(self.after_name());
        }
        if at == self.name.range.end {
            return None;
        }
        if self.name.rule.extent == Extent::Date
            && let Some(end) = self.findings.reader.date_end(at)
        {
            return Some(Found {
                start: at,
                end,
                quoted: false,
            });
        }
        let word = self.word(at);
        self.is_number(self.text(&word)).then_some(Found {
            start: at,
            end: word.end,
            quoted: false,
        })
    }

    /// Behind what may stand between a name and its number.
    fn after_signs(&self, at: usize) -> usize {
        let bytes = self.bytes();
        let blanks = self.findings.reader.skip_blanks(at);
        let rest = &bytes[blanks..];
        let signs = match rest {
            [b'.', b'.', b'.', ..] => rest.iter().take_while(|byte| **byte == b'.').count(),
            [b'#', b':', ..] => 2,
            [b'#', ..] => 1,
            [b'(', next, ..] if *next != b' ' => 1,
            // `D.O.B. 03/09/1978`
            [b'.', b' ', ..] if self.is_abbreviated() => 1,
            [b'\'' | b'"', digit, ..] if blanks > at && digit.is_ascii_alphanumeric() => 1,
            [b'-', b' ', ..] if blanks > at => 1,
            [b'-' | b'/', digit, ..] if digit.is_ascii_digit() => 1,
            _ => return blanks,
        };
        self.findings.reader.skip_blanks(blanks + signs)
    }

    /// `D.O.B.`, `Account No.`
    fn is_abbreviated(&self) -> bool {
        let name = &self.bytes()[self.name.range.clone()];
        name.contains(&b'.') || ends_with(name, " no")
    }

    /// Whether a word is the number that the name is for.
    fn is_number(&self, text: &str) -> bool {
        let digits = text.bytes().filter(u8::is_ascii_digit).count();
        let numeric = text
            .bytes()
            .all(|byte| byte.is_ascii_digit() || matches!(byte, b'-' | b'.' | b'/'));
        let is_date = digits >= 6 && text.len() > digits && numeric;
        match self.name.rule.extent {
            Extent::Phrase | Extent::Name | Extent::Date => {
                is_date
                    || digits >= 5
                        && digits == text.len()
                        && !self.name.rule.name().ends_with("address")
            }
            _ if self.name.rule.treatment == Treatment::Drop => digits >= 3 && numeric,
            _ => {
                digits >= 5
                    && (numeric
                        || text
                            .bytes()
                            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-'))
                    || is_date
            }
        }
    }
}

/// True for a text as long as a key in base64 that has no word of a path in it.
fn is_base64(text: &str) -> bool {
    let count = |of: fn(&u8) -> bool| text.as_bytes().iter().filter(|byte| of(byte)).count();
    text.len() >= 32
        && !text.contains(['.', '_', '-'])
        && count(u8::is_ascii_digit) >= 3
        && count(u8::is_ascii_uppercase) >= 6
        && count(u8::is_ascii_lowercase) >= 6
}

/// The words between a name and its value.
#[derive(Default)]
struct Links {
    is: bool,
    to: bool,
    changed: bool,
}

impl Links {
    fn take(&mut self, word: &str) -> bool {
        let lower = bounded::prefix(word, 16).to_ascii_lowercase();
        match lower.as_str() {
            "is" | "was" | "be" | "are" | "'s" | "equals" | "remains" | "reads" | "s" => {
                self.is = true;
            }
            "to" | "as" => self.to = true,
            "set" | "changed" | "reset" | "updated" | "rotated" | "been" => self.changed = true,
            "provided" | "supplied" | "entered" | "given" | "received" => self.to = true,
            "ist" | "est" => self.is = true,
            "now" | "currently" | "still" | "will" | "should" | "would" | "has" | "have"
            | "simply" | "just" | "literally" => {}
            _ => return false,
        }
        true
    }

    fn is_linked(&self) -> bool {
        self.to || self.is && !self.changed
    }

    /// Nothing but "is".
    fn is_plain(&self) -> bool {
        self.is && !self.to && !self.changed
    }
}

#[cfg(test)]
mod tests {
    use crate::sanitize::text::testing::{hits, misses};

    #[test]
    fn a_secret_told_in_a_sentence_goes() {
        hits(&[
            (
                "Log in as ada, the password is Xk4Ergjv, then export.",
                "Log in as ada, the password is <>, then export.",
            ),
            ("the password is hunter2", "the password is <>"),
            ("The password is swordfish.", "The password is <>."),
            ("my pw is abc123!", "my pw is <>!"),
            ("password: 'two words here'", "password: '<>'"),
            (
                "the api key is q7RtY2pLm8 for now",
                "the api key is <> for now",
            ),
            (
                "Unlock it with passphrase \"blue otter ladder\" and go",
                "Unlock it with passphrase \"<>\" and go",
            ),
            ("passphrase -> otter", "passphrase -> <>"),
            (
                "the passphrase is blue otter ladder x5, thanks",
                "the passphrase is <>, thanks",
            ),
            ("use token ab12cd34ef to call it", "use token <> to call it"),
            (
                "sign in with password hunter22 please",
                "sign in with password <> please",
            ),
            (
                "the password for the staging box is Tr0ub4dor.",
                "the password for the staging box is <>.",
            ),
            (
                "password was changed to Tr0ub4dor yesterday",
                "password was changed to <> yesterday",
            ),
            ("the password is now Tr0ub4dor", "the password is now <>"),
            ("the password is: correcthorse", "the password is: <>"),
            (
                "His password (staging) is Tr0ub4dor",
                "His password (staging) is <>",
            ),
            (
                "my password is “blue otter”, keep it",
                "my password is “<>”, keep it",
            ),
            ("password `abc def`", "password `<>`"),
            ("Tr0ub4dor is my password", "<> is my password"),
            (
                "machine a.example login ada password abc",
                "machine a.example login ada password <>",
            ),
            ("setx API_TOKEN abcdef", "setx API_TOKEN <>"),
            ("the PIN is 4821.", "the PIN is <>."),
            ("pin 4821", "pin <>"),
            ("Wi-Fi password - Xk4Ergjv", "Wi-Fi password - <>"),
            ("the credential is ada:Xk4Ergjv", "the credential is <>"),
            ("[('password', 'Tr0ub4dor')]", "[('password', '<>')]"),
            (
                "my access token: LH9x9AEBwXx - why 401?",
                "my access token: <> - why 401?",
            ),
            (
                "temp pwd = Xk4Ergjv (must change)",
                "temp pwd = <> (must change)",
            ),
        ]);
    }

    #[test]
    fn numbers_behind_their_name_go() {
        hits(&[
            ("DOB 1980-01-02 noted", "DOB <> noted"),
            ("SSN 123456789", "SSN <>"),
            ("MRN 0012345", "MRN <>"),
            ("CVV 123, exp 12/30", "CVV <>, exp 12/30"),
            ("the cvc code 123 is", "the cvc code <> is"),
            ("MRN #1234567 seen", "MRN #<> seen"),
            ("MRN# 1234567 seen", "MRN# <> seen"),
            ("MRN #: 1234567 seen", "MRN #: <> seen"),
            ("MRN (1234567) seen", "MRN (<>) seen"),
            ("MRN-1234567 seen", "MRN-<> seen"),
            ("MRN no. 1234567 seen", "MRN no. <> seen"),
            ("see\tMRN\t1234567", "see\tMRN\t<>"),
            ("ssn#123456789 seen", "ssn#<> seen"),
            ("Acct # 9918273645, x", "Acct # <>, x"),
            ("Account No. 9918273645, x", "Account No. <>, x"),
            ("SSN ...... 123456789", "SSN ...... <>"),
            ("* Phone - 2025550123", "* Phone - <>"),
            ("MBI 1EG4TE5MK73 seen", "MBI <> seen"),
            ("passport no K12345678 seen", "passport no <> seen"),
            (
                "national insurance no AB123456C",
                "national insurance no <>",
            ),
            ("a DOB (03/09/1978), ward 7", "a DOB (<>), ward 7"),
            ("dob '02/17/1961' is wrong", "dob '<>' is wrong"),
            (
                "date of birth is 17 Feb 1961, seen",
                "date of birth is <>, seen",
            ),
            ("D.O.B. March 9, 1978, MRN 1234567", "D.O.B. <>, MRN <>"),
            (
                "[('ssn', '123456789'), ('town', 'x')]",
                "[('ssn', '<>'), ('town', 'x')]",
            ),
            ("DOB - 09.03.1978, seen", "DOB - <>, seen"),
        ]);
    }

    #[test]
    fn sentences_about_secrets_stay() {
        misses(&[
            "To reset your password, open Settings and choose Security.",
            "the password is required",
            "The password is wrong.",
            "password was reset",
            "the token is expired",
            "Your password is expiring in 5 days",
            "the password is case-sensitive",
            "the password is 8 characters long",
            "Password must be at least 12 characters",
            "the password is hashed with argon2id",
            "the token is base64 encoded",
            "the API key is invalid or missing",
            "invalid token",
            "the secret is out",
            "the secret is patience",
            "forgot your password? click here to reset it",
            "reset password to continue",
            "use the token to log in",
            "secret \"my-secret\" not found in namespace",
            "password VARCHAR(255) NOT NULL",
            "token CHAR(64)",
            "api_key TEXT",
            "the token is sent to ada@example.org",
            "token 5 of 9",
            "a token gesture",
            "the password for the box is unknown",
            "see password-policy and token-2 in src/tokens/secret_store.rs",
            "call phone 12:30",
            "address 12 Main",
            "the password is $DB_PASSWORD",
            "the token is {{ vault.token }}",
            "password is stored in the vault",
            "the password is the same as yours",
            "Enter password",
            "Password and token are needed",
            "pass 2 of 3",
            "pin the version to 1234",
            "the key is under the mat",
            "secret santa 2024",
            "the token was revoked at 12:30:05",
            "[\"password\", \"email\", \"token\"]",
            "password strength 100",
            "the tokens are 12345 in all",
        ]);
    }
}
