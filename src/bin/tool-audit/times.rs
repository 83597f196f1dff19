use std::str::FromStr;
use std::time::Duration;

use chrono::{DateTime, Days, NaiveDate, NaiveTime, TimeDelta, Utc};
use clap::Args;
use tool_audit::clock::TimeZone;

/// A DATE of the command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Date {
    /// A whole day, of the time zone that is asked for.
    Day(NaiveDate),
    Instant(DateTime<Utc>),
}

impl FromStr for Date {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        day(text)
            .map(Self::Day)
            .or_else(|| instant(text).map(Self::Instant))
            .ok_or_else(|| {
                "give a day, such as 2025-07-06, or an RFC 3339 instant, such as 2025-07-06T14:00:00Z".to_owned()
            })
    }
}

/// Where days begin, and whose clocks people read.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct Zone {
    /// The time zone of days, and of times that are shown to people: an IANA name, such as Europe/Berlin; else UTC
    #[arg(long = "time-zone", value_name = "NAME", value_parser = TimeZone::named)]
    named: Option<TimeZone>,
}

impl Zone {
    /// The first instant of a DATE.
    pub(crate) fn since(&self, date: Date) -> DateTime<Utc> {
        match date {
            Date::Day(day) => self.begin_of(day),
            Date::Instant(instant) => instant,
        }
    }

    /// The last instant of a DATE, to the microsecond.
    pub(crate) fn until(&self, date: Date) -> DateTime<Utc> {
        match date {
            Date::Day(day) => {
                let next = day.checked_add_days(Days::new(1)).unwrap_or(day);
                self.begin_of(next) - TimeDelta::microseconds(1)
            }
            Date::Instant(instant) => instant,
        }
    }

    fn begin_of(&self, day: NaiveDate) -> DateTime<Utc> {
        match &self.named {
            Some(zone) => zone.begin_of(day),
            None => day.and_time(NaiveTime::MIN).and_utc(),
        }
    }

    /// An instant to the millisecond, as people read it.
    pub(crate) fn show(&self, instant: DateTime<Utc>) -> String {
        match &self.named {
            Some(zone) => zone.show_millis(instant),
            None => instant.format("%Y-%m-%dT%H:%M:%S%.3fZ").to_string(),
        }
    }

    pub(crate) fn named(&self) -> Option<&TimeZone> {
        self.named.as_ref()
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_whole_where_it_is_and_an_instant_is_itself() {
        let utc = Zone::default();
        let new_york = Zone {
            named: TimeZone::named("America/New_York").ok(),
        };
        let bounds = |zone: &Zone, text: &str| {
            text.parse()
                .map(|date| (zone.since(date).to_rfc3339(), zone.until(date).to_rfc3339()))
                .unwrap_or_default()
        };
        let range = |since: &str, until: &str| (since.to_owned(), until.to_owned());
        assert_eq!(
            bounds(&utc, "2025-07-06"),
            range(
                "2025-07-06T00:00:00+00:00",
                "2025-07-06T23:59:59.999999+00:00"
            )
        );
        // On this day clocks are put forward: it has 23 hours.
        assert_eq!(
            bounds(&new_york, "2025-03-09"),
            range(
                "2025-03-09T05:00:00+00:00",
                "2025-03-10T03:59:59.999999+00:00"
            )
        );
        for zone in [&utc, &new_york] {
            let itself = "2025-07-06T14:00:00+00:00";
            assert_eq!(
                bounds(zone, "2025-07-06T16:00:00+02:00"),
                range(itself, itself)
            );
            let (since, until) = bounds(zone, "9999-12-31");
            assert!(since < until, "{since} {until}");
        }
        for wrong in [
            "",
            "yesterday",
            "2025-02-30",
            "2025-7-6",
            "2025-07-06 14:00",
        ] {
            assert!(wrong.parse::<Date>().is_err(), "{wrong}");
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
