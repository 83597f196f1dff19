use std::path::Path;
use std::sync::Arc;

use super::facts::Facts;
use super::missed::Missed;
use super::{Alert, Detector, Rules};
use crate::query::{Filter, LogSnapshot, QueryError, ReverseScan, Scan, instant, members};

/// Gives a detector the records of a store's logs from which its memory comes, and takes the alerts that were
/// due before the store was opened and are on no record.
///
/// Calls are read as far back as the longest window, alerts twice as far: one of that age may still keep a rule
/// quiet about what is found at the beginning.
pub(super) fn read_back(
    store: &Path,
    rules: &Rules,
    detector: &mut Detector,
) -> Result<Vec<Alert>, QueryError> {
    let snapshots = match LogSnapshot::find(store) {
        Err(QueryError::NoLog { .. }) => return Ok(Vec::new()),
        found => found?,
    };
    let snapshots: Vec<LogSnapshot> = snapshots
        .into_iter()
        .filter(|snapshot| !snapshot.is_admin())
        .collect();
    let Some(newest) = newest(&snapshots)? else {
        return Ok(Vec::new());
    };
    let window = i64::try_from(rules.longest_window().as_micros()).unwrap_or(i64::MAX);
    let calls_from = newest.saturating_sub(window);
    let alerts_from = calls_from.saturating_sub(window);
    let mut recent = Vec::new();
    for snapshot in snapshots {
        let first = first_segment(&snapshot, alerts_from)?;
        recent.push(Arc::new(snapshot.beginning_with(first)));
    }
    let mut missed = Missed::default();
    for record in Scan::over(recent, &filter(alerts_from))? {
        let record = record?;
        if record.end > calls_from || record.kind() == "alert" {
            detector.remember(record.line().as_bytes(), &mut missed);
        }
    }
    Ok(detector.give_missed(missed))
}

/// The end of the newest call in any of the logs; none where there is none.
fn newest(snapshots: &[LogSnapshot]) -> Result<Option<i64>, QueryError> {
    let calls = Filter::new().kind("tool_call").kind("tool_call_started");
    let mut newest = None;
    for snapshot in snapshots {
        // Of one log the newest record costs the reading of its last segment.
        let log = vec![Arc::new(snapshot.clone())];
        if let Some(record) = ReverseScan::over(log, &calls)?.next().transpose()? {
            let facts = Facts::of(record.line().as_bytes());
            newest = newest.max(facts.map(|facts| facts.end));
        }
    }
    Ok(newest)
}

fn filter(from: i64) -> Filter {
    let filter = Filter::new();
    let kinds = ["tool_call", "tool_call_started", "entries_lost", "alert"];
    let filter = kinds.into_iter().fold(filter, Filter::kind);
    // Calls that began before may have ended within.
    const LONGEST_CALL: i64 = 86_400_000_000;
    match instant::to_date_time(from.saturating_sub(LONGEST_CALL)) {
        Some(since) => filter.since(since),
        None => filter,
    }
}

/// The last segment that begins before `from`: what stands in those before it is older still.
fn first_segment(snapshot: &LogSnapshot, from: i64) -> Result<usize, QueryError> {
    let mut first = snapshot.segments.len().saturating_sub(1);
    while first > 0 {
        let line = snapshot.first_line(first)?;
        let begun = members::timestamp(&line, 1);
        if begun.is_some_and(|begun| begun <= from) {
            break;
        }
        first -= 1;
    }
    Ok(first)
}
