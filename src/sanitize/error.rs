use std::error::Error;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// Why a [`Sanitizer`](super::Sanitizer) or a [`PseudonymKey`](super::PseudonymKey) could not be made.
///
/// Its text says what to do next. It never holds key material, nor anything that might be some by
/// mistake, such as a key id that was refused.
#[derive(Debug)]
#[non_exhaustive]
pub enum SanitizerError {
    /// A pseudonym key has fewer than 32 bytes.
    KeyTooShort,
    /// A key id is not 1 to 16 lower-case letters and digits, or is `eph`, which names the key that a
    /// process makes for itself.
    InvalidKeyId,
    /// A key file or variable does not hold `<key id>:<hexadecimal digits>`.
    InvalidKeyText {
        /// Where the text came from: the path, or the variable's name.
        origin: String,
    },
    /// A key file could not be read.
    KeyFile {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// Others than its owner may read or write a key file.
    KeyFileExposed {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// The environment variable that should hold a key is not set, or is no Unicode text.
    KeyVariable {
        /// Its name.
        name: String,
    },
    /// A rule's member name holds no letter or digit, or more than 48 of them.
    InvalidRuleName {
        /// The name as it was given.
        name: String,
    },
    /// A pseudonym class is not 1 to 32 lower-case letters, digits and `_`, beginning with a letter.
    InvalidClass {
        /// The class as it was given.
        class: String,
    },
    /// Two added rules want different things for one member name.
    ConflictingRules {
        /// The folded name.
        name: String,
    },
}

impl SanitizerError {
    pub(super) fn key_file(path: &Path, source: io::Error) -> Self {
        Self::KeyFile {
            path: path.to_owned(),
            source,
        }
    }
}

impl fmt::Display for SanitizerError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::KeyTooShort => formatter.write_str(
                "the pseudonym key is shorter than 32 bytes: make one of 32 random bytes",
            ),
            Self::InvalidKeyId => formatter.write_str(
                "the pseudonym key's id is not usable: take 1 to 16 lower-case letters and digits, other than eph",
            ),
            Self::InvalidKeyText { origin } => write!(
                formatter,
                "{origin} holds no pseudonym key: write <key id>:<at least 64 hexadecimal digits>"
            ),
            Self::KeyFile { path, source } => {
                write!(formatter, "reading the pseudonym key {}: {source}", path.display())
            }
            Self::KeyFileExposed { path, mode } => write!(
                formatter,
                "the pseudonym key {0} is open to others (mode {mode:03o}): run chmod 600 {0}",
                path.display()
            ),
            Self::KeyVariable { name } => write!(
                formatter,
                "the environment variable {name} holds no pseudonym key: set it to <key id>:<at least 64 hexadecimal digits>"
            ),
            Self::InvalidRuleName { name } => write!(
                formatter,
                "{name:?} cannot name a rule: take a member name of 1 to 48 letters and digits"
            ),
            Self::InvalidClass { class } => write!(
                formatter,
                "{class:?} cannot be a pseudonym class: take 1 to 32 lower-case letters, digits and _, a letter first"
            ),
            Self::ConflictingRules { name } => write!(
                formatter,
                "two rules were added for {name} that do not agree: keep one of them"
            ),
        }
    }
}

impl Error for SanitizerError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::KeyFile { source, .. } => Some(source),
            _ => None,
        }
    }
}
