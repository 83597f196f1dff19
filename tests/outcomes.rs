//! Every way a call can end with an answer, through the layer, the durable layer and by hand: one end
//! record each, and the answer unchanged.

mod common;

use std::error::Error;
use std::fmt;
use std::future::{Future, pending};
use std::io;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::task::Poll;
use std::time::Duration;

use serde_json::{Value, json};
use tool_audit::{
    AuditLayer, ClassifyErrors, MemorySink, Outcome, OutcomeBuilder, Recorder, ToolCall, ToolResult,
};
use tower::{BoxError, Layer, Service, ServiceExt, service_fn};

use common::{Answer, call, error_of, only};

/// Makes the future of one call.
type Tool = fn() -> Pin<Box<dyn Future<Output = Answer> + Send>>;

/// How a tool ends, and what its record has to say.
struct Case {
    name: &'static str,
    tool: Tool,
    outcome: Outcome,
    error: Option<&'static str>,
    error_type: Option<&'static str>,
}

macro_rules! cases {
    ($($name:literal: $tool:expr => $outcome:ident, $error:expr, $error_type:expr;)*) => {
        vec![$(Case {
            name: $name,
            tool: || Box::pin(async { $tool }),
            outcome: Outcome::$outcome,
            error: $error,
            error_type: $error_type,
        }),*]
    };
}

fn ok(value: Value) -> Answer {
    Ok(ToolResult::success(value))
}

fn err<T>(error: impl Into<BoxError>) -> Result<T, BoxError> {
    Err(error.into())
}

/// An error of the tool's own that has a source.
#[derive(Debug)]
struct Wrapped(BoxError);

impl fmt::Display for Wrapped {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("the tool server failed")
    }
}

impl Error for Wrapped {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&*self.0)
    }
}

fn wrapped<T>(error: impl Into<BoxError>) -> Result<T, BoxError> {
    err(Wrapped(error.into()))
}

async fn tokio_elapsed() -> tokio::time::error::Elapsed {
    tokio::time::timeout(Duration::ZERO, pending::<()>())
        .await
        .expect_err("the time is over")
}

/// Answers that say how the call ended.
fn answers() -> Vec<Case> {
    cases! {
        "a success": ok(json!({"order_id": "ORD-1"})) => Success, None, None;
        "a success that is null": ok(Value::Null) => Success, None, None;
        "a failure": Ok(ToolResult::failure("no such order")) => ToolError, Some("no such order"), Some("tool_error");
        "a failure with a type": Ok(ToolResult::Failure { error: "no".to_owned(), error_type: Some("not_found".to_owned()) })
            => ToolError, Some("no"), Some("not_found");
        "a member error": ok(json!({"error": "no such order"})) => ToolError, Some("no such order"), Some("tool_error");
        "a member error with a message": ok(json!({"error": {"code": -1, "message": "broken"}})) => ToolError, Some("broken"), Some("tool_error");
        "a member error with anything": ok(json!({"error": {"b": [1], "a": "x"}})) => ToolError, Some(r#"{"a":"x","b":[1]}"#), Some("tool_error");
        "a member error that is true": ok(json!({"error": true})) => ToolError, Some("true"), Some("tool_error");
        "a member error that is null": ok(json!({"error": null})) => Success, None, None;
        "a member error that is false": ok(json!({"error": false})) => Success, None, None;
        "a member error that is empty": ok(json!({"error": ""})) => Success, None, None;
        "an MCP error": ok(json!({"content": [{"type": "text", "text": "disk full"}], "isError": true}))
            => ToolError, Some("disk full"), Some("tool_error");
        "an MCP error without a text": ok(json!({"content": [], "isError": true})) => ToolError, None, Some("tool_error");
        "an MCP success": ok(json!({"content": [], "isError": false})) => Success, None, None;
        "a denial": Ok(ToolResult::denied("not your order")) => Denied, Some("not your order"), Some("denied");
        "an interim answer": Ok(ToolResult::input_required(json!({"ask": "which?"}))) => InputRequired, None, None;
        "an interim answer of MCP": ok(json!({"resultType": "input_required", "error": "no"})) => InputRequired, None, None;
    }
}

/// Errors of the service.
fn errors() -> Vec<Case> {
    cases! {
        "a text": err("it broke") => ServiceError, Some("it broke"), Some("error");
        "an error with a source": wrapped("the disk is full") => ServiceError, Some("the tool server failed: the disk is full"), Some("error");
        "tokio's Elapsed": err(tokio_elapsed().await) => TimedOut, Some("deadline has elapsed"), Some("timeout");
        "tokio's Elapsed, wrapped": wrapped(Wrapped(tokio_elapsed().await.into()))
            => TimedOut, Some("the tool server failed: deadline has elapsed"), Some("timeout");
        "tokio's Elapsed in an I/O error": err(io::Error::other(tokio_elapsed().await)) => TimedOut, Some("deadline has elapsed"), Some("timeout");
        "an I/O time-out": wrapped(io::Error::from(io::ErrorKind::TimedOut)) => TimedOut, Some("the tool server failed: timed out"), Some("io_timed_out");
        "an I/O refusal": err(io::Error::new(io::ErrorKind::PermissionDenied, "not yours")) => Denied, Some("not yours"), Some("io_permission_denied");
        "another I/O error": err(io::Error::from(io::ErrorKind::BrokenPipe)) => ServiceError, Some("broken pipe"), Some("error");
    }
}

#[cfg(feature = "tower")]
mod tower_errors {
    use super::*;
    use tower::buffer::Buffer;
    use tower::load_shed::error::Overloaded;
    use tower::timeout::error::Elapsed;

    /// What a buffer answers whose worker is gone.
    async fn closed() -> BoxError {
        let inner = service_fn(|(): ()| async { Ok::<_, BoxError>(()) });
        let (mut buffer, worker) = Buffer::pair(inner, 1);
        drop(worker);
        buffer
            .ready()
            .await
            .map(drop)
            .expect_err("the worker is gone")
    }

    /// A service that is never ready.
    struct Unready(fn() -> BoxError);

    impl Service<()> for Unready {
        type Response = ();
        type Error = BoxError;
        type Future = std::future::Ready<Result<(), BoxError>>;
        fn poll_ready(&mut self, _cx: &mut std::task::Context<'_>) -> Poll<Result<(), BoxError>> {
            Poll::Ready(Err((self.0)()))
        }
        fn call(&mut self, (): ()) -> Self::Future {
            std::future::ready(Ok(()))
        }
    }

    /// What a buffer answers whose service has failed.
    async fn failed(with: fn() -> BoxError) -> BoxError {
        let mut buffer = Buffer::new(Unready(with), 1);
        let answer = buffer
            .ready()
            .await
            .expect("the buffer has room")
            .call(())
            .await;
        answer.expect_err("the service has failed")
    }

    pub(super) fn errors() -> Vec<Case> {
        cases! {
            "tower's Elapsed": err(Elapsed::new()) => TimedOut, Some("request timed out"), Some("timeout");
            "tower's Elapsed, wrapped": wrapped(Elapsed::new()) => TimedOut, Some("the tool server failed: request timed out"), Some("timeout");
            "Overloaded": err(Overloaded::new()) => Rejected, Some("service overloaded"), Some("overloaded");
            "Overloaded, wrapped twice": wrapped(Wrapped(Overloaded::new().into()))
                => Rejected, Some("the tool server failed: service overloaded"), Some("overloaded");
            "a closed buffer": Err(closed().await) => ServiceError, Some("buffer's worker closed unexpectedly"), Some("buffer_closed");
            "a closed buffer, wrapped": wrapped(closed().await)
                => ServiceError, Some("the tool server failed: buffer's worker closed unexpectedly"), Some("buffer_closed");
            "a failed buffer": Err(failed(|| "no route".into()).await)
                => ServiceError, Some("buffered service failed: no route"), Some("buffer_service_error");
            "a failed buffer that says why": wrapped(failed(|| Elapsed::new().into()).await)
                => TimedOut, Some("the tool server failed: buffered service failed: request timed out"), Some("timeout");
        }
    }

    #[tokio::test]
    async fn a_typed_error_of_tower_is_known_without_a_box() {
        for (outcome, error_type, error) in [
            (
                Outcome::TimedOut,
                "timeout",
                *failed(|| Elapsed::new().into())
                    .await
                    .downcast::<tower::buffer::error::ServiceError>()
                    .expect("a buffer's"),
            ),
            (
                Outcome::ServiceError,
                "buffer_service_error",
                *failed(|| "no route".into())
                    .await
                    .downcast()
                    .expect("a buffer's"),
            ),
        ] {
            let sink = MemorySink::new();
            let recording = Recorder::new(sink.clone()).start_call(&call());
            recording
                .result::<Value, _>(Err(&error))
                .await
                .expect("kept");
            let entry = only(&sink);
            assert_eq!(
                (entry.outcome, error_of(&entry).1),
                (Some(outcome), Some(error_type))
            );
        }
        let sink = MemorySink::new();
        Recorder::new(sink.clone())
            .start_call(&call())
            .result::<Value, _>(Err(&Overloaded::new()))
            .await
            .expect("kept");
        assert_eq!(only(&sink).outcome, Some(Outcome::Rejected));
    }
}

#[cfg(feature = "tower")]
fn tower_cases() -> Vec<Case> {
    tower_errors::errors()
}

#[cfg(not(feature = "tower"))]
fn tower_cases() -> Vec<Case> {
    Vec::new()
}

/// The three ways in which a call is recorded.
#[derive(Debug, Clone, Copy)]
enum Way {
    Layer,
    DurableLayer,
    ByHand,
}

const WAYS: [Way; 3] = [Way::Layer, Way::DurableLayer, Way::ByHand];

/// Runs a tool, recorded in this way.
async fn run(way: Way, sink: &MemorySink, tool: Tool) -> Answer {
    let recorder = Recorder::new(sink.clone());
    let tools = service_fn(move |_: ToolCall| tool());
    match way {
        Way::Layer => {
            let mut tools = AuditLayer::new(recorder).layer(tools);
            tools.ready().await?.call(call()).await
        }
        Way::DurableLayer => {
            let mut tools = AuditLayer::builder(recorder).build_durable().layer(tools);
            tools.ready().await?.call(call()).await
        }
        Way::ByHand => {
            recorder.admit().await?;
            let mut recording = recorder.start_call(&call());
            recording.begin();
            let mut tool = tool();
            let answer = std::future::poll_fn(|cx| {
                match std::panic::catch_unwind(AssertUnwindSafe(|| tool.as_mut().poll(cx))) {
                    Ok(poll) => poll.map(Ok),
                    Err(panic) => Poll::Ready(Err(panic)),
                }
            });
            match answer.await {
                Ok(answer) => {
                    recording.result(answer.as_ref()).await?;
                    answer
                }
                Err(panic) => {
                    recording.panicked(&*panic).await?;
                    std::panic::resume_unwind(panic)
                }
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_answer_or_an_error_leaves_one_record_that_says_how_the_call_ended() {
    for case in answers().into_iter().chain(errors()).chain(tower_cases()) {
        for way in WAYS {
            let sink = MemorySink::new();
            let expected = (case.tool)().await.map_err(|error| error.to_string());
            let answer = run(way, &sink, case.tool).await;
            assert_eq!(
                answer.map_err(|error| error.to_string()),
                expected,
                "{} {way:?}",
                case.name
            );
            let entry = only(&sink);
            assert_eq!(entry.kind, "tool_call");
            assert_eq!(entry.outcome, Some(case.outcome), "{} {way:?}", case.name);
            assert_eq!(
                entry.success,
                case.outcome == Outcome::Success,
                "{} {way:?}",
                case.name
            );
            assert_eq!(
                error_of(&entry),
                (case.error, case.error_type),
                "{} {way:?}",
                case.name
            );
        }
    }
}

#[tokio::test]
async fn a_panic_is_recorded_with_its_message_and_resumed_to_the_caller() {
    let cases: [(_, Tool); 3] = [
        ("out of paper", || {
            Box::pin(async { panic!("out of paper") })
        }),
        ("tray 7 is empty", || {
            Box::pin(async { panic!("tray {} is empty", 3 + 4) })
        }),
        ("a panic without a message", || {
            Box::pin(async { std::panic::panic_any(7_u8) })
        }),
    ];
    for (text, tool) in cases {
        for way in WAYS {
            let sink = MemorySink::new();
            let shared = sink.clone();
            let task = tokio::spawn(async move { run(way, &shared, tool).await });
            let panic = task.await.expect_err("the tool panics").into_panic();
            match panic.downcast_ref::<u8>() {
                Some(number) => assert_eq!(*number, 7),
                None => assert_eq!(common::panic_text(&*panic), text),
            }
            let entry = only(&sink);
            assert_eq!(entry.outcome, Some(Outcome::Panicked), "{way:?}");
            assert_eq!(error_of(&entry), (Some(text), Some("panic")), "{way:?}");
        }
    }
}

/// Errors that are no boxes.
#[derive(Debug)]
enum Typed {
    Late(io::Error),
    Broken,
}

impl fmt::Display for Typed {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Late(_) => "late",
            Self::Broken => "broken",
        })
    }
}

impl Error for Typed {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Late(error) => Some(error),
            Self::Broken => None,
        }
    }
}

#[tokio::test]
async fn a_typed_error_is_judged_by_its_source_chain_where_asked_for() {
    let late = || Typed::Late(io::ErrorKind::TimedOut.into());
    for (error, by_default, with_chain) in [
        (
            late as fn() -> Typed,
            Outcome::ServiceError,
            Outcome::TimedOut,
        ),
        (
            || Typed::Broken,
            Outcome::ServiceError,
            Outcome::ServiceError,
        ),
    ] {
        let tools = service_fn(move |_: ToolCall| async move { Err::<Value, _>(error()) });
        let sink = MemorySink::new();
        let layer = AuditLayer::new(Recorder::new(sink.clone()));
        let answer: Typed = layer
            .layer(tools)
            .oneshot(call())
            .await
            .expect_err("the tool fails");
        let entry = only(&sink);
        assert_eq!(entry.outcome, Some(by_default));
        assert_eq!(error_of(&entry).0, Some(answer.to_string().as_str()));
        assert!(
            error_of(&entry)
                .1
                .is_some_and(|name| name.ends_with("Typed"))
        );

        let sink = MemorySink::new();
        let layer = AuditLayer::builder(Recorder::new(sink.clone()))
            .classify(ClassifyErrors)
            .build();
        layer
            .layer(tools)
            .oneshot(call())
            .await
            .expect_err("the tool fails");
        assert_eq!(only(&sink).outcome, Some(with_chain));
    }
}

/// An error whose source is itself.
#[derive(Debug)]
struct Endless;

impl fmt::Display for Endless {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("again")
    }
}

impl Error for Endless {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(self)
    }
}

#[tokio::test]
async fn a_source_chain_without_an_end_is_left() {
    let sink = MemorySink::new();
    let layer = AuditLayer::new(Recorder::new(sink.clone()));
    let tools = service_fn(|_: ToolCall| async { err::<Value>(Wrapped(Endless.into())) });
    layer
        .layer(tools)
        .oneshot(call())
        .await
        .expect_err("the tool fails");
    assert_eq!(
        error_of(&only(&sink)).0,
        Some("the tool server failed: again")
    );
}

#[tokio::test]
async fn a_closure_judges_responses_and_leaves_errors_to_the_default() {
    let sink = MemorySink::new();
    let layer = AuditLayer::builder(Recorder::new(sink.clone()))
        .classify(|rows: &Vec<u8>, outcome: &mut OutcomeBuilder<'_>| {
            if rows.is_empty() {
                // In either order: what is said of the failure does not go with what is said of the answer.
                outcome
                    .outcome(Outcome::ToolError)
                    .error("nothing found")
                    .error_type("empty");
            }
            outcome.result(&json!({"count": rows.len()}));
        })
        .build();
    let mut tools = layer.layer(service_fn(|call: ToolCall| async move {
        match call.tool_name.as_str() {
            "fails" => err("down"),
            "finds" => Ok(vec![1, 2]),
            _ => Ok(Vec::new()),
        }
    }));
    let mut tools_of_a_task = tools.clone();
    tokio::spawn(async move {
        for tool in ["fails", "finds", "misses"] {
            let tools = tools_of_a_task.ready().await.expect("ready");
            drop(tools.call(ToolCall::new(tool, json!({}))).await);
        }
    })
    .await
    .expect("no panic");
    tools.ready().await.expect("ready");
    let entries = common::entries(&sink);
    assert_eq!(entries[0].outcome, Some(Outcome::ServiceError));
    assert_eq!(error_of(&entries[0]), (Some("down"), Some("error")));
    assert_eq!(entries[1].outcome, Some(Outcome::Success));
    assert_eq!(entries[2].outcome, Some(Outcome::ToolError));
    assert_eq!(
        error_of(&entries[2]),
        (Some("nothing found"), Some("empty"))
    );
    let summary = entries[2].result_summary.as_ref().expect("a summary");
    assert_eq!(summary.identifiers["count"], json!(0));
}

#[tokio::test]
async fn responses_that_are_texts_or_nothing_are_successes() {
    let sink = MemorySink::new();
    let layer = AuditLayer::new(Recorder::new(sink.clone()));
    let text =
        service_fn(|_: ToolCall| async { Ok::<_, BoxError>(r#"{"order_id":"ORD-9"}"#.to_owned()) });
    layer.layer(text).oneshot(call()).await.expect("a text");
    let nothing = service_fn(|_: ToolCall| async { Ok::<(), BoxError>(()) });
    layer.layer(nothing).oneshot(call()).await.expect("nothing");
    let entries = common::entries(&sink);
    assert!(entries.iter().all(|entry| entry.success));
    let summary = entries[0].result_summary.as_ref().expect("a summary");
    assert_eq!(summary.identifiers["order_id"], json!("ORD-9"));
}
