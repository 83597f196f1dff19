use std::error::Error;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use crate::log::record::FORMAT;

/// Why a path could not be verified at all. Damage is no error: it stands in the [`Report`](super::Report).
#[derive(Debug)]
#[non_exhaustive]
pub enum VerifyError {
    /// A folder or file could not be read.
    Unreadable {
        /// What could not be read.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// No log stands at the path or below it.
    NoLog {
        /// Where one was looked for.
        path: PathBuf,
    },
    /// The log is of a later format than this crate knows.
    NewerFormat {
        /// The log's folder.
        path: PathBuf,
        /// The number of its format.
        format: u64,
    },
    /// The head is no head file.
    BadHead {
        /// The head file, where one was named.
        path: Option<PathBuf>,
    },
    /// The head file could not be read.
    UnreadableHead {
        /// The head file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The log changed again and again while it was read: records were taken away, not added.
    Changing {
        /// The log's folder.
        path: PathBuf,
    },
}

impl VerifyError {
    pub(super) fn unreadable(path: &Path, source: io::Error) -> Self {
        Self::Unreadable {
            path: path.to_owned(),
            source,
        }
    }
}

impl fmt::Display for VerifyError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable { path, source }
                if source.kind() == io::ErrorKind::PermissionDenied =>
            {
                write!(
                    formatter,
                    "cannot read {}: {source}; run as the log's owner or as a member of its reader group",
                    path.display()
                )
            }
            Self::Unreadable { path, source } => write!(
                formatter,
                "cannot read {}: {source}; name the folder of a log or of a store",
                path.display()
            ),
            Self::NoLog { path } => write!(
                formatter,
                "no log in {} nor in the folders below it; name the folder of a log (it holds files such as {}) or of a store",
                path.display(),
                crate::log::segment::name(0)
            ),
            Self::NewerFormat { path, format } => write!(
                formatter,
                "the log {} is of format {format}, and this version reads format {FORMAT}; verify it with a newer version",
                path.display()
            ),
            Self::UnreadableHead { path, source } => write!(
                formatter,
                "cannot read the head file {}: {source}; name the file in which the log's head is kept",
                path.display()
            ),
            Self::BadHead { path } => {
                match path {
                    Some(path) => write!(formatter, "{} is no head file", path.display())?,
                    None => formatter.write_str("the head is no head")?,
                }
                formatter.write_str(r#"; it must hold one line {"_hash":"…","_log":"…","_seq":…}"#)
            }
            Self::Changing { path } => write!(
                formatter,
                "the log {} was changed several times while it was read; verify it again when pruning or recovery is done",
                path.display()
            ),
        }
    }
}

impl Error for VerifyError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Unreadable { source, .. } | Self::UnreadableHead { source, .. } => Some(source),
            _ => None,
        }
    }
}
