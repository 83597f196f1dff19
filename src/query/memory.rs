use std::path::Path;
use std::sync::Arc;

use super::compiled::Compiled;
use super::cursor::confirm;
use super::record::Place;
use super::{Cursor, Filter, Record, members};
use crate::log::{LogId, RecordHash};
use crate::sink::MemorySink;

/// Finds the entries of a [`MemorySink`] that `filter` wants, oldest first.
///
/// An entry is no record of a log: it has no head, its `log` is all zeros and its folder empty, and its number says
/// how many entries the sink took before it.
///
/// ```
/// use tool_audit::query::{Filter, scan_memory};
/// use tool_audit::{EntryBuilder, MemorySink, Outcome, Sanitizer, AuditSink};
///
/// let sink = MemorySink::new();
/// let refused = EntryBuilder::new("issue_refund").outcome(Outcome::Denied);
/// sink.record(&refused.build(&Sanitizer::default()).as_entry());
/// let mut found = scan_memory(&sink, &Filter::new().failures());
/// assert!(found.next().unwrap().line().contains("issue_refund"));
/// ```
#[must_use]
pub fn scan_memory(sink: &MemorySink, filter: &Filter) -> MemoryScan {
    MemoryScan {
        records: find(sink, filter).into_iter(),
        newest_first: false,
    }
}

/// As [`scan_memory`], newest first.
#[must_use]
pub fn scan_memory_reverse(sink: &MemorySink, filter: &Filter) -> MemoryScan {
    let mut records = find(sink, filter);
    records.reverse();
    MemoryScan {
        records: records.into_iter(),
        newest_first: true,
    }
}

/// The entries of a [`MemorySink`]; made by [`scan_memory`] and [`scan_memory_reverse`].
#[derive(Debug, Clone)]
pub struct MemoryScan {
    records: std::vec::IntoIter<Record>,
    newest_first: bool,
}

impl MemoryScan {
    /// Goes on behind the entry that a cursor names.
    #[must_use]
    pub fn after(mut self, cursor: &Cursor) -> Self {
        let mut records: Vec<Record> = self.records.collect();
        records.retain(|record| {
            let record = record.cursor();
            if self.newest_first {
                cursor.is_behind(&record)
            } else {
                record.is_behind(cursor)
            }
        });
        self.records = records.into_iter();
        self
    }
}

impl Iterator for MemoryScan {
    type Item = Record;

    fn next(&mut self) -> Option<Record> {
        self.records.next()
    }
}

fn find(sink: &MemorySink, filter: &Filter) -> Vec<Record> {
    let filter = Compiled::new(filter.clone());
    let nowhere: Arc<Path> = Arc::from(Path::new(""));
    let (first, lines) = sink.numbered_lines();
    let mut running_end = i64::MIN;
    let mut found = Vec::new();
    for (seq, line) in (first..).zip(lines) {
        let line = line.as_bytes();
        let Some(place) = place_of(line, seq) else {
            continue;
        };
        let kind = line.get(place.kind.clone()).unwrap_or_default();
        if let Some(begin) = members::timestamp(line, place.members_at) {
            let took = members::duration(kind, line, place.members_at);
            running_end = running_end.max(begin.saturating_add(took));
        }
        let kind = std::str::from_utf8(kind).unwrap_or_default();
        if filter.may_match(kind, line, place.members_at)
            && let Ok(Some(record)) = confirm(&filter, line, &place, &nowhere, running_end)
        {
            found.push(record);
        }
    }
    found
}

/// An entry begins with its kind, and its own members follow.
fn place_of(line: &[u8], seq: u64) -> Option<Place> {
    const OPENING: &[u8] = br#"{"_kind":""#;
    let behind = line.strip_prefix(OPENING)?;
    let length = memchr::memchr(b'"', behind)?;
    let kind = OPENING.len()..OPENING.len() + length;
    Some(Place {
        hash: RecordHash([0; 32]),
        members_at: kind.end + 2,
        kind,
        log: LogId([0; 16]),
        seq,
    })
}
