//! What is known of a word, found with one look: values under the names of secrets are asked for it in every call.

use std::sync::LazyLock;

use super::words::{LANGUAGES, SHARED};
use super::{LINKING, STATUSES};
use crate::canonical::first_word;

/// What a word is in complaints; of languages one bit for each.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Meaning {
    /// It is one of their words.
    pub(super) words: u8,
    pub(super) telling: u8,
    pub(super) units: u8,
    pub(super) bounding: u8,
    /// It is a word of all languages.
    pub(super) is_shared: bool,
    pub(super) is_linking: bool,
    /// It is a complaint by itself.
    pub(super) is_status: bool,
}

/// A longer word in ASCII is none of them.
const LONGEST_WORD: usize = 24;

/// The words of one length, in order.
type OfLength = Vec<(Key, Meaning)>;

/// A word by its [`first_word`], which tells most of a length apart, and by what that does not say.
type Key = (u64, &'static [u8]);

/// All words.
struct Words {
    by_length: Vec<OfLength>,
    /// Bits of which each word has set one: nearly all other words are told by theirs.
    bits: Box<[u64; ROWS]>,
}

/// How many rows of bits there are, a power of two: there are some fifteen hundred words.
const ROWS: usize = 256;

/// The row and the bit of a word of this length, which begins so.
#[inline]
fn place_of(first: u64, length: usize) -> (usize, u64) {
    const ODD: u64 = 0x9E37_79B9_7F4A_7C15;
    let mixed = (first ^ length as u64).wrapping_mul(ODD) >> 50;
    ((mixed >> 6) as usize % ROWS, 1 << (mixed & 63))
}

static WORDS: LazyLock<Words> = LazyLock::new(|| {
    let mut words = Vec::new();
    let mut add = |list: &[&'static str], mean: &dyn Fn(&mut Meaning)| {
        for word in list {
            let mut meaning = Meaning::default();
            mean(&mut meaning);
            words.push((*word, meaning));
        }
    };
    add(SHARED, &|meaning| meaning.is_shared = true);
    add(LINKING, &|meaning| meaning.is_linking = true);
    add(STATUSES, &|meaning| meaning.is_status = true);
    for (place, language) in LANGUAGES.iter().enumerate() {
        let bit = 1 << place;
        add(language.words, &|meaning| meaning.words = bit);
        add(language.telling, &|meaning| meaning.telling = bit);
        add(language.units, &|meaning| meaning.units = bit);
        add(language.bounding, &|meaning| meaning.bounding = bit);
    }
    let mut by_length: Vec<OfLength> = Vec::new();
    for (word, meaning) in words {
        let word = word.as_bytes();
        if by_length.len() <= word.len() {
            by_length.resize(word.len() + 1, OfLength::new());
        }
        let key = (
            first_word(word, word.len()),
            word.get(8..).unwrap_or_default(),
        );
        by_length[word.len()].push((key, meaning));
    }
    let mut bits = Box::new([0; ROWS]);
    for (length, words) in by_length.iter_mut().enumerate() {
        for ((first, _), _) in words.iter() {
            let (row, bit) = place_of(*first, length);
            bits[row] |= bit;
        }
        words.sort_by_key(|(key, _)| *key);
        words.dedup_by(|(key, more), (kept, meaning)| {
            let is_same = key == kept;
            if is_same {
                meaning.add(*more);
            }
            is_same
        });
    }
    Words { by_length, bits }
});

impl Meaning {
    fn add(&mut self, more: Self) {
        self.words |= more.words;
        self.telling |= more.telling;
        self.units |= more.units;
        self.bounding |= more.bounding;
        self.is_shared |= more.is_shared;
        self.is_linking |= more.is_linking;
        self.is_status |= more.is_status;
    }

    /// True for a word that may stand in a complaint of several.
    pub(super) fn is_of_sentence(self) -> bool {
        self.is_shared || self.words != 0
    }

    /// What a word means, whatever its case and its apostrophe; nothing where it is none of them.
    pub(super) fn of(word: &str) -> Self {
        if !word.is_ascii() {
            let straight = |letter| if letter == '’' { '\'' } else { letter };
            let small = word.chars().map(straight).flat_map(char::to_lowercase);
            let small: String = small.collect();
            return Self::of_small(small.as_bytes(), small.len());
        }
        let mut small = [0; LONGEST_WORD];
        let Some(place) = small.get_mut(..word.len()) else {
            return Self::default();
        };
        place.copy_from_slice(word.as_bytes());
        small.make_ascii_lowercase();
        Self::of_small(&small, word.len())
    }

    /// Of the word of so many bytes with which `small` begins.
    fn of_small(small: &[u8], length: usize) -> Self {
        let words = &*WORDS;
        let first = first_word(small, length);
        let (row, bit) = place_of(first, length);
        if words.bits[row] & bit == 0 {
            return Self::default();
        }
        let found = || {
            let sought = (first, small.get(8..length).unwrap_or_default());
            let words = words.by_length.get(length)?;
            let place = words.binary_search_by(|(key, _)| key.cmp(&sought)).ok()?;
            words.get(place)
        };
        found().map_or_else(Self::default, |(_, meaning)| *meaning)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_is_found_in_any_case_and_no_other_is() {
        for (place, language) in LANGUAGES.iter().enumerate() {
            let bit = 1 << place;
            for word in language.words {
                let shouted = word.to_ascii_uppercase();
                for word in [word, shouted.as_str()] {
                    assert!(Meaning::of(word).words & bit != 0, "{word}");
                }
            }
            for word in language.telling {
                assert!(Meaning::of(word).telling & bit != 0, "{word}");
            }
        }
        for word in STATUSES {
            assert!(Meaning::of(word).is_status, "{word}");
        }
        for word in ["can’t", "UNGÜLTIG"] {
            assert!(Meaning::of(word).is_of_sentence(), "{word}");
        }
        for word in [
            "",
            "horse",
            "battery",
            "hunter2",
            "x".repeat(30).as_str(),
            "ключ",
        ] {
            assert_eq!(Meaning::of(word), Meaning::default(), "{word}");
        }
    }

    #[test]
    fn no_word_is_longer_than_what_is_looked_for() {
        let longest = WORDS
            .by_length
            .iter()
            .rposition(|words| words.iter().any(|((first, _), _)| *first != 0));
        assert!(longest.is_some_and(|longest| longest <= LONGEST_WORD));
    }
}
