use std::collections::HashSet;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::compiled::Compiled;
use super::cursor::{self, Found, NO_LINE_FEED, TOO_LONG};
use super::lines::{Lines, Step};
use super::reverse::ReverseScan;
use super::scan::shared;
use super::snapshot::{self, Segment};
use super::{Filter, LogSnapshot, PassedOver, QueryError, Record, folders, repeats};
use crate::log::RecordHash;
use crate::log::record::MAX_RECORD;

/// The newest records of the logs at a place, and then those that are added.
///
/// ```no_run
/// use std::time::Duration;
/// use tool_audit::query::{Filter, Follow};
///
/// let (newest, mut follow) = Follow::open("/var/audit".as_ref(), &Filter::new().failures(), 10)?;
/// for record in newest {
///     println!("{}", record.line());
/// }
/// loop {
///     for record in follow.poll()? {
///         println!("{}", record.line());
///     }
///     std::thread::sleep(Duration::from_millis(200));
/// }
/// # #[allow(unreachable_code)]
/// # Ok::<(), tool_audit::query::QueryError>(())
/// ```
pub struct Follow {
    path: PathBuf,
    filter: Compiled,
    logs: Vec<FollowedLog>,
    replayed: bool,
    passed: PassedOver,
}

impl Follow {
    /// Gives the newest `count` records, oldest of them first, and what follows them.
    ///
    /// The records are kept in memory: at most `count`.
    ///
    /// # Errors
    ///
    /// As for [`scan`](super::scan()).
    pub fn open(
        path: &Path,
        filter: &Filter,
        count: usize,
    ) -> Result<(Vec<Record>, Self), QueryError> {
        let snapshots = shared(LogSnapshot::find(path)?);
        let mut newest = Vec::new();
        let mut scan = ReverseScan::over(snapshots.clone(), filter)?;
        while newest.len() < count {
            match scan.next() {
                Some(record) => newest.push(record?),
                None => break,
            }
        }
        newest.reverse();
        let mut logs = Vec::with_capacity(snapshots.len());
        for snapshot in &snapshots {
            logs.push(FollowedLog::at_end(snapshot)?);
        }
        Ok((
            newest,
            Self {
                path: path.to_owned(),
                filter: Compiled::over(filter, &snapshots)?,
                logs,
                replayed: snapshots.iter().any(|snapshot| snapshot.is_replayed()),
                passed: scan.passed_over(),
            },
        ))
    }

    /// The records that were added since the last call: those of one log in their order, those of several
    /// by their ends.
    ///
    /// A record that is being written is given out once it is whole. A log that appears under the place is
    /// followed from its beginning.
    ///
    /// # Errors
    ///
    /// [`QueryError::Io`] and [`QueryError::NewerFormat`]. Records that were read before the error are
    /// given out by the next call.
    pub fn poll(&mut self) -> Result<Vec<Record>, QueryError> {
        for folder in folders::find(&self.path)? {
            if !self.logs.iter().any(|log| *log.folder == *folder) {
                let snapshot = LogSnapshot::open(&folder)?;
                self.replayed |= snapshot.is_replayed();
                self.logs.push(FollowedLog::at_start(&snapshot));
            }
        }
        for log in &mut self.logs {
            log.read_on(&self.filter, &mut self.passed)?;
        }
        let mut added: Vec<(i64, Record)> = Vec::new();
        for log in &mut self.logs {
            added.append(&mut log.added);
        }
        // Stable, and each log's ends rise, so a log keeps its order.
        added.sort_by_key(|(end, record)| (*end, record.place.log, record.place.seq));
        Ok(added.into_iter().map(|(_, record)| record).collect())
    }

    /// What was passed over until now.
    #[must_use]
    pub fn passed_over(&self) -> &PassedOver {
        &self.passed
    }

    /// True where one of the logs was made by replaying recorded calls.
    #[must_use]
    pub fn is_replayed(&self) -> bool {
        self.replayed
    }
}

impl fmt::Debug for Follow {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Follow")
            .field("path", &self.path)
            .field("filter", &self.filter)
            .finish_non_exhaustive()
    }
}

/// One log, and how far it was read.
struct FollowedLog {
    folder: Arc<Path>,
    /// The first `_seq` of the segment that is being read; none before there is one.
    segment: Option<u64>,
    offset: u64,
    lines_before: u64,
    repeats: HashSet<(u64, RecordHash)>,
    running_end: i64,
    added: Vec<(i64, Record)>,
}

impl FollowedLog {
    fn at_start(snapshot: &LogSnapshot) -> Self {
        Self {
            folder: Arc::clone(&snapshot.folder),
            segment: None,
            offset: 0,
            lines_before: 0,
            repeats: HashSet::new(),
            running_end: i64::MIN,
            added: Vec::new(),
        }
    }

    /// Behind the last whole line that the log had when it was opened.
    fn at_end(snapshot: &LogSnapshot) -> Result<Self, QueryError> {
        let mut log = Self::at_start(snapshot);
        let Some(last) = snapshot.segments.last() else {
            return Ok(log);
        };
        let mut lines = Lines::new(snapshot::read_from(last, 0)?, MAX_RECORD, 0);
        loop {
            let step = lines
                .advance()
                .map_err(|error| QueryError::io("reading", &last.path, error))?;
            if matches!(step, Step::End | Step::Unfinished(_)) {
                break;
            }
        }
        log.segment = Some(last.first_seq);
        log.offset = lines.offset();
        log.lines_before = lines.number();
        Ok(log)
    }

    fn read_on(&mut self, filter: &Compiled, passed: &mut PassedOver) -> Result<(), QueryError> {
        // Listed first: a segment that is not the last of this list gets no more lines.
        let segments = snapshot::segments(&self.folder)?;
        for (index, segment) in segments.iter().enumerate() {
            let last = index + 1 == segments.len();
            match self.segment {
                Some(current) if segment.first_seq < current => continue,
                Some(current) if segment.first_seq == current => {}
                _ => {
                    self.segment = Some(segment.first_seq);
                    self.offset = 0;
                    self.lines_before = 0;
                    self.repeats = repeats::of_segment(&segments, index)?;
                }
            }
            self.read_segment(segment, last, filter, passed)?;
        }
        Ok(())
    }

    fn read_segment(
        &mut self,
        segment: &Segment,
        last: bool,
        filter: &Compiled,
        passed: &mut PassedOver,
    ) -> Result<(), QueryError> {
        // Recovery cut a torn tail off.
        self.offset = self.offset.min(segment.length);
        if self.offset == segment.length {
            return Ok(());
        }
        let reader = snapshot::read_from(segment, self.offset)?;
        let mut lines = Lines::new(reader, MAX_RECORD, self.offset);
        loop {
            let step = lines
                .advance()
                .map_err(|error| QueryError::io("reading", &segment.path, error))?;
            let number = self.lines_before + 1;
            match step {
                Step::Line => {
                    let line = lines.line();
                    match cursor::examine(line, &self.repeats, Some(&mut self.running_end)) {
                        Found::Record(place) => {
                            let end = self.running_end;
                            match cursor::confirm(filter, line, &place, &self.folder, end) {
                                Ok(Some(record)) => self.added.push((self.running_end, record)),
                                Ok(None) => {}
                                Err(reason) => passed.bad_line(&segment.path, number, reason),
                            }
                        }
                        Found::Superseded => passed.superseded += 1,
                        Found::Bad(reason) => passed.bad_line(&segment.path, number, reason),
                        Found::NewerFormat(format) => {
                            return Err(QueryError::NewerFormat {
                                path: segment.path.clone(),
                                format,
                            });
                        }
                    }
                }
                Step::TooLong => passed.bad_line(&segment.path, number, TOO_LONG),
                Step::Unfinished(_) if last => return Ok(()),
                Step::Unfinished(_) => {
                    passed.bad_line(&segment.path, number, NO_LINE_FEED);
                    self.offset = segment.length;
                    return Ok(());
                }
                Step::End => return Ok(()),
            }
            self.lines_before += 1;
            self.offset = lines.next_offset();
        }
    }
}
