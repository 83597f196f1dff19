//! Payment card numbers: an issuer's range, a length, and the Luhn check digit (ISO/IEC 7812-1).

/// The fewest and the most digits of a card.
const LENGTHS: std::ops::RangeInclusive<usize> = 13..=19;

/// True for the digits of a card, without separators.
pub(in crate::sanitize) fn is_card(digits: &str) -> bool {
    LENGTHS.contains(&digits.len())
        && digits.bytes().all(|byte| byte.is_ascii_digit())
        && is_number(digits.as_bytes())
}

fn is_number(digits: &[u8]) -> bool {
    is_issued(digits) && has_check_digit(digits)
}

/// The ranges in which networks issue cards, with the lengths that they have.
fn is_issued(digits: &[u8]) -> bool {
    let beginning = |count: usize| {
        digits[..count]
            .iter()
            .fold(0_u32, |number, digit| number * 10 + u32::from(digit - b'0'))
    };
    let length = digits.len();
    match (beginning(2), beginning(3), beginning(4)) {
        (40..=49, ..) => matches!(length, 13 | 16 | 19),
        (51..=55, ..) | (_, _, 2221..=2720) => length == 16,
        (34 | 37, ..) => length == 15,
        (65, ..) | (_, 644..=649, _) | (_, _, 6011) => matches!(length, 16 | 19),
        (_, _, 3528..=3589) => length == 16,
        (36 | 38, ..) | (_, 300..=305, _) => length == 14,
        _ => false,
    }
}

/// The Luhn formula (ISO/IEC 7812-1 annex B).
fn has_check_digit(digits: &[u8]) -> bool {
    let sum: u32 = digits
        .iter()
        .rev()
        .zip([false, true].into_iter().cycle())
        .map(|(digit, doubled)| {
            let digit = u32::from(digit - b'0');
            match doubled {
                true => digit * 2 / 10 + digit * 2 % 10,
                false => digit,
            }
        })
        .sum();
    sum.is_multiple_of(10)
}
