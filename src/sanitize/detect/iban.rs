//! International bank account numbers: a country, its length, and check digits modulo 97 (ISO 13616-1).

use super::{Detected, Detector};

/// The greatest length that the standard allows.
const LONGEST: usize = 34;

/// Finds account numbers, also those in groups.
pub(super) fn find(text: &str, found: &mut Vec<Detected>) {
    let bytes = text.as_bytes();
    let mut at = 0;
    while let Some(start) = next_start(bytes, at) {
        at = match end_of(bytes, start) {
            Some(end) => {
                found.push(Detected {
                    range: start..end,
                    detector: Detector::Iban,
                });
                end
            }
            None => start + 4,
        };
    }
}

/// Two letters and two digits, with nothing before them but what says that it is an account.
fn next_start(bytes: &[u8], from: usize) -> Option<usize> {
    let windows = bytes.get(from..)?.windows(4);
    windows
        .enumerate()
        .map(|(at, window)| (from + at, window))
        .find_map(|(at, window)| {
            let [first, second, third, fourth] = *window else {
                return None;
            };
            let begins = third.is_ascii_digit()
                && fourth.is_ascii_digit()
                && first.is_ascii_alphabetic()
                && second.is_ascii_alphabetic();
            let before = &bytes[..at];
            (begins
                && (!before.last().is_some_and(u8::is_ascii_alphanumeric)
                    || before.len() >= 4 && before[at - 4..].eq_ignore_ascii_case(b"iban")))
            .then_some(at)
        })
}

/// Where the account number ends that begins at `start`.
fn end_of(bytes: &[u8], start: usize) -> Option<usize> {
    let country = [bytes[start], bytes[start + 1]].map(|byte| byte.to_ascii_uppercase());
    let length = length_in(country)?;
    let mut characters = [0; LONGEST];
    let (mut at, mut count) = (start, 0);
    while count < length {
        let mut byte = *bytes.get(at)?;
        if matches!(byte, b' ' | b'-') && count > 0 {
            at += 1;
            byte = *bytes.get(at)?;
        }
        if !byte.is_ascii_alphanumeric() {
            return None;
        }
        characters[count] = byte.to_ascii_uppercase();
        count += 1;
        at += 1;
    }
    let runs_on = bytes.get(at).is_some_and(u8::is_ascii_alphanumeric);
    (!runs_on && has_check_digits(&characters[..length])).then_some(at)
}

fn has_check_digits(characters: &[u8]) -> bool {
    let (beginning, account) = characters.split_at(4);
    let remainder = account
        .iter()
        .chain(beginning)
        .fold(0, |number: u32, byte| {
            if byte.is_ascii_digit() {
                (number * 10 + u32::from(byte - b'0')) % 97
            } else {
                (number * 100 + u32::from(byte - b'A') + 10) % 97
            }
        });
    // The numbers 00, 01 and 99 would come out right as well, and are never given.
    remainder == 1 && !matches!(&beginning[2..], b"00" | b"01" | b"99")
}

/// How many characters account numbers of a country have (SWIFT's registry of the standard).
fn length_in(country: [u8; 2]) -> Option<usize> {
    let at = LENGTHS
        .binary_search_by_key(&&country, |(known, _)| known)
        .ok()?;
    Some(usize::from(LENGTHS[at].1))
}

const LENGTHS: &[(&[u8; 2], u8)] = &[
    (b"AD", 24),
    (b"AE", 23),
    (b"AL", 28),
    (b"AO", 25),
    (b"AT", 20),
    (b"AZ", 28),
    (b"BA", 20),
    (b"BE", 16),
    (b"BF", 28),
    (b"BG", 22),
    (b"BH", 22),
    (b"BI", 27),
    (b"BJ", 28),
    (b"BR", 29),
    (b"BY", 28),
    (b"CF", 27),
    (b"CG", 27),
    (b"CH", 21),
    (b"CI", 28),
    (b"CM", 27),
    (b"CR", 22),
    (b"CV", 25),
    (b"CY", 28),
    (b"CZ", 24),
    (b"DE", 22),
    (b"DJ", 27),
    (b"DK", 18),
    (b"DO", 28),
    (b"DZ", 26),
    (b"EE", 20),
    (b"EG", 29),
    (b"ES", 24),
    (b"FI", 18),
    (b"FK", 18),
    (b"FO", 18),
    (b"FR", 27),
    (b"GA", 27),
    (b"GB", 22),
    (b"GE", 22),
    (b"GI", 23),
    (b"GL", 18),
    (b"GQ", 27),
    (b"GR", 27),
    (b"GT", 28),
    (b"GW", 25),
    (b"HN", 28),
    (b"HR", 21),
    (b"HU", 28),
    (b"IE", 22),
    (b"IL", 23),
    (b"IQ", 23),
    (b"IR", 26),
    (b"IS", 26),
    (b"IT", 27),
    (b"JO", 30),
    (b"KM", 27),
    (b"KW", 30),
    (b"KZ", 20),
    (b"LB", 28),
    (b"LC", 32),
    (b"LI", 21),
    (b"LT", 20),
    (b"LU", 20),
    (b"LV", 21),
    (b"LY", 25),
    (b"MA", 28),
    (b"MC", 27),
    (b"MD", 24),
    (b"ME", 22),
    (b"MG", 27),
    (b"MK", 19),
    (b"ML", 28),
    (b"MN", 20),
    (b"MR", 27),
    (b"MT", 31),
    (b"MU", 30),
    (b"MZ", 25),
    (b"NE", 28),
    (b"NI", 28),
    (b"NL", 18),
    (b"NO", 15),
    (b"OM", 23),
    (b"PK", 24),
    (b"PL", 28),
    (b"PS", 29),
    (b"PT", 25),
    (b"QA", 29),
    (b"RO", 24),
    (b"RS", 22),
    (b"RU", 33),
    (b"SA", 24),
    (b"SC", 31),
    (b"SD", 18),
    (b"SE", 24),
    (b"SI", 19),
    (b"SK", 24),
    (b"SM", 27),
    (b"SN", 28),
    (b"SO", 23),
    (b"ST", 25),
    (b"SV", 28),
    (b"TD", 27),
    (b"TG", 28),
    (b"TL", 23),
    (b"TN", 24),
    (b"TR", 26),
    (b"UA", 29),
    (b"VA", 22),
    (b"VG", 24),
    (b"XK", 20),
    (b"YE", 30),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<&str> {
        let mut found = Vec::new();
        find(text, &mut found);
        found.into_iter().map(|found| &text[found.range]).collect()
    }

    /// An account number with its check digits.
    fn checked(country: &str, account: &str) -> String {
        (2..=98)
            .map(|check| format!("{country}{check:02}{account}"))
            .find(|number| has_check_digits(number.as_bytes()))
            .expect("one of them is right")
    }

    fn grouped(number: &str, separator: &str) -> String {
        let groups: Vec<&str> = (0..number.len())
            .step_by(4)
            .map(|at| &number[at..number.len().min(at + 4)])
            .collect();
        groups.join(separator)
    }

    #[test]
    fn countries_are_in_the_order_in_which_they_are_looked_up() {
        assert!(LENGTHS.is_sorted_by(|(one, _), (next, _)| one < next));
        assert!(
            LENGTHS
                .iter()
                .all(|(_, length)| usize::from(*length) <= LONGEST)
        );
    }

    #[test]
    fn account_numbers_of_all_countries_are_found() {
        for (country, length) in LENGTHS {
            let country = std::str::from_utf8(*country).expect("letters");
            let number = checked(country, &"1A2B3C4D5E".repeat(4)[..usize::from(*length) - 4]);
            assert_eq!(found(&number), [number.as_str()]);
        }
    }

    #[test]
    fn account_numbers_are_found_as_people_write_them() {
        let number = checked("GB", "TEST12345612345678");
        for text in [
            format!("to {number}, please"),
            format!("IBAN:{number}"),
            format!("IBAN{number}"),
            format!("pay {} before noon", grouped(&number, " ")),
            grouped(&number, "-"),
            number.to_ascii_lowercase(),
        ] {
            assert_eq!(found(&text).len(), 1, "{text}");
        }
    }

    #[test]
    fn what_only_looks_like_one_stays() {
        let number = checked("DE", "123456781234567890");
        for text in [
            number.replacen("DE", "ED", 1),
            format!("{number}1"),
            format!("X{number}"),
            number[..21].to_owned(),
            format!(
                "DE{:02}{}",
                number[2..4].parse::<u8>().map_or(0, |n| (n + 1) % 97),
                &number[4..]
            ),
            "1Z999AA10123456784".to_owned(),
        ] {
            assert_eq!(found(&text), [""; 0], "{text}");
        }
    }
}
