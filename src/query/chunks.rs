//! One log in chunks that several threads examine, with the answers in the order of the log.
//!
//! A chunk has the lines that begin within it, so that it is known without a look at the bytes.

use std::collections::{HashSet, VecDeque};
use std::sync::Arc;
use std::sync::mpsc::Receiver;

use super::cursor::LogCursor;
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

/// The answers for all chunks of a log, in order.
pub(crate) struct Chunks<T> {
    snapshot: Arc<LogSnapshot>,
    workers: Option<Arc<Workers>>,
    examine: Examine<T>,
    /// The next chunk begins here.
    next: (usize, u64),
    repeats: Arc<HashSet<(u64, RecordHash)>>,
    waiting: VecDeque<(Chunk, Answer<T>)>,
    /// The segment of the chunk before, and how many lines of it there were.
    lines_before: (usize, u64),
    passed: PassedOver,
}

impl<T: Send + 'static> Chunks<T> {
    /// From the segment `first` on.
    pub(crate) fn new(
        snapshot: Arc<LogSnapshot>,
        first: usize,
        workers: Option<Arc<Workers>>,
        examine: Examine<T>,
    ) -> Self {
        Self {
            snapshot,
            workers,
            examine,
            next: (first, 0),
            repeats: Arc::default(),
            waiting: VecDeque::new(),
            lines_before: (first, 0),
            passed: PassedOver::default(),
        }
    }

    pub(crate) fn snapshot(&self) -> &Arc<LogSnapshot> {
        &self.snapshot
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
            let examined = examine(&self.snapshot, &chunk, &self.examine)?;
            return Ok(Some(self.take(&chunk, examined)));
        };
        while self.waiting.len() <= workers.threads() {
            let Some(chunk) = self.cut()? else { break };
            let (snapshot, make) = (Arc::clone(&self.snapshot), Arc::clone(&self.examine));
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
            .unwrap_or_else(|_| examine(&self.snapshot, &chunk, &self.examine))?;
        Ok(Some(self.take(&chunk, examined)))
    }

    fn cut(&mut self) -> Result<Option<Chunk>, QueryError> {
        let (segment, start) = self.next;
        let Some(length) = self.snapshot.segments.get(segment).map(|one| one.length) else {
            return Ok(None);
        };
        if start == 0 {
            self.repeats = Arc::new(repeats::of_segment(&self.snapshot.segments, segment)?);
        }
        let is_last = length.saturating_sub(start) <= CHUNK;
        self.next = if is_last {
            (segment + 1, 0)
        } else {
            (segment, start + CHUNK)
        };
        Ok(Some(Chunk {
            segment,
            start,
            end: if is_last { u64::MAX } else { start + CHUNK },
            repeats: Arc::clone(&self.repeats),
        }))
    }

    fn take(&mut self, chunk: &Chunk, examined: Examined<T>) -> T {
        let before = match self.lines_before {
            (segment, lines) if segment == chunk.segment => lines,
            _ => 0,
        };
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
