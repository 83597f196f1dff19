//! NHS numbers of the United Kingdom: ten digits of which the last is a check digit modulo 11.

use std::ops::Range;

use super::digits;

const WORDS: &[&str] = &["nhs"];

/// The length of the number that begins with the digits of `run`.
///
/// Ten bare digits count where the letters NHS stand near; three, three and four also by themselves.
pub(super) fn length_at(bytes: &[u8], run: &Range<usize>) -> Option<usize> {
    let end = match run.len() {
        3 => digits::grouped(bytes, run.start, [3, 3, 4], b"- ")?.0,
        10 => run.end,
        _ => return None,
    };
    let range = run.start..end;
    if !has_check_digit(&bytes[range.clone()]) {
        return None;
    }
    let is_said = || digits::is_near(bytes, &range, WORDS);
    let looks_like_one = run.len() == 3
        && digits::stands_alone(bytes, &range)
        && !digits::is_among_numbers(bytes, &range)
        && bytes[run.end] == b' ';
    (looks_like_one || is_said()).then_some(range.len())
}

fn has_check_digit(text: &[u8]) -> bool {
    let sum: u32 = digits::digits_of(text)
        .zip((1..=10).rev())
        .map(|(digit, weight)| u32::from(digit - b'0') * weight)
        .sum();
    sum.is_multiple_of(11)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sanitize::detect::Detector;

    fn find(text: &str) -> Vec<&str> {
        digits::testing::found_by(Detector::NhsNumber, text)
    }

    #[test]
    fn numbers_with_the_word_or_in_their_groups_are_found() {
        for text in [
            "NHS number 999 123 4578 seen",
            "nhs:9991234578",
            "NHS no. 999-123-4578",
            "9991234578 (NHS)",
            "patient 999 123 4578 in clinic",
        ] {
            assert_eq!(find(text).len(), 1, "{text}");
        }
    }

    #[test]
    fn other_numbers_stay() {
        for text in [
            "NHS number 999 123 4579",
            "order 9991234578",
            "12 999 123 4578",
            "NHS 99912345781",
        ] {
            assert_eq!(find(text), [""; 0], "{text}");
        }
    }
}
