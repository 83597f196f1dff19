//! What is compared, and how one call of it is made.

use std::convert::Infallible;
use std::future::Future;

use serde_json::Value;
use tool_audit::ToolCall;
use tower::{Service, ServiceExt};

use super::Tool;

/// A way to call the tool.
pub(crate) trait Contestant {
    /// The tool, with what watches it around.
    type Service: Service<ToolCall, Response = Value, Error = Infallible> + 'static;

    /// A handle to the tool; all handles write to one place.
    fn service(&self) -> Self::Service;

    /// Ends when all calls made until now have been handed to the operating system.
    fn written(&self) -> impl Future<Output = ()>;
}

/// The tool alone.
#[derive(Debug)]
pub(crate) struct Bare;

impl Contestant for Bare {
    type Service = Tool;

    fn service(&self) -> Tool {
        Tool
    }

    async fn written(&self) {}
}

/// Makes one call and drops its answer.
pub(crate) async fn make_call<S>(service: &mut S, request: ToolCall)
where
    S: Service<ToolCall, Response = Value, Error = Infallible>,
{
    let Ok(service) = service.ready().await;
    let Ok(answer) = service.call(request).await;
    drop(std::hint::black_box(answer));
}

/// Runs `work` on a runtime of one thread, as one caller.
pub(crate) fn run<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime of one thread can start")
        .block_on(work)
}
