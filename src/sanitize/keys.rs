//! Whether a member name is one that a rule names, however it is spelled.
//!
//! A name is folded: letters lower-case, words split at everything that is no letter or digit, at a
//! change from lower to upper case, and after digits. It matches a rule where its last words, written
//! together, are the rule's words written together; so `x-api-key`, `XApiKey`, `APIKEY` and `api.key`
//! are one name, and `token_count` or `secretary` are none, because a part of a word never matches.
//! A number at the end (`address2`, `api_key_1`) is passed over, and so is a word behind a rule's name that says
//! nothing of its own (`password_confirmation`, `phone_home`). Words that are written together without a sign, as in
//! `dbpassword`, are parted where the first one is known. Names in other letters than ASCII are folded first.

use super::key_ends::KeyEnds;
use super::key_words::{
    DESCRIBING_WORDS, FOLLOWING_WORDS, JOINED_WORDS, LONGEST_FOLLOWING_WORD, LONGEST_JOINED_WORD,
    is_listed,
};
use super::rules::{Group, Rule};
use super::{key_fold, marker};

/// The most letters and digits that a rule's name may have.
pub(super) const MAX_LETTERS: usize = 48;
/// How many of a name's last letters and digits are looked at: a rule's and those of the word before it.
const WINDOW: usize = 64;
const FILTER_BITS: usize = 32 * 1024;

/// A number with more digits is not one of several of a kind, but a value.
const LONGEST_NUMBER: usize = 4;

/// What a byte of a name folds to, zero for one that parts words. Bytes beyond ASCII stand for themselves.
const FOLD: [u8; 256] = {
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
        self.ends.may_match(name, &FOLD)
            // What stands before a number counts.
            || letters_before(name).next().is_some_and(|last| last.is_ascii_digit())
                && self.ends.may_match(without_number(name), &FOLD)
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
            let folded = key_fold::fold(name);
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

/// A word at the end of a name that may say nothing of its own.
struct Following<'n> {
    /// What stands before it.
    before: &'n [u8],
    /// It says nothing behind a secret's name.
    a_secret: bool,
    /// It says nothing behind the name of a number or of a person's data.
    a_number: bool,
}

impl<'n> Following<'n> {
    fn of(name: &'n [u8]) -> Option<Self> {
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

/// The last letters and digits of a name, lower-case, in the last places of a window.
struct Folded {
    letters: [u8; WINDOW],
    /// The places in which a word begins, one bit each.
    word_starts: u64,
    /// All of the name's letters are here.
    whole: bool,
}

impl Folded {
    fn of(name: &[u8]) -> Self {
        let mut folded = Self {
            letters: [0; WINDOW],
            word_starts: 0,
            whole: false,
        };
        let mut place = WINDOW;
        let mut at = name.len();
        while at > 0 && place > 0 {
            at -= 1;
            let begins = begins_word(name, at + 1);
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

/// The letters and digits of a name, lower-case, from the last one on.
#[inline]
fn letters_before(name: &[u8]) -> impl Iterator<Item = u8> {
    let folded = name.iter().rev().map(|byte| FOLD[usize::from(*byte)]);
    folded.filter(|letter| *letter != 0)
}

/// Where the last `count` letters and digits of a name begin.
fn offset_of(name: &[u8], count: usize) -> usize {
    let mut places = (0..name.len())
        .rev()
        .filter(|at| FOLD[usize::from(name[*at])] != 0);
    places.nth(count.saturating_sub(1)).unwrap_or(0)
}

/// True where a word may begin at `at`, judged by the byte before and the two from there on.
fn begins_word(name: &[u8], at: usize) -> bool {
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

/// The hashes of the last three, four and five letters and digits of a name; and the very last one,
/// zero where there is none. Hashes of letters that are not there are those of the ones that are.
#[inline]
fn tails(name: &[u8]) -> ([usize; 3], u8) {
    if let [.., a, b, c, d, e] = *name {
        let [a, b, c, d, e] = [a, b, c, d, e].map(|byte| FOLD[usize::from(byte)]);
        if a != 0 && b != 0 && c != 0 && d != 0 && e != 0 {
            let three = extend(extend(extend(0, e), d), c);
            let four = extend(three, b);
            return ([three, four, extend(four, a)], e);
        }
    }
    tails_between_separators(name)
}

fn tails_between_separators(name: &[u8]) -> ([usize; 3], u8) {
    let (mut hash, mut last, mut tails, mut found) = (0, 0, [0; 3], 0);
    for &byte in name.iter().rev() {
        let letter = FOLD[usize::from(byte)];
        if letter == 0 {
            continue;
        }
        if found == 0 {
            last = letter;
        }
        hash = extend(hash, letter);
        found += 1;
        for tail in &mut tails[usize::clamp(found, 3, 5) - 3..] {
            *tail = hash;
        }
        if found == 5 {
            break;
        }
    }
    (tails, last)
}

#[inline]
fn extend(hash: usize, letter: u8) -> usize {
    hash * 31 + usize::from(letter)
}

/// A name without the short number at its end; a longer one is a value that stands behind its name.
fn without_number(name: &[u8]) -> &[u8] {
    let is_letter = |byte: &u8| FOLD[usize::from(*byte)] != 0 && !byte.is_ascii_digit();
    let end = name.iter().rposition(is_letter).map_or(0, |at| at + 1);
    let digits = name[end..].iter().filter(|byte| byte.is_ascii_digit());
    if digits.count() > LONGEST_NUMBER {
        return name;
    }
    &name[..end]
}

/// The letters and digits of a name, lower-case, as they are compared.
pub(super) fn letters(name: &str) -> Vec<u8> {
    let folded;
    let mut bytes = name.as_bytes();
    if !name.is_ascii() {
        folded = key_fold::fold(bytes).text;
        bytes = &folded;
    }
    bytes
        .iter()
        .map(|byte| FOLD[usize::from(*byte)])
        .filter(|letter| *letter != 0)
        .collect()
}

/// A name in snake case: its words, lower-case, with `_` between them.
pub(super) fn snake_case(name: &str) -> String {
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
