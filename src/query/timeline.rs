use std::collections::HashSet;
use std::fmt;
use std::path::Path;
use std::sync::Arc;

use serde_json::{Map, Value};

use super::chunks::{Chunks, Pace};
use super::cursor::LogCursor;
use super::fields::Fields;
use super::own::Own;
use super::plan::PlannedLog;
use super::readable::{escape, quote};
use super::scan::shared;
use super::{Filter, LogSnapshot, PassedOver, QueryError, Record, Scan};
use crate::call::Outcome;
use crate::canonical;
use crate::entry::AuditEntry;

/// The calls of one conversation in the order of their ends, each of which displays as one line.
///
/// A call that was started and has no end stands where it was started. To know those, the logs are read
/// once before the first call comes; memory is that of a scan and of the `call_id`s of calls without an
/// end.
///
/// # Errors
///
/// As for [`scan`](super::scan()). The iterator goes on after a [`QueryError::Entry`].
///
/// ```no_run
/// for call in tool_audit::query::timeline("/var/audit".as_ref(), "conv_abc123")? {
///     println!("{}", call?);
/// }
/// # Ok::<(), tool_audit::query::QueryError>(())
/// ```
pub fn timeline(path: &Path, conversation: &str) -> Result<Timeline, QueryError> {
    let logs = PlannedLog::all_whole(shared(LogSnapshot::find(path)?));
    Timeline::planned(logs, Filter::new().conversation(conversation))
}

/// The `call_id`s of the calls that were started and have no end in the logs: they may be running, or nobody
/// knows how they ended.
///
/// `filter` says which calls are looked at. What it asks of a call's end alone (outcome, failures) finds ends and no
/// beginnings.
///
/// # Errors
///
/// As for [`scan`](super::scan()).
pub fn calls_without_end(path: &Path, filter: &Filter) -> Result<HashSet<String>, QueryError> {
    calls_without_end_in(shared(LogSnapshot::find(path)?), filter)
}

pub(crate) fn calls_without_end_in(
    snapshots: Vec<Arc<LogSnapshot>>,
    filter: &Filter,
) -> Result<HashSet<String>, QueryError> {
    without_end_of(Scan::over(snapshots, filter)?)
}

fn without_end_of(scan: Scan) -> Result<HashSet<String>, QueryError> {
    // Both records of a call stand in one log, its beginning before its end.
    let mut started = HashSet::new();
    for record in scan {
        let record = record?;
        let Ok((fields, _)) = Fields::parse(record.line().as_bytes()) else {
            continue;
        };
        let Some(call) = fields.call_id() else {
            continue;
        };
        if record.kind() == STARTED {
            started.insert(call.to_owned());
        } else if record.kind() == "tool_call" {
            started.remove(call);
        }
    }
    Ok(started)
}

/// The `call_id`s of all calls that were started and have no end, in each log from a segment on.
///
/// Of the records nothing is parsed but that one member.
pub(crate) fn started_without_end(
    logs: impl Iterator<Item = (Arc<LogSnapshot>, usize)>,
) -> Result<HashSet<String>, QueryError> {
    let logs: Vec<(PlannedLog, usize)> = logs
        .map(|(snapshot, first)| (PlannedLog::whole(snapshot), first))
        .collect();
    let planned: Vec<PlannedLog> = logs.iter().map(|(log, _)| log.clone()).collect();
    let pace = Pace::of(&planned, 1);
    let mut without_end = HashSet::new();
    for (log, first) in logs {
        let examine = |cursor: &mut LogCursor| {
            let mut started = HashSet::new();
            let mut ended = Vec::new();
            while cursor.advance()? {
                let Some(place) = cursor.place() else {
                    continue;
                };
                let line = cursor.line();
                let kind = line.get(place.kind.clone()).unwrap_or_default();
                let is_start = kind == STARTED.as_bytes();
                if !is_start && kind != b"tool_call" {
                    continue;
                }
                let own = Own {
                    line,
                    members_at: place.members_at,
                };
                let Some(call) = own.text("call_id") else {
                    continue;
                };
                if is_start {
                    started.insert(call);
                } else if !started.remove(&call) {
                    ended.push(call);
                }
            }
            Ok((started, ended))
        };
        let mut open = HashSet::new();
        let mut chunks = Chunks::new(log, first, pace.clone(), Arc::new(examine));
        while let Some((started, ended)) = chunks.next()? {
            for call in &ended {
                open.remove(call);
            }
            open.extend(started);
        }
        without_end.extend(open);
    }
    Ok(without_end)
}

const STARTED: &str = "tool_call_started";

/// The calls of one conversation; made by [`timeline`].
#[derive(Debug)]
pub struct Timeline {
    scan: Scan,
    without_end: HashSet<String>,
}

impl Timeline {
    /// The calls among the records that a filter wants.
    pub(crate) fn planned(logs: Vec<PlannedLog>, filter: Filter) -> Result<Self, QueryError> {
        let filter = filter.kind("tool_call").kind(STARTED);
        let without_end = without_end_of(Scan::planned(logs.clone(), &filter)?)?;
        Ok(Self {
            scan: Scan::planned(logs, &filter)?,
            without_end,
        })
    }

    /// What was passed over until now.
    #[must_use]
    pub fn passed_over(&self) -> PassedOver {
        self.scan.passed_over()
    }

    /// The logs that are read.
    pub fn logs(&self) -> impl Iterator<Item = &LogSnapshot> {
        self.scan.logs()
    }
}

impl Iterator for Timeline {
    type Item = Result<TimelineCall, QueryError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let record = match self.scan.next()? {
                Ok(record) => record,
                Err(error) => return Some(Err(error)),
            };
            let entry = match record.entry() {
                Ok(entry) => entry,
                Err(error) => return Some(Err(error)),
            };
            if record.kind() != STARTED || self.without_end.contains(&entry.call_id) {
                return Some(Ok(TimelineCall { record, entry }));
            }
        }
    }
}

/// One call of a conversation, displayed as [`timeline_line`] writes it.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct TimelineCall {
    /// The call's end, or its record of intent where it has no end.
    pub record: Record,
    /// The same, read.
    pub entry: AuditEntry,
}

impl fmt::Display for TimelineCall {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&timeline_line(&self.entry))
    }
}

/// A call in one line, for people: turn, how it ended, tool and arguments, what came of it, how long it
/// took.
///
/// `✅` is a success, `❌` a failure, `⏸` an interim answer, and `?` a call whose end is not recorded. Arguments
/// and what came of the call are canonical JSON, each cut after 1,000 characters, and a tool's name after 100. Of the summary stand
/// `success`, `error` (`error_type` where there is no error text, else the outcome), `count` and the
/// identifiers. Milliseconds are rounded; less than one is `<1ms`. What could act on a terminal is
/// [escaped](escape), and a tool's name that could be taken for the rest of the line is
/// [quoted](quote).
///
/// ```
/// use serde_json::json;
/// use tool_audit::AuditEntry;
/// use tool_audit::query::timeline_line;
///
/// let entry: AuditEntry = serde_json::from_value(json!({
///     "_kind": "tool_call", "turn_number": 3, "tool_name": "update_order_status",
///     "arguments": {"order_id": "ORD-456"}, "outcome": "tool_error", "duration_ms": 38.2,
///     "result_summary": {"success": false, "error": "Cannot cancel shipped order", "fields": ["error"]},
/// }))?;
/// assert_eq!(
///     timeline_line(&entry),
///     r#"[Turn 3] ❌ update_order_status({"order_id":"ORD-456"}) → {"error":"Cannot cancel shipped order","success":false} [38ms]"#
/// );
/// # Ok::<(), serde_json::Error>(())
/// ```
#[must_use]
pub fn timeline_line(entry: &AuditEntry) -> String {
    let turn = entry.turn_number;
    let tool = cut(&quote(&entry.tool_name), 100);
    let arguments = json(&Value::Object(entry.arguments.clone()));
    let Some(outcome) = entry.outcome else {
        let started = escape(&entry.timestamp);
        return format!(
            "[Turn {turn}] ? {tool}({arguments}) → outcome unknown [started {started}]"
        );
    };
    let sign = match outcome {
        Outcome::Success => "✅",
        Outcome::InputRequired => "⏸",
        _ => "❌",
    };
    let came = json(&Value::Object(what_came_of_it(entry, outcome)));
    let duration = if entry.duration_ms < 1.0 {
        "<1ms".to_owned()
    } else {
        format!("{:.0}ms", entry.duration_ms)
    };
    format!("[Turn {turn}] {sign} {tool}({arguments}) → {came} [{duration}]")
}

fn what_came_of_it(entry: &AuditEntry, outcome: Outcome) -> Map<String, Value> {
    let mut came = Map::new();
    let summary = entry.result_summary.clone().unwrap_or_default();
    came.extend(summary.identifiers);
    came.insert("success".to_owned(), outcome.is_success().into());
    match (summary.error, summary.error_type) {
        (Some(error), _) => came.insert("error".to_owned(), error.into()),
        (None, Some(error_type)) => came.insert("error_type".to_owned(), error_type.into()),
        (None, None) if outcome.is_failure() => {
            came.insert("outcome".to_owned(), outcome.as_str().into())
        }
        (None, None) => None,
    };
    came
}

/// Canonical JSON for people: escaped, and cut where it is long.
fn json(value: &Value) -> String {
    const LONGEST: usize = 1000;
    let mut bytes = Vec::new();
    canonical::write_value(&mut bytes, value);
    let text = String::from_utf8(bytes).unwrap_or_default();
    cut(&escape(&text), LONGEST)
}

/// The first characters of a text, with a sign where there are more.
fn cut(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
