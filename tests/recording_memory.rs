//! What a caller says again and again takes no room in an open call.

mod common;

use std::alloc::System;

use serde_json::{Map, Value, json};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};
use tool_audit::{MemorySink, Recorder};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

// One test, since the allocator counts for the whole process.
#[test]
fn what_is_told_twice_is_kept_once() {
    let sink = MemorySink::new();
    let recorder = Recorder::new(sink.clone());
    let subject = "s".repeat(400);
    // Names that are the same once they are cut: 20,000 of them, 6 MB in all.
    let answer: Map<String, Value> = (0..20_000)
        .map(|number| (format!("{}{number}", "n".repeat(300)), json!(1)))
        .collect();
    let answer = Value::Object(answer);
    let note = "n".repeat(1000);
    let region = Region::new(ALLOCATOR);
    let mut recording = recorder.start(|call| {
        call.tool_name("get_order");
        for _ in 0..20_000 {
            call.subject(&subject);
        }
    });
    for progress in 0..2_000 {
        recording.describe(|call| {
            call.purpose(&note)
                .metadata("progress", &json!({"done": progress, "note": note}))
                .verified(&[format!("step {progress}")]);
        });
    }
    let told = region.change();
    let kept = told.bytes_allocated - told.bytes_deallocated;
    assert!(kept < 200_000, "{told:?}");
    drop(recording.success(&answer));
    let ended = region.change();
    let kept = ended.bytes_allocated - ended.bytes_deallocated;
    assert!(kept < 2_000_000, "{ended:?}");
    let entry = common::only(&sink);
    assert_eq!(entry.subjects, [subject]);
    assert_eq!(entry.purpose.as_deref(), Some(&*note));
    let progress = &entry.session_metadata["progress"];
    assert_eq!(progress, &json!({"done": 1_999, "note": note}));
    assert_eq!(entry.attribution.verified, ["step 1999"]);
    let summary = entry.result_summary.expect("a summary");
    assert!(!summary.fields.is_empty() && summary.fields.len() <= 64);
}
