//! Names that say enough in a sentence, where other words stand before them: `wifi key`, `wire to account 1234567890`.

use crate::sanitize::rules::Rule;
use crate::sanitize::text::Findings;

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
pub(super) fn is_key_of_network(before: &[u8], last: &[u8]) -> bool {
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
    let is = |names: &[&[u8]]| {
        names
            .iter()
            .any(|name| bytes[start..end].eq_ignore_ascii_case(name))
    };
    let digits = &bytes[end + 1..];
    let length = digits
        .iter()
        .take(32)
        .take_while(|byte| byte.is_ascii_digit())
        .count();
    let name: &[u8] = if is(&[b"routing", b"aba", b"rtn"]) {
        if length != ROUTING_DIGITS || !is_routing_number(&digits[..length]) {
            return None;
        }
        b"routing_number"
    } else if is(&[b"acct", b"acc"]) || is(&[b"account"]) && is_of_bank(before) {
        // Twelve are those of a cloud's account as well.
        if !(8..=17).contains(&length) || length == 12 && is(&[b"account"]) {
            return None;
        }
        b"account_number"
    } else {
        return None;
    };
    findings.rules.for_name_at_end(name).map(|(rule, ..)| rule)
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

/// The check digit of the American Bankers Association: the digits times 3, 7 and 1 in turn are a multiple of ten.
fn is_routing_number(digits: &[u8]) -> bool {
    let sum: u32 = digits
        .iter()
        .zip([3, 7, 1].into_iter().cycle())
        .map(|(digit, weight)| u32::from(digit - b'0') * weight)
        .sum();
    sum > 0 && sum.is_multiple_of(10)
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
        ]);
    }
}
