//! One log in chunks that several threads examine, with the answers in the order of the log.
//!
//! A chunk has the lines that begin within it, so that it is known without a look at the bytes.

use std::collections::{HashSet, VecDeque};
use std::sync::Arc;
use std::sync::mpsc::Receiver;

use super::cursor::LogCursor;
use super::plan::{Piece, PlannedLog};
use super::repeats::Repeats;
use super::workers::Workers;
use super::{LogSnapshot, PassedOver, QueryError, repeats};
use crate::log::RecordHash;

/// Large enough to be worth a turn of the queue.
const CHUNK: u64 = 512 * 1024;

/// Less is read sooner than threads begin.
const WORTH_THREADS: u64 = 4 * CHUNK;

/// How logs are read that are read at a time.
#[derive(Debug, Clone)]
pub(crate) struct Pace {
    workers: Option<Arc<Workers>>,
    /// The size of a chunk.
    chunk: u64,
    /// How many chunks of a log are under way.
    ahead: usize,
}

impl Pace {
    /// For these logs, of which so many are read at a time: with threads, where that is worth it, and so that what is
    /// under way fits one budget, however many logs there are.
    pub(crate) fn of(logs: &[PlannedLog], at_a_time: usize) -> Self {
        const BUDGET: u64 = 16 * 1024 * 1024;
        const SMALLEST: u64 = 16 * 1024;
        let bytes: u64 = logs.iter().map(PlannedLog::bytes).sum();
        let workers = if bytes < WORTH_THREADS {
            None
        } else {
            Workers::for_all_processors().map(Arc::new)
        };
        let logs = at_a_time.max(1);
        let threads = workers.as_ref().map_or(0, |workers| workers.threads());
        let ahead = match logs {
            1 => threads + 1,
            _ => (2 * threads / logs).max(1),
        };
        // One more is being given out.
        let chunks = (logs * (ahead + 1)) as u64;
        Self {
            workers,
            chunk: (BUDGET / chunks).clamp(SMALLEST, CHUNK),
            ahead,
        }
    }
}

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
    pace: Pace,
    examine: Examine<T>,
    next: Next,
    /// The greatest end of a record in the known parts of the segments before.
    floor_before: i64,
    /// The same for the chunk that was given last, with what stands before it in its segment.
    floor: i64,
    repeats: Arc<HashSet<(u64, RecordHash)>>,
    repeats_of_next: Option<(usize, Arc<Repeats>)>,
    waiting: VecDeque<(Chunk, Answer<T>)>,
    /// The segment of the chunk before, and how many lines of it there were.
    lines_before: (usize, u64),
    /// The last segment that was pruned before all of its chunks were read.
    pruned: Option<usize>,
    passed: PassedOver,
}

impl<T: Send + 'static> Chunks<T> {
    /// From the segment `first` on.
    pub(crate) fn new(log: PlannedLog, first: usize, pace: Pace, examine: Examine<T>) -> Self {
        Self {
            log,
            pace,
            examine,
            next: Next {
                segment: first,
                piece: 0,
                start: None,
            },
            floor_before: i64::MIN,
            floor: i64::MIN,
            repeats: Arc::default(),
            repeats_of_next: None,
            waiting: VecDeque::new(),
            lines_before: (first, 0),
            pruned: None,
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
        let Some(workers) = self.pace.workers.clone() else {
            let Some(chunk) = self.cut()? else {
                return Ok(None);
            };
            let examined = examine(&self.log.snapshot, &chunk, &self.examine)?;
            return Ok(Some(self.take(&chunk, examined)));
        };
        while self.waiting.len() < self.pace.ahead {
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
                let of_next = self.repeats_of_next.take();
                self.repeats = match of_next.filter(|(of, _)| *of == segment) {
                    Some((_, repeats)) => repeats,
                    None if plan.may_repeat => Arc::new(repeats::of_segment(segments, segment)?),
                    None => Arc::default(),
                };
                // When that one's turn comes, this one may have been pruned.
                let next = segment + 1;
                if self
                    .log
                    .segments
                    .get(next)
                    .is_some_and(|next| next.may_repeat)
                {
                    let repeats = repeats::of_segment(segments, next)?;
                    self.repeats_of_next = Some((next, Arc::new(repeats)));
                }
            }
            let mut chunk = Chunk::of_piece(segment, one, &self.repeats);
            chunk.floor = chunk.floor.max(self.floor_before);
            if let Some(start) = start {
                chunk.start = start;
                chunk.lines_before = None;
            }
            let length = segments.get(segment).map_or(0, |one| one.length);
            if one.end.min(length).saturating_sub(chunk.start) <= self.pace.chunk {
                self.next.piece += 1;
                self.next.start = None;
            } else {
                chunk.end = chunk.start + self.pace.chunk;
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
        // A segment counts once, however many of its chunks are missing.
        if passed.pruned_segments > 0 && self.pruned.replace(chunk.segment) == Some(chunk.segment) {
            passed.pruned_segments = 0;
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
    snapshot.has_read(chunk);
    Ok(Examined {
        answer,
        lines: cursor.lines_seen(),
        passed: cursor.passed_over().clone(),
    })
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use proptest::prelude::*;

    use super::*;
    use crate::log::record::{Previous, seal};
    use crate::log::{LogId, segment};
    use crate::query::cursor::LogCursor;

    /// Two segments of records of these lengths, a bad line among them wherever a length is 0.
    fn log(folder: &Path, lengths: &[usize], split: usize) -> Arc<LogSnapshot> {
        let mut seq = 0;
        let mut first = 0;
        let mut bytes = Vec::new();
        for (at, &length) in lengths.iter().enumerate() {
            if at == split % lengths.len() {
                fs::write(folder.join(segment::name(first)), &bytes).unwrap();
                bytes.clear();
                first = seq;
            }
            if length == 0 {
                bytes.extend_from_slice(b"no record\n");
                continue;
            }
            let kind = if seq == 0 { "log_created" } else { "tool_call" };
            let own = format!(
                r#""text":"{}","timestamp":"2025-07-06T00:00:00.{:06}Z""#,
                "x".repeat(length),
                seq * 7919 % 1_000_000
            );
            let previous = Previous::Genesis;
            seal(
                &mut bytes,
                kind,
                LogId([7; 16]),
                previous,
                seq,
                own.as_bytes(),
            );
            seq += 1;
        }
        fs::write(folder.join(segment::name(first)), &bytes).unwrap();
        Arc::new(LogSnapshot::open(folder).unwrap())
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

        #[test]
        fn chunks_of_any_size_give_what_one_reader_finds(
            lengths in prop::collection::vec(0..700_usize, 1..40),
            split in 0..40_usize,
            chunk in 1..900_u64,
            threads in 0..4_usize,
            ahead in 1..6_usize,
        ) {
            let folder = tempfile::tempdir().unwrap();
            let snapshot = log(folder.path(), &lengths, split);
            let mut whole = LogCursor::of_segments(
                Arc::clone(&snapshot), 0..snapshot.segments.len(), Some(i64::MIN));
            let mut expected = Vec::new();
            while whole.advance().unwrap() {
                expected.push((whole.line().to_vec(), whole.running_end()));
            }
            let pace = Pace {
                workers: Workers::of(threads).map(Arc::new),
                chunk,
                ahead,
            };
            let examine = |cursor: &mut LogCursor| {
                let mut found = Vec::new();
                while cursor.advance()? {
                    found.push((cursor.line().to_vec(), cursor.running_end()));
                }
                Ok(found)
            };
            let log = PlannedLog::whole(snapshot);
            let mut chunks = Chunks::new(log, 0, pace, Arc::new(examine));
            let mut found = Vec::new();
            let mut running = i64::MIN;
            while let Some(part) = chunks.next().unwrap() {
                let before = running;
                for (line, end) in part {
                    running = running.max(end);
                    found.push((line, end.max(before)));
                }
            }
            prop_assert_eq!(found, expected);
            prop_assert_eq!(chunks.passed_over(), whole.passed_over());
        }
    }

    #[test]
    fn what_is_under_way_fits_the_budget_however_many_logs_there_are() {
        let folder = tempfile::tempdir().unwrap();
        let snapshot = log(folder.path(), &[100_000; 30], 1);
        for logs in [1, 2, 3, 40, 400] {
            let planned = vec![PlannedLog::whole(Arc::clone(&snapshot)); logs];
            let pace = Pace::of(&planned, logs);
            let bytes = pace.chunk * ((pace.ahead + 1) * logs) as u64;
            let threads = pace.workers.as_ref().map_or(0, |workers| workers.threads());
            let most = 16 * 1024 * 1024 + CHUNK * (threads as u64 + 2);
            assert!(bytes <= most, "{bytes} for {logs} logs");
            assert!(pace.chunk > 0 && pace.ahead > 0);
        }
    }
}
