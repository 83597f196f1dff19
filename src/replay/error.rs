use std::error::Error;
use std::fmt;
use std::io;
use std::path::PathBuf;

use serde_json::error::Category;

use crate::log::LogError;
use crate::query::{QueryError, escape};
use crate::sink::SinkError;

/// What is wrong with one line of CALLS.jsonl.
///
/// Its text names members and never quotes a value.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum BadCall {
    /// The line is no JSON, or more than can be read, or a member stands twice in one object of it.
    Json {
        /// The byte of the line at which that shows, from 1.
        column: usize,
        /// What is wrong there.
        what: &'static str,
    },
    /// The line is JSON and no object.
    NotAnObject,
    /// The line is longer than [`MAX_LINE`](super::MAX_LINE).
    TooLong,
    /// `tool_name` is missing.
    NoToolName,
    /// There is no member of this name.
    Unknown(String),
    /// The member has another type than this one.
    Type(&'static str, &'static str),
    /// Two members contradict each other.
    Contradiction(&'static str, &'static str),
}

impl BadCall {
    pub(super) fn json(error: &serde_json::Error) -> Self {
        Self::Json {
            column: error.column(),
            what: match error.classify() {
                Category::Eof => "is cut off",
                // The only error that reading any value makes of its own.
                Category::Data => "has a member that stands twice in one object",
                Category::Syntax | Category::Io => beyond_bounds(error).unwrap_or("is not JSON"),
            },
        }
    }
}

/// What is JSON, and more than can be read. The parser tells it by its message alone.
fn beyond_bounds(error: &serde_json::Error) -> Option<&'static str> {
    let message = error.to_string();
    let is = |bound: &str| message.starts_with(bound);
    if is("recursion limit exceeded") {
        Some("is nested more than 127 deep")
    } else if is("number out of range") {
        Some("has a number that is too large")
    } else {
        None
    }
}

impl fmt::Display for BadCall {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Json { column, what } => {
                write!(formatter, "the line {what} (column {column}): correct it")
            }
            Self::NotAnObject => {
                formatter.write_str("the line is no JSON object: write one a call")
            }
            Self::TooLong => write!(
                formatter,
                "the line is longer than {} MiB: shorten the result",
                super::MAX_LINE / (1024 * 1024)
            ),
            Self::NoToolName => formatter.write_str("\"tool_name\" is missing: name the tool"),
            Self::Unknown(name) => {
                let mut name: String = name.chars().take(64).collect();
                name = escape(&name).into_owned();
                write!(
                    formatter,
                    "unknown member \"{name}\": correct it, or pass --ignore-unknown"
                )
            }
            Self::Type(name, expected) => {
                write!(formatter, "\"{name}\" is not {expected}: correct it")
            }
            Self::Contradiction(one, other) => write!(
                formatter,
                "\"{one}\" and \"{other}\" contradict each other: keep one of them"
            ),
        }
    }
}

impl Error for BadCall {}

/// A bad line, and which.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct BadLine {
    /// Its number, from 1.
    pub line: u64,
    /// What is wrong with it.
    pub problem: BadCall,
}

impl fmt::Display for BadLine {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "line {}: {}", self.line, self.problem)
    }
}

impl Error for BadLine {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.problem)
    }
}

/// Why a replay ended before its calls did. Everything before it is in the log.
#[derive(Debug)]
#[non_exhaustive]
pub enum ReplayError {
    /// A line is bad.
    Line(BadLine),
    /// The calls cannot be read on.
    Input {
        /// The line at which that shows, from 1.
        line: u64,
        /// What the operating system says.
        source: io::Error,
    },
    /// The store holds records of real calls.
    LiveStore {
        /// The folder of the log that holds them.
        folder: PathBuf,
    },
    /// A log was named where a store of logs is needed.
    NoStore {
        /// The log's folder.
        folder: PathBuf,
    },
    /// The store that is there cannot be read.
    Read(QueryError),
    /// The store cannot be opened for writing.
    Open(LogError),
    /// The store cannot be written.
    Sink(SinkError),
    /// The operating system gives no threads.
    Runtime(io::Error),
}

impl fmt::Display for ReplayError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Line(bad) => bad.fmt(formatter),
            Self::Input { line, source } => write!(
                formatter,
                "reading line {line}: {source}: see whether it is a file of calls that can be read"
            ),
            Self::LiveStore { folder } => write!(
                formatter,
                "{} holds records of real calls, and recorded ones are not mixed in: name another folder",
                escape(&folder.to_string_lossy())
            ),
            Self::NoStore { folder } => write!(
                formatter,
                "{} is one log of a store: name the store's folder, or a new one",
                escape(&folder.to_string_lossy())
            ),
            Self::Read(error) => error.fmt(formatter),
            Self::Open(error) => error.fmt(formatter),
            Self::Sink(error) => error.fmt(formatter),
            Self::Runtime(error) => write!(formatter, "starting threads: {error}"),
        }
    }
}

impl Error for ReplayError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Line(bad) => Some(bad),
            Self::Input { source, .. } => Some(source),
            Self::Read(error) => Some(error),
            Self::Open(error) => Some(error),
            Self::Sink(error) => Some(error),
            Self::Runtime(error) => Some(error),
            Self::LiveStore { .. } | Self::NoStore { .. } => None,
        }
    }
}
