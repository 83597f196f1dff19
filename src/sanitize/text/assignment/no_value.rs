//! What stands behind a name and an operator, and is no value of it.

use super::Scan;
use crate::sanitize::extent::Found;
use crate::sanitize::rule::{Extent, Rule};
use crate::sanitize::rules::Rules;

impl Scan<'_, '_, '_> {
    /// `string password = 2;` numbers a field of a message.
    pub(super) fn is_field_number(&self, name: &[u8], value: &Found) -> bool {
        let is_text = [&b"string "[..], b"bytes "]
            .iter()
            .any(|kind| name.trim_ascii_start().starts_with(kind));
        let word = &self.findings.bytes()[value.start..value.end];
        let digits = word.strip_suffix(b";").unwrap_or(word);
        let is_closed =
            digits.len() < word.len() || self.findings.bytes().get(value.end) == Some(&b';');
        is_text && is_closed && digits.len() <= 5 && digits.iter().all(u8::is_ascii_digit)
    }

    pub(super) fn is_number(&self, value: &Found) -> bool {
        self.findings.bytes()[value.start..value.end]
            .iter()
            .all(u8::is_ascii_digit)
    }
}

/// What GitHub's workflows may do with a token, and what `behind` a sign without a blank a scope allows: `token:read`.
pub(super) fn is_permission(name: &[u8], behind: &[u8], word: &str) -> bool {
    const ALLOWED: &[&str] = &[
        "create", "delete", "list", "manage", "read", "revoke", "rotate", "update", "write",
    ];
    name.ends_with(b"id-token") && matches!(word, "write" | "read" | "none")
        || behind == b":" && ALLOWED.contains(&word)
}

/// True for what a program shows beside a field of this name: `login.password=Mot de passe`.
///
/// It has several words, nothing but letters in them, and one of the names of the rule. It begins with a capital where its
/// letters have any, as a passphrase seldom does.
pub(super) fn is_shown_label(rules: &Rules, rule: &Rule, words: &str) -> bool {
    const LONGEST: usize = 64;
    let is_of_label = |letter: char| letter.is_alphabetic() || matches!(letter, ' ' | '\'' | '’');
    let words = words.trim_end_matches(['?', ':', '…', '.']);
    let names_field = |text: &str| {
        let found = rules.for_name_at_end(text.as_bytes());
        found.is_some_and(|(found, ..)| found.name() == rule.name())
    };
    words.len() <= LONGEST
        && words.contains(' ')
        && !words.starts_with(char::is_lowercase)
        && words.chars().all(is_of_label)
        && words
            .match_indices(' ')
            .map(|(end, _)| end)
            .chain([words.len()])
            .filter_map(|end| words.get(..end))
            .any(names_field)
}

/// `auth=(user, password)`, `auth=BasicAuth(user, password)`: no literal stands in the brackets.
pub(super) fn is_called_with_names(word: &str, extent: Extent) -> bool {
    extent == Extent::Credentials
        && word.split_once('(').is_some_and(|(function, arguments)| {
            let is_name = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.');
            arguments.ends_with(')')
                && function.bytes().all(is_name)
                && arguments
                    .bytes()
                    .all(|byte| is_name(byte) || matches!(byte, b',' | b' ' | b'(' | b')'))
        })
}

/// `"Password: "`, a text that asks for one: the mark behind the operator is that before the name.
pub(super) fn closes(bytes: &[u8], at: usize, outer: Option<u8>) -> bool {
    bytes.get(at) == outer.as_ref()
        && bytes.get(at + 1).is_none_or(|next| {
            next.is_ascii_whitespace()
                || matches!(next, b',' | b')' | b';' | b']' | b'}' | b'+' | b'.' | b'%')
        })
}

#[cfg(test)]
mod tests {
    use crate::sanitize::text::testing::{hits, misses};

    #[test]
    fn a_passphrase_with_the_name_of_a_secret_in_it_is_no_label() {
        hits(&[
            (
                "db.password=our secret sauce\n",
                "db.password=<> secret sauce\n",
            ),
            (
                "db.password=Correct horse secret\n",
                "db.password=<> horse secret\n",
            ),
            (
                "db.password=my password is good\n",
                "db.password=<> password is good\n",
            ),
        ]);
    }

    #[test]
    fn what_is_no_value_stays() {
        misses(&[
            "id-token: write",
            "prompt = \"Password: \"",
            "token:read secret:list",
            "login.password=Mot de passe",
            "login.password=Mot de passe\nlogin.hint=Saisissez votre mot de passe\n",
        ]);
    }
}
