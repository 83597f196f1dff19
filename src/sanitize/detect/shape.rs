//! What tokens look like: runs of their bytes, where one may begin, and what looks made by chance.

use std::ops::Range;

/// Letters and digits.
pub(super) const LETTERS: &Class = &class(b"");
/// What names and base64url are made of.
pub(super) const NAME: &Class = &class(b"_-");
/// Names with dots between them.
pub(super) const DOTTED: &Class = &class(b"_-.");
/// All alphabets of base64, and its padding.
pub(super) const BASE64: &Class = &class(b"_-+/=");
/// Everything that tokens are made of.
pub(super) const TOKEN: &Class = &class(b"_-+/=.~");

/// Bytes of a kind.
pub(super) type Class = [bool; 256];

/// ASCII letters, digits and these.
pub(super) const fn class(more: &[u8]) -> Class {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] = (byte as u8).is_ascii_alphanumeric();
        byte += 1;
    }
    let mut at = 0;
    while at < more.len() {
        table[more[at] as usize] = true;
        at += 1;
    }
    table
}

/// How many of the first bytes are of a class.
pub(super) fn run_length(bytes: &[u8], class: &Class) -> usize {
    let end = bytes.iter().position(|byte| !class[usize::from(*byte)]);
    end.unwrap_or(bytes.len())
}

/// How many of the last bytes are of a class.
pub(super) fn run_length_back(bytes: &[u8], class: &Class) -> usize {
    let end = bytes.iter().rposition(|byte| !class[usize::from(*byte)]);
    bytes.len() - end.map_or(0, |at| at + 1)
}

/// The longest runs of bytes of a class, in order, those with fewer than `least` bytes passed over.
///
/// In a text of short words only one byte in `least` is looked at, and a few before it.
pub(super) struct Runs<'t> {
    bytes: &'t [u8],
    class: &'static Class,
    least: usize,
    at: usize,
}

impl<'t> Runs<'t> {
    pub(super) fn new(bytes: &'t [u8], class: &'static Class, least: usize) -> Self {
        Self {
            bytes,
            class,
            least,
            at: 0,
        }
    }
}

impl Iterator for Runs<'_> {
    type Item = Range<usize>;

    #[inline]
    fn next(&mut self) -> Option<Range<usize>> {
        loop {
            let probe = self.at + self.least - 1;
            if !self.class[usize::from(*self.bytes.get(probe)?)] {
                self.at = probe + 1;
                continue;
            }
            let before = &self.bytes[self.at..probe];
            let start = probe - run_length_back(before, self.class);
            let end = probe + run_length(&self.bytes[probe..], self.class);
            self.at = end + 1;
            if end - start >= self.least {
                return Some(start..end);
            }
        }
    }
}

/// True where a token may begin at `at`: after no letter or digit, or after an escape such as `\n`, `%20` or `\u003d`.
pub(super) fn is_left_edge(bytes: &[u8], at: usize) -> bool {
    let before = &bytes[..at];
    match before {
        [] => true,
        [.., last] if !last.is_ascii_alphanumeric() => true,
        [.., b'\\', b'n' | b'r' | b't' | b'b' | b'f'] => true,
        [.., b'%', high, low] => high.is_ascii_hexdigit() && low.is_ascii_hexdigit(),
        [.., b'\\', b'x', high, low] => high.is_ascii_hexdigit() && low.is_ascii_hexdigit(),
        [.., b'\\', b'u', a, b, c, d] => [a, b, c, d].into_iter().all(u8::is_ascii_hexdigit),
        _ => false,
    }
}

/// What a text is made of.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Made {
    pub(super) length: usize,
    pub(super) digits: usize,
    pub(super) capitals: usize,
    pub(super) small: usize,
}

impl Made {
    pub(super) fn of(bytes: &[u8]) -> Self {
        let mut made = Self::default();
        for byte in bytes {
            made.length += 1;
            made.digits += usize::from(byte.is_ascii_digit());
            made.capitals += usize::from(byte.is_ascii_uppercase());
            made.small += usize::from(byte.is_ascii_lowercase());
        }
        made
    }

    /// Digits stand among letters, or capitals among small letters.
    pub(super) fn is_mixed(self) -> bool {
        let letters = self.capitals + self.small;
        self.digits > 0 && letters > 0 || self.capitals > 0 && self.small > 0
    }

    /// Letters of both cases in such numbers as in no word, camel case included.
    fn has_cases_by_chance(self) -> bool {
        self.capitals * 4 > self.length && self.small * 4 > self.length
    }
}

/// The fewest letters in a row that are no word of any language's identifiers.
pub(super) const LONG_WORD: usize = 20;

/// True where so many letters stand side by side that no one wrote them for a word.
pub(super) fn has_long_word(bytes: &[u8]) -> bool {
    bytes
        .split(|byte| !byte.is_ascii_alphabetic())
        .any(|part| part.len() >= LONG_WORD)
}

/// True where a part between the dashes, dots and underlines of a text looks made by chance: at least
/// `least` letters and digits, both of them, or letters whose cases follow no word.
pub(super) fn looks_random(bytes: &[u8], least: usize) -> bool {
    bytes
        .split(|byte| !byte.is_ascii_alphanumeric())
        .map(Made::of)
        .any(|made| {
            made.length >= least
                && (made.digits > 0 && made.digits < made.length
                    || made.has_cases_by_chance()
                    || made.digits == made.length && made.length >= 24)
        })
}

/// True for words in camel case: what is made by chance has more digits or capitals, or words that nobody can say.
pub(super) fn is_camel_case(bytes: &[u8]) -> bool {
    let made = Made::of(bytes);
    made.capitals >= 2
        && made.small >= 3 * made.capitals
        && made.digits < 3
        && bytes
            .chunk_by(|_, next| !next.is_ascii_uppercase())
            .filter(|word| word.len() > 2)
            .all(|word| word.iter().any(|letter| b"aeiouyAEIOUY".contains(letter)))
}

/// Where a text ends without the punctuation of the sentence around it.
pub(super) fn without_punctuation(bytes: &[u8], range: &Range<usize>) -> usize {
    let last = bytes[range.clone()]
        .iter()
        .rposition(|byte| !matches!(byte, b'.' | b',' | b';' | b':' | b'!' | b'?'));
    last.map_or(range.start, |last| range.start + last + 1)
}

#[cfg(test)]
mod tests {
    #![allow(
        clippy::single_range_in_vec_init,
        reason = "lists of ranges are compared"
    )]

    use super::*;

    #[test]
    fn runs_are_whole_and_short_ones_are_passed_over() {
        let text = b"abc defghi jk lmnopq";
        let found: Vec<_> = Runs::new(text, LETTERS, 4).collect();
        assert_eq!(found, [4..10, 14..20]);
        let found: Vec<_> = Runs::new(text, LETTERS, 7).collect();
        assert!(found.is_empty(), "{found:?}");
        let mut found = Runs::new(b"abcd", LETTERS, 4);
        assert_eq!((found.next(), found.next()), (Some(0..4), None));
    }

    #[test]
    fn a_token_begins_after_punctuation_and_after_escapes_and_in_no_word() {
        for text in ["", "a ", "a_", "\\n", "%20", "\\u003d", "\\x3d"] {
            assert!(is_left_edge(text.as_bytes(), text.len()), "{text}");
        }
        for text in ["a", "an", "9", "20"] {
            assert!(!is_left_edge(text.as_bytes(), text.len()), "{text}");
        }
    }

    #[test]
    fn words_do_not_look_random() {
        for word in [
            "bucket_size_10",
            "AuthenticationServiceProviderFactory",
            "2026-03-01",
        ] {
            assert!(!looks_random(word.as_bytes(), 8), "{word}");
        }
        for token in ["a1b2c3d4", "kXqPwZtYbN", "x-9f8e7d6c5b"] {
            assert!(looks_random(token.as_bytes(), 8), "{token}");
        }
    }
}
