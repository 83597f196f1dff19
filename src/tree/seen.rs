//! What can be told of a tree without a walk through it, since it was seen while the text was read.

use super::Number;

/// What was seen of a text while its tree was read.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Seen {
    /// How the names of all members begin.
    pub(crate) names: Beginnings,
    /// A text may be JSON itself, with members of its own.
    pub(crate) has_text_like_json: bool,
    /// The most bytes that numbers may have more in canonical JSON than in the text.
    pub(crate) growth: u64,
}

impl Seen {
    #[inline(always)]
    pub(super) fn add_text(&mut self, text: &str) {
        let is_like_json = matches!(text.as_bytes().first(), Some(b'{' | b'[' | 0..=b' '));
        self.has_text_like_json |= is_like_json;
    }

    #[inline(always)]
    pub(super) fn add_number(&mut self, number: Number<'_>) {
        self.growth += number.growth();
    }
}

/// How names begin: by their first three letters, of which others may be taken for the same, never the same for others.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Beginnings(u64);

/// So many letters of a name count.
const LETTERS: usize = 3;

impl Beginnings {
    /// Whatever a name begins with.
    const ANY: Self = Self(u64::MAX);

    /// Of names of these lower-case letters, however they are spelled.
    pub(crate) fn of<'n>(names: impl Iterator<Item = &'n [u8]>) -> Option<Self> {
        names.into_iter().try_fold(Self::default(), |all, letters| {
            let [first, second, third] = *letters.first_chunk::<LETTERS>()?;
            let word = u32::from_be_bytes([0, first, second, third]);
            Some(Self(all.0 | 1 << bit(word)))
        })
    }

    /// Adds a name of so many bytes that has this [`first_word`](crate::canonical::first_word).
    #[inline(always)]
    pub(super) fn add(&mut self, word: u64, length: usize) {
        if length < LETTERS {
            return;
        }
        let letters = (word >> 40) as u32;
        let is_letter = |place: u32| IS_LETTER[usize::from((letters >> place) as u8)];
        // Behind a mark other letters count.
        if is_letter(16) & is_letter(8) & is_letter(0) {
            self.0 |= 1 << bit(letters);
        } else {
            *self = Self::ANY;
        }
    }

    /// False where no name begins as one of `others` does.
    pub(crate) fn may_have(self, others: Self) -> bool {
        self.0 & others.0 != 0
    }
}

const IS_LETTER: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] = (byte as u8).is_ascii_alphanumeric();
        byte += 1;
    }
    table
};

/// One of 64 for three letters, of either case.
#[inline(always)]
fn bit(letters: u32) -> u32 {
    (letters | 0x0020_2020).wrapping_mul(0x9E37_79B1) >> 26
}
