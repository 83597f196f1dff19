//! What a record is where the sanitizer fails.

use serde_json::{Value, json};

use super::{Policy, Recorder, Results};
use crate::call::{CallContext, Outcome, ToolCall};
use crate::sanitize::fault;
use crate::sink::MemorySink;

const FAILED: &str = "[REDACTION FAILED]";

fn recorder(sink: &MemorySink) -> Recorder {
    let policy = Policy::new().results(Results::Preview).intent_for_all();
    Recorder::builder(sink.clone()).policy(policy).build()
}

fn call() -> ToolCall {
    let context = CallContext::new("conv=1", "usr=9").metadata("note", "pin: hunter22");
    ToolCall::new("log_in", json!({"password": "hunter22"})).context(context)
}

fn lines(sink: &MemorySink) -> Vec<Value> {
    sink.lines()
        .iter()
        .map(|line| {
            assert!(!line.contains("hunter22"), "{line}");
            serde_json::from_str(line).expect("a line of JSON")
        })
        .collect()
}

#[test]
fn a_fault_at_the_request_loses_no_entry_and_lets_nothing_through() {
    let sink = MemorySink::new();
    let recorder = recorder(&sink);
    let recording = fault::in_all_of(|| recorder.start_call(&call()));
    drop(recording.success(&json!({"status": "shipped"})));
    let lines = lines(&sink);
    assert_eq!(lines.len(), 2);
    for line in &lines {
        assert_eq!(line["arguments"], json!({ "_value": FAILED }));
        assert_eq!(line["user_id"], FAILED);
        assert_eq!(line["session_metadata"]["note"], FAILED);
        assert_eq!(line["tool_name"], "log_in");
    }
    assert_eq!(lines[1]["result"]["status"], "shipped");
    assert_eq!(recorder.stats().recorded, 1);
    // Arguments, conversation, user, and one member of the metadata; the call after it fails at nothing.
    drop(recorder.start_call(&call()));
    assert_eq!(recorder.stats().sanitizer_failures, 4);
}

#[test]
fn a_fault_at_the_result_loses_no_entry_and_lets_nothing_through() {
    let sink = MemorySink::new();
    let recorder = recorder(&sink);
    let recording = recorder.start_call(&call());
    let answer = json!({"status": "pin: hunter22", "token": "hunter22"});
    fault::in_all_of(|| drop(recording.success(&answer)));
    let lines = lines(&sink);
    assert_eq!(lines[1]["arguments"]["password"], "[REDACTED:password]");
    assert_eq!(lines[1]["result"], FAILED);
    assert_eq!(lines[1]["result_summary"]["status"], FAILED);
    assert_eq!(lines[1]["outcome"], "success");
    assert!(recorder.stats().sanitizer_failures >= 2);
    assert_eq!(recorder.stats().recorded, 1);
}

#[test]
fn a_fault_at_the_error_loses_no_entry_and_lets_nothing_through() {
    let sink = MemorySink::new();
    let recorder = recorder(&sink);
    for payload in ["password=hunter22", "said: hunter22"] {
        let recording = recorder.start_call(&call());
        fault::in_all_of(|| drop(recording.panicked(&payload)));
    }
    let recording = recorder.start_call(&call());
    fault::in_all_of(|| {
        drop(recording.finish(|outcome| {
            outcome
                .outcome(Outcome::Denied)
                .error_value(&json!([{"token": "hunter22"}]))
                .error_type("token=hunter22");
        }));
    });
    let lines = lines(&sink);
    assert_eq!(lines.len(), 6);
    for end in [1, 3, 5] {
        let error = lines[end]["result_summary"]["error"].as_str();
        assert!(
            error.is_some_and(|error| error.contains(FAILED)),
            "{error:?}"
        );
    }
    assert_eq!(recorder.stats().recorded, 3);
}

#[test]
fn a_fault_while_a_repeated_secret_is_taken_out_takes_the_whole_piece() {
    let sink = MemorySink::new();
    let mut call = call();
    call.arguments = json!({"a": "hunter22 before", "password": "hunter22"});
    let policy = Policy::new().results(Results::Preview);
    let plain = Recorder::builder(sink.clone()).policy(policy).build();
    let recording = plain.start_call(&call);
    fault::in_all_of(|| drop(recording.success(&json!("hunter22 after"))));
    let lines = lines(&sink);
    let line = lines.last().expect("the last call's end");
    assert_eq!(line["arguments"], json!({ "_value": FAILED }));
    assert_eq!(line["result"], FAILED);
}
