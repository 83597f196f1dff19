//! Where a word ends: at a blank, or at a separator behind which the next thing begins.

use super::{LOOK_AHEAD, Quote, Reader};
use crate::sanitize::text;

/// How far ahead the closing bracket of a value may stand.
const MAX_GROUP: usize = 2048;
/// The most bytes of a tag that ends one.
const MAX_TAG: usize = 32;
/// How many quotes and brackets may close one after the other behind a value.
const MAX_CLOSINGS: usize = 8;

impl Reader<'_> {
    pub(in crate::sanitize) fn word_end(self, start: usize) -> usize {
        let mut at = start;
        let mut balanced = true;
        while !self.ends_word(at) {
            match self.at(at) {
                Some(b'(' | b'[' | b'{') if balanced => match self.group_end(at) {
                    Some(end) => at = end,
                    // A list of strings whose end was cut off.
                    None if at == start && self.is_cut_list(at) => return self.bytes.len(),
                    None => {
                        balanced = false;
                        at += 1;
                    }
                },
                _ => at += 1,
            }
            // `b"…"` and its like: the quote belongs to the word.
            if at - start <= 2
                && self.bytes[start..at].iter().all(u8::is_ascii_alphabetic)
                && let Some(quote) = self.opening_quote(at)
            {
                at = self.closing_quote(at + quote.length(), quote);
                if self.opening_quote(at).is_some() {
                    at += quote.length();
                }
            }
        }
        at
    }

    /// Where `<%= … %>` ends that begins at `start`.
    pub(in crate::sanitize) fn template_end(self, start: usize) -> usize {
        let near = &self.bytes[start..self.bytes.len().min(start + MAX_GROUP)];
        match memchr::memmem::find(near, b"%>") {
            Some(length) => start + length + 2,
            None => self.word_end(start),
        }
    }

    /// True where a word ends at `at`. It depends on nothing before that place, so a text that was
    /// sanitized ends in the same places.
    pub(in crate::sanitize) fn ends_word(self, at: usize) -> bool {
        self.ends_within(at, MAX_CLOSINGS)
    }

    /// `closings` bounds how many quotes and brackets in a row are looked through.
    pub(in crate::sanitize) fn ends_within(self, at: usize, closings: usize) -> bool {
        let Some(byte) = self.at(at) else {
            return true;
        };
        let next = match byte {
            b',' | b';' | b'&' | b'|' => {
                let doubled = self.at(at + 1) == Some(byte) && matches!(byte, b'&' | b'|');
                return self.is_end_or_space(at + 1 + usize::from(doubled))
                    || self.opening_quote(at + 1).is_some()
                    || self.assignment_begins(at + 1)
                    || byte == b';' && self.property_begins(at + 1)
                    || self.option_begins(at + 1);
            }
            b')' | b']' | b'}' | b'>' => at + 1,
            b'<' => return self.tag_ends_value(at),
            _ => match self.opening_quote(at) {
                Some(quote) => at + quote.length(),
                None => return byte.is_ascii_whitespace(),
            },
        };
        match self.at(next) {
            Some(b'.' | b':') => self.is_end_or_space(next + 1),
            Some(b'/') => self.at(next + 1) == Some(b'>'),
            // The end of a tag: `href="…">`.
            Some(b'>') if matches!(byte, b'"' | b'\'') => true,
            _ => closings > 0 && self.ends_within(next, closings - 1),
        }
    }

    /// True for a tag that closes what the value stands in, and for one that breaks its line.
    fn tag_ends_value(self, at: usize) -> bool {
        let near = self.bytes.get(at + 1..).unwrap_or_default();
        let near = &near[..near.len().min(MAX_TAG)];
        let is_of_name = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b':' | b'-');
        match near.split(|byte| *byte == b'>').next() {
            None => false,
            Some(tag) if tag.len() == near.len() => false,
            Some([b'/', letter, name @ ..]) => {
                letter.is_ascii_alphabetic() && name.iter().all(is_of_name)
            }
            Some([b'b' | b'B', b'r' | b'R', rest @ ..]) => matches!(rest, b"" | b"/" | b" /"),
            Some(_) => false,
        }
    }

    pub(in crate::sanitize) fn is_end_or_space(self, at: usize) -> bool {
        self.at(at).is_none_or(|byte| byte.is_ascii_whitespace())
    }

    /// True where, after blanks and a quote, a name and `=` or `:` follow.
    pub(in crate::sanitize) fn assignment_begins(self, at: usize) -> bool {
        let limit = at + LOOK_AHEAD;
        let mut at = at;
        while at < limit && matches!(self.at(at), Some(b' ' | b'\t')) {
            at += 1;
        }
        if let Some(quote) = self.opening_quote(at) {
            at += quote.length();
        }
        if !self
            .at(at)
            .is_some_and(|byte| byte.is_ascii_alphabetic() || byte == b'_')
        {
            return false;
        }
        while at < limit && self.at(at).is_some_and(text::is_name_byte) {
            at += 1;
        }
        if let Some(quote) = self.opening_quote(at) {
            at += quote.length();
        }
        while at < limit && matches!(self.at(at), Some(b' ' | b'\t')) {
            at += 1;
        }
        matches!(self.at(at), Some(b'=' | b':'))
    }

    /// True where a name of several words and `=` follow: `Max Pool Size=200`.
    fn property_begins(self, at: usize) -> bool {
        let near = &self.bytes[at.min(self.bytes.len())..self.bytes.len().min(at + LOOK_AHEAD)];
        let Some(sign) = memchr::memchr(b'=', near) else {
            return false;
        };
        let words = near[..sign].trim_ascii_end().split(|byte| *byte == b' ');
        near[0].is_ascii_uppercase()
            && words.clone().count() <= 4
            && words
                .into_iter()
                .all(|word| !word.is_empty() && word.iter().all(u8::is_ascii_alphabetic))
    }

    pub(in crate::sanitize) fn option_begins(self, at: usize) -> bool {
        self.bytes
            .get(at..)
            .is_some_and(|rest| rest.starts_with(b"--"))
            && self
                .at(at + 2)
                .is_some_and(|byte| byte.is_ascii_alphabetic())
    }

    /// True for a list of strings that the text ends in.
    fn is_cut_list(self, open: usize) -> bool {
        let rest = &self.bytes[open..];
        rest.len() <= MAX_GROUP
            && rest.starts_with(b"[\"")
            && !rest.iter().any(|byte| matches!(byte, b']' | b'}' | b'\n'))
    }

    /// After the bracket that closes the one at `open`, past quotes, where it is near.
    pub(in crate::sanitize) fn group_end(self, open: usize) -> Option<usize> {
        let mut depth = 0_usize;
        let mut at = open;
        while at < open + MAX_GROUP {
            match self.at(at)? {
                b'(' | b'[' | b'{' => depth += 1,
                b')' | b']' | b'}' => {
                    depth -= 1;
                    if depth == 0 {
                        return Some(at + 1);
                    }
                }
                b'"' => {
                    let backslashes = self.bytes[open..at]
                        .iter()
                        .rev()
                        .take_while(|byte| **byte == b'\\')
                        .count();
                    let quote = Quote {
                        backslashes,
                        mark: b'"',
                        times: 1,
                    };
                    at = self.closing_quote(at + 1, quote) + backslashes;
                }
                _ => {}
            }
            at += 1;
        }
        None
    }
}
