use chrono::Weekday;
use jiff::Timestamp;

use super::RuleError;
use crate::clock::TimeZone;

/// Working hours in a time zone: by default Monday to Friday, from 08:00 to 18:00.
///
/// The time zone is an IANA name, looked up as [`TimeZone`] does. Daylight saving is that of the day of the call.
///
/// ```
/// use chrono::Weekday;
/// use tool_audit::alert::WorkingHours;
///
/// let clinic = WorkingHours::new("Europe/Berlin")?
///     .days([Weekday::Mon, Weekday::Tue, Weekday::Sat])
///     .hours("22:00", "06:00")?; // a night belongs to the day on which it begins
/// assert_eq!(clinic.time_zone(), "Europe/Berlin");
/// assert!(WorkingHours::new("Europe/Atlantis").is_err());
/// # Ok::<(), tool_audit::alert::RuleError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
#[must_use]
pub struct WorkingHours {
    zone: TimeZone,
    /// A bit for each day, Monday the lowest.
    days: u8,
    /// Minutes of the day.
    from: u16,
    to: u16,
}

impl WorkingHours {
    /// Monday to Friday, from 08:00 to 18:00, in this time zone.
    ///
    /// # Errors
    ///
    /// No time zone has this name.
    pub fn new(time_zone: &str) -> Result<Self, RuleError> {
        let zone = TimeZone::named(time_zone)
            .map_err(|unknown| RuleError::new("", unknown.to_string()))?;
        Ok(Self {
            zone,
            days: 0b1_1111,
            from: 8 * 60,
            to: 18 * 60,
        })
    }

    /// The days on which work is done; none means that all hours are outside.
    pub fn days(mut self, days: impl IntoIterator<Item = Weekday>) -> Self {
        self.days = days
            .into_iter()
            .fold(0, |all, day| all | 1 << day.num_days_from_monday());
        self
    }

    /// From when to when, as `08:00`. Where the second is before the first, the hours go on into the next day; where
    /// both are the same, they are the whole day.
    ///
    /// # Errors
    ///
    /// One is no time of day, from 00:00 to 23:59.
    pub fn hours(mut self, from: &str, to: &str) -> Result<Self, RuleError> {
        self.from = minutes(from)?;
        self.to = minutes(to)?;
        Ok(self)
    }

    /// The time zone's name.
    #[must_use]
    pub fn time_zone(&self) -> &str {
        self.zone.name()
    }

    /// The local time where it is outside working hours, as RFC 3339; `micros` since 1970.
    pub(super) fn outside(&self, micros: i64) -> Option<String> {
        let local = Timestamp::from_microsecond(micros)
            .ok()?
            .to_zoned_datetime(self.zone.zone().clone());
        let day = local.weekday().to_monday_zero_offset();
        let minute = local.hour() as u16 * 60 + local.minute() as u16;
        let works = |day: i8| self.days & 1 << day.rem_euclid(7) != 0;
        let inside = if self.from < self.to {
            works(day) && (self.from..self.to).contains(&minute)
        } else if self.from == self.to {
            works(day)
        } else {
            works(day) && minute >= self.from || works(day - 1) && minute < self.to
        };
        (!inside).then(|| local.strftime("%Y-%m-%dT%H:%M:%S%:z").to_string())
    }
}

fn minutes(text: &str) -> Result<u16, RuleError> {
    let number = |text: &str, below: u16| {
        let digits = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
        let number: Option<u16> = text.parse().ok();
        number.filter(|number| digits && *number < below)
    };
    text.split_once(':')
        .and_then(|(hours, minutes)| Some(number(hours, 24)? * 60 + number(minutes, 60)?))
        .ok_or_else(|| {
            let problem = "this is no time of day: write one from 00:00 to 23:59".to_owned();
            RuleError::new("", problem)
        })
}
