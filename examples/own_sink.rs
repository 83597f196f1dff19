//! A sink of one's own: counts how each tool's calls end.
//!
//! `record` is all that has to be written. It runs on the caller's thread, so it is quick.
#![allow(clippy::print_stdout, reason = "an example talks to its reader")]

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::json;
use tool_audit::{AuditSink, Recorder, SanitizedEntry, Ticket, ToolCall};

#[derive(Default)]
struct Outcomes(Mutex<BTreeMap<(String, &'static str), u64>>);

impl AuditSink for Outcomes {
    fn record(&self, entry: &SanitizedEntry<'_>) -> Ticket {
        let head = entry.head();
        if let Some(outcome) = head.outcome {
            let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            let key = (head.tool_name.to_owned(), outcome.as_str());
            *counts.entry(key).or_default() += 1;
        }
        Ticket::DONE
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let outcomes = Arc::new(Outcomes::default());
    let recorder = Recorder::new(Arc::clone(&outcomes));

    for order in ["ORD-1", "ORD-2", "ORD-3"] {
        let call = ToolCall::new("get_order", json!({ "order_id": order }));
        recorder.admit().await?;
        let mut recording = recorder.start_call(&call);
        recording.begin();
        if order == "ORD-2" {
            continue; // dropped without an answer: the call was cancelled
        }
        recording.response(&json!({ "status": "shipped" })).await?;
    }

    let counts = outcomes.0.lock().unwrap_or_else(PoisonError::into_inner);
    for ((tool, outcome), count) in counts.iter() {
        println!("{tool} {outcome} {count}");
    }
    Ok(())
}
