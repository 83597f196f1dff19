//! Rules by which validators go, as they are written for a field: `required|string|min:8`, `required,email`.

use super::lexicon::Meaning;
use super::{LONGEST, MAX_DIGITS};

/// Rules of which one must be there, in order.
const TELLING: &[&str] = &[
    "bail",
    "confirmed",
    "filled",
    "nullable",
    "omitempty",
    "optional",
    "present",
    "required",
    "sometimes",
];
/// The others, in order.
#[rustfmt::skip]
const RULES: &[&str] = &[
    "accepted", "alpha", "alpha_dash", "alpha_num", "alphanum", "alphanumeric", "array", "ascii", "before", "between",
    "boolean", "current_password", "date", "different", "digits", "distinct", "e164", "email", "eq", "exists", "gt",
    "gte", "in", "integer", "len", "length", "lowercase", "lt", "lte", "max", "max_length", "min", "min_length", "ne",
    "not_in", "number", "numeric", "password", "regex", "same", "size", "string", "trim", "unique", "uppercase", "url",
    "uuid",
];
/// What rules compare with, in order, besides numbers and the names of fields.
const COMPARED: &[&str] = &[
    "confirmation",
    "now",
    "password_confirmation",
    "today",
    "tomorrow",
    "users",
];

/// True for two rules or more.
pub(super) fn are_rules(text: &str) -> bool {
    let separator = if text.contains('|') { '|' } else { ',' };
    if text.len() > LONGEST || !text.contains(separator) {
        return false;
    }
    let mut tells = false;
    let mut is_rule = |rule: &str| {
        let (name, compared) = match rule.split_once([':', '=']) {
            Some((name, compared)) => (name, Some(compared)),
            None => (rule, None),
        };
        tells |= is_listed(TELLING, name);
        (is_listed(TELLING, name) || is_listed(RULES, name))
            && compared.is_none_or(|compared| compared.split(',').all(is_compared))
    };
    text.split(separator).all(&mut is_rule) && tells
}

fn is_compared(word: &str) -> bool {
    let is_number = word.len() <= MAX_DIGITS && word.bytes().all(|byte| byte.is_ascii_digit());
    !word.is_empty() && (is_number || Meaning::of(word).is_shared || is_listed(COMPARED, word))
}

/// True for one of these names, whatever its case.
fn is_listed(names: &[&str], name: &str) -> bool {
    names.iter().any(|listed| listed.eq_ignore_ascii_case(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_stand_in_order_and_are_told_from_values() {
        for list in [TELLING, RULES, COMPARED] {
            assert!(list.is_sorted(), "{list:?}");
        }
        for text in [
            "required|string|min:8|confirmed",
            "required,email",
            "required,min=8,max=64",
            "nullable|email|unique:users,email|between:8,64",
        ] {
            assert!(are_rules(text), "{text}");
        }
        for text in [
            "",
            "required",
            "|",
            "string|min:8",
            "required|hunter2",
            "required|in:sommerwind",
            "required|min:4821",
        ] {
            assert!(!are_rules(text), "{text}");
        }
    }
}
