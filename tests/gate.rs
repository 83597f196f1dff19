//! Readiness: what the service inside says is passed on, and a full log is waited for.

mod common;

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use serde_json::json;
use tokio_test::task::spawn;
use tokio_test::{assert_pending, assert_ready, assert_ready_err, assert_ready_ok};
use tool_audit::{
    Admission, AuditLayer, Outcome, Policy, Recorder, Refusal, SinkError, ToolCall, ToolResult,
};
use tower::{BoxError, Layer, Service, ServiceBuilder, ServiceExt, service_fn};
use tower_test::assert_request_eq;
use tower_test::mock;

use common::{Answer, Controlled, call};

fn answer() -> ToolResult {
    ToolResult::success(json!({"status": "shipped"}))
}

/// A tool that counts how often it runs.
fn tool(
    runs: &Arc<AtomicUsize>,
) -> impl Service<ToolCall, Response = ToolResult, Error = BoxError, Future: Send> + Clone + use<> {
    let runs = Arc::clone(runs);
    service_fn(move |_: ToolCall| {
        runs.fetch_add(1, Ordering::SeqCst);
        std::future::ready::<Answer>(Ok(answer()))
    })
}

fn refuse(refusal: &Refusal) -> Answer {
    Err(refusal.to_string().into())
}

#[tokio::test]
async fn readiness_is_that_of_the_service_inside_and_the_ready_one_is_called() {
    let sink = Controlled::new();
    let layer = AuditLayer::new(Recorder::new(sink.clone()));
    let (mut tools, mut handle) = mock::spawn_layer::<ToolCall, ToolResult, _>(layer);
    handle.allow(0);
    assert_pending!(tools.poll_ready());
    handle.allow(1);
    assert_ready_ok!(tools.poll_ready());
    // The mock panics where another instance is called than the one that was ready.
    let mut future = spawn(tools.call(call()));
    assert_request_eq!(handle, call()).send_response(answer());
    assert_eq!(assert_ready_ok!(future.poll()), answer());
    assert_eq!(sink.entries().len(), 1);
}

#[tokio::test]
async fn an_error_of_readiness_is_passed_on() {
    let sink = Controlled::new();
    let layer = AuditLayer::new(Recorder::new(sink.clone()));
    let (mut tools, mut handle) = mock::spawn_layer::<ToolCall, ToolResult, _>(layer);
    handle.send_error("the tool server is gone");
    let error = assert_ready_err!(tools.poll_ready());
    assert_eq!(error.to_string(), "the tool server is gone");
    assert!(sink.lines().is_empty());
}

#[tokio::test]
async fn the_readiness_of_a_clone_is_its_own() {
    let sink = Controlled::new();
    let runs = Arc::new(AtomicUsize::new(0));
    let layer = AuditLayer::new(Recorder::new(sink.clone()));
    let mut tools = spawn_service(layer.layer(tool(&runs)));
    assert_ready_ok!(tools.poll_ready());
    sink.shut();
    let mut clone = tools.clone();
    assert_pending!(clone.poll_ready());
    assert_ready_ok!(tools.poll_ready());
    sink.open();
}

fn spawn_service<S: Service<ToolCall>>(service: S) -> mock::Spawn<S> {
    mock::Spawn::new(service)
}

#[tokio::test]
async fn the_durable_layer_calls_the_instance_that_was_ready() {
    let sink = Controlled::new();
    let policy = Policy::new()
        .intent_for_all()
        .durability(tool_audit::Durability::Synced);
    let recorder = Recorder::builder(sink.clone()).policy(policy).build();
    let layer = AuditLayer::builder(recorder).build_durable();
    let (mut tools, mut handle) = mock::spawn_layer::<ToolCall, ToolResult, _>(layer);
    handle.allow(1);
    assert_ready_ok!(tools.poll_ready());
    let mut future = spawn(tools.call(call()));
    assert_pending!(future.poll());
    assert_request_eq!(handle, call()).send_response(answer());
    assert_ready_ok!(future.poll());
    // What took its place is not ready by that.
    handle.allow(0);
    assert_pending!(tools.poll_ready());
    handle.allow(1);
    assert_ready_ok!(tools.poll_ready());
    let mut future = spawn(tools.call(call()));
    assert_pending!(future.poll());
    assert_request_eq!(handle, call()).send_response(answer());
    assert_ready_ok!(future.poll());
    assert_eq!(sink.entries().len(), 4);
}

#[tokio::test(start_paused = true)]
async fn a_full_log_is_waited_for_and_wakes_when_it_opens() {
    let sink = Controlled::full();
    let layer = AuditLayer::new(Recorder::new(sink.clone()));
    let (mut tools, mut handle) = mock::spawn_layer::<ToolCall, ToolResult, _>(layer);
    handle.allow(1);
    assert_pending!(tools.poll_ready());
    assert!(!tools.is_woken());
    sink.open();
    assert!(tools.is_woken());
    assert_ready_ok!(tools.poll_ready());
    let mut future = spawn(tools.call(call()));
    assert_request_eq!(handle, call()).send_response(answer());
    assert_ready_ok!(future.poll());
    assert_eq!(sink.entries().len(), 1);
}

/// Counts how often it is asked whether it is ready, and is as often as it is told.
#[derive(Clone)]
struct Reserving {
    asked: Arc<AtomicUsize>,
    is_ready: bool,
}

impl Service<ToolCall> for Reserving {
    type Response = ToolResult;
    type Error = BoxError;
    type Future = std::future::Ready<Answer>;
    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        if self.is_ready {
            Poll::Ready(Ok(()))
        } else {
            Poll::Pending
        }
    }
    fn call(&mut self, _call: ToolCall) -> Self::Future {
        std::future::ready(Ok(answer()))
    }
}

fn reserving(is_ready: bool) -> Reserving {
    Reserving {
        asked: Arc::default(),
        is_ready,
    }
}

#[tokio::test(start_paused = true)]
async fn nothing_is_reserved_inside_while_the_log_is_full() {
    let sink = Controlled::full();
    let inner = reserving(true);
    let asked = Arc::clone(&inner.asked);
    let mut tools = spawn_service(AuditLayer::new(Recorder::new(sink.clone())).layer(inner));
    assert_pending!(tools.poll_ready());
    assert_eq!(asked.load(Ordering::SeqCst), 0);
    sink.open();
    assert_ready_ok!(tools.poll_ready());
    assert_eq!(asked.load(Ordering::SeqCst), 1);
}

#[tokio::test(start_paused = true)]
async fn what_is_ready_stays_ready_when_the_log_fills_up_and_its_call_is_recorded() {
    let sink = Controlled::new();
    let mut tools =
        spawn_service(AuditLayer::new(Recorder::new(sink.clone())).layer(reserving(true)));
    assert_ready_ok!(tools.poll_ready());
    sink.shut();
    assert_ready_ok!(tools.poll_ready());
    let mut future = spawn(tools.call(call()));
    assert_ready_ok!(future.poll());
    assert_eq!(sink.entries().len(), 1);
    assert_pending!(tools.poll_ready());
}

#[tokio::test(start_paused = true)]
async fn a_log_that_fills_up_while_the_service_inside_is_busy_is_waited_for() {
    let sink = Controlled::new();
    let mut tools =
        spawn_service(AuditLayer::new(Recorder::new(sink.clone())).layer(reserving(false)));
    assert_pending!(tools.poll_ready());
    sink.shut();
    tools.get_mut_inner().is_ready = true;
    assert_pending!(tools.poll_ready());
    sink.open();
    assert!(tools.is_woken());
    assert_ready_ok!(tools.poll_ready());
}

/// The service inside of an audited one.
trait Inner {
    fn get_mut_inner(&mut self) -> &mut Reserving;
}

impl<K> Inner for mock::Spawn<tool_audit::AuditService<Reserving, K>> {
    fn get_mut_inner(&mut self) -> &mut Reserving {
        self.get_mut().get_mut()
    }
}

#[tokio::test(start_paused = true)]
async fn after_max_wait_the_hook_answers_and_the_tool_does_not_run() {
    let sink = Controlled::full();
    let recorder = Recorder::new(sink.clone());
    let runs = Arc::new(AtomicUsize::new(0));
    let layer = AuditLayer::builder(recorder.clone())
        .on_unavailable(refuse)
        .build();
    let mut tools = spawn_service(layer.layer(tool(&runs)));
    assert_pending!(tools.poll_ready());
    tokio::time::advance(Duration::from_millis(4999)).await;
    assert_pending!(tools.poll_ready());
    tokio::time::advance(Duration::from_millis(2)).await;
    assert!(tools.is_woken());
    assert_ready_ok!(tools.poll_ready());
    let mut future = spawn(tools.call(call()));
    let error = assert_ready_err!(future.poll());
    assert!(error.to_string().contains("took longer"), "{error}");
    assert_eq!(runs.load(Ordering::SeqCst), 0);
    assert!(sink.lines().is_empty());
    let stats = recorder.stats();
    assert_eq!((stats.started, stats.refused, stats.lost), (0, 1, 0));
}

#[tokio::test(start_paused = true)]
async fn a_policy_of_its_own_sets_the_wait() {
    let sink = Controlled::full();
    let policy = Policy::new().max_wait(Duration::from_millis(20));
    let recorder = Recorder::builder(sink.clone()).policy(policy).build();
    let mut admit = spawn(recorder.admit());
    assert_pending!(admit.poll());
    tokio::time::advance(Duration::from_millis(21)).await;
    let refusal = assert_ready_err!(admit.poll());
    assert!(refusal.error().is_deadline());
    assert_eq!(recorder.stats().refused, 1);
}

#[tokio::test(start_paused = true)]
async fn a_call_that_goes_on_without_the_log_is_counted_as_lost() {
    let sink = Controlled::full();
    let recorder = Recorder::new(sink.clone());
    let runs = Arc::new(AtomicUsize::new(0));
    let mut tools = AuditLayer::new(recorder.clone()).layer(tool(&runs));
    let got = tools.ready().await.expect("ready").call(call()).await;
    assert_eq!(got.expect("the tool's answer"), answer());
    assert_eq!(runs.load(Ordering::SeqCst), 1);
    assert!(sink.lines().is_empty());
    let stats = recorder.stats();
    assert_eq!((stats.started, stats.recorded, stats.lost), (1, 0, 1));
    let losses = sink.losses();
    assert_eq!(losses.len(), 1);
    assert_eq!((losses[0].count, losses[0].reason), (1, "queue full"));
}

#[tokio::test(start_paused = true)]
async fn a_call_that_went_on_is_recorded_where_there_is_room_again_at_its_end() {
    let sink = Controlled::full();
    let policy = Policy::new().intent_for_all();
    let recorder = Recorder::builder(sink.clone()).policy(policy).build();
    let opens = sink.clone();
    let tools = service_fn(move |_: ToolCall| {
        // The record of intent found no room, and is not made up for.
        assert!(opens.lines().is_empty());
        opens.open();
        std::future::ready::<Answer>(Ok(answer()))
    });
    let mut tools = AuditLayer::new(recorder.clone()).layer(tools);
    tools
        .ready()
        .await
        .expect("ready")
        .call(call())
        .await
        .expect("an answer");
    assert_eq!(sink.entries().len(), 1);
    assert_eq!(sink.entries()[0].outcome, Some(Outcome::Success));
    assert_eq!((recorder.stats().recorded, recorder.stats().lost), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn after_one_wait_in_vain_the_next_calls_do_not_wait_until_the_log_opens_again() {
    let sink = Controlled::full();
    let recorder = Recorder::new(sink.clone());
    let runs = Arc::new(AtomicUsize::new(0));
    let layer = AuditLayer::new(recorder.clone());
    let mut tools = layer.layer(tool(&runs));
    let start = tokio::time::Instant::now();
    for _ in 0..10 {
        tools
            .ready()
            .await
            .expect("ready")
            .call(call())
            .await
            .expect("an answer");
        let mut other = layer.layer(tool(&runs));
        other
            .ready()
            .await
            .expect("ready")
            .call(call())
            .await
            .expect("an answer");
    }
    // Paused time passes only where somebody waits for it.
    let waited = start.elapsed();
    assert!(
        waited >= Duration::from_secs(5) && waited < Duration::from_millis(5100),
        "{waited:?}"
    );
    assert_eq!(recorder.stats().lost, 20);

    sink.open();
    tools
        .ready()
        .await
        .expect("ready")
        .call(call())
        .await
        .expect("an answer");
    assert_eq!(recorder.stats().recorded, 1);
    sink.shut();
    let mut tools = spawn_service(tools);
    assert_pending!(tools.poll_ready());
}

#[tokio::test(start_paused = true)]
async fn who_waited_in_vain_is_admitted_where_the_log_opens_before_the_call() {
    let sink = Controlled::full();
    let recorder = Recorder::new(sink.clone());
    let layer = AuditLayer::builder(recorder.clone())
        .on_unavailable(refuse)
        .build();
    let mut tools = spawn_service(layer.layer(reserving(false)));
    assert_pending!(tools.poll_ready());
    tokio::time::advance(Duration::from_secs(6)).await;
    assert_pending!(tools.poll_ready());
    sink.open();
    tools.get_mut_inner().is_ready = true;
    assert_ready_ok!(tools.poll_ready());
    let mut future = spawn(tools.call(call()));
    assert_ready_ok!(future.poll());
    assert_eq!(recorder.stats().recorded, 1);
}

#[tokio::test(start_paused = true)]
async fn a_wait_that_was_given_up_is_not_gone_on_with_once_the_log_has_opened() {
    let sink = Controlled::full();
    let recorder = Recorder::new(sink.clone());
    let runs = Arc::new(AtomicUsize::new(0));
    let layer = AuditLayer::builder(recorder.clone())
        .on_unavailable(refuse)
        .build();
    let (mut shed, mut other) = (
        spawn_service(layer.layer(tool(&runs))),
        spawn_service(layer.layer(tool(&runs))),
    );
    assert_pending!(shed.poll_ready());
    sink.open();
    assert_ready_ok!(other.poll_ready());
    tokio::time::advance(Duration::from_secs(60)).await;
    sink.shut();
    assert_pending!(shed.poll_ready());
    tokio::time::advance(Duration::from_secs(4)).await;
    assert_pending!(shed.poll_ready());
    tokio::time::advance(Duration::from_secs(2)).await;
    assert_ready_ok!(shed.poll_ready());
}

#[tokio::test(start_paused = true)]
async fn a_sink_that_says_that_it_can_take_nothing_is_not_waited_for() {
    let sink = Controlled::new();
    sink.fail(SinkError::other("the disk is gone"));
    let recorder = Recorder::new(sink.clone());
    let runs = Arc::new(AtomicUsize::new(0));
    let layer = AuditLayer::builder(recorder.clone())
        .on_unavailable(refuse)
        .build();
    let mut tools = spawn_service(layer.layer(tool(&runs)));
    assert_ready_ok!(tools.poll_ready());
    let error = assert_ready_err!(spawn(tools.call(call())).poll());
    assert!(error.to_string().ends_with("the disk is gone"));

    let mut tools = spawn_service(AuditLayer::new(recorder.clone()).layer(tool(&runs)));
    assert_ready_ok!(tools.poll_ready());
    assert_ready_ok!(spawn(tools.call(call())).poll());
    assert_eq!(sink.losses()[0].reason, "log failed");
    assert_eq!((recorder.stats().refused, recorder.stats().lost), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn a_hook_that_panics_leaves_a_call_that_was_refused() {
    let sink = Controlled::new();
    sink.fail(SinkError::other("the disk is gone"));
    let recorder = Recorder::new(sink);
    let runs = Arc::new(AtomicUsize::new(0));
    let layer = AuditLayer::builder(recorder.clone())
        .on_unavailable(|_: &Refusal| -> Answer { panic!("the hook's") })
        .build();
    let mut tools = spawn_service(layer.layer(tool(&runs)));
    assert_ready_ok!(tools.poll_ready());
    catch_unwind(AssertUnwindSafe(|| drop(tools.call(call())))).expect_err("it panics");
    assert_eq!(recorder.stats().refused, 1);
    assert_eq!(runs.load(Ordering::SeqCst), 0);
}

#[tokio::test(start_paused = true)]
async fn nested_calls_through_a_full_log_come_to_an_end() {
    let sink = Controlled::new();
    let recorder = Recorder::new(sink.clone());
    let layer = AuditLayer::new(recorder.clone());
    let runs = Arc::new(AtomicUsize::new(0));
    let inner = layer.layer(tool(&runs));
    let fills = sink.clone();
    let mut outer = layer.layer(service_fn(move |_: ToolCall| {
        let mut inner = inner.clone();
        fills.shut();
        async move {
            inner
                .ready()
                .await?
                .call(ToolCall::new("inner", json!({})))
                .await
        }
    }));
    let got = outer.ready().await.expect("ready").call(call()).await;
    assert_eq!(got.expect("an answer"), answer());
    // The outer call was admitted, and is recorded; the inner one was not.
    assert_eq!(sink.entries().len(), 1);
    assert_eq!(sink.entries()[0].tool_name, "update_order_status");
    assert_eq!((recorder.stats().recorded, recorder.stats().lost), (1, 1));
}

/// A task that counts how often it is woken.
#[derive(Default)]
struct Task(AtomicUsize);

impl Wake for Task {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

#[tokio::test(start_paused = true)]
async fn clones_that_were_shed_leave_no_waker_behind_and_starve_nobody() {
    let sink = Controlled::full();
    let runs = Arc::new(AtomicUsize::new(0));
    let layer = AuditLayer::new(Recorder::new(sink.clone()));
    let mut patient = spawn_service(layer.layer(tool(&runs)));
    assert_pending!(patient.poll_ready());
    let mut tasks = Vec::new();
    let shedding = ServiceBuilder::new()
        .load_shed()
        .layer(layer.clone())
        .service(tool(&runs));
    for _ in 0..1000 {
        let task = Arc::new(Task::default());
        tasks.push(Arc::downgrade(&task));
        let waker = Waker::from(task);
        let mut cx = Context::from_waker(&waker);
        let mut clone = shedding.clone();
        assert!(
            clone.poll_ready(&mut cx).is_ready(),
            "it sheds, and so is always ready"
        );
        let mut future = Box::pin(clone.call(call()));
        let Poll::Ready(Err(error)) = future.as_mut().poll(&mut cx) else {
            panic!("the call is shed");
        };
        assert!(error.is::<tower::load_shed::error::Overloaded>());
    }
    sink.open();
    assert!(tasks.iter().all(|task| task.strong_count() == 0));
    assert_eq!(sink.waiting(), 0);
    assert!(patient.is_woken());
    assert_ready_ok!(patient.poll_ready());
    assert_ready_ok!(spawn(patient.call(call())).poll());
    assert_eq!(sink.entries().len(), 1);
    assert_eq!(runs.load(Ordering::SeqCst), 1);
}

#[tokio::test(start_paused = true)]
async fn every_call_is_recorded_lost_or_refused() {
    let sink = Controlled::new();
    let recorder = Recorder::new(sink.clone());
    let runs = Arc::new(AtomicUsize::new(0));
    let mut going_on = AuditLayer::new(recorder.clone()).layer(tool(&runs));
    let mut refusing = AuditLayer::builder(recorder.clone())
        .on_unavailable(refuse)
        .build()
        .layer(tool(&runs));
    let mut calls = 0;
    for round in 0..40 {
        match round % 4 {
            0 => sink.open(),
            1 => sink.shut(),
            2 => sink.fail(SinkError::other("the disk is gone")),
            _ => {}
        }
        drop(going_on.ready().await.expect("ready").call(call()).await);
        drop(refusing.ready().await.expect("ready").call(call()).await);
        drop(going_on.ready().await.expect("ready").call(call()));
        calls += 3;
    }
    let stats = recorder.stats();
    assert_eq!(stats.recorded + stats.lost + stats.refused, calls);
    assert_eq!(stats.started, stats.recorded + stats.lost);
    assert_eq!(stats.open, 0);
    assert_eq!(stats.recorded, sink.lines().len() as u64);
    assert_eq!(
        stats.lost,
        sink.losses().iter().map(|loss| loss.count).sum::<u64>()
    );
    assert_eq!((stats.recorded, stats.lost, stats.refused), (30, 60, 30));
}

#[tokio::test(start_paused = true)]
async fn by_hand_a_caller_may_go_on_where_the_log_cannot_take_the_call() {
    let sink = Controlled::full();
    let recorder = Recorder::new(sink.clone());
    let admission = recorder.admit_or_go_on().await;
    assert!(matches!(admission, Admission::Unavailable(_)));
    let recording = recorder.start_admitted(&admission, |builder| {
        builder.tool_call(&call());
    });
    let committed = recording.success(&json!({})).await;
    assert!(committed.expect_err("it is lost").is_lost());
    assert_eq!((recorder.stats().lost, recorder.stats().refused), (1, 0));

    sink.open();
    let admission = recorder.admit_or_go_on().await;
    assert!(matches!(admission, Admission::Admitted));
    let recording = recorder.start_admitted(&admission, |builder| {
        builder.tool_call(&call());
    });
    sink.shut();
    recording
        .success(&json!({}))
        .await
        .expect("once admitted, always recorded");
    assert_eq!(sink.entries().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_waiting_gate_is_asked_no_more_often_than_it_is_polled() {
    let sink = Controlled::full();
    let recorder = Recorder::new(sink.clone());
    let mut admit = spawn(recorder.admit());
    assert_pending!(admit.poll());
    assert_eq!((sink.polls(), sink.waiting()), (1, 1));
    sink.open();
    assert_ready!(admit.poll()).expect("open");
    assert_eq!(sink.polls(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_waiter_that_is_dropped_leaves_the_gate_to_the_others() {
    let sink = Controlled::full();
    let recorder = Recorder::new(sink.clone());
    let mut gone = spawn(recorder.admit());
    let mut stays = spawn(recorder.admit());
    assert_pending!(gone.poll());
    assert_pending!(stays.poll());
    drop(gone);
    sink.open();
    assert!(stays.is_woken());
    assert_ready_ok!(stays.poll());
}

#[tokio::test(start_paused = true)]
async fn who_waited_in_vain_does_not_wait_again_for_the_same_call() {
    let sink = Controlled::full();
    let recorder = Recorder::new(sink.clone());
    let layer = AuditLayer::builder(recorder.clone())
        .on_unavailable(refuse)
        .build();
    let mut tools = spawn_service(layer.layer(reserving(false)));
    assert_pending!(tools.poll_ready());
    tokio::time::advance(Duration::from_secs(6)).await;
    // It is decided; now the service inside is busy.
    assert_pending!(tools.poll_ready());
    sink.open();
    recorder
        .admit()
        .await
        .expect("the log is open for a moment");
    sink.shut();
    tools.get_mut_inner().is_ready = true;
    assert_ready_ok!(tools.poll_ready());
    assert_ready_err!(spawn(tools.call(call())).poll());
    assert_eq!(recorder.stats().refused, 1);
}
