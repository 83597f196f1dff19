//! Several values of one name: those of a plural, and all of the block below a person's member.

use std::ops::Range;

use super::Scan;
use crate::sanitize::bounded;
use crate::sanitize::extent::{Found, Reader};
use crate::sanitize::reference;
use crate::sanitize::rule::{Group, Rule};
use crate::sanitize::text::name::name_before;
use crate::sanitize::text::{layout, next_ruled_name};

/// How far before a name the line may begin that it stands alone in.
const MAX_INDENTATION: usize = 256;
/// Words behind a name in the plural that are looked at.
const MAX_WORDS: usize = 24;
/// The most bytes of one of them.
const MAX_WORD: usize = 4096;
/// The most digits of the number that tells one of several names.
const MAX_NUMBER: usize = 2;
/// The fewest bytes of a secret behind such a name, and the most that are looked at.
const LEAST_SECRET: usize = 8;
const MAX_VALUE: usize = 256;

impl<'r> Scan<'_, 'r, '_> {
    /// `Recovery code 1: x`: the name of one of several secrets, without its number.
    pub(super) fn numbered_name(&self, operator: usize, after: usize) -> Option<Range<usize>> {
        let bytes = self.findings.bytes();
        let before = bytes.get(self.floor..operator)?.trim_ascii_end();
        let digits = before
            .iter()
            .rev()
            .take(MAX_NUMBER + 1)
            .take_while(|byte| byte.is_ascii_digit())
            .count();
        let before = &before[..before.len() - digits];
        let before = before.strip_suffix(b"#").unwrap_or(before);
        let is_numbered = (1..=MAX_NUMBER).contains(&digits)
            && bytes.get(operator..=after) == Some(b": ")
            && before.ends_with(b" ");
        if !is_numbered {
            return None;
        }
        let name = name_before(bytes, self.floor, self.floor + before.len())?;
        let (rule, ..) = self
            .findings
            .rules
            .for_name_at_end(bytes.get(name.clone())?)?;
        let behind = bounded::prefix(self.findings.text.get(after..)?, MAX_VALUE);
        let word = behind.split_ascii_whitespace().next()?;
        let is_number = word.len() >= 4 && word.bytes().all(|byte| byte.is_ascii_digit());
        let is_secret = word.len() >= LEAST_SECRET && reference::looks_secret(word)
            || is_number && rule.name() == "recovery_code";
        // Pins of a chip have numbers as well.
        (rule.group() == Some(Group::Secret) && rule.name() != "pin" && is_secret).then_some(name)
    }

    /// What stands in the lines below a plural: items of a list, values of a map.
    pub(super) fn listed_below(
        &mut self,
        rule: &'r Rule,
        name: &Range<usize>,
        after: usize,
    ) -> Option<usize> {
        let values = layout::values_below(self.findings.text, name, after);
        let end = values.last()?.end;
        for value in values {
            self.findings.take(rule, value);
        }
        self.floor = end;
        Some(end)
    }

    /// `API keys: x, y`: of what follows a plural, the words that look like secrets.
    pub(super) fn words(&mut self, rule: &'r Rule, after: usize) -> usize {
        let bytes = self.findings.bytes();
        let mut at = after;
        for _ in 0..MAX_WORDS {
            while matches!(
                bytes.get(at),
                Some(b' ' | b'\t' | b',' | b'/' | b'[' | b'"' | b'\'')
            ) {
                at += 1;
            }
            let Some(end) = listed_word_end(bytes, at) else {
                break;
            };
            let end = self.char_end(end);
            let Some(word) = self
                .findings
                .text
                .get(at..end)
                .filter(|word| !word.is_empty())
            else {
                break;
            };
            if !reference::looks_secret(word)
                || next_ruled_name(self.findings.rules, bytes, at, end) < end
            {
                break;
            }
            let found = Found::quoted(at..end);
            let Some(end) = self.findings.take(rule, found) else {
                break;
            };
            at = end;
            self.floor = end;
        }
        at.max(after)
    }

    /// Takes all values of the block below a person's member that begins its line.
    pub(super) fn nested(
        &mut self,
        rule: &'r Rule,
        name: &Range<usize>,
        after: usize,
    ) -> Option<usize> {
        let bytes = self.findings.bytes();
        if !matches!(bytes.get(after), Some(b'\n' | b'\r')) || rule.spares_containers() {
            return None;
        }
        let least = name.start.saturating_sub(MAX_INDENTATION);
        let before = &bytes[least..name.start];
        let before = match memchr::memrchr(b'\n', before) {
            Some(at) => &before[at + 1..],
            None if least > 0 => return None,
            None => before,
        };
        let before = before.trim_ascii();
        let is_line = before.is_empty() || before == b"-";
        if !is_line || bytes[name.clone()].contains(&b' ') {
            return None;
        }
        let values = layout::nested(self.findings.text, name.start, after);
        let end = values.last()?.end;
        for value in values {
            self.findings.take(rule, value);
        }
        self.floor = end;
        Some(end)
    }
}

/// Where the word of a list ends that begins at `at`; `None` where it is long, or assigned to itself.
fn listed_word_end(bytes: &[u8], at: usize) -> Option<usize> {
    let near = &bytes[at..bytes.len().min(at + MAX_WORD)];
    let is_operator = |byte: &u8| matches!(byte, b':' | b'=' | b'>');
    let is_end =
        |byte: &u8| byte.is_ascii_whitespace() || matches!(byte, b',' | b'"' | b'\'' | b']');
    let length = near
        .iter()
        .position(|byte| is_operator(byte) || is_end(byte))
        .unwrap_or(near.len());
    let operators = near[length..]
        .iter()
        .take_while(|byte| is_operator(byte))
        .count();
    // Padding of base64 and a colon may stand at its end.
    let end = at + length + operators;
    bytes
        .get(end)
        .is_none_or(is_end)
        .then(|| Reader::new(&bytes[..end]).word_end(at))
}

#[cfg(test)]
mod tests {
    use crate::sanitize::text::testing::{hits, misses};

    #[test]
    fn the_words_behind_a_plural_go() {
        hits(&[("API keys: q1w2e3r4, a9s8d7f6", "API keys: <>, <>")]);
    }

    #[test]
    fn values_of_numbered_names_go() {
        hits(&[
            (
                "Recovery code 1: 37aux-9mtzm\nRecovery code 2: bgi9d-7fm32",
                "Recovery code 1: <>\nRecovery code 2: <>",
            ),
            ("Backup code #1: 1234 5678\nok", "Backup code #1: <>\nok"),
            ("Password 2 : hunter2sommer", "Password 2 : <>"),
        ]);
        misses(&[
            "PIN 12: GPIO_A12x",
            "Token 1: access, token 2: refresh",
            "token at 12:30",
            "password 2: required",
        ]);
    }

    #[test]
    fn items_beside_the_one_with_a_list_stay() {
        hits(&[(
            "- api_keys:\n    - q1w2e3r4t5\n- build: 2026-ab12\n",
            "- api_keys:\n    - <>\n- build: 2026-ab12\n",
        )]);
    }
}
