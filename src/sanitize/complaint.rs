//! What validators say of a field under its name: `{"password": "is too short (minimum is 12 characters)"}`.
//!
//! Each of its words is known, so that none of them can be what the field is about.

/// The most bytes of such a sentence.
const LONGEST: usize = 160;
/// The fewest words.
const LEAST_WORDS: usize = 2;
/// The most digits of a number in it.
const MAX_DIGITS: usize = 3;

/// The words of such sentences, in order.
#[rustfmt::skip]
const WORDS: &[&str] = &[
    "a", "accepted", "address", "already", "an", "and", "are", "at", "be", "been", "between", "blank", "can", "can't",
    "cannot", "character", "characters", "common", "confirmation", "contain", "contains", "correct", "could", "date",
    "digit", "digits", "does", "doesn't", "email", "empty", "ensure", "enter", "entered", "equal", "exactly", "exist",
    "exists", "expected", "expired", "field", "format", "found", "greater", "has", "have", "in", "incorrect", "invalid",
    "is", "isn't", "it", "least", "length", "less", "letter", "letters", "long", "lowercase", "match", "max", "maximum",
    "may", "min", "minimum", "missing", "more", "most", "must", "mustn't", "no", "not", "null", "number", "numbers",
    "of", "one", "only", "or", "password", "phone", "please", "provide", "provided", "recognized", "required",
    "reserved", "short", "should", "special", "string", "symbol", "taken", "than", "that", "the", "this", "to", "too",
    "unavailable", "unique", "unknown", "uppercase", "use", "used", "valid", "value", "was", "weak", "with", "wrong",
    "your",
];
/// Words that hardly any other text has: one of them must be there.
#[rustfmt::skip]
const TELLING: &[&str] = &[
    "already", "be", "been", "can't", "cannot", "contain", "does", "doesn't", "ensure", "enter", "has", "have", "is",
    "isn't", "may", "must", "mustn't", "not", "provide", "required", "should", "too",
];

/// True for such a sentence.
pub(super) fn is_one(text: &str) -> bool {
    if text.len() > LONGEST || !text.contains(' ') {
        return false;
    }
    let (mut words, mut tells) = (0, false);
    for part in text.split_ascii_whitespace() {
        let word = part.trim_matches(['(', ')', '.', ',', '!', ':', ';']);
        let is_number = !word.is_empty()
            && word.len() <= MAX_DIGITS
            && word.bytes().all(|byte| byte.is_ascii_digit());
        if word.is_empty() || is_number {
            continue;
        }
        if !is_word_of(WORDS, word) {
            return false;
        }
        tells |= is_word_of(TELLING, word);
        words += 1;
    }
    words >= LEAST_WORDS && tells
}

/// True for one of these words, whatever its case and its apostrophe.
fn is_word_of(known: &[&str], word: &str) -> bool {
    let straight = || {
        word.chars().map(|letter| match letter {
            '’' => '\'',
            letter => letter.to_ascii_lowercase(),
        })
    };
    known
        .binary_search_by(|candidate| candidate.chars().cmp(straight()))
        .is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_stand_in_order() {
        assert!(WORDS.is_sorted() && TELLING.is_sorted());
    }

    #[test]
    fn what_validators_say_is_known_and_what_may_tell_a_secret_is_not() {
        for text in [
            "is too short (minimum is 12 characters)",
            "has already been taken",
            "can't be blank",
            "can’t be blank",
            "This field is required.",
            "Must contain at least one uppercase letter",
            "does not match",
            "Please enter a valid email address.",
        ] {
            assert!(is_one(text), "{text}");
        }
        for text in [
            "sommer is too short",
            "must not be Xk4Ergjv",
            "4821 is wrong",
            "123 45 678",
            "correct letters match one",
            "required",
            "the blue otter is valid",
        ] {
            assert!(!is_one(text), "{text}");
        }
    }
}
