//! A cheap second look at a text, which decides what detectors are worth running.
//!
//! The first look, [`sweep`](crate::sanitize::sweep), knows what bytes there are; this one knows how they
//! stand together. A text without any of the triggers holds nothing that the detectors behind them find.

mod words;

use wide::u8x16;

use self::words::{FIRST_LETTERS, end_at, word_at};
use crate::sanitize::sweep;

/// A run of letters, digits, `_`, `-` and `.` as long as the shortest token.
pub(in crate::sanitize) const TOKEN: u8 = 1;
/// A run with `/`, `+` and `=` as long as the shortest base64 that is opened.
pub(in crate::sanitize) const ENCODED: u8 = 2;
/// As many digits as the shortest number has, with no more than punctuation between them.
pub(in crate::sanitize) const NUMBER: u8 = 4;
/// Two letters and two digits, as account numbers begin.
pub(in crate::sanitize) const ACCOUNT: u8 = 8;
/// A word that a secret follows in prose.
pub(in crate::sanitize) const WORD: u8 = 16;
/// A dash behind a blank, as an option has it.
pub(in crate::sanitize) const OPTION: u8 = 32;

/// The fewest characters of a vendor's token, with its prefix.
const SHORTEST_TOKEN: u32 = 13;
/// The fewest characters of base64 that is opened.
const SHORTEST_ENCODED: u32 = 24;
/// The fewest digits of a number that stands for itself.
const SHORTEST_NUMBER: u32 = 8;
/// The fewest letters in a row that are no word.
const LONG_WORD: u32 = super::shape::LONG_WORD as u32;
/// No text that is shorter triggers anything.
const SHORTEST: usize = 7;

/// What makes a text worth a search, with `seen` for the kinds of its bytes.
#[inline]
pub(in crate::sanitize) fn triggers(text: &[u8], seen: u8) -> u8 {
    let kinds = seen & (sweep::SPACE | sweep::DIGIT);
    if text.len() < SHORTEST {
        return 0;
    }
    if kinds & sweep::SPACE == 0 && text.len() < SHORTEST_TOKEN as usize {
        // Most identifiers; account numbers are longer.
        let digits = text.iter().filter(|byte| byte.is_ascii_digit()).count();
        let is_number = digits >= SHORTEST_NUMBER as usize;
        return if is_number { NUMBER } else { 0 };
    }
    let found = if text.len() <= SHORT {
        look_at::<SHORT>(text, kinds)
    } else {
        look_at::<LONG>(text, kinds)
    };
    // What has no blank has none behind which a dash may stand.
    let may_be_option = kinds & sweep::SPACE != 0 && seen & sweep::DASH != 0;
    if may_be_option && has_option(text) {
        found | OPTION
    } else {
        found
    }
}

/// True where a text without blanks triggers nothing because it is so short, and has so few digits.
#[inline(always)]
pub(in crate::sanitize) fn is_too_short(length: usize, digits: u32) -> bool {
    length < SHORTEST_TOKEN as usize && digits < SHORTEST_NUMBER
}

/// So many bytes of a short text are looked at side by side.
const SHORT: usize = 16;
/// And so many of a longer one.
const LONG: usize = 32;

#[inline(always)]
fn look_at<const LANES: usize>(text: &[u8], kinds: u8) -> u8 {
    match (kinds & sweep::SPACE != 0, kinds & sweep::DIGIT != 0) {
        (false, false) => look::<false, false, LANES>(text),
        (false, true) => look::<false, true, LANES>(text),
        (true, false) => look::<true, false, LANES>(text),
        (true, true) => look::<true, true, LANES>(text),
    }
}

#[inline(never)]
fn look<const SPACES: bool, const DIGITS: bool, const LANES: usize>(text: &[u8]) -> u8 {
    let mut look = Look::<SPACES, DIGITS, LANES>::default();
    let (chunks, rest) = text.as_chunks::<LANES>();
    for (at, chunk) in chunks.iter().enumerate() {
        look.at(text, at * LANES, chunk);
    }
    if !rest.is_empty() {
        let mut last = [b','; LANES];
        last[..rest.len()].copy_from_slice(rest);
        look.at(text, text.len() - rest.len(), &last);
    }
    if look.found & TOKEN != 0
        && !DIGITS
        && !look.long_word
        && !text.iter().any(u8::is_ascii_uppercase)
    {
        // Small letters alone are words, unless there are very many in a row.
        look.found &= !TOKEN;
    }
    look.found
}

/// Where the last 64 bytes are of which kind: one bit each, the last one's the highest.
#[derive(Default)]
struct Look<const SPACES: bool, const DIGITS: bool, const LANES: usize> {
    letters: u64,
    uppers: u64,
    digits: u64,
    joints: u64,
    encoding: u64,
    punctuation: u64,
    blanks: u64,
    found: u8,
    /// More letters stand side by side than in any word.
    long_word: bool,
}

impl<const SPACES: bool, const DIGITS: bool, const LANES: usize> Look<SPACES, DIGITS, LANES> {
    #[inline(always)]
    fn at(&mut self, text: &[u8], at: usize, chunk: &[u8; LANES]) {
        slide::<LANES>(&mut self.letters, mask(chunk, letter));
        if DIGITS {
            slide::<LANES>(&mut self.digits, mask(chunk, |row| within(row, b'0', 10)));
        }
        if text.len() >= SHORTEST_TOKEN as usize {
            slide::<LANES>(&mut self.joints, mask(chunk, joint));
            let encoding = mask(chunk, |row| plus_or_slash(row) | is(row, b'='));
            slide::<LANES>(&mut self.encoding, encoding);
            let token = self.letters | self.digits | self.joints;
            // Base64 is longer than a token, which it may be in pieces.
            let encoded = has_run(token | self.encoding, SHORTEST_TOKEN);
            if encoded && has_run(token, SHORTEST_TOKEN) {
                self.found |= TOKEN;
                if !DIGITS {
                    self.long_word |= has_run(self.letters, LONG_WORD);
                }
            }
            if encoded && has_run(token | self.encoding, SHORTEST_ENCODED) {
                self.found |= ENCODED;
            }
        }
        if SPACES {
            slide::<LANES>(&mut self.uppers, mask(chunk, |row| within(row, b'A', 26)));
            self.words(text, at);
            self.ends(text, at, chunk);
        }
        if DIGITS {
            slide::<LANES>(&mut self.punctuation, mask(chunk, punctuation));
            if SPACES {
                slide::<LANES>(&mut self.blanks, mask(chunk, blank));
            }
            if self.digits != 0 {
                self.numbers();
            }
        }
    }

    /// Looks at what stands around digits.
    #[inline(always)]
    fn numbers(&mut self) {
        if has_run(self.digits | self.punctuation, SHORTEST_NUMBER)
            && self.digits.count_ones() >= SHORTEST_NUMBER
        {
            self.found |= NUMBER;
        }
        let (letters, digits) = (self.letters, self.digits);
        if letters & (letters >> 1) & (digits >> 2) & (digits >> 3) != 0 {
            self.found |= ACCOUNT;
        }
        if SPACES {
            self.labelled_numbers();
        }
    }

    /// Looks for five digits or more behind a word, a blank and at most two letters or signs.
    #[inline(always)]
    fn labelled_numbers(&mut self) {
        let three = self.digits & self.digits >> 1 & self.digits >> 2;
        let five = three & three >> 2;
        let between = (self.letters | self.blanks) >> 2;
        let near = five >> 2 | between & (five >> 3 | between >> 1 & five >> 4);
        if self.letters & self.blanks >> 1 & near != 0 {
            self.found |= WORD;
        }
    }

    /// Looks at every word that begins two bytes before the last chunk or in it, but for its last two bytes.
    #[inline(always)]
    fn words(&mut self, text: &[u8], at: usize) {
        if self.found & WORD != 0 {
            return;
        }
        let (letters, uppers) = (self.letters, self.uppers);
        let begins = letters & !(letters << 1) | uppers & (letters & !uppers) << 1;
        let mut starts = begins >> (64 - LANES - 2) & ((1 << LANES) - 1);
        while starts != 0 {
            let place = starts.trailing_zeros() as usize;
            starts &= starts - 1;
            let Some(start) = (at + place).checked_sub(2) else {
                continue;
            };
            let Some(gram) = gram_at(text, start) else {
                continue;
            };
            if FIRST_LETTERS[gram / 64] & (1 << (gram % 64)) != 0 {
                self.found |= word_at(text, start);
            }
        }
    }

    /// Looks at every `w` and `d` of the last chunk before which a letter stands that does in [`words::ENDS`]. What needs a
    /// number behind it is looked for where there are digits.
    #[inline(always)]
    fn ends(&mut self, text: &[u8], at: usize, chunk: &[u8; LANES]) {
        if self.found & WORD != 0 {
            return;
        }
        let letter = |letter: u8| mask(chunk, |row| is(row | u8x16::splat(0x20), letter));
        // The letter before the first one stands in the chunk before.
        let mut places = letter(b'w') & ((letter(b's') | letter(b'n')) << 1 | 1);
        if DIGITS {
            places |= letter(b'd') & (letter(b'o') << 1 | 1);
        }
        while places != 0 {
            let place = at + places.trailing_zeros() as usize;
            places &= places - 1;
            let is_near = match place.checked_sub(2).and_then(|from| text.get(from..=place)) {
                Some([one, next, b'w' | b'W']) => {
                    one | 0x20 == next | 0x20 && matches!(next | 0x20, b's' | b'n')
                }
                Some([one, next, _]) => {
                    next | 0x20 == b'o' && matches!(one | 0x20, b'c' | b'k' | b'o')
                }
                _ => false,
            };
            if is_near {
                self.found |= end_at(text, place);
            }
        }
    }
}

/// The lowest five bits of the three bytes at `start`, which are the same for both cases of a letter.
#[inline(always)]
fn gram_at(text: &[u8], start: usize) -> Option<usize> {
    let rest = text.get(start..)?;
    let letters = match (rest.first_chunk::<4>(), rest) {
        (Some(four), _) => u32::from_le_bytes(*four),
        (None, [first, second, third]) => u32::from_le_bytes([*first, *second, *third, 0]),
        _ => return None,
    };
    Some((letters & 0x1f | letters >> 3 & 0x3e0 | letters >> 6 & 0x7c00) as usize)
}

#[inline(always)]
fn slide<const LANES: usize>(window: &mut u64, mask: u64) {
    *window = *window >> LANES | mask << (64 - LANES);
}

/// One bit for each byte that is of a kind.
#[inline(always)]
fn mask<const LANES: usize>(chunk: &[u8; LANES], is_of_kind: impl Fn(u8x16) -> u8x16) -> u64 {
    let (rows, _) = chunk.as_chunks::<16>();
    rows.iter().rev().fold(0, |mask, row| {
        mask << 16 | u64::from(is_of_kind(u8x16::new(*row)).to_bitmask())
    })
}

/// True where so many bits stand side by side.
#[inline(always)]
fn has_run(mut bits: u64, length: u32) -> bool {
    let mut have = 1;
    while have < length {
        let more = have.min(length - have);
        bits &= bits >> more;
        have += more;
    }
    bits != 0
}

#[inline(always)]
fn is(row: u8x16, byte: u8) -> u8x16 {
    row.simd_eq(u8x16::splat(byte))
}

/// So many bytes from `first` on.
#[inline(always)]
fn within(row: u8x16, first: u8, count: u8) -> u8x16 {
    let place = row - u8x16::splat(first);
    place.min(u8x16::splat(count - 1)).simd_eq(place)
}

/// A letter of ASCII, or a byte beyond: the highest bit counts.
#[inline(always)]
fn letter(row: u8x16) -> u8x16 {
    within(row | u8x16::splat(0x20), b'a', 26) | row
}

#[inline(always)]
fn joint(row: u8x16) -> u8x16 {
    is(row, b'-') | is(row, b'.') | is(row, b'_')
}

#[inline(always)]
fn plus_or_slash(row: u8x16) -> u8x16 {
    is(row, b'+') | is(row, b'/')
}

/// What may stand between a word and a number.
#[inline(always)]
fn blank(row: u8x16) -> u8x16 {
    is(row, b' ') | is(row, b'#') | is(row, b'(') | is(row, b'\t')
}

/// What may stand within a number.
#[inline(always)]
fn punctuation(row: u8x16) -> u8x16 {
    joint(row) | plus_or_slash(row) | is(row, b' ') | is(row, b'(') | is(row, b')')
}

/// True where a dash stands behind a blank.
fn has_option(text: &[u8]) -> bool {
    let behind = text.get(1..).unwrap_or_default();
    text.iter().zip(behind).fold(false, |any, (one, next)| {
        any | (*one == b' ') & (*next == b'-')
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sanitize::sweep::sweep;

    fn triggered(text: &str) -> u8 {
        triggers(text.as_bytes(), sweep(text.as_bytes()))
    }

    #[test]
    fn what_detectors_look_for_triggers_them() {
        for (text, trigger) in [
            ("abcdefghijkl1", TOKEN),
            ("x abc.defghi_jKlm-n y", TOKEN),
            ("abc/def+ghi/jkl+mno/pqr=", ENCODED),
            ("4000 0000 1234 5678", NUMBER),
            ("at (202) 555-0123", NUMBER),
            ("+4930123456", NUMBER),
            ("GB12 ABCD EFGH IJ", ACCOUNT),
            ("IBAN de12", ACCOUNT),
            ("my Password is x", WORD),
            ("my pw: x", WORD),
            ("pw x y z", WORD),
            ("the pin is", WORD),
            ("the api_keys x", WORD),
            ("your code", WORD),
            ("mysql -px", OPTION),
        ] {
            assert_ne!(triggered(text) & trigger, 0, "{text}");
        }
    }

    #[test]
    fn a_word_triggers_wherever_it_stands() {
        for length in 0..70 {
            let filler = "x ".repeat(length);
            assert_eq!(triggered(&filler), 0);
            for word in [
                "PassWord is",
                "the toKen",
                "curl -u x",
                "apiKeys is",
                "mrn 1234567",
            ] {
                let text = format!("{filler}{word}");
                assert_ne!(triggered(&text) & (WORD | OPTION), 0, "{text}");
            }
        }
    }

    #[test]
    fn common_texts_trigger_nothing() {
        for text in [
            "",
            "main",
            "read_file",
            "src/main.rs",
            "The quick brown fox jumps over the lazy dog",
            "An opinion of the second monkey, typing in a compass",
            "in 2026 there were 1,234 of 5,678",
            "1.2.3",
        ] {
            assert_eq!(triggered(text), 0, "{text}");
        }
    }
}
