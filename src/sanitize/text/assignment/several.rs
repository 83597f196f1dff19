//! Several values of one name: those of a plural, and all of the block below a person's member.

use std::ops::Range;

use super::Scan;
use crate::sanitize::extent::{Found, Reader};
use crate::sanitize::reference;
use crate::sanitize::rule::Rule;
use crate::sanitize::text::{layout, next_ruled_name};

/// How far before a name the line may begin that it stands alone in.
const MAX_INDENTATION: usize = 256;
/// Words behind a name in the plural that are looked at.
const MAX_WORDS: usize = 24;
/// The most bytes of one of them.
const MAX_WORD: usize = 4096;

impl<'r> Scan<'_, 'r, '_> {
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
            let found = Found {
                start: at,
                end,
                quoted: true,
            };
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
    use crate::sanitize::text::testing::hits;

    #[test]
    fn the_words_behind_a_plural_go() {
        hits(&[("API keys: q1w2e3r4, a9s8d7f6", "API keys: <>, <>")]);
    }
}
