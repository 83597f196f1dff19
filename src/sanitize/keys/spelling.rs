//! A name's letters and digits, whatever their case, and where its words begin.

use super::fold;

/// A number with more digits is not one of several of a kind, but a value.
const LONGEST_NUMBER: usize = 4;

/// What a byte of a name folds to, zero for one that parts words. Bytes beyond ASCII stand for themselves.
pub(super) const FOLD: [u8; 256] = {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        let value = byte as u8;
        if value.is_ascii_alphanumeric() {
            table[byte] = value.to_ascii_lowercase();
        } else if byte >= 0x80 {
            table[byte] = value;
        }
        byte += 1;
    }
    table
};

/// How many of a name's last letters and digits are looked at: a rule's and those of the word before it.
const WINDOW: usize = 64;

/// The letters and digits of a name, lower-case, from the last one on.
#[inline]
pub(super) fn letters_before(name: &[u8]) -> impl Iterator<Item = u8> {
    let folded = name.iter().rev().map(|byte| FOLD[usize::from(*byte)]);
    folded.filter(|letter| *letter != 0)
}

/// True where a word may begin at `at`, judged by the byte before and the two from there on.
pub(super) fn begins_word(name: &[u8], at: usize) -> bool {
    let (Some(&before), Some(&here)) = (name.get(at.wrapping_sub(1)), name.get(at)) else {
        return false;
    };
    if FOLD[usize::from(before)] == 0 {
        return true;
    }
    if before.is_ascii_digit() {
        return !here.is_ascii_digit();
    }
    here.is_ascii_uppercase()
        && (!before.is_ascii_uppercase() || name.get(at + 1).is_some_and(u8::is_ascii_lowercase))
}

/// True for the first byte of a character of Chinese, Japanese or Korean, which are written without blanks.
fn is_sign_of_word(byte: u8) -> bool {
    matches!(byte, 0xE3..=0xE9)
}

/// Where the last `count` letters and digits of a name begin.
pub(super) fn offset_of(name: &[u8], count: usize) -> usize {
    let mut places = (0..name.len())
        .rev()
        .filter(|at| FOLD[usize::from(name[*at])] != 0);
    places.nth(count.saturating_sub(1)).unwrap_or(0)
}

/// A name without the short number at its end; a longer one is a value that stands behind its name.
pub(super) fn without_number(name: &[u8]) -> &[u8] {
    let is_letter = |byte: &u8| FOLD[usize::from(*byte)] != 0 && !byte.is_ascii_digit();
    let end = name.iter().rposition(is_letter).map_or(0, |at| at + 1);
    let digits = name[end..].iter().filter(|byte| byte.is_ascii_digit());
    if digits.count() > LONGEST_NUMBER {
        return name;
    }
    &name[..end]
}

/// The letters and digits of a name, lower-case, as they are compared.
pub(in crate::sanitize) fn letters(name: &str) -> Vec<u8> {
    let folded;
    let mut bytes = name.as_bytes();
    if !name.is_ascii() {
        folded = fold::fold(bytes).text;
        bytes = &folded;
    }
    bytes
        .iter()
        .map(|byte| FOLD[usize::from(*byte)])
        .filter(|letter| *letter != 0)
        .collect()
}

/// A name in snake case: its words, lower-case, with `_` between them.
pub(in crate::sanitize) fn snake_case(name: &str) -> String {
    let bytes = name.as_bytes();
    let mut folded = Vec::with_capacity(bytes.len() + 4);
    for (at, &byte) in bytes.iter().enumerate() {
        let letter = FOLD[usize::from(byte)];
        if letter == 0 {
            continue;
        }
        if !folded.is_empty() && begins_word(bytes, at) {
            folded.push(b'_');
        }
        folded.push(letter);
    }
    String::from_utf8(folded).unwrap_or_default()
}

/// The last letters and digits of a name, lower-case, in the last places of a window.
pub(super) struct Folded {
    pub(super) letters: [u8; WINDOW],
    /// The places in which a word begins, one bit each.
    pub(super) word_starts: u64,
    /// All of the name's letters are here.
    pub(super) whole: bool,
}

impl Folded {
    pub(super) fn of(name: &[u8]) -> Self {
        let mut folded = Self {
            letters: [0; WINDOW],
            word_starts: 0,
            whole: false,
        };
        let mut place = WINDOW;
        let mut at = name.len();
        while at > 0 && place > 0 {
            at -= 1;
            let begins = begins_word(name, at + 1)
                || name.get(at + 1).is_some_and(|byte| is_sign_of_word(*byte));
            if begins && place < WINDOW {
                folded.word_starts |= 1 << place;
            }
            let letter = FOLD[usize::from(name[at])];
            if letter != 0 {
                place -= 1;
                folded.letters[place] = letter;
            }
        }
        if at == 0 && place < WINDOW {
            folded.word_starts |= 1 << place;
            folded.whole = true;
        }
        folded
    }
}
