use std::error::Error;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use crate::admin::AdminError;
use crate::log::LogError;
use crate::log::verify::VerifyError;
use crate::query::{QueryError, escape};

/// Why nothing was pruned.
#[derive(Debug)]
#[non_exhaustive]
pub enum RetentionError {
    /// The logs could not be read.
    Query(QueryError),
    /// Holds and reviews could not be read.
    Admin(AdminError),
    /// A log could not be read or written.
    Log(LogError),
    /// The log `admin` could not be verified.
    Verify(VerifyError),
    /// The log `admin` is not as it was written, so that nobody knows what is held.
    AdminDamaged {
        /// The store.
        store: PathBuf,
    },
    /// The clock is behind the newest record of the store.
    ClockBehind {
        /// The store.
        store: PathBuf,
        /// What the clock says.
        now: String,
        /// When the newest record was made.
        newest: String,
    },
    /// The clock is more than seven days ahead of the newest record of a call in the store.
    ClockAhead {
        /// The store.
        store: PathBuf,
        /// What the clock says.
        now: String,
        /// When the newest record was made.
        newest: String,
    },
}

impl RetentionError {
    /// What kept the holds of a store from being read, to whoever removes segments of it.
    pub(super) fn of_holds(self, store: &Path) -> LogError {
        match self {
            Self::Log(error) => error,
            other => LogError::io("reading what is held in", store, io::Error::other(other)),
        }
    }
}

impl fmt::Display for RetentionError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        const REMEDY: &str = "set the clock right, or name who checked that it is (`--clock-checked-by`, `PruneOptions::clock_checked_by`)";
        match self {
            Self::Query(error) => fmt::Display::fmt(error, formatter),
            Self::Admin(error) => fmt::Display::fmt(error, formatter),
            Self::Log(error) => fmt::Display::fmt(error, formatter),
            Self::Verify(error) => fmt::Display::fmt(error, formatter),
            Self::AdminDamaged { store } => write!(
                formatter,
                "the log admin of {} is damaged, so that nobody knows what is held: run `tool-audit verify` on it",
                escape(&store.to_string_lossy())
            ),
            Self::ClockBehind { store, now, newest } => write!(
                formatter,
                "it is {now}, before the newest record of {}, made {newest}: {REMEDY}",
                escape(&store.to_string_lossy())
            ),
            Self::ClockAhead { store, now, newest } => write!(
                formatter,
                "it is {now}, more than seven days after the newest call in {}, made {newest}: {REMEDY}",
                escape(&store.to_string_lossy())
            ),
        }
    }
}

impl Error for RetentionError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Query(error) => error.source(),
            Self::Admin(error) => error.source(),
            Self::Log(error) => error.source(),
            Self::Verify(error) => error.source(),
            _ => None,
        }
    }
}

impl From<QueryError> for RetentionError {
    fn from(error: QueryError) -> Self {
        Self::Query(error)
    }
}

impl From<AdminError> for RetentionError {
    fn from(error: AdminError) -> Self {
        Self::Admin(error)
    }
}

impl From<LogError> for RetentionError {
    fn from(error: LogError) -> Self {
        Self::Log(error)
    }
}

impl From<VerifyError> for RetentionError {
    fn from(error: VerifyError) -> Self {
        Self::Verify(error)
    }
}
