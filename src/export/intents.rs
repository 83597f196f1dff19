use std::collections::HashSet;
use std::sync::Arc;

use serde::Deserialize;

use crate::query::{Filter, LogSnapshot, QueryError, Scan, calls_without_end_in};

/// The kind of a record of intent.
pub(super) const STARTED: &str = "tool_call_started";
const ENDED: &str = "tool_call";

#[derive(Deserialize)]
struct Call {
    call_id: String,
}

/// The `call_id`s of the calls that were started and have no end in these logs.
///
/// Memory is that of the calls open at once, since an end stands behind its beginning. Logs without a record of intent
/// are looked through for the kinds of their records alone.
pub(super) fn without_end(snapshots: &[Arc<LogSnapshot>]) -> Result<HashSet<String>, QueryError> {
    let started = Filter::new().kind(STARTED);
    if Scan::over(snapshots.to_vec(), &started)?.next().is_none() {
        return Ok(HashSet::new());
    }
    calls_without_end_in(snapshots.to_vec(), &started.kind(ENDED))
}

/// The id of a record's call.
pub(super) fn call_id(line: &str) -> Option<String> {
    serde_json::from_str::<Call>(line)
        .ok()
        .map(|call| call.call_id)
}
