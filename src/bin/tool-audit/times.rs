use std::time::Duration;

use chrono::{DateTime, Days, NaiveDate, NaiveTime, TimeDelta, Utc};

/// The first instant of a DATE: of a whole UTC day, or the RFC 3339 instant itself.
pub(crate) fn since(text: &str) -> Result<DateTime<Utc>, String> {
    day(text)
        .map(|day| day.and_time(NaiveTime::MIN).and_utc())
        .or_else(|| instant(text))
        .ok_or_else(wrong)
}

/// The last instant of a DATE, to the microsecond.
pub(crate) fn until(text: &str) -> Result<DateTime<Utc>, String> {
    day(text)
        .and_then(|day| day.checked_add_days(Days::new(1)))
        .map(|next| next.and_time(NaiveTime::MIN).and_utc() - TimeDelta::microseconds(1))
        .or_else(|| instant(text))
        .ok_or_else(wrong)
}

/// A length of time: a whole number and `s`, `m`, `h` or `d`.
pub(crate) fn length(text: &str) -> Result<Duration, String> {
    let wrong = || "give a whole number and s, m, h or d, such as 15m".to_owned();
    let unit = text.chars().next_back().ok_or_else(wrong)?;
    let seconds = match unit {
        's' => 1,
        'm' => 60,
        'h' => 3600,
        'd' => 86_400,
        _ => return Err(wrong()),
    };
    text[..text.len() - 1]
        .parse::<u64>()
        .ok()
        .and_then(|number| number.checked_mul(seconds))
        .map(Duration::from_secs)
        .ok_or_else(wrong)
}

/// A length of time in its greatest unit, as people say it.
pub(crate) fn spoken(length: TimeDelta) -> String {
    let seconds = length.num_seconds().max(0);
    let (number, unit) = match seconds {
        0..120 => (seconds, "s"),
        120..7200 => (seconds / 60, "min"),
        7200..172_800 => (seconds / 3600, "h"),
        _ => (seconds / 86_400, "days"),
    };
    format!("{number} {unit}")
}

fn day(text: &str) -> Option<NaiveDate> {
    // chrono also takes days such as 2025-7-6, which stand nowhere in a log.
    (text.len() == 10)
        .then(|| NaiveDate::parse_from_str(text, "%Y-%m-%d").ok())
        .flatten()
}

fn instant(text: &str) -> Option<DateTime<Utc>> {
    DateTime::parse_from_rfc3339(text)
        .ok()
        .map(|instant| instant.to_utc())
}

fn wrong() -> String {
    "give a day in UTC, such as 2025-07-06, or an RFC 3339 instant, such as 2025-07-06T14:00:00Z"
        .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_whole_and_an_instant_is_itself() {
        let show =
            |at: Result<DateTime<Utc>, String>| at.map(|at| at.to_rfc3339()).unwrap_or_default();
        assert_eq!(show(since("2025-07-06")), "2025-07-06T00:00:00+00:00");
        assert_eq!(
            show(until("2025-07-06")),
            "2025-07-06T23:59:59.999999+00:00"
        );
        assert_eq!(
            show(since("2025-07-06T16:00:00+02:00")),
            "2025-07-06T14:00:00+00:00"
        );
        assert_eq!(
            show(until("2025-07-06T14:00:00Z")),
            "2025-07-06T14:00:00+00:00"
        );
        for wrong in [
            "",
            "yesterday",
            "2025-02-30",
            "2025-7-6",
            "2025-07-06 14:00",
        ] {
            assert!(since(wrong).is_err() && until(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_length_of_time_has_a_number_and_a_unit() {
        assert_eq!(length("15m"), Ok(Duration::from_secs(900)));
        assert_eq!(length("2d"), Ok(Duration::from_secs(172_800)));
        for wrong in ["", "m", "15", "1.5h", "-1s", "99999999999999999999d", "5é"] {
            assert!(length(wrong).is_err(), "{wrong}");
        }
    }
}
