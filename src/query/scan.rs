use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;
use std::fmt;
use std::path::Path;
use std::sync::Arc;

use super::chunks::{self, Chunks};
use super::compiled::Compiled;
use super::cursor::LogCursor;
use super::plan::{self, PlannedLog};
use super::workers::Workers;
use super::{Cursor, Filter, LogSnapshot, PassedOver, QueryError, Record};

/// Reads the records that `filter` wants, oldest first.
///
/// `path` is a log, a store, or a folder of stores. The records of several logs are merged by time (FORMAT
/// section 6): that of the running maximum of a record's end, ties by `_log` and `_seq`; each log keeps its
/// own order. All processors work; memory is some 2 MiB for each log and processor, however long the logs are.
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

/// Threads for these logs, where they are worth it.
pub(crate) fn workers_for(logs: &[PlannedLog]) -> Option<Arc<Workers>> {
    let bytes: u64 = logs.iter().map(PlannedLog::bytes).sum();
    if bytes < chunks::WORTH_THREADS {
        return None;
    }
    Workers::for_all_processors().map(Arc::new)
}

/// The records of one or several logs, oldest first; made by [`scan`].
pub struct Scan {
    logs: Vec<LogScan>,
    filter: Arc<Compiled>,
    workers: Option<Arc<Workers>>,
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
        let workers = workers_for(&logs);
        Ok(Self {
            logs: logs
                .into_iter()
                .map(|log| LogScan::new(log, &filter, workers.clone(), None))
                .collect(),
            filter,
            workers,
            waiting: BinaryHeap::new(),
            started: false,
            failed: None,
            ended: false,
        })
    }

    /// Begins again, behind the record that a cursor names.
    ///
    /// What lies before the cursor and need not be read counts nowhere as passed over.
    ///
    /// ```no_run
    /// use tool_audit::query::{Filter, scan};
    ///
    /// let filter = Filter::new().tool("get_order");
    /// let mut last = None;
    /// for record in scan("/var/audit".as_ref(), &filter)?.take(50) {
    ///     last = Some(record?.cursor());
    /// }
    /// // Later, perhaps in another process: the cursor can be printed and read back.
    /// let mut next_page = scan("/var/audit".as_ref(), &filter)?;
    /// if let Some(cursor) = last {
    ///     next_page = next_page.after(&cursor);
    /// }
    /// # Ok::<(), tool_audit::query::QueryError>(())
    /// ```
    #[must_use]
    pub fn after(mut self, cursor: &Cursor) -> Self {
        for log in &mut self.logs {
            let planned = log.chunks.log().clone();
            *log = LogScan::new(planned, &self.filter, self.workers.clone(), Some(*cursor));
        }
        self.waiting.clear();
        self.started = false;
        self.failed = None;
        self.ended = false;
        self
    }

    /// The logs that are read.
    pub fn logs(&self) -> impl Iterator<Item = &LogSnapshot> {
        self.logs.iter().map(|log| &**log.chunks.snapshot())
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
        self.refill(first.log);
        Some(Ok(first.record))
    }
}

impl Iterator for Scan {
    type Item = Result<Record, QueryError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        let next = match self.logs.as_mut_slice() {
            [only] => only.next().transpose(),
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
    after: Option<Cursor>,
}

/// The wanted records of a chunk with the ends that they have in it, and the greatest end of any.
struct Part {
    records: Vec<Record>,
    end: i64,
}

impl LogScan {
    fn new(
        log: PlannedLog,
        filter: &Arc<Compiled>,
        workers: Option<Arc<Workers>>,
        after: Option<Cursor>,
    ) -> Self {
        let snapshot = &log.snapshot;
        // Nothing before the segment of the cursor's own record comes after it.
        let own = after.filter(|cursor| snapshot.log() == Some(cursor.log));
        let first = own.map_or(0, |cursor| snapshot.segment_behind(cursor.seq));
        let before = own.map_or(i64::MIN, |cursor| cursor.end);
        let filter = Arc::clone(filter);
        let examine = move |cursor: &mut LogCursor| {
            let mut records = Vec::new();
            while let Some(record) = cursor.next_match(&filter)? {
                records.push(record);
            }
            let end = cursor.running_end();
            Ok(Part { records, end })
        };
        Self {
            chunks: Chunks::new(log, first, workers, Arc::new(examine)),
            part: Vec::new().into_iter(),
            before,
            with: before,
            after,
        }
    }

    fn next(&mut self) -> Result<Option<Record>, QueryError> {
        loop {
            for mut record in self.part.by_ref() {
                record.end = record.end.max(self.before);
                let behind = |cursor: &Cursor| record.cursor().is_behind(cursor);
                if self.after.as_ref().is_none_or(behind) {
                    return Ok(Some(record));
                }
            }
            let Some(part) = self.chunks.next()? else {
                return Ok(None);
            };
            self.before = self.with.max(self.chunks.floor());
            self.with = self.before.max(part.end);
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
    fn key(&self) -> (Cursor, usize) {
        (self.record.cursor(), self.log)
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
