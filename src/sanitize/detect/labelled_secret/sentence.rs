//! What stands near a name in a sentence, a call or a list.

use std::ops::Range;

use super::{Kind, MAX_REACH, MAX_VALUE, Name, ends_with};
use crate::sanitize::detect::account;
use crate::sanitize::extent::{Found, is_doubled};
use crate::sanitize::marker;
use crate::sanitize::reference::{is_grammar, looks_secret};
use crate::sanitize::text::{Findings, below_heading};

/// A text, read from a name in it on.
pub(super) struct Sentence<'f, 'r, 't> {
    pub(super) findings: &'f Findings<'r, 't>,
    pub(super) name: Name<'r>,
}

impl Sentence<'_, '_, '_> {
    pub(super) fn value(&self) -> Option<Found> {
        if self.name.kind == Kind::Number {
            return match self.name.rule.name() {
                "address" => self.street(),
                _ => self.number(),
            }
            .or_else(|| self.listed());
        }
        if self.name.is_abroad {
            return self
                .listed()
                .or_else(|| self.typed())
                .or_else(|| self.told_abroad())
                .or_else(|| self.in_brackets())
                .or_else(|| self.told_before_abroad())
                .or_else(|| below_heading(self.findings.text, &self.name.range));
        }
        self.listed()
            .or_else(|| self.typed())
            .or_else(|| self.linked())
            .or_else(|| self.of_account())
            .or_else(|| self.direct())
            .or_else(|| self.in_brackets())
            .or_else(|| self.far())
            .or_else(|| self.before())
            .or_else(|| self.beside_user())
            .or_else(|| self.told_of_loanword())
            .or_else(|| below_heading(self.findings.text, &self.name.range))
    }

    /// `bad credentials kim/x`, `the credentials for the box are kim / x`.
    fn of_account(&self) -> Option<Found> {
        if !self.name.rule.name().starts_with("credential") {
            return None;
        }
        let mut at = self.after_name();
        let end = at + MAX_REACH;
        let mut is_remarked = false;
        while at < end {
            let start = self.findings.reader.skip_blanks(at);
            if let Some(found) = account::secret_at(self.findings.text, start) {
                // `credentials of the build: registry:v1.2-alpha`
                let is_spaced = self.bytes()[..found.start].ends_with(b" ");
                let secret = self.text(&(found.start..found.end));
                let is_told = is_spaced || secret.bytes().any(|byte| byte.is_ascii_uppercase());
                return (!is_remarked || is_told).then_some(found);
            }
            if self.bytes().get(start) == Some(&b':') {
                // `creds for the box: kim / x`
                is_remarked = true;
                at = start + 1;
                continue;
            }
            let word = self.word(start);
            if word.is_empty() || matches!(self.bytes().get(word.end), Some(b'.' | b'\n' | b';')) {
                return None;
            }
            at = word.end;
        }
        None
    }

    pub(super) fn bytes(&self) -> &[u8] {
        self.findings.bytes()
    }

    /// The word at `at`, up to a blank or what closes a clause.
    pub(super) fn word(&self, at: usize) -> Range<usize> {
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

    pub(super) fn text(&self, range: &Range<usize>) -> &str {
        self.findings.text.get(range.clone()).unwrap_or_default()
    }

    /// What stands in quotes at `at`, on the same line.
    pub(super) fn quoted(&self, at: usize) -> Option<Found> {
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
        let inside = &inside[..line];
        let mut end = inside.find(closing)?;
        // A mark that is written twice belongs to the text.
        while escapes == 0 && is_doubled(inside.as_bytes(), 0, end) {
            let from = end + 2;
            let rest = inside.get(from..).and_then(|rest| rest.find(closing));
            // Without another one the text was cut.
            end = rest.map_or(inside.len(), |length| from + length);
        }
        while end > 0 && escapes > 0 && inside.as_bytes()[end - 1] == b'\\' {
            end -= 1;
        }
        let (mut start, mut length) = (start, end);
        let told = inside.get(..end)?;
        if told.starts_with(char::is_whitespace) && told.ends_with(char::is_whitespace) {
            // French has blanks within its marks.
            start += end - told.trim_start().len();
            length = told.trim().len();
        }
        (length > 0).then_some(Found::quoted(start..start + length))
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
            && !self.ends_in_name(told);
        let start = open + 1 + (told.as_ptr() as usize).saturating_sub(inside.as_ptr() as usize);
        is_value.then_some(Found::quoted(start..start + told.len()))
    }

    /// `("password", "x7Tq…")`.
    pub(super) fn listed(&self) -> Option<Found> {
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

    /// After the name, and after `'s` or a remark in brackets.
    pub(super) fn after_name(&self) -> usize {
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
            return (has_digit && text.len() >= 6 && looks_secret(text))
                .then_some(Found::bare(word.start..word.end));
        }
        let word = self.word(value);
        let text = self.text(&word);
        if self.is_told() && !text.is_empty() && !is_grammar(text) {
            return Some(Found::bare(word.start..word.end));
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
        ((is_value || is_pin) && !self.is_measured(word.end))
            .then_some(Found::bare(word.start..word.end))
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

    /// A secret may end as a name does by chance, but seldom without a digit.
    pub(super) fn names_a_rule(&self, text: &str) -> bool {
        !text.bytes().any(|byte| byte.is_ascii_digit()) && self.ends_in_name(text)
    }

    fn ends_in_name(&self, text: &str) -> bool {
        let rules = self.findings.rules;
        rules.for_name_at_end(text.as_bytes()).is_some()
    }

    /// `8 characters`, `30 days`.
    pub(super) fn is_measured(&self, end: usize) -> bool {
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
            && self.bytes()[..end].last().is_some_and(u8::is_ascii_digit)
    }
}

/// True for a text as long as a key in base64 that has no word of a path in it.
pub(super) fn is_base64(text: &str) -> bool {
    let count = |of: fn(&u8) -> bool| text.as_bytes().iter().filter(|byte| of(byte)).count();
    text.len() >= 32
        && !text.contains(['.', '_', '-'])
        && count(u8::is_ascii_digit) >= 3
        && count(u8::is_ascii_uppercase) >= 6
        && count(u8::is_ascii_lowercase) >= 6
}
