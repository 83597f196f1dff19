use std::error::Error;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use super::options::Source;

/// Why a log could not be opened, or a record not be written.
///
/// Its text says what to do next, and never holds anything of a record.
#[derive(Debug)]
#[non_exhaustive]
pub enum LogError {
    /// Another writer holds the log's lock.
    Locked {
        /// The lock's file.
        path: PathBuf,
    },
    /// An existing folder can be entered by others than its owner.
    OpenToOthers {
        /// The folder.
        path: PathBuf,
        /// Its permissions.
        mode: u32,
        /// The permissions that it may have at most.
        allowed: u32,
    },
    /// A replay was about to write into a live log, or live calls into a replayed one.
    OtherSource {
        /// The log.
        path: PathBuf,
        /// What the log says that it holds.
        holds: Source,
    },
    /// The log is of a format that this version does not write.
    OtherFormat {
        /// The log.
        path: PathBuf,
        /// The format that the log names.
        format: u64,
    },
    /// The log's folder, or the lock in it, is no longer the one that was opened.
    Displaced {
        /// The folder or the lock's file.
        path: PathBuf,
    },
    /// Reading or writing failed.
    Io {
        /// What was done, such as `writing`.
        doing: &'static str,
        /// What it was done to.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// The record is longer than a record may be; it was not taken.
    RecordTooLong {
        /// Bytes of the whole record.
        length: usize,
    },
    /// Segments could not be pruned; nothing of the log was removed.
    NotPrunable {
        /// The log.
        path: PathBuf,
        /// Why not, and what to do.
        why: &'static str,
    },
    /// The writer was closed.
    Closed,
}

impl LogError {
    pub(crate) fn io(doing: &'static str, path: &Path, source: io::Error) -> Self {
        // An error of this crate that went through `io::Error` comes out as it went in.
        match source.downcast::<Self>() {
            Ok(error) => error,
            Err(source) => Self::Io {
                doing,
                path: path.to_owned(),
                source,
            },
        }
    }
}

impl fmt::Display for LogError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Locked { path } => write!(
                formatter,
                "another writer holds the log ({}): give each process a store of its own, or wait until the other ends",
                path.display()
            ),
            Self::OpenToOthers {
                path,
                mode,
                allowed,
            } => write!(
                formatter,
                "others can enter the log's folder {} (mode {mode:04o}): run `chmod {allowed:o} {}`, or allow it in the options",
                path.display(),
                path.display()
            ),
            Self::OtherSource { path, holds } => write!(
                formatter,
                "the log {} holds {} calls: {} calls go into a store of their own",
                path.display(),
                holds.as_str(),
                holds.other().as_str()
            ),
            Self::OtherFormat { path, format } => write!(
                formatter,
                "the log {} is of format {format}, this version writes format {}: use a newer tool-audit, or a new store",
                path.display(),
                super::record::FORMAT
            ),
            Self::Displaced { path } => write!(
                formatter,
                "{} was removed, renamed or replaced while the log was open: put it back, or open the log anew",
                path.display()
            ),
            Self::Io {
                doing,
                path,
                source,
            } => write!(
                formatter,
                "{doing} {}: {source}: {}",
                path.display(),
                remedy(source)
            ),
            Self::RecordTooLong { length } => write!(
                formatter,
                "a record of {length} bytes is longer than the {} allowed: shorten its values",
                super::record::MAX_RECORD
            ),
            Self::NotPrunable { path, why } => {
                write!(
                    formatter,
                    "the log {} cannot be pruned: {why}",
                    path.display()
                )
            }
            Self::Closed => formatter.write_str("the log was closed: open it again to write more"),
        }
    }
}

/// What to do about what the operating system says.
fn remedy(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => "free some space",
        io::ErrorKind::PermissionDenied => "run as the log's owner, or name another folder",
        io::ErrorKind::ReadOnlyFilesystem => "name a folder that can be written to",
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => "check the path",
        _ => "see whether the disk and the files in that place are sound",
    }
}

impl Error for LogError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Io { source, .. } => Some(source),
            _ => None,
        }
    }
}

impl From<LogError> for io::Error {
    fn from(error: LogError) -> Self {
        let kind = match &error {
            LogError::Locked { .. } => io::ErrorKind::WouldBlock,
            LogError::OpenToOthers { .. } => io::ErrorKind::PermissionDenied,
            LogError::OtherSource { .. }
            | LogError::OtherFormat { .. }
            | LogError::RecordTooLong { .. }
            | LogError::NotPrunable { .. } => io::ErrorKind::InvalidInput,
            LogError::Displaced { .. } => io::ErrorKind::NotFound,
            LogError::Io { source, .. } => source.kind(),
            LogError::Closed => io::ErrorKind::BrokenPipe,
        };
        Self::new(kind, error)
    }
}
