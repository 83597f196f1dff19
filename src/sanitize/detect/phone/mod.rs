//! Telephone numbers: international ones (E.164), those of North America as they are written there, and any other behind a
//! word for a telephone.

mod label;

use std::ops::Range;

pub(super) use self::label::is_owned;
use super::digits::{self, leading_digits};

/// E.164 allows 15 digits; with fewer than 8 a sign and a number are a difference.
const INTERNATIONAL: Range<usize> = 8..16;
/// How many digits numbers have that a word tells.
const TOLD: Range<usize> = 8..15;
/// The most digits of an extension.
const EXTENSION: usize = 6;

const WORDS: &[&str] = &[
    "phone", "call", "tel", "mobile", "cell", "fax", "sms", "whatsapp", "dial", "text ", "reach",
    " ring ",
];

/// The number that begins with the digits of `run`, or with the `+` or `(` before them; not before `floor`.
pub(super) fn range_at(bytes: &[u8], run: &Range<usize>, floor: usize) -> Option<Range<usize>> {
    let found = international(bytes, run)
        .or_else(|| in_parentheses(bytes, run, floor))
        .or_else(|| in_area(bytes, run, floor))
        .or_else(|| in_groups(bytes, run, floor))
        .or_else(|| national(bytes, run))
        .or_else(|| told(bytes, run))?;
    Some(found.start..found.end + extension(&bytes[found.end..]))
}

/// `+44 7700 900123`, `+1 (202) 555-0123`, `+4930123456`.
fn international(bytes: &[u8], run: &Range<usize>) -> Option<Range<usize>> {
    let start = run.start.checked_sub(1)?;
    let is_joined = start
        .checked_sub(1)
        .is_some_and(|before| bytes[before].is_ascii_alphanumeric() || bytes[before] == b'.');
    if bytes[start] != b'+' || is_joined || bytes[run.start] == b'0' {
        return None;
    }
    let most = most_digits(&bytes[run.start..]);
    let (mut end, mut count, mut groups) = (run.start, 0, 0);
    let mut points = 0;
    loop {
        let group = leading_digits(&bytes[end..]);
        if count + group > most {
            break;
        }
        (count, end, groups) = (count + group, end + group, groups + 1);
        let Some(next) = separated(&bytes[end..]) else {
            break;
        };
        if count + leading_digits(&bytes[end + next..]) > most {
            break;
        }
        points += usize::from(bytes[end] == b'.');
        end += next;
    }
    // `+51.507351` is a coordinate.
    let is_fraction = groups == 2 && points == 1;
    let runs_on =
        bytes.get(end).is_some_and(u8::is_ascii_alphanumeric) && extension(&bytes[end..]) == 0;
    (INTERNATIONAL.contains(&count) && !is_fraction && !runs_on).then_some(start..end)
}

/// How many digits numbers of a country have at most, with the country's own.
fn most_digits(digits: &[u8]) -> usize {
    match digits {
        [b'1' | b'7', ..] | [b'3', b'3', ..] | [b'6', b'1', ..] => 11,
        [b'4', b'4', ..] => 13,
        _ => INTERNATIONAL.end - 1,
    }
}

/// How many bytes of punctuation stand before the next digits of the same number.
fn separated(bytes: &[u8]) -> Option<usize> {
    match bytes {
        [b' ' | b'-' | b'.' | b'/' | b'(' | b')', digit, ..] if digit.is_ascii_digit() => Some(1),
        [b' ', b'(', digit, ..] | [b')', b' ' | b'-', digit, ..] if digit.is_ascii_digit() => {
            Some(2)
        }
        _ => None,
    }
}

/// `(202) 555-0123`, also with a 1 before it.
fn in_parentheses(bytes: &[u8], run: &Range<usize>, floor: usize) -> Option<Range<usize>> {
    let open = run.start.checked_sub(1).filter(|at| bytes[*at] == b'(')?;
    if run.len() != 3 || bytes.get(run.end) != Some(&b')') {
        return None;
    }
    let mut at = run.end + 1;
    at += usize::from(matches!(bytes.get(at), Some(b' ' | b'-' | b'.')));
    let rest = bytes.get(at..at + 8)?;
    let fits = rest[..3].iter().all(u8::is_ascii_digit)
        && matches!(rest[3], b'-' | b'.' | b' ')
        && rest[4..].iter().all(u8::is_ascii_digit);
    let end = at + 8;
    let runs_on = bytes.get(end).is_some_and(u8::is_ascii_digit);
    let is_joined = bytes[..open].last().is_some_and(u8::is_ascii_alphabetic);
    (fits && !runs_on && !is_joined).then(|| with_country(bytes, open, floor)..end)
}

/// `(11) 98765-4321`, `8 (912) 345-67-89`.
fn in_area(bytes: &[u8], run: &Range<usize>, floor: usize) -> Option<Range<usize>> {
    let open = run.start.checked_sub(1).filter(|at| bytes[*at] == b'(')?;
    let rest = bytes.get(run.end..)?.strip_prefix(b")")?;
    let blank = usize::from(rest.first() == Some(&b' '));
    let start = run.end + 1 + blank;
    let is_separated = |at: usize| matches!(bytes.get(at), Some(b'-' | b' '));
    let mut end = start;
    let groups: &[usize] = match (run.len(), bytes.get(start)) {
        (2, Some(b'9')) => &[5, 4],
        (3, _) => &[3, 2, 2],
        _ => return None,
    };
    for (place, length) in groups.iter().enumerate() {
        if place > 0 {
            if !is_separated(end) {
                return None;
            }
            end += 1;
        }
        if leading_digits(&bytes[end..]) != *length {
            return None;
        }
        end += length;
    }
    let is_joined = bytes[..open].last().is_some_and(u8::is_ascii_alphabetic);
    let start = match bytes.get(floor..open) {
        Some([rest @ .., b'7' | b'8', b' '])
            if !rest.last().is_some_and(u8::is_ascii_alphanumeric) =>
        {
            open - 2
        }
        _ => open,
    };
    (!is_joined).then_some(start..end)
}

/// `202-555-0123`, `202.555.0123`; with a word near also `202 555 0123`.
///
/// No area and no exchange begins with 0 or 1 (NANP), which order numbers are often told by.
fn in_groups(bytes: &[u8], run: &Range<usize>, floor: usize) -> Option<Range<usize>> {
    if run.len() != 3 {
        return None;
    }
    let (end, separator) = digits::grouped(bytes, run.start, [3, 3, 4], b"-. ")?;
    let is_code = |at: usize| bytes.get(at).is_some_and(|digit| *digit >= b'2');
    if !is_code(run.start) || !is_code(run.start + 4) {
        return None;
    }
    let start = with_country(bytes, run.start, floor);
    let range = start..end;
    let is_part_of_name = matches!(
        &bytes[..start],
        [.., letter, b'-' | b'.' | b'_' | b'#'] if letter.is_ascii_alphanumeric()
    );
    let free = digits::stands_alone(bytes, &range) || extension(&bytes[end..]) > 0;
    let is_said = || digits::is_near(bytes, &range, WORDS);
    let is_clear = separator != b' ' || is_said() && !digits::is_among_numbers(bytes, &range);
    (free && is_clear && (!is_part_of_name || is_said())).then_some(range)
}

/// `020 7946 0123`, `07700 900123`: groups with a zero before them, where a word says what they are.
fn national(bytes: &[u8], run: &Range<usize>) -> Option<Range<usize>> {
    if bytes[run.start] != b'0' || !(3..=5).contains(&run.len()) {
        return None;
    }
    let (range, count) = groups_of(bytes, run, b" -", 11);
    let fits = (10..=11).contains(&count) && digits::stands_alone(bytes, &range);
    (fits && digits::is_near(bytes, &range, WORDS)).then_some(range)
}

/// `06 12 34 56 78`, `0043 660 1234567`, `91 123 45 67`, `13800138000`: in whatever groups, right behind a word for a
/// telephone.
fn told(bytes: &[u8], run: &Range<usize>) -> Option<Range<usize>> {
    if run.len() > TOLD.end
        || bytes[..run.start]
            .last()
            .is_some_and(u8::is_ascii_alphanumeric)
    {
        return None;
    }
    let (range, count) = groups_of(bytes, run, b" -./", TOLD.end);
    let groups = bytes[range.clone()]
        .split(|byte| !byte.is_ascii_digit())
        .map(<[u8]>::len);
    // A date has eight digits, in one group or those of two and four.
    let is_date = count == 8
        && (groups.clone().eq([4, 2, 2])
            || groups.clone().eq([2, 2, 4])
            || groups.eq([8])
                && matches!(&bytes[run.clone()], [b'1', b'9', ..] | [b'2', b'0', ..]));
    let is_version = is_version(&bytes[range.clone()]);
    let is_bare = run.len() == count;
    let fits = TOLD.contains(&count)
        && !is_date
        && !is_version
        && digits::stands_alone(bytes, &range)
        // More digits side by side are milliseconds.
        && !(is_bare && count > 12);
    (fits && label::is_told(bytes, run.start, is_bare && count < 9)).then_some(range)
}

/// True for `4.15.6.20200101`, and not for `7.903.123.45.67`: before an area `1`, `7` or `8` may stand.
pub(in crate::sanitize::detect) fn is_version(number: &[u8]) -> bool {
    let mut groups = number.split(|byte| *byte == b'.');
    let is_first_of_version =
        |group: &[u8]| group.len() == 1 && !matches!(group, [b'1' | b'7' | b'8']);
    groups.next().is_some_and(is_first_of_version) || groups.any(|group| group.len() == 1)
}

/// The groups of digits from `run` on with one of `separators` between each two, of no more than `most` digits together;
/// and how many digits they are.
fn groups_of(
    bytes: &[u8],
    run: &Range<usize>,
    separators: &[u8],
    most: usize,
) -> (Range<usize>, usize) {
    let (mut end, mut count) = (run.end, run.len());
    while count < most
        && bytes.get(end).is_some_and(|byte| separators.contains(byte))
        && bytes.get(end + 1).is_some_and(u8::is_ascii_digit)
    {
        let group = leading_digits(&bytes[end + 1..]);
        (end, count) = (end + 1 + group, count + group);
    }
    (run.start..end, count)
}

/// Where the number at `start` begins with the `1` of North America.
fn with_country(bytes: &[u8], start: usize, floor: usize) -> usize {
    match bytes.get(floor..start) {
        Some([b'1', b' ' | b'-' | b'.']) => start - 2,
        Some([.., before, b'1', b' ' | b'-' | b'.'])
            if !before.is_ascii_alphanumeric() && !matches!(before, b'.' | b'-') =>
        {
            start - 2
        }
        _ => start,
    }
}

/// The length of an extension: ` ext. 12`, ` x12`.
fn extension(bytes: &[u8]) -> usize {
    let blanks = bytes
        .iter()
        .take(2)
        .take_while(|byte| matches!(byte, b' ' | b','))
        .count();
    let rest = &bytes[blanks..];
    let word = [&b"extension"[..], b"ext.", b"ext", b"x"]
        .into_iter()
        .find(|word| {
            rest.get(..word.len())
                .is_some_and(|begin| begin.eq_ignore_ascii_case(word))
        })
        .map_or(0, <[u8]>::len);
    if word == 0 {
        return 0;
    }
    let gap = usize::from(rest.get(word) == Some(&b' '));
    let digits = leading_digits(&rest[word + gap..]);
    let runs_on = rest
        .get(word + gap + digits)
        .is_some_and(u8::is_ascii_alphanumeric);
    if (1..=EXTENSION).contains(&digits) && !runs_on {
        blanks + word + gap + digits
    } else {
        0
    }
}

#[cfg(test)]
mod tests {
    use crate::sanitize::detect::{Detector, digits};

    fn find(text: &str) -> Vec<&str> {
        digits::testing::found_by(Detector::Phone, text)
    }

    #[test]
    fn numbers_are_found_whole() {
        for (text, number) in [
            ("+44 7700 900123", "+44 7700 900123"),
            ("+44 (0)20 7946 0123.", "+44 (0)20 7946 0123"),
            ("tel:+12025550123", "+12025550123"),
            ("+1-202-555-0123, then", "+1-202-555-0123"),
            ("+1 (202) 555-0123 2 items", "+1 (202) 555-0123"),
            ("call +49 30 1234567", "+49 30 1234567"),
            ("(202) 555-0123 about", "(202) 555-0123"),
            ("1 (202) 555-0123", "1 (202) 555-0123"),
            ("(202)555.0123", "(202)555.0123"),
            ("at 202-555-0123.", "202-555-0123"),
            ("1-202-555-0123", "1-202-555-0123"),
            ("202.555.0123", "202.555.0123"),
            ("202-555-0123 ext. 12", "202-555-0123 ext. 12"),
            ("202-555-0123x12", "202-555-0123x12"),
            ("phone 202 555 0123", "202 555 0123"),
            ("call me on 07700 900123", "07700 900123"),
            ("please call 06 12 34 56 78 today", "06 12 34 56 78"),
            ("please call 0043 660 1234567 about it", "0043 660 1234567"),
            ("please call 4155550132 about it", "4155550132"),
            ("call 8 (912) 345-67-89 now", "8 (912) 345-67-89"),
            ("at (11) 98765-4321 or so", "(11) 98765-4321"),
            ("please call 13800138000", "13800138000"),
            ("Telefon: 0660/1234567", "0660/1234567"),
            ("Tel. 91 123 45 67", "91 123 45 67"),
            ("電話 03-5555-0134 まで", "03-5555-0134"),
            ("手机13800138000", "13800138000"),
            ("mobile number is 98765 43210", "98765 43210"),
            ("my cell 12345678 rings", "12345678"),
            ("mobile 7.903.123.45.67", "7.903.123.45.67"),
            ("phone 8.495.123.45.67", "8.495.123.45.67"),
        ] {
            assert_eq!(find(text), [number], "{text}");
        }
    }

    #[test]
    fn other_numbers_stay() {
        for text in [
            "2026-03-14",
            "2026-03-14T09:26:53+01:00",
            "1.2.3",
            "10.0.0.1",
            "202.555.01234",
            "order 123-456-7890",
            "mobile 4.15.6.20200101 build",
            "cell 12345678 in sheet 2",
            "112-1234567-1234567",
            "+51.507351,-0.127758",
            "f(202) 555",
            "+1234567",
            "a+12025550123",
            "300 400 5000",
            "4929-5978-5894-7252",
            "5-202-555-0123-9",
            "6ddd2f54-6388-4117-ae39-07f134ab30c8",
            "REF-202-555-0123",
            "the API call 4155550132 took 30 ms",
            "call id 4155550132",
            "this call 4155550132 failed",
            "call on 2026-03-14",
            "please call back on 14.03.2026",
            "mobile 12.04.2026 build",
            "phone order 4155550132",
            "call at 1793053779354",
            "(11) 2025-2026",
            "phones 1234567",
            "text 20260314",
            "USE_REGISTERED_RING = 2147483648,",
            "ring_2147483648",
        ] {
            assert_eq!(find(text), [""; 0], "{text}");
        }
    }
}
