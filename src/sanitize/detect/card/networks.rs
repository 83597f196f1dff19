//! The ranges in which networks issue cards, with the lengths that they have (ISO/IEC 7812-1).

/// True for a number in a range that says by itself that it is a card's.
///
/// Networks whose ranges are known by two digits alone are here with the lengths that they issue; the others with the
/// four or six digits that are theirs.
pub(super) fn is_issued(digits: &[u8]) -> bool {
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
        // UnionPay.
        (62, ..) => matches!(length, 16 | 19),
        // Mir and Borica; Humo and Uzcard; Troy; Dankort; Meeza.
        (_, _, 2200..=2205 | 5019 | 5078 | 8600 | 9792 | 9860) => length == 16,
        // Napas.
        (_, _, 9704) => matches!(length, 16 | 19),
        // Maestro.
        (_, _, 5018 | 5020 | 5038 | 5893 | 6304 | 6759 | 6761..=6763) => {
            matches!(length, 16 | 18 | 19)
        }
        _ => length == 16 && is_of_six(beginning(6)),
    }
}

/// Ranges of six digits: Elo, Hipercard, Naranja, RuPay, Verve.
fn is_of_six(beginning: u32) -> bool {
    matches!(
        beginning,
        504_175
            | 506_099..=506_198
            | 506_699..=506_778
            | 508_500..=508_999
            | 509_000..=509_999
            | 589_562
            | 606_282
            | 606_985..=607_984
            | 608_001..=608_500
            | 636_297
            | 636_368
            | 817_200..=820_199
    )
}
