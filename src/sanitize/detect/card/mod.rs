//! Payment card numbers: an issuer's range, a length, and the Luhn check digit (ISO/IEC 7812-1).

mod label;
mod networks;

use std::ops::Range;

use super::{Detected, Detector};

/// The fewest and the most digits of a card.
const LENGTHS: std::ops::RangeInclusive<usize> = 13..=19;
/// So many groups of four in a row are a list of numbers.
const LIST: usize = 8;

/// Finds cards among groups of digits with one separator between each two.
pub(super) fn find_in(bytes: &[u8], groups: &[Range<usize>], found: &mut Vec<Detected>) {
    let mut at = 0;
    while at < groups.len() {
        match card_at(bytes, groups, at) {
            Some(count) => {
                let range = groups[at].start..groups[at + count - 1].end;
                found.push(Detected {
                    range,
                    detector: Detector::Card,
                });
                at += count;
            }
            None => at += 1,
        }
    }
}

/// How many groups, from the one at `at` on, are a card: the fewest of a network's, else the most of what is told to
/// be a card's.
fn card_at(bytes: &[u8], groups: &[Range<usize>], at: usize) -> Option<usize> {
    let mut digits = [0; 19];
    let mut length = 0;
    let mut told = None;
    for (count, group) in (1..).zip(&groups[at..]) {
        let all = length + group.len();
        let Some(place) = digits.get_mut(length..all) else {
            break;
        };
        place.copy_from_slice(&bytes[group.clone()]);
        length = all;
        let digits = &digits[..length];
        if !LENGTHS.contains(&length) || !has_check_digit(digits) {
            continue;
        }
        let is_issued = networks::is_issued(digits);
        if (is_issued || may_be_told(digits) && label::is_told(bytes, groups[at].start))
            && stands_alone(bytes, groups, at..at + count)
        {
            if is_issued {
                return Some(count);
            }
            told = Some(count);
        }
    }
    told
}

/// True for a number that is a card's where a word says so: not that of a SIM card, which begins with the digits of
/// telecommunication, and none of one digit alone.
fn may_be_told(digits: &[u8]) -> bool {
    !digits.starts_with(b"89") && digits.iter().any(|digit| *digit != digits[0])
}

/// True where the groups are neither a part of a longer number nor of an identifier.
fn stands_alone(bytes: &[u8], groups: &[Range<usize>], chosen: Range<usize>) -> bool {
    let (first, last) = (&groups[chosen.start], &groups[chosen.end - 1]);
    let more_before = chosen.start > 0;
    let more_behind = chosen.end < groups.len();
    let separators = || {
        let between = |at: usize| {
            (
                bytes[groups[at].start - 1],
                groups[at].start - groups[at - 1].end,
            )
        };
        chosen.clone().skip(1).map(between)
    };
    let is_even = separators().is_sorted_by(|one, next| one == next);
    let common = separators().next().map(|(separator, _)| separator);
    // A point between two numbers alone is that of a decimal fraction.
    if matches!(common, Some(b'.' | b'_')) && (!is_even || !is_usual(groups, &chosen)) {
        return false;
    }
    let before = bytes[..first.start].last().copied();
    let behind = bytes.get(last.end).copied();
    if more_before || more_behind {
        let joins = |more: bool, byte: Option<u8>| more && byte != Some(b' ') && byte != Some(b'_');
        let is_fraction = behind == Some(b'.') && is_zero_fraction(bytes, &groups[chosen.end..]);
        if joins(more_before, before) || joins(more_behind, behind) && !is_fraction || !is_even {
            return false;
        }
        if chosen.len() > 1
            && (!is_usual(groups, &chosen)
                || common == Some(b' ') && fours_around(groups, &chosen) >= LIST)
        {
            return false;
        }
    }
    is_free(bytes[..first.start].iter().rev().copied(), before)
        && is_free(bytes[last.end..].iter().copied(), behind)
}

/// `.0` or `.00` behind a number, which a spreadsheet adds.
fn is_zero_fraction(bytes: &[u8], behind: &[Range<usize>]) -> bool {
    matches!(behind, [only] if only.len() <= 2
        && bytes[only.clone()].iter().all(|byte| *byte == b'0'))
}

/// Judges what is joined to a number on one side, from the number outwards: the rest of a digest, a UUID or a
/// fraction takes the number in, a word does not.
fn is_free(outwards: impl Iterator<Item = u8>, next: Option<u8>) -> bool {
    let Some(next) = next else { return true };
    let mut joined = outwards.take(24);
    if matches!(next, b'-' | b'.' | b'+') {
        joined.next();
    } else if !next.is_ascii_alphanumeric() {
        return true;
    }
    let token: Vec<u8> = joined.take_while(u8::is_ascii_alphanumeric).collect();
    let hexadecimal = token.iter().all(u8::is_ascii_hexdigit);
    let letters = token.iter().all(u8::is_ascii_alphabetic);
    match next {
        b'.' => {
            !token.first().is_some_and(u8::is_ascii_digit)
                || token.len() <= 2 && token.iter().all(|byte| *byte == b'0')
        }
        b'-' | b'+' => token.is_empty() || !hexadecimal,
        _ => letters && !hexadecimal && token.len() >= 3,
    }
}

/// As cards print it: groups of four, or four, six and four or five.
fn is_usual(groups: &[Range<usize>], chosen: &Range<usize>) -> bool {
    let lengths = || groups[chosen.clone()].iter().map(ExactSizeIterator::len);
    let last = lengths().next_back().unwrap_or(0);
    let fours = lengths().take(chosen.len() - 1).all(|length| length == 4) && last <= 4;
    fours || lengths().eq([4, 6, 5]) || lengths().eq([4, 6, 4])
}

/// How many groups of four stand together with the chosen ones.
fn fours_around(groups: &[Range<usize>], chosen: &Range<usize>) -> usize {
    let is_four = |group: &&Range<usize>| group.len() == 4;
    let before = groups[..chosen.start].iter().rev().take(LIST);
    let behind = groups[chosen.start..].iter().take(LIST);
    before.take_while(is_four).count() + behind.take_while(is_four).count()
}

/// True for the digits of a card, without separators.
pub(in crate::sanitize) fn is_card(digits: &str) -> bool {
    LENGTHS.contains(&digits.len())
        && digits.bytes().all(|byte| byte.is_ascii_digit())
        && is_number(digits.as_bytes())
}

fn is_number(digits: &[u8]) -> bool {
    networks::is_issued(digits) && has_check_digit(digits)
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

#[cfg(test)]
pub(in crate::sanitize) mod tests {
    use super::*;
    use crate::sanitize::detect::digits;

    /// Puts the check digit behind a number.
    pub(in crate::sanitize) fn checked(number: &str) -> String {
        (0..10)
            .map(|digit| format!("{number}{digit}"))
            .find(|number| has_check_digit(number.as_bytes()))
            .expect("one of ten digits is right")
    }

    fn find(text: &str) -> Vec<String> {
        let mut found = Vec::new();
        digits::find(text, &mut found);
        let cards = found
            .into_iter()
            .filter(|found| found.detector == Detector::Card);
        cards.map(|found| text[found.range].to_owned()).collect()
    }

    fn grouped(number: &str, separator: &str) -> String {
        let groups: Vec<&str> = (0..number.len())
            .step_by(4)
            .map(|at| &number[at..number.len().min(at + 4)])
            .collect();
        groups.join(separator)
    }

    #[test]
    fn numbers_of_every_network_and_length_are_cards() {
        for (beginning, lengths) in [
            ("4", &[13, 16, 19][..]),
            ("51", &[16]),
            ("55", &[16]),
            ("2221", &[16]),
            ("2720", &[16]),
            ("34", &[15]),
            ("37", &[15]),
            ("6011", &[16, 19]),
            ("644", &[16, 19]),
            ("65", &[16, 19]),
            ("3528", &[16]),
            ("3589", &[16]),
            ("300", &[14]),
            ("36", &[14]),
            ("38", &[14]),
            ("62", &[16, 19]),
            ("2200", &[16]),
            ("2204", &[16]),
            ("5019", &[16]),
            ("6759", &[16, 18, 19]),
            ("506099", &[16]),
            ("607001", &[16]),
            ("817200", &[16]),
            ("9704", &[16, 19]),
            ("9792", &[16]),
        ] {
            for length in 12..=20 {
                let number = checked(&format!("{beginning:0<width$}", width = length - 1));
                assert_eq!(is_card(&number), lengths.contains(&length), "{number}");
            }
        }
    }

    #[test]
    fn cards_are_found_as_people_write_them() {
        let number = checked("400000123456789");
        let american = checked("37828259873381");
        for text in [
            number.clone(),
            grouped(&number, " "),
            grouped(&number, "-"),
            format!("PAN={number};svc"),
            format!("71,{number},Oulu"),
            format!("charge {} for two", grouped(&number, " ")),
            format!("({})", grouped(&number, "-")),
            format!("{} 12/29 123", grouped(&number, " ")),
            format!("2 x {number} 12/29"),
            format!("visa{number}"),
            format!("card_{number}_x"),
            format!("order-{}", grouped(&number, "-")),
            format!("{number}."),
            format!("{number}.00"),
            format!("see {number}. Then"),
            format!(
                "{} {} {}",
                &american[..4],
                &american[4..10],
                &american[10..]
            ),
        ] {
            assert_eq!(find(&text).len(), 1, "{text}");
        }
        let two = format!("{number} {number}");
        assert_eq!(find(&two), [number.clone(), number]);
    }

    #[test]
    fn a_number_that_a_word_says_is_a_cards_is_one_of_any_network() {
        for beginning in ["50", "56", "60", "63", "67", "81", "99"] {
            for length in 13..=19 {
                let number = checked(&format!("{beginning:0<width$}", width = length - 1));
                for text in [
                    format!("card {number} was declined"),
                    format!("Maestro card number: {}", grouped(&number, " ")),
                    format!("PAN={number}"),
                    format!("die Karte mit der Nummer {number}"),
                    format!("tarjeta terminada, era {number}"),
                    format!("Dankort nr. {number}"),
                    format!("カード番号は{number}です"),
                    format!("银行卡号 {number}"),
                    format!("kap\u{442}a {number}"),
                ] {
                    assert_eq!(find(&text).len(), 1, "{text}");
                }
                for text in [
                    format!("order {number} shipped"),
                    format!("number {number}"),
                    format!("card order {number}"),
                    format!("cardinality {number}"),
                    format!("the discard pile holds {number}"),
                    format!("paid by card 12.40 at {number}"),
                    format!("paid by card\n{number}"),
                    format!("SIM card {number}"),
                    format!("card with trace id {number}"),
                ] {
                    assert_eq!(find(&text).len(), usize::from(is_card(&number)), "{text}");
                }
            }
        }
        assert_eq!(
            find(&format!("SD card {}", checked("894411006825627005"))),
            [""; 0]
        );
        assert_eq!(find("card 0000000000000000"), [""; 0]);
    }

    #[test]
    fn groups_of_a_card_may_stand_two_blanks_apart_where_all_do() {
        let number = checked("400000123456789");
        assert_eq!(find(&grouped(&number, "  ")).len(), 1);
        let uneven = format!(
            "{}  {}",
            grouped(&number[..8], " "),
            grouped(&number[8..], " ")
        );
        assert_eq!(find(&format!("7 {uneven}")), [""; 0]);
    }

    #[test]
    fn other_long_numbers_are_no_cards() {
        let number = checked("400000123456789");
        let wrong = format!(
            "{}{}",
            &number[..15],
            (number.as_bytes()[15] - b'0' + 1) % 10
        );
        for text in [
            wrong.clone(),
            grouped(&wrong, "-"),
            format!("1{number}"),
            format!("{number}7"),
            format!("0.{number}"),
            format!("{number}.5"),
            format!("ab{number}cd"),
            format!("abcdef12-{}-abcd", grouped(&number, "-")),
            format!("1234-{}", grouped(&number, "-")),
            "1793053779354404".to_owned(),
            "1188121211115071516".to_owned(),
            "9783161484100".to_owned(),
            "6ddd2f54-6388-4117-ae39-07f134ab30c8".to_owned(),
            "2026-03-14T09:26:53.589793Z".to_owned(),
            "1Z999AA10123456784".to_owned(),
        ] {
            assert_eq!(find(&text), [""; 0], "{text}");
        }
    }
}
