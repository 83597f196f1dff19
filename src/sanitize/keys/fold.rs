//! Names in letters that only look like those of ASCII.
//!
//! Compatibility forms, full-width ones among them, are decomposed (Unicode Standard Annex 15, NFKD), marks and
//! characters without width are dropped, and Cyrillic, Greek and Armenian letters that look like Latin ones become those
//! (after Unicode Technical Standard 39). What is left over stays, in lower case.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// A folded name.
pub(super) struct FoldedName {
    pub(super) text: Vec<u8>,
    /// For each byte of the text, where its character begins in the name.
    origins: Vec<usize>,
    length: usize,
}

impl FoldedName {
    /// Where in the name that stands which is at `at` in the text.
    pub(super) fn origin(&self, at: usize) -> usize {
        self.origins.get(at).copied().unwrap_or(self.length)
    }
}

/// Folds a name, of which the first character may have been cut.
pub(super) fn fold(name: &[u8]) -> FoldedName {
    let cut = name.iter().take_while(|byte| **byte & 0xC0 == 0x80).count();
    let mut folded = FoldedName {
        text: Vec::with_capacity(name.len()),
        origins: Vec::with_capacity(name.len()),
        length: name.len(),
    };
    let mut at = cut;
    for chunk in name.get(cut..).unwrap_or_default().utf8_chunks() {
        for character in chunk.valid().chars() {
            folded.push(character, at);
            at += character.len_utf8();
        }
        at += chunk.invalid().len();
    }
    folded
}

impl FoldedName {
    fn push(&mut self, character: char, at: usize) {
        fold_character(character, |bytes| {
            self.text.extend_from_slice(bytes);
            self.origins.extend(bytes.iter().map(|_| at));
        });
    }
}

/// Gives the bytes of what a character is folded to.
fn fold_character(character: char, mut give: impl FnMut(&[u8])) {
    if character.is_ascii() {
        give(&[character as u8]);
        return;
    }
    if is_without_width(character) {
        return;
    }
    for part in std::iter::once(character).nfkd() {
        if is_combining_mark(part) {
            continue;
        }
        let latin = look_alike(part);
        if latin.is_ascii() {
            give(&[latin as u8]);
        } else {
            for lower in latin.to_lowercase() {
                // Some look like a Latin letter only when they are small.
                let lower = look_alike(lower);
                give(lower.encode_utf8(&mut [0; 4]).as_bytes());
            }
        }
    }
}

/// The most bytes that are kept of what one character is folded to.
const ROOM: usize = 16;

/// Goes through the bytes of a folded name from its end on, a character at a time and without an allocation, until
/// `goes_on` refuses one; gives `None` where a character does not fit or is none, so that nothing is known.
pub(super) fn fold_from_end(name: &[u8], mut goes_on: impl FnMut(u8) -> bool) -> Option<()> {
    let mut rest = name;
    while !rest.is_empty() {
        let start = rest.iter().rposition(|byte| byte & 0xC0 != 0x80)?;
        let (before, last) = rest.split_at_checked(start)?;
        rest = before;
        let mut characters = std::str::from_utf8(last).ok()?.chars();
        let mut folded = [0; ROOM];
        let mut length = 0;
        let mut fits = true;
        fold_character(characters.next()?, |bytes| {
            match folded.get_mut(length..length + bytes.len()) {
                Some(room) => room.copy_from_slice(bytes),
                None => fits = false,
            }
            length += bytes.len();
        });
        if !fits {
            return None;
        }
        for byte in folded.get(..length)?.iter().rev() {
            if !goes_on(*byte) {
                return Some(());
            }
        }
    }
    Some(())
}

/// Characters that are not seen: joiners, directions, variation selectors, tags.
fn is_without_width(character: char) -> bool {
    matches!(character,
        '\u{AD}' | '\u{34F}' | '\u{61C}' | '\u{115F}' | '\u{1160}' | '\u{17B4}' | '\u{17B5}' | '\u{180B}'..='\u{180F}'
        | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{3164}' | '\u{FE00}'..='\u{FE0F}'
        | '\u{FEFF}' | '\u{FFA0}' | '\u{1D173}'..='\u{1D17A}' | '\u{E0000}'..='\u{E0FFF}')
}

/// The Latin letter that looks the same.
fn look_alike(character: char) -> char {
    match character {
        // Cyrillic.
        'а' => 'a',
        'в' | 'ь' => 'b',
        'с' => 'c',
        'ԁ' => 'd',
        'е' | 'ҽ' => 'e',
        'н' | 'һ' => 'h',
        'і' | 'ӏ' => 'i',
        'ј' => 'j',
        'к' => 'k',
        'м' => 'm',
        'п' => 'n',
        'о' => 'o',
        'р' => 'p',
        'ԛ' => 'q',
        'г' => 'r',
        'ѕ' => 's',
        'т' => 't',
        'ц' => 'u',
        'ѵ' => 'v',
        'ԝ' => 'w',
        'х' => 'x',
        'у' | 'ү' => 'y',
        'А' => 'A',
        'В' => 'B',
        'С' => 'C',
        'Е' => 'E',
        'Н' => 'H',
        'І' | 'Ӏ' => 'I',
        'Ј' => 'J',
        'К' => 'K',
        'М' => 'M',
        'О' => 'O',
        'Р' => 'P',
        'Ѕ' => 'S',
        'Т' => 'T',
        'Ѵ' => 'V',
        'Ԝ' => 'W',
        'Х' => 'X',
        'У' | 'Ү' => 'Y',
        // Greek.
        'α' => 'a',
        'β' => 'b',
        'ε' => 'e',
        'η' => 'n',
        'ι' => 'i',
        'κ' => 'k',
        'ν' => 'v',
        'ο' | 'σ' => 'o',
        'ρ' => 'p',
        'τ' => 't',
        'υ' => 'u',
        'χ' => 'x',
        'γ' => 'y',
        'ω' => 'w',
        'Α' => 'A',
        'Β' => 'B',
        'Ε' => 'E',
        'Ζ' => 'Z',
        'Η' => 'H',
        'Ι' => 'I',
        'Κ' => 'K',
        'Μ' => 'M',
        'Ν' => 'N',
        'Ο' => 'O',
        'Ρ' => 'P',
        'Τ' => 'T',
        'Υ' => 'Y',
        'Χ' => 'X',
        // Armenian.
        'օ' => 'o',
        'ո' => 'n',
        'ս' => 'u',
        'հ' => 'h',
        'ց' => 'g',
        // Latin letters of their own that look like plain ones.
        'ı' | 'ɩ' | 'ɪ' => 'i',
        'ɑ' | 'ᴀ' => 'a',
        'ɡ' | 'ɢ' => 'g',
        'ʙ' => 'b',
        'ᴄ' => 'c',
        'ᴅ' | 'đ' => 'd',
        'ᴇ' => 'e',
        'ʜ' => 'h',
        'ᴊ' => 'j',
        'ᴋ' => 'k',
        'ʟ' | 'ł' => 'l',
        'ᴍ' => 'm',
        'ɴ' => 'n',
        'ᴏ' | 'ø' => 'o',
        'ᴘ' => 'p',
        'ʀ' => 'r',
        'ꜱ' => 's',
        'ᴛ' => 't',
        'ᴜ' => 'u',
        'ᴠ' => 'v',
        'ᴡ' => 'w',
        'ʏ' => 'y',
        'ᴢ' => 'z',
        // Signs that part words are folded by the caller; odd dashes and dots among them.
        '\u{2010}'..='\u{2015}' | '\u{2212}' | '·' | '・' => '-',
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::{fold, fold_from_end};

    #[test]
    fn a_name_read_from_its_end_has_the_same_letters() {
        for name in [
            "x\u{200B}\u{FF41}\u{E9}b",
            "Пароль",
            "비밀번호",
            "ﬁn ключ",
            "key",
        ] {
            let mut reversed = Vec::new();
            let known = fold_from_end(name.as_bytes(), |byte| {
                reversed.push(byte);
                true
            });
            reversed.reverse();
            assert_eq!((known, reversed), (Some(()), fold(name.as_bytes()).text));
        }
        assert_eq!(fold_from_end(&"\u{430}b".as_bytes()[1..], |_| true), None);
    }

    #[test]
    fn every_byte_of_the_folded_name_tells_where_its_character_began() {
        let folded = fold("x\u{200B}\u{FF41}\u{E9}b".as_bytes());
        assert_eq!(folded.text, b"xaeb");
        assert_eq!(
            [0, 1, 2, 3, 4].map(|at| folded.origin(at)),
            [0, 4, 7, 9, 10]
        );
    }

    #[test]
    fn a_letter_of_either_case_is_folded_to_the_same() {
        let folded = |name: &str| fold(name.as_bytes()).text.to_ascii_lowercase();
        for name in [
            "\u{41F}\u{410}\u{420}\u{41E}\u{41B}\u{42C}",
            "\u{412}\u{41D}\u{413}\u{426}",
        ] {
            assert_eq!(folded(name), folded(&name.to_lowercase()));
        }
    }

    #[test]
    fn a_name_that_begins_within_a_character_or_is_no_text_is_folded_from_there_on() {
        assert_eq!(fold(&"\u{430}b".as_bytes()[1..]).text, b"b");
        assert_eq!(fold(b"\xFFa\xC3").text, b"a");
    }
}
