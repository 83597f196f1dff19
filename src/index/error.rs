use std::error::Error;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use rusqlite::ErrorCode;

use crate::query::{QueryError, escape};

/// Why an index cannot be opened, filled or checked.
///
/// Its text names the file and says what to do next. It holds nothing of a record.
#[derive(Debug)]
#[non_exhaustive]
pub enum IndexError {
    /// The logs could not be read.
    Query(QueryError),
    /// The operating system refused.
    Io {
        /// What was done, such as "opening".
        doing: &'static str,
        /// With which file.
        path: PathBuf,
        /// What the operating system says.
        source: io::Error,
    },
    /// The file is damaged, or is no index.
    Damaged {
        /// The index.
        index: PathBuf,
        /// What SQLite found; none where the file is sound and another's.
        source: Option<Box<dyn Error + Send + Sync>>,
    },
    /// The index was made by another version of this crate.
    OtherVersion {
        /// The index.
        index: PathBuf,
        /// The number that it bears.
        version: i64,
    },
    /// Another process has held the index for longer than is waited.
    Busy {
        /// The index.
        index: PathBuf,
    },
    /// SQLite could not do it for another reason, such as a full disk.
    Sqlite {
        /// The index.
        index: PathBuf,
        /// What SQLite says.
        source: Box<dyn Error + Send + Sync>,
    },
    /// The path is a log's folder, and an index stands in the folder above.
    NoStore {
        /// The log.
        log: PathBuf,
    },
}

impl IndexError {
    pub(super) fn io(doing: &'static str, path: &Path, source: io::Error) -> Self {
        Self::Io {
            doing,
            path: path.to_owned(),
            source,
        }
    }

    /// What an error of SQLite means for the index at this path.
    pub(super) fn sqlite(index: &Path, error: rusqlite::Error) -> Self {
        let index = index.to_owned();
        match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::Busy { index },
            // What has other tables or other types in them is no index.
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase | ErrorCode::Unknown)
            | None => Self::Damaged {
                index,
                source: Some(Box::new(error)),
            },
            Some(_) => Self::Sqlite {
                index,
                source: Box::new(error),
            },
        }
    }

    /// True where building the index anew would help.
    pub(super) fn is_of_the_file(&self) -> bool {
        matches!(self, Self::Damaged { .. } | Self::OtherVersion { .. })
    }
}

impl fmt::Display for IndexError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        const ANEW: &str = "build it anew with `tool-audit index --rebuild`";
        match self {
            Self::Query(error) => fmt::Display::fmt(error, formatter),
            Self::Io {
                doing,
                path,
                source,
            } => write!(
                formatter,
                "{doing} {}: {source}: an index is its owner's alone, run as the log's owner",
                name(path)
            ),
            Self::Damaged { index, .. } => {
                write!(formatter, "{} is damaged or no index: {ANEW}", name(index))
            }
            Self::OtherVersion { index, version } => write!(
                formatter,
                "{} was made by another version (its number is {version}): {ANEW}",
                name(index)
            ),
            Self::Busy { index } => write!(
                formatter,
                "another process holds {}: try again when it is done",
                name(index)
            ),
            Self::Sqlite { index, source } => write!(
                formatter,
                "using {}: {source}: see that there is room, and that its owner runs the program",
                name(index)
            ),
            Self::NoStore { log } => write!(
                formatter,
                "{} is a log by itself: give its store, the folder above, where the index stands",
                name(log)
            ),
        }
    }
}

impl Error for IndexError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Query(error) => error.source(),
            Self::Io { source, .. } => Some(source),
            Self::Damaged { source, .. } => source.as_deref().map(|error| error as _),
            Self::Sqlite { source, .. } => Some(&**source),
            Self::OtherVersion { .. } | Self::Busy { .. } | Self::NoStore { .. } => None,
        }
    }
}

impl From<QueryError> for IndexError {
    fn from(error: QueryError) -> Self {
        Self::Query(error)
    }
}

/// Why logs, or parts of them, were read whole though there is an index.
#[derive(Debug)]
#[non_exhaustive]
pub enum IndexWarning {
    /// The index cannot be used.
    Unusable(IndexError),
    /// A segment is not as it was when it was indexed: it was changed, cut or replaced. `verify` tells whether it is what
    /// was once written.
    Changed {
        /// The segment.
        segment: PathBuf,
    },
}

impl fmt::Display for IndexWarning {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unusable(error) => {
                write!(formatter, "the logs were read without their index: {error}")
            }
            Self::Changed { segment } => write!(
                formatter,
                "{} is not as it was when it was indexed, and was read whole: run `tool-audit verify`, then `tool-audit \
                 index`",
                name(segment)
            ),
        }
    }
}

fn name(path: &Path) -> String {
    escape(&path.to_string_lossy()).into_owned()
}
