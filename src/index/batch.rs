//! What is read of a segment before it is written into an index.

use std::collections::{BTreeMap, HashSet};
use std::fs::File;

use rusqlite::Row;

use super::known::{FileState, Known, Mark};
use super::words::Digester;
use crate::log::RecordHash;
use crate::log::record::MAX_RECORD;
use crate::query::lines::{Lines, Step};
use crate::query::{
    Fields, Found, Own, Place, QueryError, Segment, end, examine, read_from, words_of,
};

/// How many bytes of a segment are looked up together: words are known to stand in a chunk, and a scan finds out which
/// of its lines they stand in. A chunk has the lines that begin within it.
pub(super) const CHUNK: u64 = 32 * 1024;

/// What is known of a chunk besides its words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ChunkFacts {
    pub(super) lines_before: u64,
    /// The greatest end of a record that stands before in the segment.
    pub(super) end_before: i64,
    /// The first and the last instant of its records.
    pub(super) earliest: i64,
    pub(super) latest: i64,
    /// It has lines that every scan counts as passed over, so every scan reads it.
    pub(super) is_odd: bool,
}

impl ChunkFacts {
    /// Of a row whose first columns they are.
    pub(super) fn of_row(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            lines_before: row.get(0)?,
            end_before: row.get(1)?,
            earliest: row.get(2)?,
            latest: row.get(3)?,
            is_odd: row.get(4)?,
        })
    }
}

/// What a part of a segment adds to an index.
#[derive(Debug)]
pub(super) struct Batch {
    pub(super) indexed: u64,
    pub(super) lines: u64,
    pub(super) greatest_end: i64,
    /// None where no line was read.
    pub(super) last: Option<Mark>,
    /// The file as it was before it was read.
    pub(super) file: FileState,
    /// Whether there may be more to read.
    pub(super) is_cut: bool,
    pub(super) chunks: BTreeMap<u64, ChunkFacts>,
    /// Words and the chunks that they stand in, in order.
    pub(super) words: Vec<(i64, u64)>,
}

impl Batch {
    /// Reads on in a segment, behind what is known of it, for at most about so many bytes.
    pub(super) fn read(
        segment: &Segment,
        known: Option<&Known>,
        repeats: &HashSet<(u64, RecordHash)>,
        digester: &Digester,
        room: u64,
    ) -> Result<Self, QueryError> {
        let failed = |error| QueryError::io("reading", &segment.path, error);
        let file = FileState::of(&segment.path).map_err(failed)?;
        let start = known.map_or(0, |known| known.indexed);
        let mut batch = Self {
            indexed: start,
            lines: known.map_or(0, |known| known.lines),
            greatest_end: known.map_or(i64::MIN, |known| known.greatest_end),
            last: None,
            file,
            is_cut: false,
            chunks: BTreeMap::new(),
            words: Vec::new(),
        };
        let segment = Segment {
            length: file.length,
            ..segment.clone()
        };
        let mut lines = Lines::new(read_from(&segment, start)?, MAX_RECORD, start);
        let mut last = None;
        loop {
            match lines.advance().map_err(failed)? {
                Step::Line => {
                    batch.take(lines.offset(), lines.line(), repeats, digester, &segment)?;
                    last = Some((lines.offset(), lines.line().len() as u64));
                }
                Step::TooLong => batch.facts(lines.offset()).is_odd = true,
                Step::Unfinished(_) | Step::End => break,
            }
            batch.lines += 1;
            batch.indexed = lines.next_offset();
            if batch.indexed - start >= room {
                batch.is_cut = true;
                // Not to its end: what stands behind shows by the length.
                batch.file.length = batch.indexed;
                break;
            }
        }
        if let Some((offset, length)) = last {
            let file = File::open(&segment.path).map_err(failed)?;
            batch.last = Some(Mark::read(&file, offset, length).map_err(failed)?);
        }
        batch.words.sort_unstable();
        batch.words.dedup();
        Ok(batch)
    }

    fn facts(&mut self, offset: u64) -> &mut ChunkFacts {
        let (lines_before, end_before) = (self.lines, self.greatest_end);
        self.chunks.entry(offset / CHUNK).or_insert(ChunkFacts {
            lines_before,
            end_before,
            earliest: i64::MAX,
            latest: i64::MIN,
            is_odd: false,
        })
    }

    fn take(
        &mut self,
        offset: u64,
        line: &[u8],
        repeats: &HashSet<(u64, RecordHash)>,
        digester: &Digester,
        segment: &Segment,
    ) -> Result<(), QueryError> {
        let mut ended = i64::MIN;
        let found = examine(line, repeats, Some(&mut ended));
        let facts = self.facts(offset);
        let place = match found {
            Found::Record(place) => place,
            Found::Superseded => {
                facts.is_odd = true;
                // Where the segment before goes, it is a record like others.
                let Some(place) = Place::of(line) else {
                    return Ok(());
                };
                ended = end(line, &place).unwrap_or(i64::MIN);
                place
            }
            Found::Bad(_) => {
                facts.is_odd = true;
                return Ok(());
            }
            Found::NewerFormat(format) => {
                return Err(QueryError::NewerFormat {
                    path: segment.path.clone(),
                    format,
                });
            }
        };
        let parsed = Fields::parse(line);
        match parsed.and_then(|(fields, text)| Ok((fields.timestamp()?, fields, text))) {
            Ok((timestamp, fields, text)) => {
                facts.earliest = facts.earliest.min(timestamp);
                facts.latest = facts.latest.max(timestamp);
                let own = Own {
                    line,
                    members_at: place.members_at,
                };
                let kind = text.get(place.kind).unwrap_or_default();
                let chunk = offset / CHUNK;
                words_of(kind, &fields, own, |member, word| {
                    self.words.push((digester.digest(member, word), chunk));
                });
            }
            // Whether it is called bad depends on what is asked for.
            Err(_) => facts.is_odd = true,
        }
        self.greatest_end = self.greatest_end.max(ended);
        Ok(())
    }
}
