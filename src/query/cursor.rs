use std::collections::HashSet;
use std::fs::File;
use std::io::Take;
use std::ops::Range;
use std::sync::Arc;

use super::fields::{Fields, NO_TIMESTAMP};
use super::filter::Compiled;
use super::lines::{Lines, Step};
use super::record::{Place, Record};
use super::snapshot::{self, LogSnapshot, Opening};
use super::{PassedOver, QueryError, members, repeats};
use crate::log::RecordHash;
use crate::log::record::MAX_RECORD;

const NO_RECORD: &str = "does not begin like a record";
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
    place: Option<Place>,
    repeats: HashSet<(u64, RecordHash)>,
    /// The greatest end of a record until now, kept only where logs are merged.
    running_end: Option<i64>,
    passed: PassedOver,
}

impl LogCursor {
    /// Through a whole log; `timed` where its records' ends are needed.
    pub(crate) fn new(snapshot: Arc<LogSnapshot>, timed: bool) -> Self {
        let segments = 0..snapshot.segments.len();
        Self::of_segments(snapshot, segments, timed.then_some(i64::MIN))
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
            place: None,
            repeats: HashSet::new(),
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
                    self.repeats = repeats::of_segment(&snapshot.segments, index)?;
                    Lines::new(snapshot::read_from(segment, 0)?, MAX_RECORD, 0)
                }
            };
            let step = lines
                .advance()
                .map_err(|error| QueryError::io("reading", &segment.path, error))?;
            match step {
                Step::Line => {
                    let found = examine(lines.line(), &self.repeats, self.running_end.as_mut());
                    let number = lines.number();
                    self.lines = Some(lines);
                    match found {
                        Found::Record(place) => {
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
            let Some(place) = &self.place else { break };
            match confirm(filter, self.line(), place, &self.snapshot.folder) {
                Ok(Some(record)) => return Ok(Some(record)),
                Ok(None) => {}
                Err(reason) => self.bad(reason),
            }
        }
        Ok(None)
    }

    /// Counts the line that stands now as bad.
    pub(crate) fn bad(&mut self, reason: &'static str) {
        if let (Some(segment), Some(lines)) =
            (self.snapshot.segments.get(self.segments.start), &self.lines)
        {
            self.passed.bad_line(&segment.path, lines.number(), reason);
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

    /// The greatest end of a record up to the one that stands now.
    pub(crate) fn running_end(&self) -> i64 {
        self.running_end.unwrap_or_default()
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
        let Some(begin) = members::timestamp(line, place.members_at) else {
            return Found::Bad(NO_TIMESTAMP);
        };
        let end = begin.saturating_add(members::duration(line, place.members_at));
        *running_end = end.max(*running_end);
    }
    Found::Record(place)
}

/// Parses a line and asks the filter again; an error says why the line is no record.
pub(crate) fn confirm(
    filter: &Compiled,
    line: &[u8],
    place: &Place,
    folder: &Arc<std::path::Path>,
) -> Result<Option<Record>, &'static str> {
    let (fields, text) = Fields::parse(line)?;
    let timestamp = fields.timestamp()?;
    let kind = text.get(place.kind.clone()).unwrap_or_default();
    Ok(filter.confirms(kind, &fields, timestamp).then(|| Record {
        line: text.to_owned(),
        place: place.clone(),
        timestamp,
        folder: Arc::clone(folder),
    }))
}
