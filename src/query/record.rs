use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde_json::{Map, Value};

use super::{QueryError, instant};
use crate::call::Outcome;
use crate::entry::{AuditEntry, CallTrigger};
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

    /// The record's place in the order of all (FORMAT section 6): by time, then by log, then by number.
    pub(crate) fn order(&self) -> (i64, LogId, u64) {
        (self.end, self.place.log, self.place.seq)
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
        serde_json::from_str(&self.line).map_err(|source| self.not_understood(source))
    }

    /// As [`entry`](Self::entry), with an outcome and a trigger that this version does not know left at none and the
    /// default: what a later version says of a call besides is still true.
    pub(crate) fn entry_of_any_version(&self) -> Result<AuditEntry, QueryError> {
        let error = match self.entry() {
            Ok(entry) => return Ok(entry),
            Err(error) => error,
        };
        let mut members = self.members()?;
        let is_known = |name: &str, members: &Map<String, Value>| match members.get(name) {
            Some(Value::String(word)) if name == "outcome" => Outcome::from_name(word).is_some(),
            Some(Value::String(word)) => CallTrigger::from_name(word).is_some(),
            _ => true,
        };
        let unknown: Vec<&str> = ["outcome", "call_trigger"]
            .into_iter()
            .filter(|name| !is_known(name, &members))
            .collect();
        for name in &unknown {
            members.remove(*name);
        }
        if unknown.contains(&"call_trigger")
            && let Some(Value::Object(attribution)) = members.get_mut("attribution")
        {
            attribution.remove("trigger");
        }
        serde_json::from_value(Value::Object(members)).map_err(|_| error)
    }

    /// The record's members.
    pub(crate) fn members(&self) -> Result<Map<String, Value>, QueryError> {
        serde_json::from_str(&self.line).map_err(|source| self.not_understood(source))
    }

    fn not_understood(&self, source: serde_json::Error) -> QueryError {
        QueryError::Entry {
            log: self.folder.to_path_buf(),
            seq: self.place.seq,
            source,
        }
    }
}
