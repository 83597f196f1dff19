use std::collections::{BTreeSet, VecDeque};
use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::time::SystemTime;

use super::rule::{Condition, Rules};
use super::{Alert, Detector, DetectorStats};
use crate::clock::civil;
use crate::log::verify::{VerifyError, VerifyOptions, verify};
use crate::query::{Filter, LogSnapshot, PassedOver, QueryError, Record, Scan};

/// Runs rules over the records of logs, merged by time as [`scan`](crate::query::scan()) merges them.
///
/// Each path is a log, a store, or a folder of stores; a log that lies under two of them is read once. Alerts that the logs
/// hold already make no difference: the answer is what the rules say of the calls. A rule about damage has
/// the logs verified, without a head, and its alerts come last.
///
/// # Errors
///
/// As [`scan`](crate::query::scan()); the iterator gives those that show up later, and ends.
///
/// ```no_run
/// use tool_audit::alert::{Rule, Rules, run};
///
/// let rules = Rules::new([Rule::break_glass("break-glass")])?;
/// for alert in run(&["/var/audit/tools-0", "/var/audit/tools-1"], &rules)? {
///     println!("{}", alert?);
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn run<P: AsRef<Path>>(paths: &[P], rules: &Rules) -> Result<Run, QueryError> {
    let mut seen = BTreeSet::new();
    let mut snapshots = Vec::new();
    for path in paths {
        for snapshot in LogSnapshot::find(path.as_ref())? {
            let folder = snapshot.folder();
            let folder = std::fs::canonicalize(folder).unwrap_or_else(|_| folder.to_owned());
            if seen.insert(folder) {
                snapshots.push(Arc::new(snapshot));
            }
        }
    }
    let is_about_damage = |on: &Condition| matches!(on, Condition::ChainDamaged);
    let verifies = rules.iter().any(|rule| is_about_damage(&rule.condition));
    let filter = ["tool_call", "tool_call_started", "entries_lost"]
        .into_iter()
        .fold(Filter::new(), Filter::kind);
    Ok(Run {
        to_verify: if verifies {
            snapshots.clone()
        } else {
            Vec::new()
        },
        snapshots: snapshots.clone(),
        scan: Scan::over(snapshots, &filter)?,
        detector: Detector::new(rules),
        newest: 0,
        waiting: VecDeque::new(),
        ended: false,
    })
}

/// The alerts of rules over logs, in the order in which they fire; made by [`run`].
pub struct Run {
    snapshots: Vec<Arc<LogSnapshot>>,
    to_verify: Vec<Arc<LogSnapshot>>,
    scan: Scan,
    detector: Detector,
    newest: i64,
    waiting: VecDeque<Alert>,
    ended: bool,
}

impl Run {
    /// The logs that are read.
    pub fn logs(&self) -> impl Iterator<Item = &LogSnapshot> {
        self.snapshots.iter().map(|snapshot| &**snapshot)
    }

    /// What was passed over until now.
    #[must_use]
    pub fn passed_over(&self) -> PassedOver {
        self.scan.passed_over()
    }

    /// What the rules remember, and had to forget.
    #[must_use]
    pub fn stats(&self) -> DetectorStats {
        self.detector.stats()
    }

    fn observe(&mut self, record: &Record) {
        self.newest = self.newest.max(record.end);
        let line = record.line().as_bytes();
        self.waiting.extend(self.detector.observe_bytes(line));
    }

    fn verify(&mut self, snapshot: &LogSnapshot) -> Result<(), QueryError> {
        let options = VerifyOptions::new().most_faults(1);
        let report = verify(snapshot.folder(), &options).map_err(|error| {
            let source = match error {
                VerifyError::Unreadable { source, .. } => source,
                other => std::io::Error::other(other.to_string()),
            };
            QueryError::io("verifying", snapshot.folder(), source)
        })?;
        for log in report.logs {
            let Some(fault) = log.faults.first() else {
                continue;
            };
            let folder = snapshot.folder().file_name().unwrap_or_default();
            let class = folder.to_string_lossy();
            let kind = fault.kind.as_str();
            // A log without a call has no time of its own.
            let at = match self.newest {
                0 => civil::micros(SystemTime::now()),
                newest => newest,
            };
            let alerts = self.detector.observe_damage(log.log, &class, kind, at);
            self.waiting.extend(alerts);
        }
        Ok(())
    }

    fn next_alert(&mut self) -> Result<Option<Alert>, QueryError> {
        loop {
            if let Some(alert) = self.waiting.pop_front() {
                return Ok(Some(alert));
            }
            match self.scan.next().transpose()? {
                Some(record) => self.observe(&record),
                None => match self.to_verify.pop() {
                    Some(snapshot) => self.verify(&snapshot)?,
                    None => return Ok(None),
                },
            }
        }
    }
}

impl Iterator for Run {
    type Item = Result<Alert, QueryError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        let next = self.next_alert().transpose();
        self.ended = !matches!(next, Some(Ok(_)));
        next
    }
}

impl fmt::Debug for Run {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Run")
            .field("logs", &self.snapshots.len())
            .field("detector", &self.detector)
            .finish_non_exhaustive()
    }
}
