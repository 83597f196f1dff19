//! Which record each order of layers gives; the outermost stands first in a test's name.

mod common;

use std::future::{pending, ready};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use serde_json::json;
use tokio::sync::Semaphore;
use tokio_test::task::spawn;
use tokio_test::{assert_pending, assert_ready_ok};
use tool_audit::{AuditLayer, MemorySink, Outcome, Recorder, ToolCall, ToolResult};
use tower::limit::ConcurrencyLimitLayer;
use tower::retry::Policy;
use tower::{BoxError, Service, ServiceBuilder, ServiceExt, service_fn};

use common::{Answer, StandingClock, call, entries, error_of, only};

fn audit(sink: &MemorySink) -> AuditLayer {
    AuditLayer::new(Recorder::new(sink.clone()))
}

fn outcomes(sink: &MemorySink) -> Vec<Outcome> {
    entries(sink)
        .into_iter()
        .filter_map(|entry| entry.outcome)
        .collect()
}

fn answer() -> Answer {
    Ok(ToolResult::success(json!({"status": "shipped"})))
}

/// A tool that never answers.
async fn slow(_call: ToolCall) -> Answer {
    pending().await
}

/// A tool that answers once it gets a permit, and the permits it waits for.
fn held() -> (
    Arc<Semaphore>,
    impl Service<ToolCall, Response = ToolResult, Error = BoxError, Future: Send + 'static>
    + Clone
    + Send
    + 'static,
) {
    let permits = Arc::new(Semaphore::new(0));
    let inside = Arc::clone(&permits);
    let tool = service_fn(move |_: ToolCall| {
        let permits = Arc::clone(&inside);
        async move {
            permits.acquire().await?.forget();
            answer()
        }
    });
    (permits, tool)
}

#[tokio::test(start_paused = true)]
async fn audit_timeout_gives_a_call_that_timed_out() {
    let sink = MemorySink::new();
    let clock = StandingClock::at(0);
    let recorder = Recorder::builder(sink.clone()).clock(clock.clone()).build();
    let mut tools = ServiceBuilder::new()
        .layer(AuditLayer::new(recorder))
        .timeout(Duration::from_millis(50))
        .service_fn(slow);
    let mut future = spawn(tools.ready().await.expect("ready").call(call()));
    assert_pending!(future.poll());
    clock.advance(Duration::from_millis(50));
    tokio::time::advance(Duration::from_millis(51)).await;
    assert!(future.is_woken());
    drop(future.await.expect_err("it is late"));
    let entry = only(&sink);
    if cfg!(feature = "tower") {
        assert_eq!(entry.outcome, Some(Outcome::TimedOut));
    }
    assert_eq!(error_of(&entry).0, Some("request timed out"));
    assert_eq!(entry.duration_ms, 50.0);
}

#[tokio::test(start_paused = true)]
async fn timeout_audit_gives_a_cancelled_call_that_does_not_know_why() {
    let sink = MemorySink::new();
    let mut tools = ServiceBuilder::new()
        .timeout(Duration::from_millis(50))
        .layer(audit(&sink))
        .service_fn(slow);
    tools
        .ready()
        .await
        .expect("ready")
        .call(call())
        .await
        .expect_err("it is late");
    assert_eq!(only(&sink).outcome, Some(Outcome::Cancelled));
    assert_eq!(error_of(&only(&sink)), (None, None));
}

#[tokio::test]
async fn audit_load_shed_concurrency_gives_the_call_that_was_shed_too() {
    let sink = MemorySink::new();
    let (permits, tool) = held();
    let mut tools = ServiceBuilder::new()
        .layer(audit(&sink))
        .load_shed()
        .concurrency_limit(1)
        .service(tool);
    let mut first = spawn(tools.ready().await.expect("ready").call(call()));
    assert_pending!(first.poll());
    tools
        .ready()
        .await
        .expect("ready")
        .call(call())
        .await
        .expect_err("shed");
    permits.add_permits(1);
    assert!(first.is_woken());
    assert_ready_ok!(first.poll());
    let entries = entries(&sink);
    assert_eq!(entries.len(), 2);
    if cfg!(feature = "tower") {
        assert_eq!(entries[0].outcome, Some(Outcome::Rejected));
    }
    assert_eq!(error_of(&entries[0]).0, Some("service overloaded"));
    assert_eq!(entries[1].outcome, Some(Outcome::Success));
}

#[tokio::test]
async fn load_shed_concurrency_audit_gives_no_trace_of_the_call_that_was_shed() {
    let sink = MemorySink::new();
    let (permits, tool) = held();
    let mut tools = ServiceBuilder::new()
        .load_shed()
        .concurrency_limit(1)
        .layer(audit(&sink))
        .service(tool);
    let mut first = spawn(tools.ready().await.expect("ready").call(call()));
    assert_pending!(first.poll());
    tools
        .ready()
        .await
        .expect("ready")
        .call(call())
        .await
        .expect_err("shed");
    permits.add_permits(1);
    assert_ready_ok!(first.poll());
    assert_eq!(outcomes(&sink), [Outcome::Success]);
}

#[tokio::test]
async fn audit_concurrency_gives_both_calls_and_the_wait_is_in_neither() {
    let sink = MemorySink::new();
    let clock = StandingClock::at(0);
    let recorder = Recorder::builder(sink.clone()).clock(clock.clone()).build();
    let (permits, tool) = held();
    let mut tools = ServiceBuilder::new()
        .layer(AuditLayer::new(recorder))
        .layer(ConcurrencyLimitLayer::new(1))
        .service(tool);
    let mut first = spawn(tools.ready().await.expect("ready").call(call()));
    assert_pending!(first.poll());
    let mut second = tools.clone();
    let mut waits = spawn(second.ready());
    assert!(waits.poll().is_pending());
    clock.advance(Duration::from_millis(80));
    permits.add_permits(1);
    assert_ready_ok!(first.poll());
    drop(first);
    assert!(waits.is_woken());
    let Poll::Ready(Ok(second)) = waits.poll() else {
        panic!("the second is ready");
    };
    let mut future = spawn(second.call(call()));
    assert_pending!(future.poll());
    clock.advance(Duration::from_millis(5));
    permits.add_permits(1);
    assert_ready_ok!(future.poll());
    let durations: Vec<_> = entries(&sink)
        .iter()
        .map(|entry| entry.duration_ms)
        .collect();
    assert_eq!(outcomes(&sink), [Outcome::Success; 2]);
    assert_eq!(durations, [80.0, 5.0]);
}

#[tokio::test]
async fn audit_buffer_concurrency_gives_the_caller_that_left_while_queued() {
    let sink = MemorySink::new();
    let (permits, tool) = held();
    let mut tools = ServiceBuilder::new()
        .layer(audit(&sink))
        .buffer(8)
        .concurrency_limit(1)
        .service(tool);
    let mut first = spawn(tools.ready().await.expect("ready").call(call()));
    assert_pending!(first.poll());
    let mut second = spawn(tools.ready().await.expect("ready").call(call()));
    assert_pending!(second.poll());
    drop(second);
    assert_eq!(outcomes(&sink), [Outcome::Cancelled]);
    permits.add_permits(1);
    first.await.expect("the first goes on");
    assert_eq!(outcomes(&sink), [Outcome::Cancelled, Outcome::Success]);
}

#[tokio::test]
async fn buffer_concurrency_audit_gives_no_trace_of_the_caller_that_left_while_queued() {
    let sink = MemorySink::new();
    let (permits, tool) = held();
    let mut tools = ServiceBuilder::new()
        .buffer(8)
        .concurrency_limit(1)
        .layer(audit(&sink))
        .service(tool);
    let mut first = spawn(tools.ready().await.expect("ready").call(call()));
    assert_pending!(first.poll());
    let mut second = spawn(tools.ready().await.expect("ready").call(call()));
    assert_pending!(second.poll());
    drop(second);
    permits.add_permits(2);
    first.await.expect("the first goes on");
    // A third call comes through the queue behind the second one, which is therefore gone.
    tools
        .ready()
        .await
        .expect("ready")
        .call(call())
        .await
        .expect("the third");
    assert_eq!(outcomes(&sink), [Outcome::Success; 2]);
}

/// Tries again after every error.
#[derive(Clone)]
struct Again;

impl Policy<ToolCall, ToolResult, BoxError> for Again {
    type Future = std::future::Ready<()>;
    fn retry(&mut self, _call: &mut ToolCall, result: &mut Answer) -> Option<Self::Future> {
        result.is_err().then(|| ready(()))
    }
    fn clone_request(&mut self, call: &ToolCall) -> Option<ToolCall> {
        Some(call.clone())
    }
}

/// A tool that fails twice.
fn failing_twice() -> impl Service<ToolCall, Response = ToolResult, Error = BoxError> + Clone {
    let runs = Arc::new(AtomicUsize::new(0));
    service_fn(move |_: ToolCall| {
        ready(match runs.fetch_add(1, Ordering::SeqCst) {
            0 | 1 => Err("not yet".into()),
            _ => answer(),
        })
    })
}

#[tokio::test]
async fn audit_retry_gives_one_call_and_retry_audit_one_for_each_attempt() {
    let sink = MemorySink::new();
    let mut tools = ServiceBuilder::new()
        .layer(audit(&sink))
        .retry(Again)
        .service(failing_twice());
    tools
        .ready()
        .await
        .expect("ready")
        .call(call())
        .await
        .expect("at last");
    assert_eq!(outcomes(&sink), [Outcome::Success]);

    let sink = MemorySink::new();
    let mut tools = ServiceBuilder::new()
        .retry(Again)
        .layer(audit(&sink))
        .service(failing_twice());
    tools
        .ready()
        .await
        .expect("ready")
        .call(call())
        .await
        .expect("at last");
    let entries = entries(&sink);
    assert_eq!(
        outcomes(&sink),
        [
            Outcome::ServiceError,
            Outcome::ServiceError,
            Outcome::Success
        ]
    );
    assert_eq!(entries[1].retry_of.as_ref(), Some(&entries[0].call_id));
    assert_eq!(entries[2].retry_of.as_ref(), Some(&entries[1].call_id));
}

#[tokio::test]
async fn an_aborted_task_gives_one_cancelled_call() {
    let sink = MemorySink::new();
    let mut tools = ServiceBuilder::new().layer(audit(&sink)).service_fn(slow);
    let future = tools.ready().await.expect("ready").call(call());
    let task = tokio::spawn(future);
    tokio::task::yield_now().await;
    task.abort();
    assert!(task.await.is_err_and(|error| error.is_cancelled()));
    assert_eq!(outcomes(&sink), [Outcome::Cancelled]);
}

#[tokio::test]
async fn the_loser_of_a_select_gives_one_cancelled_call() {
    let sink = MemorySink::new();
    let mut tools = ServiceBuilder::new().layer(audit(&sink)).service_fn(slow);
    let future = tools.ready().await.expect("ready").call(call());
    tokio::select! {
        biased;
        _ = future => unreachable!("it never ends"),
        () = ready(()) => {}
    }
    assert_eq!(outcomes(&sink), [Outcome::Cancelled]);
}

#[tokio::test]
async fn audit_limits_gives_one_panic_for_a_tool_that_panics() {
    let sink = MemorySink::new();
    let mut tools = ServiceBuilder::new()
        .layer(audit(&sink))
        .load_shed()
        .concurrency_limit(1)
        .timeout(Duration::from_secs(5))
        .service_fn(|_: ToolCall| async { Answer::Err(panic_with("no paper")) });
    let future = tools.ready().await.expect("ready").call(call());
    let panic = tokio::spawn(future)
        .await
        .expect_err("it panics")
        .into_panic();
    assert_eq!(common::panic_text(&*panic), "no paper");
    assert_eq!(outcomes(&sink), [Outcome::Panicked]);
}

fn panic_with(text: &'static str) -> BoxError {
    panic!("{text}")
}

/// Panics before there is a future.
#[derive(Clone)]
struct PanicsInCall;

impl Service<ToolCall> for PanicsInCall {
    type Response = ToolResult;
    type Error = BoxError;
    type Future = std::future::Ready<Answer>;
    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }
    fn call(&mut self, _call: ToolCall) -> Self::Future {
        ready(Err(panic_with("no paper")))
    }
}

#[tokio::test]
async fn audit_limits_gives_one_panic_for_a_service_that_panics_in_its_call() {
    let sink = MemorySink::new();
    let mut tools = ServiceBuilder::new()
        .layer(audit(&sink))
        .concurrency_limit(1)
        .service(PanicsInCall);
    let task = tokio::spawn(async move { tools.ready().await?.call(call()).await });
    assert!(task.await.is_err_and(|error| error.is_panic()));
    assert_eq!(outcomes(&sink), [Outcome::Panicked]);
}

#[tokio::test]
async fn a_panic_under_two_audits_is_recorded_by_both() {
    let (outer, inner) = (MemorySink::new(), MemorySink::new());
    let mut tools = ServiceBuilder::new()
        .layer(audit(&outer))
        .layer(audit(&inner))
        .service_fn(|_: ToolCall| async { Answer::Err(panic_with("no paper")) });
    let task = tokio::spawn(async move { tools.ready().await?.call(call()).await });
    assert!(task.await.is_err_and(|error| error.is_panic()));
    assert_eq!(outcomes(&outer), [Outcome::Panicked]);
    assert_eq!(outcomes(&inner), [Outcome::Panicked]);
}

/// Is never ready.
struct Broken;

impl Service<ToolCall> for Broken {
    type Response = ToolResult;
    type Error = BoxError;
    type Future = std::future::Ready<Answer>;
    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Err("the tool server is gone".into()))
    }
    fn call(&mut self, _call: ToolCall) -> Self::Future {
        ready(answer())
    }
}

#[tokio::test]
async fn a_service_that_fails_to_get_ready_gives_no_call_and_the_caller_its_error() {
    let sink = MemorySink::new();
    let recorder = Recorder::new(sink.clone());
    let mut tools = ServiceBuilder::new()
        .layer(AuditLayer::new(recorder.clone()))
        .service(Broken);
    let error = tools.ready().await.map(drop).expect_err("not ready");
    assert_eq!(error.to_string(), "the tool server is gone");
    assert!(sink.lines().is_empty());
    assert_eq!(recorder.stats().started, 0);
}
