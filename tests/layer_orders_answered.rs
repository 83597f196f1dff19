//! Which record each order gives where a limit refuses by an answer, as HTTP's limits do with 429.

use std::convert::Infallible;
use std::future::{Future, ready};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};

use tool_audit::{AuditLayer, MemorySink, Outcome, OutcomeBuilder, Recorder, ToolCall};
use tower::layer::layer_fn;
use tower::{Layer, Service, ServiceBuilder, ServiceExt, service_fn};

struct Response {
    status: u16,
}

/// Lets one call through, and answers 429 to all others.
struct Limit<S> {
    inner: S,
    calls: Arc<AtomicUsize>,
}

fn limit<S>(inner: S) -> Limit<S> {
    Limit {
        inner,
        calls: Arc::new(AtomicUsize::new(0)),
    }
}

impl<S> Service<ToolCall> for Limit<S>
where
    S: Service<ToolCall, Response = Response, Error = Infallible>,
    S::Future: 'static,
{
    type Response = Response;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response, Infallible>>>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, call: ToolCall) -> Self::Future {
        if self.calls.fetch_add(1, Ordering::SeqCst) == 0 {
            Box::pin(self.inner.call(call))
        } else {
            Box::pin(ready(Ok(Response { status: 429 })))
        }
    }
}

fn audit<S>(
    sink: MemorySink,
) -> impl Layer<
    S,
    Service: Service<
        ToolCall,
        Response = Response,
        Error = Infallible,
        Future: Future<Output = Result<Response, Infallible>> + 'static,
    >,
>
where
    S: Service<ToolCall, Response = Response, Error = Infallible>,
    S::Future: 'static,
{
    AuditLayer::builder(Recorder::new(sink))
        .classify(|response: &Response, outcome: &mut OutcomeBuilder<'_>| {
            if response.status == 429 {
                outcome.outcome(Outcome::Rejected);
            }
        })
        .build()
}

async fn tool(_: ToolCall) -> Result<Response, Infallible> {
    Ok(Response { status: 200 })
}

/// The statuses that the caller of three calls got, and what the audit recorded of them.
async fn three_calls<S>(mut tools: S, sink: &MemorySink) -> (Vec<u16>, Vec<Outcome>)
where
    S: Service<ToolCall, Response = Response, Error = Infallible>,
{
    let mut statuses = Vec::new();
    for _ in 0..3 {
        let call = ToolCall::new("get_order", serde_json::json!({}));
        let service = tools.ready().await.expect("infallible");
        let Ok(response) = service.call(call).await;
        statuses.push(response.status);
    }
    let entries = sink.entries();
    (
        statuses,
        entries.iter().filter_map(|entry| entry.outcome).collect(),
    )
}

#[tokio::test]
async fn audit_limit_gives_the_calls_that_were_refused_too() {
    let sink = MemorySink::new();
    let tools = ServiceBuilder::new()
        .layer(audit(sink.clone()))
        .layer(layer_fn(limit))
        .service(service_fn(tool));
    let (statuses, outcomes) = three_calls(tools, &sink).await;
    assert_eq!(statuses, [200, 429, 429]);
    assert_eq!(
        outcomes,
        [Outcome::Success, Outcome::Rejected, Outcome::Rejected]
    );
}

#[tokio::test]
async fn limit_audit_gives_no_trace_of_the_calls_that_were_refused() {
    let sink = MemorySink::new();
    let tools = ServiceBuilder::new()
        .layer(layer_fn(limit))
        .layer(audit(sink.clone()))
        .service(service_fn(tool));
    let (statuses, outcomes) = three_calls(tools, &sink).await;
    assert_eq!(statuses, [200, 429, 429]);
    assert_eq!(outcomes, [Outcome::Success]);
}
