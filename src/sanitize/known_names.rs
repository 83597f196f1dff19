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
    /// Whom or what the objects tell of that the member holds.
    pub(super) about: Option<About>,
    /// The members beside it, or those around its object, may say that it is a person's name.
    pub(super) may_be_a_persons: bool,
    /// The place of the rule that it matches, and whether it is its plural.
    pub(super) rule: Option<(u32, bool)>,
}

/// Whom or what an object tells of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum About {
    Patient,
    Person,
    /// A person, or a company or a team in its place.
    Party,
    /// What is wrong with the fields that its members are called after.
    Complaints,
    /// Of what types these fields are.
    Types,
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
    /// It is one side of a change, of which one of them may say what was changed.
    Change,
    /// One of them may say the number of what it is.
    Numbered,
    /// One of them may be the statement whose parameters it holds.
    Parameters,
    /// It is what is typed into a field that one of them may name.
    Typed,
    /// Either.
    ValueOrRows,
}

/// A name that is kept.
pub(super) struct Known {
    name: Name,
    pub(super) verdict: Verdict,
    /// It is written as it is, and nothing is to be known of its value but what stands in that itself.
    pub(super) is_plain: bool,
    pub(super) form: Form,
}

/// How a name stands in an object: `,"name":`.
///
/// All forms are copied as if they were equally long, which is cheaper than a copy of the name's own length.
pub(super) struct Form {
    bytes: [u8; Self::COPIED],
    /// Where the colon stands.
    colon: usize,
}

impl Form {
    /// So many bytes are copied, of which some are taken back.
    const COPIED: usize = 32;

    fn of(name: &str) -> Self {
        const { assert!(LONGEST + 4 <= Self::COPIED) };
        let mut bytes = [b':'; Self::COPIED];
        let written = [b",\"", name.as_bytes(), b"\""].concat();
        for (byte, written) in bytes.iter_mut().zip(&written) {
            *byte = *written;
        }
        Self {
            bytes,
            colon: written.len(),
        }
    }

    /// Appends the name of an object's first member, or of another one, and the colon.
    #[inline(always)]
    pub(super) fn write_member(&self, out: &mut Vec<u8>, is_first: bool) {
        let start = out.len();
        let [_, of_first @ ..] = &self.bytes;
        if is_first {
            out.extend_from_slice(of_first);
            out.truncate(start + self.colon);
        } else {
            out.extend_from_slice(&self.bytes);
            out.truncate(start + self.colon + 1);
        }
    }

    /// Appends the name as a string.
    #[inline]
    pub(super) fn write_name(&self, out: &mut Vec<u8>) {
        let start = out.len();
        let [_, name @ ..] = &self.bytes;
        out.extend_from_slice(name);
        out.truncate(start + self.colon - 1);
    }
}

/// Names with what is known of them.
pub(super) struct KnownNames {
    slots: Box<[OnceLock<Known>; SLOTS]>,
}

/// A name in three words; names of the same length differ in them.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Name {
    length: usize,
    first: u64,
    middle: u64,
    last: u64,
}

impl KnownNames {
    pub(super) fn new() -> Self {
        Self {
            slots: Box::new([const { OnceLock::new() }; SLOTS]),
        }
    }

    /// What is known of a name, if it is kept.
    #[inline(always)]
    pub(super) fn get(&self, name: &str) -> Option<&Known> {
        let name = Name::of(name.as_bytes())?;
        let kept_at = |place: usize| {
            let kept = self.slots.get(place % SLOTS)?.get();
            kept.filter(|known| known.name == name)
        };
        let place = name.hash();
        kept_at(place).or_else(|| kept_at(place ^ 1))
    }

    /// Keeps what is known of a name, where there is room for it.
    #[cold]
    pub(super) fn keep(&self, name: &str, verdict: Verdict) {
        // Names with digits or blanks are data more often than not, and others come the next time.
        let is_identifier =
            |byte: u8| byte.is_ascii_alphabetic() || matches!(byte, b'_' | b'-' | b'.');
        let Some(known) = Name::of(name.as_bytes()).filter(|_| name.bytes().all(is_identifier))
        else {
            return;
        };
        let place = known.hash() % SLOTS;
        let slots = [place, place ^ 1].map(|place| self.slots.get(place));
        if let Some(slot) = slots
            .into_iter()
            .flatten()
            .find(|slot| slot.get().is_none())
        {
            // Where another thread was quicker, its name stays.
            let _ = slot.set(Known {
                name: known,
                verdict,
                is_plain: verdict.is_harmless
                    && verdict.siblings == Siblings::Apart
                    && verdict.rule.is_none()
                    && !verdict.may_be_a_persons,
                form: Form::of(name),
            });
        }
    }
}

impl Name {
    #[inline(always)]
    fn of(name: &[u8]) -> Option<Self> {
        let length = name.len();
        if length > LONGEST {
            return None;
        }
        let eight = |bytes: &[u8; 8]| u64::from_le_bytes(*bytes);
        let four = |bytes: &[u8; 4]| u64::from(u32::from_le_bytes(*bytes));
        let of = |first, middle, last| Self {
            length,
            first,
            middle,
            last,
        };
        if let (Some(first), Some(last)) = (name.first_chunk(), name.last_chunk()) {
            let middle = name.get(8..).and_then(|rest| rest.first_chunk());
            let middle = middle.filter(|_| length > 16).map_or(0, eight);
            return Some(of(eight(first), middle, eight(last)));
        }
        if let (Some(first), Some(last)) = (name.first_chunk(), name.last_chunk()) {
            return Some(of(four(first), 0, four(last)));
        }
        match *name {
            [one] => Some(of(u64::from(one), 0, 0)),
            [one, two] => Some(of(u64::from(one), u64::from(two), 0)),
            [one, two, three] => Some(of(u64::from(one), u64::from(two), u64::from(three))),
            _ => None,
        }
    }

    /// Mixes all bits; nothing hangs on how well.
    #[inline(always)]
    fn hash(self) -> usize {
        const ODD: u64 = 0x9E37_79B9_7F4A_7C15;
        let (middle, last) = (self.middle.rotate_left(29), self.last.rotate_left(13));
        let mixed = self.first ^ middle ^ last ^ self.length as u64;
        (mixed.wrapping_mul(ODD) >> 48) as usize
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
            about: None,
            may_be_a_persons: false,
            rule: None,
        }
    }

    fn kinds(names: &KnownNames, name: &str) -> Option<u8> {
        names.get(name).map(|known| known.verdict.kinds)
    }

    #[test]
    fn what_is_known_of_a_name_is_what_was_said_of_it() {
        let names = KnownNames::new();
        names.keep("order_id", verdict(1));
        names.keep("order_if", verdict(3));
        assert_eq!(kinds(&names, "order_id"), Some(1));
        assert_eq!(kinds(&names, "order_if"), Some(3));
        assert_eq!(kinds(&names, "order_ie"), None);
    }

    #[test]
    fn data_and_long_names_are_not_kept() {
        let names = KnownNames::new();
        for name in ["", "order 7", "o7", "é", "a_name_that_is_far_too_long"] {
            names.keep(name, verdict(1));
            assert_eq!(kinds(&names, name), None, "{name}");
        }
    }

    #[test]
    fn a_name_is_plain_where_nothing_else_is_to_be_known_of_its_value() {
        let names = KnownNames::new();
        let plain = verdict(0);
        let of = |letter: &str, verdict: Verdict| {
            names.keep(letter, verdict);
            names.get(letter).map(|known| known.is_plain)
        };
        assert_eq!(of("a", plain), Some(true));
        let others = [
            Verdict {
                is_harmless: false,
                ..plain
            },
            Verdict {
                siblings: Siblings::Rows,
                ..plain
            },
            Verdict {
                may_be_a_persons: true,
                ..plain
            },
            Verdict {
                rule: Some((0, false)),
                ..plain
            },
        ];
        for (name, other) in ["b", "c", "d", "e"].into_iter().zip(others) {
            assert_eq!(of(name, other), Some(false), "{other:?}");
        }
    }

    #[test]
    fn a_name_of_every_length_has_its_form() {
        for length in 1..=LONGEST {
            let name = "n".repeat(length);
            let form = Form::of(&name);
            let mut out = b"{".to_vec();
            form.write_member(&mut out, true);
            form.write_member(&mut out, false);
            form.write_name(&mut out);
            let expected = format!("{{\"{name}\":,\"{name}\":\"{name}\"");
            assert_eq!(String::from_utf8_lossy(&out), expected);
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
        for (at, name) in all.iter().enumerate() {
            names.keep(name, verdict(said(at)));
        }
        let mut kept = 0;
        for (at, name) in all.iter().enumerate() {
            if let Some(kinds) = kinds(&names, name) {
                assert_eq!(kinds, said(at), "{name}");
                kept += 1;
            }
        }
        assert!((SLOTS / 2..=SLOTS).contains(&kept), "{kept}");
        assert_eq!(kinds(&names, &all[0]), Some(said(0)));
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
