//! A cheap second look at a text, which decides what detectors are worth running.
//!
//! The first look, [`sweep`](crate::sanitize::sweep), knows what bytes there are; this one knows how they
//! stand together. A text without any of the triggers holds nothing that the detectors behind them find.

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
const SHORTEST_TOKEN: u8 = 13;
/// The fewest characters of base64 that is opened.
const SHORTEST_ENCODED: u8 = 24;
/// The fewest digits of a number that stands for itself.
const SHORTEST_NUMBER: u8 = 8;
/// No text that is shorter and has no dash triggers anything.
const SHORTEST: usize = 7;

/// What makes a text worth a search, with `seen` for the kinds of its bytes.
#[inline]
pub(in crate::sanitize) fn triggers(text: &[u8], seen: u8) -> u8 {
    let kinds = seen & (sweep::SPACE | sweep::DIGIT | sweep::DASH);
    if text.len() < SHORTEST || kinds == 0 && text.len() < usize::from(SHORTEST_TOKEN) {
        return 0;
    }
    match (kinds & sweep::SPACE != 0, kinds & sweep::DIGIT != 0) {
        (false, false) => look::<false, false>(text),
        (false, true) => look::<false, true>(text),
        (true, false) => look::<true, false>(text),
        (true, true) => look::<true, true>(text),
    }
}

/// A byte of a token, of base64, of a number with its punctuation, a digit, a letter.
const IN_TOKEN: u8 = 1;
const IN_ENCODED: u8 = 2;
const IN_NUMBER: u8 = 4;
const IS_DIGIT: u8 = 8;
const IS_LETTER: u8 = 16;

const CLASSES: [u8; 256] = {
    let mut table = [0; 256];
    let mut at = 0;
    while at < 256 {
        let byte = at as u8;
        let letter = byte.is_ascii_alphabetic() || byte >= 0x80;
        let digit = byte.is_ascii_digit();
        let token = letter || digit || matches!(byte, b'_' | b'-' | b'.');
        let encoded = token || matches!(byte, b'/' | b'+' | b'=');
        let number = digit || matches!(byte, b' ' | b'-' | b'.' | b'(' | b')' | b'+' | b'/' | b'_');
        table[at] = (token as u8 * IN_TOKEN)
            | (encoded as u8 * IN_ENCODED)
            | (number as u8 * IN_NUMBER)
            | (digit as u8 * IS_DIGIT)
            | (letter as u8 * IS_LETTER);
        at += 1;
    }
    table
};

/// The last bytes by kind, two bits each: another, a letter, a letter, a digit, a digit.
const ACCOUNT_SHAPE: u16 = 0b00_01_01_10_10;

#[inline(never)]
fn look<const SPACES: bool, const DIGITS: bool>(text: &[u8]) -> u8 {
    let (mut token, mut encoded, mut number) = (0_u8, 0_u8, 0_u8);
    let (mut longest_token, mut longest_encoded, mut longest_number) = (0, 0, 0);
    let (mut shape, mut account) = (0_u16, false);
    let (mut gram, mut found) = (0_usize, 0);
    let mut searching = SPACES;
    for (at, &byte) in text.iter().enumerate() {
        let class = CLASSES[usize::from(byte)];
        token = token.saturating_add(1) * (class & IN_TOKEN);
        longest_token = longest_token.max(token);
        encoded = encoded.saturating_add(1) * (class / IN_ENCODED & 1);
        longest_encoded = longest_encoded.max(encoded);
        if DIGITS {
            let digit = class / IS_DIGIT & 1;
            number = number.saturating_add(digit) * (class / IN_NUMBER & 1);
            longest_number = longest_number.max(number);
            shape =
                (shape << 2 | u16::from(class / IS_DIGIT & 1) << 1 | u16::from(class / IS_LETTER))
                    & 0x3FF;
            account |= shape == ACCOUNT_SHAPE;
        }
        if SPACES {
            gram = (gram << 5 | usize::from(LETTERS[usize::from(byte)])) & (GRAMS - 1);
            if FIRST_LETTERS[gram / 64] & (1 << (gram % 64)) != 0 && searching {
                let kind = word_at(text, at.saturating_sub(2));
                found |= kind;
                searching = found & WORD == 0;
            }
        }
    }
    let mut all = found;
    if longest_token >= SHORTEST_TOKEN {
        all |= TOKEN;
    }
    if longest_encoded >= SHORTEST_ENCODED {
        all |= ENCODED;
    }
    if DIGITS && longest_number >= SHORTEST_NUMBER {
        all |= NUMBER;
    }
    // An account's number has no byte of another kind before it, or says so.
    if DIGITS && account {
        all |= ACCOUNT;
    }
    if SPACES && text.windows(2).any(|pair| pair == b" -") {
        all |= OPTION;
    }
    all
}

/// Words that stand before a secret in prose, or before credentials; parts of longer words count.
const PARTS: &[&str] = &[
    "passw",
    "passp",
    "passc",
    "pwd",
    "secret",
    "token",
    "bearer",
    "credential",
    "identified",
    "aws4",
    "negotiate",
    "digest",
    "apikey",
    "accesskey",
    "authkey",
    "passkey",
];
/// Words that count by themselves, the plural too.
const WHOLE: &[&str] = &["key", "code", "otp", "pin", "pass", "pw", "basic", "pat"];

/// Three letters of five bits each; what is no letter is zero.
const GRAMS: usize = 1 << 15;

const LETTERS: [u8; 256] = {
    let mut table = [0; 256];
    let mut at = 0;
    while at < 256 {
        let byte = at as u8;
        if byte.is_ascii_alphabetic() {
            table[at] = byte & 31;
        }
        at += 1;
    }
    table
};

/// The first three letters of the words, one bit each; `pw` has two, and whatever follows.
const FIRST_LETTERS: [u64; GRAMS / 64] = {
    let mut table = [0; GRAMS / 64];
    let lists = [PARTS, WHOLE];
    let mut list = 0;
    while list < lists.len() {
        let mut at = 0;
        while at < lists[list].len() {
            let word = lists[list][at].as_bytes();
            let two = ((word[0] & 31) as usize) << 10 | ((word[1] & 31) as usize) << 5;
            if word.len() == 2 {
                let mut third = 0;
                while third < 27 {
                    table[(two | third) / 64] |= 1 << ((two | third) % 64);
                    third += 1;
                }
            } else {
                let gram = two | (word[2] & 31) as usize;
                table[gram / 64] |= 1 << (gram % 64);
            }
            at += 1;
        }
        list += 1;
    }
    table
};

/// [`WORD`] where one of the words begins at `start`.
#[cold]
#[inline(never)]
fn word_at(text: &[u8], start: usize) -> u8 {
    let rest = &text[start..];
    let begins = |word: &&&str| {
        rest.get(..word.len())
            .is_some_and(|begin| begin.eq_ignore_ascii_case(word.as_bytes()))
    };
    let inside = match text[..start].last() {
        Some(before) if before.is_ascii_uppercase() => rest[0].is_ascii_alphabetic(),
        Some(before) => before.is_ascii_lowercase() && !rest[0].is_ascii_uppercase(),
        None => false,
    };
    let ends = |word: &&str| {
        let behind = &rest[word.len()..];
        let behind = match behind {
            [b's' | b'S', behind @ ..] => behind,
            _ => behind,
        };
        !behind.first().is_some_and(u8::is_ascii_alphabetic)
    };
    let found =
        PARTS.iter().any(|word| begins(&word)) || !inside && WHOLE.iter().filter(begins).any(ends);
    if found { WORD } else { 0 }
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
            ("abcdefghijklm", TOKEN),
            ("x abc.defghi_jklm-n y", TOKEN),
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
