//! Instants as whole microseconds since 1970, the resolution of a record's `timestamp`.

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Map, Value};

/// The instant that an RFC 3339 text names.
///
/// Records write one form, `2025-07-06T14:23:01.456789Z`, which is read without chrono's parser; any
/// other form of RFC 3339 is read with it.
pub(crate) fn parse(text: &str) -> Option<i64> {
    of_record_form(text.as_bytes()).or_else(|| {
        DateTime::parse_from_rfc3339(text)
            .ok()
            .map(|instant| instant.timestamp_micros())
    })
}

/// The last instant that RFC 3339 can name, 9999-12-31T23:59:59.999999Z.
const LAST: i64 = 253_402_300_799_999_999;

/// The same instant, or the last one that has a name: a record with a duration of centuries comes last, and stays
/// comparable.
pub(crate) fn clamp(micros: i64) -> i64 {
    micros.min(LAST)
}

/// As chrono has it; none beyond the years that chrono can name.
pub(crate) fn to_date_time(micros: i64) -> Option<DateTime<Utc>> {
    DateTime::from_timestamp_micros(micros)
}

/// As records write it.
pub(crate) fn to_text(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Micros, true)
}

/// True for an instant, in microseconds, in a range whose ends belong to it and may be open.
pub(crate) fn is_within(at: i64, from: Option<DateTime<Utc>>, to: Option<DateTime<Utc>>) -> bool {
    from.is_none_or(|from| at >= from.timestamp_micros())
        && to.is_none_or(|to| at <= to.timestamp_micros())
}

/// The ends of such a range that are not open, for the record of a reading.
pub(crate) fn ends(from: Option<DateTime<Utc>>, to: Option<DateTime<Utc>>) -> Map<String, Value> {
    let ends = [("from", from), ("to", to)].into_iter();
    ends.filter_map(|(name, end)| Some((name.to_owned(), to_text(end?).into())))
        .collect()
}

fn of_record_form(text: &[u8]) -> Option<i64> {
    let punctuation: [(usize, u8); 7] = [
        (4, b'-'),
        (7, b'-'),
        (10, b'T'),
        (13, b':'),
        (16, b':'),
        (19, b'.'),
        (26, b'Z'),
    ];
    if text.len() != 27 || punctuation.iter().any(|&(at, mark)| text[at] != mark) {
        return None;
    }
    let number = |from: usize, to: usize| {
        text[from..to].iter().try_fold(0_i64, |value, digit| {
            digit
                .is_ascii_digit()
                .then(|| value * 10 + i64::from(digit - b'0'))
        })
    };
    let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
    let (hour, minute, second) = (number(11, 13)?, number(14, 16)?, number(17, 19)?);
    let micros = number(20, 26)?;
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let month_length = match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if leap => 29,
        2 => 28,
        _ => return None,
    };
    // A leap second is left to chrono.
    if !(1..=month_length).contains(&day) || hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let seconds = (days_since_1970(year, month, day) * 24 + hour) * 3600 + minute * 60 + second;
    Some(seconds * 1_000_000 + micros)
}

/// Days of the Gregorian calendar, counted in years that begin in March, so that a leap day is the last.
fn days_since_1970(year: i64, month: i64, day: i64) -> i64 {
    let year = year - i64::from(month <= 2);
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_records_own_form_reads_as_chrono_reads_it() {
        let mut day = chrono::NaiveDate::from_ymd_opt(1599, 12, 31);
        let last = chrono::NaiveDate::from_ymd_opt(2401, 1, 1);
        while let Some(date) = day.filter(|date| Some(*date) <= last) {
            let text = format!("{}T23:59:58.000001Z", date.format("%Y-%m-%d"));
            let expected = DateTime::parse_from_rfc3339(&text).map(|at| at.timestamp_micros());
            assert_eq!(of_record_form(text.as_bytes()), expected.ok(), "{text}");
            day = date.checked_add_days(chrono::Days::new(1));
        }
    }

    #[test]
    fn other_forms_are_read_too_and_what_is_no_instant_is_not() {
        let instant = parse("2025-07-06T14:23:01.456789Z");
        assert!(instant.is_some());
        assert_eq!(parse("2025-07-06T16:23:01.456789+02:00"), instant);
        for text in [
            "",
            "2025-02-29T00:00:00.000000Z",
            "2025-13-01T00:00:00.000000Z",
            "2025-01-01T24:00:00.000000Z",
            "2025-01-01",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
