use std::fmt;
use std::io;

use tool_audit::query::QueryError;

/// What a verb found, where it could do what was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Exit status 0.
    Fine,
    /// Exit status 1: the log is damaged, silent for too long, or part of it could not be read.
    Bad,
    /// The exit status of another program that this one stood before.
    #[cfg(unix)]
    Status(u8),
}

impl Verdict {
    pub(crate) fn bad_if(bad: bool) -> Self {
        if bad { Self::Bad } else { Self::Fine }
    }

    /// The verdict stands whether or not somebody reads what was printed to its end.
    pub(crate) fn of_printed(self, printed: Result<(), Failure>) -> Result<Self, Failure> {
        match printed {
            Ok(()) => Ok(self),
            Err(Failure::ClosedPipe(_)) => Err(Failure::ClosedPipe(self)),
            Err(failure) => Err(failure),
        }
    }

    /// Bad where one of them is.
    pub(crate) fn and(self, other: Self) -> Self {
        Self::bad_if(self == Self::Bad || other == Self::Bad)
    }
}

/// Why a verb ended early.
#[derive(Debug)]
pub(crate) enum Failure {
    /// Exit status 2, with one line that says why and what to do.
    Unable(String),
    /// Nobody reads standard output any more: the verb ends quietly, with what it knew until then.
    ClosedPipe(Verdict),
}

impl Failure {
    pub(crate) fn unable(error: impl fmt::Display) -> Self {
        Self::Unable(error.to_string())
    }
}

impl From<QueryError> for Failure {
    fn from(error: QueryError) -> Self {
        Self::unable(error)
    }
}

/// Errors of the operating system reach a verb from writing to standard output alone; the library's own
/// name their file.
impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe {
            Self::ClosedPipe(Verdict::Fine)
        } else {
            Self::Unable(format!(
                "writing to standard output: {error}: free some space, or write elsewhere"
            ))
        }
    }
}
