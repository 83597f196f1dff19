//! Whatever a caller says, its record is canonical, of a bounded size, and without the secrets in it.

mod common;

use std::time::Duration;

use serde_json::{Map, Value, json};
use tool_audit::{
    Admission, AuditEntry, CallBuilder, CallContext, Emergency, EntryBuilder, EntryKind, Identity,
    IdentitySlot, MemorySink, Outcome, Policy, Recorder, Recording, Results, RetentionClass,
    Sanitizer, ToolCall, canonical,
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

/// The record of a call of which this is said.
fn said(describe: impl FnOnce(&mut CallBuilder<'_>)) -> AuditEntry {
    let sink = MemorySink::new();
    drop(Recorder::new(sink.clone()).start(describe));
    common::only(&sink)
}

#[test]
fn all_metadata_takes_16_kib_and_a_record_says_where_there_was_more() {
    // Each byte of such a name takes six.
    let name = |number: u8| format!("{number}{}", "\u{1}".repeat(150));
    let long = |number: u8| format!("member {number}");
    let text = json!("of a ward ".repeat(1000));
    for (members, is_cut) in [
        (vec![(long(1), json!(1)), (long(2), json!("x"))], false),
        (vec![(long(1), text.clone())], false),
        (vec![(long(1), text.clone()), (long(2), text)], true),
        ((1..=17).map(|at| (name(at), json!(1))).collect(), false),
        ((1..=18).map(|at| (name(at), json!(1))).collect(), true),
        ((1..=40).map(|at| (name(at), json!(1))).collect(), true),
        (
            (0..200)
                .map(|at| (long(at), json!("y".repeat(90))))
                .collect(),
            true,
        ),
    ] {
        let entry = said(|call| {
            for (name, value) in &members {
                call.metadata(name, value);
            }
        });
        let mut json = Vec::new();
        canonical::write_value(&mut json, &Value::Object(entry.session_metadata.clone()));
        assert!(json.len() <= 16 * 1024, "{}", json.len());
        let is_whole = entry.session_metadata == members.into_iter().collect::<Map<_, _>>();
        assert_eq!(is_whole, !is_cut);
        assert_eq!(
            entry.shortened,
            vec!["session_metadata"; usize::from(is_cut)]
        );
    }
}

#[test]
fn metadata_are_sanitized_by_their_names_and_of_names_that_become_one_both_are_kept() {
    let entry = said(|call| {
        call.metadata("token=hunter22x", &json!(1))
            .metadata("token=hunter33x", &json!(2))
            .metadata("password", &json!("hunter44x"));
    });
    let values: Vec<&Value> = entry.session_metadata.values().collect();
    let password = json!("[REDACTED:password]");
    assert_eq!(values, [&password, &json!(1), &json!(2)]);
    assert!(!entry.to_json().contains("hunter"));
}

#[test]
fn sixteen_verified_members_and_ten_agents_are_kept_and_more_are_said_to_be_cut() {
    let names =
        |count: usize| -> Vec<String> { (0..count).map(|at| format!("n{at:02}")).collect() };
    for (count, is_cut) in [(16, false), (17, true)] {
        let entry = said(|call| {
            call.verified(&names(3)).verified(&names(count));
        });
        assert_eq!(entry.attribution.verified, names(16));
        assert_eq!(entry.shortened, vec!["attribution"; usize::from(is_cut)]);
    }
    for (count, is_cut) in [(10, false), (11, true)] {
        let entry = said(|call| {
            call.via(&names(count));
        });
        assert_eq!(entry.attribution.via, names(10));
        assert_eq!(entry.attribution.via_cut, is_cut);
    }
}
