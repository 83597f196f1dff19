//! No member of a record is a way round the sanitizer, however a call ends and whoever records it.

mod common;

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};

use serde_json::{Map, Value, json};
use tokio_test::task::spawn;
use tool_audit::sanitize::{ClientIpPolicy, PseudonymKey, Sanitizer, UserIdPolicy};
use tool_audit::{
    AuditEntry, AuditLayer, CallContext, Emergency, Identity, IdentitySlot, MemorySink, Outcome,
    Policy, Recorder, Results, RetentionClass, ToolCall, ToolResult,
};
use tower::{BoxError, Layer, Service, service_fn};

use common::Answer;

const SECRET: &str = "Zx81-quartz,9";

/// Ways in which a caller's text says the secret. The arguments hold it under a name.
const TEXTS: [&str; 4] = [
    "Zx81-quartz,9",
    "it is password=\"Zx81-quartz,9\" here",
    "{\"note\": \"ZX81-QUARTZ,9\"}",
    "see ?q=Zx81%2Dquartz%2C9",
];

/// Puts a text into one member of a call.
type Door = (&'static str, fn(&mut ToolCall, &mut CallContext, &str));

const DOORS: [Door; 28] = [
    ("tool_name", |call, _, text| {
        call.tool_name = text.to_owned();
    }),
    ("arguments", |call, _, text| set(call, "z", json!(text))),
    ("arguments before", |call, _, text| {
        set(call, "a", json!([{"b": text}]));
    }),
    ("name of an argument", |call, _, text| {
        set(call, text, json!(1));
    }),
    ("tool_call_id", |call, _, text| {
        call.tool_call_id = Some(text.to_owned());
    }),
    ("retry_of", |call, _, text| {
        call.retry_of = Some(text.to_owned());
    }),
    ("continues", |call, _, text| {
        call.continues = Some(text.to_owned());
    }),
    ("verified user", |call, _, text| {
        identify(call, Identity::user(text));
    }),
    ("verified role", |call, _, text| {
        identify(call, Identity::user("usr_9").role(text));
    }),
    ("conversation_id", |_, context, text| {
        context.conversation_id = Some(text.to_owned());
    }),
    ("user_id", |_, context, text| {
        context.user_id = Some(text.to_owned());
    }),
    ("user_role", |_, context, text| {
        context.user_role = Some(text.to_owned());
    }),
    ("model", |_, context, text| {
        context.model = Some(text.to_owned());
    }),
    ("via", |_, context, text| {
        context.via = vec!["one".into(), text.to_owned()];
    }),
    ("approved_by", |_, context, text| {
        context.approved_by = Some(text.to_owned());
    }),
    ("rule", |_, context, text| {
        context.rule = Some(text.to_owned());
    }),
    ("verified", |_, context, text| {
        context.verified = vec![text.to_owned()];
    }),
    ("purpose", |_, context, text| {
        context.purpose = Some(text.to_owned());
    }),
    ("subjects", |_, context, text| {
        context.subjects = vec![text.to_owned()];
    }),
    ("metadata", |_, context, text| {
        remember(context, "note", json!({"a": [text]}));
    }),
    ("name of metadata", |_, context, text| {
        remember(context, text, json!("x"));
    }),
    ("role in metadata", |_, context, text| {
        remember(context, "user_role", json!([text]));
    }),
    ("emergency", |_, context, text| {
        context.emergency = Some(Emergency::new(text, text));
    }),
    ("emergency's scope", |_, context, text| {
        let mut emergency = Emergency::new("fire", "ada");
        emergency.scope = Some(text.to_owned());
        emergency.expires_at = Some(text.to_owned());
        emergency.urgency = Some(text.to_owned());
        context.emergency = Some(emergency);
    }),
    ("server", |_, context, text| {
        context.server = Some(text.to_owned());
    }),
    ("trace_id", |_, context, text| {
        context.trace_id = Some(text.to_owned());
    }),
    ("span_id", |_, context, text| {
        context.span_id = Some(text.to_owned());
    }),
    ("answer", |_, _, _| ()),
];

fn set(call: &mut ToolCall, name: &str, value: Value) {
    call.arguments[name] = value;
}

fn identify(call: &mut ToolCall, identity: Identity) {
    call.identity = IdentitySlot::new();
    call.identity.set(identity);
}

fn remember(context: &mut CallContext, name: &str, value: Value) {
    context.session_metadata.insert(name.to_owned(), value);
}

/// How a call ends.
#[derive(Debug, Clone, Copy, PartialEq)]
enum End {
    Success,
    Error,
    Denied,
    InputRequired,
    ServiceError,
    Panicked,
    Cancelled,
    NeverPolled,
}

const ENDS: [End; 8] = [
    End::Success,
    End::Error,
    End::Denied,
    End::InputRequired,
    End::ServiceError,
    End::Panicked,
    End::Cancelled,
    End::NeverPolled,
];

/// An answer that says `text` in every place that a record looks at.
fn result(text: &str) -> Value {
    let mut members = Map::new();
    members.insert("status".into(), json!(text));
    members.insert("order_id".into(), json!([text]));
    members.insert(format!("{text}_id"), json!(text));
    members.insert("rows".into(), json!([{text: text, "note": text}]));
    members.insert("error".into(), json!({"message": text, "detail": text}));
    Value::Object(members)
}

async fn answer(end: End, text: String) -> Answer {
    match end {
        End::Success => Ok(ToolResult::success(result(&text))),
        End::Error => {
            let mut failure = ToolResult::failure(text.clone());
            if let ToolResult::Failure { error_type, .. } = &mut failure {
                *error_type = Some(text);
            }
            Ok(failure)
        }
        End::Denied => Ok(ToolResult::denied(text)),
        End::InputRequired => Ok(ToolResult::input_required(result(&text))),
        End::ServiceError => Err(text.into()),
        // As a panic would unwind, without its message.
        End::Panicked => std::panic::resume_unwind(Box::new(text)),
        End::Cancelled | End::NeverPolled => std::future::pending().await,
    }
}

fn drive(end: End, future: impl Future<Output = Answer>) {
    match end {
        End::NeverPolled => drop(future),
        End::Cancelled => assert!(spawn(future).poll().is_pending()),
        _ => {
            let ended = catch_unwind(AssertUnwindSafe(|| tokio_test::block_on(future)));
            assert_eq!(ended.is_err(), end == End::Panicked);
        }
    }
}

/// Makes the same call through the layer, the durable layer and by hand.
fn record_three_times(recorder: &Recorder, call: &ToolCall, end: End, text: &str) {
    let tool = || {
        let text = text.to_owned();
        service_fn(move |_: ToolCall| answer(end, text.clone()))
    };
    drive(
        end,
        AuditLayer::new(recorder.clone())
            .layer(tool())
            .call(call.clone()),
    );
    let durable = AuditLayer::builder(recorder.clone()).build_durable();
    drive(end, durable.layer(tool()).call(call.clone()));

    let mut recording = recorder.start_call(call);
    if end == End::NeverPolled {
        return;
    }
    recording.begin();
    drop(match end {
        End::Success | End::Error | End::Denied | End::InputRequired => {
            let answer = tokio_test::block_on(answer(end, text.to_owned()));
            recording.response(&answer.expect("an answer"))
        }
        End::ServiceError => {
            let error: BoxError = text.into();
            recording.result::<ToolResult, _>(Err(&error))
        }
        End::Panicked => recording.panicked(&text.to_owned()),
        End::Cancelled | End::NeverPolled => return,
    });
}

fn call_with(door: &Door, text: &str) -> ToolCall {
    let mut call = ToolCall::new("log_in", json!({"m": {"password": SECRET}, "user": "ada"}));
    let mut context = CallContext::new("conv_1", "usr_9").turn(1);
    door.1(&mut call, &mut context, text);
    call.context(context)
}

#[test]
fn a_secret_in_any_member_is_in_no_record_however_the_call_ends() {
    for results in [Results::Summary, Results::Preview] {
        let sink = MemorySink::new();
        let class = RetentionClass::new(format!("class {}", TEXTS[1])).tools(["log_in"]);
        let policy = Policy::new().class(class).results(results).intent_for_all();
        let recorder = Recorder::builder(sink.clone()).policy(policy).build();
        for door in &DOORS {
            for text in TEXTS {
                for end in ENDS {
                    let said = if door.0 == "answer" {
                        text
                    } else {
                        "all is well"
                    };
                    let before = sink.len();
                    record_three_times(&recorder, &call_with(door, text), end, said);
                    let lines = sink.lines().split_off(before);
                    assert_eq!(lines.len(), 6, "{end:?}");
                    for line in lines {
                        assert_is_clean(&line, &format!("{} {text} {end:?}", door.0));
                    }
                }
            }
        }
        assert_eq!(recorder.stats().lost, 0);
        assert_eq!(recorder.stats().sanitizer_failures, 0);
    }
}

fn assert_is_clean(line: &str, case: &str) {
    let lower = line.to_lowercase();
    for said in ["zx81", "quartz"] {
        assert!(!lower.contains(said), "{case}: {line}");
    }
    common::read(line);
}

/// The record of one call and its answer.
fn record(
    recorder: &Recorder,
    sink: &MemorySink,
    call: &ToolCall,
    answer: &ToolResult,
) -> AuditEntry {
    let before = sink.len();
    drop(recorder.start_call(call).response(answer));
    let line = sink.lines().split_off(before).remove(0);
    common::read(&line)
}

fn previewing(sink: &MemorySink) -> Recorder {
    let policy = Policy::new().results(Results::Preview);
    Recorder::builder(sink.clone()).policy(policy).build()
}

#[test]
fn what_an_echo_replaces_is_named_and_its_surroundings_stay() {
    let sink = MemorySink::new();
    let recorder = previewing(&sink);
    let call = ToolCall::new(
        "connect",
        json!({"after": "x", "log": ["tried Zx81-quartz,9 twice"], "password": SECRET, "patient_name": "Ada Mustermann"}),
    )
    .context(CallContext::new("conv_1", "usr_9").purpose("for ADA MUSTERMANN"));
    let answer = ToolResult::success(
        json!({"status": "connected with Zx81-quartz,9", "who": "Ada Mustermann, Sr."}),
    );
    let entry = record(&recorder, &sink, &call, &answer);
    assert_eq!(entry.arguments["log"][0], "tried [REDACTED:password] twice");
    assert_eq!(entry.arguments["after"], "x");
    let pseudonym = recorder
        .sanitizer()
        .pseudonym("patient_name", "Ada Mustermann");
    assert_eq!(entry.purpose, Some(format!("for {pseudonym}")));
    let result = entry.result.expect("a preview");
    assert_eq!(result["status"], "connected with [REDACTED:password]");
    assert_eq!(result["who"], format!("{pseudonym}, Sr."));
    let summary = entry.result_summary.expect("a summary");
    assert_eq!(
        summary.identifiers["status"],
        "connected with [REDACTED:password]"
    );
    assert!(entry.redactions >= 6);
}

#[test]
fn one_calls_secrets_are_not_looked_for_in_the_next() {
    let sink = MemorySink::new();
    let recorder = previewing(&sink);
    let call = ToolCall::new("connect", json!({"password": "mosaic-pebble"}));
    let done = ToolResult::success(json!("mosaic-pebble"));
    let entry = record(&recorder, &sink, &call, &done);
    assert_eq!(entry.result, Some(json!("[REDACTED:password]")));
    let entry = record(&recorder, &sink, &ToolCall::new("say", json!({})), &done);
    assert_eq!(entry.result, Some(json!("mosaic-pebble")));
}

#[test]
fn common_words_and_short_values_are_not_looked_for() {
    let sink = MemorySink::new();
    let recorder = previewing(&sink);
    let call = ToolCall::new(
        "admin",
        json!({"password": "admin", "token": "none", "secret": "ab12", "api_key": "true", "note": "admin ab12 none"}),
    );
    let entry = record(&recorder, &sink, &call, &ToolResult::success(json!("test")));
    assert_eq!(entry.tool_name, "admin");
    assert_eq!(entry.arguments["note"], "admin ab12 none");
}

#[test]
fn a_server_whose_name_is_its_password_is_named_elsewhere() {
    let sink = MemorySink::new();
    let text = "POSTGRES_DB: orders\nPOSTGRES_PASSWORD: postgres\nimage: postgres:18\n";
    let call = ToolCall::new(
        "apply",
        json!({"user": "postgres", "password": "postgres", "file": text}),
    );
    let answer = json!({"host": "mysql-2", "root_password": "mysql"});
    drop(previewing(&sink).start_call(&call).success(&answer));
    let line = &sink.lines()[0];
    for kept in [
        "POSTGRES_DB: orders",
        "image: postgres:18",
        r#""user":"postgres""#,
        "mysql-2",
    ] {
        assert!(line.contains(kept), "{line}");
    }
    for (name, gone) in [
        ("PASSWORD: ", "postgres"),
        (r#"password":""#, "postgres"),
        (r#"password":""#, "mysql"),
    ] {
        assert!(!line.contains(&format!("{name}{gone}")), "{line}");
    }
}

#[test]
fn a_secret_that_was_cut_in_a_preview_leaves_no_beginning() {
    let sink = MemorySink::new();
    let recorder = previewing(&sink);
    let long = "Zx81quartz".repeat(20);
    let call = ToolCall::new("connect", json!({"password": long}));
    for filling in 900..1024 {
        let answer = ToolResult::success(json!(format!("{} {long}", "x".repeat(filling))));
        drop(recorder.start_call(&call).response(&answer));
    }
    for line in sink.lines() {
        assert!(!line.contains("Zx81q"), "{line}");
    }
}

#[test]
fn a_secret_of_the_answer_is_looked_for_in_its_identifiers() {
    let sink = MemorySink::new();
    let recorder = Recorder::new(sink.clone());
    let answer = ToolResult::success(json!({"token": SECRET, "status": "made Zx81-quartz,9"}));
    let entry = record(&recorder, &sink, &ToolCall::new("make", json!({})), &answer);
    let summary = entry.result_summary.expect("a summary");
    assert_eq!(summary.identifiers["status"], "made [REDACTED:token]");
}

#[test]
fn names_of_metadata_that_become_one_marker_stay_two() {
    let sink = MemorySink::new();
    let recorder = Recorder::new(sink.clone());
    let context = CallContext::new("conv_1", "usr_9")
        .metadata("password=one", 1)
        .metadata("password=two", 2)
        .metadata("password=six", 6);
    let call = ToolCall::new("say", json!({})).context(context);
    let entry = record(&recorder, &sink, &call, &ToolResult::success(json!(1)));
    assert_eq!(
        Value::Object(entry.session_metadata),
        json!({"password=[REDACTED:password]": 1, "password=[REDACTED:password]#2": 6,
               "password=[REDACTED:password]#3": 2})
    );
}

fn sanitizer(user_id: UserIdPolicy, client_ip: ClientIpPolicy) -> Sanitizer {
    Sanitizer::builder()
        .pseudonym_key(PseudonymKey::from_bytes("k1", &[7; 32]).expect("a whole key"))
        .user_id(user_id)
        .client_ip(client_ip)
        .build()
        .expect("default rules")
}

fn call_of_user() -> ToolCall {
    let mut context = CallContext::new("conv_1", "usr_98765")
        .approved_by("usr_98765")
        .subject("usr_98765")
        .metadata("user_id", "usr_98765")
        .metadata("client_ip", "10.20.30.40")
        .metadata("X-Forwarded-For", "10.20.30.40, 2001:db8:1:2::3");
    context.emergency = Some(Emergency::new("fire", "usr_98765"));
    let mut call =
        ToolCall::new("say", json!({"from": "10.20.30.40", "by": "usr_98765"})).context(context);
    identify(&mut call, Identity::user("usr_98765"));
    call
}

#[test]
fn trace_ids_that_a_card_could_have_stand_as_they_are_and_other_texts_do_not() {
    let sink = MemorySink::new();
    let recorder = Recorder::new(sink.clone());
    let (trace, span) = ("41111111111111110000000000000000", "4111111111111111");
    for (trace, span) in [
        (trace, span),
        ("pay 4111111111111111", "4111-1111-1111-1111"),
    ] {
        drop(recorder.start(|call| {
            call.trace_id(trace).span_id(span);
        }));
    }
    let entries = sink.entries();
    assert_eq!(entries[0].trace_id.as_deref(), Some(trace));
    assert_eq!(entries[0].span_id.as_deref(), Some(span));
    assert_eq!(
        entries[1].trace_id.as_deref(),
        Some("pay [MASKED:card:1111]")
    );
    assert_eq!(entries[1].span_id.as_deref(), Some("[MASKED:card:1111]"));
}

#[test]
fn a_user_has_one_pseudonym_in_all_of_a_record() {
    let sink = MemorySink::new();
    let sanitizer = sanitizer(UserIdPolicy::Pseudonym, ClientIpPolicy::Keep);
    let recorder = Recorder::builder(sink.clone())
        .sanitizer(sanitizer.clone())
        .build();
    let entry = record(
        &recorder,
        &sink,
        &call_of_user(),
        &ToolResult::success(json!(1)),
    );
    let pseudonym = sanitizer.pseudonym("user_id", "usr_98765");
    assert!(pseudonym.starts_with("pn:user_id:k1:"));
    assert_eq!(entry.user_id, pseudonym);
    assert_eq!(entry.attribution.initiator, pseudonym);
    assert_eq!(entry.attribution.approved_by.as_ref(), Some(&pseudonym));
    assert_eq!(entry.session_metadata["user_id"], pseudonym);
    assert_eq!(entry.subjects, std::slice::from_ref(&pseudonym));
    assert_eq!(entry.arguments["by"], pseudonym);
    assert_eq!(entry.session_metadata["client_ip"], "10.20.30.40");
    for line in sink.lines() {
        assert!(!line.contains("98765"), "{line}");
    }
}

#[test]
fn a_user_whom_nobody_names_stays_unknown() {
    let sink = MemorySink::new();
    let sanitizer = sanitizer(UserIdPolicy::Pseudonym, ClientIpPolicy::Drop);
    let recorder = Recorder::builder(sink.clone()).sanitizer(sanitizer).build();
    let call = ToolCall::new("say", json!({}));
    let entry = record(&recorder, &sink, &call, &ToolResult::success(json!(1)));
    assert_eq!(entry.user_id, "unknown");
}

#[test]
fn addresses_of_clients_are_kept_cut_replaced_or_dropped() {
    let pseudonyms = sanitizer(UserIdPolicy::Clear, ClientIpPolicy::Pseudonym);
    let pseudonym = |address: &str| pseudonyms.pseudonym("client_ip", address);
    let (four, six) = (pseudonym("10.20.30.40"), pseudonym("2001:db8:1:2::3"));
    for (policy, one, two, argument) in [
        (
            ClientIpPolicy::Keep,
            "10.20.30.40",
            "10.20.30.40, 2001:db8:1:2::3",
            "10.20.30.40",
        ),
        (
            ClientIpPolicy::Truncate,
            "10.20.30.0/24",
            "10.20.30.0/24, 2001:db8:1::/48",
            "10.20.30.0/24",
        ),
        (
            ClientIpPolicy::Pseudonym,
            &four,
            &format!("{four}, {six}"),
            &four,
        ),
        (
            ClientIpPolicy::Drop,
            "[DROPPED:client_ip]",
            "[DROPPED:client_ip], [DROPPED:client_ip]",
            "[DROPPED:client_ip]",
        ),
    ] {
        let sink = MemorySink::new();
        let sanitizer = sanitizer(UserIdPolicy::Clear, policy);
        let recorder = Recorder::builder(sink.clone()).sanitizer(sanitizer).build();
        let entry = record(
            &recorder,
            &sink,
            &call_of_user(),
            &ToolResult::success(json!(1)),
        );
        assert_eq!(entry.session_metadata["client_ip"], one);
        assert_eq!(entry.session_metadata["X-Forwarded-For"], two);
        assert_eq!(entry.arguments["from"], argument);
        assert_eq!(entry.user_id, "usr_98765");
    }
}

#[test]
fn debug_shows_nothing_of_what_nobody_has_sanitized() {
    for door in &DOORS {
        let call = call_with(door, TEXTS[1]);
        let shown = format!(
            "{call:?} {call:#?} {:?} {:?}",
            call.context, call.context.emergency
        );
        assert!(!shown.contains("quartz"), "{}: {shown}", door.0);
        assert!(shown.contains("tool_name"));
    }
    for end in [End::Success, End::Error, End::Denied, End::InputRequired] {
        let answer = tokio_test::block_on(answer(end, TEXTS[1].to_owned()));
        assert!(!format!("{answer:?}").contains("quartz"), "{end:?}");
    }
    let builder = tool_audit::EntryBuilder::new("say")
        .result(json!(SECRET))
        .error(SECRET);
    assert!(!format!("{builder:?}").contains("quartz"));
    assert!(!format!("{:?}", Identity::user(SECRET).role(SECRET)).contains("quartz"));
    assert_eq!(Outcome::Success.as_str(), "success");
}

fn deep() -> Value {
    let mut deep = json!({ "password": SECRET });
    for level in 0..10_000 {
        deep = if level % 2 == 0 {
            Value::Array(vec![deep])
        } else {
            Value::Object([("a".to_owned(), deep)].into_iter().collect())
        };
    }
    deep
}

fn wide() -> Value {
    let mut items = vec![Value::from(7); 1_000_000];
    items.insert(5, json!({ "token": SECRET }));
    Value::Array(items)
}

fn long() -> Value {
    let filling = "x".repeat(100 * 1024 * 1024);
    Value::String(format!("{filling}password={SECRET}"))
}

/// A million items, a hundred megabytes of text, ten thousand levels.
#[test]
fn hostile_calls_are_recorded_within_bounds() {
    let sink = MemorySink::new();
    let recorder = previewing(&sink);
    for make in [deep as fn() -> Value, wide, long] {
        let hostile = make();
        let mut context = CallContext::new("conv_1", "usr_9").turn(1);
        // One text of that length is enough to wait for.
        let members = if hostile.is_string() {
            [wide, deep]
        } else {
            [make, make]
        };
        for (name, make) in ["note", "user_role"].into_iter().zip(members) {
            context.session_metadata.insert(name.into(), make());
        }
        let recording = recorder.start(|call| {
            call.tool_name("say").arguments(&hostile).context(&context);
        });
        drop(recording.success(&hostile));
        let recording = recorder.start(|call| {
            call.tool_name("say").arguments(&json!({}));
        });
        drop(recording.finish(|outcome| {
            outcome.error_value(&hostile).outcome(Outcome::ToolError);
        }));
        dismantle(hostile);
        let members = std::mem::take(&mut context.session_metadata);
        dismantle(Value::Object(members));
    }
    for line in sink.lines() {
        assert!(line.len() < 256 * 1024 && !line.contains("quartz"));
        common::read(&line);
    }
    assert_eq!(sink.len(), 6);
}

/// Takes a deep value apart: dropping it at once would need a stack as deep.
fn dismantle(value: Value) {
    let mut left = vec![value];
    while let Some(value) = left.pop() {
        match value {
            Value::Array(items) => left.extend(items),
            Value::Object(members) => left.extend(members.into_iter().map(|(_, value)| value)),
            _ => {}
        }
    }
}
