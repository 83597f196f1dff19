use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::{Cursor, QueryError, instant};
use crate::entry::AuditEntry;
use crate::log::{LogId, RecordHash, RecordHead};

/// What of a record's head is kept beside its line.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    pub(crate) hash: RecordHash,
    pub(crate) kind: Range<usize>,
    pub(crate) log: LogId,
    pub(crate) seq: u64,
    pub(crate) members_at: usize,
}

impl Place {
    pub(crate) fn of(line: &[u8]) -> Option<Self> {
        let head = RecordHead::parse(line)?;
        let kind_at = KIND_AT;
        Some(Self {
            hash: head.hash,
            kind: kind_at..kind_at + head.kind.len(),
            log: head.log,
            seq: head.seq,
            members_at: head.members_at,
        })
    }
}

/// Where the kind's word begins: behind `{"_hash":"…64…","_kind":"`.
const KIND_AT: usize = 10 + 64 + 11;

/// One record of a log, as a scan finds it.
///
/// It holds the record's line as it stands on disk. Nothing was verified but that it is JSON.
#[derive(Debug, Clone)]
pub struct Record {
    pub(crate) line: String,
    pub(crate) place: Place,
    pub(crate) timestamp: i64,
    /// The greatest end of a record of the log up to this one.
    pub(crate) end: i64,
    pub(crate) folder: Arc<Path>,
}

impl Record {
    /// The record's bytes as they stand on disk, without the line feed.
    #[must_use]
    pub fn line(&self) -> &str {
        &self.line
    }

    /// The five members with which the record begins.
    ///
    /// None for an entry of a [`MemorySink`](crate::MemorySink), which is no part of a log; never of other
    /// scans, which pass over lines that do not begin like a record.
    #[must_use]
    pub fn head(&self) -> Option<RecordHead<'_>> {
        RecordHead::parse(self.line.as_bytes())
    }

    /// What the record is (FORMAT section 4).
    #[must_use]
    pub fn kind(&self) -> &str {
        self.line.get(self.place.kind.clone()).unwrap_or_default()
    }

    /// The log that the record belongs to.
    #[must_use]
    pub fn log(&self) -> LogId {
        self.place.log
    }

    /// The record's number in its log.
    #[must_use]
    pub fn seq(&self) -> u64 {
        self.place.seq
    }

    /// The folder of the log in which the record was found.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The record's `timestamp`: when the call began.
    #[must_use]
    pub fn timestamp(&self) -> DateTime<Utc> {
        instant::to_date_time(self.timestamp).unwrap_or_default()
    }

    /// The record's place in the order of all, behind which the next page begins.
    #[must_use]
    pub fn cursor(&self) -> Cursor {
        Cursor {
            end: self.end,
            log: self.place.log,
            seq: self.place.seq,
        }
    }

    /// True for the end of a call and for a record of intent.
    #[must_use]
    pub fn is_call(&self) -> bool {
        matches!(self.kind(), "tool_call" | "tool_call_started")
    }

    /// Reads the call. For a record that is none, the members of a call stand at their defaults.
    ///
    /// # Errors
    ///
    /// [`QueryError::Entry`] where a member has another type, or another word, than this version knows.
    pub fn entry(&self) -> Result<AuditEntry, QueryError> {
        serde_json::from_str(&self.line).map_err(|source| QueryError::Entry {
            log: self.folder.to_path_buf(),
            seq: self.place.seq,
            source,
        })
    }
}
