//! Whether a value looks like what another member calls it: people write about such things, too.

use crate::tree::Tree;

use super::endings::Endings;
use crate::sanitize::reference::looks_secret;
use crate::sanitize::rule::{Extent, Group, Rule};
use crate::sanitize::value_shape;

/// The last words of names of what people write, beside a title more often than beside the name of a field.
static PROSE: Endings = Endings::of(&["text", "content", "contents", "answer", "data", "response"]);
/// The last words of names of what anything may be sent in.
static PACKED: Endings = Endings::of(&["payload"]);
/// Words of sentences that hardly anyone chooses for a passphrase.
#[rustfmt::skip]
const SMALL: &[&str] = &[
    "a", "an", "and", "are", "as", "be", "been", "for", "has", "have", "how", "if", "in", "is", "it", "must", "not",
    "of", "on", "or", "should", "that", "the", "this", "to", "was", "what", "when", "will", "with", "you", "your",
];
/// So many digits are those of a number that people are known by.
const LEAST_DIGITS: usize = 4;

/// True for a value that is not what the `rule` is about, though another member names that.
pub(super) fn is_no_value(rule: &Rule, name: &str, value: &Tree<'_>) -> bool {
    let Some(group) = rule.group() else {
        return false;
    };
    if PACKED.end(name) {
        return group != Group::Secret || !value.is_string() || !fits(rule, value);
    }
    let is_phrase = matches!(rule.extent, Extent::Phrase | Extent::Name) && group != Group::Secret;
    match *value {
        Tree::Number(_) => is_phrase,
        Tree::String(text) => {
            is_number_or_address(rule) && !has_digit_or_at(text)
                || PROSE.end(name)
                    && matches!(
                        rule.extent,
                        Extent::Word | Extent::Digits | Extent::Identity
                    )
                    && is_prose(text)
        }
        _ => false,
    }
}

/// True for a value that is what the `rule` is about by what it looks like alone.
pub(super) fn fits(rule: &Rule, value: &Tree<'_>) -> bool {
    let number;
    let text = match *value {
        Tree::String(text) => text.trim(),
        Tree::Number(written) => {
            number = written.to_text();
            &number
        }
        _ => return true,
    };
    let is_date = value_shape::is_date(text);
    match (rule.group(), rule.extent) {
        (None | Some(Group::Secret), _) => looks_secret(text),
        (_, Extent::Name | Extent::Phrase) => {
            text.starts_with(char::is_uppercase) || has_number(text)
        }
        (_, Extent::Date) => has_number(text),
        _ if rule.name() == "email" => text.contains('@'),
        _ => has_number(text) && !is_date,
    }
}

/// True for what can be written in digits alone, and for addresses of mail.
fn is_number_or_address(rule: &Rule) -> bool {
    rule.extent == Extent::Digits
        || matches!(rule.name(), "email" | "drivers_license" | "license_number")
}

fn has_digit_or_at(text: &str) -> bool {
    text.chars()
        .any(|letter| letter == '@' || letter.is_numeric())
}

fn has_number(text: &str) -> bool {
    text.chars().filter(|letter| letter.is_numeric()).count() >= LEAST_DIGITS
}

fn is_small(word: &str) -> bool {
    SMALL.iter().any(|small| small.eq_ignore_ascii_case(word))
}

/// True for a sentence, or several, none of whose words may be a secret or a number that people are known by.
fn is_prose(text: &str) -> bool {
    let mut words = text.split_whitespace();
    let is_plain = |word: &str| !looks_secret(word) && !word.contains('@');
    text.contains(' ')
        && !has_number(text)
        && (text.trim_end().ends_with(['.', '?', '!', '…', ':']) || words.clone().any(is_small))
        && words.all(is_plain)
}
