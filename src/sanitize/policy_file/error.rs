use std::error::Error;
use std::fmt;
use std::io;
use std::path::PathBuf;

use crate::sanitize::SanitizerError;

/// Why a policy file could not be used.
///
/// Its text names the file, the line and the column, says what is wrong and what to do, and never holds what may
/// be a secret.
#[derive(Debug)]
#[non_exhaustive]
pub enum PolicyFileError {
    /// The file could not be read.
    Read {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// The text is no TOML, or has a member or a value that means nothing.
    Invalid {
        /// Where.
        place: Place,
        /// What is wrong there, and what to do.
        problem: String,
    },
    /// What the text asks for cannot be a rule, or a key that it names cannot be read.
    Rule {
        /// Where.
        place: Place,
        /// What is wrong with it.
        source: SanitizerError,
    },
    /// All rules together make no sanitizer.
    Rules {
        /// The file.
        origin: PathBuf,
        /// Why not.
        source: SanitizerError,
    },
}

/// A place in a policy file.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Place {
    /// The file.
    pub origin: PathBuf,
    /// The line, from 1.
    pub line: usize,
    /// The character in that line, from 1.
    pub column: usize,
}

impl Place {
    /// Where a file begins.
    pub(crate) fn beginning(origin: PathBuf) -> Self {
        Self {
            origin,
            line: 1,
            column: 1,
        }
    }
}

impl PolicyFileError {
    /// Where in the file, where that is known.
    #[must_use]
    pub fn place(&self) -> Option<&Place> {
        match self {
            Self::Invalid { place, .. } | Self::Rule { place, .. } => Some(place),
            Self::Read { .. } | Self::Rules { .. } => None,
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let origin = self.origin.display();
        write!(
            formatter,
            "{origin}, line {}, column {}",
            self.line, self.column
        )
    }
}

impl fmt::Display for PolicyFileError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Read { path, source } => write!(
                formatter,
                "reading the policy {}: {source}: check the path",
                path.display()
            ),
            Self::Invalid { place, problem } => write!(formatter, "{place}: {problem}"),
            Self::Rule { place, source } => write!(formatter, "{place}: {source}"),
            Self::Rules { origin, source } => write!(formatter, "{}: {source}", origin.display()),
        }
    }
}

impl Error for PolicyFileError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Read { source, .. } => Some(source),
            Self::Rule { source, .. } | Self::Rules { source, .. } => Some(source),
            Self::Invalid { .. } => None,
        }
    }
}
