//! Values that a word links to their name: `the password is x`, `x is the password`.

use std::ops::Range;

use super::sentence::Sentence;
use super::{Kind, MAX_REACH, MAX_VALUE};
use crate::sanitize::bounded;
use crate::sanitize::detect::typed::ends_name;
use crate::sanitize::extent::Found;
use crate::sanitize::reference::{is_grammar, looks_secret};

impl Sentence<'_, '_, '_> {
    /// `is`, `was set to`, `will be`, and then the value.
    pub(super) fn linked(&self) -> Option<Found> {
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
        self.accepts(&word, &links, is_colon)
            .then_some(Found::bare(word.start..word.end))
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

    pub(super) fn ends_clause(&self, end: usize) -> bool {
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
        is_phrase.then_some(Found::bare(start..end))
    }

    /// `the password for the old box is x`: the link stands further on, so the value must look like one.
    pub(super) fn far(&self) -> Option<Found> {
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
        let is_set = self.is_set();
        let mut at = first.end;
        while at < bytes.len().min(from + MAX_REACH) {
            let start = self.findings.reader.skip_blanks(at);
            let word = self.word(start);
            if word.is_empty() {
                return None;
            }
            let is_link = matches!(self.text(&word), "is" | "was" | "=" | "->")
                || is_set && self.text(&word) == "to";
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
                return is_value.then_some(Found::bare(value.start..value.end));
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

    /// True behind a verb that gives a secret its value: `set the password for ada to x`.
    fn is_set(&self) -> bool {
        let bytes = self.bytes();
        let start = self.name.range.start;
        let before = &bytes[start.saturating_sub(MAX_REACH)..start];
        before
            .rsplit(|byte| !byte.is_ascii_alphabetic())
            .filter(|word| !word.is_empty())
            .take(4)
            .any(|word| {
                let verbs = [
                    "set", "reset", "change", "changed", "update", "updated", "rotate", "rotated",
                    "changing",
                ];
                verbs
                    .iter()
                    .any(|verb| word.eq_ignore_ascii_case(verb.as_bytes()))
            })
    }

    /// `hunter2 is the password`, `hunter2 as the password`.
    pub(super) fn before(&self) -> Option<Found> {
        let bytes = self.bytes();
        let start = self.name.range.start;
        let least = start.saturating_sub(MAX_REACH);
        let least = memchr::memrchr(b'\n', &bytes[least..start]).map_or(least, |at| least + at + 1);
        let near = &bytes[least..start];
        let is_as = memchr::memmem::rfind(near, b" as ");
        let link = memchr::memmem::rfind(near, b" is ").or(is_as)? + least;
        let is_as = is_as.is_some_and(|at| least + at == link);
        if is_as && !ends_name(self.findings.text.get(self.name.range.end..)?) {
            return None;
        }
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
        (is_whole && has_digit && trimmed.len() >= 6 && looks_secret(trimmed))
            .then_some(Found::quoted(from..from + trimmed.len()))
    }
}

/// The words between a name and its value.
#[derive(Default)]
struct Links {
    is: bool,
    /// A verb of another language: a plain word behind it is one of a sentence.
    is_abroad: bool,
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
            "ist" | "lautet" | "est" | "es" | "è" | "é" | "är" | "jest" => {
                self.is = true;
                self.is_abroad = true;
            }
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
        self.is && !self.to && !self.changed && !self.is_abroad
    }
}
