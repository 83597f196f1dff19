use std::fmt;
use std::io::{self, Read};

use super::{BadCall, BadLine, RecordedCall};
use crate::query::{Lines, Step};

/// The longest line of CALLS.jsonl in bytes: 16 MiB.
pub const MAX_LINE: usize = 16 * 1024 * 1024;

/// Reads CALLS.jsonl line by line, in the memory of one line.
///
/// Blank lines are passed over, and so is a byte-order mark at the beginning. The last line may lack its
/// line feed.
///
/// ```
/// use tool_audit::replay::Calls;
///
/// let text = "{\"tool_name\":\"a\"}\n\n{\"tool_name\":7}\n";
/// let mut calls = Calls::new(text.as_bytes());
/// assert_eq!(calls.next().unwrap()?.unwrap().call.tool_name, "a");
/// let bad = calls.next().unwrap()?.unwrap_err();
/// assert_eq!(bad.to_string(), "line 3: \"tool_name\" is not a string: correct it");
/// assert!(calls.next().is_none());
/// # Ok::<(), std::io::Error>(())
/// ```
pub struct Calls<R> {
    lines: Lines<R>,
    ignore_unknown: bool,
    ended: bool,
}

impl<R: Read> Calls<R> {
    /// The calls that `reader` gives; it need not be buffered.
    pub fn new(reader: R) -> Self {
        Self {
            lines: Lines::new(reader, MAX_LINE, 0),
            ignore_unknown: false,
            ended: false,
        }
    }

    /// Lets members pass that are not known.
    #[must_use]
    pub fn ignore_unknown(mut self, ignore: bool) -> Self {
        self.ignore_unknown = ignore;
        self
    }

    /// How many lines were read.
    #[must_use]
    pub fn lines(&self) -> u64 {
        self.lines.number()
    }

    fn parse(&self, line: u64) -> Option<Result<RecordedCall, BadLine>> {
        let mut text = self.lines.line();
        if line == 1 {
            text = text.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(text);
        }
        if text.trim_ascii().is_empty() {
            return None;
        }
        let call = RecordedCall::parse(text, self.ignore_unknown);
        Some(call.map_err(|problem| BadLine { line, problem }))
    }
}

impl<R: Read> Iterator for Calls<R> {
    type Item = io::Result<Result<RecordedCall, BadLine>>;

    fn next(&mut self) -> Option<Self::Item> {
        while !self.ended {
            let step = match self.lines.advance() {
                Ok(step) => step,
                Err(error) => {
                    self.ended = true;
                    return Some(Err(error));
                }
            };
            let line = match step {
                Step::Line | Step::TooLong => self.lines.number(),
                Step::Unfinished(_) | Step::End => {
                    self.ended = true;
                    self.lines.number() + 1
                }
            };
            let too_long = match step {
                Step::TooLong => true,
                Step::Unfinished(bytes) => bytes > MAX_LINE as u64,
                Step::Line | Step::End => false,
            };
            if too_long {
                let problem = BadCall::TooLong;
                return Some(Ok(Err(BadLine { line, problem })));
            }
            if let Some(call) = self.parse(line) {
                return Some(Ok(call));
            }
        }
        None
    }
}

impl<R> fmt::Debug for Calls<R> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Calls")
            .field("ignore_unknown", &self.ignore_unknown)
            .finish_non_exhaustive()
    }
}
