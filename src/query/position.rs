use std::collections::BTreeMap;
use std::error::Error;
use std::fmt;
use std::str::FromStr;

use crate::log::LogId;

/// How far the logs of a place have been read: where one page of a long answer ends and the next begins.
///
/// For each log it names the first record that lies behind, by `_log` and `_seq`; of a log that it does not name,
/// everything does. So the next page has each record once, whatever was pruned in between, and what arrived late
/// in one of several logs too. Each log is read from its own place on. On the way from the newest to the oldest
/// the same cursor leads to what lies before: records and logs that came later are on no page.
///
/// It belongs to the place and the filter of the scan that gave it. Where a call's record was written after others
/// that ended later, a page may merge logs in a slightly other order than the whole answer does; each log keeps
/// its own.
///
/// As text it is one word for a shell, some 45 bytes a log, and is refused for more than
/// [`Cursor::MOST_LOGS`] logs.
///
/// ```
/// use tool_audit::query::Cursor;
///
/// let text = "3c4414e45fceea167a5a36dedd4bea25:0,8f14e45fceea167a5a36dedd4bea2543:17";
/// let cursor: Cursor = text.parse()?;
/// assert_eq!(cursor.to_string(), text);
/// assert_eq!(cursor.logs().count(), 2);
/// # Ok::<(), tool_audit::query::CursorError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Cursor {
    behind: BTreeMap<LogId, u64>,
}

impl Cursor {
    /// For how many logs a text is read; an argument of a program on Linux has room for so many.
    pub const MOST_LOGS: usize = 2048;

    /// Each log that is named, and the `_seq` of its first record that lies behind.
    pub fn logs(&self) -> impl Iterator<Item = (LogId, u64)> {
        self.behind.iter().map(|(log, seq)| (*log, *seq))
    }

    /// The `_seq` of the first record of a log that lies behind: 0 for one that is not named.
    #[must_use]
    pub fn seq(&self, log: LogId) -> u64 {
        self.behind.get(&log).copied().unwrap_or_default()
    }

    /// At least this much of a log lies before.
    pub(crate) fn raise(&mut self, log: LogId, seq: u64) {
        let place = self.behind.entry(log).or_default();
        *place = seq.max(*place);
    }

    /// At most this much of a log lies before.
    pub(crate) fn lower(&mut self, log: LogId, seq: u64) {
        let place = self.behind.entry(log).or_insert(seq);
        *place = seq.min(*place);
    }
}

/// What stands for the cursor that names no log.
const NOWHERE: &str = "none";

impl fmt::Display for Cursor {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.behind.is_empty() {
            return formatter.write_str(NOWHERE);
        }
        for (at, (log, seq)) in self.behind.iter().enumerate() {
            let comma = if at == 0 { "" } else { "," };
            write!(formatter, "{comma}{log}:{seq}")?;
        }
        Ok(())
    }
}

impl FromStr for Cursor {
    type Err = CursorError;

    fn from_str(text: &str) -> Result<Self, CursorError> {
        if text == NOWHERE {
            return Ok(Self::default());
        }
        if text.contains('/') {
            return Err(CursorError::Outdated);
        }
        let mut cursor = Self::default();
        for (at, place) in text.split(',').enumerate() {
            if at == Self::MOST_LOGS {
                return Err(CursorError::TooManyLogs);
            }
            let parsed = place.split_once(':').and_then(|(log, seq)| {
                let digits = !seq.is_empty() && seq.bytes().all(|byte| byte.is_ascii_digit());
                let seq = seq.parse().ok().filter(|_| digits)?;
                Some((LogId::from_hex(log.as_bytes())?, seq))
            });
            let (log, seq) = parsed.ok_or(CursorError::Malformed)?;
            if cursor.behind.insert(log, seq).is_some() {
                return Err(CursorError::Malformed);
            }
        }
        Ok(cursor)
    }
}

/// The text is no [`Cursor`].
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum CursorError {
    /// It has another form.
    Malformed,
    /// It is of the form that earlier versions printed, which named one record by its time.
    Outdated,
    /// It names more than [`Cursor::MOST_LOGS`] logs.
    TooManyLogs,
}

impl fmt::Display for CursorError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Malformed => "no cursor: give what the page before ended with, such as 8f14e45fceea167a5a36dedd4bea2543:17",
            Self::Outdated => "a cursor of an earlier version, which named one record by its time: begin again without it",
            Self::TooManyLogs => "a cursor of more than 2048 logs: ask fewer stores at a time",
        })
    }
}

impl Error for CursorError {}
