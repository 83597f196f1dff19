use std::collections::BinaryHeap;
use std::fmt;
use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::Arc;

use super::chunks::{Chunk, Chunks};
use super::compiled::Compiled;
use super::cursor::{LogCursor, confirm};
use super::plan::{self, PlannedLog};
use super::scan::{Waiting, shared, workers_for};
use super::workers::Workers;
use super::{Cursor, Filter, LogSnapshot, PassedOver, QueryError, Record, repeats};

/// Reads the records that `filter` wants, newest first: what [`scan`](super::scan()) gives, in the opposite
/// order.
///
/// Segments are read from the last to the first, each of them forwards, keeping the places (32 bytes each)
/// of the records that may be wanted. So the newest records of one log cost the reading of its last
/// segment. Several logs are read once more before the first record comes: the order among them depends
/// on all records before.
///
/// # Errors
///
/// As for [`scan`](super::scan()).
pub fn scan_reverse(path: &Path, filter: &Filter) -> Result<ReverseScan, QueryError> {
    ReverseScan::over(shared(LogSnapshot::find(path)?), filter)
}

/// The records of one or several logs, newest first; made by [`scan_reverse`].
pub struct ReverseScan {
    logs: Vec<ReverseCursor>,
    filter: Compiled,
    waiting: BinaryHeap<Waiting>,
    started: bool,
    failed: Option<QueryError>,
    ended: bool,
}

impl ReverseScan {
    pub(crate) fn over(
        snapshots: Vec<Arc<LogSnapshot>>,
        filter: &Filter,
    ) -> Result<Self, QueryError> {
        Self::planned(PlannedLog::all_whole(snapshots), filter)
    }

    pub(crate) fn planned(logs: Vec<PlannedLog>, filter: &Filter) -> Result<Self, QueryError> {
        let filter = Compiled::over(filter, &plan::snapshots(&logs))?;
        let merged = logs.len() > 1;
        let unknown: Vec<PlannedLog> = logs.iter().map(PlannedLog::of_unknown).collect();
        let workers = workers_for(&unknown).filter(|_| merged);
        Ok(Self {
            logs: logs
                .into_iter()
                .map(|log| ReverseCursor::new(log, merged, workers.clone()))
                .collect::<Result<_, _>>()?,
            filter,
            waiting: BinaryHeap::new(),
            started: false,
            failed: None,
            ended: false,
        })
    }

    /// Begins again, behind the record that a cursor names: with the newest that is older.
    #[must_use]
    pub fn after(mut self, cursor: &Cursor) -> Self {
        for log in &mut self.logs {
            log.begin_after(*cursor);
        }
        self.waiting.clear();
        self.started = false;
        self.failed = None;
        self.ended = false;
        self
    }

    /// The logs that are read.
    pub fn logs(&self) -> impl Iterator<Item = &LogSnapshot> {
        self.logs.iter().map(|log| &*log.log.snapshot)
    }

    /// What was passed over until now.
    #[must_use]
    pub fn passed_over(&self) -> PassedOver {
        let mut all = PassedOver::default();
        for log in &self.logs {
            all.add(&log.passed);
        }
        all
    }

    fn refill(&mut self, index: usize) {
        let Some(log) = self.logs.get_mut(index) else {
            return;
        };
        match log.next_match(&self.filter) {
            Ok(Some(record)) => self.waiting.push(Waiting { log: index, record }),
            Ok(None) => {}
            Err(error) => self.failed = Some(error),
        }
    }
}

impl Iterator for ReverseScan {
    type Item = Result<Record, QueryError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        if !self.started {
            self.started = true;
            for index in 0..self.logs.len() {
                self.refill(index);
            }
        }
        if let Some(error) = self.failed.take() {
            self.ended = true;
            return Some(Err(error));
        }
        let last = self.waiting.pop()?;
        self.refill(last.log);
        Some(Ok(last.record))
    }
}

impl fmt::Debug for ReverseScan {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("ReverseScan")
            .field("logs", &self.logs.len())
            .field("filter", &self.filter)
            .finish_non_exhaustive()
    }
}

struct ReverseCursor {
    log: PlannedLog,
    /// How many segments are still to be read.
    left: usize,
    /// The running end before each segment; empty where the log is the only one, since its order needs none.
    ends_before: Vec<i64>,
    after: Option<Cursor>,
    /// The segment that is being given out, and the places in it that are left.
    file: Option<File>,
    places: Vec<Spot>,
    passed: PassedOver,
}

/// Where in its segment a record stands that may be wanted.
struct Spot {
    offset: u64,
    length: usize,
    end: i64,
    line: u64,
}

impl ReverseCursor {
    fn new(
        log: PlannedLog,
        merged: bool,
        workers: Option<Arc<Workers>>,
    ) -> Result<Self, QueryError> {
        let ends_before = if merged {
            ends_before(&log, workers)?
        } else {
            Vec::new()
        };
        Ok(Self {
            left: log.snapshot.segments.len(),
            log,
            ends_before,
            after: None,
            file: None,
            places: Vec::new(),
            passed: PassedOver::default(),
        })
    }

    fn begin_after(&mut self, cursor: Cursor) {
        let snapshot = &self.log.snapshot;
        self.left = snapshot.segments.len();
        if snapshot.log() == Some(cursor.log) {
            self.left = self.left.min(snapshot.segment_of(cursor.seq) + 1);
        }
        self.after = Some(cursor);
        self.file = None;
        self.places.clear();
        self.passed = PassedOver::default();
    }

    fn next_match(&mut self, filter: &Compiled) -> Result<Option<Record>, QueryError> {
        loop {
            while let Some(spot) = self.places.pop() {
                let Some(record) = self.read(&spot, filter)? else {
                    continue;
                };
                let before = |cursor: &Cursor| cursor.is_behind(&record.cursor());
                if self.after.as_ref().is_none_or(before) {
                    return Ok(Some(record));
                }
            }
            if self.left == 0 {
                return Ok(None);
            }
            self.left -= 1;
            self.load(filter)?;
        }
    }

    fn load(&mut self, filter: &Compiled) -> Result<(), QueryError> {
        let index = self.left;
        let snapshot = &self.log.snapshot;
        let Some(plan) = self.log.segments.get(index) else {
            return Ok(());
        };
        let end = self.ends_before.get(index).copied().unwrap_or(i64::MIN);
        let repeats = if plan.may_repeat && plan.pieces().next().is_some() {
            Arc::new(repeats::of_segment(&snapshot.segments, index)?)
        } else {
            Arc::default()
        };
        for piece in plan.pieces() {
            let chunk = Chunk::of_piece(index, piece, &repeats);
            let mut cursor = LogCursor::of_chunk(Arc::clone(snapshot), &chunk)?;
            while cursor.advance_to_candidate(filter)? {
                self.places.push(Spot {
                    offset: cursor.offset(),
                    length: cursor.line().len(),
                    end: cursor.running_end().max(piece.end_before).max(end),
                    line: piece.lines_before + cursor.line_number(),
                });
            }
            let mut passed = cursor.passed_over().clone();
            for bad in &mut passed.first {
                bad.line += piece.lines_before;
            }
            self.passed.add(&passed);
        }
        let path = &snapshot.segments[index].path;
        self.file = if self.places.is_empty() {
            None
        } else {
            Some(File::open(path).map_err(|error| QueryError::io("opening", path, error))?)
        };
        Ok(())
    }

    fn read(&mut self, spot: &Spot, filter: &Compiled) -> Result<Option<Record>, QueryError> {
        let path = &self.log.snapshot.segments[self.left].path;
        let mut line = vec![0; spot.length];
        let read = match &mut self.file {
            Some(file) => read_at(file, spot.offset, &mut line),
            None => Ok(()),
        };
        read.map_err(|error| QueryError::io("reading", path, error))?;
        let Some(place) = super::record::Place::of(&line) else {
            self.passed
                .bad_line(path, spot.line, "changed while it was read");
            return Ok(None);
        };
        match confirm(filter, &line, &place, &self.log.snapshot.folder, spot.end) {
            Ok(record) => Ok(record),
            Err(reason) => {
                self.passed.bad_line(path, spot.line, reason);
                Ok(None)
            }
        }
    }
}

/// The greatest end of a record before each segment.
fn ends_before(
    log: &PlannedLog,
    workers: Option<Arc<Workers>>,
) -> Result<Vec<i64>, QueryError> {
    let examine = |cursor: &mut LogCursor| {
        while cursor.advance()? {}
        Ok(cursor.running_end())
    };
    let mut greatest = vec![i64::MIN];
    greatest.extend(log.segments.iter().map(|plan| plan.greatest_end));
    let mut chunks = Chunks::new(log.of_unknown(), 0, workers, Arc::new(examine));
    while let Some(end) = chunks.next()? {
        if let Some(behind) = greatest.get_mut(chunks.segment() + 1) {
            *behind = end.max(*behind);
        }
    }
    let mut running = i64::MIN;
    for end in &mut greatest {
        running = running.max(*end);
        *end = running;
    }
    Ok(greatest)
}

fn read_at(file: &mut File, offset: u64, out: &mut [u8]) -> io::Result<()> {
    use std::io::{Read, Seek, SeekFrom};
    file.seek(SeekFrom::Start(offset))?;
    file.read_exact(out)
}
