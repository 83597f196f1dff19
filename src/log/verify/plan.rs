//! What of a log there is to verify, fixed before the work begins: a log may grow meanwhile.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use super::VerifyError;
use super::bytes::{Span, first_difference, last_lines, lines_length, whole_lines_end};
use super::chain::{Chain, Link};
use crate::log::LogId;
use crate::log::lock;
use crate::log::read::{Line, LineReader};
use crate::log::record::{MAX_RECORD, RecordHash, RecordHead};
use crate::log::segment;

/// How often a folder is listed anew until two listings agree.
const LISTINGS: usize = 16;

/// A segment as it was when the plan was made.
#[derive(Debug)]
pub(super) struct PlannedSegment {
    pub(super) path: PathBuf,
    pub(super) name: String,
    pub(super) first_seq: u64,
    /// Where the records begin that no former segment has, and how many lines stand before.
    pub(super) start: u64,
    pub(super) superseded: u64,
    /// The line of the first repeated record that is not the same bytes.
    pub(super) differs_at: Option<u64>,
    /// Where the last whole line ends.
    pub(super) end: u64,
    /// Bytes behind it, where they are a fault.
    pub(super) torn: u64,
    /// The `_seq` that should come first, where the segment begins later.
    pub(super) missing_from: Option<u64>,
}

/// What of a log there is to verify.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) log: Option<LogId>,
    pub(super) segments: Vec<PlannedSegment>,
    /// Bytes behind the last line feed that a writer is still writing.
    pub(super) unfinished: u64,
}

/// Why a log cannot be verified just now.
#[derive(Debug)]
pub(super) enum Interruption {
    /// Something was taken away while it was read: plan anew.
    Changed,
    Failed(VerifyError),
}

impl Interruption {
    /// Tells what is gone from what cannot be read.
    pub(super) fn reading(path: &Path) -> impl Fn(io::Error) -> Self {
        move |error| match error.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::UnexpectedEof => Self::Changed,
            _ => Self::Failed(VerifyError::unreadable(path, error)),
        }
    }
}

impl Plan {
    pub(super) fn of(folder: &Path) -> Result<Self, Interruption> {
        let listed = list(folder)?;
        let log = identify(&listed)?;
        let mut plan = Self {
            log,
            segments: Vec::with_capacity(listed.len()),
            unfinished: 0,
        };
        let mut next_seq = listed.first().map_or(0, |(first_seq, _)| *first_seq);
        if next_seq > 0 && folder.join(segment::name(0)).is_file() {
            return Err(Interruption::Changed);
        }
        for (first_seq, path) in &listed {
            // A listing may lack a segment that was made while it was read, and have a later one.
            while *first_seq > next_seq {
                let between = folder.join(segment::name(next_seq));
                let is_planned = plan.segments.iter().any(|one| one.first_seq == next_seq);
                if is_planned || !between.is_file() {
                    break;
                }
                next_seq = plan.add(next_seq, &between, next_seq)?;
            }
            next_seq = plan.add(*first_seq, path, next_seq)?;
        }
        // The first record may have come between the two looks at a log that had none.
        if log.is_none() && identify(&listed)?.is_some() {
            return Err(Interruption::Changed);
        }
        plan.settle_tail(folder)?;
        Ok(plan)
    }

    /// Plans one more segment; gives the `_seq` that must follow it.
    fn add(&mut self, first_seq: u64, path: &Path, next_seq: u64) -> Result<u64, Interruption> {
        let reading = Interruption::reading(path);
        let file = File::open(path).map_err(&reading)?;
        let length = file.metadata().map_err(&reading)?.len();
        let end = whole_lines_end(&file, length).map_err(&reading)?;
        let mut planned = PlannedSegment {
            name: segment::name(first_seq),
            first_seq,
            start: 0,
            superseded: 0,
            differs_at: None,
            end,
            torn: length - end,
            missing_from: (first_seq > next_seq).then_some(next_seq),
            path: path.to_owned(),
        };
        if first_seq < next_seq {
            self.pass_superseded(&mut planned, &file, next_seq - first_seq)?;
        }
        self.excuse_repeated_tail(&planned, &file)?;
        let mut chain = Chain {
            next: next_seq.max(first_seq),
            link: Link::Unknown,
        };
        self.follow(&mut chain, &planned, &file)?;
        self.segments.push(planned);
        Ok(chain.next)
    }

    /// Compares the records at a segment's beginning with the last `records` before it, and passes over them.
    fn pass_superseded(
        &self,
        planned: &mut PlannedSegment,
        file: &File,
        records: u64,
    ) -> Result<(), Interruption> {
        let reading = Interruption::reading(&planned.path);
        let lines = lines_length(file, planned.end, records).map_err(&reading)?;
        planned.start = lines.length;
        planned.superseded = lines.count;
        let mut wanted = records;
        let mut former = Vec::new();
        for segment in self.segments.iter().rev() {
            if wanted == 0 {
                break;
            }
            let reading = Interruption::reading(&segment.path);
            let file = File::open(&segment.path).map_err(&reading)?;
            let last = last_lines(&file, segment.start, segment.end, wanted).map_err(&reading)?;
            wanted -= last.count;
            let start = segment.end - last.length;
            former.push((
                file,
                Span {
                    start,
                    end: segment.end,
                },
            ));
        }
        if wanted > 0 {
            planned.differs_at = Some(1);
            return Ok(());
        }
        let mut at = 0;
        let mut line = 1;
        for (former, span) in former.iter().rev() {
            let repeated = Span {
                start: at,
                end: lines.length,
            };
            let difference = first_difference(former, *span, file, repeated).map_err(&reading)?;
            line += difference.lines;
            if difference.differs {
                planned.differs_at = Some(line);
                break;
            }
            at += span.end - span.start;
            if at >= lines.length {
                break;
            }
        }
        Ok(())
    }

    /// A write that failed half-way may leave the beginning of a record that stands whole in the next segment.
    fn excuse_repeated_tail(
        &mut self,
        planned: &PlannedSegment,
        file: &File,
    ) -> Result<(), Interruption> {
        let Some(former) = self.segments.last_mut().filter(|former| former.torn > 0) else {
            return Ok(());
        };
        let torn = Span {
            start: former.end,
            end: former.end + former.torn,
        };
        let whole = Span {
            start: planned.start,
            end: planned.end,
        };
        if torn.end - torn.start > whole.end.saturating_sub(whole.start) {
            return Ok(());
        }
        let reading = Interruption::reading(&former.path);
        let former_file = File::open(&former.path).map_err(&reading)?;
        let difference = first_difference(&former_file, torn, file, whole).map_err(&reading)?;
        if !difference.differs {
            former.torn = 0;
        }
        Ok(())
    }

    /// Follows the numbers to the segment's end. Where its last line is a record, that one tells.
    fn follow(
        &self,
        chain: &mut Chain,
        planned: &PlannedSegment,
        file: &File,
    ) -> Result<(), Interruption> {
        let reading = Interruption::reading(&planned.path);
        let last = last_lines(file, planned.start, planned.end, 1).map_err(&reading)?;
        if last.count == 0 {
            return Ok(());
        }
        if last.length <= MAX_RECORD as u64 + 1 {
            let span = Span {
                start: planned.end - last.length,
                end: planned.end - 1,
            };
            let line = span.read(file).map_err(&reading)?;
            if let Some(head) = RecordHead::parse(&line).filter(|head| Some(head.log) == self.log) {
                chain.next = head.seq.saturating_add(1);
                return Ok(());
            }
        }
        let span = Span {
            start: planned.start,
            end: planned.end,
        };
        let mut lines = LineReader::new(span.reader(file));
        while let Some(line) = lines.next_line().map_err(&reading)? {
            let head = match line {
                Line::Whole(bytes) => RecordHead::parse(bytes),
                _ => None,
            };
            match head {
                Some(head) if Some(head.log) == self.log => {
                    chain.next = head.seq.saturating_add(1);
                }
                Some(_) => {}
                None => chain.pass_unreadable(1),
            }
        }
        Ok(())
    }

    /// Tells a tail that is being written from one that is torn.
    fn settle_tail(&mut self, folder: &Path) -> Result<(), Interruption> {
        let count = self.segments.len();
        let Some(last) = self.segments.last_mut().filter(|last| last.torn > 0) else {
            return Ok(());
        };
        if is_held(folder)? {
            self.unfinished = std::mem::take(&mut last.torn);
            return Ok(());
        }
        // The writer may have finished the line and gone between the look at the file and the one at the lock.
        let reading = Interruption::reading(&last.path);
        let length = fs::metadata(&last.path).map_err(&reading)?.len();
        if length != last.end + last.torn || list(folder)?.len() != count {
            return Err(Interruption::Changed);
        }
        Ok(())
    }
}

/// The segments of a folder; a listing during a rotation may be torn, so two must agree.
fn list(folder: &Path) -> Result<Vec<(u64, PathBuf)>, Interruption> {
    let failed = |error| Interruption::Failed(VerifyError::unreadable(folder, error));
    let mut listed = segment::list(folder).map_err(failed)?;
    for _ in 0..LISTINGS {
        let again = segment::list(folder).map_err(failed)?;
        if again == listed {
            break;
        }
        listed = again;
    }
    for (_, path) in &listed {
        refuse_special(path)?;
    }
    Ok(listed)
}

/// Refuses what is no file, so that the verifier does not wait on a pipe.
fn refuse_special(path: &Path) -> Result<(), Interruption> {
    let found = fs::metadata(path).map_err(Interruption::reading(path))?;
    if found.is_file() {
        return Ok(());
    }
    let error = io::Error::other("it has the name of a log's file and is none");
    Err(Interruption::Failed(VerifyError::unreadable(path, error)))
}

/// The log that the records belong to: what the first one with a right hash says, or else the first one.
fn identify(listed: &[(u64, PathBuf)]) -> Result<Option<LogId>, Interruption> {
    let mut first = None;
    for (_, path) in listed {
        let reading = Interruption::reading(path);
        let mut lines = LineReader::new(File::open(path).map_err(&reading)?);
        while let Some(line) = lines.next_line().map_err(&reading)? {
            let Line::Whole(bytes) = line else { continue };
            let Some(head) = RecordHead::parse(bytes) else {
                continue;
            };
            if head.hash == RecordHash::of_line(bytes) {
                return Ok(Some(head.log));
            }
            first = first.or(Some(head.log));
        }
    }
    Ok(first)
}

/// Whether a writer holds the log. Where the lock cannot be asked, nobody can say that a tail is torn.
fn is_held(folder: &Path) -> Result<bool, Interruption> {
    lock::is_held(folder).map_err(|error| {
        Interruption::Failed(VerifyError::unreadable(&folder.join(segment::LOCK), error))
    })
}
