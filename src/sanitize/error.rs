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
    /// A key file could not be made.
    KeyFileNotMade {
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
    /// Two keys have one id, so that nobody could tell their pseudonyms apart.
    KeyIdTwice {
        /// The id.
        id: String,
    },
    /// A path is not of the form that [`SanitizerBuilder::path`](super::SanitizerBuilder::path) describes.
    InvalidPath {
        /// The path as it was given.
        path: String,
        /// What is wrong with it, and what to do.
        problem: &'static str,
    },
    /// A pattern is no regular expression, or too large a one. Its text may be a secret and is not told.
    InvalidPattern {
        /// Its name.
        name: String,
        /// What is wrong with it, and what to do.
        problem: &'static str,
    },
    /// There is no detector of this name.
    UnknownDetector {
        /// The name as it was given.
        name: String,
        /// The name that is most like it.
        nearest: &'static str,
    },
    /// The name of a tool with rules of its own is empty, or was given twice.
    InvalidTool {
        /// The name or pattern as it was given.
        pattern: String,
    },
    /// There are more of something than a sanitizer takes.
    TooMany {
        /// Of what.
        what: &'static str,
        /// The most.
        most: usize,
    },
    /// A rule makes pseudonyms of card numbers while another one masks them: both together can be joined to
    /// the whole number.
    MaskedAndPseudonymized {
        /// The rule that makes pseudonyms.
        name: String,
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
            Self::KeyFileNotMade { path, source } => write!(
                formatter,
                "making the pseudonym key {}: {source}: name a new file in a folder that you may write to",
                path.display()
            ),
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
            Self::KeyIdTwice { id } => write!(
                formatter,
                "two pseudonym keys have the id {id}: give each its own, or leave one out"
            ),
            Self::InvalidPath { path, problem } => write!(formatter, "the path {path:?} {problem}"),
            Self::InvalidPattern { name, problem } => {
                write!(formatter, "the pattern {name} {problem}")
            }
            Self::UnknownDetector { name, nearest } => write!(
                formatter,
                "there is no detector {name:?}: the nearest is {nearest}"
            ),
            Self::InvalidTool { pattern } => write!(
                formatter,
                "the tool {pattern:?} has no name or was named before: name it, and all its rules at once"
            ),
            Self::TooMany { what, most } => {
                write!(formatter, "there are more than {most} {what}: leave some out")
            }
            Self::MaskedAndPseudonymized { name } => write!(
                formatter,
                "{name} would make pseudonyms of card numbers that another rule masks, and both can be joined: mask it, or pseudonymize all, the detector card among them"
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
            Self::KeyFile { source, .. } | Self::KeyFileNotMade { source, .. } => Some(source),
            _ => None,
        }
    }
}

/// The longest text of somebody's that an error tells.
const MOST_QUOTED: usize = 64;
/// Text without a blank of this length, with a digit in it, may be a key.
const LIKE_A_KEY: usize = 20;

/// `text` as an error may tell it: not what may be a secret that came there by mistake.
pub(super) fn quotable(text: &str) -> String {
    let like_a_key = text
        .split(|character: char| {
            !character.is_ascii_alphanumeric() && !matches!(character, '+' | '/')
        })
        .any(|run| run.len() >= LIKE_A_KEY && run.bytes().any(|byte| byte.is_ascii_digit()));
    if like_a_key || text.len() > MOST_QUOTED {
        return "(not shown)".to_owned();
    }
    text.to_owned()
}

/// The known name that the fewest changes make of `name`.
pub(super) fn nearest<'n>(name: &str, known: impl IntoIterator<Item = &'n str>) -> &'n str {
    let name: Vec<char> = name.chars().take(MOST_QUOTED).collect();
    known
        .into_iter()
        .min_by_key(|known| distance(&name, known))
        .unwrap_or_default()
}

/// How many characters must be put in, taken out or changed (Levenshtein).
fn distance(name: &[char], known: &str) -> usize {
    let mut row: Vec<usize> = (0..=name.len()).collect();
    for (at, wanted) in known.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = at + 1;
        for (place, character) in name.iter().enumerate() {
            let changed = diagonal + usize::from(*character != wanted);
            diagonal = row[place + 1];
            row[place + 1] = changed.min(diagonal + 1).min(row[place] + 1);
        }
    }
    row.last().copied().unwrap_or_default()
}
