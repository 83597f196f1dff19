//! Why calls are made: declared, or inferred from the calls before in the conversation; and by whom.

mod common;

use serde_json::{Value, json};
use tool_audit::{
    AttributionChain, AuditEntry, AuditLayer, CallContext, CallTrigger, Identity, IdentitySlot,
    MemorySink, Outcome, Recorder, ToolCall, ToolResult, TriggerBasis, build_attribution,
};
use tower::{BoxError, Layer, Service, ServiceBuilder, ServiceExt, service_fn};

use common::Answer;

/// One conversation after another, recorded into one sink.
struct Calls {
    sink: MemorySink,
    recorder: Recorder,
}

impl Calls {
    fn new() -> Self {
        let sink = MemorySink::new();
        Self {
            recorder: Recorder::new(sink.clone()),
            sink,
        }
    }

    /// Makes a call that ends like this, and gives its record.
    fn make(&self, call: &ToolCall, outcome: Outcome) -> AuditEntry {
        let recording = self.recorder.start_call(call);
        drop(recording.finish(|builder| {
            builder.outcome(outcome);
        }));
        common::entries(&self.sink).pop().expect("it was recorded")
    }

    fn fail(&self, call: &ToolCall) -> AuditEntry {
        self.make(call, Outcome::ServiceError)
    }

    fn succeed(&self, call: &ToolCall) -> AuditEntry {
        self.make(call, Outcome::Success)
    }
}

fn on_turn(turn: u64, tool: &str, arguments: Value) -> ToolCall {
    ToolCall::new(tool, arguments).context(CallContext::new("conv_1", "usr_9").turn(turn))
}

fn why(entry: &AuditEntry) -> (CallTrigger, TriggerBasis) {
    (entry.call_trigger, entry.trigger_basis)
}

const DEFAULT: (CallTrigger, TriggerBasis) = (CallTrigger::UserRequest, TriggerBasis::Default);
const FOLLOW_UP: (CallTrigger, TriggerBasis) = (CallTrigger::FollowUp, TriggerBasis::Inferred);
const RETRY: (CallTrigger, TriggerBasis) = (CallTrigger::Retry, TriggerBasis::Inferred);

#[test]
fn the_first_call_of_a_turn_is_the_users_and_the_next_ones_follow_up() {
    let calls = Calls::new();
    let first = calls.succeed(&on_turn(1, "find_order", json!({"order_id": "ORD-1"})));
    assert_eq!(why(&first), DEFAULT);
    let second = calls.succeed(&on_turn(1, "get_order", json!({"order_id": "ORD-1"})));
    assert_eq!(why(&second), FOLLOW_UP);
    assert_eq!(second.attribution.trigger, CallTrigger::FollowUp);
    let of_next_turn = calls.succeed(&on_turn(2, "get_order", json!({"order_id": "ORD-1"})));
    assert_eq!(why(&of_next_turn), DEFAULT);
    // A call that comes late for its turn still belongs to it.
    let late = calls.succeed(&on_turn(1, "get_stock", json!({})));
    assert_eq!(why(&late), FOLLOW_UP);
}

#[test]
fn each_repetition_of_a_failed_call_names_the_one_before_until_one_succeeds() {
    let calls = Calls::new();
    let call = on_turn(
        1,
        "charge_payment",
        json!({"amount": 12.5, "order_id": "ORD-1"}),
    );
    let mut before = calls.fail(&call);
    assert_eq!((why(&before), &before.retry_of), (DEFAULT, &None));
    for turn in [1, 1, 2, 3] {
        let mut again = call.clone();
        again.context = CallContext::new("conv_1", "usr_9").turn(turn).into();
        let repeated = calls.fail(&again);
        assert_eq!(why(&repeated), RETRY);
        assert_eq!(repeated.retry_of.as_deref(), Some(before.call_id.as_str()));
        before = repeated;
    }
    let success = calls.succeed(&call);
    assert_eq!(why(&success), RETRY);
    assert_eq!(success.retry_of.as_deref(), Some(before.call_id.as_str()));
    let after = calls.succeed(&call);
    assert_eq!((why(&after), after.retry_of), (FOLLOW_UP, None));
}

#[test]
fn every_failure_is_followed_by_a_retry_and_no_success_is() {
    for outcome in Outcome::ALL {
        let calls = Calls::new();
        let call = on_turn(1, "get_order", json!({"order_id": "ORD-1"}));
        let first = calls.make(&call, outcome);
        let second = calls.succeed(&call);
        assert_eq!(why(&second) == RETRY, outcome.is_failure(), "{outcome}");
        assert_eq!(second.retry_of.is_some(), outcome.is_failure(), "{outcome}");
        let interim = outcome == Outcome::InputRequired;
        assert_eq!(
            second.continues,
            interim.then_some(first.call_id),
            "{outcome}"
        );
    }
}

#[test]
fn a_call_that_answers_what_it_was_asked_continues_the_interim_answer() {
    let calls = Calls::new();
    let call = on_turn(1, "issue_refund", json!({"order_id": "ORD-1"}));
    let asked = calls.make(&call, Outcome::InputRequired);
    let answered = calls.succeed(&on_turn(2, "issue_refund", json!({"order_id": "ORD-1"})));
    assert_eq!(answered.continues.as_ref(), Some(&asked.call_id));
    assert_eq!((why(&answered), &answered.retry_of), (DEFAULT, &None));
    let after = calls.succeed(&call);
    assert_eq!((after.continues, after.retry_of), (None, None));
}

#[test]
fn other_arguments_tools_or_conversations_are_no_retry() {
    let calls = Calls::new();
    calls.fail(&on_turn(
        1,
        "get_order",
        json!({"order_id": "ORD-1", "n": 1}),
    ));
    for other in [
        on_turn(1, "get_order", json!({"order_id": "ORD-2", "n": 1})),
        on_turn(1, "get_order", json!({"order_id": "ORD-1", "n": "1"})),
        on_turn(1, "get_order", json!({"order_id": "ORD-1"})),
        on_turn(1, "get_order", json!([])),
        on_turn(1, "get_orders", json!({"order_id": "ORD-1", "n": 1})),
    ] {
        let entry = calls.fail(&other);
        assert_eq!((why(&entry), entry.retry_of), (FOLLOW_UP, None));
    }
    let mut elsewhere = on_turn(1, "get_order", json!({"order_id": "ORD-1", "n": 1}));
    elsewhere.context = CallContext::new("conv_2", "usr_9").turn(1).into();
    assert_eq!(why(&calls.fail(&elsewhere)), DEFAULT);
    // The order of members does not matter.
    let same: Value = serde_json::from_str(r#"{"n":1,"order_id":"ORD-1"}"#).expect("JSON");
    assert_eq!(why(&calls.fail(&on_turn(1, "get_order", same))), RETRY);
}

#[test]
fn secrets_that_differ_are_different_arguments_though_both_are_redacted() {
    let calls = Calls::new();
    let login = |password: &str| on_turn(1, "log_in", json!({"user": "ada", "password": password}));
    let first = calls.fail(&login("hunter2"));
    assert!(first.redactions > 0);
    let other = calls.fail(&login("hunter3"));
    assert_eq!(first.arguments, other.arguments);
    assert_eq!((why(&other), other.retry_of), (FOLLOW_UP, None));
    let again = calls.fail(&login("hunter2"));
    assert_eq!(why(&again), RETRY);
    assert_eq!(again.retry_of, Some(first.call_id));
}

#[test]
fn what_was_replaced_tells_arguments_apart_wherever_it_stood() {
    let spoken: [fn(&str) -> Value; 6] = [
        |secret| json!({"text": format!("the password is {secret}")}),
        |secret| json!({"body": json!({"password": secret}).to_string()}),
        |secret| json!({"accounts": [["login", "password"], ["ada", secret]]}),
        |secret| json!({"argv": ["mysql", "--password", secret]}),
        |secret| json!({"credentials": {"deep": [{"token": secret}]}}),
        |secret| json!({format!("token={secret}"): 1}),
    ];
    for (turn, arguments) in spoken.iter().enumerate() {
        let calls = Calls::new();
        let call = |secret: &str| on_turn(turn as u64 + 1, "log_in", arguments(secret));
        let first = calls.fail(&call("hunter2hunter2"));
        let other = calls.fail(&call("hunter3hunter3"));
        assert!(first.redactions > 0, "{:?}", first.arguments);
        assert_eq!(first.arguments, other.arguments);
        assert_eq!((why(&other), other.retry_of), (FOLLOW_UP, None));
        let again = calls.fail(&call("hunter2hunter2"));
        assert_eq!(again.retry_of, Some(first.call_id), "{:?}", again.arguments);
    }
}

#[test]
fn long_arguments_that_differ_only_where_they_are_cut_are_different() {
    let calls = Calls::new();
    let long = |end: &str| on_turn(1, "index_text", json!({"text": "x".repeat(200_000) + end}));
    let first = calls.fail(&long("a"));
    assert_eq!(first.shortened, ["arguments"]);
    let other = calls.fail(&long("b"));
    assert_eq!((why(&other), other.retry_of), (FOLLOW_UP, None));
    assert_eq!(calls.fail(&long("a")).retry_of, Some(first.call_id));
}

#[test]
fn conversations_whose_names_look_alike_once_sanitized_stay_apart() {
    let calls = Calls::new();
    let in_conversation = |id: &str| {
        ToolCall::new("get_order", json!({})).context(CallContext::new(id, "usr_9").turn(1))
    };
    let long = "c".repeat(2000);
    for (one, other) in [
        ("token=first", "token=second"),
        (&format!("{long}a") as &str, &format!("{long}b") as &str),
    ] {
        let first = calls.fail(&in_conversation(one));
        let second = calls.fail(&in_conversation(other));
        assert_eq!(first.conversation_id, second.conversation_id);
        assert_eq!((why(&second), second.retry_of), (DEFAULT, None));
        assert_eq!(
            calls.fail(&in_conversation(one)).retry_of,
            Some(first.call_id)
        );
    }
}

#[test]
fn nothing_is_inferred_where_conversation_or_turn_are_unknown() {
    for context in [
        CallContext::default(),
        CallContext::default().turn(1),
        CallContext::new("unknown", "usr_9").turn(1),
        CallContext::new("", "usr_9").turn(1),
        CallContext::new("conv_1", "usr_9"),
        CallContext::new("conv_1", "usr_9").turn(0),
    ] {
        let calls = Calls::new();
        let call = ToolCall::new("get_order", json!({})).context(context);
        for outcome in [
            Outcome::ServiceError,
            Outcome::InputRequired,
            Outcome::Success,
        ] {
            let entry = calls.make(&call, outcome);
            assert_eq!(
                (why(&entry), entry.retry_of, entry.continues),
                (DEFAULT, None, None)
            );
        }
    }
    // Calls of unknown tools follow up, and repeat nothing.
    let calls = Calls::new();
    for expected in [DEFAULT, FOLLOW_UP] {
        let recording = calls.recorder.start(|builder| {
            builder
                .conversation_id("conv_1")
                .turn_number(1)
                .arguments(&json!({}));
        });
        drop(recording);
        let entry = common::entries(&calls.sink).pop().expect("it was recorded");
        assert_eq!((why(&entry), entry.retry_of), (expected, None));
    }
}

#[test]
fn what_is_declared_wins() {
    for declared in CallTrigger::ALL {
        let calls = Calls::new();
        let call = on_turn(1, "get_order", json!({})).trigger(declared);
        let first = calls.fail(&call);
        assert_eq!(why(&first), (declared, TriggerBasis::Declared));
        assert_eq!(first.retry_of, None);
        let second = calls.fail(&call);
        assert_eq!(why(&second), (declared, TriggerBasis::Declared));
        // Which call it repeats is not said, and so inferred.
        let repeats = (declared == CallTrigger::Retry).then_some(first.call_id);
        assert_eq!(second.retry_of, repeats);
    }
    let calls = Calls::new();
    let call = on_turn(1, "get_order", json!({}));
    calls.fail(&call);
    let declared = calls.fail(&call.clone().retry_of("their-7"));
    assert_eq!(declared.retry_of.as_deref(), Some("their-7"));
    assert_eq!(why(&declared), (CallTrigger::Retry, TriggerBasis::Declared));
    calls.make(&call, Outcome::InputRequired);
    let declared = calls.fail(&call.clone().continues("their-8"));
    assert_eq!(declared.continues.as_deref(), Some("their-8"));
}

#[test]
fn proactive_and_system_are_never_inferred() {
    let calls = Calls::new();
    for turn in [1, 1, 2, 2, 3, 1] {
        for outcome in Outcome::ALL {
            let entry = calls.make(&on_turn(turn, "get_order", json!({})), outcome);
            assert!(!matches!(
                entry.call_trigger,
                CallTrigger::Proactive | CallTrigger::System
            ));
        }
    }
}

#[test]
fn calls_that_run_at_the_same_time_are_judged_by_what_has_ended() {
    let calls = Calls::new();
    let call = on_turn(1, "get_order", json!({}));
    let first = calls.recorder.start_call(&call);
    let second = calls.recorder.start_call(&call);
    let first_id = first.call_id();
    drop(first);
    drop(second.success(&json!({})));
    let entries = common::entries(&calls.sink);
    assert_eq!(why(&entries[1]), FOLLOW_UP);
    // The second one's success ended the chain that the first one's end had begun.
    assert_eq!(entries[0].call_id, first_id);
    assert_eq!(calls.fail(&call).retry_of, None);
}

#[test]
fn retries_are_found_in_conversations_that_are_mixed_and_only_the_latest_are_remembered() {
    let calls = Calls::new();
    let call = |conversation: usize| {
        let context = CallContext::new(format!("conv_{conversation}"), "usr_9").turn(1);
        ToolCall::new("get_order", json!({})).context(context)
    };
    let mut first = Vec::new();
    for conversation in 0..200 {
        let recording = calls.recorder.start_call(&call(conversation));
        first.push(recording.call_id());
        drop(recording);
    }
    for conversation in 0..200 {
        drop(
            calls
                .recorder
                .start_call(&call(conversation))
                .success(&json!({})),
        );
    }
    for (entry, call_id) in common::entries(&calls.sink)[200..].iter().zip(&first) {
        assert_eq!(entry.retry_of.as_ref(), Some(call_id));
    }
    // Of a conversation's calls, the last sixteen that failed are remembered.
    for number in 0..17 {
        calls.fail(&on_turn(5, "get_stock", json!({"item": number})));
    }
    let retried = |number: usize| {
        calls
            .succeed(&on_turn(5, "get_stock", json!({"item": number})))
            .retry_of
    };
    assert!(retried(1).is_some());
    assert_eq!(retried(0), None);
}

#[test]
fn the_attribution_reads_as_a_chain() {
    let context = || CallContext::new("conv_1", "usr_9");
    let line =
        |context: &CallContext, trigger| build_attribution(context, "get_order", trigger).summary();
    assert_eq!(
        line(
            &context().role("nurse").model("gpt-4.1"),
            CallTrigger::UserRequest
        ),
        "User usr_9 (nurse) → gpt-4.1 → get_order [user_request]"
    );
    assert_eq!(
        line(&context(), CallTrigger::Retry),
        "User usr_9 → unknown → get_order [retry]"
    );
    assert_eq!(
        line(&CallContext::default(), CallTrigger::default()),
        "User unknown → unknown → get_order [user_request]"
    );
    assert_eq!(
        line(
            &context()
                .model("m")
                .via("planner")
                .via("coder")
                .approved_by("usr_1"),
            CallTrigger::FollowUp
        ),
        "User usr_9 → m → planner → coder → get_order [follow_up] approved by usr_1"
    );
    assert_eq!(
        line(
            &CallContext::default().rule("nightly").model("m"),
            CallTrigger::System
        ),
        "Rule nightly → m → get_order [system]"
    );
    assert_eq!(
        line(
            &context().rule("restock").model("m"),
            CallTrigger::Proactive
        ),
        "User usr_9 → rule restock → m → get_order [proactive]"
    );
    let many = (0..12).fold(context(), |context, agent| context.via(format!("a{agent}")));
    let chain = build_attribution(&many, "get_order", CallTrigger::UserRequest);
    assert_eq!((chain.via.len(), chain.via_cut), (10, true));
    assert_eq!(
        chain.summary(),
        format!(
            "User usr_9 → unknown → {} → … → get_order [user_request]",
            (0..10)
                .map(|agent| format!("a{agent}"))
                .collect::<Vec<_>>()
                .join(" → ")
        )
    );
    assert_eq!(chain.to_string(), chain.summary());
}

#[test]
fn the_attribution_in_the_record_is_the_one_that_can_be_built() {
    let context = (0..12)
        .fold(CallContext::new("conv_1", "usr_9"), |context, agent| {
            context.via(format!("a{agent}"))
        })
        .role("nurse")
        .model("gpt-4.1")
        .approved_by("usr_1")
        .rule("nightly")
        .verified("user_id");
    let calls = Calls::new();
    let call = ToolCall::new("get_order", json!({})).context(context.clone());
    let built: AttributionChain =
        build_attribution(&context, "get_order", CallTrigger::UserRequest);
    assert_eq!(calls.succeed(&call).attribution, built);
}

/// A layer inside that finds out who the caller is.
async fn authenticates(call: ToolCall) -> Answer {
    call.identity.set(Identity::user("usr_real").role("nurse"));
    Ok(ToolResult::success(json!({})))
}

#[tokio::test]
async fn who_a_layer_inside_finds_the_caller_to_be_outweighs_the_claim() {
    let sink = MemorySink::new();
    let mut tools = ServiceBuilder::new()
        .layer(AuditLayer::new(Recorder::new(sink.clone())))
        .service_fn(authenticates);
    let mut call = ToolCall::new("open_chart", json!({})).context(
        CallContext::new("conv_1", "usr_claimed")
            .role("doctor")
            .verified("model")
            .verified("user_id"),
    );
    // Without a place there is nothing to write to.
    tools
        .ready()
        .await
        .expect("ready")
        .call(call.clone())
        .await
        .expect("an answer");
    call.identity = IdentitySlot::new();
    tools
        .ready()
        .await
        .expect("ready")
        .call(call.clone())
        .await
        .expect("an answer");
    let entries = common::entries(&sink);
    assert_eq!(entries[0].user_id, "usr_claimed");
    assert_eq!(entries[0].attribution.verified, ["model", "user_id"]);
    let entry = &entries[1];
    assert_eq!(entry.user_id, "usr_real");
    assert_eq!(entry.attribution.initiator, "usr_real");
    assert_eq!(entry.attribution.initiator_role.as_deref(), Some("nurse"));
    assert_eq!(entry.session_metadata["user_role"], json!("nurse"));
    // Each name stands once.
    assert_eq!(
        entry.attribution.verified,
        ["user_role", "model", "user_id"]
    );
}

#[tokio::test]
async fn an_identity_is_recorded_for_calls_that_fail_or_are_dropped_too() {
    let sink = MemorySink::new();
    let layer = AuditLayer::new(Recorder::new(sink.clone()));
    let mut call = ToolCall::new("open_chart", json!({}));
    call.identity = IdentitySlot::new();
    let refuses = service_fn(|call: ToolCall| async move {
        call.identity.set(Identity::user("usr_real"));
        Err::<ToolResult, BoxError>("not yours".into())
    });
    layer
        .layer(refuses)
        .oneshot(call.clone())
        .await
        .expect_err("refused");
    call.identity.set(Identity::default());
    let hangs = service_fn(|call: ToolCall| {
        call.identity.set(Identity::user("usr_other"));
        std::future::pending::<Answer>()
    });
    drop(layer.layer(hangs).call(call));
    let users: Vec<_> = common::entries(&sink)
        .into_iter()
        .map(|entry| (entry.user_id, entry.attribution.verified))
        .collect();
    let verified = || vec!["user_id".to_owned()];
    assert_eq!(
        users,
        [
            ("usr_real".to_owned(), verified()),
            ("usr_other".to_owned(), verified())
        ]
    );
}
