//! Card numbers are shown by their last digits or by a pseudonym, never by both: together they can be joined
//! to the whole number.

use std::sync::Arc;

use super::SanitizerError;
use super::detect::Detector;
use super::rule::Treatment;
use super::rule_set::Detectors;
use super::rules::Names;

/// What card numbers are called.
const NAMES: &[&str] = &[
    "pan",
    "primary_account_number",
    "card",
    "card_no",
    "card_num",
    "card_number",
    "cc",
    "cc_number",
    "ccn",
    "credit_card",
    "credit_card_no",
    "credit_card_number",
    "debit_card",
    "debit_card_number",
    "payment_card",
    "payment_card_number",
];

/// Refuses rules by which one tool's card numbers or another's are masked and pseudonyms too.
pub(super) fn check(all: &[(Arc<Names>, Detectors)]) -> Result<(), SanitizerError> {
    let mut masked = false;
    let mut pseudonymized: Option<String> = None;
    for (names, detectors) in all {
        let named = names
            .rules()
            .iter()
            .filter(|rule| NAMES.iter().any(|name| rule.is_called(name)))
            .map(|rule| (rule.name(), &rule.treatment));
        let detected = (Detector::Card.name(), &detectors[Detector::Card as usize]);
        for (name, treatment) in named.chain([detected]) {
            match treatment {
                Treatment::Mask => masked = true,
                Treatment::Pseudonymize { .. } => {
                    pseudonymized.get_or_insert_with(|| name.to_owned());
                }
                Treatment::Redact
                | Treatment::Drop
                | Treatment::Generalize(_)
                | Treatment::Keep => {}
            }
        }
    }
    match pseudonymized {
        Some(name) if masked => Err(SanitizerError::MaskedAndPseudonymized { name }),
        _ => Ok(()),
    }
}
