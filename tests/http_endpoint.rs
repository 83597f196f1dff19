//! An endpoint whose calls are recorded further inside: nothing is recorded twice, and no refusal goes unrecorded.

mod common;
mod http_support;

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody};
use axum::extract::{ConnectInfo, Request};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use axum::routing::post as on_post;
use axum::{Extension, Json, Router};
use http::StatusCode;
use hyper::body::{Frame, SizeHint};
use serde_json::{Value, json};
use tool_audit::adapt::http::{AuditHandle, EndpointAuditLayer};
use tool_audit::{CallContext, Identity, MemorySink, Outcome, Recorder};
use tower::{Layer, ServiceExt, service_fn};

use common::{Controlled, StandingClock, entries, error_of, only};
use http_support::{audit, get, head, post, send};

fn layer(sink: &MemorySink) -> EndpointAuditLayer {
    EndpointAuditLayer::new(Recorder::new(sink.clone()))
        .context(CallContext::default().server("orders"))
}

fn call() -> Value {
    json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "add", "arguments": {"a": 1}}})
}

/// An endpoint that answers with this status.
fn answers(status: u16) -> Router {
    let status = StatusCode::from_u16(status).expect("a status");
    Router::new().route("/mcp", on_post(async move |_: Json<Value>| (status, "why")))
}

/// An endpoint that records its calls itself, as a server's handler does, and answers with this status.
fn claims(sink: &MemorySink, status: u16) -> Router {
    let recorder = Recorder::new(sink.clone());
    let status = StatusCode::from_u16(status).expect("a status");
    let handler = async move |Extension(handle): Extension<AuditHandle>| {
        assert!(handle.claim());
        let recording = recorder.start(|call| {
            call.tool_name("add")
                .context(&handle.context())
                .identity(&handle.identity());
        });
        drop(recording.success(&json!({"sum": 3})));
        status
    };
    Router::new().route("/mcp", on_post(handler))
}

#[tokio::test]
async fn a_claimed_request_is_not_recorded_again_however_it_is_answered() {
    for status in [200, 202, 403, 404, 500, 503] {
        let sink = MemorySink::new();
        let app = claims(&sink, status).layer(layer(&sink));
        let mut request = post("/mcp", &call());
        let peer: SocketAddr = ([10, 0, 1, 5], 4711).into();
        request.extensions_mut().insert(ConnectInfo(peer));
        send(&app, request).await;
        let entry = only(&sink);
        assert_eq!(entry.outcome, Some(Outcome::Success), "{status}");
        assert_eq!(entry.session_metadata["client_ip"], "10.0.1.5");
        assert_eq!(entry.attribution.verified, ["client_ip"]);
    }
}

#[tokio::test]
async fn what_nobody_claimed_is_recorded_where_it_was_refused_or_failed() {
    for (status, expected) in [
        (200, None),
        (202, None),
        (405, None),
        (400, Some(Outcome::ServiceError)),
        (401, Some(Outcome::Denied)),
        (403, Some(Outcome::Denied)),
        (404, Some(Outcome::ServiceError)),
        (406, Some(Outcome::ServiceError)),
        (408, Some(Outcome::TimedOut)),
        (413, Some(Outcome::ServiceError)),
        (415, Some(Outcome::ServiceError)),
        (429, Some(Outcome::Rejected)),
        (500, Some(Outcome::ServiceError)),
        (503, Some(Outcome::Rejected)),
    ] {
        let sink = MemorySink::new();
        let (_, body) = send(&answers(status).layer(layer(&sink)), post("/mcp", &call())).await;
        assert_eq!(body, "why");
        let entries = entries(&sink);
        let outcome = entries.first().and_then(|entry| entry.outcome);
        assert_eq!(outcome, expected, "{status}");
        if let Some(entry) = entries.first() {
            assert_eq!(entry.tool_name, "add");
            assert_eq!(entry.server.as_deref(), Some("orders"));
            assert_eq!(error_of(entry).0, Some("why"));
            assert_eq!(entry.session_metadata["http_route"], "POST /mcp");
            assert!(entry.arguments.is_empty());
        }
    }
}

async fn refuse(_request: Request, _next: Next) -> Response {
    StatusCode::UNAUTHORIZED.into_response()
}

#[tokio::test]
async fn a_request_that_nobody_read_names_its_tool_in_its_head_or_not_at_all() {
    for (method, name, expected) in [
        (Some("tools/call"), Some("add"), "add"),
        (Some("tools/list"), Some("add"), "unknown"),
        (Some("tools/call"), Some("=?base64?YWRk?="), "unknown"),
        (None, Some("add"), "unknown"),
        (None, None, "unknown"),
    ] {
        let sink = MemorySink::new();
        let app = answers(200).layer(from_fn(refuse)).layer(layer(&sink));
        let mut request = post("/mcp", &call());
        for (header, value) in [("mcp-method", method), ("mcp-name", name)] {
            if let Some(value) = value {
                let value = value.parse().expect("a value");
                request.headers_mut().insert(header, value);
            }
        }
        send(&app, request).await;
        assert_eq!(only(&sink).tool_name, expected);
    }
}

#[tokio::test]
async fn what_was_read_outweighs_what_the_head_says_of_the_tool() {
    let sink = MemorySink::new();
    let app = answers(403).layer(layer(&sink));
    let mut request = post("/mcp", &call());
    for (header, value) in [("mcp-method", "tools/call"), ("mcp-name", "ping")] {
        let value = value.parse().expect("a value");
        request.headers_mut().insert(header, value);
    }
    send(&app, request).await;
    assert_eq!(only(&sink).tool_name, "add");
}

#[tokio::test]
async fn a_request_that_an_audit_outside_sees_too_leaves_one_entry() {
    for app in [answers(401), answers(500), answers(200)] {
        let sink = MemorySink::new();
        send(
            &app.layer(layer(&sink)).layer(audit(&sink)),
            post("/mcp", &call()),
        )
        .await;
        only(&sink);
    }
    let sink = MemorySink::new();
    let panics = async || -> () { panic!("no handler") };
    let app = Router::new()
        .route("/mcp", on_post(panics))
        .layer(layer(&sink))
        .layer(audit(&sink));
    let panicked = tokio::spawn(async move { head(&app, post("/mcp", &call())).await }).await;
    assert!(panicked.expect_err("a panic").is_panic());
    assert_eq!(only(&sink).outcome, Some(Outcome::Panicked));
}

#[tokio::test]
async fn a_refusal_whose_body_panics_is_recorded_once_and_the_panic_goes_on() {
    struct Panics;
    impl HttpBody for Panics {
        type Data = Bytes;
        type Error = Infallible;
        fn poll_frame(
            self: Pin<&mut Self>,
            _cx: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
            panic!("the body broke")
        }
        fn size_hint(&self) -> SizeHint {
            SizeHint::with_exact(3)
        }
    }
    let sink = MemorySink::new();
    let refuses = async || (StatusCode::UNAUTHORIZED, Body::new(Panics));
    let app = Router::new()
        .route("/mcp", on_post(refuses))
        .layer(layer(&sink));
    let panicked = tokio::spawn(async move { head(&app, post("/mcp", &call())).await }).await;
    assert!(panicked.expect_err("a panic").is_panic());
    assert_eq!(only(&sink).outcome, Some(Outcome::Panicked));
}

#[tokio::test]
async fn an_identity_that_was_found_before_the_refusal_is_recorded() {
    async fn known_and_refused(request: Request, _next: Next) -> Response {
        let handle = request.extensions().get::<AuditHandle>().expect("a handle");
        handle.identify(Identity::user("usr_9"));
        StatusCode::FORBIDDEN.into_response()
    }
    let sink = MemorySink::new();
    let app = answers(200)
        .layer(from_fn(known_and_refused))
        .layer(layer(&sink));
    send(&app, get("/mcp")).await;
    assert_eq!(only(&sink).user_id, "usr_9");
}

#[tokio::test]
async fn a_panic_that_nobody_claimed_is_recorded_and_goes_on() {
    let sink = MemorySink::new();
    let panics = async || -> () { panic!("no handler") };
    let app = Router::new()
        .route("/mcp", on_post(panics))
        .layer(layer(&sink));
    let panicked = tokio::spawn(async move { head(&app, post("/mcp", &call())).await }).await;
    assert!(panicked.expect_err("a panic").is_panic());
    assert_eq!(only(&sink).outcome, Some(Outcome::Panicked));
}

#[tokio::test]
async fn a_service_that_fails_leaves_an_entry_and_its_error_passes() {
    let sink = MemorySink::new();
    let service = layer(&sink).layer(service_fn(async |_: axum::extract::Request| {
        Err::<Response, _>("broken")
    }));
    let answer = service.oneshot(get("/mcp")).await;
    assert_eq!(answer.expect_err("an error"), "broken");
    assert_eq!(only(&sink).outcome, Some(Outcome::ServiceError));
}

#[tokio::test]
async fn an_entry_says_when_the_request_came_and_how_long_its_refusal_took() {
    let clock = StandingClock::at(1_700_000_000_000_000);
    let sink = MemorySink::new();
    let recorder = Recorder::builder(sink.clone()).clock(clock.clone()).build();
    let slow = async move || {
        clock.advance(Duration::from_secs(2));
        StatusCode::GATEWAY_TIMEOUT
    };
    let app = Router::new()
        .route("/mcp", on_post(slow))
        .layer(EndpointAuditLayer::new(recorder.clone()));
    send(&app, post("/mcp", &call())).await;
    let entry = only(&sink);
    assert_eq!(entry.timestamp, "2023-11-14T22:13:20.000000Z");
    assert_eq!(
        (entry.duration_ms, entry.outcome),
        (2000.0, Some(Outcome::TimedOut))
    );
    // What this thread records next begins when it is recorded.
    drop(recorder.start(|_| {}).finish(|_| {}));
    assert_eq!(sink.entries()[1].duration_ms, 0.0);
}

#[tokio::test]
async fn a_log_that_cannot_take_the_entry_holds_nobody_up() {
    let sink = Controlled::full();
    let recorder = Recorder::new(sink.clone());
    let app = answers(401).layer(EndpointAuditLayer::new(recorder.clone()));
    let (status, _) = send(&app, post("/mcp", &call())).await;
    assert_eq!(status, StatusCode::UNAUTHORIZED);
    assert_eq!(sink.lines().len(), 0);
    assert_eq!(recorder.stats().lost, 1);
}
