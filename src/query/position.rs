use std::error::Error;
use std::fmt;
use std::str::FromStr;

use chrono::SecondsFormat;

use super::instant;
use crate::log::LogId;

/// Where a record stands in the order of all records of a store: by time, then by log, then by number.
///
/// It is what the next page of a long answer begins behind. Since it names a record, and not a number of rows, no
/// record is given twice or left out because others arrived meanwhile. What arrives late, with a time before
/// the cursor's in another log, stands on the pages before.
///
/// The time is that by which logs are merged (FORMAT section 6): the greatest end of a record in the log up to
/// this one. A cursor belongs to the path that was scanned.
///
/// ```
/// use tool_audit::query::Cursor;
///
/// let text = "2025-07-06T14:23:01.456789Z/8f14e45fceea167a5a36dedd4bea2543/17";
/// let cursor: Cursor = text.parse()?;
/// assert_eq!(cursor.to_string(), text);
/// assert_eq!(cursor.seq(), 17);
/// # Ok::<(), tool_audit::query::CursorError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Cursor {
    pub(crate) end: i64,
    pub(crate) log: LogId,
    pub(crate) seq: u64,
}

impl Cursor {
    /// The log of the record.
    #[must_use]
    pub fn log(&self) -> LogId {
        self.log
    }

    /// The record's number in its log.
    #[must_use]
    pub fn seq(&self) -> u64 {
        self.seq
    }

    /// Whether a record stands before this one. Within a log its number alone decides.
    pub(crate) fn is_behind(&self, other: &Self) -> bool {
        if self.log == other.log {
            return other.seq < self.seq;
        }
        other < self
    }
}

impl fmt::Display for Cursor {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let time = instant::to_date_time(self.end).unwrap_or_default();
        let time = time.to_rfc3339_opts(SecondsFormat::Micros, true);
        write!(formatter, "{time}/{}/{}", self.log, self.seq)
    }
}

impl FromStr for Cursor {
    type Err = CursorError;

    fn from_str(text: &str) -> Result<Self, CursorError> {
        let parse = || {
            let mut parts = text.split('/');
            let cursor = Self {
                end: instant::parse(parts.next()?)?,
                log: LogId::from_hex(parts.next()?.as_bytes())?,
                seq: parts.next()?.parse().ok()?,
            };
            parts.next().is_none().then_some(cursor)
        };
        parse().ok_or(CursorError(()))
    }
}

/// The text is no [`Cursor`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CursorError(());

impl fmt::Display for CursorError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("no cursor: give the time, log and number that the page before ended with, such as 2025-07-06T14:23:01.456789Z/8f14e45fceea167a5a36dedd4bea2543/17")
    }
}

impl Error for CursorError {}
