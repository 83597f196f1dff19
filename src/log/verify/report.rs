use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use serde::{Serialize, Serializer};

use super::fault::{Fault, FaultKind, Warning};
use crate::log::{LogId, RecordHash};

/// The verdict on everything that was looked at.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct Report {
    /// True where no log has a fault.
    pub intact: bool,
    /// Each log, in the order of their folders.
    pub logs: Vec<LogReport>,
    /// Faults that are no log's: a head whose log is not there.
    pub faults: Vec<Fault>,
    /// What this verdict does not cover, in words.
    pub not_covered: Vec<String>,
}

impl Report {
    /// True where no log has a fault. Warnings leave a log intact.
    #[must_use]
    pub fn is_intact(&self) -> bool {
        self.intact
    }

    /// How many faults were found in all, kept or not.
    #[must_use]
    pub fn fault_count(&self) -> u64 {
        self.faults.len() as u64 + self.logs.iter().map(LogReport::fault_count).sum::<u64>()
    }

    /// How many records were looked at in all.
    #[must_use]
    pub fn records(&self) -> u64 {
        self.logs.iter().map(|log| log.records).sum()
    }
}

/// The verdict on one log.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct LogReport {
    /// The log's folder.
    pub folder: PathBuf,
    /// The log's `_log`; none where no record can be read.
    #[serde(serialize_with = "as_text")]
    pub log: Option<LogId>,
    /// True where the log has no fault.
    pub intact: bool,
    /// How many lines were verified as records, faulty ones among them, superseded ones not.
    pub records: u64,
    /// The bytes of all whole lines, line feeds included.
    pub bytes: u64,
    /// How many segments the log has.
    pub segments: u64,
    /// Records that repeat the end of the segment before, after a failed sync (FORMAT section 6).
    pub superseded: u64,
    /// The first record's `_seq`.
    pub first_seq: Option<u64>,
    /// The last record's `_seq`.
    pub last_seq: Option<u64>,
    /// The last record's `_hash`: what a head would hold.
    #[serde(serialize_with = "as_text")]
    pub last_hash: Option<RecordHash>,
    /// Entries that the log says it could not take: the sum of `entries_lost`.
    pub lost_entries: u64,
    /// Calls of which the log says that nobody knows how they ended: the `outcome_unknown` records.
    pub unknown_outcomes: u64,
    /// Calls that were started and have no end yet; none where that was not counted: without the byte rule,
    /// or with more than a million open at a time.
    pub open_calls: Option<u64>,
    /// Records of kinds that this version does not know. They were verified like the others.
    pub unknown_kinds: u64,
    /// `damage_acknowledged` records. They change no verdict.
    pub damage_acknowledged: u64,
    /// Bytes behind the last line feed that a writer is still writing.
    pub unfinished_bytes: u64,
    /// Records at the log's end that no head covers: cutting them off would not show.
    pub uncovered: u64,
    /// True where the head names a record that retention has removed since.
    pub head_pruned: bool,
    /// How many faults of each kind were found; kinds without one are left out.
    pub fault_counts: BTreeMap<FaultKind, u64>,
    /// The faults in their order, as many as were asked for.
    pub faults: Vec<Fault>,
    /// What to know besides.
    pub warnings: Vec<Warning>,
}

fn as_text<T: fmt::Display, S: Serializer>(value: &Option<T>, to: S) -> Result<S::Ok, S::Error> {
    match value {
        Some(value) => to.collect_str(value),
        None => to.serialize_none(),
    }
}

impl LogReport {
    pub(super) fn new(folder: &Path, log: Option<LogId>) -> Self {
        Self {
            folder: folder.to_owned(),
            log,
            intact: true,
            records: 0,
            bytes: 0,
            segments: 0,
            superseded: 0,
            first_seq: None,
            last_seq: None,
            last_hash: None,
            lost_entries: 0,
            unknown_outcomes: 0,
            open_calls: None,
            unknown_kinds: 0,
            damage_acknowledged: 0,
            unfinished_bytes: 0,
            uncovered: u64::MAX,
            head_pruned: false,
            fault_counts: BTreeMap::new(),
            faults: Vec::new(),
            warnings: Vec::new(),
        }
    }

    /// How many faults were found, kept or not.
    #[must_use]
    pub fn fault_count(&self) -> u64 {
        self.fault_counts.values().sum()
    }

    /// Counts a fault, and keeps it while fewer than `most` are kept.
    pub(super) fn add_fault(&mut self, fault: Fault, most: usize) {
        *self.fault_counts.entry(fault.kind).or_default() += 1;
        self.add_detail(fault, most);
    }

    pub(super) fn add_detail(&mut self, fault: Fault, most: usize) {
        if self.faults.len() < most {
            self.faults.push(fault);
        }
    }

    pub(super) fn add_counts(&mut self, counts: &[u64; FaultKind::ALL.len()]) {
        for (kind, count) in FaultKind::ALL.into_iter().zip(counts) {
            if *count > 0 {
                *self.fault_counts.entry(kind).or_default() += count;
            }
        }
    }

    pub(super) fn set_uncovered(&mut self, records: u64) {
        self.uncovered = records;
    }

    pub(super) fn finish(&mut self) {
        self.intact = self.fault_count() == 0;
        self.uncovered = self.uncovered.min(self.records);
        // Names of segments sort as their numbers do.
        self.faults.sort_by(|a, b| {
            let key = |fault: &Fault| {
                let place = fault.place.as_ref();
                place.map(|place| (place.segment.clone(), place.line))
            };
            key(a).cmp(&key(b))
        });
    }
}

fn counted(number: u64, noun: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {noun}{plural}")
}

impl fmt::Display for LogReport {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verdict = if self.intact { "intact" } else { "DAMAGED" };
        write!(formatter, "{}: {verdict}", self.folder.display())?;
        write!(
            formatter,
            "\n  {} in {}",
            counted(self.records, "record"),
            counted(self.segments, "segment")
        )?;
        if let (Some(first), Some(last)) = (self.first_seq, self.last_seq) {
            write!(formatter, ", _seq {first} to {last}")?;
        }
        if let Some(hash) = self.last_hash {
            write!(formatter, "\n  last _hash {hash}")?;
        }
        let mut count = |number: u64, words: &str| match number {
            0 => Ok(()),
            number => write!(formatter, "\n  {number} {words}"),
        };
        count(
            self.superseded,
            "records repeated after a failed sync, passed over",
        )?;
        count(
            self.lost_entries,
            "entries lost: the log could not take them",
        )?;
        count(self.unknown_outcomes, "calls of unknown outcome")?;
        count(
            self.open_calls.unwrap_or_default(),
            "calls started and not ended",
        )?;
        count(
            self.unknown_kinds,
            "records of kinds that this version does not know",
        )?;
        count(self.damage_acknowledged, "acknowledgements of damage")?;
        count(self.unfinished_bytes, "bytes at the end are being written")?;
        count(self.uncovered, "records at the end that no head covers")?;
        for fault in &self.faults {
            write!(formatter, "\n  FAULT {fault}")?;
        }
        let more = self.fault_count().saturating_sub(self.faults.len() as u64);
        if more > 0 {
            write!(
                formatter,
                "\n  and {} not shown; in all:",
                counted(more, "fault")
            )?;
            for (kind, count) in &self.fault_counts {
                write!(formatter, " {count} {kind}")?;
            }
        }
        for warning in &self.warnings {
            write!(formatter, "\n  warning {warning}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Report {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for log in &self.logs {
            writeln!(formatter, "{log}")?;
        }
        for fault in &self.faults {
            writeln!(formatter, "FAULT {fault}")?;
        }
        if self.intact {
            writeln!(formatter, "INTACT: every record is as it was sealed.")?;
        } else {
            writeln!(
                formatter,
                "DAMAGED: {}.",
                counted(self.fault_count(), "fault")
            )?;
        }
        write!(formatter, "Not covered by this verdict:")?;
        for line in &self.not_covered {
            write!(formatter, "\n- {line}")?;
        }
        Ok(())
    }
}
