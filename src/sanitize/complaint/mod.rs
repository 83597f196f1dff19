//! What validators say of a field under its name: `{"password": "is too short (minimum is 12 characters)"}`.
//!
//! Each of the words is known, and no number has more than three digits, so that none of them can be what the field
//! is about.

mod lexicon;
mod rules;
mod words;

use self::lexicon::Meaning;
use self::words::LANGUAGES;
use crate::tree::{Members, Tree};

/// The most bytes of such a sentence.
const LONGEST: usize = 200;
/// The most bytes of a complaint that is no sentence.
const LONGEST_CODE: usize = 40;
/// The fewest words.
const LEAST_WORDS: usize = 2;
/// The most digits of a number in it.
const MAX_DIGITS: usize = 3;
/// The most signs in a row: more may be a secret made of them.
const MAX_SIGNS: usize = 3;

/// The most numbers: more may be a secret's digits, one by one.
const MOST_NUMBERS: usize = 3;

/// Signs that stand around words and between them.
const SIGNS: &[char] = &[
    '(', ')', '[', ']', '.', ',', '!', '?', ':', ';', '_', '/', '"', '`', '“', '”', '„', '«', '»',
    '<', '>', '=',
];
/// Signs that may stand alone.
const DASHES: &[&str] = &["-", "–", "—", "="];

/// Words that may stand between a number and what makes a bound of it, in order: `minimum is 8`, `between 8 and 64`.
#[rustfmt::skip]
const LINKING: &[&str] = &[
    "a", "and", "be", "bis", "de", "di", "e", "en", "equal", "es", "est", "et", "is", "ist", "of", "or", "to", "und",
    "van", "von", "y", "à", "è", "é",
];

/// The bit of the first language.
const ENGLISH: u8 = 1;

/// How deep complaints may stand in lists and objects.
const MAX_DEPTH: usize = 3;
/// The most that stand in one of them: nobody says more of one field.
const MOST_TOLD: usize = 16;
/// The members in which an object has its complaint.
#[rustfmt::skip]
const MESSAGES: &[&str] = &[
    "_errors", "description", "detail", "error", "errors", "message", "messages", "msg", "properties", "reason",
];
/// The members that say what the complaint is about, in words that are known.
#[rustfmt::skip]
const KINDS: &[&str] = &[
    "code", "count", "field", "keyword", "kind", "limit", "loc", "max", "maximum", "min", "minimum", "name", "param",
    "path", "rule", "tag", "type", "valid",
];

/// What validators say of a field in one word, which neither passwords nor codes are.
#[rustfmt::skip]
const STATUSES: &[&str] = &[
    "abgelaufen", "blank", "duplicate", "empty", "erforderlich", "expired", "fehlt", "incorrect", "invalid", "invalide",
    "inválido", "malformed", "mismatch", "missing", "obbligatorio", "obligatoire", "obligatorio", "obrigatório",
    "ongeldig", "pflichtfeld", "requerido", "required", "taken", "ungültig", "unknown", "verplicht",
];

/// True for what a validator says, be it one sentence, a list of them or objects that hold them.
pub(super) fn is_told(value: &Tree<'_>) -> bool {
    is_told_within(value, MAX_DEPTH, is_one)
}

/// The same where such are expected, be it in one word: `invalid`, `too_short`.
pub(super) fn is_told_in_short(value: &Tree<'_>) -> bool {
    is_told_within(value, MAX_DEPTH, |text| is_in_short(text) || is_one(text))
}

/// True for a complaint in one word, or in the form of a name.
pub(super) fn is_in_short(text: &str) -> bool {
    text.len() <= LONGEST_CODE
        && !text.contains(' ')
        && (Meaning::of(text).is_status || is_code(text))
}

fn is_told_within(value: &Tree<'_>, depth: usize, tells: fn(&str) -> bool) -> bool {
    let Some(depth) = depth.checked_sub(1) else {
        return false;
    };
    match *value {
        Tree::String(text) => tells(text),
        Tree::Array(items) => {
            (1..=MOST_TOLD).contains(&items.len())
                && items.iter().all(|item| is_told_within(item, depth, tells))
        }
        Tree::Object(members) => is_told_by_members(members, depth, tells),
        _ => false,
    }
}

/// True for `{"code": "too_short", "message": "is too short"}`.
fn is_told_by_members(members: Members<'_>, depth: usize, tells: fn(&str) -> bool) -> bool {
    let mut is_told = false;
    let mut is_harmless = |(name, value): (&str, &Tree<'_>)| {
        let tells = match *value {
            Tree::String(text) => tells(text) || is_code(text),
            _ => is_told_within(value, depth, tells),
        };
        if tells && MESSAGES.contains(&name) {
            is_told = true;
            return true;
        }
        KINDS.contains(&name)
            && match *value {
                Tree::Null | Tree::Bool(_) => true,
                Tree::Number(number) => number.to_text().len() <= MAX_DIGITS,
                Tree::String(text) => {
                    let meaning = Meaning::of(text);
                    tells || meaning.is_shared || meaning.words & ENGLISH != 0
                }
                _ => false,
            }
    };
    members.len() <= MOST_TOLD && members.iter().all(&mut is_harmless) && is_told
}

/// True for `too_short` and `email-invalid`: the same in the form of a name.
fn is_code(text: &str) -> bool {
    let mut sentence = Sentence::new();
    let mut has_word = |word: &str| !word.is_empty() && sentence.reads(word);
    text.len() <= LONGEST_CODE
        && text.split(['_', '-', '.']).all(&mut has_word)
        && sentence.complains()
}

/// True for a sentence of a validator, and for the rules that it goes by.
///
/// Nearly all values begin with another word than such a sentence, which decides it.
pub(super) fn is_one(text: &str) -> bool {
    if text.len() > LONGEST || !text.contains(' ') {
        return rules::are_rules(text);
    }
    // Of words that are no sentence the last one is none of those more often than not.
    let blank = text.bytes().rposition(|byte| byte == b' ');
    let last = text
        .get(blank.map_or(0, |blank| blank + 1)..)
        .unwrap_or_default();
    let is_plain = !last.is_empty() && last.bytes().all(|byte| byte.is_ascii_alphabetic());
    if is_plain && !Meaning::of(last).is_of_sentence() {
        return false;
    }
    let mut sentence = Sentence::new();
    text.split_whitespace().all(|part| sentence.reads(part)) && sentence.complains()
}

/// What is known of a sentence up to one of its words.
struct Sentence {
    /// The languages in which all words are known, one bit for each.
    languages: u8,
    /// Those in which one of them tells what the sentence is.
    telling: u8,
    words: usize,
    /// One begins with a small letter: a name of several words has none.
    has_small: bool,
    numbers: usize,
    /// A number that comes now is a bound.
    bounds: bool,
    /// The last word was a number that has yet to count something.
    counts: bool,
    ends_in_number: bool,
}

impl Sentence {
    fn new() -> Self {
        const { assert!(LANGUAGES.len() < 8) };
        Self {
            languages: u8::MAX >> (8 - LANGUAGES.len()),
            telling: 0,
            words: 0,
            has_small: false,
            numbers: 0,
            bounds: false,
            counts: false,
            ends_in_number: false,
        }
    }

    /// Reads what stands between two blanks; false where no validator says such a thing.
    fn reads(&mut self, part: &str) -> bool {
        if DASHES.contains(&part) {
            return true;
        }
        let (mut signs, mut has_word) = (0, false);
        for piece in part.split(SIGNS) {
            let word = piece.trim_matches(['\'', '‘', '’']);
            signs = if word.is_empty() { signs + 1 } else { 1 };
            if signs > MAX_SIGNS {
                return false;
            }
            if !word.is_empty() {
                has_word = true;
                if !self.reads_word(word) {
                    return false;
                }
            }
        }
        has_word
    }

    fn reads_word(&mut self, word: &str) -> bool {
        let follows_number = self.ends_in_number;
        self.ends_in_number = word.bytes().all(|byte| byte.is_ascii_digit());
        if self.ends_in_number {
            self.numbers += 1;
            self.counts = !self.bounds;
            return word.len() <= MAX_DIGITS && self.numbers <= MOST_NUMBERS && !follows_number;
        }
        let meaning = Meaning::of(word);
        if !meaning.is_shared {
            self.languages &= meaning.words;
            if self.languages == 0 {
                return false;
            }
            self.telling |= meaning.telling;
        }
        if self.counts && self.languages & meaning.units == 0 {
            return false;
        }
        self.counts = false;
        self.words += 1;
        self.has_small |= word.starts_with(char::is_lowercase);
        self.bounds = self.languages & meaning.bounding != 0 || self.bounds && meaning.is_linking;
        true
    }

    fn complains(&self) -> bool {
        self.words >= LEAST_WORDS
            && self.languages & self.telling != 0
            && self.has_small
            && !self.counts
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_stand_in_order_and_those_with_a_meaning_are_words() {
        for list in [LINKING, STATUSES, MESSAGES, KINDS] {
            assert!(list.is_sorted(), "{list:?}");
        }
        for language in LANGUAGES {
            assert!(language.words.is_sorted(), "{:?}", language.words);
            for list in [language.telling, language.units, language.bounding] {
                assert!(list.is_sorted(), "{list:?}");
                for word in list {
                    assert!(Meaning::of(word).is_of_sentence(), "{word}");
                }
            }
        }
    }

    #[test]
    fn what_validators_say_is_known() {
        for text in [
            "is too short (minimum is 12 characters)",
            "has already been taken",
            "can't be blank",
            "can’t be blank",
            "must be in the past",
            "checksum is wrong",
            "Invalid format",
            "does not match",
            "Passwords do not match",
            "Your card's security code is invalid.",
            "Field required",
            "This field is required.",
            "Must contain at least one uppercase letter",
            "Please enter a valid email address.",
            "This password is too common.",
            "This password is too short. It must contain at least 8 characters.",
            "The password confirmation does not match.",
            "The field Password must be a string with a minimum length of 8 and a maximum length of 64.",
            "The given password has appeared in a data leak. Please choose a different password.",
            "Passwords must have at least one digit ('0'-'9').",
            "String must contain at least 8 character(s)",
            "Too small: expected string to have >=8 characters",
            "Expected string, received null",
            "value is not a valid email address: The part after the @-sign is not valid.",
            "size must be between 8 and 64",
            "must be a well-formed email address",
            "must NOT have fewer than 8 characters",
            "Path `password` is required.",
            "\"password\" is not allowed to be empty",
            "Key: 'User.Email' Error:Field validation for 'Email' failed on the 'email' tag",
            "must be greater than or equal to 8",
            "must be exactly 4 digits",
            "muss mindestens 8 Zeichen lang sein",
            "ist ungültig",
            "Das Passwort ist zu kurz (mindestens 8 Zeichen).",
            "stimmt nicht überein",
            "est obligatoire",
            "n’est pas valide",
            "est trop court (au moins 8 caractères)",
            "Le champ mot de passe est obligatoire.",
            "no puede estar vacío",
            "es demasiado corto (8 caracteres mínimo)",
            "Este campo es obligatorio.",
            "non può essere vuoto",
            "è troppo corto (il minimo è 8 caratteri)",
            "não pode ficar em branco",
            "O campo senha é obrigatório.",
            "moet ten minste 8 tekens lang zijn",
            "is al in gebruik",
        ] {
            assert!(is_one(text), "{text}");
        }
    }

    #[test]
    fn what_may_tell_a_secret_is_no_such_sentence() {
        for text in [
            "sommer is too short",
            "must not be Xk4Ergjv",
            "4821 is wrong",
            "it is 48 21.",
            "code is 482",
            "must equal 482",
            "must be exactly 482",
            "must be 4 digits, received 482",
            "must be 4 8 2 1",
            "123 45 678",
            "correct letters match one",
            "required",
            "the blue otter is valid",
            "must not be ;;:=.((!",
            "is ist est",
            "is this it",
            "the password has a year in it",
            "Must Be Long",
            "is-too-short",
            "Ada Roe",
        ] {
            assert!(!is_one(text), "{text}");
        }
    }
}
