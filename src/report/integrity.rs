use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fmt;
use std::path::Path;

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::ReportError;
use crate::log::verify::{self, Head, VerifyError, VerifyOptions};
use crate::query::{ADMIN, LogSnapshot, PassedOver, escape};

/// What a verdict rests on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Basis {
    /// The logs' own chains: a cut tail, a full rewrite and a removed log do not show.
    Chain,
    /// Heads kept elsewhere, one of each log.
    Head,
}

impl Basis {
    /// The word that stands in a report.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Chain => "chain",
            Self::Head => "head",
        }
    }
}

/// What was verified of the logs that a report rests on: every record of each of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Integrity {
    /// Chains alone, or heads too.
    pub basis: Basis,
    /// The logs, by their folders.
    pub logs: Vec<String>,
    /// The first `_seq` that was verified of each log.
    pub from_seq: BTreeMap<String, u64>,
    /// The last one.
    pub through_seq: BTreeMap<String, u64>,
    /// Every fault in words, at most 1,000 of a log.
    pub faults: Vec<String>,
    /// Where retention removed a log's beginning: the first record that is left.
    pub pruned_before: BTreeMap<String, String>,
    /// What the verdict does not cover, in words.
    pub not_covered: Vec<String>,
}

impl Integrity {
    /// The verdict as a text for people.
    pub(super) fn write(
        &self,
        verified: bool,
        passed: &PassedOver,
        formatter: &mut fmt::Formatter<'_>,
    ) -> fmt::Result {
        if passed.bad_lines > 0 {
            let lines = passed.bad_lines;
            writeln!(formatter, "LEFT OUT: lines that are no records: {lines}")?;
        }
        if passed.not_understood > 0 {
            let calls = passed.not_understood;
            writeln!(
                formatter,
                "NOT UNDERSTOOD: calls that say more than this version can read: {calls}; a newer tool-audit reads them"
            )?;
        }
        if passed.pruned_segments > 0 {
            let segments = passed.pruned_segments;
            writeln!(
                formatter,
                "PRUNED MEANWHILE: segments that went before they were read: {segments}"
            )?;
        }
        let verdict = if verified { "VERIFIED" } else { "NOT VERIFIED" };
        writeln!(
            formatter,
            "Integrity: {verdict} (basis: {})",
            self.basis.as_str()
        )?;
        for log in &self.logs {
            let from = self.from_seq.get(log);
            if let Some((from, through)) = from.zip(self.through_seq.get(log)) {
                writeln!(formatter, "  {}: records {from} to {through}", escape(log))?;
            } else {
                writeln!(formatter, "  {}: no records", escape(log))?;
            }
        }
        for (log, left) in &self.pruned_before {
            writeln!(formatter, "  {}: pruned before {left}", escape(log))?;
        }
        for fault in &self.faults {
            writeln!(formatter, "  FAULT {}", escape(fault))?;
        }
        writeln!(formatter, "Not covered by this verdict:")?;
        for words in &self.not_covered {
            writeln!(formatter, "- {}", escape(words))?;
        }
        Ok(())
    }
}

/// Verifies all logs at `path`; the verdict comes first.
pub(super) fn of(path: &Path, heads: &[Head]) -> Result<(bool, Integrity), VerifyError> {
    let options = VerifyOptions::new().heads(heads.iter().copied());
    let report = verify::verify(path, &options)?;
    let mut integrity = Integrity {
        basis: if heads.is_empty() {
            Basis::Chain
        } else {
            Basis::Head
        },
        logs: Vec::new(),
        from_seq: BTreeMap::new(),
        through_seq: BTreeMap::new(),
        faults: report.faults.iter().map(ToString::to_string).collect(),
        pruned_before: BTreeMap::new(),
        not_covered: report.not_covered,
    };
    for log in &report.logs {
        let below = log.folder.strip_prefix(path).ok();
        let below = below.filter(|below| !below.as_os_str().is_empty());
        let name = below.map(Path::as_os_str).or(log.folder.file_name());
        let name = name.unwrap_or(log.folder.as_os_str());
        let name = name.to_string_lossy().into_owned();
        if let (Some(first), Some(last)) = (log.first_seq, log.last_seq) {
            integrity.from_seq.insert(name.clone(), first);
            integrity.through_seq.insert(name.clone(), last);
            if first > 0 {
                let left = format!("_seq {first}");
                integrity.pruned_before.insert(name.clone(), left);
            }
        }
        let faults = log.faults.iter().map(|fault| format!("{name}: {fault}"));
        integrity.faults.extend(faults);
        let more = log.fault_count().saturating_sub(log.faults.len() as u64);
        if more > 0 {
            integrity.faults.push(format!("{name}: and {more} more"));
        }
        // No head is kept of the acts upon a store, on which no report rests.
        let is_admin = log.folder.file_name() == Some(OsStr::new(ADMIN));
        let rests_on_it = log.records > 0 && !is_admin;
        if rests_on_it && !heads.iter().any(|head| Some(head.log) == log.log) {
            integrity.basis = Basis::Chain;
        }
        integrity.logs.push(name);
    }
    Ok((report.intact, integrity))
}

/// The line with which a report on a log made by replay begins.
pub(super) const REPLAYED: &str =
    "REPLAYED: recorded calls were sent through the layer again; none of this happened";

/// The line with which a report begins of which it stands nowhere that it was made.
pub(super) const NOT_RECORDED: &str = "NOT RECORDED: that this report was made stands nowhere";

/// What a report as a text says before all else.
pub(super) fn write_marks(
    replayed: bool,
    recorded: Option<bool>,
    formatter: &mut fmt::Formatter<'_>,
) -> fmt::Result {
    if replayed {
        writeln!(formatter, "{REPLAYED}")?;
    }
    if recorded == Some(false) {
        writeln!(formatter, "{NOT_RECORDED}")?;
    }
    Ok(())
}

/// Refuses a period that no instant can be in.
pub(super) fn period(
    from: Option<DateTime<Utc>>,
    to: Option<DateTime<Utc>>,
) -> Result<(), ReportError> {
    match from.zip(to) {
        Some((from, to)) if from > to => Err(ReportError::Period),
        _ => Ok(()),
    }
}

/// Refuses folders that hold the same log: all in it would count twice.
pub(super) fn each_log_once(snapshots: &[LogSnapshot]) -> Result<(), ReportError> {
    let mut folders = BTreeMap::new();
    for snapshot in snapshots {
        let Some(log) = snapshot.log() else { continue };
        if let Some(first) = folders.insert(log, snapshot.folder()) {
            return Err(ReportError::SameLog {
                first: first.to_owned(),
                second: snapshot.folder().to_owned(),
            });
        }
    }
    Ok(())
}
