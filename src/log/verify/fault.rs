use std::fmt;

use serde::Serialize;

/// What a verifier finds wrong (FORMAT section 9).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum FaultKind {
    /// Bytes stand behind the last line feed, and no writer is at work.
    TornTail,
    /// A line is no JSON.
    NotJson,
    /// A line is JSON, but not in the bytes that FORMAT section 2 demands, or it is too long.
    NotCanonical,
    /// A line's bytes do not have the hash that it states, or it states none.
    HashMismatch,
    /// A record's `_previous_hash` is not the `_hash` of the record before it.
    ChainBroken,
    /// A record's `_seq` is not the next one, within a segment.
    SequenceGap,
    /// A repeated record is not the same bytes as the first time.
    SupersededDiffers,
    /// A record, or the head, belongs to another log.
    ForeignRecord,
    /// The record with `_seq` 0 is no first record.
    BadGenesis,
    /// A segment does not begin where the one before it ends.
    MissingSegment,
    /// The log does not begin at `_seq` 0, and no `segments_pruned` record explains where it does.
    UnexplainedStart,
    /// A `segments_pruned` record removed records that had not expired.
    EarlyPrune,
    /// The log does not reach to the head, or has another record in its place.
    BelowHead,
    /// A checkpoint's root is not the root of the tree.
    RootMismatch,
    /// A checkpoint's signature does not check.
    BadSignature,
}

impl FaultKind {
    /// Every kind, in the order of FORMAT section 9.
    pub const ALL: [Self; 15] = [
        Self::TornTail,
        Self::NotJson,
        Self::NotCanonical,
        Self::HashMismatch,
        Self::ChainBroken,
        Self::SequenceGap,
        Self::SupersededDiffers,
        Self::ForeignRecord,
        Self::BadGenesis,
        Self::MissingSegment,
        Self::UnexplainedStart,
        Self::EarlyPrune,
        Self::BelowHead,
        Self::RootMismatch,
        Self::BadSignature,
    ];

    /// The name of FORMAT section 9.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::TornTail => "torn_tail",
            Self::NotJson => "not_json",
            Self::NotCanonical => "not_canonical",
            Self::HashMismatch => "hash_mismatch",
            Self::ChainBroken => "chain_broken",
            Self::SequenceGap => "sequence_gap",
            Self::SupersededDiffers => "superseded_differs",
            Self::ForeignRecord => "foreign_record",
            Self::BadGenesis => "bad_genesis",
            Self::MissingSegment => "missing_segment",
            Self::UnexplainedStart => "unexplained_start",
            Self::EarlyPrune => "early_prune",
            Self::BelowHead => "below_head",
            Self::RootMismatch => "root_mismatch",
            Self::BadSignature => "bad_signature",
        }
    }
}

impl fmt::Display for FaultKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// What a verifier warns of: it leaves the verdict as it is (FORMAT section 9).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum WarningKind {
    /// Records ended more than a second before others that stand in front of them: a clock went back.
    TimeRegressed,
    /// Segments still stand that a `segments_pruned` record says are gone; the writer removes them when it opens the log.
    PruneUnfinished,
    /// The log was made by a replay, not by live calls.
    Replayed,
}

impl WarningKind {
    /// The name of FORMAT section 9.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::TimeRegressed => "time_regressed",
            Self::PruneUnfinished => "prune_unfinished",
            Self::Replayed => "replayed",
        }
    }
}

impl fmt::Display for WarningKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// A place in a log.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[non_exhaustive]
pub struct Place {
    /// The segment's file name.
    pub segment: String,
    /// The line in the segment, counted from 1.
    pub line: u64,
    /// The `_seq` that stands there, where one can be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seq: Option<u64>,
}

impl fmt::Display for Place {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} line {}", self.segment, self.line)?;
        match self.seq {
            Some(seq) => write!(formatter, " (_seq {seq})"),
            None => Ok(()),
        }
    }
}

/// One fault of a log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Fault {
    /// What is wrong.
    pub kind: FaultKind,
    /// Where; none where the fault is of the log as a whole.
    #[serde(flatten)]
    pub place: Option<Place>,
    /// More, for people. It holds hashes and numbers, and nothing of what a record tells.
    pub detail: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}", self.kind)?;
        if let Some(place) = &self.place {
            write!(formatter, ": {place}")?;
        }
        write!(formatter, ": {}", self.detail)
    }
}

/// Something to know about a log that is no fault.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Warning {
    /// What it is.
    pub kind: WarningKind,
    /// How many records show it.
    pub count: u64,
    /// The first of them.
    #[serde(flatten)]
    pub place: Option<Place>,
    /// More, for people.
    pub detail: String,
}

impl fmt::Display for Warning {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}", self.kind)?;
        if let Some(place) = &self.place {
            write!(formatter, ": {place}")?;
        }
        write!(formatter, ": {}", self.detail)
    }
}
