//! MCP servers on [`rmcp`](https://docs.rs/rmcp): every tool call through a tower stack, whatever the transport.
//!
//! A [`LayeredHandler`] is a `ServerHandler` around another one. [`audit`] makes the layer that records; limits and timeouts
//! are tower's own, and hold for each tool call. The example `mcp_server` is a whole server, over standard input and
//! output and over HTTP:
//!
//! ```text
//! cargo run --features axum,rmcp --example mcp_server
//! ```
//!
//! # How a call ends
//!
//! | what comes | outcome |
//! |---|---|
//! | a result | `success`; `tool_error` with `isError` |
//! | arguments that are not what the tool asks for, as rmcp's router finds | `tool_error`, error type `invalid_arguments` |
//! | a tool that there is not | `service_error`, error type `unknown_tool` |
//! | another JSON-RPC error | `service_error`, its code is the error type |
//! | a question in place of a result | `input_required` |
//! | a task in place of a result | `input_required`, error type `task_created`: how the task ends is not looked at |
//! | a question or a task that the client has not said it understands | `service_error`: it is the error that rmcp sends then |
//! | a layer's timeout, limit or refusal | `timed_out`, `rejected`, `denied`, as for every tower stack |
//! | a panic | `panicked`; rmcp does not answer then |
//! | `notifications/cancelled` | error type `cancelled_by_client` |
//! | a client that leaves a request without session, a server that stops then | error type `disconnected` |
//! | a client that leaves a pipe, or ends a session | as the tool ends, for the 5 seconds that rmcp waits; then as below |
//! | a session that has ended, whoever ended it | error type `session_ended` |
//! | a request that rmcp refuses before it looks for the tool, as one of a version that it does not know | no record over a pipe |
//! | the task of the call is dropped, as where the process ends | `cancelled` |
//!
//! rmcp stops no tool whose request is cancelled: it cancels a token, at which the tool may look. So a cancelled call's
//! outcome is what the tool made of it: `cancelled` where it failed, and `success`, beside the error type that says that
//! nobody waited, where it went on and did what it was asked to. The client's notification comes a little after the token is
//! cancelled: a cancelled call whose tool has ended waits for it, 50 ms at most and no longer than the session lives. This
//! time counts in the call's duration, and for the layers of the stack.
//!
//! # Who called
//!
//! What the request's `_meta` and the client say of themselves are claims: name and version, trace context, progress
//! token, and model and reason in `io.modelcontextprotocol/aiInvocation`. None of them takes the place, or the room, of what the server knows. Over
//! HTTP user agent and trace context come from the request's head, and the session is the conversation: by a pseudonym of
//! its id, since whoever has the id can use the session. Who the user is only the server can know: [`DescribeTools`]
//! shows how it tells.
//!
//! With the feature `axum` an `EndpointAuditLayer` around rmcp's HTTP service knows client address and identity, which stand
//! in the records made here, and records what never gets to the server: 401, 413, 429, and what rmcp itself refuses with
//! 400, such as a head that names another tool than the body. Nothing is recorded twice.
//!
//! # Records of intent
//!
//! A tool whose annotations say that it is destructive, or no more than that it is not read-only, leaves a record of intent
//! before it runs, unless [`Policy::intent_for_destructive`](crate::Policy::intent_for_destructive) says otherwise. A tool
//! without annotations leaves none. The handler's `get_tool` is asked for them, which `#[tool_handler]` writes.
//!
//! # What cannot be used with it
//!
//! rmcp's feature `local`, whose handlers' futures stay on one thread.

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
