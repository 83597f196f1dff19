//! Whether a member name is one that a rule names, however it is spelled.
//!
//! A name is folded: letters lower-case, words split at everything that is no letter or digit, at a
//! change from lower to upper case, and after digits. It matches a rule where its last words, written
//! together, are the rule's words written together; so `x-api-key`, `XApiKey`, `APIKEY` and `api.key`
//! are one name, and `token_count` or `secretary` are none, because a part of a word never matches.
//! A number at the end (`address2`, `api_key_1`) is passed over, and so is a word behind a rule's name that says
//! nothing of its own (`password_confirmation`, `phone_home`). Words that are written together without a sign, as in
//! `dbpassword`, are parted where the first one is known. Names in other letters than ASCII are folded first.

mod ends;
mod fold;
mod following;
mod spelling;
mod tails;
mod words;

use self::ends::KeyEnds;
use self::following::Following;
use self::spelling::{FOLD, Folded, letters_before, offset_of, without_number};
use self::tails::tails;
use self::words::{
    DESCRIBING_WORDS, FOLLOWING_WORDS, JOINED_WORDS, LONGEST_JOINED_WORD, is_listed,
};
use super::marker;
use super::rule::{Group, Rule};

pub(super) use self::spelling::{letters, snake_case};

/// The most letters and digits that a rule's name may have.
pub(super) const MAX_LETTERS: usize = 48;
const FILTER_BITS: usize = 32 * 1024;

/// The names of all rules, made to be asked often.
pub(super) struct KeyTable {
    /// Sorted by their letters.
    names: Vec<Name>,
    /// One bit for each value of the hash of a name's last three to five letters; almost every name
    /// of a call ends here, without being folded.
    filter: [u64; FILTER_BITS / 64],
    /// For each last letter, by its lowest five bits, one bit for each letter that may stand before it.
    last_pairs: [u32; 32],
    ends: KeyEnds,
}

struct Name {
    letters: Box<[u8]>,
    rule: usize,
    plural: bool,
    form: KeyForm,
}

/// A name that a rule goes by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Key {
    pub(super) letters: Box<[u8]>,
    pub(super) form: KeyForm,
}

/// What stands around a rule's name where it matches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum KeyForm {
    /// Any words before it.
    Ending,
    /// Nothing: `auth`, not `basic_auth`.
    Alone,
    /// Any words before it, but it is one word itself: `sessionid`, not `session_id`.
    OneWord,
}

/// A rule that a name matches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct KeyMatch {
    pub(super) rule: usize,
    /// The name is the rule's with an `s`: `tokens`, which may as well be a count.
    pub(super) plural: bool,
    /// Where the matching words begin within the name.
    pub(super) start: usize,
}

impl KeyTable {
    pub(super) fn new(rules: &[Rule]) -> Self {
        let mut names = Vec::new();
        for (rule, described) in rules.iter().enumerate() {
            for key in described.keys() {
                let mut plural = key.letters.to_vec();
                plural.extend_from_slice(if plural.ends_with(b"s") { b"es" } else { b"s" });
                for (letters, plural) in [(key.letters.clone(), false), (plural.into(), true)] {
                    names.push(Name {
                        letters,
                        rule,
                        plural,
                        form: key.form,
                    });
                }
            }
        }
        // A rule's own name comes before another rule's plural that is spelled the same.
        names.sort_by(|a, b| (&a.letters, a.plural).cmp(&(&b.letters, b.plural)));
        names.dedup_by(|later, first| later.letters == first.letters);
        let mut filter = [0_u64; FILTER_BITS / 64];
        let mut last_pairs = [0_u32; 32];
        let mut admit = |letters: &[u8]| {
            if let [.., before, last] = *letters {
                last_pairs[usize::from(last & 31)] |= 1 << (before & 31);
            }
            // Of a name with more letters than the rule's, the hash of as many letters counts.
            let (tails, _) = tails(letters);
            let hash = tails[letters.len().clamp(3, 5) - 3] % FILTER_BITS;
            filter[hash / 64] |= 1 << (hash % 64);
        };
        for name in &names {
            admit(&name.letters);
        }
        for word in FOLLOWING_WORDS.iter().chain(DESCRIBING_WORDS) {
            admit(word.as_bytes());
        }
        for name in names.iter().filter(|name| name.letters.len() == 2) {
            // What stands before so short a name belongs to the hash.
            for before in (b'a'..=b'z').chain(b'0'..=b'9') {
                admit(&[before, name.letters[0], name.letters[1]]);
            }
        }
        if names.iter().any(|name| {
            name.letters.len() < 2 || name.letters.len() == 2 && !name.letters.is_ascii()
        }) {
            filter = [u64::MAX; FILTER_BITS / 64];
            last_pairs = [u32::MAX; 32];
        }
        let ends = KeyEnds::new(
            names.iter().map(|name| &*name.letters),
            FOLLOWING_WORDS
                .iter()
                .chain(DESCRIBING_WORDS)
                .map(|word| word.as_bytes()),
        );
        Self {
            names,
            filter,
            last_pairs,
            ends,
        }
    }

    /// The rule that `name` matches, the one with the longest name where several do.
    #[inline]
    pub(super) fn find(&self, rules: &[Rule], name: &[u8]) -> Option<KeyMatch> {
        // Most names end in two letters that no rule's name ends in; the others need a closer look.
        if let [.., before, last] = *name
            && before.is_ascii_alphabetic()
            && last.is_ascii_alphabetic()
            && self.last_pairs[usize::from(last & 31)] & (1 << (before & 31)) == 0
        {
            return None;
        }
        self.find_by_tail(rules, name)
    }

    /// False for most texts that end in no rule's name, without a closer look.
    #[inline]
    pub(super) fn may_match(&self, name: &[u8]) -> bool {
        let may_match = self.ends.may_match(name, &FOLD)
            // What stands before a number counts.
            || letters_before(name).next().is_some_and(|last| last.is_ascii_digit())
                && self.ends.may_match(without_number(name), &FOLD);
        may_match && (name.is_ascii() || self.may_match_folded(name))
    }

    /// False for most names in other letters than those of ASCII, which are folded one by one up to where it is decided.
    fn may_match_folded(&self, name: &[u8]) -> bool {
        let mut walk = self.ends.walk();
        let mut last = None;
        let read = fold::fold_from_end(name, |byte| {
            let letter = FOLD[usize::from(byte)];
            letter == 0 || !last.get_or_insert(letter).is_ascii_digit() && walk.step(letter)
        });
        // What stands before a number counts.
        read.is_none() || last.is_some_and(|last: u8| last.is_ascii_digit()) || walk.may_match()
    }

    fn find_by_tail(&self, rules: &[Rule], name: &[u8]) -> Option<KeyMatch> {
        self.find_anywhere(rules, name)
            // Of what the sanitizer wrote itself a rule's name is no part.
            .filter(|found| !marker::holds(name, &(found.start..found.start + 1)))
    }

    fn find_anywhere(&self, rules: &[Rule], name: &[u8]) -> Option<KeyMatch> {
        let found = if name.is_ascii() {
            self.find_ascii(rules, name)?
        } else {
            if !self.may_match(name) {
                return None;
            }
            let folded = fold::fold(name);
            let found = self.find_ascii(rules, &folded.text)?;
            if marker::is_at_end(&folded.text) {
                return None;
            }
            KeyMatch {
                start: folded.origin(found.start),
                ..found
            }
        };
        // A name in which something was replaced names what it did before: nothing.
        (!marker::is_at_end(name)).then_some(found)
    }

    fn find_ascii(&self, rules: &[Rule], name: &[u8]) -> Option<KeyMatch> {
        let (tails, last) = tails(name);
        if self.passes(tails) {
            if let Some(found) = self.find_folded(rules, name) {
                return Some(found);
            }
            if let Some(follows) = Following::of(name) {
                let found = self.find_folded(rules, follows.before)?;
                let says_nothing = match rules[found.rule].group() {
                    Some(Group::Secret) => follows.a_secret,
                    Some(_) => follows.a_number,
                    None => false,
                };
                return says_nothing.then_some(found);
            }
        }
        if last.is_ascii_digit() {
            let unnumbered = without_number(name);
            if self.passes(self::tails(unnumbered).0) {
                return self.find_folded(rules, unnumbered);
            }
        }
        None
    }

    #[inline]
    fn passes(&self, tails: [usize; 3]) -> bool {
        tails.into_iter().any(|hash| {
            let hash = hash % FILTER_BITS;
            self.filter[hash / 64] & (1 << (hash % 64)) != 0
        })
    }

    fn find_folded(&self, rules: &[Rule], name: &[u8]) -> Option<KeyMatch> {
        let ends = self.ends.names_of(letters_before(name));
        if ends == 0 {
            return None;
        }
        let folded = Folded::of(name);
        let mut starts = folded.word_starts & ends;
        while starts != 0 {
            let start = starts.trailing_zeros();
            starts &= starts - 1;
            let earlier = folded.word_starts & ((1 << start) - 1);
            let start = start as usize;
            let before = earlier
                .checked_ilog2()
                .map_or(&[][..], |from| &folded.letters[from as usize..start]);
            let parts = Parts {
                before,
                words: &folded.letters[start..],
                first: earlier == 0 && folded.whole,
                one_word: folded.word_starts >> start == 1,
            };
            if let Some(found) = self.find_words(rules, name, &parts) {
                return Some(found);
            }
        }
        let mut starts = folded.word_starts;
        while starts != 0 {
            let start = starts.trailing_zeros() as usize;
            starts &= starts - 1;
            let words = &folded.letters[start..];
            for length in 2..=LONGEST_JOINED_WORD.min(words.len() - 1) {
                if ends & 1 << (start + length) == 0 {
                    continue;
                }
                let (before, words) = words.split_at(length);
                let parts = Parts {
                    before,
                    words,
                    first: false,
                    one_word: starts == 0,
                };
                if is_listed(JOINED_WORDS, before)
                    && let Some(found) = self.find_words(rules, name, &parts)
                {
                    return Some(found);
                }
            }
        }
        None
    }

    fn find_words(&self, rules: &[Rule], name: &[u8], parts: &Parts<'_>) -> Option<KeyMatch> {
        let at = self
            .names
            .binary_search_by(|known| (*known.letters).cmp(parts.words))
            .ok()?;
        let known = &self.names[at];
        let fits = match known.form {
            KeyForm::Ending => true,
            KeyForm::Alone => parts.first,
            KeyForm::OneWord => parts.one_word,
        };
        (fits && !rules[known.rule].is_harmless_after(parts.before)).then(|| KeyMatch {
            rule: known.rule,
            plural: known.plural,
            start: offset_of(name, parts.words.len()),
        })
    }
}

/// The end of a name that may be a rule's, and what stands around it.
struct Parts<'f> {
    /// The word before.
    before: &'f [u8],
    words: &'f [u8],
    /// Nothing stands before.
    first: bool,
    one_word: bool,
}
