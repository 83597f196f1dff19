//! Records of intent, and durability before and after the tool acts.

mod common;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::json;
use tokio_test::task::spawn;
use tokio_test::{assert_pending, assert_ready, assert_ready_ok};
use tool_audit::{
    AuditLayer, CallContext, Durability, Emergency, Outcome, Policy, Recorder, Refusal, SinkError,
    ToolCall, ToolEffect, ToolResult,
};
use tower::{BoxError, Layer, Service, ServiceExt, service_fn};

use common::{Answer, Controlled, call, error_of};

/// A recorder that asks for durable records of intent for the tool of [`call`].
fn recorder(sink: &Controlled) -> Recorder {
    let policy = Policy::new()
        .intent(["update_order_status"])
        .tool_durability("update_order_status", Durability::Synced);
    Recorder::builder(sink.clone()).policy(policy).build()
}

/// A tool that counts how often it runs.
fn tool(
    runs: &Arc<AtomicUsize>,
) -> impl Service<ToolCall, Response = ToolResult, Error = BoxError, Future: Send> + Clone + use<> {
    let runs = Arc::clone(runs);
    service_fn(move |_: ToolCall| {
        runs.fetch_add(1, Ordering::SeqCst);
        std::future::ready::<Answer>(Ok(ToolResult::success(json!({"status": "shipped"}))))
    })
}

fn kinds(sink: &Controlled) -> Vec<String> {
    sink.entries().into_iter().map(|entry| entry.kind).collect()
}

#[test]
fn one_start_comes_before_the_tool_and_one_end_after_it_with_the_same_call_id() {
    let sink = Controlled::new();
    let seen = sink.clone();
    let tools = service_fn(move |_: ToolCall| {
        assert_eq!(kinds(&seen), ["tool_call_started"]);
        std::future::ready::<Answer>(Ok(ToolResult::success(json!({"status": "shipped"}))))
    });
    let mut future = spawn(AuditLayer::new(recorder(&sink)).layer(tools).call(call()));
    assert_ready_ok!(future.poll());
    drop(future);
    let entries = sink.entries();
    assert_eq!(kinds(&sink), ["tool_call_started", "tool_call"]);
    let [start, end] = entries.as_slice() else {
        unreachable!()
    };
    assert!(!start.call_id.is_empty());
    assert_eq!(start.call_id, end.call_id);
    assert_eq!(start.timestamp, end.timestamp);
    assert_eq!(start.arguments, end.arguments);
    assert_eq!(start.attribution, end.attribution);
    assert_eq!((start.outcome, &start.result_summary), (None, &None));
    for name in ["duration_ms", "outcome", "result_summary", "success"] {
        assert!(common::member(&sink.lines()[0], name).is_none(), "{name}");
        assert!(common::member(&sink.lines()[1], name).is_some(), "{name}");
    }
    assert_eq!(sink.durabilities(), [Durability::Synced; 2]);
}

#[test]
fn tools_without_a_policy_of_intent_leave_their_end_alone() {
    let sink = Controlled::new();
    let recorder = recorder(&sink);
    drop(recorder.start_call(&ToolCall::new("get_order", json!({}))));
    assert_eq!(kinds(&sink), ["tool_call"]);
    let sink = Controlled::new();
    let recorder = Recorder::builder(sink.clone())
        .policy(Policy::new().intent_for_all())
        .build();
    drop(recorder.start_call(&ToolCall::new("get_order", json!({}))));
    assert_eq!(kinds(&sink), ["tool_call_started", "tool_call"]);
}

#[test]
fn a_tool_that_is_said_to_be_destructive_leaves_a_record_of_intent_unless_the_policy_asks_for_none()
{
    let kinds_of = |effect: ToolEffect, policy: Policy| {
        let sink = Controlled::new();
        let recorder = Recorder::builder(sink.clone()).policy(policy).build();
        let recording = recorder.start(|call| {
            call.effect(effect).tool_name("tidy_orders");
        });
        drop(recording.success(&json!({})));
        kinds(&sink)
    };
    let both = ["tool_call_started", "tool_call"];
    assert_eq!(kinds_of(ToolEffect::Destructive, Policy::new()), both);
    assert_eq!(kinds_of(ToolEffect::Additive, Policy::new()), ["tool_call"]);
    assert_eq!(kinds_of(ToolEffect::ReadOnly, Policy::new()), ["tool_call"]);
    let without = Policy::new().intent_for_destructive(false);
    assert_eq!(
        kinds_of(ToolEffect::Destructive, without.clone()),
        ["tool_call"]
    );
    let named = without.intent(["tidy_orders"]);
    assert_eq!(kinds_of(ToolEffect::ReadOnly, named), both);
}

#[test]
fn an_emergency_always_leaves_a_synced_record_of_intent() {
    let sink = Controlled::new();
    let recorder = Recorder::new(sink.clone());
    let context = CallContext::new("c", "u").emergency(Emergency::new("cardiac arrest", "dr_9"));
    drop(recorder.start_call(&ToolCall::new("open_chart", json!({})).context(context)));
    assert_eq!(kinds(&sink), ["tool_call_started", "tool_call"]);
    assert_eq!(sink.durabilities(), [Durability::Synced; 2]);
}

#[tokio::test(start_paused = true)]
async fn the_durable_layer_does_not_call_the_tool_before_its_intent_is_committed() {
    let sink = Controlled::new();
    sink.hold_commits();
    let runs = Arc::new(AtomicUsize::new(0));
    let layer = AuditLayer::builder(recorder(&sink)).build_durable();
    let mut tools = layer.layer(tool(&runs));
    let mut future = spawn(tools.ready().await.expect("ready").call(call()));
    assert_pending!(future.poll());
    assert_eq!(runs.load(Ordering::SeqCst), 0);
    assert_eq!(kinds(&sink), ["tool_call_started"]);

    sink.commit();
    assert!(future.is_woken());
    assert_pending!(future.poll());
    assert_eq!(runs.load(Ordering::SeqCst), 1);
    assert_eq!(kinds(&sink), ["tool_call_started", "tool_call"]);

    sink.commit();
    assert!(future.is_woken());
    assert_ready_ok!(future.poll());
    assert_eq!(runs.load(Ordering::SeqCst), 1);
    assert_eq!(sink.lines().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn the_durable_layer_calls_tools_without_an_intent_at_once() {
    let sink = Controlled::new();
    sink.hold_commits();
    let runs = Arc::new(AtomicUsize::new(0));
    let mut tools = AuditLayer::builder(recorder(&sink))
        .build_durable()
        .layer(tool(&runs));
    let call = ToolCall::new("get_order", json!({}));
    let mut future = spawn(tools.ready().await.expect("ready").call(call));
    assert_ready_ok!(future.poll());
    assert_eq!(runs.load(Ordering::SeqCst), 1);
    assert_eq!(kinds(&sink), ["tool_call"]);
}

#[tokio::test(start_paused = true)]
async fn an_intent_that_is_not_committed_in_time_is_refused_and_the_tool_does_not_run() {
    let sink = Controlled::new();
    sink.hold_commits();
    let runs = Arc::new(AtomicUsize::new(0));
    let recorder = recorder(&sink);
    let layer = AuditLayer::builder(recorder.clone())
        .on_unavailable(|refusal: &Refusal| {
            assert!(refusal.error().is_deadline());
            Err::<ToolResult, BoxError>(refusal.to_string().into())
        })
        .build_durable();
    let mut tools = layer.layer(tool(&runs));
    let mut future = spawn(tools.ready().await.expect("ready").call(call()));
    assert_pending!(future.poll());
    tokio::time::advance(Duration::from_millis(4999)).await;
    assert_pending!(future.poll());
    tokio::time::advance(Duration::from_millis(2)).await;
    let error = assert_ready!(future.poll()).expect_err("refused");
    assert!(
        error
            .to_string()
            .starts_with("the audit log cannot take this call")
    );
    assert_eq!(runs.load(Ordering::SeqCst), 0);
    let entries = sink.entries();
    assert_eq!(entries.len(), 2);
    assert_eq!(entries[1].outcome, Some(Outcome::Rejected));
    assert_eq!(error_of(&entries[1]).1, Some("audit_log_unavailable"));
    assert_eq!(entries[0].call_id, entries[1].call_id);
    let stats = recorder.stats();
    assert_eq!(
        (
            stats.started,
            stats.recorded,
            stats.refused,
            stats.lost,
            stats.open
        ),
        (1, 1, 0, 0, 0)
    );
    assert_eq!(stats.undurable, 0);
}

#[tokio::test(start_paused = true)]
async fn an_intent_that_fails_is_refused_at_once() {
    let sink = Controlled::new();
    sink.hold_commits();
    sink.fail_commits(SinkError::other("the disk is gone"));
    let runs = Arc::new(AtomicUsize::new(0));
    let layer = AuditLayer::builder(recorder(&sink))
        .on_unavailable(|_: &Refusal| Ok::<_, BoxError>(ToolResult::denied("no log, no act")))
        .build_durable();
    let mut future = spawn(layer.layer(tool(&runs)).call(call()));
    let answer = assert_ready_ok!(future.poll());
    assert_eq!(answer, ToolResult::denied("no log, no act"));
    assert_eq!(runs.load(Ordering::SeqCst), 0);
    assert_eq!(sink.entries()[1].outcome, Some(Outcome::Rejected));
}

#[tokio::test(start_paused = true)]
async fn a_policy_that_goes_on_runs_the_tool_after_the_wait() {
    let sink = Controlled::new();
    sink.hold_commits();
    let runs = Arc::new(AtomicUsize::new(0));
    let recorder = recorder(&sink);
    let mut tools = AuditLayer::builder(recorder.clone())
        .build_durable()
        .layer(tool(&runs));
    let answer = tools
        .ready()
        .await
        .expect("ready")
        .call(call())
        .await
        .expect("an answer");
    assert_eq!(answer, ToolResult::success(json!({"status": "shipped"})));
    assert_eq!(runs.load(Ordering::SeqCst), 1);
    assert_eq!(kinds(&sink), ["tool_call_started", "tool_call"]);
    assert_eq!(sink.entries()[1].outcome, Some(Outcome::Success));
    // Once for the intent, once for the end.
    assert_eq!(recorder.stats().undurable, 2);
}

#[tokio::test(start_paused = true)]
async fn waiting_for_the_log_is_not_in_the_duration() {
    let sink = Controlled::new();
    sink.hold_commits();
    let clock = common::StandingClock::at(1_000_000);
    let policy = Policy::new()
        .intent_for_all()
        .durability(Durability::Synced);
    let recorder = Recorder::builder(sink.clone())
        .policy(policy)
        .clock(clock.clone())
        .build();
    let in_tool = clock.clone();
    let tools = service_fn(move |_: ToolCall| {
        in_tool.advance(Duration::from_millis(3));
        std::future::ready::<Answer>(Ok(ToolResult::success(1)))
    });
    let mut future = spawn(
        AuditLayer::builder(recorder)
            .build_durable()
            .layer(tools)
            .call(call()),
    );
    assert_pending!(future.poll());
    clock.advance(Duration::from_millis(100));
    sink.commit();
    assert_pending!(future.poll());
    clock.advance(Duration::from_millis(100));
    sink.commit();
    assert_ready_ok!(future.poll());
    assert_eq!(sink.entries()[1].duration_ms, 3.0);
    assert_eq!(sink.entries()[1].timestamp, "1970-01-01T00:00:01.000000Z");
}

#[tokio::test(start_paused = true)]
async fn a_tool_that_was_not_called_took_no_time() {
    let sink = Controlled::new();
    sink.hold_commits();
    let clock = common::StandingClock::at(1_000_000);
    let policy = Policy::new()
        .intent_for_all()
        .durability(Durability::Synced);
    let recorder = Recorder::builder(sink.clone())
        .policy(policy)
        .clock(clock.clone())
        .build();
    let runs = Arc::new(AtomicUsize::new(0));
    let layer = AuditLayer::builder(recorder)
        .on_unavailable(|_: &Refusal| Ok::<_, BoxError>(ToolResult::denied("no log, no act")))
        .build_durable();
    let mut dropped = spawn(layer.layer(tool(&runs)).call(call()));
    let mut refused = spawn(layer.layer(tool(&runs)).call(call()));
    assert_pending!(dropped.poll());
    assert_pending!(refused.poll());
    clock.advance(Duration::from_millis(100));
    drop(dropped);
    sink.fail_commits(SinkError::other("the disk is gone"));
    assert_ready_ok!(refused.poll());
    let ends = sink.entries().split_off(2);
    let said: Vec<_> = ends.iter().map(|e| (e.outcome, e.duration_ms)).collect();
    assert_eq!(
        said,
        [
            (Some(Outcome::NeverPolled), 0.0),
            (Some(Outcome::Rejected), 0.0)
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn an_intent_that_a_full_log_did_not_take_is_not_said_to_be_durable() {
    let sink = Controlled::full();
    let by_hand = recorder(&sink);
    let admission = by_hand.admit_or_go_on().await;
    let mut recording = by_hand.start_admitted(&admission, |builder| {
        builder.tool_call(&call());
    });
    assert!(recording.intent().await.expect_err("not taken").is_lost());
    drop(recording);

    let runs = Arc::new(AtomicUsize::new(0));
    let layered = recorder(&sink);
    let mut tools = AuditLayer::builder(layered.clone())
        .build_durable()
        .layer(tool(&runs));
    let tools = tools.ready().await.expect("it goes on");
    tools.call(call()).await.expect("an answer");
    assert_eq!(runs.load(Ordering::SeqCst), 1);
    assert!(sink.lines().is_empty());
    let stats = layered.stats();
    // Once for the intent, once for the end.
    assert_eq!((stats.lost, stats.undurable), (1, 2));
}

#[tokio::test(start_paused = true)]
async fn a_call_dropped_while_its_intent_is_on_the_way_was_never_polled() {
    let sink = Controlled::new();
    sink.hold_commits();
    let runs = Arc::new(AtomicUsize::new(0));
    let layer = AuditLayer::builder(recorder(&sink)).build_durable();
    let mut future = spawn(layer.layer(tool(&runs)).call(call()));
    assert_pending!(future.poll());
    drop(future);
    assert_eq!(runs.load(Ordering::SeqCst), 0);
    assert_eq!(sink.entries()[1].outcome, Some(Outcome::NeverPolled));

    let mut future = spawn(layer.layer(tool(&runs)).call(call()));
    assert_pending!(future.poll());
    catch_unwind(AssertUnwindSafe(|| {
        let _waiting = future;
        panic!("somebody else's");
    }))
    .expect_err("it panics");
    assert_eq!(sink.entries()[3].outcome, Some(Outcome::NeverPolled));
}

#[tokio::test(start_paused = true)]
async fn an_answer_waits_until_its_record_is_as_durable_as_the_policy_asks() {
    let sink = Controlled::new();
    sink.hold_commits();
    let policy = Policy::new().durability(Durability::Flushed);
    let recorder = Recorder::builder(sink.clone()).policy(policy).build();
    let runs = Arc::new(AtomicUsize::new(0));
    let mut future = spawn(
        AuditLayer::new(recorder.clone())
            .layer(tool(&runs))
            .call(call()),
    );
    assert_pending!(future.poll());
    assert_eq!(kinds(&sink), ["tool_call"]);
    sink.commit();
    assert!(future.is_woken());
    assert_ready_ok!(future.poll());
    assert_eq!(recorder.stats().undurable, 0);
}

#[tokio::test(start_paused = true)]
async fn the_hook_decides_what_is_answered_when_a_record_is_not_durable() {
    for fails in [false, true] {
        let sink = Controlled::new();
        sink.hold_commits();
        if fails {
            sink.fail_commits(SinkError::other("the disk is gone"));
        }
        let policy = Policy::new().durability(Durability::Synced);
        let recorder = Recorder::builder(sink.clone()).policy(policy).build();
        let runs = Arc::new(AtomicUsize::new(0));
        let layer = AuditLayer::builder(recorder.clone())
            .on_undurable(move |result: Answer, error: &SinkError| {
                assert_eq!(error.is_deadline(), !fails);
                result?;
                Err::<ToolResult, BoxError>("not on the disk".into())
            })
            .build();
        let mut tools = layer.layer(tool(&runs));
        let answer = tools.ready().await.expect("ready").call(call()).await;
        assert_eq!(
            answer.expect_err("the hook's").to_string(),
            "not on the disk"
        );
        assert_eq!(runs.load(Ordering::SeqCst), 1);
        assert_eq!(sink.entries()[0].outcome, Some(Outcome::Success));
        let stats = recorder.stats();
        assert_eq!((stats.recorded, stats.lost, stats.undurable), (1, 0, 1));
    }
}

#[tokio::test(start_paused = true)]
async fn a_dropped_wait_for_durability_changes_nothing_of_the_record() {
    let sink = Controlled::new();
    sink.hold_commits();
    let policy = Policy::new().durability(Durability::Synced);
    let recorder = Recorder::builder(sink.clone()).policy(policy).build();
    let runs = Arc::new(AtomicUsize::new(0));
    let mut future = spawn(
        AuditLayer::new(recorder.clone())
            .layer(tool(&runs))
            .call(call()),
    );
    assert_pending!(future.poll());
    drop(future);
    assert_eq!(sink.entries().len(), 1);
    assert_eq!(sink.entries()[0].outcome, Some(Outcome::Success));
}

#[tokio::test]
async fn by_hand_the_intent_is_awaited_before_the_tool_runs() {
    let sink = Controlled::new();
    sink.hold_commits();
    let mut recording = recorder(&sink).start_call(&call());
    let intent = recording.intent();
    assert!(!intent.is_done());
    let mut intent = spawn(intent);
    assert_pending!(intent.poll());
    sink.commit();
    assert_ready_ok!(intent.poll());
    recording.begin();
    let call_id = recording.call_id();
    drop(recording.success(&json!({})));
    assert!(sink.entries().iter().all(|entry| entry.call_id == call_id));
    assert!(
        recorder(&sink)
            .start_call(&ToolCall::new("get_order", json!({})))
            .intent()
            .is_done()
    );
}

#[tokio::test(start_paused = true)]
async fn a_hook_that_panics_leaves_a_rejected_call() {
    let sink = Controlled::new();
    sink.hold_commits();
    sink.fail_commits(SinkError::other("the disk is gone"));
    let runs = Arc::new(AtomicUsize::new(0));
    let layer = AuditLayer::builder(recorder(&sink))
        .on_unavailable(|_: &Refusal| -> Answer { panic!("the hook's") })
        .build_durable();
    let mut future = spawn(layer.layer(tool(&runs)).call(call()));
    catch_unwind(AssertUnwindSafe(|| future.poll().is_ready())).expect_err("it panics");
    drop(future);
    assert_eq!(runs.load(Ordering::SeqCst), 0);
    assert_eq!(sink.entries().len(), 2);
    assert_eq!(sink.entries()[1].outcome, Some(Outcome::Rejected));
}
