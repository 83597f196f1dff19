use std::collections::HashSet;
use std::fs::File;
use std::io::{Read, Take};
use std::ops::Range;
use std::sync::Arc;

use super::chunks::Chunk;
use super::compiled::Compiled;
use super::fields::{Fields, NO_TIMESTAMP};
use super::lines::{Lines, Step};
use super::own::Own;
use super::record::{Place, Record};
use super::snapshot::{self, LogSnapshot, Opening, Segment};
use super::{PassedOver, QueryError, instant, members, repeats};
use crate::log::RecordHash;
use crate::log::record::MAX_RECORD;

pub(crate) const NO_RECORD: &str = "does not begin like a record";
pub(crate) const TOO_LONG: &str = "is longer than a record may be";
pub(crate) const NO_LINE_FEED: &str = "is cut off, and is not the log's last";

/// Goes through one log, record by record, in the order of its segments.
///
/// Superseded records, bad lines and an unfinished last line are passed over and counted. Memory is one
/// line's buffer.
pub(crate) struct LogCursor {
    snapshot: Arc<LogSnapshot>,
    /// The segments that are still to be read, the one that is being read first.
    segments: Range<usize>,
    lines: Option<Lines<Take<File>>>,
    /// Lines from this place on in the one segment are another's.
    until: Option<u64>,
    lines_seen: u64,
    place: Option<Place>,
    /// The number behind that of every record that was gone through.
    behind: u64,
    repeats: Arc<HashSet<(u64, RecordHash)>>,
    /// What the next segment repeats of this one, which may be pruned by then.
    repeats_of_next: Option<HashSet<(u64, RecordHash)>>,
    /// The greatest end of a record until now, where it is wanted.
    running_end: Option<i64>,
    passed: PassedOver,
}

impl LogCursor {
    /// Through a whole log, without a look at the ends of its records.
    pub(crate) fn new(snapshot: Arc<LogSnapshot>) -> Self {
        let segments = 0..snapshot.segments.len();
        Self::of_segments(snapshot, segments, None)
    }

    /// Through the lines that begin in a chunk. Lines are numbered, and ends compared, from its start.
    pub(crate) fn of_chunk(snapshot: Arc<LogSnapshot>, chunk: &Chunk) -> Result<Self, QueryError> {
        let segment = &snapshot.segments[chunk.segment];
        let mut pruned_segments = 0;
        let lines = match lines_of_chunk(segment, chunk) {
            Err(error) if segment.was_pruned(&error) => {
                pruned_segments = 1;
                None
            }
            lines => lines?,
        };
        let first = chunk.segment;
        let segments = first..first + usize::from(lines.is_some());
        let mut cursor = Self::of_segments(snapshot, segments, Some(i64::MIN));
        cursor.lines = lines;
        cursor.passed.pruned_segments = pruned_segments;
        cursor.until = Some(chunk.end);
        cursor.repeats = Arc::clone(&chunk.repeats);
        Ok(cursor)
    }

    /// Through some of a log's segments, with the running end that stands before them.
    pub(crate) fn of_segments(
        snapshot: Arc<LogSnapshot>,
        segments: Range<usize>,
        running_end: Option<i64>,
    ) -> Self {
        Self {
            snapshot,
            segments,
            lines: None,
            until: None,
            lines_seen: 0,
            place: None,
            behind: 0,
            repeats: Arc::default(),
            repeats_of_next: None,
            running_end,
            passed: PassedOver::default(),
        }
    }

    /// Goes on to the next record; false at the end.
    pub(crate) fn advance(&mut self) -> Result<bool, QueryError> {
        self.place = None;
        while !self.segments.is_empty() {
            let index = self.segments.start;
            let snapshot = Arc::clone(&self.snapshot);
            let segment = &snapshot.segments[index];
            let mut lines = match self.lines.take() {
                Some(lines) => lines,
                None => {
                    self.repeats = Arc::new(match self.repeats_of_next.take() {
                        Some(repeats) => repeats,
                        None => repeats::of_segment(&snapshot.segments, index)?,
                    });
                    self.repeats_of_next =
                        Some(repeats::of_segment(&snapshot.segments, index + 1)?);
                    match snapshot::read_from(segment, 0) {
                        Ok(reader) => Lines::new(reader, MAX_RECORD, 0),
                        Err(error) if segment.was_pruned(&error) => {
                            self.passed.pruned_segments += 1;
                            self.segments.start += 1;
                            continue;
                        }
                        Err(error) => return Err(error),
                    }
                }
            };
            let step = lines
                .advance()
                .map_err(|error| QueryError::io("reading", &segment.path, error))?;
            if self.until.is_some_and(|until| lines.offset() >= until) {
                self.segments.start += 1;
                continue;
            }
            self.lines_seen = lines.number();
            match step {
                Step::Line => {
                    let found = examine(lines.line(), &self.repeats, self.running_end.as_mut());
                    let number = lines.number();
                    self.lines = Some(lines);
                    match found {
                        Found::Record(place) => {
                            self.behind = self.behind.max(place.seq.saturating_add(1));
                            self.place = Some(place);
                            return Ok(true);
                        }
                        Found::Superseded => self.passed.superseded += 1,
                        Found::Bad(reason) => self.passed.bad_line(&segment.path, number, reason),
                        Found::NewerFormat(format) => {
                            return Err(QueryError::NewerFormat {
                                path: segment.path.clone(),
                                format,
                            });
                        }
                    }
                }
                Step::TooLong => {
                    self.passed
                        .bad_line(&segment.path, lines.number(), TOO_LONG);
                    self.lines = Some(lines);
                }
                Step::Unfinished(bytes) => {
                    if index + 1 == snapshot.segments.len() {
                        self.passed.unfinished_bytes += bytes;
                    } else {
                        self.passed
                            .bad_line(&segment.path, lines.number() + 1, NO_LINE_FEED);
                    }
                    self.segments.start += 1;
                }
                Step::End => self.segments.start += 1,
            }
        }
        Ok(false)
    }

    /// Goes on to the next record that may be wanted, as far as can be told without parsing it.
    pub(crate) fn advance_to_candidate(&mut self, filter: &Compiled) -> Result<bool, QueryError> {
        while self.advance()? {
            let line = self.line();
            let wanted = self.place.as_ref().is_some_and(|place| {
                let kind = line.get(place.kind.clone()).unwrap_or_default();
                let kind = std::str::from_utf8(kind).unwrap_or_default();
                filter.may_match(kind, line, place.members_at)
            });
            if wanted {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The next record that is wanted.
    pub(crate) fn next_match(&mut self, filter: &Compiled) -> Result<Option<Record>, QueryError> {
        while self.advance_to_candidate(filter)? {
            match self.confirmed(filter) {
                Ok(Some(record)) => return Ok(Some(record)),
                Ok(None) => {}
                Err(reason) => self.bad(reason),
            }
        }
        Ok(None)
    }

    /// The record that stands now, where it is wanted.
    pub(crate) fn confirmed(&self, filter: &Compiled) -> Result<Option<Record>, &'static str> {
        let Some(place) = &self.place else {
            return Ok(None);
        };
        let end = self.running_end();
        confirm(filter, self.line(), place, &self.snapshot.folder, end)
    }

    /// Counts the line that stands now as bad.
    pub(crate) fn bad(&mut self, reason: &'static str) {
        if let (Some(segment), Some(lines)) =
            (self.snapshot.segments.get(self.segments.start), &self.lines)
        {
            self.passed.bad_line(&segment.path, lines.number(), reason);
        }
    }

    /// Counts the call that stands now as one of which this version does not understand all.
    pub(crate) fn not_understood(&mut self, reason: &'static str) {
        if let (Some(segment), Some(lines)) =
            (self.snapshot.segments.get(self.segments.start), &self.lines)
        {
            self.passed
                .not_understood(&segment.path, lines.number(), reason);
        }
    }

    /// The line that stands now, without its line feed.
    pub(crate) fn line(&self) -> &[u8] {
        self.lines.as_ref().map(Lines::line).unwrap_or_default()
    }

    pub(crate) fn place(&self) -> Option<&Place> {
        self.place.as_ref()
    }

    /// Where the line that stands now begins in its segment.
    pub(crate) fn offset(&self) -> u64 {
        self.lines.as_ref().map(Lines::offset).unwrap_or_default()
    }

    /// The number of the line that stands now in its segment, from 1.
    pub(crate) fn line_number(&self) -> u64 {
        self.lines.as_ref().map(Lines::number).unwrap_or_default()
    }

    /// How many lines were gone through.
    pub(crate) fn lines_seen(&self) -> u64 {
        self.lines_seen
    }

    /// The greatest end of a record up to the one that stands now.
    pub(crate) fn running_end(&self) -> i64 {
        self.running_end.unwrap_or_default()
    }

    /// The number behind that of every record that was gone through; 0 before the first.
    pub(crate) fn behind(&self) -> u64 {
        self.behind
    }

    pub(crate) fn snapshot(&self) -> &Arc<LogSnapshot> {
        &self.snapshot
    }

    pub(crate) fn passed_over(&self) -> &PassedOver {
        &self.passed
    }
}

/// What one line is.
pub(crate) enum Found {
    Record(Place),
    Superseded,
    Bad(&'static str),
    NewerFormat(u64),
}

/// Tells what a line is, and moves the greatest end of a record on where it is kept.
pub(crate) fn examine(
    line: &[u8],
    repeats: &HashSet<(u64, RecordHash)>,
    running_end: Option<&mut i64>,
) -> Found {
    let Some(place) = Place::of(line) else {
        return Found::Bad(NO_RECORD);
    };
    if repeats.contains(&(place.seq, place.hash)) && RecordHash::of_line(line) == place.hash {
        return Found::Superseded;
    }
    let kind = line.get(place.kind.clone()).unwrap_or_default();
    if let Some(format) = Opening::newer_format(kind, line) {
        return Found::NewerFormat(format);
    }
    if let Some(running_end) = running_end {
        let Some(end) = end(line, &place) else {
            return Found::Bad(NO_TIMESTAMP);
        };
        *running_end = end.max(*running_end);
    }
    Found::Record(place)
}

/// When what a record tells of was over.
pub(crate) fn end(line: &[u8], place: &Place) -> Option<i64> {
    let begin = members::timestamp(line, place.members_at)?;
    let kind = line.get(place.kind.clone()).unwrap_or_default();
    let took = members::duration(kind, line, place.members_at);
    Some(instant::clamp(begin.saturating_add(took)))
}

/// Parses a line and asks the filter again; an error says why the line is no record.
pub(crate) fn confirm(
    filter: &Compiled,
    line: &[u8],
    place: &Place,
    folder: &Arc<std::path::Path>,
    end: i64,
) -> Result<Option<Record>, &'static str> {
    let (fields, text) = Fields::parse(line)?;
    let timestamp = fields.timestamp()?;
    let kind = text.get(place.kind.clone()).unwrap_or_default();
    let own = Own {
        line,
        members_at: place.members_at,
    };
    let wanted = filter.confirms(kind, &fields, own, timestamp);
    Ok(wanted.then(|| Record {
        line: text.to_owned(),
        place: place.clone(),
        timestamp,
        end,
        folder: Arc::clone(folder),
    }))
}

/// The lines of a chunk, where one begins in it.
fn lines_of_chunk(
    segment: &Segment,
    chunk: &Chunk,
) -> Result<Option<Lines<Take<File>>>, QueryError> {
    let first = if chunk.start == 0 {
        Some(0)
    } else {
        let mut before = snapshot::read_from(segment, chunk.start - 1)?;
        line_start(&mut before, chunk.start - 1, chunk.end)
            .map_err(|error| QueryError::io("reading", &segment.path, error))?
    };
    let Some(first) = first else { return Ok(None) };
    let reader = snapshot::read_from(segment, first)?;
    Ok(Some(Lines::new(reader, MAX_RECORD, first)))
}

/// Where the first line begins behind `at`, where the reader stands, and before `until`.
fn line_start(reader: &mut impl Read, at: u64, until: u64) -> std::io::Result<Option<u64>> {
    let mut buffer = [0; 4096];
    let mut at = at;
    while at < until {
        let read = match reader.read(&mut buffer) {
            Ok(0) => return Ok(None),
            Ok(read) => read,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        if let Some(found) = memchr::memchr(b'\n', &buffer[..read]) {
            let start = at + found as u64 + 1;
            return Ok((start < until).then_some(start));
        }
        at += read as u64;
    }
    Ok(None)
}
