//! Words behind a rule's name that say nothing of their own.

use super::spelling::{FOLD, begins_word};
use super::words::{DESCRIBING_WORDS, FOLLOWING_WORDS, LONGEST_FOLLOWING_WORD, is_listed};

/// A word at the end of a name that may say nothing of its own.
pub(super) struct Following<'n> {
    /// What stands before it.
    pub(super) before: &'n [u8],
    /// It says nothing behind a secret's name.
    pub(super) a_secret: bool,
    /// It says nothing behind the name of a number or of a person's data.
    pub(super) a_number: bool,
}

impl<'n> Following<'n> {
    pub(super) fn of(name: &'n [u8]) -> Option<Self> {
        let mut start = name.len();
        while start > 0 && !begins_word(name, start) {
            start -= 1;
        }
        // `base64` and `b64` are two words for their digits.
        if name[start..].iter().all(u8::is_ascii_digit) && start > 0 {
            start -= 1;
            while start > 0 && !begins_word(name, start) {
                start -= 1;
            }
        }
        let mut word = [0; LONGEST_FOLLOWING_WORD];
        let mut length = 0;
        for byte in &name[start..] {
            let letter = FOLD[usize::from(*byte)];
            if letter != 0 {
                *word.get_mut(length)? = letter;
                length += 1;
            }
        }
        let follows = Self {
            before: &name[..start],
            a_secret: is_listed(FOLLOWING_WORDS, &word[..length]),
            a_number: is_listed(DESCRIBING_WORDS, &word[..length]),
        };
        (start > 0 && (follows.a_secret || follows.a_number)).then_some(follows)
    }
}
