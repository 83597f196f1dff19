use std::cmp::{Ordering, Reverse};
use std::collections::{BinaryHeap, HashSet};
use std::fmt;
use std::path::Path;
use std::sync::Arc;

use super::chunks::{Chunks, Pace};
use super::compiled::Compiled;
use super::cursor::LogCursor;
use super::plan::{self, PlannedLog};
use super::timeline::started_without_end;
use super::{Cursor, Filter, LogSnapshot, PassedOver, QueryError, Record};
use crate::log::LogId;

/// Reads the records that `filter` wants, oldest first.
///
/// `path` is a log, a store, or a folder of stores. The records of several logs are merged by time (FORMAT
/// section 6): that of the running maximum of a record's end, ties by `_log` and `_seq`; each log keeps its
/// own order. All processors work. However long the logs are, memory is some 16 MiB for what is read ahead, or
/// 32 KiB for each log where that is more, and what the records at hand take.
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
    Scan::over(shared(LogSnapshot::find(path)?), filter)
}

pub(crate) fn shared(snapshots: Vec<LogSnapshot>) -> Vec<Arc<LogSnapshot>> {
    snapshots.into_iter().map(Arc::new).collect()
}

/// The records of one or several logs, oldest first; made by [`scan`].
pub struct Scan {
    logs: Vec<LogScan>,
    filter: Arc<Compiled>,
    pace: Pace,
    /// One record of each log that has more, where there are several logs.
    waiting: BinaryHeap<Reverse<Waiting>>,
    started: bool,
    failed: Option<QueryError>,
    ended: bool,
}

impl Scan {
    pub(crate) fn over(
        snapshots: Vec<Arc<LogSnapshot>>,
        filter: &Filter,
    ) -> Result<Self, QueryError> {
        Self::planned(PlannedLog::all_whole(snapshots), filter)
    }

    pub(crate) fn planned(logs: Vec<PlannedLog>, filter: &Filter) -> Result<Self, QueryError> {
        let filter = Arc::new(Compiled::over(filter, &plan::snapshots(&logs))?);
        let pace = Pace::of(&logs, logs.len());
        Ok(Self {
            logs: logs
                .into_iter()
                .map(|log| LogScan::new(log, &filter, pace.clone(), 0))
                .collect(),
            filter,
            pace,
            waiting: BinaryHeap::new(),
            started: false,
            failed: None,
            ended: false,
        })
    }

    /// Begins again where a cursor stands: with what lies behind it.
    ///
    /// What lies before the cursor and need not be read counts nowhere as passed over.
    ///
    /// ```no_run
    /// use tool_audit::query::{Filter, scan};
    ///
    /// let filter = Filter::new().tool("get_order");
    /// let mut page = scan("/var/audit".as_ref(), &filter)?;
    /// for record in page.by_ref().take(50) {
    ///     println!("{}", record?.line());
    /// }
    /// // Later, perhaps in another process: the cursor can be printed and read back.
    /// let next_page = scan("/var/audit".as_ref(), &filter)?.after(&page.cursor());
    /// # Ok::<(), tool_audit::query::QueryError>(())
    /// ```
    #[must_use]
    pub fn after(mut self, cursor: &Cursor) -> Self {
        for log in &mut self.logs {
            let planned = log.chunks.log().clone();
            let from = planned.snapshot.log().map_or(0, |log| cursor.seq(log));
            *log = LogScan::new(planned, &self.filter, self.pace.clone(), from);
        }
        self.waiting.clear();
        self.started = false;
        self.failed = None;
        self.ended = false;
        self
    }

    /// Where the scan stands: behind the record that it gave last.
    ///
    /// At the end it stands behind all that was read, and what is recorded later lies behind it.
    #[must_use]
    pub fn cursor(&self) -> Cursor {
        let mut cursor = Cursor::default();
        for Reverse(waiting) in &self.waiting {
            if let Some(log) = self.logs.get(waiting.log) {
                cursor.raise(waiting.record.log(), log.given.max(waiting.record.seq()));
            }
        }
        for log in &self.logs {
            if let Some(id) = log.log {
                cursor.raise(id, if log.ended { log.read } else { log.given });
            }
        }
        cursor
    }

    /// The logs that are read.
    pub fn logs(&self) -> impl Iterator<Item = &LogSnapshot> {
        self.logs.iter().map(|log| &**log.chunks.snapshot())
    }

    /// The `call_id`s of all calls that were started and have no end in these logs, as they stood when the scan was
    /// opened: they may have been running, or nobody knows how they ended. It reads the logs once.
    ///
    /// # Errors
    ///
    /// As for [`scan`](super::scan()).
    pub fn calls_without_end(&self) -> Result<HashSet<String>, QueryError> {
        started_without_end(
            self.logs
                .iter()
                .map(|log| (Arc::clone(log.chunks.snapshot()), 0)),
        )
    }

    /// What was passed over until now.
    #[must_use]
    pub fn passed_over(&self) -> PassedOver {
        let mut all = PassedOver::default();
        for log in &self.logs {
            all.add(log.chunks.passed_over());
        }
        all
    }

    fn refill(&mut self, index: usize) {
        let Some(log) = self.logs.get_mut(index) else {
            return;
        };
        match log.next() {
            Ok(Some(record)) => self.waiting.push(Reverse(Waiting { log: index, record })),
            Ok(None) => {}
            Err(error) => self.failed = Some(error),
        }
    }

    fn next_merged(&mut self) -> Option<Result<Record, QueryError>> {
        if !self.started {
            self.started = true;
            for index in 0..self.logs.len() {
                self.refill(index);
            }
        }
        // A record read after a failure could come before one that was not read.
        if let Some(error) = self.failed.take() {
            return Some(Err(error));
        }
        let Reverse(first) = self.waiting.pop()?;
        self.give(first.log, &first.record);
        self.refill(first.log);
        Some(Ok(first.record))
    }

    fn give(&mut self, index: usize, record: &Record) {
        if let Some(log) = self.logs.get_mut(index) {
            log.given = log.given.max(record.seq().saturating_add(1));
        }
    }
}

impl Iterator for Scan {
    type Item = Result<Record, QueryError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        let next = match self.logs.as_mut_slice() {
            [only] => {
                let next = only.next().transpose();
                if let Some(Ok(record)) = &next {
                    self.give(0, record);
                }
                next
            }
            _ => self.next_merged(),
        };
        self.ended = !matches!(next, Some(Ok(_)));
        next
    }
}

/// The wanted records of one log, oldest first.
struct LogScan {
    chunks: Chunks<Part>,
    part: std::vec::IntoIter<Record>,
    /// The greatest ends of a record before the part at hand, and with it.
    before: i64,
    with: i64,
    log: Option<LogId>,
    /// Records of lower numbers are not wanted.
    from: u64,
    /// The numbers behind what the scan gave, and behind what was read.
    given: u64,
    read: u64,
    ended: bool,
}

/// The wanted records of a chunk with the ends that they have in it, the greatest end of any, and the number behind
/// them all.
struct Part {
    records: Vec<Record>,
    end: i64,
    behind: u64,
}

impl LogScan {
    fn new(log: PlannedLog, filter: &Arc<Compiled>, pace: Pace, from: u64) -> Self {
        let first = match from {
            0 => 0,
            _ => log.snapshot.segment_behind(from),
        };
        let filter = Arc::clone(filter);
        let examine = move |cursor: &mut LogCursor| {
            let mut records = Vec::new();
            while let Some(record) = cursor.next_match(&filter)? {
                records.push(record);
            }
            Ok(Part {
                records,
                end: cursor.running_end(),
                behind: cursor.behind(),
            })
        };
        Self {
            log: log.snapshot.log(),
            chunks: Chunks::new(log, first, pace, Arc::new(examine)),
            part: Vec::new().into_iter(),
            before: i64::MIN,
            with: i64::MIN,
            from,
            given: from,
            read: from,
            ended: false,
        }
    }

    fn next(&mut self) -> Result<Option<Record>, QueryError> {
        loop {
            for mut record in self.part.by_ref() {
                if record.seq() >= self.from {
                    record.end = record.end.max(self.before);
                    return Ok(Some(record));
                }
            }
            let Some(part) = self.chunks.next()? else {
                self.ended = true;
                return Ok(None);
            };
            self.before = self.with.max(self.chunks.floor());
            self.with = self.before.max(part.end);
            self.read = self.read.max(part.behind);
            self.part = part.records.into_iter();
        }
    }
}

impl fmt::Debug for Scan {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Scan")
            .field("logs", &self.logs.len())
            .field("filter", &self.filter)
            .finish_non_exhaustive()
    }
}

/// A record that waits for its turn among those of other logs.
#[derive(Debug)]
pub(crate) struct Waiting {
    pub(crate) log: usize,
    pub(crate) record: Record,
}

impl Waiting {
    fn key(&self) -> ((i64, LogId, u64), usize) {
        (self.record.order(), self.log)
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
