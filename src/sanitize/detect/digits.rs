//! Runs of digits: each is looked at once, by all detectors of numbers.

use std::ops::Range;

use super::{Detected, Detector, bank_number, card, identity_number, nhs_number, phone, ssn};
use crate::sanitize::marker;
use crate::sanitize::places::{Places, mask};

/// How far before and behind a number a word may stand that says what it is.
const NEAR: usize = 40;

/// How many digits a text begins with.
pub(super) fn leading_digits(bytes: &[u8]) -> usize {
    bytes
        .iter()
        .take_while(|byte| byte.is_ascii_digit())
        .count()
}

/// Finds payment cards, numbers that countries give their people and health services their patients, numbers of bank
/// accounts, and telephone numbers.
pub(super) fn find(text: &str, found: &mut Vec<Detected>) {
    let bytes = text.as_bytes();
    let mut groups = Groups::default();
    let mut at = 0;
    // What stands before this was found already.
    let mut floor = 0;
    for start in Places::new(bytes, |block, _| {
        mask(block, |byte| byte.wrapping_sub(b'0') < 10)
    }) {
        if start < at {
            continue;
        }
        let length = bytes[start..]
            .iter()
            .take_while(|byte| byte.is_ascii_digit())
            .count();
        at = start + length;
        let run = start..at;
        if run.start >= floor {
            let identity = identity_number::range_at(text, &run, floor)
                .map(|range| (Detector::IdentityNumber, range));
            let known = [
                (Detector::Ssn, ssn::length_at(bytes, &run)),
                (Detector::NhsNumber, nhs_number::length_at(bytes, &run)),
                (Detector::BankNumber, bank_number::length_at(text, &run)),
            ];
            let known = known
                .into_iter()
                .find_map(|(detector, length)| Some((detector, run.start..run.start + length?)));
            let known = identity.or(known);
            let known =
                known.or_else(|| Some((Detector::Phone, phone::range_at(bytes, &run, floor)?)));
            if let Some((detector, range)) = known {
                floor = range.end;
                found.push(Detected { range, detector });
            }
        }
        groups.push(run);
        // A number goes on behind one separator, or two blanks.
        let goes_on = match bytes[at..] {
            [b' ', b' ', next, ..] => next.is_ascii_digit(),
            [separator, next, ..] => is_separator(separator) && next.is_ascii_digit(),
            _ => false,
        };
        if !goes_on {
            card::find_in(bytes, groups.as_slice(), found);
            groups.clear();
        }
    }
}

/// Groups of digits that stand together: seldom many, so that the first ones are kept without an allocation.
#[derive(Default)]
struct Groups {
    first: [Range<usize>; 8],
    count: usize,
    /// All of them, where they are more.
    all: Vec<Range<usize>>,
}

impl Groups {
    fn push(&mut self, group: Range<usize>) {
        if let Some(place) = self.first.get_mut(self.count) {
            *place = group;
        } else {
            if self.all.is_empty() {
                self.all.extend_from_slice(&self.first);
            }
            self.all.push(group);
        }
        self.count += 1;
    }

    fn as_slice(&self) -> &[Range<usize>] {
        self.first.get(..self.count).unwrap_or(&self.all)
    }

    fn clear(&mut self) {
        self.count = 0;
        self.all.clear();
    }
}

/// What may stand between the groups of a card's number.
fn is_separator(byte: u8) -> bool {
    matches!(byte, b' ' | b'-' | b'.' | b'_')
}

/// Where groups of so many digits end that begin with the run at `start`, all with the same of `separators` between
/// them; and the separator.
pub(super) fn grouped(
    bytes: &[u8],
    start: usize,
    lengths: [usize; 3],
    separators: &[u8],
) -> Option<(usize, u8)> {
    let separator = *bytes.get(start + lengths[0])?;
    if !separators.contains(&separator) {
        return None;
    }
    let mut at = start;
    for (place, length) in lengths.into_iter().enumerate() {
        if place > 0 {
            if bytes.get(at) != Some(&separator) {
                return None;
            }
            at += 1;
        }
        let group = bytes.get(at..at + length)?;
        if !group.iter().all(u8::is_ascii_digit) {
            return None;
        }
        at += length;
    }
    (!bytes.get(at).is_some_and(u8::is_ascii_digit)).then_some((at, separator))
}

/// The digits in a range, as text.
pub(super) fn digits_of(bytes: &[u8]) -> impl Iterator<Item = u8> + '_ {
    bytes.iter().copied().filter(u8::is_ascii_digit)
}

/// True where a number stands for itself: no letter, digit or point is joined to it on either side.
pub(super) fn stands_alone(bytes: &[u8], range: &Range<usize>) -> bool {
    let is_joint = |byte: u8| matches!(byte, b'-' | b'.' | b'/' | b':' | b'+');
    let before = bytes[..range.start].last();
    let joined_before = match before {
        Some(byte) if is_joint(*byte) => range
            .start
            .checked_sub(2)
            .is_some_and(|at| bytes[at].is_ascii_digit()),
        Some(byte) => byte.is_ascii_alphanumeric(),
        None => false,
    };
    let joined_behind = match bytes.get(range.end) {
        Some(byte) if is_joint(*byte) => bytes.get(range.end + 1).is_some_and(u8::is_ascii_digit),
        Some(byte) => byte.is_ascii_alphanumeric(),
        None => false,
    };
    !joined_before && !joined_behind
}

/// True where another group of digits stands beside a range, one space away.
pub(super) fn is_among_numbers(bytes: &[u8], range: &Range<usize>) -> bool {
    let before = &bytes[..range.start];
    let behind = &bytes[range.end..];
    matches!(before, [.., digit, b' '] if digit.is_ascii_digit())
        || matches!(behind, [b' ', digit, ..] if digit.is_ascii_digit())
}

/// True where one of `words`, which are lower-case, stands a little before or right behind a range.
pub(super) fn is_near(bytes: &[u8], range: &Range<usize>, words: &[&str]) -> bool {
    let before = range.start.saturating_sub(NEAR)..range.start;
    let behind = range.end..bytes.len().min(range.end + NEAR / 2);
    [before, behind].into_iter().any(|near| {
        words.iter().any(|word| {
            let windows = bytes[near.clone()].windows(word.len());
            // What stands for another value says nothing of this one.
            windows.enumerate().any(|(at, window)| {
                let start = near.start + at;
                window.eq_ignore_ascii_case(word.as_bytes())
                    && !marker::holds(bytes, &(start..start + word.len()))
            })
        })
    })
}

#[cfg(test)]
pub(super) mod testing {
    use crate::sanitize::detect::Detector;

    /// What one of the detectors of numbers finds in a text.
    pub(in crate::sanitize::detect) fn found_by(detector: Detector, text: &str) -> Vec<&str> {
        let mut found = Vec::new();
        super::find(text, &mut found);
        let numbers = found.into_iter().filter(|found| found.detector == detector);
        numbers.map(|found| &text[found.range]).collect()
    }
}
