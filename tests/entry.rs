//! What a record says: every member of FORMAT section 5, its bounds, and the summary of an answer.

mod common;

use std::time::Duration;

use serde_json::{Map, Value, json};
use tool_audit::{
    AuditEntry, AuditSink, CallContext, CallTrigger, Emergency, EntryBuilder, EntryKind,
    MemorySink, Outcome, Policy, Recorder, Results, RetentionClass, Sanitizer, ToolCall,
    TriggerBasis,
};

use common::{StandingClock, member, only, read};

/// 2025-07-06T14:23:01.456789Z.
const NOW: u64 = 1_751_811_781_456_789;

/// The line of a call that took `micros`, with its own id taken out.
fn line(
    recorder: &Recorder,
    sink: &MemorySink,
    clock: &StandingClock,
    call: &ToolCall,
    answer: &Value,
    micros: u64,
) -> String {
    let mut recording = recorder.start_call(call);
    recording.begin();
    let id = recording.call_id();
    clock.advance(Duration::from_micros(micros));
    drop(recording.response(answer));
    let line = sink.lines().pop().expect("it was recorded");
    read(&line);
    assert_eq!(member(&line, "call_id"), Some(json!(id)));
    line.replace(&id, "ID")
}

/// The record of this call.
fn recorded(call: &ToolCall) -> AuditEntry {
    let sink = MemorySink::new();
    drop(Recorder::new(sink.clone()).start_call(call));
    only(&sink)
}

#[test]
fn the_records_of_the_formats_example_are_written_to_the_byte() {
    let sink = MemorySink::new();
    let clock = StandingClock::at(NOW);
    let policy = Policy::new().class(RetentionClass::new("general").days(0));
    let recorder = Recorder::builder(sink.clone())
        .policy(policy)
        .clock(clock.clone())
        .build();
    let call = ToolCall::new(
        "update_order_status",
        json!({"order_id": "ORD-54321", "status": "shipped"}),
    )
    .context(
        CallContext::new("conv_abc123", "usr_98765")
            .turn(3)
            .role("support_agent")
            .model("gpt-4.1")
            .metadata("client_ip", "10.0.1.5")
            .metadata("user_agent", "SupportDashboard/2.1"),
    )
    .trigger(CallTrigger::UserRequest);
    let answer = json!({"order_id": "ORD-54321", "old_status": "processing", "status": "shipped"});
    assert_eq!(
        line(&recorder, &sink, &clock, &call, &answer, 145_230),
        r#"{"_kind":"tool_call","arguments":{"order_id":"ORD-54321","status":"shipped"},"attribution":{"initiator":"usr_98765","initiator_role":"support_agent","model":"gpt-4.1","tool_name":"update_order_status","trigger":"user_request"},"call_id":"ID","call_trigger":"user_request","conversation_id":"conv_abc123","duration_ms":145.23,"model":"gpt-4.1","outcome":"success","redactions":0,"result_summary":{"fields":["old_status","order_id","status"],"old_status":"processing","order_id":"ORD-54321","status":"shipped","success":true},"retain_until":"2025-07-06","retention_class":"general","session_metadata":{"client_ip":"10.0.1.5","user_agent":"SupportDashboard/2.1","user_role":"support_agent"},"success":true,"timestamp":"2025-07-06T14:23:01.456789Z","tool_name":"update_order_status","trigger_basis":"declared","turn_number":3,"user_id":"usr_98765"}"#
    );
}

#[test]
fn a_call_that_says_everything_has_every_member_of_the_format() {
    let sink = MemorySink::new();
    let clock = StandingClock::at(NOW);
    let policy = Policy::new()
        .class(
            RetentionClass::new("healthcare")
                .days(2190)
                .tools(["open_chart"]),
        )
        .results(Results::Preview);
    let recorder = Recorder::builder(sink.clone())
        .policy(policy)
        .clock(clock.clone())
        .build();
    let mut emergency = Emergency::new("cardiac arrest", "dr_9");
    emergency.scope = Some("chart".to_owned());
    emergency.urgency = Some("immediate".to_owned());
    emergency.expires_at = Some("2025-07-06T14:00:00Z".to_owned());
    emergency.defect = Some("none at all".to_owned());
    let context = CallContext::new("conv_1", "dr_9")
        .turn(2)
        .role("physician")
        .model("gpt-4.1")
        .via("planner")
        .approved_by("dr_1")
        .rule("triage")
        .verified("user_id")
        .purpose("treatment")
        .subject("pat_7")
        .metadata("Zone", 7)
        .metadata("client_ip", "10.0.1.5")
        .metadata("user_role", "overruled")
        .metadata("zone", true)
        .emergency(emergency)
        .trace("0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331");
    let mut context = context;
    context.server = Some("ehr-1".to_owned());
    let call = ToolCall::new("open_chart", json!(["pat_7"]))
        .context(context)
        .tool_call_id("call_77")
        .retry_of("theirs-1")
        .continues("theirs-2");
    let line = line(
        &recorder,
        &sink,
        &clock,
        &call,
        &json!({"error": {"message": "locked", "type": "x"}}),
        7,
    );
    assert_eq!(
        line,
        r#"{"_kind":"tool_call","arguments":{"_value":["pat_7"]},"attribution":{"approved_by":"dr_1","initiator":"dr_9","initiator_role":"physician","model":"gpt-4.1","rule":"triage","tool_name":"open_chart","trigger":"retry","verified":["user_id"],"via":["planner"]},"call_id":"ID","call_trigger":"retry","continues":"theirs-2","conversation_id":"conv_1","duration_ms":0.007,"emergency":{"declared_by":"dr_9","defect":"it had expired","expires_at":"2025-07-06T14:00:00Z","reason":"cardiac arrest","scope":"chart","urgency":"immediate"},"model":"gpt-4.1","outcome":"tool_error","purpose":"treatment","redactions":0,"result":{"error":{"message":"locked","type":"x"}},"result_summary":{"error":"locked","error_type":"tool_error","fields":["error","error.message","error.type"],"success":false},"retain_until":"2031-07-05","retention_class":"healthcare","retry_of":"theirs-1","server":"ehr-1","session_metadata":{"Zone":7,"client_ip":"10.0.1.5","user_role":"physician","zone":true},"span_id":"b7ad6b7169203331","subjects":["pat_7"],"success":false,"timestamp":"2025-07-06T14:23:01.456789Z","tool_call_id":"call_77","tool_name":"open_chart","trace_id":"0af7651916cd43dd8448eb211c80319c","trigger_basis":"declared","turn_number":2,"user_id":"dr_9"}"#
    );
    // The emergency asked for a record of intent, which says all of it that was known.
    let start: Map<String, Value> = serde_json::from_str(&sink.lines()[0]).expect("JSON");
    let end: Map<String, Value> = serde_json::from_str(&sink.lines()[1]).expect("JSON");
    let only_at_the_end = [
        "duration_ms",
        "outcome",
        "result",
        "result_summary",
        "success",
    ];
    for (name, value) in &end {
        match name.as_str() {
            "_kind" => assert_eq!(start[name], json!("tool_call_started")),
            name if only_at_the_end.contains(&name) => assert!(!start.contains_key(name)),
            _ => assert_eq!(&start[name], value, "{name}"),
        }
    }
    assert_eq!(start.len() + only_at_the_end.len(), end.len());
}

#[test]
fn a_call_that_says_nothing_has_the_members_that_every_call_has() {
    let sink = MemorySink::new();
    drop(Recorder::new(sink.clone()).start(|_| {}));
    let entry = only(&sink);
    assert_eq!(
        [
            &entry.conversation_id,
            &entry.user_id,
            &entry.tool_name,
            &entry.model
        ],
        ["unknown"; 4]
    );
    assert_eq!((entry.turn_number, entry.redactions), (0, 0));
    assert_eq!(entry.trigger_basis, TriggerBasis::Default);
    let names: Vec<_> = serde_json::from_str::<Map<String, Value>>(&sink.lines()[0])
        .expect("JSON")
        .keys()
        .cloned()
        .collect();
    assert_eq!(
        names,
        [
            "_kind",
            "arguments",
            "attribution",
            "call_id",
            "call_trigger",
            "conversation_id",
            "duration_ms",
            "model",
            "outcome",
            "redactions",
            "result_summary",
            "retain_until",
            "retention_class",
            "session_metadata",
            "success",
            "timestamp",
            "tool_name",
            "trigger_basis",
            "turn_number",
            "user_id",
        ]
    );
}

#[test]
fn what_a_context_leaves_out_stands_as_it_was_said_before() {
    let sink = MemorySink::new();
    drop(Recorder::new(sink.clone()).start(|call| {
        call.user_id("usr_1")
            .model("m-1")
            .turn_number(4)
            .user_role("nurse");
        call.context(&CallContext::default().metadata("client_ip", "10.0.0.1"));
        call.context(&CallContext::new("conv_1", "usr_2"));
    }));
    let entry = only(&sink);
    assert_eq!(
        (
            entry.user_id.as_str(),
            entry.model.as_str(),
            entry.turn_number
        ),
        ("usr_2", "m-1", 4)
    );
    assert_eq!(entry.session_metadata["user_role"], json!("nurse"));
    assert_eq!(entry.session_metadata["client_ip"], json!("10.0.0.1"));
}

#[test]
fn a_member_of_the_metadata_that_is_said_twice_stands_as_it_was_said_last() {
    let sink = MemorySink::new();
    drop(Recorder::new(sink.clone()).start(|call| {
        call.metadata("tenant", &json!("one"))
            .metadata("device", &json!({"os": "linux"}))
            .metadata("user_role", &json!("nurse"));
        call.context(&CallContext::default().metadata("tenant", "two"));
    }));
    let entry = only(&sink);
    assert_eq!(
        Value::Object(entry.session_metadata),
        json!({"device": {"os": "linux"}, "tenant": "two", "user_role": "nurse"})
    );
}

#[test]
fn what_is_told_while_a_call_runs_stands_in_its_end_and_not_in_its_intent() {
    let sink = MemorySink::new();
    let recorder = Recorder::builder(sink.clone())
        .policy(Policy::new().intent(["import"]))
        .build();
    let mut recording = recorder.start(|call| {
        call.tool_name("import").arguments_come_later();
    });
    recording.describe(|call| {
        call.arguments(&json!({"patient_id": "P-7", "password": "hunter2"}))
            .arguments_are_cut();
    });
    recording.describe(|_| panic!("describing broke"));
    drop(recording.success(&json!({"count": 3})));
    let entries = common::entries(&sink);
    assert_eq!(entries[0].kind, "tool_call_started");
    assert!(entries[0].arguments.is_empty());
    assert_eq!(entries[1].arguments["patient_id"], "P-7");
    assert_eq!(entries[1].subjects, ["P-7"]);
    assert!(entries[1].subjects_truncated);
    assert_eq!(entries[1].shortened, ["arguments"]);
    assert!(!sink.lines().concat().contains("hunter2"));
}

#[test]
fn arguments_that_come_later_tell_retries_from_other_calls() {
    let sink = MemorySink::new();
    let recorder = Recorder::new(sink.clone());
    for order in ["ORD-1", "ORD-2", "ORD-1"] {
        let mut recording = recorder.start(|call| {
            call.tool_name("import").arguments_come_later();
            call.context(&CallContext::new("conv_1", "usr_1").turn(1));
        });
        recording.describe(|call| {
            call.arguments(&json!({"order_id": order}));
        });
        drop(recording.denied("not now"));
    }
    let triggers = common::entries(&sink)
        .into_iter()
        .map(|entry| entry.call_trigger);
    assert_eq!(
        triggers.collect::<Vec<_>>(),
        [
            CallTrigger::UserRequest,
            CallTrigger::FollowUp,
            CallTrigger::Retry
        ]
    );
}

#[test]
fn a_role_in_the_metadata_is_the_role_whatever_it_is() {
    for (role, expected) in [
        (json!("nurse"), Some("nurse")),
        (json!(["nurse", 1]), Some(r#"["nurse",1]"#)),
        (json!(null), None),
    ] {
        let mut context = CallContext::new("conv_1", "usr_1");
        context
            .session_metadata
            .insert("user_role".to_owned(), role);
        let entry = recorded(&ToolCall::new("t", json!({})).context(context));
        assert_eq!(entry.attribution.initiator_role.as_deref(), expected);
        assert_eq!(
            entry
                .session_metadata
                .get("user_role")
                .and_then(Value::as_str),
            expected
        );
    }
}

#[test]
fn arguments_that_are_no_object_stand_in_one() {
    for (arguments, expected) in [
        (json!(null), json!({})),
        (json!({}), json!({})),
        (json!(7), json!({"_value": 7})),
        (json!("text"), json!({"_value": "text"})),
        (
            json!([{"password": "hunter2"}]),
            json!({"_value": [{"password": "[REDACTED:password]"}]}),
        ),
    ] {
        assert_eq!(
            Value::Object(recorded(&ToolCall::new("t", arguments)).arguments),
            expected
        );
    }
}

#[test]
fn numbers_that_a_double_cannot_hold_stand_as_text() {
    let entry = recorded(&ToolCall::new(
        "t",
        json!({"id": u64::MAX, "n": 9_007_199_254_740_991_u64}),
    ));
    assert_eq!(entry.arguments["id"], json!("18446744073709551615"));
    assert_eq!(entry.arguments["n"], json!(9_007_199_254_740_991_u64));
    let context = CallContext::new("c", "u").turn(u64::MAX);
    let entry = recorded(&ToolCall::new("t", json!({})).context(context));
    assert_eq!(entry.turn_number, (1 << 53) - 1);
}

#[test]
fn durations_are_rounded_to_the_microsecond() {
    for (nanos, text) in [
        (0, "0"),
        (499, "0"),
        (500, "0.001"),
        (1_000, "0.001"),
        (999_499, "0.999"),
        (999_500, "1"),
        (1_010_000, "1.01"),
        (145_230_000, "145.23"),
        (1_200_000_000, "1200"),
        (u64::MAX, "18446744073709.552"),
    ] {
        let entry = EntryBuilder::new("t")
            .duration(Duration::from_nanos(nanos))
            .build(&Sanitizer::default());
        read(entry.as_json());
        let expected = if nanos == u64::MAX {
            "999999999999.999"
        } else {
            text
        };
        assert!(
            entry
                .as_json()
                .contains(&format!("\"duration_ms\":{expected},")),
            "{nanos} {}",
            entry.as_json()
        );
    }
    let entry = EntryBuilder::new("t")
        .duration(Duration::MAX)
        .build(&Sanitizer::default());
    assert_eq!(read(entry.as_json()).duration_ms, 999_999_999_999.999);
}

#[test]
fn timestamps_are_utc_with_six_decimals_and_days_are_kept_whole() {
    let years = 365 * 86_400_000_000;
    for (micros, expected) in [
        (0, "1970-01-01T00:00:00.000000Z"),
        (NOW, "2025-07-06T14:23:01.456789Z"),
        (951_782_399_999_999, "2000-02-28T23:59:59.999999Z"),
        (951_782_400_000_000, "2000-02-29T00:00:00.000000Z"),
        (years, "1971-01-01T00:00:00.000000Z"),
    ] {
        let started = std::time::UNIX_EPOCH + Duration::from_micros(micros);
        let entry = EntryBuilder::new("t")
            .started(started)
            .retention("general", Some(0))
            .build(&Sanitizer::default());
        let entry = read(entry.as_json());
        assert_eq!(entry.timestamp, expected);
        assert_eq!(entry.retain_until.as_deref(), expected.get(..10));
    }
    let before = std::time::UNIX_EPOCH - Duration::from_micros(1);
    let entry = EntryBuilder::new("t")
        .started(before)
        .retention("general", None)
        .build(&Sanitizer::default());
    let entry = read(entry.as_json());
    assert_eq!(
        (entry.timestamp.as_str(), entry.retain_until),
        ("1969-12-31T23:59:59.999999Z", None)
    );
}

#[test]
fn a_retention_class_holds_for_its_tools_and_the_latest_of_a_name_counts() {
    let policy = || {
        Policy::new()
            .class(RetentionClass::new("financial").days(1).tools(["old"]))
            .class(RetentionClass::new("financial").tools(["charge_payment", "issue_refund"]))
    };
    for (tool, class, expires) in [
        ("charge_payment", "financial", false),
        ("old", "general", true),
    ] {
        let sink = MemorySink::new();
        drop(
            Recorder::builder(sink.clone())
                .policy(policy())
                .build()
                .start_call(&ToolCall::new(tool, json!({}))),
        );
        let entry = only(&sink);
        assert_eq!(entry.retention_class, class);
        assert_eq!(entry.retain_until.is_some(), expires);
    }
}

#[test]
fn subjects_stand_once_each_and_at_most_1000() {
    let many = |count: usize| {
        (0..count).fold(CallContext::new("c", "u"), |context, at| {
            context.subject(format!("pat_{at}"))
        })
    };
    let entry = recorded(&ToolCall::new("t", json!({})).context(many(1000)));
    assert_eq!(
        (entry.subjects.len(), entry.subjects_truncated),
        (1000, false)
    );
    assert_eq!(entry.purpose.as_deref(), Some("unspecified"));
    let entry = recorded(&ToolCall::new("t", json!({})).context(many(1001)));
    assert_eq!(
        (entry.subjects.len(), entry.subjects_truncated),
        (1000, true)
    );

    let sink = MemorySink::new();
    let call = ToolCall::new("t", json!({})).context(
        CallContext::new("c", "u")
            .subject("pat_1")
            .purpose("treatment"),
    );
    drop(
        Recorder::new(sink.clone())
            .start_call(&call)
            .finish(|outcome| {
                outcome.subject("pat_2").subject("pat_1");
            }),
    );
    let entry = only(&sink);
    assert_eq!(entry.subjects, ["pat_1", "pat_2"]);
    assert_eq!(entry.purpose.as_deref(), Some("treatment"));
}

#[test]
fn a_declaration_of_an_emergency_is_kept_with_what_is_wrong_with_it() {
    let declared = |emergency: Emergency| {
        let sink = MemorySink::new();
        let recorder = Recorder::builder(sink.clone())
            .clock(StandingClock::at(NOW))
            .build();
        drop(recorder.start_call(
            &ToolCall::new("t", json!({})).context(CallContext::new("c", "u").emergency(emergency)),
        ));
        let entry = read(sink.lines().last().expect("recorded"));
        entry.emergency.expect("an emergency")
    };
    let until = |text: &str| {
        let mut emergency = Emergency::new("fire", "usr_1");
        emergency.expires_at = Some(text.to_owned());
        emergency
    };
    for (emergency, defect) in [
        (Emergency::default(), Some("no reason was given")),
        (Emergency::new(" ", "usr_1"), Some("no reason was given")),
        (
            Emergency::new("fire", ""),
            Some("nobody is named who declared it"),
        ),
        (until("tomorrow"), Some("its end is no RFC 3339 time")),
        (until("2025-07-06T14:23:01.456788Z"), Some("it had expired")),
        (until("2025-07-06T14:23:01.456789Z"), None),
        (until("2025-07-06T16:23:02+02:00"), None),
        (Emergency::new("fire", "usr_1"), None),
    ] {
        let mut expected = emergency.clone();
        expected.defect = defect.map(str::to_owned);
        assert_eq!(declared(emergency), expected);
    }
}

#[test]
fn an_entry_that_is_built_for_a_test_goes_through_the_sanitizer() {
    let secret = json!({"password": "hunter2"});
    let context = CallContext::new("token=hunter2", "token=hunter2")
        .role("token=hunter2")
        .model("token=hunter2")
        .via("token=hunter2")
        .subject("token=hunter2")
        .purpose("token=hunter2")
        .verified("token=hunter2")
        .approved_by("token=hunter2")
        .rule("token=hunter2")
        .trace("token=hunter2", "token=hunter2")
        .metadata("password", "hunter2")
        .metadata("note", "token=hunter2")
        .emergency(Emergency::new("token=hunter2", "token=hunter2"));
    for kind in [EntryKind::ToolCall, EntryKind::ToolCallStarted] {
        let entry = EntryBuilder::new("token=hunter2")
            .kind(kind)
            .context(context.clone())
            .arguments(secret.clone())
            .result(secret.clone())
            .error("token=hunter2")
            .outcome(Outcome::ToolError)
            .build(&Sanitizer::default());
        let line = entry.as_json();
        assert_eq!(read(line).kind, kind.as_str());
        assert!(!line.contains("hunter2"), "{line}");
        assert!(!format!("{:?}", entry.as_entry().head()).contains("hunter2"));
        let sink = MemorySink::new();
        drop(sink.record(&entry.as_entry()));
        assert_eq!(sink.lines(), [line]);
    }
}

#[test]
fn an_entry_read_back_keeps_what_it_knows_and_leaves_out_what_it_does_not() {
    let line =
        r#"{"_kind":"tool_call","call_id":"c-1","outcome":"success","success":true,"tomorrow":1}"#;
    let entry: AuditEntry = serde_json::from_str(line).expect("an entry");
    assert_eq!(
        (
            entry.conversation_id.as_str(),
            entry.retention_class.as_str()
        ),
        ("unknown", "general")
    );
    assert!(!entry.to_json().contains("tomorrow"));
    assert_eq!(read(&entry.to_json()), entry);
}
