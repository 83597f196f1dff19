//! Calls that end without an answer: dropped, aborted, lost in a select, or by a panic somewhere.

mod common;

use std::future::{Future, pending, ready};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::sync::oneshot;
use tokio_test::task::spawn;
use tool_audit::{
    AuditEntry, AuditLayer, AuditSink, CallBuilder, EntryHead, MemorySink, Outcome, OutcomeBuilder,
    Recorder, SanitizedEntry, SinkError, Ticket, ToolCall, ToolResult,
};
use tower::{BoxError, Layer, Service, ServiceExt, service_fn};

use common::{Answer, Controlled, call, error_of, only, panic_text};

type BoxFuture = Pin<Box<dyn Future<Output = Answer> + Send>>;

/// A service whose `call` may panic.
#[derive(Clone)]
struct Tools(fn(ToolCall) -> BoxFuture);

impl Service<ToolCall> for Tools {
    type Response = ToolResult;
    type Error = BoxError;
    type Future = BoxFuture;
    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }
    fn call(&mut self, call: ToolCall) -> BoxFuture {
        (self.0)(call)
    }
}

/// The future of one call of `tools` through each of the two layers, and where it is recorded.
fn both(tools: fn(ToolCall) -> BoxFuture) -> [(MemorySink, BoxFuture); 2] {
    let (sink, durable_sink) = (MemorySink::new(), MemorySink::new());
    let mut layered = AuditLayer::new(Recorder::new(sink.clone())).layer(Tools(tools));
    let mut durable = AuditLayer::builder(Recorder::new(durable_sink.clone()))
        .build_durable()
        .layer(Tools(tools));
    let future = layered.call(call());
    let durable_future = durable.call(call());
    [
        (sink, Box::pin(future)),
        (durable_sink, Box::pin(durable_future)),
    ]
}

fn never(_call: ToolCall) -> BoxFuture {
    Box::pin(pending())
}

fn recording(sink: &MemorySink) -> tool_audit::Recording {
    Recorder::new(sink.clone()).start_call(&call())
}

#[test]
fn a_call_that_is_dropped_while_it_runs_is_cancelled() {
    for (sink, future) in both(never) {
        let mut future = spawn(future);
        assert!(future.poll().is_pending());
        assert!(sink.lines().is_empty());
        drop(future);
        assert_eq!(only(&sink).outcome, Some(Outcome::Cancelled));
        assert_eq!(error_of(&only(&sink)), (None, None));
    }
    let sink = MemorySink::new();
    let mut by_hand = recording(&sink);
    by_hand.begin();
    drop(by_hand);
    assert_eq!(only(&sink).outcome, Some(Outcome::Cancelled));
}

#[test]
fn a_call_that_is_dropped_before_it_was_polled_says_so() {
    for (sink, future) in both(never) {
        drop(future);
        assert_eq!(only(&sink).outcome, Some(Outcome::NeverPolled));
    }
    let sink = MemorySink::new();
    drop(recording(&sink));
    assert_eq!(only(&sink).outcome, Some(Outcome::NeverPolled));
}

#[tokio::test]
async fn a_task_that_is_aborted_leaves_a_cancelled_call() {
    for (sink, mut future) in both(never) {
        let (polled, was_polled) = oneshot::channel();
        let mut polled = Some(polled);
        let task = tokio::spawn(std::future::poll_fn(move |cx| {
            let poll = future.as_mut().poll(cx);
            polled.take().map(|polled| polled.send(()));
            poll
        }));
        was_polled.await.expect("the task runs");
        task.abort();
        assert!(task.await.is_err_and(|error| error.is_cancelled()));
        assert_eq!(only(&sink).outcome, Some(Outcome::Cancelled));
    }
}

#[tokio::test]
async fn the_loser_of_a_select_is_cancelled() {
    for (sink, future) in both(never) {
        tokio::select! {
            biased;
            _ = future => unreachable!("it never ends"),
            () = ready(()) => {}
        }
        assert_eq!(only(&sink).outcome, Some(Outcome::Cancelled));
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_that_a_timer_outside_drops_is_cancelled_and_its_time_ends_there() {
    for (sink, future) in both(never) {
        assert!(
            tokio::time::timeout(Duration::from_secs(1), future)
                .await
                .is_err()
        );
        assert_eq!(only(&sink).outcome, Some(Outcome::Cancelled));
    }
}

#[test]
fn a_panic_in_the_call_itself_is_recorded_and_resumed() {
    fn panics(_call: ToolCall) -> BoxFuture {
        panic!("no paper")
    }
    let sink = MemorySink::new();
    let mut tools = AuditLayer::new(Recorder::new(sink.clone())).layer(Tools(panics));
    let panic = catch_unwind(AssertUnwindSafe(|| drop(tools.call(call())))).expect_err("it panics");
    assert_eq!(panic_text(&*panic), "no paper");
    assert_eq!(only(&sink).outcome, Some(Outcome::Panicked));
    assert_eq!(error_of(&only(&sink)), (Some("no paper"), Some("panic")));

    // The durable service calls the tool from its future.
    let sink = MemorySink::new();
    let mut tools = AuditLayer::builder(Recorder::new(sink.clone()))
        .build_durable()
        .layer(Tools(panics));
    let mut future = spawn(tools.call(call()));
    let panic = catch_unwind(AssertUnwindSafe(|| future.poll().is_ready())).expect_err("it panics");
    assert_eq!(panic_text(&*panic), "no paper");
    drop(future);
    assert_eq!(only(&sink).outcome, Some(Outcome::Panicked));
}

#[test]
fn a_panic_that_somebody_caught_is_a_panic_though_the_future_is_dropped_later() {
    for (sink, future) in both(|_| Box::pin(async { panic!("no paper") })) {
        let mut future = spawn(future);
        catch_unwind(AssertUnwindSafe(|| future.poll().is_ready())).expect_err("it panics");
        assert_eq!(only(&sink).outcome, Some(Outcome::Panicked));
        drop(future);
        assert_eq!(only(&sink).outcome, Some(Outcome::Panicked));
    }
}

#[test]
fn a_panic_beside_a_running_call_cancels_it_and_is_not_the_tools() {
    for (sink, future) in both(never) {
        let mut future = spawn(future);
        assert!(future.poll().is_pending());
        catch_unwind(AssertUnwindSafe(|| {
            let _running = future;
            panic!("somebody else's");
        }))
        .expect_err("it panics");
        assert_eq!(only(&sink).outcome, Some(Outcome::Cancelled));
    }
    for (sink, future) in both(never) {
        catch_unwind(AssertUnwindSafe(|| {
            let _never_polled = future;
            panic!("somebody else's");
        }))
        .expect_err("it panics");
        assert_eq!(only(&sink).outcome, Some(Outcome::NeverPolled));
    }
}

#[test]
fn a_recording_by_hand_that_the_tools_panic_drops_is_a_panic() {
    let sink = MemorySink::new();
    catch_unwind(AssertUnwindSafe(|| {
        let mut recording = recording(&sink);
        recording.begin();
        panic!("the tool's");
    }))
    .expect_err("it panics");
    assert_eq!(only(&sink).outcome, Some(Outcome::Panicked));
    assert_eq!(error_of(&only(&sink)).1, Some("panic"));
}

/// Makes a call by hand when it is dropped, also while the thread unwinds.
struct CleansUp(MemorySink);

impl Drop for CleansUp {
    fn drop(&mut self) {
        let mut recording = recording(&self.0);
        recording.begin();
        drop(recording);
    }
}

#[test]
fn a_recording_that_begins_while_the_thread_unwinds_does_not_blame_its_tool() {
    let sink = MemorySink::new();
    catch_unwind(AssertUnwindSafe(|| {
        let _cleans_up = CleansUp(sink.clone());
        panic!("somebody else's");
    }))
    .expect_err("it panics");
    assert_eq!(only(&sink).outcome, Some(Outcome::Cancelled));
}

/// A tool's future that panics when it is dropped.
struct PanicsInDrop;

impl Drop for PanicsInDrop {
    fn drop(&mut self) {
        panic!("not like this");
    }
}

#[test]
fn a_tool_that_panics_while_it_is_dropped_has_panicked() {
    let run: fn(ToolCall) -> BoxFuture = |_| {
        let guard = PanicsInDrop;
        Box::pin(async move {
            let _guard = guard;
            pending().await
        })
    };
    for (sink, future) in both(run) {
        let mut future = spawn(future);
        assert!(future.poll().is_pending());
        catch_unwind(AssertUnwindSafe(|| drop(future))).expect_err("it panics");
        assert_eq!(only(&sink).outcome, Some(Outcome::Panicked));
    }
}

#[tokio::test]
async fn what_a_tool_does_while_it_is_dropped_is_within_the_measured_time() {
    struct SlowDrop(common::StandingClock);
    impl Drop for SlowDrop {
        fn drop(&mut self) {
            self.0.advance(Duration::from_millis(7));
        }
    }
    let clock = common::StandingClock::at(0);
    let sink = MemorySink::new();
    let recorder = Recorder::builder(sink.clone()).clock(clock.clone()).build();
    let tools = service_fn(move |_: ToolCall| {
        let guard = SlowDrop(clock.clone());
        async move {
            let _guard = guard;
            pending::<Answer>().await
        }
    });
    let mut future = spawn(AuditLayer::new(recorder).layer(tools).call(call()));
    assert!(future.poll().is_pending());
    drop(future);
    assert_eq!(only(&sink).duration_ms, 7.0);
}

#[tokio::test]
async fn a_panic_in_describe_leaves_the_call_alone_and_a_record_of_what_was_told() {
    let sink = MemorySink::new();
    let layer = AuditLayer::builder(Recorder::new(sink.clone()))
        .describe(|call: &mut ToolCall, builder: &mut CallBuilder<'_>| {
            builder.tool_name(&call.tool_name);
            panic!("describe");
        })
        .build();
    let tools = service_fn(|_: ToolCall| async { Ok::<_, BoxError>(json!({"status": "ok"})) });
    layer
        .layer(tools)
        .oneshot(call())
        .await
        .expect("the call goes on");
    let entry = only(&sink);
    assert_eq!(entry.outcome, Some(Outcome::Success));
    assert_eq!(entry.tool_name, "update_order_status");
    assert_eq!(entry.user_id, "unknown");
}

#[tokio::test]
async fn a_panic_in_classify_leaves_the_answer_alone() {
    let sink = MemorySink::new();
    let layer = AuditLayer::builder(Recorder::new(sink.clone()))
        .classify(|value: &Value, outcome: &mut OutcomeBuilder<'_>| {
            outcome.result(value).error("half said");
            panic!("classify");
        })
        .build();
    let tools = service_fn(|_: ToolCall| async { Ok::<_, BoxError>(json!({"status": "ok"})) });
    let answer = layer
        .layer(tools)
        .oneshot(call())
        .await
        .expect("the answer");
    assert_eq!(answer, json!({"status": "ok"}));
    let entry = only(&sink);
    assert_eq!(entry.outcome, Some(Outcome::ServiceError));
    assert_eq!(error_of(&entry), (None, Some("classifier_panicked")));
    assert!(
        entry
            .result_summary
            .expect("a summary")
            .identifiers
            .is_empty()
    );
}

/// A sink that panics wherever it is told to.
#[derive(Clone, Copy, PartialEq)]
enum Panics {
    Record,
    Interested,
    Ready,
    Committed,
    Lost,
}

struct PanickingSink(Panics, Arc<AtomicUsize>);

impl PanickingSink {
    fn at(&self, place: Panics) {
        if self.0 == place {
            self.1.fetch_add(1, Ordering::Relaxed);
            panic!("the sink's own");
        }
    }
}

impl AuditSink for PanickingSink {
    fn record(&self, _entry: &SanitizedEntry<'_>) -> Ticket {
        self.at(Panics::Record);
        if self.0 == Panics::Lost {
            Ticket::LOST
        } else {
            Ticket::number(1)
        }
    }
    fn interested(&self, _head: &EntryHead<'_>) -> bool {
        self.at(Panics::Interested);
        true
    }
    fn poll_ready(&self, _cx: &mut Context<'_>) -> Poll<Result<(), SinkError>> {
        self.at(Panics::Ready);
        Poll::Ready(Ok(()))
    }
    fn poll_committed(
        &self,
        _cx: &mut Context<'_>,
        _ticket: &Ticket,
    ) -> Poll<Result<(), SinkError>> {
        self.at(Panics::Committed);
        Poll::Ready(Ok(()))
    }
    fn flush(&self) -> Ticket {
        self.at(Panics::Record);
        Ticket::DONE
    }
    fn poll_close(&self, _cx: &mut Context<'_>) -> Poll<Result<(), SinkError>> {
        self.at(Panics::Record);
        Poll::Ready(Ok(()))
    }
    fn entries_lost(&self, _loss: &tool_audit::Loss) {
        self.at(Panics::Lost);
    }
}

#[tokio::test]
async fn a_sink_that_panics_anywhere_does_not_reach_the_caller_and_is_counted() {
    for place in [
        Panics::Record,
        Panics::Interested,
        Panics::Ready,
        Panics::Committed,
        Panics::Lost,
    ] {
        let panics = Arc::new(AtomicUsize::new(0));
        let recorder = Recorder::new(PanickingSink(place, Arc::clone(&panics)));
        let tools = service_fn(|_: ToolCall| async { Ok::<_, BoxError>(json!({"status": "ok"})) });
        let mut layered = AuditLayer::new(recorder.clone()).layer(tools);
        let answer = layered
            .ready()
            .await
            .expect("ready")
            .call(call())
            .await
            .expect("the answer");
        assert_eq!(answer, json!({"status": "ok"}));
        assert!(panics.load(Ordering::Relaxed) > 0);
        let stats = recorder.stats();
        assert_eq!((stats.started, stats.open), (1, 0));
        assert_eq!(stats.recorded + stats.lost, 1);
        assert_eq!(stats.undurable, 1);
        // Where a call is dropped by a panic, another one from the sink would end the process.
        catch_unwind(AssertUnwindSafe(|| {
            let _running = layered.call(call());
            panic!("somebody else's");
        }))
        .expect_err("it panics");
        assert_eq!(recorder.stats().recorded + recorder.stats().lost, 2);
        if place == Panics::Record {
            assert!(recorder.flush().await.is_err());
            assert!(recorder.close().await.is_err());
        }
    }
}

#[test]
fn a_lost_call_is_told_to_the_sink_with_the_reason() {
    let sink = Controlled::new();
    let recorder = Recorder::new(sink.clone());
    let recording = recorder.start_call(&call());
    tokio_test::block_on(async {
        let mut cx = Context::from_waker(std::task::Waker::noop());
        assert!(sink.poll_close(&mut cx).is_ready());
    });
    drop(recording.success(&json!({})));
    assert_eq!(sink.losses().len(), 1);
    assert_eq!(
        (sink.losses()[0].count, sink.losses()[0].reason),
        (1, "entry not taken")
    );
    assert_eq!(recorder.stats().lost, 1);
}

#[test]
fn a_future_that_is_polled_again_after_its_end_panics_and_records_nothing_more() {
    for (sink, future) in both(|_| Box::pin(async { Ok(ToolResult::success(json!({}))) })) {
        let mut future = spawn(future);
        assert!(future.poll().is_ready());
        catch_unwind(AssertUnwindSafe(|| future.poll().is_ready())).expect_err("it panics");
        drop(future);
        assert_eq!(only(&sink).outcome, Some(Outcome::Success));
    }
}

#[test]
fn every_outcome_of_the_format_can_be_recorded_by_hand() {
    for outcome in Outcome::ALL {
        let sink = MemorySink::new();
        drop(recording(&sink).finish(|builder| {
            builder.outcome(outcome);
        }));
        let entry: AuditEntry = only(&sink);
        assert_eq!(entry.outcome, Some(outcome));
        assert_eq!(entry.is_failure(), outcome.is_failure());
    }
}
