//! Reports for people: who saw whose records.
//!
//! A report reads the logs as [`query`](crate::query) does, and says with [`log::verify`](crate::log::verify)
//! whether what it rests on is as it was written.

mod access;
mod integrity;
mod request;
mod sweep;
mod table;

pub use self::access::{Access, AccessReport, Period, access_report};
pub use self::integrity::{Basis, Integrity};
pub use self::request::AccessRequest;

use std::error::Error;
use std::fmt;

use crate::log::verify::VerifyError;
use crate::query::QueryError;

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
}

impl fmt::Display for ReportError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Query(error) => fmt::Display::fmt(error, formatter),
            Self::Verify(error) => fmt::Display::fmt(error, formatter),
            Self::Nobody => formatter
                .write_str("the identifier is empty: give one of the subject or of the user"),
        }
    }
}

impl Error for ReportError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Query(error) => error.source(),
            Self::Verify(error) => error.source(),
            Self::Nobody => None,
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
