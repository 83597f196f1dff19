use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;
use std::fmt;
use std::path::Path;
use std::sync::Arc;

use super::cursor::LogCursor;
use super::filter::Compiled;
use super::{Filter, LogSnapshot, PassedOver, QueryError, Record};
use crate::log::LogId;

/// Reads the records that `filter` wants, oldest first.
///
/// `path` is a log, a store, or a folder of stores. The records of several logs are merged by time (FORMAT
/// section 6): that of the running maximum of a record's end, ties by `_log` and `_seq`; each log keeps its
/// own order. Memory is one buffer and one record for each log, however long the logs are.
///
/// A scan does not verify: it finds what the bytes say. A line that was changed so that its members no
/// longer stand in canonical form may be passed over by a filter; `verify` finds it.
///
/// # Errors
///
/// [`QueryError::NoLog`], [`QueryError::Io`] and [`QueryError::NewerFormat`] at once; the iterator gives the
/// latter two where they show up later, and ends.
///
/// ```no_run
/// use tool_audit::query::{Filter, scan};
///
/// let mut records = scan("/var/audit".as_ref(), &Filter::new().user("usr_9").failures())?;
/// for record in &mut records {
///     println!("{}", record?.line());
/// }
/// if records.passed_over().bad_lines > 0 {
///     eprintln!("the log is damaged");
/// }
/// # Ok::<(), tool_audit::query::QueryError>(())
/// ```
pub fn scan(path: &Path, filter: &Filter) -> Result<Scan, QueryError> {
    Ok(Scan::over(shared(LogSnapshot::find(path)?), filter))
}

pub(crate) fn shared(snapshots: Vec<LogSnapshot>) -> Vec<Arc<LogSnapshot>> {
    snapshots.into_iter().map(Arc::new).collect()
}

/// The records of one or several logs, oldest first; made by [`scan`].
pub struct Scan {
    cursors: Vec<LogCursor>,
    filter: Compiled,
    /// One record of each log that has more, where there are several logs.
    waiting: BinaryHeap<Reverse<Waiting>>,
    started: bool,
    failed: Option<QueryError>,
    ended: bool,
}

impl Scan {
    pub(crate) fn over(snapshots: Vec<Arc<LogSnapshot>>, filter: &Filter) -> Self {
        let merged = snapshots.len() > 1;
        Self {
            cursors: snapshots
                .into_iter()
                .map(|snapshot| LogCursor::new(snapshot, merged))
                .collect(),
            filter: Compiled::new(filter),
            waiting: BinaryHeap::new(),
            started: false,
            failed: None,
            ended: false,
        }
    }

    /// The logs that are read.
    pub fn logs(&self) -> impl Iterator<Item = &LogSnapshot> {
        self.cursors.iter().map(|cursor| &**cursor.snapshot())
    }

    /// What was passed over until now.
    #[must_use]
    pub fn passed_over(&self) -> PassedOver {
        let mut all = PassedOver::default();
        for cursor in &self.cursors {
            all.add(cursor.passed_over());
        }
        all
    }

    fn refill(&mut self, index: usize) {
        let Some(cursor) = self.cursors.get_mut(index) else {
            return;
        };
        match cursor.next_match(&self.filter) {
            Ok(Some(record)) => self.waiting.push(Reverse(Waiting {
                end: cursor.running_end(),
                cursor: index,
                record,
            })),
            Ok(None) => {}
            Err(error) => self.failed = Some(error),
        }
    }

    fn next_merged(&mut self) -> Option<Result<Record, QueryError>> {
        if !self.started {
            self.started = true;
            for index in 0..self.cursors.len() {
                self.refill(index);
            }
        }
        // A record read after a failure could come before one that was not read.
        if let Some(error) = self.failed.take() {
            return Some(Err(error));
        }
        let Reverse(first) = self.waiting.pop()?;
        self.refill(first.cursor);
        Some(Ok(first.record))
    }
}

impl Iterator for Scan {
    type Item = Result<Record, QueryError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        let next = match self.cursors.as_mut_slice() {
            [only] => only.next_match(&self.filter).transpose(),
            _ => self.next_merged(),
        };
        self.ended = !matches!(next, Some(Ok(_)));
        next
    }
}

impl fmt::Debug for Scan {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Scan")
            .field("logs", &self.cursors.len())
            .field("filter", &self.filter)
            .finish_non_exhaustive()
    }
}

/// A record that waits for its turn among those of other logs.
#[derive(Debug)]
pub(crate) struct Waiting {
    pub(crate) end: i64,
    pub(crate) cursor: usize,
    pub(crate) record: Record,
}

impl Waiting {
    fn key(&self) -> (i64, LogId, u64, usize) {
        (
            self.end,
            self.record.place.log,
            self.record.place.seq,
            self.cursor,
        )
    }
}

impl Ord for Waiting {
    fn cmp(&self, other: &Self) -> Ordering {
        self.key().cmp(&other.key())
    }
}

impl PartialOrd for Waiting {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Waiting {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Waiting {}
