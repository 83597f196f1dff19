//! Which entries each order of layers gives on an axum router; the outermost stands first in a test's name.

mod common;
mod http_support;

use std::future::pending;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::error_handling::HandleErrorLayer;
use axum::extract::{ConnectInfo, DefaultBodyLimit, Request};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use axum::routing::{get as on_get, post as on_post};
use axum::{BoxError, Json, Router};
use http::StatusCode;
use serde_json::{Value, json};
use tokio::sync::Semaphore;
use tokio_test::task::spawn;
use tokio_test::{assert_pending, assert_ready};
use tool_audit::adapt::http::HttpAuditLayer;
use tool_audit::{MemorySink, Outcome, Recorder};
use tower::ServiceBuilder;
use tower::buffer::BufferLayer;
use tower::limit::{ConcurrencyLimitLayer, GlobalConcurrencyLimitLayer, RateLimitLayer};
use tower::load_shed::LoadShedLayer;
use tower::load_shed::error::Overloaded;
use tower::timeout::TimeoutLayer;
use tower::timeout::error::Elapsed;
use tower_governor::GovernorLayer;
use tower_governor::governor::GovernorConfigBuilder;

use common::{StandingClock, entries, error_of};
use http_support::{audit, get, head, post, send};

fn outcomes(sink: &MemorySink) -> Vec<Outcome> {
    entries(sink)
        .into_iter()
        .filter_map(|entry| entry.outcome)
        .collect()
}

fn answers() -> Router {
    Router::new().route("/t", on_get(async || "ok"))
}

fn slow() -> Router {
    Router::new().route("/t", on_get(pending::<()>))
}

/// A tool that answers once it gets a permit.
fn held() -> (Arc<Semaphore>, Router) {
    let permits = Arc::new(Semaphore::new(0));
    let inside = Arc::clone(&permits);
    let handler = async move || {
        inside.acquire().await.expect("open").forget();
        "ok"
    };
    (permits, Router::new().route("/t", on_get(handler)))
}

/// What a router makes of the errors of layers inside, since its own services have none.
async fn answer_of(error: BoxError) -> Response {
    let status = if error.is::<Elapsed>() {
        StatusCode::REQUEST_TIMEOUT
    } else if error.is::<Overloaded>() {
        StatusCode::SERVICE_UNAVAILABLE
    } else {
        StatusCode::INTERNAL_SERVER_ERROR
    };
    (status, error.to_string()).into_response()
}

/// Sends one request after another; the statuses.
async fn three(app: &Router) -> Vec<u16> {
    let mut statuses = Vec::new();
    for _ in 0..3 {
        let mut request = get("/t");
        let peer: SocketAddr = ([10, 0, 1, 5], 4711).into();
        request.extensions_mut().insert(ConnectInfo(peer));
        statuses.push(send(app, request).await.0.as_u16());
    }
    statuses
}

/// One request of each client, and no other within the hour.
macro_rules! governor {
    () => {{
        let mut builder = GovernorConfigBuilder::default();
        let config = builder.per_second(3600).burst_size(1).finish();
        GovernorLayer::new(config.expect("a quota"))
    }};
}

#[tokio::test]
async fn audit_governor_gives_the_requests_that_were_refused_too() {
    let sink = MemorySink::new();
    let app = answers().layer(governor!()).layer(audit(&sink));
    assert_eq!(three(&app).await, [200, 429, 429]);
    let expected = [Outcome::Success, Outcome::Rejected, Outcome::Rejected];
    assert_eq!(outcomes(&sink), expected);
    let entries = entries(&sink);
    assert_eq!(error_of(&entries[1]).1, Some("http_429"));
    assert_eq!(entries[1].session_metadata["client_ip"], "10.0.1.5");
}

#[tokio::test]
async fn governor_audit_gives_no_trace_of_the_requests_that_were_refused() {
    let sink = MemorySink::new();
    let app = answers().layer(audit(&sink)).layer(governor!());
    assert_eq!(three(&app).await, [200, 429, 429]);
    assert_eq!(outcomes(&sink), [Outcome::Success]);
}

async fn refuse(_request: Request, _next: Next) -> Response {
    StatusCode::UNAUTHORIZED.into_response()
}

#[tokio::test]
async fn audit_authentication_gives_the_request_that_was_refused() {
    let sink = MemorySink::new();
    let app = answers().layer(from_fn(refuse)).layer(audit(&sink));
    send(&app, get("/t")).await;
    assert_eq!(outcomes(&sink), [Outcome::Denied]);
}

#[tokio::test]
async fn authentication_audit_gives_no_trace_of_it() {
    let sink = MemorySink::new();
    let app = answers().layer(audit(&sink)).layer(from_fn(refuse));
    send(&app, get("/t")).await;
    assert_eq!(outcomes(&sink), []);
}

#[tokio::test(start_paused = true)]
async fn audit_timeout_gives_timed_out() {
    let sink = MemorySink::new();
    let app = slow().layer(
        ServiceBuilder::new()
            .layer(audit(&sink))
            .layer(HandleErrorLayer::new(answer_of))
            .layer(TimeoutLayer::new(Duration::from_millis(50))),
    );
    assert_eq!(send(&app, get("/t")).await.0, StatusCode::REQUEST_TIMEOUT);
    assert_eq!(outcomes(&sink), [Outcome::TimedOut]);
    assert_eq!(error_of(&entries(&sink)[0]).0, Some("request timed out"));
}

#[tokio::test(start_paused = true)]
async fn timeout_audit_gives_cancelled() {
    let sink = MemorySink::new();
    let app = slow().layer(
        ServiceBuilder::new()
            .layer(HandleErrorLayer::new(answer_of))
            .layer(TimeoutLayer::new(Duration::from_millis(50)))
            .layer(audit(&sink)),
    );
    assert_eq!(send(&app, get("/t")).await.0, StatusCode::REQUEST_TIMEOUT);
    assert_eq!(outcomes(&sink), [Outcome::Cancelled]);
}

#[tokio::test]
async fn audit_load_shed_concurrency_limit_gives_the_shed_request_too() {
    let sink = MemorySink::new();
    let (permits, routes) = held();
    let app = routes.layer(
        ServiceBuilder::new()
            .layer(audit(&sink))
            .layer(HandleErrorLayer::new(answer_of))
            .layer(LoadShedLayer::new())
            .layer(GlobalConcurrencyLimitLayer::new(1)),
    );
    let mut first = spawn(head(&app, get("/t")));
    assert_pending!(first.poll());
    assert_eq!(
        send(&app, get("/t")).await.0,
        StatusCode::SERVICE_UNAVAILABLE
    );
    permits.add_permits(1);
    assert_ready!(first.poll());
    assert_eq!(outcomes(&sink), [Outcome::Rejected, Outcome::Success]);
}

#[tokio::test]
async fn load_shed_concurrency_limit_audit_gives_no_trace_of_the_shed_request() {
    let sink = MemorySink::new();
    let (permits, routes) = held();
    let app = routes.layer(
        ServiceBuilder::new()
            .layer(HandleErrorLayer::new(answer_of))
            .layer(LoadShedLayer::new())
            .layer(GlobalConcurrencyLimitLayer::new(1))
            .layer(audit(&sink)),
    );
    let mut first = spawn(head(&app, get("/t")));
    assert_pending!(first.poll());
    assert_eq!(
        send(&app, get("/t")).await.0,
        StatusCode::SERVICE_UNAVAILABLE
    );
    permits.add_permits(1);
    assert_ready!(first.poll());
    assert_eq!(outcomes(&sink), [Outcome::Success]);
}

/// Two requests of which the second waits a second for its turn; how long each took, in seconds.
async fn waits(
    app: &Router,
    permits: &Semaphore,
    clock: &StandingClock,
    sink: &MemorySink,
) -> Vec<f64> {
    let mut first = spawn(head(app, get("/t")));
    assert_pending!(first.poll());
    let mut second = spawn(head(app, get("/t")));
    assert_pending!(second.poll());
    clock.advance(Duration::from_secs(1));
    permits.add_permits(2);
    assert_ready!(first.poll());
    drop(first);
    assert_ready!(second.poll());
    assert_eq!(outcomes(sink), [Outcome::Success; 2]);
    let seconds = entries(sink)
        .into_iter()
        .map(|entry| entry.duration_ms / 1000.0);
    seconds.collect()
}

fn timed(sink: &MemorySink) -> (StandingClock, HttpAuditLayer) {
    let clock = StandingClock::at(1_700_000_000_000_000);
    let recorder = Recorder::builder(sink.clone()).clock(clock.clone()).build();
    (clock, HttpAuditLayer::new(recorder))
}

#[tokio::test]
async fn audit_concurrency_limit_in_one_builder_leaves_the_wait_out_of_the_duration() {
    let sink = MemorySink::new();
    let (clock, audit) = timed(&sink);
    let (permits, routes) = held();
    let limit = GlobalConcurrencyLimitLayer::new(1);
    let app = routes.layer(ServiceBuilder::new().layer(audit).layer(limit));
    assert_eq!(waits(&app, &permits, &clock, &sink).await, [1.0, 0.0]);
}

#[tokio::test]
async fn audit_concurrency_limit_in_layers_of_their_own_counts_the_wait() {
    let sink = MemorySink::new();
    let (clock, audit) = timed(&sink);
    let (permits, routes) = held();
    let app = routes
        .layer(GlobalConcurrencyLimitLayer::new(1))
        .layer(audit);
    assert_eq!(waits(&app, &permits, &clock, &sink).await, [1.0, 1.0]);
}

#[tokio::test]
async fn audit_buffer_concurrency_limit_gives_the_request_that_left_the_queue() {
    let sink = MemorySink::new();
    let (permits, routes) = held();
    let app = routes.layer(
        ServiceBuilder::new()
            .layer(audit(&sink))
            .layer(HandleErrorLayer::new(answer_of))
            .layer(BufferLayer::new(8))
            .layer(ConcurrencyLimitLayer::new(1)),
    );
    // One state for all requests: without it axum makes a buffer for each.
    let app = app.with_state(());
    let mut first = spawn(head(&app, get("/t")));
    assert_pending!(first.poll());
    let mut second = spawn(head(&app, get("/t")));
    assert_pending!(second.poll());
    drop(second);
    permits.add_permits(1);
    first.await;
    assert_eq!(outcomes(&sink), [Outcome::Cancelled, Outcome::Success]);
}

#[tokio::test]
async fn a_rate_limit_behind_a_buffer_in_a_router_without_state_limits_nothing() {
    let sink = MemorySink::new();
    let app = answers().layer(
        ServiceBuilder::new()
            .layer(audit(&sink))
            .layer(HandleErrorLayer::new(answer_of))
            .layer(LoadShedLayer::new())
            .layer(BufferLayer::new(8))
            .layer(RateLimitLayer::new(1, Duration::from_secs(3600))),
    );
    assert_eq!(three(&app).await, [200, 200, 200]);
    assert_eq!(outcomes(&sink), [Outcome::Success; 3]);
}

#[tokio::test]
async fn audit_body_limit_gives_the_request_that_was_too_long() {
    let sink = MemorySink::new();
    let app = Router::new()
        .route("/t", on_post(async |_: Json<Value>| "ok"))
        .layer(DefaultBodyLimit::max(10))
        .layer(audit(&sink));
    let (status, _) = send(&app, post("/t", &json!({"a": "far too long"}))).await;
    assert_eq!(status, StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(error_of(&entries(&sink)[0]).1, Some("http_413"));
}

#[tokio::test]
async fn a_request_whose_client_leaves_is_cancelled() {
    let sink = MemorySink::new();
    let app = slow().layer(audit(&sink));
    let mut request = spawn(head(&app, get("/t")));
    assert_pending!(request.poll());
    drop(request);
    assert_eq!(outcomes(&sink), [Outcome::Cancelled]);
}

#[tokio::test]
async fn a_service_that_is_not_ready_answers_by_its_error_and_leaves_no_entry() {
    use std::task::{Context, Poll};
    use tower::Service;

    #[derive(Clone)]
    struct NeverReady;
    impl Service<Request> for NeverReady {
        type Response = Response;
        type Error = BoxError;
        type Future = std::future::Ready<Result<Response, BoxError>>;
        fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
            Poll::Ready(Err("not ready".into()))
        }
        fn call(&mut self, _: Request) -> Self::Future {
            unreachable!("it is never ready")
        }
    }
    let sink = MemorySink::new();
    let service = ServiceBuilder::new()
        .layer(HandleErrorLayer::new(answer_of))
        .layer(audit(&sink))
        .service(NeverReady);
    let app: Router = Router::new().route_service("/t", service);
    assert_eq!(
        send(&app, get("/t")).await.0,
        StatusCode::INTERNAL_SERVER_ERROR
    );
    assert_eq!(outcomes(&sink), []);
}
