use std::error::Error;
use std::fmt;

use chrono::{DateTime, Datelike, NaiveDate, NaiveTime, Utc};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz;

/// The time zone of a place, by its IANA name, for days and for times that people read.
///
/// It is looked up in the operating system's time zone database, or where that has none in the one that was built in.
///
/// ```
/// use tool_audit::clock::TimeZone;
///
/// let zone = TimeZone::named("Europe/Berlin")?;
/// let day = "2025-07-06".parse()?;
/// assert_eq!(zone.begin_of(day).to_rfc3339(), "2025-07-05T22:00:00+00:00");
/// assert_eq!(zone.show("2025-07-06T14:23:01.456789Z".parse()?), "2025-07-06T16:23:01.456789+02:00");
/// assert!(TimeZone::named("Europe/Atlantis").is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct TimeZone {
    name: String,
    zone: tz::TimeZone,
}

impl TimeZone {
    /// The time zone of this name.
    ///
    /// # Errors
    ///
    /// There is none.
    pub fn named(name: &str) -> Result<Self, UnknownTimeZone> {
        let zone = tz::TimeZone::get(name).map_err(|_| UnknownTimeZone {
            name: name.chars().take(64).collect(),
        })?;
        let name = name.to_owned();
        Ok(Self { name, zone })
    }

    /// Its name, as it was given.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The first instant of a day, which is not midnight where clocks are put forward then. Of a day that the place
    /// skipped it is that of the next one; beyond the year 9999 it is that of UTC.
    #[must_use]
    pub fn begin_of(&self, day: NaiveDate) -> DateTime<Utc> {
        let here = || {
            let (year, month) = (i16::try_from(day.year()).ok()?, day.month() as i8);
            let date = Date::new(year, month, day.day() as i8).ok()?;
            let begin = date.to_zoned_datetime(self.zone.clone()).ok()?;
            DateTime::from_timestamp_micros(begin.timestamp().as_microsecond())
        };
        here().unwrap_or_else(|| day.and_time(NaiveTime::MIN).and_utc())
    }

    /// An instant as RFC 3339 with the place's distance from UTC, to the microsecond.
    #[must_use]
    pub fn show(&self, instant: DateTime<Utc>) -> String {
        self.show_as(instant, "%Y-%m-%dT%H:%M:%S%.6f%:z")
    }

    /// [`show`](Self::show) to the millisecond.
    #[must_use]
    pub fn show_millis(&self, instant: DateTime<Utc>) -> String {
        self.show_as(instant, "%Y-%m-%dT%H:%M:%S%.3f%:z")
    }

    fn show_as(&self, instant: DateTime<Utc>, form: &str) -> String {
        match Timestamp::from_microsecond(instant.timestamp_micros()) {
            Ok(at) => at
                .to_zoned_datetime(self.zone.clone())
                .strftime(form)
                .to_string(),
            Err(_) => instant.to_rfc3339(),
        }
    }

    pub(crate) fn zone(&self) -> &tz::TimeZone {
        &self.zone
    }
}

/// No time zone has this name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownTimeZone {
    name: String,
}

impl fmt::Display for UnknownTimeZone {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = &self.name;
        write!(
            formatter,
            "there is no time zone {name:?}: give an IANA name, such as Europe/Berlin"
        )
    }
}

impl Error for UnknownTimeZone {}
