//! Whatever a caller says, its record is canonical, of a bounded size, and without the secrets in it.

mod common;

use std::time::Duration;

use serde_json::{Map, Value, json};
use tool_audit::{
    Admission, CallContext, Emergency, EntryBuilder, EntryKind, Identity, IdentitySlot, MemorySink,
    Outcome, Policy, Recorder, Recording, Results, RetentionClass, Sanitizer, ToolCall,
};

/// Says `text` everywhere that a call has a place for one.
fn say_everywhere(recorder: &Recorder, text: &str, arguments: Value) -> Recording {
    let mut context = CallContext::new(text, text)
        .turn(u64::MAX)
        .role(text)
        .model(text)
        .approved_by(text)
        .rule(text)
        .purpose(text)
        .server(text)
        .trace(text, text);
    let begin: String = text.chars().take(600).collect();
    for number in 0..1100 {
        context = context.subject(format!("{number}{begin}"));
    }
    for number in 0..40 {
        context = context
            .via(text)
            .verified(text)
            .metadata(format!("member {number}"), text)
            .metadata(format!("{}{number}", "k".repeat(1100)), text);
    }
    let mut emergency = Emergency::new(text, text);
    emergency.scope = Some(text.to_owned());
    emergency.expires_at = Some(text.to_owned());
    emergency.urgency = Some(text.to_owned());
    let identity = IdentitySlot::new();
    identity.set(Identity::user(text).role(text));
    let mut call = ToolCall::new(text, arguments)
        .context(context.emergency(emergency))
        .tool_call_id(text)
        .retry_of(text)
        .continues(text);
    call.identity = identity;
    recorder.start_call(&call)
}

fn recorder(sink: &MemorySink, text: &str) -> Recorder {
    let class = RetentionClass::new(text).days(u32::MAX).tools([text]);
    let policy = Policy::new()
        .class(class)
        .results(Results::Preview)
        .identifiers(["success", "error", "fields", "_result_size", "_truncated"]);
    Recorder::builder(sink.clone()).policy(policy).build()
}

#[test]
fn a_secret_in_any_text_of_a_call_is_in_no_record() {
    let text = "see password=hunter2 there";
    let sink = MemorySink::new();
    let recorder = recorder(&sink, text);
    let say = || say_everywhere(&recorder, text, json!([text, {"token": "hunter2"}]));
    drop(say());
    drop(say().panicked(&text));
    let answer = json!({
        "id": text, "order_id": text, "status": text, "error": {"message": text},
        "rows": [{"note": text}], "text": "{\"password\":\"hunter2\"}",
    });
    drop(say().response(&answer));
    drop(say().finish(|outcome| {
        outcome
            .outcome(Outcome::Denied)
            .error_value(&json!([text, {"api_key": "hunter2"}]))
            .error_type(text)
            .subject(text)
            .result_text("{\"secret\": \"hunter2\"}");
    }));
    let entries = common::entries(&sink);
    // Each call is an emergency, and so has a record of intent.
    assert_eq!(entries.len(), 8);
    for line in sink.lines() {
        assert!(!line.contains("hunter2"), "{line}");
    }
    let redacted = "see password=[REDACTED:password] there";
    let last = &entries[7];
    assert_eq!(
        [&last.tool_name, &last.retention_class, &last.user_id],
        [redacted; 3]
    );
    assert_eq!(last.retain_until.as_deref(), Some("9999-12-31"));
    assert_eq!(common::error_of(last).1, Some(redacted));
}

#[test]
fn a_builder_of_entries_is_no_way_round_the_sanitizer() {
    let text = "password=hunter2";
    for kind in [EntryKind::ToolCall, EntryKind::ToolCallStarted] {
        let entry = EntryBuilder::new(text)
            .kind(kind)
            .arguments(json!({"note": text}))
            .context(CallContext::new(text, text).metadata("note", text))
            .result(json!({"id": text}))
            .error(text)
            .duration(Duration::MAX)
            .retention(text, Some(1))
            .build(&Sanitizer::default());
        let lent = entry.as_entry();
        let head = lent.head();
        for said in [entry.as_json(), head.tool_name, head.retention_class] {
            assert!(
                said.contains("[REDACTED:password]") && !said.contains("hunter2"),
                "{said}"
            );
        }
        common::read(entry.as_json());
    }
}

#[test]
fn the_longest_call_makes_a_record_that_a_log_takes() {
    let long = "\u{1}\"\\".repeat(45_000);
    let mut deep = json!({ "text": long });
    for _ in 0..100 {
        deep = json!([deep]);
    }
    let wide: Map<String, Value> = (0..400)
        .map(|number| (format!("\u{1}{number}_id"), json!(long[..3000])))
        .collect();
    for text in [
        &long[..20_000],
        &"é".repeat(10_000),
        &"\u{10FFFF}".repeat(9),
    ] {
        for arguments in [deep.clone(), Value::Object(wide.clone()), json!(long)] {
            let sink = MemorySink::new();
            let recorder = recorder(&sink, text);
            drop(say_everywhere(&recorder, text, arguments.clone()).panicked(&text.to_owned()));
            let answer = json!({
                "success": 1, "error": {"codes": [long, long]}, "fields": 2, "_result_size": 3,
                "_truncated": 4, "count": "x", "Zone_id": 5, "zone_id": 6, "rows": [wide],
            });
            drop(say_everywhere(&recorder, text, arguments.clone()).response(&answer));
            // The parts are read, checked to be canonical, and measured.
            let entries = common::entries(&sink);
            assert_eq!(entries.len(), 4);
            let summary = entries[3].result_summary.as_ref().expect("a summary");
            assert_eq!(summary.identifiers["count"], "x");
            assert!(summary.truncated && !summary.fields.is_empty());
        }
    }
}

#[test]
fn a_call_that_says_nothing_is_recorded_with_unknowns() {
    let sink = MemorySink::new();
    let recorder = Recorder::new(sink.clone());
    drop(recorder.start_admitted(&Admission::Admitted, |_| {}));
    let entry = common::only(&sink);
    for said in [
        &entry.tool_name,
        &entry.user_id,
        &entry.model,
        &entry.conversation_id,
    ] {
        assert_eq!(said, "unknown");
    }
    assert_eq!(entry.outcome, Some(Outcome::NeverPolled));
}
