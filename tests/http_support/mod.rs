//! Requests and answers of a router in process.
#![allow(
    dead_code,
    unreachable_pub,
    reason = "each test program uses a part of it"
)]

pub mod server;

use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use axum::body::{Body, Bytes, HttpBody};
use axum::response::Response;
use axum::routing::any;
use axum::{BoxError, Router};
use http::header::CONTENT_TYPE;
use http::{Request, StatusCode};
use http_body_util::BodyExt;
use hyper::body::Frame;
use serde_json::Value;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tool_audit::adapt::http::HttpAuditLayer;
use tool_audit::{MemorySink, Recorder};
use tower::ServiceExt;

pub fn audit(sink: &MemorySink) -> HttpAuditLayer {
    HttpAuditLayer::new(Recorder::new(sink.clone()))
}

pub fn get(path: &str) -> Request<Body> {
    Request::get(path).body(Body::empty()).expect("a request")
}

pub fn post(path: &str, arguments: &Value) -> Request<Body> {
    Request::post(path)
        .header(CONTENT_TYPE, "application/json")
        .body(Body::from(arguments.to_string()))
        .expect("a request")
}

/// Status and body.
pub async fn send(app: &Router, request: Request<Body>) -> (StatusCode, Bytes) {
    let answer = head(app, request).await;
    let status = answer.status();
    let body = answer.into_body().collect().await.expect("a whole body");
    (status, body.to_bytes())
}

/// The answer, whose body nobody has read.
pub async fn head(app: &Router, request: Request<Body>) -> Response {
    let Ok(answer) = app.clone().oneshot(request).await;
    answer
}

/// A body of which the test decides when what comes.
pub struct Scripted {
    frames: UnboundedReceiver<Result<Frame<Bytes>, BoxError>>,
}

/// What is sent into it comes out of the body; when it is dropped, the body ends.
pub type Script = UnboundedSender<Result<Frame<Bytes>, BoxError>>;

pub fn scripted() -> (Script, Scripted) {
    let (script, frames) = unbounded_channel();
    (script, Scripted { frames })
}

impl HttpBody for Scripted {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        self.frames.poll_recv(cx)
    }
}

/// A router with one tool at `/t`, whose one answer is `answer`.
pub fn answering(answer: Response) -> Router {
    let answer = Arc::new(Mutex::new(Some(answer)));
    let handler = async move || answer.lock().expect("a lock").take().expect("one call");
    Router::new().route("/t", any(handler))
}
