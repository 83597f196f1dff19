//! Numbers of accounts and routing numbers in prose about banking.

use std::ops::Range;

use super::digits;
use super::identity_number::{before, distance};
use crate::sanitize::value_shape::is_routing_number;

/// How many digits a number of an account has.
const LENGTHS: std::ops::RangeInclusive<usize> = 8..=17;
/// How far behind a label the number may begin.
const BESIDE: usize = 12;

const ACCOUNTS: &[&str] = &[
    "account", "acct", "a/c", "acc", "konto", "compte", "cuenta", "conto", "conta", "rekening",
];
const ROUTING: &[&str] = &["routing", "aba", "rtn", "routing no.", "routing number"];
/// Words of sentences about money that goes from one account to another.
const BANKING: &[&str] = &[
    "ach",
    "bank",
    "checking",
    "credit",
    "debit",
    "deposit",
    "direct deposit",
    "payee",
    "payout",
    "payroll",
    "refund",
    "remit",
    "routing",
    "savings",
    "sort code",
    "swift",
    "transfer",
    "transferencia",
    "virement",
    "wire",
    "wired",
    "uberweisung",
    "uberweisen",
];

/// The length of the number that is the digits of `run`.
pub(super) fn length_at(text: &str, run: &Range<usize>) -> Option<usize> {
    let bytes = text.as_bytes();
    // `account-12345678` is the name of something.
    let is_joined = matches!(bytes[..run.start], [.., b'-' | b'_' | b'/']);
    if !LENGTHS.contains(&run.len()) || is_joined || !digits::stands_alone(bytes, run) {
        return None;
    }
    let near = before(text, run.start)?;
    let is_beside = |labels: &[&str]| {
        labels
            .iter()
            .any(|label| distance(&near, label).is_some_and(|far| far <= BESIDE))
    };
    let is_routing =
        || run.len() == 9 && is_beside(ROUTING) && is_routing_number(&text[run.clone()]);
    let is_about_banking = || {
        BANKING.iter().any(|word| distance(&near, word).is_some())
            || digits::is_near(bytes, run, &["routing", "bank", "sort code"])
    };
    (is_beside(ACCOUNTS) && is_about_banking() || is_routing()).then_some(run.len())
}

#[cfg(test)]
mod tests {
    use crate::sanitize::detect::{Detector, digits};

    fn find(text: &str) -> Vec<&str> {
        digits::testing::found_by(Detector::BankNumber, text)
    }

    #[test]
    fn numbers_in_sentences_about_banking_are_found() {
        for (text, number) in [
            ("wire to account 1234525255 (Chase)", "1234525255"),
            (
                "transfer 50 from savings account no. 001234567",
                "001234567",
            ),
            ("deposit into acct 23737638 by Friday", "23737638"),
            ("ABA 021000021, then", "021000021"),
            ("routing 021000021", "021000021"),
            ("Überweisung auf Konto 1234567890", "1234567890"),
        ] {
            assert_eq!(find(text), [number], "{text}");
        }
    }

    #[test]
    fn other_numbers_stay() {
        for text in [
            "the AWS account 123456789012 in eu-west-1",
            "user account 10023455 was closed",
            "routing 123456789 packets",
            "wire 12345678 boxes",
            "transfer of 1234567890 bytes",
            "account-12345678 of the bank",
        ] {
            assert_eq!(find(text), [""; 0], "{text}");
        }
    }
}
