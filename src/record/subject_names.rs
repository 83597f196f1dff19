//! Names of members that hold subjects, made to be asked of every member of every call.

use memchr::memmem::Finder;

use crate::canonical::first_word;
use crate::tree::{self, Seen, Tree};

/// Names of members that hold a subject, in any spelling: `patient_id` is `patientId` and `Patient-ID` too, and
/// `patient_ids` holds several.
#[derive(Debug)]
pub(super) struct SubjectNames {
    /// Lower-case letters and digits alone.
    names: Vec<Vec<u8>>,
    beginnings: Beginnings,
    /// The same of whole trees; none where a name is too short to be told by it.
    first_letters: Option<tree::Beginnings>,
    /// The spellings to look for in a text before it is opened.
    spellings: Vec<Finder<'static>>,
}

/// How many lists and objects of a tree, and items of a list, are looked at before the tree is walked through.
pub(super) const FEW: u32 = 64;

/// So many bytes of a name are looked at before all of its letters are.
const PLACES: usize = 3;

/// Which bytes the first ones of a known name may be: most names of members need no second look.
///
/// For each place and each byte there, a bit for each group of known names that may go on with it. A name whose bytes
/// have no bit in common is none of them.
#[derive(Debug)]
struct Beginnings([[u8; 256]; PLACES]);

impl Beginnings {
    /// What stands for names in which a mark, which moves all letters behind it, comes before the place: the bit for each
    /// place of such a mark. All others are those of groups of names.
    const MARK_AT: [u8; PLACES - 1] = [0x80, 0x40];
    const GROUPS: usize = 6;

    /// None yet: what begins with a mark may be anything.
    fn new() -> Self {
        let mut places = [[0; 256]; PLACES];
        for (at, place) in places.iter_mut().enumerate() {
            for (byte, bits) in (0..=u8::MAX).zip(place) {
                let is_mark = !byte.is_ascii_alphanumeric();
                *bits = match at.checked_sub(1) {
                    _ if is_mark => u8::MAX,
                    // Behind a mark stands any letter.
                    Some(0) => Self::MARK_AT[0],
                    Some(_) => Self::MARK_AT[0] | Self::MARK_AT[1],
                    None => 0,
                };
            }
        }
        Self(places)
    }

    /// Adds the name with these letters.
    fn add(&mut self, letters: &[u8], number: usize) {
        let group = 1 << (number % Self::GROUPS);
        for (at, place) in self.0.iter_mut().enumerate() {
            let bits = if at == 0 {
                group | Self::MARK_AT[1]
            } else {
                group
            };
            match letters.get(at) {
                Some(letter) => {
                    place[usize::from(*letter)] |= bits;
                    place[usize::from(letter.to_ascii_uppercase())] |= bits;
                }
                // The plural's letter, or any behind a mark.
                None => place.iter_mut().for_each(|known| *known |= bits),
            }
        }
    }

    /// Whether a name may be known that has this [`first_word`].
    #[inline(always)]
    fn may_be(&self, word: u64) -> bool {
        let [first, second, third] = &self.0;
        let at = |place: u32| usize::from((word >> (56 - 8 * place)) as u8);
        first[at(0)] & second[at(1)] & third[at(2)] != 0
    }
}

impl SubjectNames {
    pub(super) fn new<'a>(names: impl Iterator<Item = &'a str>) -> Self {
        let mut all = Self {
            names: Vec::new(),
            beginnings: Beginnings::new(),
            first_letters: None,
            spellings: Vec::new(),
        };
        for name in names {
            let letters: Vec<u8> = letters_of(name).collect();
            if letters.is_empty() {
                continue;
            }
            all.beginnings.add(&letters, all.names.len());
            all.spellings.extend(spellings(name));
            all.names.push(letters);
        }
        all.first_letters = tree::Beginnings::of(all.names.iter().map(Vec::as_slice));
        all
    }

    /// False where no member of a text holds subjects of which this was seen.
    pub(super) fn may_be_among(&self, seen: &Seen) -> bool {
        seen.has_text_like_json
            || self
                .first_letters
                .is_none_or(|names| seen.names.may_have(names))
    }

    /// True where the policy looks for none.
    pub(super) fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    pub(super) fn has(&self, name: &str) -> bool {
        let word = first_word(name.as_bytes(), name.len());
        self.beginnings.may_be(word) && self.has_letters_of(name)
    }

    #[inline(never)]
    fn has_letters_of(&self, name: &str) -> bool {
        // Marks aside no name has more letters than bytes.
        let mut long_enough = self.names.iter().filter(|known| known.len() <= name.len());
        long_enough.any(|known| {
            let mut letters = letters_of(name);
            known.iter().all(|letter| letters.next() == Some(*letter))
                && matches!((letters.next(), letters.next()), (None | Some(b's'), None))
        })
    }

    /// False where neither a member of `value` nor one in its texts holds subjects; true as well where it has more
    /// than `left` lists and objects.
    pub(super) fn may_be_in(&self, value: &Tree<'_>, left: &mut u32) -> bool {
        match *value {
            Tree::Object(members) => members.iter_with_words().any(|(word, name, value)| {
                self.beginnings.may_be(word) && self.has_letters_of(name)
                    || self.may_be_below(value, left)
            }),
            Tree::Array(items) => {
                items.len() > FEW as usize || items.iter().any(|item| self.may_be_below(item, left))
            }
            _ => self.may_be_below(value, left),
        }
    }

    #[inline(always)]
    fn may_be_below(&self, value: &Tree<'_>, left: &mut u32) -> bool {
        match value {
            Tree::String(text) => may_be_json(text) && self.may_stand_in(text),
            Tree::Object(_) | Tree::Array(_) => {
                *left = left.saturating_sub(1);
                *left == 0 || self.may_be_in(value, left)
            }
            Tree::Null | Tree::Bool(_) | Tree::Number(_) => false,
        }
    }

    pub(super) fn may_stand_in(&self, text: &str) -> bool {
        self.spellings
            .iter()
            .any(|name| name.find(text.as_bytes()).is_some())
    }
}

fn letters_of(name: &str) -> impl Iterator<Item = u8> {
    name.bytes()
        .filter(u8::is_ascii_alphanumeric)
        .map(|byte| byte.to_ascii_lowercase())
}

/// `patient_id`, `patient-id`, `patientId`, `PatientId`, `patientid`, `PATIENT_ID` and `PatientID`.
fn spellings(name: &str) -> Vec<Finder<'static>> {
    let words: Vec<String> = name
        .split(|letter: char| !letter.is_ascii_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_ascii_lowercase)
        .collect();
    let capital = |word: &String| {
        let (first, rest) = word.split_at(1);
        first.to_ascii_uppercase() + rest
    };
    let capitals: String = words.iter().map(capital).collect();
    let (first, rest) = words
        .split_first()
        .map(|(first, rest)| (first.clone(), rest))
        .unwrap_or_default();
    let camel = first.clone() + &rest.iter().map(capital).collect::<String>();
    let shouted: Vec<String> = words.iter().map(|word| word.to_ascii_uppercase()).collect();
    let last_shouted = match words.split_last() {
        Some((last, before)) => {
            before.iter().map(capital).collect::<String>() + &last.to_ascii_uppercase()
        }
        None => String::new(),
    };
    let mut all = vec![
        name.to_owned(),
        words.join("_"),
        words.join("-"),
        words.concat(),
        camel,
        capitals,
        shouted.join("_"),
        last_shouted,
    ];
    all.sort();
    all.dedup();
    all.iter()
        .map(|spelling| Finder::new(spelling.as_bytes()).into_owned())
        .collect()
}

#[inline(always)]
pub(super) fn may_be_json(text: &str) -> bool {
    match text.as_bytes().first() {
        Some(b'{' | b'[') => true,
        Some(first) if *first <= b' ' => text.trim_ascii_start().starts_with(['{', '[']),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{SubjectNames, letters_of};
    use crate::tree::{Tree, parse, with_arena};

    /// Letters, digits and marks of which names are made that are alike.
    const NAMES: &str = "[aAbBsS1_\\-\u{0} é\u{FB33}\u{1F600}]{0,5}";

    /// `name` with other cases, and with a mark before some letters.
    fn spelt(name: &str, choices: &[u8]) -> String {
        let mut spelt = String::new();
        for (letter, choice) in name.chars().zip(choices.iter().cycle()) {
            let marks = ["", "", "", "-", "_", "é", "\u{0}", "\u{FB33}"];
            spelt.push_str(marks[usize::from(choice % 8)]);
            spelt.push(match choice & 8 {
                0 => letter.to_ascii_uppercase(),
                _ => letter.to_ascii_lowercase(),
            });
        }
        spelt
    }

    proptest! {
        #[test]
        fn a_name_is_found_exactly_where_its_letters_are_those_of_a_known_one(
            known in proptest::collection::vec(NAMES, 0..9),
            others in proptest::collection::vec(NAMES, 1..20),
            choices in proptest::collection::vec(any::<u8>(), 1..9),
        ) {
            let names = SubjectNames::new(known.iter().map(String::as_str));
            let spelt = known.iter().map(|name| spelt(name, &choices));
            let several = known.iter().map(|name| format!("{name}s"));
            for name in spelt.chain(several).chain(others) {
                let letters: Vec<u8> = letters_of(&name).collect();
                let is_known = known.iter().any(|known| {
                    let known: Vec<u8> = letters_of(known).collect();
                    let several = [known.as_slice(), b"s"].concat();
                    !known.is_empty() && (letters == known || letters == several)
                });
                prop_assert_eq!(names.has(&name), is_known, "{}", name);
                let value = serde_json::json!([{name.as_str(): 1}]);
                let found = Tree::with(&value, |tree| names.may_be_in(tree, &mut 9));
                prop_assert_eq!(found, is_known, "{}", name);
                let json = serde_json::json!([{"a": 1, name.as_str(): 1}]).to_string();
                let is_among = with_arena(|arena| {
                    names.may_be_among(&parse(json.as_bytes(), false, arena).seen)
                });
                prop_assert!(is_among || !is_known, "{}", name);
            }
        }
    }

    #[test]
    fn a_text_with_other_names_is_not_walked_through() {
        let names = SubjectNames::new(["patient_id", "mrn"].into_iter());
        for (json, expected) in [
            (r#"{"order_id":"ORD-1","status":"shipped","id":7}"#, false),
            (r#"{"order":[{"Patient_Id":"7"}]}"#, true),
            (r#"{"note":" {\"mrn\":7}"}"#, true),
            (r#"{"p-atient_id":"7"}"#, true),
        ] {
            let is_among =
                with_arena(|arena| names.may_be_among(&parse(json.as_bytes(), false, arena).seen));
            assert_eq!(is_among, expected, "{json}");
        }
    }

    #[test]
    fn a_name_is_known_in_every_spelling_and_in_the_plural() {
        let names = SubjectNames::new(["patient_id", "mrn"].into_iter());
        for name in [
            "patient_id",
            "patientId",
            "PatientID",
            "Patient-Id",
            "patient_ids",
            "MRN",
            "mrns",
        ] {
            assert!(names.has(name), "{name}");
        }
        for name in [
            "",
            "patient",
            "patient_idx",
            "patient_id_type",
            "mr",
            "mrnss",
            "id",
        ] {
            assert!(!names.has(name), "{name}");
        }
        for text in [
            r#"{"patientId":1}"#,
            r#"{"PatientID":1}"#,
            "mrn",
            "PATIENT_ID",
        ] {
            assert!(names.may_stand_in(text), "{text}");
        }
        assert!(!names.may_stand_in(r#"{"order_id":"7"}"#));
        for told in ["patient_id", "Patient-Id", "PATIENT ID"] {
            let names = SubjectNames::new([told].into_iter());
            for name in [
                told,
                "patient_id",
                "patient-id",
                "patientId",
                "PatientId",
                "patientid",
                "PATIENT_ID",
                "PatientID",
            ] {
                assert!(names.may_stand_in(name), "{name} of {told}");
            }
        }
    }
}
