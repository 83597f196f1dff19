//! What inference remembers is bounded. One test alone: the count is the whole process's.

use std::alloc::System;

use serde_json::json;
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};
use tool_audit::{AuditSink, EntryHead, Outcome, Recorder, SanitizedEntry, Ticket};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// Wants nothing.
struct Nothing;

impl AuditSink for Nothing {
    fn record(&self, _entry: &SanitizedEntry<'_>) -> Ticket {
        Ticket::DONE
    }
    fn interested(&self, _head: &EntryHead<'_>) -> bool {
        false
    }
}

const CONVERSATIONS: usize = 1_000_000;
const MOST_BYTES: usize = 16 * 1024 * 1024;

#[test]
fn a_million_conversations_are_remembered_in_bounded_memory() {
    let recorder = Recorder::new(Nothing);
    let arguments = json!({});
    let region = Region::new(ALLOCATOR);
    for conversation in 0..CONVERSATIONS {
        let id = format!("conv_{conversation}");
        let recording = recorder.start(|call| {
            call.tool_name("get_order")
                .arguments(&arguments)
                .conversation_id(&id)
                .turn_number(1);
        });
        drop(recording.finish(|outcome| {
            outcome.outcome(Outcome::ServiceError);
        }));
    }
    let change = region.change();
    let held = change
        .bytes_allocated
        .saturating_sub(change.bytes_deallocated);
    assert!(held < MOST_BYTES, "{held} bytes");
    assert_eq!(recorder.stats().recorded, CONVERSATIONS as u64);
}
