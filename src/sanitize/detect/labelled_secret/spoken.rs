//! Names that say enough in a sentence, where other words stand before them: `wifi key`, `wire to account 1234567890`.

use crate::sanitize::detect::digits::leading_digits;
use crate::sanitize::rule::Rule;
use crate::sanitize::rules::Rules;
use crate::sanitize::text::Findings;
use crate::sanitize::value_shape::is_routing_number;

/// How many digits a bank's number for routing has.
const ROUTING_DIGITS: usize = 9;

/// What a key gives access to.
const NETWORKS: &[&[u8]] = &[
    b"wifi",
    b"fi",
    b"wlan",
    b"wireless",
    b"network",
    b"wpa",
    b"wpa2",
    b"wpa3",
    b"wep",
    b"router",
    b"hotspot",
    b"ssid",
];
/// Words that say that money moves.
const OF_BANKS: &[&str] = &[
    "wire",
    "transfer",
    "deposit",
    "bank",
    "routing",
    "sort",
    "ach",
    "checking",
    "savings",
    "beneficiary",
    "payee",
    "remit",
    "iban",
    "swift",
    "debit",
    "payout",
    "refund",
    "credit",
];

/// `wifi key`, `network key`.
pub(in crate::sanitize) fn is_key_of_network(before: &[u8], last: &[u8]) -> bool {
    last.eq_ignore_ascii_case(b"key") && {
        let before = before.trim_ascii_end();
        let start = before
            .iter()
            .rposition(|byte| !byte.is_ascii_alphanumeric());
        let word = &before[start.map_or(0, |at| at + 1)..];
        NETWORKS
            .iter()
            .any(|known| word.eq_ignore_ascii_case(known))
    }
}

/// False for most words: a number follows the others.
pub(super) fn may_name_number(bytes: &[u8], end: usize) -> bool {
    matches!(bytes.get(end..), Some([b' ' | b'#' | b'\t', next, ..]) if next.is_ascii_digit())
}

/// The rule for a number of a bank's that stands behind the word at `start..end`.
pub(super) fn number<'r>(
    findings: &Findings<'r, '_>,
    before: &[u8],
    start: usize,
    end: usize,
) -> Option<&'r Rule> {
    let bytes = findings.bytes();
    if !may_name_number(bytes, end) {
        return None;
    }
    let (word, digits) = (&bytes[start..end], &bytes[end + 1..]);
    rule_for_number(findings.rules, word, digits).or_else(|| {
        let length = leading_digits(digits);
        // Twelve are those of a cloud's account as well.
        let is_account = word.eq_ignore_ascii_case(b"account")
            && (8..=17).contains(&length)
            && length != 12
            && is_of_bank(before);
        let (rule, ..) =
            is_account.then(|| findings.rules.for_name_at_end(b"account_number"))??;
        Some(rule)
    })
}

/// The rule for the number that `digits` begin with, behind a word that is one of banks alone.
pub(in crate::sanitize) fn rule_for_number<'r>(
    rules: &'r Rules,
    word: &[u8],
    digits: &[u8],
) -> Option<&'r Rule> {
    let is = |names: &[&[u8]]| names.iter().any(|name| word.eq_ignore_ascii_case(name));
    let length = leading_digits(digits);
    let name: &[u8] = if length == ROUTING_DIGITS
        && is(&[b"routing", b"aba", b"rtn"])
        && std::str::from_utf8(&digits[..length]).is_ok_and(is_routing_number)
    {
        b"routing_number"
    } else if (8..=17).contains(&length) && is(&[b"acct", b"acc"]) {
        b"account_number"
    } else {
        return None;
    };
    rules.for_name_at_end(name).map(|(rule, ..)| rule)
}

fn is_of_bank(before: &[u8]) -> bool {
    before
        .split(|byte| !byte.is_ascii_alphabetic())
        .any(|word| {
            OF_BANKS
                .iter()
                .any(|known| word.eq_ignore_ascii_case(known.as_bytes()))
        })
}

#[cfg(test)]
mod tests {
    use crate::sanitize::text::testing::{hits, misses};

    #[test]
    fn numbers_of_banks_and_keys_of_networks_go() {
        hits(&[
            (
                "wire to account 1234525255 (Chase-7)",
                "wire to account <> (Chase-7)",
            ),
            (
                "wire 500 to account 7712345678 by 11",
                "wire 500 to account <> by 11",
            ),
            ("acct 237376382 lane-8", "acct <> lane-8"),
            ("routing 040913814 lane-8", "routing <> lane-8"),
            ("ABA 021000021", "ABA <>"),
            (
                "Acct: 7712345678, routing: 021000021",
                "Acct: <>, routing: <>",
            ),
            ("wlan key: Xk4Ergjv", "wlan key: <>"),
            (
                "wifi key is 96300je40wty46 at cabin-93",
                "wifi key is <> at cabin-93",
            ),
            (
                "network key Sommer77x in hall 9",
                "network key <> in hall 9",
            ),
        ]);
    }

    #[test]
    fn numbers_of_other_things_stay() {
        misses(&[
            "in account 123456789012 of the cloud",
            "transfer between account 123456789012 and 210987654321",
            "user account 1234567",
            "routing 123456789 packets",
            "network key performance indicators for 2026",
            "primary key 1234567890",
            "routing: enabled",
            "network key: value",
        ]);
    }
}
