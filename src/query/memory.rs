use std::path::Path;
use std::sync::Arc;

use super::compiled::Compiled;
use super::cursor::{NO_RECORD, confirm};
use super::record::Place;
use super::{Cursor, Filter, PassedOver, Record, instant, members};
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
    MemoryScan::new(find(sink, filter), false)
}

/// As [`scan_memory`], newest first.
#[must_use]
pub fn scan_memory_reverse(sink: &MemorySink, filter: &Filter) -> MemoryScan {
    MemoryScan::new(find(sink, filter), true)
}

/// The entries of a [`MemorySink`]; made by [`scan_memory`] and [`scan_memory_reverse`].
#[derive(Debug, Clone)]
pub struct MemoryScan {
    records: std::vec::IntoIter<Record>,
    newest_first: bool,
    /// The number of the first entry that lies behind the scan's place.
    at: u64,
    /// The number behind all entries.
    behind: u64,
    passed: PassedOver,
}

impl MemoryScan {
    fn new(found: Found, newest_first: bool) -> Self {
        let mut records = found.records;
        if newest_first {
            records.reverse();
        }
        Self {
            records: records.into_iter(),
            newest_first,
            at: if newest_first { found.behind } else { 0 },
            behind: found.behind,
            passed: found.passed,
        }
    }

    /// Goes on where a cursor stands.
    #[must_use]
    pub fn after(mut self, cursor: &Cursor) -> Self {
        let at = cursor.seq(NO_LOG);
        let mut records: Vec<Record> = self.records.collect();
        records.retain(|record| (record.seq() < at) == self.newest_first);
        self.records = records.into_iter();
        self.at = at;
        self
    }

    /// Where the scan stands, as [`Scan::cursor`](super::Scan::cursor) tells it.
    #[must_use]
    pub fn cursor(&self) -> Cursor {
        let is_at_end = self.records.as_slice().is_empty();
        let at = match (is_at_end, self.newest_first) {
            (true, true) => 0,
            (true, false) => self.behind.max(self.at),
            (false, _) => self.at,
        };
        let mut cursor = Cursor::default();
        cursor.raise(NO_LOG, at);
        cursor
    }

    /// What was passed over: entries of no form that is known here. As a place stands the entry's number, from 1.
    #[must_use]
    pub fn passed_over(&self) -> &PassedOver {
        &self.passed
    }
}

/// What stands for the log of an entry in memory.
const NO_LOG: LogId = LogId([0; 16]);

impl Iterator for MemoryScan {
    type Item = Record;

    fn next(&mut self) -> Option<Record> {
        let record = self.records.next()?;
        let seq = record.seq();
        self.at = if self.newest_first { seq } else { seq + 1 };
        Some(record)
    }
}

/// The entries that are wanted, oldest first.
struct Found {
    records: Vec<Record>,
    behind: u64,
    passed: PassedOver,
}

fn find(sink: &MemorySink, filter: &Filter) -> Found {
    let filter = Compiled::new(filter.clone());
    let nowhere: Arc<Path> = Arc::from(Path::new(""));
    let (first, lines) = sink.numbered_lines();
    let mut running_end = i64::MIN;
    let mut found = Found {
        records: Vec::new(),
        behind: first + lines.len() as u64,
        passed: PassedOver::default(),
    };
    for (seq, line) in (first..).zip(lines) {
        let line = line.as_bytes();
        let mut bad = |reason| found.passed.bad_line(&nowhere, seq + 1, reason);
        let Some(place) = place_of(line, seq) else {
            bad(NO_RECORD);
            continue;
        };
        let kind = line.get(place.kind.clone()).unwrap_or_default();
        if let Some(begin) = members::timestamp(line, place.members_at) {
            let took = members::duration(kind, line, place.members_at);
            running_end = running_end.max(instant::clamp(begin.saturating_add(took)));
        }
        let kind = std::str::from_utf8(kind).unwrap_or_default();
        if filter.may_match(kind, line, place.members_at) {
            match confirm(&filter, line, &place, &nowhere, running_end) {
                Ok(Some(record)) => found.records.push(record),
                Ok(None) => {}
                Err(reason) => bad(reason),
            }
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
        log: NO_LOG,
        seq,
    })
}
