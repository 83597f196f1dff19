//! What is known of the members' names that come again and again.
//!
//! A tool's arguments bear the same few names in every call. What the rules say of a name hangs on nothing else, so
//! that it is found out once. A table of fixed size keeps what came first: whoever fills it with other names makes
//! the passes slower, and changes nothing in what they write.

use std::sync::OnceLock;

/// How many names are kept.
const SLOTS: usize = 512;
/// The most bytes of a name that is kept.
const LONGEST: usize = 24;

/// What a pass has to know of a member's name.
#[derive(Debug, Clone, Copy)]
pub(super) struct Verdict {
    /// The kinds of byte in it.
    pub(super) kinds: u8,
    /// Nothing in it is what a detector finds.
    pub(super) is_harmless: bool,
    /// What the members beside it may say of its value.
    pub(super) siblings: Siblings,
    /// Whom the member holds, be it one or a list of them.
    pub(super) person: Option<Person>,
    /// The members beside it, or those around its object, may say that it is a person's name.
    pub(super) may_be_a_persons: bool,
    /// The place of the rule that it matches, and whether it is its plural.
    pub(super) rule: Option<(u32, bool)>,
}

/// Who a member is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Person {
    Patient,
    Other,
}

/// How a member hangs on those beside it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Siblings {
    /// Not at all.
    Apart,
    /// One of them may name the value.
    Value,
    /// One of them may name the columns of its rows.
    Rows,
    /// Either.
    ValueOrRows,
}

/// Names with what is known of them.
pub(super) struct KnownNames {
    slots: Box<[OnceLock<(Name, Verdict)>]>,
}

/// A name in three words; names of the same length differ in them.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Name {
    length: usize,
    words: [u64; 3],
}

impl KnownNames {
    pub(super) fn new() -> Self {
        Self {
            slots: (0..SLOTS).map(|_| OnceLock::new()).collect(),
        }
    }

    /// What is known of a name, or what `find_out` says of it.
    #[inline]
    pub(super) fn verdict(&self, name: &str, find_out: impl FnOnce() -> Verdict) -> Verdict {
        let Some(known) = Name::of(name.as_bytes()) else {
            return find_out();
        };
        let place = known.hash() % SLOTS;
        for place in [place, place ^ 1] {
            match self.slots.get(place).map(OnceLock::get) {
                Some(Some((kept, verdict))) if *kept == known => return *verdict,
                Some(Some(_)) => {}
                _ => return self.keep(name, known, place, find_out()),
            }
        }
        find_out()
    }

    /// What is known of a name, if it is kept.
    #[inline]
    pub(super) fn get(&self, name: &str) -> Option<Verdict> {
        let name = Name::of(name.as_bytes())?;
        let place = name.hash() % SLOTS;
        [place, place ^ 1].into_iter().find_map(|place| {
            let (kept, verdict) = self.slots.get(place)?.get()?;
            (*kept == name).then_some(*verdict)
        })
    }

    #[cold]
    #[inline(never)]
    fn keep(&self, name: &str, known: Name, place: usize, verdict: Verdict) -> Verdict {
        // Names with digits or blanks are data more often than not, and others come the next time.
        let is_identifier =
            |byte: u8| byte.is_ascii_alphabetic() || matches!(byte, b'_' | b'-' | b'.');
        if let Some(slot) = self.slots.get(place)
            && name.bytes().all(is_identifier)
        {
            // Where another thread was quicker, its name stays.
            let _ = slot.set((known, verdict));
        }
        verdict
    }
}

impl Name {
    #[inline]
    fn of(name: &[u8]) -> Option<Self> {
        let length = name.len();
        let words = match (name.first_chunk(), name.last_chunk()) {
            (Some(first), Some(last)) => {
                let middle = match name.get(8..16) {
                    Some(middle) => <[u8; 8]>::try_from(middle).ok()?,
                    None => [0; 8],
                };
                [first, &middle, last].map(|word: &[u8; 8]| u64::from_le_bytes(*word))
            }
            _ => match (name.first_chunk(), name.last_chunk()) {
                (Some(first), Some(last)) => {
                    let [first, last] =
                        [first, last].map(|word: &[u8; 4]| u32::from_le_bytes(*word));
                    [u64::from(first), 0, u64::from(last)]
                }
                _ => match *name {
                    [one] => [u64::from(one), 0, 0],
                    [one, two] => [u64::from(one), u64::from(two), 0],
                    [one, two, three] => [one, two, three].map(u64::from),
                    _ => return None,
                },
            },
        };
        (length <= LONGEST).then_some(Self { length, words })
    }

    /// Mixes all bits; nothing hangs on how well.
    #[inline]
    fn hash(self) -> usize {
        const ODD: u64 = 0x9E37_79B9_7F4A_7C15;
        let [first, middle, last] = self.words;
        let mixed = (first ^ middle.rotate_left(29) ^ self.length as u64).wrapping_mul(ODD)
            ^ last.wrapping_mul(ODD.rotate_left(32));
        (mixed.wrapping_mul(ODD) >> 40) as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(kinds: u8) -> Verdict {
        Verdict {
            kinds,
            is_harmless: true,
            siblings: Siblings::Apart,
            person: None,
            may_be_a_persons: false,
            rule: None,
        }
    }

    #[test]
    fn a_name_is_found_out_once() {
        let names = KnownNames::new();
        assert_eq!(names.verdict("order_id", || verdict(1)).kinds, 1);
        assert_eq!(names.verdict("order_id", || verdict(2)).kinds, 1);
        assert_eq!(names.verdict("order_if", || verdict(3)).kinds, 3);
    }

    #[test]
    fn data_and_long_names_are_found_out_each_time() {
        let names = KnownNames::new();
        for name in ["", "order 7", "o7", "é", "a_name_that_is_far_too_long"] {
            assert_eq!(names.verdict(name, || verdict(1)).kinds, 1);
            assert_eq!(names.verdict(name, || verdict(2)).kinds, 2, "{name}");
        }
    }

    #[test]
    fn a_full_table_keeps_what_it_has_and_confuses_nothing() {
        let names = KnownNames::new();
        let letters = || "abcdefghijklmnopqrstuvwxyz".chars();
        let all: Vec<String> = letters()
            .flat_map(|one| letters().map(move |two| format!("name_{one}{two}")))
            .flat_map(|name| [name.clone(), format!("{name}_longer_still")])
            .collect();
        let said = |at: usize| (at % 251) as u8;
        for _ in 0..2 {
            for (at, name) in all.iter().enumerate() {
                assert_eq!(names.verdict(name, || verdict(said(at))).kinds, said(at));
            }
        }
        let kept = names
            .slots
            .iter()
            .filter(|slot| slot.get().is_some())
            .count();
        assert!(kept > SLOTS / 2, "{kept}");
        assert_eq!(names.verdict(&all[0], || verdict(255)).kinds, said(0));
    }

    #[test]
    fn names_of_every_length_differ_in_every_byte() {
        for length in 1..=LONGEST {
            let name = vec![b'a'; length];
            for at in 0..length {
                let mut other = name.clone();
                other[at] = b'b';
                assert!(Name::of(&name) != Name::of(&other), "{length} {at}");
            }
        }
    }
}
