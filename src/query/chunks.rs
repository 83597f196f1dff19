//! One log in chunks that several threads examine, with the answers in the order of the log.
//!
//! A chunk has the lines that begin within it, so that it is known without a look at the bytes.

use std::collections::{HashSet, VecDeque};
use std::sync::Arc;
use std::sync::mpsc::Receiver;

use super::cursor::LogCursor;
use super::plan::{Piece, PlannedLog};
use super::workers::Workers;
use super::{LogSnapshot, PassedOver, QueryError, repeats};
use crate::log::RecordHash;

/// Large enough to be worth a turn of the queue, small enough for many logs at a time.
const CHUNK: u64 = 512 * 1024;

/// A log smaller than this is read sooner than threads begin.
pub(crate) const WORTH_THREADS: u64 = 4 * CHUNK;

/// A part of one segment.
#[derive(Clone)]
pub(crate) struct Chunk {
    pub(crate) segment: usize,
    pub(crate) start: u64,
    /// [`u64::MAX`] in a segment's last chunk.
    pub(crate) end: u64,
    pub(crate) repeats: Arc<HashSet<(u64, RecordHash)>>,
    /// How many lines of the segment stand before; none where the chunk before says so.
    pub(crate) lines_before: Option<u64>,
    /// No record before has a later end than this, but those in chunks that were given.
    pub(crate) floor: i64,
}

impl Chunk {
    /// All of a piece, whose segment repeats these records.
    pub(crate) fn of_piece(
        segment: usize,
        piece: &Piece,
        repeats: &Arc<HashSet<(u64, RecordHash)>>,
    ) -> Self {
        Self {
            segment,
            start: piece.start,
            end: piece.end,
            repeats: Arc::clone(repeats),
            lines_before: Some(piece.lines_before),
            floor: piece.end_before,
        }
    }
}

/// What is made of one chunk.
type Examine<T> = Arc<dyn Fn(&mut LogCursor) -> Result<T, QueryError> + Send + Sync>;

/// What was made of a chunk, and what its cursor knows at the end.
struct Examined<T> {
    answer: T,
    lines: u64,
    passed: PassedOver,
}

/// Where what was made of a chunk will come.
type Answer<T> = Receiver<Result<Examined<T>, QueryError>>;

/// Where the next chunk begins.
#[derive(Clone, Copy)]
struct Next {
    segment: usize,
    /// Which of the segment's pieces, and how far it was cut.
    piece: usize,
    start: Option<u64>,
}

/// The answers for all chunks of a log, in order.
pub(crate) struct Chunks<T> {
    log: PlannedLog,
    workers: Option<Arc<Workers>>,
    examine: Examine<T>,
    next: Next,
    /// The greatest end of a record in the known parts of the segments before.
    floor_before: i64,
    /// The same for the chunk that was given last, with what stands before it in its segment.
    floor: i64,
    repeats: Arc<HashSet<(u64, RecordHash)>>,
    waiting: VecDeque<(Chunk, Answer<T>)>,
    /// The segment of the chunk before, and how many lines of it there were.
    lines_before: (usize, u64),
    passed: PassedOver,
}

impl<T: Send + 'static> Chunks<T> {
    /// From the segment `first` on.
    pub(crate) fn new(
        log: PlannedLog,
        first: usize,
        workers: Option<Arc<Workers>>,
        examine: Examine<T>,
    ) -> Self {
        Self {
            log,
            workers,
            examine,
            next: Next {
                segment: first,
                piece: 0,
                start: None,
            },
            floor_before: i64::MIN,
            floor: i64::MIN,
            repeats: Arc::default(),
            waiting: VecDeque::new(),
            lines_before: (first, 0),
            passed: PassedOver::default(),
        }
    }

    pub(crate) fn log(&self) -> &PlannedLog {
        &self.log
    }

    pub(crate) fn snapshot(&self) -> &Arc<LogSnapshot> {
        &self.log.snapshot
    }

    /// The greatest end of a record before the chunk that was given last, as far as it was known without reading.
    pub(crate) fn floor(&self) -> i64 {
        self.floor
    }

    /// The segment of the chunk whose answer was given last.
    pub(crate) fn segment(&self) -> usize {
        self.lines_before.0
    }

    /// What was passed over in the chunks that were given.
    pub(crate) fn passed_over(&self) -> &PassedOver {
        &self.passed
    }

    /// The next chunk's answer; none behind the last.
    pub(crate) fn next(&mut self) -> Result<Option<T>, QueryError> {
        let Some(workers) = self.workers.clone() else {
            let Some(chunk) = self.cut()? else {
                return Ok(None);
            };
            let examined = examine(&self.log.snapshot, &chunk, &self.examine)?;
            return Ok(Some(self.take(&chunk, examined)));
        };
        while self.waiting.len() <= workers.threads() {
            let Some(chunk) = self.cut()? else { break };
            let (snapshot, make) = (Arc::clone(&self.log.snapshot), Arc::clone(&self.examine));
            let own = chunk.clone();
            let answer = workers.submit(move || examine(&snapshot, &own, &make));
            self.waiting.push_back((chunk, answer));
        }
        let Some((chunk, answer)) = self.waiting.pop_front() else {
            return Ok(None);
        };
        // A thread that is gone leaves its chunk to this one.
        let examined = answer
            .recv()
            .unwrap_or_else(|_| examine(&self.log.snapshot, &chunk, &self.examine))?;
        Ok(Some(self.take(&chunk, examined)))
    }

    fn cut(&mut self) -> Result<Option<Chunk>, QueryError> {
        loop {
            let Next {
                segment,
                piece,
                start,
            } = self.next;
            let Some(plan) = self.log.segments.get(segment) else {
                return Ok(None);
            };
            let Some(one) = plan.pieces().nth(piece) else {
                self.floor_before = self.floor_before.max(plan.greatest_end);
                self.next = Next {
                    segment: segment + 1,
                    piece: 0,
                    start: None,
                };
                continue;
            };
            let segments = &self.log.snapshot.segments;
            if (piece, start) == (0, None) {
                self.repeats = if plan.may_repeat {
                    Arc::new(repeats::of_segment(segments, segment)?)
                } else {
                    Arc::default()
                };
            }
            let mut chunk = Chunk::of_piece(segment, one, &self.repeats);
            chunk.floor = chunk.floor.max(self.floor_before);
            if let Some(start) = start {
                chunk.start = start;
                chunk.lines_before = None;
            }
            let length = segments.get(segment).map_or(0, |one| one.length);
            if one.end.min(length).saturating_sub(chunk.start) <= CHUNK {
                self.next.piece += 1;
                self.next.start = None;
            } else {
                chunk.end = chunk.start + CHUNK;
                self.next.start = Some(chunk.end);
            }
            return Ok(Some(chunk));
        }
    }

    fn take(&mut self, chunk: &Chunk, examined: Examined<T>) -> T {
        let before = chunk.lines_before.unwrap_or(self.lines_before.1);
        self.floor = self.floor.max(chunk.floor);
        self.lines_before = (chunk.segment, before + examined.lines);
        let mut passed = examined.passed;
        for bad in &mut passed.first {
            bad.line += before;
        }
        self.passed.add(&passed);
        examined.answer
    }
}

fn examine<T>(
    snapshot: &Arc<LogSnapshot>,
    chunk: &Chunk,
    make: &Examine<T>,
) -> Result<Examined<T>, QueryError> {
    let mut cursor = LogCursor::of_chunk(Arc::clone(snapshot), chunk)?;
    let answer = make(&mut cursor)?;
    Ok(Examined {
        answer,
        lines: cursor.lines_seen(),
        passed: cursor.passed_over().clone(),
    })
}
