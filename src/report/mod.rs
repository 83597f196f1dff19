//! Reports for people: who saw whose records, and what happened in a range of time.
//!
//! A report reads the logs as [`query`](crate::query) does, and says with [`log::verify`](crate::log::verify)
//! whether what it rests on is as it was written.

mod access;
#[cfg(feature = "html")]
mod html;
mod integrity;
mod request;
mod summary;
mod sweep;
mod table;
mod times;

pub use self::access::{Access, AccessReport, Period, access_report};
#[cfg(feature = "html")]
#[cfg_attr(docsrs, doc(cfg(feature = "html")))]
pub use self::html::Made;
pub use self::integrity::{Basis, Integrity};
pub use self::request::AccessRequest;
pub use self::summary::{
    Alerts, DurationBand, Durations, Emergencies, EmergencyCall, EntriesLost, Ranking, RuleAlerts,
    SummaryReport, SummaryRequest, UserCalls, Volume, Volumes, summary_report,
};

use std::error::Error;
use std::fmt;
use std::path::PathBuf;

use crate::log::verify::VerifyError;
use crate::query::{QueryError, escape};

/// Why there is no report.
#[derive(Debug)]
#[non_exhaustive]
pub enum ReportError {
    /// The logs could not be read.
    Query(QueryError),
    /// The logs could not be verified.
    Verify(VerifyError),
    /// The request names nobody.
    Nobody,
    /// The request names somebody by what the sanitizer writes for many.
    NotIdentifying,
    /// The period ends before it begins.
    Period,
    /// Two folders at the path hold the same log, so that all in it would count twice.
    SameLog {
        /// The one.
        first: PathBuf,
        /// The other.
        second: PathBuf,
    },
    /// The page could not be made; what was wrong in words.
    #[cfg(feature = "html")]
    #[cfg_attr(docsrs, doc(cfg(feature = "html")))]
    Page(String),
}

impl fmt::Display for ReportError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Query(error) => fmt::Display::fmt(error, formatter),
            Self::Verify(error) => fmt::Display::fmt(error, formatter),
            Self::Nobody => formatter
                .write_str("the identifier is empty: give one of the subject or of the user"),
            Self::NotIdentifying => formatter.write_str(
                "the identifier is a marker that stands for many: give the person's own, with the policy or the keys",
            ),
            Self::Period => formatter
                .write_str("the period ends before it begins: give --from the earlier day"),
            Self::SameLog { first, second } => write!(
                formatter,
                "{} and {} hold the same log, and all in it would count twice: give the path of one of them",
                escape(&first.to_string_lossy()),
                escape(&second.to_string_lossy())
            ),
            #[cfg(feature = "html")]
            Self::Page(why) => write!(
                formatter,
                "making the page: {why}: take the report as JSON, and tell the crate's maintainers"
            ),
        }
    }
}

impl Error for ReportError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Query(error) => error.source(),
            Self::Verify(error) => error.source(),
            Self::Nobody | Self::NotIdentifying | Self::Period | Self::SameLog { .. } => None,
            #[cfg(feature = "html")]
            Self::Page(_) => None,
        }
    }
}

impl From<QueryError> for ReportError {
    fn from(error: QueryError) -> Self {
        Self::Query(error)
    }
}

impl From<VerifyError> for ReportError {
    fn from(error: VerifyError) -> Self {
        Self::Verify(error)
    }
}

#[cfg(feature = "html")]
impl From<minijinja::Error> for ReportError {
    fn from(error: minijinja::Error) -> Self {
        Self::Page(error.to_string())
    }
}
