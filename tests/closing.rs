//! A recorder's life: what its sink is told first, flushing, and closing while calls are open.

mod common;

use std::task::{Context, Poll};
use std::time::Duration;

use serde_json::json;
use tokio_test::task::spawn;
use tokio_test::{assert_pending, assert_ready_err, assert_ready_ok};
use tool_audit::{
    AuditLayer, AuditSink, CallContext, Policy, Recorder, Refusal, SanitizedEntry, SinkError,
    Ticket, ToolCall, ToolResult,
};
use tower::{BoxError, Layer, Service, ServiceExt, service_fn};

use common::{Answer, Controlled, call};

fn answer() -> ToolResult {
    ToolResult::success(json!({"status": "shipped"}))
}

async fn tool(_call: ToolCall) -> Answer {
    Ok(answer())
}

#[tokio::test(start_paused = true)]
async fn closing_waits_for_calls_that_are_open_and_admits_no_more() {
    let sink = Controlled::new();
    let recorder = Recorder::new(sink.clone());
    let open = recorder.start_call(&call());
    let other = recorder.start_call(&call());
    let mut close = spawn(recorder.close());
    assert_pending!(close.poll());
    assert!(!sink.is_closed());
    let refusal = recorder.admit().await.expect_err("it is closed");
    assert!(refusal.error().is_closed());
    drop(open.success(&json!({})));
    assert_pending!(close.poll());
    drop(other);
    assert!(close.is_woken());
    assert_ready_ok!(close.poll());
    assert!(sink.is_closed());
    assert_eq!(sink.entries().len(), 2);
    assert_eq!(recorder.stats().lost, 0);
    // Once more is as good.
    recorder.close().await.expect("closed");
}

#[tokio::test(start_paused = true)]
async fn calls_that_stay_open_for_too_long_are_lost_when_they_end() {
    let sink = Controlled::new();
    let recorder = Recorder::new(sink.clone());
    let open = recorder.start_call(&call());
    let mut close = spawn(recorder.close());
    assert_pending!(close.poll());
    tokio::time::advance(Duration::from_millis(4999)).await;
    assert_pending!(close.poll());
    tokio::time::advance(Duration::from_millis(2)).await;
    assert_ready_ok!(close.poll());
    drop(open.success(&json!({})));
    let stats = recorder.stats();
    assert_eq!((stats.recorded, stats.lost, stats.open), (0, 1, 0));
    assert_eq!(sink.losses()[0].reason, "log closed");

    // A call that comes later goes on without the log, and says why.
    let mut tools = AuditLayer::new(recorder.clone()).layer(service_fn(tool));
    tools
        .ready()
        .await
        .expect("ready")
        .call(call())
        .await
        .expect("an answer");
    assert_eq!(recorder.stats().lost, 2);
    assert_eq!(sink.losses()[1].reason, "log closed");
}

#[tokio::test]
async fn a_call_that_was_let_in_before_the_end_is_asked_about_where_it_comes_behind_it() {
    let sink = Controlled::new();
    let recorder = Recorder::new(sink.clone());
    let layer = AuditLayer::builder(recorder.clone())
        .on_unavailable(|refusal: &Refusal| -> Answer { Err(refusal.to_string().into()) })
        .build();
    let mut tools = layer.layer(service_fn(async |_call| -> Answer {
        panic!("the tool runs without a record")
    }));
    let ready = tools.ready().await.expect("ready");
    recorder.close().await.expect("closed");
    let answer = ready.call(call()).await;
    let error = answer.expect_err("the log is closed").to_string();
    assert!(error.contains("closed"), "{error}");
    let stats = recorder.stats();
    assert_eq!((stats.refused, stats.lost, stats.open), (1, 0, 0));
}

#[tokio::test(start_paused = true)]
async fn the_wait_of_closing_is_the_policys() {
    let sink = Controlled::new();
    let policy = Policy::new().close_wait(Duration::from_secs(60));
    let recorder = Recorder::builder(sink.clone()).policy(policy).build();
    let open = recorder.start_call(&call());
    let mut close = spawn(recorder.close());
    assert_pending!(close.poll());
    tokio::time::advance(Duration::from_secs(59)).await;
    assert_pending!(close.poll());
    drop(open);
    assert_ready_ok!(close.poll());
}

/// A sink whose end does not come.
struct Hanging;

impl AuditSink for Hanging {
    fn record(&self, _entry: &SanitizedEntry<'_>) -> Ticket {
        Ticket::DONE
    }

    fn poll_close(&self, _cx: &mut Context<'_>) -> Poll<Result<(), SinkError>> {
        Poll::Pending
    }
}

#[tokio::test(start_paused = true)]
async fn a_sink_that_does_not_end_is_not_waited_for_longer_than_the_policy_says() {
    let policy = Policy::new().close_wait(Duration::from_secs(2));
    let recorder = Recorder::builder(Hanging).policy(policy).build();
    let open = recorder.start_call(&call());
    let mut close = spawn(recorder.close());
    assert_pending!(close.poll());
    // The open call's time is over, and the sink's begins.
    tokio::time::advance(Duration::from_millis(2001)).await;
    assert_pending!(close.poll());
    tokio::time::advance(Duration::from_millis(2998)).await;
    assert_pending!(close.poll());
    tokio::time::advance(Duration::from_millis(3)).await;
    assert!(close.is_woken());
    assert!(assert_ready_err!(close.poll()).is_deadline());
    drop(open);
    // The longest wait that there is is none that ends in a panic.
    let policy = Policy::new().close_wait(Duration::MAX);
    let recorder = Recorder::builder(Hanging).policy(policy).build();
    assert_pending!(spawn(recorder.close()).poll());
}

#[test]
fn without_a_runtime_an_idle_recorder_closes_and_flushes() {
    let sink = Controlled::new();
    let recorder = Recorder::new(sink.clone());
    drop(recorder.start_call(&call()));
    assert_ready_ok!(spawn(recorder.flush()).poll());
    assert_ready_ok!(spawn(recorder.close()).poll());
    assert!(sink.is_closed());
}

#[test]
fn a_runtime_without_time_serves_an_open_gate_and_closes_what_is_idle() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .expect("a runtime");
    let sink = Controlled::new();
    let recorder = Recorder::new(sink.clone());
    runtime.block_on(async {
        recorder.admit().await.expect("the gate is open");
        recorder
            .start_call(&call())
            .success(&json!({}))
            .await
            .expect("recorded");
        recorder.close().await.expect("closed");
    });
    assert_eq!(sink.entries().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_flush_is_done_when_the_sink_says_so() {
    let sink = Controlled::new();
    sink.hold_commits();
    let recorder = Recorder::new(sink.clone());
    drop(recorder.start_call(&call()));
    let mut flush = spawn(recorder.flush());
    assert_pending!(flush.poll());
    assert_eq!(sink.flushes(), 1);
    sink.commit();
    assert!(flush.is_woken());
    assert_ready_ok!(flush.poll());
    drop(flush);

    let mut flush = spawn(recorder.flush());
    assert_pending!(flush.poll());
    sink.fail_commits(SinkError::other("the disk is gone"));
    assert_eq!(
        assert_ready_err!(flush.poll()).to_string(),
        "the disk is gone"
    );
}

#[test]
fn the_sink_is_told_of_the_policy_before_the_first_entry() {
    let named = |policy: Policy| {
        let sink = Controlled::new();
        let recorder = Recorder::builder(sink.clone()).policy(policy).build();
        drop(recorder);
        sink.policy().expect("told").policy_id
    };
    let general = named(Policy::new());
    assert_eq!(general, named(Policy::new()));
    assert_eq!(general.len(), 16);
    assert_ne!(general, named(Policy::new().intent(["issue_refund"])));
    // How long somebody waits is not what is recorded.
    assert_eq!(general, named(Policy::new().max_wait(Duration::ZERO)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn calls_of_many_threads_are_each_recorded_or_lost_also_while_the_recorder_closes() {
    let sink = Controlled::new();
    let recorder = Recorder::new(sink.clone());
    let layer = AuditLayer::new(recorder.clone());
    let mut tasks = Vec::new();
    for _ in 0..8 {
        let mut tools = layer.layer(service_fn(|call: ToolCall| async move {
            for _ in 0..call.context.turn_number % 3 {
                tokio::task::yield_now().await;
            }
            Ok::<_, BoxError>(answer())
        }));
        tasks.push(tokio::spawn(async move {
            for turn in 0..300 {
                let call = call().context(CallContext::default().turn(turn));
                let future = tools.ready().await.expect("ready").call(call);
                match turn % 4 {
                    0 => drop(future),
                    1 => {
                        tokio::select! {
                            biased;
                            _ = future => {}
                            () = std::future::ready(()) => {}
                        }
                    }
                    _ => drop(future.await),
                }
            }
        }));
    }
    tokio::task::yield_now().await;
    recorder.close().await.expect("closed");
    for task in tasks {
        task.await.expect("no panic");
    }
    let stats = recorder.stats();
    assert_eq!((stats.started, stats.open), (2400, 0));
    assert_eq!(stats.recorded + stats.lost, 2400);
    assert_eq!(stats.recorded, sink.lines().len() as u64);
    assert_eq!(stats.lost, sink.losses().len() as u64);
    let mut ids: Vec<_> = sink
        .entries()
        .into_iter()
        .map(|entry| entry.call_id)
        .collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(stats.recorded, ids.len() as u64);
}
