use std::collections::{BinaryHeap, HashSet};
use std::fmt;
use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::Arc;

use super::chunks::{Chunk, Chunks, Pace};
use super::compiled::Compiled;
use super::cursor::{LogCursor, confirm};
use super::plan::{self, PlannedLog};
use super::scan::{Waiting, shared};
use super::timeline::started_without_end;
use super::{Cursor, Filter, LogSnapshot, PassedOver, QueryError, Record, repeats};

/// Reads the records that `filter` wants, newest first: what [`scan`](super::scan()) gives, in the opposite
/// order.
///
/// Segments are read from the last to the first, each of them forwards, keeping the places (32 bytes each)
/// of the records that may be wanted. So the newest records of one log cost the reading of its last
/// segment. Of several logs, all that may come is read once more before the first record does: the order among
/// them depends on all records before.
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
        // Those of one log are read on this thread, and for several, one log after another.
        let pace = merged.then(|| Pace::of(&unknown, 1));
        Ok(Self {
            logs: logs
                .into_iter()
                .map(|log| ReverseCursor::new(log, pace.clone()))
                .collect(),
            filter,
            waiting: BinaryHeap::new(),
            started: false,
            failed: None,
            ended: false,
        })
    }

    /// Begins again where a cursor stands: with the newest of what lies before it.
    #[must_use]
    pub fn after(mut self, cursor: &Cursor) -> Self {
        for log in &mut self.logs {
            let until = log.log.snapshot.log().map_or(0, |id| cursor.seq(id));
            log.begin_before(until);
        }
        self.waiting.clear();
        self.started = false;
        self.failed = None;
        self.ended = false;
        self
    }

    /// Where the scan stands: before the record that it gave last. At the end nothing lies before it.
    #[must_use]
    pub fn cursor(&mut self) -> Cursor {
        self.start();
        let mut cursor = Cursor::default();
        for waiting in &self.waiting {
            let behind = waiting.record.seq().saturating_add(1);
            if let Some(log) = self.logs.get(waiting.log) {
                cursor.lower(waiting.record.log(), log.given.min(behind));
            }
        }
        for log in &self.logs {
            if let Some(id) = log.log.snapshot.log() {
                cursor.lower(id, if log.ended { 0 } else { log.given });
            }
        }
        cursor
    }

    fn start(&mut self) {
        if !self.started {
            self.started = true;
            for index in 0..self.logs.len() {
                self.refill(index);
            }
        }
    }

    /// The logs that are read.
    pub fn logs(&self) -> impl Iterator<Item = &LogSnapshot> {
        self.logs.iter().map(|log| &*log.log.snapshot)
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
                .map(|log| (Arc::clone(&log.log.snapshot), 0)),
        )
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
        self.start();
        if let Some(error) = self.failed.take() {
            self.ended = true;
            return Some(Err(error));
        }
        let last = self.waiting.pop()?;
        if let Some(log) = self.logs.get_mut(last.log) {
            log.given = log.given.min(last.record.seq());
        }
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
    /// For the running ends; none where the log is the only one, since its order needs none.
    pace: Option<Pace>,
    /// How many segments are still to be read.
    left: usize,
    /// The running end before each segment, once it is known.
    ends_before: Vec<i64>,
    /// Records from this number on are not wanted.
    until: u64,
    /// The number of the record that the scan gave last, or `until`.
    given: u64,
    ended: bool,
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
    fn new(log: PlannedLog, pace: Option<Pace>) -> Self {
        Self {
            left: log.snapshot.segments.len(),
            log,
            pace,
            ends_before: Vec::new(),
            until: u64::MAX,
            given: u64::MAX,
            ended: false,
            file: None,
            places: Vec::new(),
            passed: PassedOver::default(),
        }
    }

    fn begin_before(&mut self, until: u64) {
        let snapshot = &self.log.snapshot;
        self.left = match until.checked_sub(1) {
            Some(last) => snapshot.segments.len().min(snapshot.segment_of(last) + 1),
            None => 0,
        };
        self.until = until;
        self.given = until;
        self.ended = false;
        self.ends_before = Vec::new();
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
                if record.seq() < self.until {
                    return Ok(Some(record));
                }
            }
            if self.left == 0 {
                self.ended = true;
                return Ok(None);
            }
            if let Some(pace) = self.pace.as_ref().filter(|_| self.ends_before.is_empty()) {
                self.ends_before = ends_before(&self.log, self.left - 1, pace.clone())?;
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
        let segment = &snapshot.segments[index];
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
            snapshot.has_read(&chunk);
            let mut passed = cursor.passed_over().clone();
            for bad in &mut passed.first {
                bad.line += piece.lines_before;
            }
            let was_pruned = passed.pruned_segments > 0;
            self.passed.add(&passed);
            if was_pruned {
                break;
            }
        }
        if self.places.is_empty() {
            self.file = None;
            return Ok(());
        }
        let opened = File::open(&segment.path)
            .map_err(|error| QueryError::io("opening", &segment.path, error));
        match opened {
            Err(error) if segment.was_pruned(&error) => {
                self.passed.pruned_segments += 1;
                self.places.clear();
            }
            opened => self.file = Some(opened?),
        }
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

/// The greatest end of a record before each of the segments up to this one.
fn ends_before(log: &PlannedLog, last: usize, pace: Pace) -> Result<Vec<i64>, QueryError> {
    let examine = |cursor: &mut LogCursor| {
        while cursor.advance()? {}
        Ok(cursor.running_end())
    };
    let mut greatest = vec![i64::MIN];
    greatest.extend(log.segments.iter().map(|plan| plan.greatest_end));
    let mut chunks = Chunks::new(log.of_unknown(), 0, pace, Arc::new(examine));
    while let Some(end) = chunks.next()? {
        if chunks.segment() >= last {
            break;
        }
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
