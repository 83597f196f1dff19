//! Passwords that are words, told beside the name of their user: `username kim, password swordfish`.

use super::sentence::Sentence;
use super::{Kind, MAX_REACH};
use crate::sanitize::detect::noun::belongs_to_password;
use crate::sanitize::extent::Found;
use crate::sanitize::reference::is_grammar;

/// How many letters such a password has.
const LETTERS: std::ops::RangeInclusive<usize> = 5..=24;
/// What stands before the name of a user.
const LABELS: &[&[u8]] = &[b"username", b"login", b"userid"];
/// What stands between it and the name of the password.
const BETWEEN: &[&[u8]] = &[b"and", b"with", b"using", b"the", b"a"];
/// What somebody does as a user.
const VERBS: &[&[u8]] = &[
    b"sign",
    b"signed",
    b"log",
    b"logged",
    b"login",
    b"logon",
    b"connect",
    b"connected",
    b"authenticate",
];

impl Sentence<'_, '_, '_> {
    /// The last word of a clause that told the name of a user before.
    pub(super) fn beside_user(&self) -> Option<Found> {
        let bytes = self.bytes();
        if self.name.kind != Kind::Password || bytes.get(self.name.range.end) != Some(&b' ') {
            return None;
        }
        let word = self.word(self.name.range.end + 1);
        let text = self.text(&word);
        let is_value = LETTERS.contains(&text.len())
            && text.bytes().all(|byte| byte.is_ascii_alphabetic())
            && !is_grammar(text)
            && !belongs_to_password(text)
            && self.ends_clause(word.end)
            && self.is_beside_user(text.as_bytes());
        is_value.then_some(Found::bare(word.start..word.end))
    }

    /// True where a user other than `value` is told before the name: `username kim, `, `sign in as ada with the `.
    fn is_beside_user(&self, value: &[u8]) -> bool {
        let start = self.name.range.start;
        let before = &self.bytes()[start.saturating_sub(MAX_REACH)..start];
        let sentence = before
            .iter()
            .rposition(|byte| matches!(byte, b'\n' | b';' | b'!' | b'?'))
            .map_or(before, |at| &before[at + 1..]);
        let is = |known: &[&[u8]], word: &[u8]| {
            known.iter().any(|known| word.eq_ignore_ascii_case(known))
        };
        let mut words = sentence
            .rsplit(|byte| matches!(byte, b' ' | b',' | b':' | b'"' | b'\'' | b'`'))
            .filter(|word| !word.is_empty())
            .skip_while(|word| is(BETWEEN, word));
        let (Some(user), Some(label)) = (words.next(), words.next()) else {
            return false;
        };
        let is_user = std::str::from_utf8(user)
            .is_ok_and(|user| !is_grammar(user) && !belongs_to_password(user));
        let is_told = is(LABELS, label)
            || label.eq_ignore_ascii_case(b"as") && words.any(|word| is(VERBS, word));
        is_user && is_told && user != value
    }
}

#[cfg(test)]
mod tests {
    use crate::sanitize::text::testing::{hits, misses};

    #[test]
    fn a_password_beside_its_user_goes() {
        hits(&[
            (
                "username kim, password swordfish",
                "username kim, password <>",
            ),
            (
                "Use login ada and password swordfish.",
                "Use login ada and password <>.",
            ),
            (
                "Sign in as ada with the password swordfish.",
                "Sign in as ada with the password <>.",
            ),
        ]);
    }

    #[test]
    fn fields_and_sentences_beside_a_user_stay() {
        misses(&[
            "username field, password field",
            "username required, password required",
            "the login page, password reset and so on",
            "Sign in as ada with the password manager.",
            "log in as admin with the password provided",
            "username column, password column",
            "sign in as a guest, password optional",
            "username ada, password protected",
        ]);
    }
}
