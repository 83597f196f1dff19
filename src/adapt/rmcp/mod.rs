//! MCP servers on [`rmcp`](https://docs.rs/rmcp): every `tools/call` through a tower stack, whatever the transport.
mod cancellation;
mod classify;
mod delegate;
mod describe;
mod handler_service;
mod layered_handler;
mod reply;
mod request;

use crate::layer::{AuditLayer, Callbacks, GoOn, PassOn};
use crate::record::Recorder;

pub use self::cancellation::Cancellation;
pub use self::classify::ClassifyTools;
pub use self::describe::DescribeTools;
pub use self::handler_service::HandlerService;
pub use self::layered_handler::LayeredHandler;
pub use self::reply::{ToolFailure, ToolReply};
pub use self::request::ToolRequest;

/// The callbacks of the layer that [`audit`] makes.
pub type Audit = Callbacks<DescribeTools, ClassifyTools, GoOn, PassOn>;

/// The layer that records tool calls, to be put into the stack of a [`LayeredHandler`].
///
/// [`AuditLayer::builder`] makes one with hooks, with [`DescribeTools`] and [`ClassifyTools`] for its callbacks.
#[must_use]
pub fn audit(recorder: Recorder) -> AuditLayer<Audit> {
    AuditLayer::builder(recorder)
        .describe(DescribeTools::new())
        .classify(ClassifyTools)
        .build()
}
