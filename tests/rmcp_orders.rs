//! Which record each order of layers gives around the tools of an rmcp server; the outermost stands first in a test's name.

mod rmcp_support;

use std::future::{Ready, ready};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use rmcp::ErrorData;
use rmcp::model::{CallToolResponse, ErrorCode};
use tool_audit::adapt::rmcp::{
    ClassifyTools, DescribeTools, HandlerService, LayeredHandler, ToolFailure, ToolReply,
    ToolRequest, audit,
};
use tool_audit::{AuditLayer, Outcome, Recorder, Refusal};
use tower::layer::layer_fn;
use tower::limit::ConcurrencyLimitLayer;
use tower::retry::Policy;
use tower::{BoxError, Layer, Service, ServiceBuilder, service_fn};

use rmcp_support::{
    Client, Connected, Entries, Over, Tools, begin, call_of, connect, end, recorder, soon,
};

/// A client of the tools in the stack that `layers` makes of a recorder.
async fn connected<L, S>(layers: impl FnOnce(Recorder) -> L) -> (Tools, Connected, Entries)
where
    L: Layer<HandlerService<Tools>, Service = S>,
    S: Service<ToolRequest, Response: Into<CallToolResponse>, Future: Send>,
    S: Clone + Send + Sync + 'static,
    S::Error: Into<BoxError>,
{
    let tools = Tools::default();
    let (recorder, entries) = recorder();
    let server = LayeredHandler::new(tools.clone(), layers(recorder));
    (tools, connect(Over::Duplex, server).await, entries)
}

async fn call(client: &Client, tool: &'static str) -> bool {
    let answer = soon(client.call_tool(call_of(tool))).await;
    answer.expect("an answer").is_error != Some(true)
}

/// Waits until a tool that waits has begun.
async fn begun(tools: &Tools) {
    soon(tools.begun.acquire()).await.expect("open").forget();
}

#[tokio::test]
async fn timeout_audit_gives_a_cancelled_call_that_does_not_know_why() {
    let (_, connected, mut entries) = connected(|recorder| {
        let timeout = ServiceBuilder::new().timeout(Duration::from_millis(20));
        timeout.layer(audit(recorder))
    })
    .await;
    assert!(!call(&connected.client, "never_answers").await);
    let expected = end("never_answers", Outcome::Cancelled, "");
    assert_eq!(entries.end().await, expected);
}

#[tokio::test]
async fn audit_load_shed_concurrency_gives_the_call_that_was_shed_too() {
    let (tools, connected, mut entries) = connected(|recorder| {
        let audit = ServiceBuilder::new().layer(audit(recorder));
        audit.load_shed().layer(ConcurrencyLimitLayer::new(1))
    })
    .await;
    let first = begin(&connected.client, "goes_on").await;
    begun(&tools).await;
    assert!(!call(&connected.client, "works").await);
    let expected = end("works", Outcome::Rejected, "overloaded");
    assert_eq!(entries.end().await, expected);
    tools.go_on.add_permits(1);
    soon(first.await_response()).await.expect("an answer");
    assert_eq!(entries.end().await, end("goes_on", Outcome::Success, ""));
}

#[tokio::test]
async fn load_shed_concurrency_audit_gives_no_trace_of_the_call_that_was_shed() {
    let (tools, connected, mut entries) = connected(|recorder| {
        let limit = ServiceBuilder::new().load_shed().concurrency_limit(1);
        limit.layer(audit(recorder))
    })
    .await;
    let first = begin(&connected.client, "goes_on").await;
    begun(&tools).await;
    assert!(!call(&connected.client, "works").await);
    tools.go_on.add_permits(1);
    soon(first.await_response()).await.expect("an answer");
    assert_eq!(entries.end().await, end("goes_on", Outcome::Success, ""));
    entries.assert_none();
}

#[tokio::test]
async fn audit_concurrency_lets_a_call_wait_whose_client_has_cancelled_it_and_runs_it_then() {
    let (tools, connected, mut entries) = connected(|recorder| {
        let audit = ServiceBuilder::new().layer(audit(recorder));
        audit.concurrency_limit(1)
    })
    .await;
    let first = begin(&connected.client, "goes_on").await;
    begun(&tools).await;
    let second = begin(&connected.client, "works").await;
    soon(second.cancel(None)).await.expect("sent");
    // What is answered in its turn has the notification before it.
    soon(connected.client.list_all_tools())
        .await
        .expect("tools");
    tools.go_on.add_permits(1);
    soon(first.await_response()).await.expect("an answer");
    assert_eq!(entries.end().await, end("goes_on", Outcome::Success, ""));
    let expected = end("works", Outcome::Success, "cancelled_by_client");
    assert_eq!(entries.end().await, expected);
}

#[tokio::test]
async fn audit_buffer_concurrency_and_the_reverse_give_every_call() {
    let (tools, audited, mut entries) = connected(|recorder| {
        let audit = ServiceBuilder::new().layer(audit(recorder));
        audit.buffer(8).concurrency_limit(1)
    })
    .await;
    two_calls_of_which_the_second_is_cancelled(&tools, &audited.client).await;
    assert_eq!(entries.end().await, end("goes_on", Outcome::Success, ""));
    assert_eq!(entries.end().await.1, Outcome::Success);

    let (tools, queued, mut entries) = connected(|recorder| {
        let queue = ServiceBuilder::new().buffer(8).concurrency_limit(1);
        queue.layer(audit(recorder))
    })
    .await;
    two_calls_of_which_the_second_is_cancelled(&tools, &queued.client).await;
    assert_eq!(entries.end().await, end("goes_on", Outcome::Success, ""));
    assert_eq!(entries.end().await.1, Outcome::Success);
}

async fn two_calls_of_which_the_second_is_cancelled(tools: &Tools, client: &Client) {
    let first = begin(client, "goes_on").await;
    begun(tools).await;
    let second = begin(client, "works").await;
    soon(second.cancel(None)).await.expect("sent");
    tools.go_on.add_permits(1);
    soon(first.await_response()).await.expect("an answer");
}

/// Tries again where the tool was said to have failed, until it has run so many times.
#[derive(Clone)]
struct Attempts(usize);

impl<E> Policy<ToolRequest, ToolReply, E> for Attempts {
    type Future = Ready<()>;

    fn retry(
        &mut self,
        _request: &mut ToolRequest,
        result: &mut Result<ToolReply, E>,
    ) -> Option<Self::Future> {
        self.0 = self.0.checked_sub(1).filter(|_| result.is_err())?;
        Some(ready(()))
    }

    fn clone_request(&mut self, request: &ToolRequest) -> Option<ToolRequest> {
        Some(request.clone())
    }
}

/// Refuses the first two calls.
fn failing_twice<S>(
    inner: S,
) -> impl Service<ToolRequest, Response = ToolReply, Error = ToolFailure, Future: Send>
+ Clone
+ Send
+ Sync
+ 'static
where
    S: Service<ToolRequest, Response = ToolReply, Error = ToolFailure, Future: Send>,
    S: Clone + Send + Sync + 'static,
{
    let seen = Arc::new(AtomicUsize::new(0));
    service_fn(move |request: ToolRequest| {
        let is_late = seen.fetch_add(1, Ordering::SeqCst) >= 2;
        let mut inner = inner.clone();
        async move {
            if is_late {
                inner.call(request).await
            } else {
                Err(ErrorData::new(ErrorCode(-32000), "try again", None).into())
            }
        }
    })
}

#[tokio::test]
async fn audit_retry_gives_one_call_and_retry_audit_one_for_each_attempt() {
    let (_, audited, mut entries) = connected(|recorder| {
        let audit = ServiceBuilder::new().layer(audit(recorder));
        audit.retry(Attempts(2)).layer(layer_fn(failing_twice))
    })
    .await;
    assert!(call(&audited.client, "works").await);
    assert_eq!(entries.end().await, end("works", Outcome::Success, ""));
    entries.assert_none();

    let (_, retried, mut entries) = connected(|recorder| {
        let retry = ServiceBuilder::new().retry(Attempts(2));
        retry.layer(audit(recorder)).layer(layer_fn(failing_twice))
    })
    .await;
    assert!(call(&retried.client, "works").await);
    for _ in 0..2 {
        let expected = end("works", Outcome::ServiceError, "-32000");
        assert_eq!(entries.end().await, expected);
    }
    assert_eq!(entries.end().await, end("works", Outcome::Success, ""));
}

#[tokio::test]
async fn a_server_that_stops_in_mid_call_leaves_a_cancelled_call() {
    let tools = Tools::default();
    let (recorder, mut entries) = recorder();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .expect("a runtime");
    let server = LayeredHandler::audited(tools.clone(), recorder);
    let connected = runtime
        .spawn(connect(Over::Duplex, server))
        .await
        .expect("a session");
    let call = begin(&connected.client, "never_answers").await;
    begun(&tools).await;
    runtime.shutdown_background();
    let expected = end("never_answers", Outcome::Cancelled, "");
    assert_eq!(entries.end().await, expected);
    drop((call, connected));
}

/// A service that is never ready.
#[derive(Clone)]
struct NeverReady;

impl Service<ToolRequest> for NeverReady {
    type Response = ToolReply;
    type Error = ErrorData;
    type Future = Ready<Result<ToolReply, ErrorData>>;

    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<Result<(), ErrorData>> {
        Poll::Ready(Err(ErrorData::internal_error("no tool is ready", None)))
    }

    fn call(&mut self, _request: ToolRequest) -> Self::Future {
        ready(Err(ErrorData::internal_error("called all the same", None)))
    }
}

#[tokio::test]
async fn a_stack_that_fails_to_be_ready_gives_no_call_and_the_client_its_error() {
    let (_, connected, mut entries) = connected(|recorder| {
        let never_ready = layer_fn(|_: HandlerService<Tools>| NeverReady);
        ServiceBuilder::new()
            .layer(audit(recorder))
            .layer(never_ready)
    })
    .await;
    let answer = soon(connected.client.call_tool(call_of("works"))).await;
    let error = answer.expect_err("never ready").to_string();
    assert!(error.contains("no tool is ready"), "{error}");
    entries.assert_none();
}

#[tokio::test]
async fn a_layer_that_refuses_is_recorded_with_what_it_says() {
    let (_, connected, mut entries) = connected(|recorder| {
        let denied = layer_fn(|_: HandlerService<Tools>| {
            service_fn(|_: ToolRequest| async {
                let denied = std::io::Error::from(std::io::ErrorKind::PermissionDenied);
                Err::<ToolReply, BoxError>(denied.into())
            })
        });
        ServiceBuilder::new().layer(audit(recorder)).layer(denied)
    })
    .await;
    assert!(!call(&connected.client, "destroys").await);
    assert_eq!(entries.next().await.kind, "tool_call_started");
    let expected = end("destroys", Outcome::Denied, "io_permission_denied");
    assert_eq!(entries.end().await, expected);
}

#[tokio::test]
async fn a_log_that_cannot_take_a_call_refuses_it_where_a_hook_says_so() {
    let recorder = Recorder::new(rmcp_support::Full);
    let audit = AuditLayer::builder(recorder)
        .describe(DescribeTools::new())
        .classify(ClassifyTools)
        .on_unavailable(|refusal: &Refusal| {
            let error = ErrorData::internal_error(refusal.to_string(), None);
            Err::<ToolReply, ToolFailure>(error.into())
        })
        .build();
    let tools = Tools::default();
    let server = LayeredHandler::new(tools.clone(), audit);
    let connected = connect(Over::Duplex, server).await;
    let answer = soon(connected.client.call_tool(call_of("never_answers"))).await;
    let error = answer.expect_err("refused").to_string();
    assert!(
        error.contains("the audit log cannot take this call"),
        "{error}"
    );
    assert_eq!(tools.begun.available_permits(), 0);
}
