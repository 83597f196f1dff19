//! The lines of travel documents that machines read (ICAO 9303): `P<UTOLOVEL<<ADA<<<…` and the line of numbers with it.

use std::ops::Range;

use crate::sanitize::extent::Found;
use crate::sanitize::text::Findings;

/// The lengths of a line: of cards, of visas and old papers, of passports.
const LENGTHS: [usize; 3] = [30, 36, 44];
/// Where a passport's line, and a card's second one, have the dates of birth and expiry with their check digits.
const DATES: [(usize, usize); 2] = [(13, 21), (0, 8)];

/// Finds such lines, each by itself.
pub(in crate::sanitize) fn find(findings: &mut Findings<'_, '_>) {
    let bytes = findings.bytes();
    let is_part = |byte: &u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || *byte == b'<';
    let mut floor = 0;
    // Where a line of names ended.
    let mut named = None;
    for sign in memchr::memchr_iter(b'<', bytes) {
        if sign < floor {
            continue;
        }
        let before = bytes[floor..sign]
            .iter()
            .rev()
            .take_while(|byte| is_part(byte));
        let start = sign - before.take(LENGTHS[2]).count();
        let length = bytes[start..]
            .iter()
            .take_while(|byte| is_part(byte))
            .count();
        floor = start + length;
        let line = start..floor;
        if !LENGTHS.contains(&length) {
            continue;
        }
        let text = &bytes[line.clone()];
        let is_named = names_a_person(text);
        // A number that was misread is one all the same below the names.
        let is_below =
            || named.is_some_and(|end| is_break(&bytes[end..start])) && has_form_of_numbers(text);
        if is_named || has_dates(text) || is_below() {
            take(findings, &line);
        }
        if is_named {
            named = Some(floor);
        }
    }
}

/// True for what stands between two lines, be it written out or not.
fn is_break(bytes: &[u8]) -> bool {
    matches!(bytes, b"\n" | b"\r\n" | b"\\n" | b"\\r\\n" | b" ")
}

/// True for a line of a passport or a visa with a country and two dates where they belong, whatever their check digits say.
fn has_form_of_numbers(line: &[u8]) -> bool {
    let are = |range: Range<usize>, is: fn(&u8) -> bool| {
        line.get(range).is_some_and(|part| part.iter().all(is))
    };
    are(10..13, |byte| byte.is_ascii_uppercase() || *byte == b'<')
        && are(13..20, u8::is_ascii_digit)
        && are(21..28, u8::is_ascii_digit)
}

/// True for a line of names: a kind of document and a country before them, or two names and filling.
fn names_a_person(line: &[u8]) -> bool {
    let letters = |range: Range<usize>| line[range].iter().all(u8::is_ascii_uppercase);
    let has_names = memchr::memmem::find(line, b"<<").is_some_and(|at| at + 2 < line.len());
    let is_filled = line.ends_with(b"<<") || line.len() == LENGTHS[2] || line.len() == LENGTHS[1];
    let has_digits = line.iter().any(u8::is_ascii_digit);
    let begins = matches!(line, [b'P' | b'V' | b'I' | b'A' | b'C', ..]) && letters(2..5);
    has_names && is_filled && !has_digits && (begins || line.len() == LENGTHS[0] && letters(0..2))
        // A card's first line: its number behind the country.
        || begins && has_digits && line.len() == LENGTHS[0] && is_checked(line, 5, 9)
}

/// True for a line that has two dates with their check digits where they belong.
fn has_dates(line: &[u8]) -> bool {
    DATES.iter().any(|(birth, expiry)| {
        is_checked(line, *birth, 6)
            && is_checked(line, *expiry, 6)
            && matches!(line.get(birth + 7), Some(b'M' | b'F' | b'<' | b'X'))
    })
}

/// True where so many characters have their check digit behind them (ICAO 9303-3 section 4.9).
fn is_checked(line: &[u8], start: usize, length: usize) -> bool {
    let Some([value @ .., check]) = line.get(start..=start + length) else {
        return false;
    };
    let sum: u32 = value
        .iter()
        .zip([7, 3, 1].into_iter().cycle())
        .map(|(byte, weight)| {
            let value = match byte {
                b'0'..=b'9' => byte - b'0',
                b'A'..=b'Z' => byte - b'A' + 10,
                _ => 0,
            };
            u32::from(value) * weight
        })
        .sum();
    check.is_ascii_digit() && sum % 10 == u32::from(check - b'0')
}

fn take(findings: &mut Findings<'_, '_>, line: &Range<usize>) {
    if let Some((rule, ..)) = findings.rules.for_name_at_end(b"passport") {
        let found = Found::quoted(line.start..line.end);
        findings.take(rule, found);
    }
}

#[cfg(test)]
mod tests {
    use crate::sanitize::text::testing::{hits, misses};

    #[test]
    fn lines_of_documents_go() {
        hits(&[
            (
                "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<\nL898902C36UTO7408122F1204159ZE184226B<<<<<10",
                "<>\n<>",
            ),
            (
                "I<UTOD231458907<<<<<<<<<<<<<<<\n7408122F1204159UTO<<<<<<<<<<<6\nERIKSSON<<ANNA<MARIA<<<<<<<<<<",
                "<>\n<>\n<>",
            ),
        ]);
    }

    #[test]
    fn a_line_of_numbers_below_one_of_names_goes_without_its_check_digits() {
        hits(&[(
            "P<UTOTRUGBILD<<WOLFHART<<<<<<<<<<<<<<<<<<<<<\nX771234501UTO6102170M3101010<<<<<<<<<<<<<<00",
            "<>\n<>",
        )]);
        misses(&["X771234501UTO6102170M3101010<<<<<<<<<<<<<<00"]);
    }

    #[test]
    fn other_signs_stay() {
        misses(&[
            "if A<B then C<D else E<<2; x = 12345678",
            "<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<",
            "<<<<<<< HEAD\nA\n=======\n>>>>>>> B",
        ]);
    }
}
