//! Acts upon a store, recorded in its log `admin` (FORMAT section 4): who read it.
//!
//! The log is locked for the time of one record only, so that any process may add to it while a service writes the
//! store's other logs.

mod read;

pub use self::read::{LogRead, record_read};

use std::error::Error;
use std::fmt;
use std::path::PathBuf;

use crate::log::LogError;
use crate::query::QueryError;

/// Why an act could not be recorded.
#[derive(Debug)]
#[non_exhaustive]
pub enum AdminError {
    /// There is no log to act upon.
    Query(QueryError),
    /// The log `admin` could not be written.
    Log(LogError),
    /// The log stands in no store, so that there is no `admin` beside it.
    NoStore {
        /// The log.
        log: PathBuf,
    },
}

impl fmt::Display for AdminError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Query(error) => fmt::Display::fmt(error, formatter),
            Self::Log(error) => fmt::Display::fmt(error, formatter),
            Self::NoStore { log } => write!(
                formatter,
                "{} is a log by itself, in no store with an admin log",
                crate::query::escape(&log.to_string_lossy())
            ),
        }
    }
}

impl Error for AdminError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Query(error) => error.source(),
            Self::Log(error) => error.source(),
            Self::NoStore { .. } => None,
        }
    }
}
