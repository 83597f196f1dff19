//! What stands in place of a value.

use std::borrow::Cow;

use super::pseudonym::Subject;
use super::rule::{Rule, Treatment};
use super::rules::Rules;

/// The fewest digits of a number of which four may stay: of fewer, four would tell too much.
const LEAST_DIGITS: usize = 9;

/// What stands for `value` where `rule` names it.
pub(super) fn replacement(rules: &Rules, rule: &Rule, value: &str) -> String {
    replacement_for(rules, rule, value, None)
}

/// What stands for `value` where `rule` names it and it belongs to `subject`.
pub(super) fn replacement_for(
    rules: &Rules,
    rule: &Rule,
    value: &str,
    subject: Option<&Subject>,
) -> String {
    let made = match &rule.treatment {
        Treatment::Keep => return value.to_owned(),
        Treatment::Redact | Treatment::Drop => None,
        Treatment::Generalize(how) => how.apply(value).map(Cow::into_owned),
        Treatment::Pseudonymize { class } => {
            let small_classes = rules.small_classes();
            rules
                .pseudonyms
                .make_for(class, value, small_classes, subject)
        }
        Treatment::Mask => masked(rule.name(), value),
    };
    // Without a key there are no pseudonyms, and the value must not stand there either.
    made.unwrap_or_else(|| rule.marker().to_owned())
}

/// `[MASKED:<rule>:<last four>]`, where the number is long enough.
fn masked(name: &str, value: &str) -> Option<String> {
    let known = |letter: &char| letter.is_ascii_alphanumeric();
    if value.chars().filter(known).count() < LEAST_DIGITS {
        return None;
    }
    let mut last: Vec<char> = value.chars().rev().filter(known).take(4).collect();
    last.reverse();
    let last: String = last.into_iter().collect();
    Some(format!("[MASKED:{name}:{last}]"))
}
