use std::borrow::Cow;
use std::fmt;

use super::Period;
#[cfg(feature = "time-zones")]
use crate::clock::TimeZone;

/// Where people read a report's times: as the records hold them, in UTC, or in a time zone.
#[derive(Debug, Clone, Default)]
pub(super) struct Times {
    #[cfg(feature = "time-zones")]
    pub(super) zone: Option<TimeZone>,
}

impl Times {
    /// An instant of a record or of the report; what is none stays as it is.
    pub(super) fn show<'a>(&self, instant: &'a str) -> Cow<'a, str> {
        #[cfg(feature = "time-zones")]
        if let Some(zone) = &self.zone
            && let Some(at) = crate::query::parse_instant(instant)
            && let Some(at) = crate::query::instant::to_date_time(at)
        {
            return zone.show(at).into();
        }
        instant.into()
    }

    /// The time zone's name.
    #[cfg(feature = "html")]
    pub(super) fn name(&self) -> &str {
        #[cfg(feature = "time-zones")]
        if let Some(zone) = &self.zone {
            return zone.name();
        }
        "UTC"
    }

    pub(super) fn write_period(
        &self,
        period: &Period,
        formatter: &mut fmt::Formatter<'_>,
    ) -> fmt::Result {
        let shown = |at: &Option<String>| at.as_deref().map(|at| self.show(at).into_owned());
        let period = Period {
            start: shown(&period.start),
            end: shown(&period.end),
        };
        writeln!(formatter, "{period}")
    }
}
