use std::path::PathBuf;

use serde::Serialize;

use super::sweep::Swept;
use crate::log::prune::{Prune, Pruned};
use crate::log::{LogError, LogId};

/// What went, or would go, of the logs at a place.
#[derive(Debug, Default, Serialize)]
#[non_exhaustive]
pub struct PruneReport {
    /// Each log, that of acts upon the store aside, of which nothing ever goes.
    pub logs: Vec<LogPrune>,
}

impl PruneReport {
    /// How many records went, or would go.
    #[must_use]
    pub fn records(&self) -> u64 {
        self.logs.iter().map(|log| log.records).sum()
    }

    /// The first log that could not be pruned.
    #[must_use]
    pub fn failed(&self) -> Option<&LogPrune> {
        self.logs.iter().find(|log| log.error.is_some())
    }
}

/// What went, or would go, of one log.
#[derive(Debug, Serialize)]
#[non_exhaustive]
pub struct LogPrune {
    /// The log's folder.
    pub folder: PathBuf,
    /// The log's name; none where it has no record.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "write_log")]
    pub log: Option<LogId>,
    /// How many records go.
    pub records: u64,
    /// How many bytes.
    pub bytes: u64,
    /// The last record that goes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub through_seq: Option<u64>,
    /// The segments that go, by the numbers of their first records.
    pub segments: Vec<u64>,
    /// Segments of which every record has expired, and which stay all the same.
    pub kept: Vec<ExpiredSegment>,
    /// True where a prune that was begun before is to be finished first; what is held since then stays.
    pub unfinished: bool,
    /// Why the log was not pruned.
    #[serde(
        skip_serializing_if = "Option::is_none",
        serialize_with = "write_error"
    )]
    pub error: Option<LogError>,
    #[serde(skip)]
    pub(super) plan: Plan,
}

impl LogPrune {
    pub(super) fn of(folder: PathBuf, swept: Swept) -> Self {
        let (records, through_seq) = match &swept.plan {
            Plan::Nothing => (0, None),
            Plan::Prune(prune) => (
                prune.through_seq - prune.first_seq + 1,
                Some(prune.through_seq),
            ),
            Plan::Finish(_, kept) => (
                kept.saturating_sub(swept.segments.first().copied().unwrap_or(0)),
                kept.checked_sub(1),
            ),
        };
        Self {
            folder,
            log: swept.log,
            records,
            bytes: swept.bytes,
            through_seq,
            unfinished: swept.unfinished,
            segments: swept.segments,
            kept: swept.kept,
            error: None,
            plan: swept.plan,
        }
    }

    /// Goes on to what was found behind a prune that is finished now.
    pub(super) fn add(&mut self, more: Self) {
        self.records += more.records;
        self.bytes += more.bytes;
        self.through_seq = more.through_seq.or(self.through_seq);
        self.segments.extend(more.segments);
        self.kept = more.kept;
        self.plan = more.plan;
    }

    /// Nothing is known to have gone.
    pub(super) fn took_nothing(&mut self) {
        self.records = 0;
        self.bytes = 0;
        self.through_seq = None;
        self.segments.clear();
    }
}

/// What is to be done to a log.
#[derive(Debug, Clone, Default)]
pub(crate) enum Plan {
    #[default]
    Nothing,
    Prune(Prune),
    /// Segments that a prune names still stand. Those from this one on stay, since they are held.
    Finish(Pruned, u64),
}

/// A segment of which every record has expired, and which stays.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct ExpiredSegment {
    /// The number of its first record, which names it.
    pub first_seq: u64,
    /// What keeps it, at most 100 of each segment.
    pub pins: Vec<Pin>,
}

/// What keeps an expired segment.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Pin {
    /// A legal hold covers a record of it.
    Hold {
        /// The hold.
        hold_id: String,
        /// The first record in the segment that it covers.
        seq: u64,
    },
    /// Nobody has looked at a call that was made with a break-glass declaration.
    UnreviewedEmergency {
        /// The call.
        call_id: String,
        /// Its record.
        seq: u64,
    },
    /// Nobody knows how a call ended, and nobody has looked at it.
    UnknownOutcome {
        /// The call.
        call_id: String,
        /// Its record.
        seq: u64,
    },
    /// A line in it, or its place in the log, is not as it was written.
    Damaged {
        /// The line; 0 where it is the bytes behind the last one.
        line: u64,
    },
    /// An earlier segment is kept, and a log loses its beginning alone.
    Behind {
        /// The earlier segment.
        first_seq: u64,
    },
}

impl std::fmt::Display for Pin {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Hold { hold_id, seq } => {
                write!(formatter, "the hold {hold_id} covers record {seq}")
            }
            Self::UnreviewedEmergency { call_id, seq } => write!(
                formatter,
                "nobody has reviewed the emergency call {call_id} (record {seq})"
            ),
            Self::UnknownOutcome { call_id, seq } => write!(
                formatter,
                "nobody knows how the call {call_id} ended (record {seq})"
            ),
            Self::Damaged { line } => {
                write!(
                    formatter,
                    "it is damaged at line {line}, and kept as evidence"
                )
            }
            Self::Behind { first_seq } => {
                write!(formatter, "the segment {first_seq} before it is kept")
            }
        }
    }
}

fn write_log<S: serde::Serializer>(log: &Option<LogId>, to: S) -> Result<S::Ok, S::Error> {
    to.collect_str(&log.map(|log| log.to_string()).unwrap_or_default())
}

fn write_error<S: serde::Serializer>(error: &Option<LogError>, to: S) -> Result<S::Ok, S::Error> {
    to.collect_str(&error.as_ref().map(ToString::to_string).unwrap_or_default())
}
