use std::error::Error;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use crate::log::verify::VerifyError;
use crate::query::{QueryError, escape};

/// Why there is no archive.
///
/// Its text says what to do next, and never holds anything of a record.
#[derive(Debug)]
#[non_exhaustive]
pub enum EvidenceError {
    /// The logs could not be read.
    Query(QueryError),
    /// The logs could not be verified.
    Verify(VerifyError),
    /// No record is in the range.
    Nothing,
    /// A file that belongs to a log could not be read, or went away while it was packed.
    Read {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// The archive could not be written.
    Write(io::Error),
}

impl EvidenceError {
    pub(super) fn read(path: &Path) -> impl Fn(io::Error) -> Self {
        move |source| Self::Read {
            path: path.to_owned(),
            source,
        }
    }
}

impl fmt::Display for EvidenceError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Query(error) => fmt::Display::fmt(error, formatter),
            Self::Verify(error) => fmt::Display::fmt(error, formatter),
            Self::Nothing => formatter.write_str(
                "no record is in this range: look with `tool-audit query` for one that has some",
            ),
            Self::Read { path, source } => write!(
                formatter,
                "reading {}: {source}: run as the log's owner, and where it was pruned meanwhile try again",
                escape(&path.to_string_lossy())
            ),
            Self::Write(source) => write!(
                formatter,
                "writing the archive: {source}: free some space, or write elsewhere"
            ),
        }
    }
}

impl Error for EvidenceError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Query(error) => error.source(),
            Self::Verify(error) => error.source(),
            Self::Nothing => None,
            Self::Read { source, .. } | Self::Write(source) => Some(source),
        }
    }
}

impl From<QueryError> for EvidenceError {
    fn from(error: QueryError) -> Self {
        Self::Query(error)
    }
}
