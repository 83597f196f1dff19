//! Social security numbers of the United States, as they are written since 1936.

use std::ops::Range;

use super::digits;

const WORDS: &[&str] = &["ssn", "social"];

/// The length of the number that begins with the digits of `run`.
///
/// Numbers were never given with area 000, 666 or from 900 on, group 00 or serial 0000. Nine bare digits are
/// too common to be told from others.
pub(super) fn length_at(bytes: &[u8], run: &Range<usize>) -> Option<usize> {
    if run.len() != 3 {
        return None;
    }
    let (end, separator) = digits::grouped(bytes, run.start, [3, 2, 4], b"-. ")?;
    let area = &bytes[run.clone()];
    let was_never_given = area == b"000"
        || area == b"666"
        || area[0] == b'9'
        || bytes.get(run.start + 4..run.start + 6)? == b"00"
        || bytes.get(run.start + 7..end)? == b"0000";
    if was_never_given {
        return None;
    }
    let range = run.start..end;
    let is_said = || digits::is_near(bytes, &range, WORDS);
    let free = digits::stands_alone(bytes, &range)
        && !is_part_of_name(bytes, range.start)
        && (separator != b' ' || !digits::is_among_numbers(bytes, &range));
    (free || is_said()).then_some(range.len())
}

/// True behind a letter and a dash: `PART-123-45-6789`.
fn is_part_of_name(bytes: &[u8], start: usize) -> bool {
    matches!(&bytes[..start], [.., letter, b'-' | b'.'] if letter.is_ascii_alphabetic())
}

#[cfg(test)]
mod tests {
    use crate::sanitize::detect::{Detector, digits};

    fn find(text: &str) -> Vec<&str> {
        digits::testing::found_by(Detector::Ssn, text)
    }

    #[test]
    fn numbers_in_three_groups_are_found() {
        for text in [
            "123-45-6789",
            "applicant 123-45-6789 approved",
            "id:123.45.6789,",
            "no. 123 45 6789, filed",
            "SSN-123-45-6789",
            "ssn_123-45-6789",
            "(123-45-6789)",
            "123-45-6789.",
            "899-99-9999",
        ] {
            assert_eq!(find(text).len(), 1, "{text}");
        }
    }

    #[test]
    fn other_numbers_stay() {
        for text in [
            "000-12-3456",
            "666-12-3456",
            "900-12-3456",
            "123-00-4567",
            "123-45-0000",
            "123-45.6789",
            "123-45-67890",
            "0123-45-6789",
            "1-123-45-6789",
            "123-45-6789-1",
            "PART-123-45-6789",
            "100 20 3000 40",
            "123456789",
            "2026-03-14",
            "978-3-16-148410-0",
        ] {
            assert_eq!(find(text), [""; 0], "{text}");
        }
    }
}
