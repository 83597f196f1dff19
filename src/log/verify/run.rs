//! Verifies one log with several threads.

use std::collections::BTreeMap;
use std::fs::File;
use std::hash::RandomState;
use std::io;
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

use super::chunk::{ChunkSummary, Rules};
use super::merge::Merge;
use super::plan::{Interruption, Plan, PlannedSegment};
use super::report::LogReport;
use super::{Progress, VerifyError, VerifyOptions};
use crate::log::record::MAX_RECORD;

/// How much of a segment is verified at once. A chunk holds the lines that begin in it.
const CHUNK: u64 = 1 << 18;

/// How far the fastest thread may be ahead of the slowest, in chunks for each thread.
const AHEAD: usize = 8;

/// How often a log is begun anew because something was taken from it meanwhile.
const ATTEMPTS: usize = 10;

pub(super) fn verify_log(
    folder: &Path,
    options: &VerifyOptions,
    progress: &(dyn Fn(Progress) + Sync),
) -> Result<LogReport, VerifyError> {
    for _ in 0..ATTEMPTS {
        match attempt(folder, options, progress) {
            Err(Interruption::Changed) => {}
            Err(Interruption::Failed(error)) => return Err(error),
            Ok(report) => return Ok(report),
        }
    }
    Err(VerifyError::Changing {
        path: folder.to_owned(),
    })
}

fn attempt(
    folder: &Path,
    options: &VerifyOptions,
    progress: &(dyn Fn(Progress) + Sync),
) -> Result<LogReport, Interruption> {
    let plan = Plan::of(folder)?;
    let head = options.head_of(plan.log);
    let start = options.start_of(plan.log);
    let rules = Rules {
        log: plan.log.map(crate::log::LogId::to_hex),
        byte_rule: options.byte_rule,
        head: head.map(|head| (head.seq, head.hash.to_hex())),
        start: start.map(|start| (start.seq, start.hash.to_hex())),
        most_faults: options.most_faults,
        call_ids: RandomState::new(),
    };
    let chunks = cut(&plan);
    let merge = Merge::new(folder, &plan, &rules);
    let threads = options.threads.min(chunks.len()).max(1);
    let work = Work::new(&plan, &rules, &chunks, merge, threads, progress);
    thread::scope(|scope| {
        for _ in 1..threads {
            scope.spawn(|| work.run());
        }
        work.run();
    });
    let merge = work.finish()?;
    if let Some(format) = merge.newer_format() {
        return Err(Interruption::Failed(VerifyError::NewerFormat {
            path: folder.to_owned(),
            format,
        }));
    }
    let explained = merge.start_is_explained()?;
    Ok(merge.finish(explained))
}

/// The lines of a segment that begin in a stretch of it.
#[derive(Debug, Clone, Copy)]
struct Chunk {
    segment: usize,
    start: u64,
    end: u64,
}

fn cut(plan: &Plan) -> Vec<Chunk> {
    let mut chunks = Vec::new();
    for (index, segment) in plan.segments.iter().enumerate() {
        let mut start = segment.start;
        while start < segment.end {
            let end = segment.end.min(start + CHUNK);
            chunks.push(Chunk {
                segment: index,
                start,
                end,
            });
            start = end;
        }
    }
    chunks
}

/// What the threads share.
struct Work<'a> {
    plan: &'a Plan,
    rules: &'a Rules,
    chunks: &'a [Chunk],
    total: u64,
    ahead: usize,
    progress: &'a (dyn Fn(Progress) + Sync),
    state: Mutex<State<'a>>,
    merged: Condvar,
}

struct State<'a> {
    merge: Merge<'a>,
    /// The next chunk that nobody has taken, and the next one to be merged.
    next: usize,
    wanted: usize,
    done: u64,
    waiting: BTreeMap<usize, ChunkSummary>,
    stopped: Option<Interruption>,
    abandoned: bool,
}

impl<'a> Work<'a> {
    fn new(
        plan: &'a Plan,
        rules: &'a Rules,
        chunks: &'a [Chunk],
        merge: Merge<'a>,
        threads: usize,
        progress: &'a (dyn Fn(Progress) + Sync),
    ) -> Self {
        Self {
            plan,
            rules,
            chunks,
            ahead: AHEAD * threads,
            total: chunks.iter().map(|chunk| chunk.end - chunk.start).sum(),
            progress,
            state: Mutex::new(State {
                merge,
                next: 0,
                wanted: 0,
                done: 0,
                waiting: BTreeMap::new(),
                stopped: None,
                abandoned: false,
            }),
            merged: Condvar::new(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State<'a>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes chunk after chunk until none is left.
    fn run(&self) {
        let _guard = Abandon(self);
        let mut reader = ChunkReader::default();
        while let Some(index) = self.take() {
            let Some(chunk) = self.chunks.get(index) else {
                return;
            };
            let Some(segment) = self.plan.segments.get(chunk.segment) else {
                return;
            };
            let reading = Interruption::reading(&segment.path);
            let summary = reader.verify(segment, *chunk, self.rules).map_err(reading);
            self.put(index, summary);
        }
    }

    /// The index of a chunk to verify. It waits while too many are ahead of the one to be merged next, which
    /// some thread is at work on.
    fn take(&self) -> Option<usize> {
        let mut state = self.lock();
        loop {
            if state.stopped.is_some() || state.abandoned || state.next >= self.chunks.len() {
                return None;
            }
            if state.next < state.wanted + self.ahead {
                break;
            }
            state = self
                .merged
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
        let index = state.next;
        state.next += 1;
        Some(index)
    }

    fn put(&self, index: usize, summary: Result<ChunkSummary, Interruption>) {
        let mut state = self.lock();
        match summary {
            Ok(summary) => {
                state.waiting.insert(index, summary);
            }
            Err(interruption) => state.stopped = Some(interruption),
        }
        let shared = &mut *state;
        while let Some(summary) = shared.waiting.remove(&shared.wanted) {
            if let Some(chunk) = self.chunks.get(shared.wanted) {
                shared.merge.take(chunk.segment, summary);
                shared.done += chunk.end - chunk.start;
            }
            shared.wanted += 1;
        }
        let done = shared.done;
        drop(state);
        self.merged.notify_all();
        (self.progress)(Progress {
            done,
            total: self.total,
        });
    }

    fn finish(self) -> Result<Merge<'a>, Interruption> {
        let state = self
            .state
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner);
        match state.stopped {
            Some(interruption) => Err(interruption),
            None => Ok(state.merge),
        }
    }
}

/// Lets the other threads end when one of them panics.
struct Abandon<'a, 'b>(&'a Work<'b>);

impl Drop for Abandon<'_, '_> {
    fn drop(&mut self) {
        if thread::panicking() {
            self.0.lock().abandoned = true;
            self.0.merged.notify_all();
        }
    }
}

/// Reads chunks one after another, with one buffer and one open file.
#[derive(Default)]
struct ChunkReader {
    buffer: Vec<u8>,
    open: Option<(usize, File)>,
}

impl ChunkReader {
    fn verify(
        &mut self,
        segment: &PlannedSegment,
        chunk: Chunk,
        rules: &Rules,
    ) -> io::Result<ChunkSummary> {
        let mut summary = ChunkSummary::default();
        let file = match self.open.take() {
            Some((index, file)) if index == chunk.segment => file,
            _ => File::open(&segment.path)?,
        };
        let is_first = chunk.start == segment.start;
        // The byte before tells whether a line begins with the chunk.
        let from = chunk.start - u64::from(!is_first);
        let length = (chunk.end - from) as usize;
        let room = length + MAX_RECORD + 1;
        if self.buffer.len() < room {
            self.buffer.resize(room, 0);
        }
        file.read_exact_at(&mut self.buffer[..length], from)?;
        let mut start = 0;
        if !is_first {
            start = memchr::memchr(b'\n', &self.buffer[..length]).map_or(length, |at| at + 1);
        }
        let lines = &self.buffer[start..length];
        let mut line = 0;
        for end in memchr::memchr_iter(b'\n', lines) {
            summary.line(rules, &lines[line..end]);
            line = end + 1;
        }
        let last = start + line;
        if last < length {
            // The chunk's last line ends behind it.
            let bytes = self.last_line(&file, from, last..length, segment.end)?;
            match bytes {
                Some(bytes) => summary.line(rules, bytes),
                None => summary.long_line(rules),
            }
        }
        self.open = Some((chunk.segment, file));
        Ok(summary)
    }

    /// Reads on to the end of a line of which the buffer holds the beginning, unless it is too long for a record.
    /// The buffer's first byte stands at `from` in the file.
    fn last_line(
        &mut self,
        file: &File,
        from: u64,
        line: Range<usize>,
        end: u64,
    ) -> io::Result<Option<&[u8]>> {
        let mut filled = line.end;
        let mut piece = 4096;
        while filled - line.start <= MAX_RECORD {
            let left = end - (from + filled as u64);
            let most = MAX_RECORD + 1 - (filled - line.start);
            let length = usize::try_from(left).unwrap_or(most).min(most).min(piece);
            if length == 0 {
                // The plan saw a line feed at the segment's end.
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            let read = &mut self.buffer[filled..filled + length];
            file.read_exact_at(read, from + filled as u64)?;
            if let Some(at) = memchr::memchr(b'\n', read) {
                return Ok(Some(&self.buffer[line.start..filled + at]));
            }
            filled += length;
            piece = MAX_RECORD;
        }
        Ok(None)
    }
}
