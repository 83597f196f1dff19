//! What a secret was before a change and what it is behind it: `changed the password from x to y`.

use super::sentence::{Sentence, is_base64};
use super::{Kind, MAX_REACH};
use crate::sanitize::bounded;
use crate::sanitize::extent::Found;
use crate::sanitize::reference::{is_grammar, looks_secret};

/// The most words between a name and the first of its values.
const MAX_WORDS: usize = 10;
/// The most words between the two values.
const MAX_BETWEEN: usize = 6;
/// The fewest bytes of a value without quotes.
const LEAST: usize = 6;

/// Verbs that tell of a change.
const CHANGES: &[&str] = &[
    "change",
    "changed",
    "changes",
    "changing",
    "rotate",
    "rotated",
    "rotates",
    "rotating",
    "reset",
    "resets",
    "resetting",
    "update",
    "updated",
    "updates",
    "updating",
    "switch",
    "switched",
    "switching",
    "modified",
    "cycled",
    "went",
    "set",
    "rolled",
    "edited",
];
/// Verbs that put one thing in the place of another.
const SWAPS: &[&str] = &[
    "replace",
    "replaced",
    "replaces",
    "replacing",
    "swap",
    "swapped",
    "swaps",
    "swapping",
    "exchange",
    "exchanged",
    "substituted",
];
/// What may stand right behind a name that a change is told of.
const LEADS: &[&str] = &[
    "from", "for", "of", "on", "at", "in", "was", "were", "is", "has", "have", "had", "been",
    "got", "gets", "i", "we", "they", "he", "she", "you", "and",
];
/// What the two values stand for.
const AGES: &[&str] = &[
    "old", "new", "previous", "former", "current", "prior", "earlier",
];
const ARROWS: &[&str] = &["->", "-->", "=>", "→", "⇒", "➜", "»"];
/// Words of a sentence that are no value of the one before a change.
const STATES: &[&str] = &[
    "default",
    "empty",
    "blank",
    "initial",
    "plain",
    "plaintext",
    "nothing",
    "scratch",
    "factory",
    "weak",
    "strong",
    "hashed",
    "encrypted",
    "production",
    "staging",
    "development",
];

/// What was said up to a value.
#[derive(Default)]
struct Told {
    changed: bool,
    swapped: bool,
    aged: bool,
}

impl Told {
    fn take(&mut self, word: &str) -> bool {
        // All known words have three letters at least.
        if word.len() < 3 {
            return false;
        }
        let is_of = |words: &[&str]| words.iter().any(|known| known.eq_ignore_ascii_case(word));
        let (changed, swapped, aged) = (is_of(CHANGES), is_of(SWAPS), is_of(AGES));
        self.changed |= changed || swapped;
        self.swapped |= swapped;
        self.aged |= aged;
        changed || swapped || aged
    }
}

impl Sentence<'_, '_, '_> {
    /// Both sides of a change.
    pub(super) fn changed(&self) -> Option<(Found, Found)> {
        if self.name.kind == Kind::Number || self.name.is_abroad {
            return None;
        }
        let mut told = Told::default();
        let old = self.old(&mut told)?;
        // Most sentences tell of no value, so what stands before the name is read last.
        self.tell_before(&mut told);
        let new = self.new_behind(&old, &mut told)?;
        Some((old, new))
    }

    /// Adds what the sentence tells before the name.
    fn tell_before(&self, told: &mut Told) {
        let bytes = self.bytes();
        let start = self.name.range.start;
        let before = &bytes[start.saturating_sub(MAX_REACH)..start];
        let sentence = before
            .iter()
            .rposition(|byte| matches!(byte, b'.' | b'\n' | b'!' | b'?' | b';'))
            .map_or(before, |at| &before[at + 1..]);
        for word in sentence.split(|byte| !byte.is_ascii_alphabetic()) {
            told.take(std::str::from_utf8(word).unwrap_or_default());
        }
    }

    /// The first value behind the name, right behind it or behind words that tell of a change.
    fn old(&self, told: &mut Told) -> Option<Found> {
        let mut at = self.after_name();
        let end = at + MAX_REACH;
        let mut leads_on = true;
        for place in 0..MAX_WORDS {
            let start = self.findings.reader.skip_blanks(at);
            if start == at || start > end {
                return None;
            }
            if leads_on && let Some(found) = self.told_value(start) {
                return Some(found);
            }
            let word = self.word(start);
            let text = self.text(&word);
            let next = self.findings.reader.skip_blanks(word.end);
            let is_end = next == word.end;
            let is_from = text.eq_ignore_ascii_case("from");
            if is_from
                && !is_end
                && let Some(found) = self.plain(next)
            {
                return Some(found);
            }
            let is_verb = told.take(text);
            let is_lead = LEADS.iter().any(|lead| lead.eq_ignore_ascii_case(text));
            let is_word = !text.is_empty() && !text.contains(['"', '`', '=']);
            if is_end || !is_word || place == 0 && !(is_verb || is_lead) {
                return None;
            }
            leads_on = is_from || is_verb || matches!(text, "is" | "was");
            at = word.end;
        }
        None
    }

    /// The value that stands behind the first one and takes its place.
    fn new_behind(&self, old: &Found, told: &mut Told) -> Option<Found> {
        let bytes = self.bytes();
        let mut at = old.end + usize::from(old.quoted);
        let (mut links, mut is_now) = (false, false);
        for _ in 0..MAX_BETWEEN {
            let mut start = self.findings.reader.skip_blanks(at);
            if matches!(
                bytes.get(start),
                Some(b',' | b':' | b')' | b'(' | b'/' | b'|')
            ) {
                start = self.findings.reader.skip_blanks(start + 1);
            }
            if start == at {
                return None;
            }
            if links && let Some(found) = self.told_value(start) {
                return Some(found);
            }
            let word = self.word(start);
            let lower = bounded::prefix(self.text(&word), 16).to_ascii_lowercase();
            let was_aged = told.aged;
            match lower.as_str() {
                "to" | "into" | "with" | "by" => links |= told.changed,
                "for" => links |= told.swapped,
                "is" => is_now = true,
                "now" => links |= is_now || told.changed,
                "was" | "been" | "has" | "and" | "then" | "the" | "one" | "=" | "are" => {}
                arrow if ARROWS.contains(&arrow) => {
                    links |= told.changed || self.name.kind != Kind::Token;
                }
                other if told.take(other) => links |= was_aged && AGES.contains(&other),
                _ => return None,
            }
            at = word.end;
        }
        None
    }

    /// A value in quotes, or one that looks like nothing that is written in a sentence.
    fn told_value(&self, at: usize) -> Option<Found> {
        if let Some(found) = self.quoted(at) {
            let text = self.text(&(found.start..found.end));
            let is_value =
                !is_grammar(text) && (self.name.kind != Kind::Token || looks_secret(text));
            return (is_value && !self.names_a_rule(text)).then_some(found);
        }
        let word = self.word(at);
        let text = self.text(&word);
        let has_digit = text.bytes().any(|byte| byte.is_ascii_digit());
        let is_value = text.len() >= LEAST
            && looks_secret(text)
            && (has_digit && is_mixed(text) || self.name.kind != Kind::Token)
            && (!text.contains('/') || is_base64(text))
            && !self.names_a_rule(text)
            && !self.is_measured(word.end);
        is_value.then_some(Found::bare(word.start..word.end))
    }

    /// A password that is a word, behind "from".
    fn plain(&self, at: usize) -> Option<Found> {
        let word = self.word(at);
        let text = self.text(&word);
        let is_plain = self.name.kind == Kind::Password
            && text.len() >= 5
            && text.bytes().all(|byte| byte.is_ascii_alphabetic())
            && !is_grammar(text)
            && !STATES.iter().any(|state| state.eq_ignore_ascii_case(text))
            && self.bytes().get(word.end..)?.starts_with(b" to ");
        is_plain.then_some(Found::bare(word.start..word.end))
    }
}

/// False for words and numbers with dashes between them, as names of machines and versions have them.
fn is_mixed(text: &str) -> bool {
    text.split(['-', '_', '.']).any(|part| {
        let digits = part.bytes().filter(u8::is_ascii_digit).count();
        digits > 0 && part.bytes().any(|byte| byte.is_ascii_alphabetic()) && part.len() >= LEAST
    })
}

#[cfg(test)]
mod tests {
    use crate::sanitize::text::testing::{hits, misses};

    #[test]
    fn both_sides_of_a_change_go() {
        hits(&[
            (
                "I changed the root password from q7Tm2xPw9 to x4Lr8vBn3 after the drill",
                "I changed the root password from <> to <> after the drill",
            ),
            (
                "reset the password of the box from \"blue otter\" to \"red otter\".",
                "reset the password of the box from \"<>\" to \"<>\".",
            ),
            (
                "the password was changed from q7Tm2xPw9 to x4Lr8vBn3.",
                "the password was changed from <> to <>.",
            ),
            (
                "password changed from swordfish to x4Lr8vBn3",
                "password changed from <> to <>",
            ),
            (
                "rotated the api key from q7Xz2Kf9Wb4V to Vn1Hs8Ld3Rt6 today",
                "rotated the api key from <> to <> today",
            ),
            (
                "For the root password I replaced q7Tm2xPw9 by x4Lr8vBn3.",
                "For the root password I replaced <> by <>.",
            ),
            (
                "swapped the password q7Tm2xPw9 for x4Lr8vBn3",
                "swapped the password <> for <>",
            ),
            (
                "root password q7Tm2xPw9 was replaced by x4Lr8vBn3",
                "root password <> was replaced by <>",
            ),
            (
                "old password q7Tm2xPw9, new x4Lr8vBn3",
                "old password <>, new <>",
            ),
            (
                "the new password x4Lr8vBn3 replaces the old one q7Tm2xPw9",
                "the new password <> replaces the old one <>",
            ),
            ("password q7Tm2xPw9 -> x4Lr8vBn3", "password <> -> <>"),
            (
                "The password was q7Tm2xPw9 and is now x4Lr8vBn3.",
                "The password was <> and is now <>.",
            ),
        ]);
    }

    #[test]
    fn changes_of_other_things_stay() {
        misses(&[
            "changed the password policy from 8chars2 to 12chars3",
            "changed the password hash from sha256 to argon2id",
            "changed the password length from 8 to 12 characters",
            "changed the token limit from 409600 to 819200",
            "moved the api key from config/v1.yaml to secrets/v2.yaml",
            "we reset the password from the admin panel to unlock ada2026",
            "updated the password for ada from the console",
            "moved the secret from node-01 to a1-node-02 at night",
            "changed the token name from db-creds-v1 to db-creds-v2",
            "updated token from v1.2.3 to v1.2.4",
            "I replaced the token parser with lexer2024 in src/a.rs",
            "changed max tokens from 4096 to 8192",
            "the token was updated from main to release",
            "changed the password from default to temporary",
            "The password is required. We moved host-a12 to host-b34.",
        ]);
    }
}
