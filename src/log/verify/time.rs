//! The two forms of time in a record, read without a calendar library: one of each is read for every record.

/// Microseconds from 1970 on of a `timestamp` as FORMAT section 3 writes it, quotes included:
/// RFC 3339, UTC, `Z`, six decimals.
pub(super) fn timestamp(value: &[u8]) -> Option<i64> {
    let text: &[u8; 29] = value.try_into().ok()?;
    let marks = [
        (0, b'"'),
        (11, b'T'),
        (14, b':'),
        (17, b':'),
        (20, b'.'),
        (27, b'Z'),
        (28, b'"'),
    ];
    if marks.iter().any(|(at, mark)| text[*at] != *mark) {
        return None;
    }
    let days = days(text.get(1..11)?)?;
    let (hour, minute) = (digits(text.get(12..14)?)?, digits(text.get(15..17)?)?);
    // RFC 3339 allows a leap second.
    let second = digits(text.get(18..20)?)?;
    let micros = digits(text.get(21..27)?)?;
    if hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    Some((((days * 24 + hour) * 60 + minute) * 60 + second) * 1_000_000 + micros)
}

/// The first microsecond behind a date's UTC day; `value` with its quotes, `YYYY-MM-DD`.
pub(super) fn end_of_day(value: &[u8]) -> Option<i64> {
    let date = value.strip_prefix(b"\"")?.strip_suffix(b"\"")?;
    Some((days(date)? + 1) * 86_400_000_000)
}

/// Microseconds of a `duration_ms`.
pub(super) fn duration(value: &[u8]) -> Option<i64> {
    if let Some(microseconds) = short_duration(value) {
        return Some(microseconds);
    }
    let milliseconds: f64 = std::str::from_utf8(value).ok()?.parse().ok()?;
    let microseconds = (milliseconds * 1000.0).round();
    (microseconds.abs() < 9e15).then_some(microseconds as i64)
}

/// The same of digits with at most three decimals, as a writer rounds them.
fn short_duration(value: &[u8]) -> Option<i64> {
    let point = value.iter().position(|byte| *byte == b'.');
    let (whole, decimals) = match point {
        Some(at) => (value.get(..at)?, value.get(at + 1..)?),
        None => (value, &[][..]),
    };
    let scale = match decimals.len() {
        0 => 1000,
        1 => 100,
        2 => 10,
        3 => 1,
        _ => return None,
    };
    if whole.is_empty() || whole.len() > 12 {
        return None;
    }
    Some(digits(whole)? * 1000 + digits(decimals)? * scale)
}

/// Days from 1970-01-01 on, in the Gregorian calendar.
fn days(date: &[u8]) -> Option<i64> {
    let date: &[u8; 10] = date.try_into().ok()?;
    if date[4] != b'-' || date[7] != b'-' {
        return None;
    }
    let (year, month, day) = (
        digits(&date[..4])?,
        digits(&date[5..7])?,
        digits(&date[8..])?,
    );
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let length = match month {
        2 => 28 + i64::from(leap),
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return None,
    };
    if !(1..=length).contains(&day) {
        return None;
    }
    // Years that begin in March put the leap day at their end.
    let year = year - i64::from(month < 3);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let leap_days = year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    Some(year * 365 + leap_days + day_of_year - 719_468)
}

fn digits(text: &[u8]) -> Option<i64> {
    text.iter().try_fold(0, |value, digit| {
        digit
            .is_ascii_digit()
            .then(|| value * 10 + i64::from(digit - b'0'))
    })
}
