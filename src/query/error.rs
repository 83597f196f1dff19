use std::error::Error;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use super::readable;

/// Why a log cannot be read.
///
/// Its text names the file and says what to do next. It holds nothing of a record; names of files stand
/// in it escaped, so it can be printed on a terminal.
#[derive(Debug)]
#[non_exhaustive]
pub enum QueryError {
    /// There is no log at this place, nor in the three levels of folders below it.
    NoLog {
        /// Where a log was looked for.
        path: PathBuf,
    },
    /// The operating system refused.
    Io {
        /// What was done, such as "opening".
        doing: &'static str,
        /// With which file.
        path: PathBuf,
        /// What the operating system says.
        source: io::Error,
    },
    /// The log is of a later format than this crate reads.
    NewerFormat {
        /// The segment that says so.
        path: PathBuf,
        /// The format's number.
        format: u64,
    },
    /// The filter asks for records since an instant that lies behind the one until which it asks for them.
    Period,
    /// A record that reads as JSON is no call that this version understands.
    Entry {
        /// The log.
        log: PathBuf,
        /// The record's number in it.
        seq: u64,
        /// What does not fit. It may quote a value of the record, so it is not part of the text.
        source: serde_json::Error,
    },
}

impl QueryError {
    pub(crate) fn io(doing: &'static str, path: &Path, source: io::Error) -> Self {
        Self::Io {
            doing,
            path: path.to_owned(),
            source,
        }
    }

    /// Whether a file or a folder is not there.
    pub(crate) fn is_not_found(&self) -> bool {
        matches!(self, Self::Io { source, .. } if source.kind() == io::ErrorKind::NotFound)
    }
}

impl fmt::Display for QueryError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoLog { path } => write!(
                formatter,
                "no audit log at {} or up to three folders below it: give the folder that holds \
                 the segments (00000000000000000000.jsonl …), or one above it",
                name(path)
            ),
            Self::Io {
                doing,
                path,
                source,
            } => {
                write!(formatter, "{doing} {}: {source}", name(path))?;
                match source.kind() {
                    io::ErrorKind::PermissionDenied => formatter.write_str(
                        ": run as the log's owner, or let the owner grant a reader group",
                    ),
                    io::ErrorKind::NotFound => formatter.write_str(": check the path"),
                    _ => Ok(()),
                }
            }
            Self::NewerFormat { path, format } => write!(
                formatter,
                "{} is of format {format}, and this version reads format {}: install a newer \
                 tool-audit",
                name(path),
                crate::log::record::FORMAT
            ),
            Self::Period => formatter
                .write_str("the filter's beginning lies behind its end: exchange the two instants"),
            Self::Entry { log, seq, .. } => write!(
                formatter,
                "record {seq} of {} is no call that this version understands: read its line as it \
                 stands, or install a newer tool-audit",
                name(log)
            ),
        }
    }
}

impl Error for QueryError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Io { source, .. } => Some(source),
            Self::NoLog { .. } | Self::NewerFormat { .. } | Self::Period | Self::Entry { .. } => {
                None
            }
        }
    }
}

fn name(path: &Path) -> String {
    readable::escape(&path.to_string_lossy()).into_owned()
}
