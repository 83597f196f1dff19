//! The Model Context Protocol, watched from outside: whatever language the server is written in.
//!
//! An [`McpSession`] is shown the messages of one connection, and records each `tools/call`. A [`Relay`] stands between
//! a client and a server that talk over standard input and output, and shows their messages to a session; [`wrap`]
//! starts the server too. That is the program's `tool-audit wrap`. For servers that talk over HTTP there is a proxy
//! (`http`, feature `mcp-http`).
//!
//! ```text
//! tool-audit wrap --log /var/audit -- npx -y @modelcontextprotocol/server-everything
//! ```
//!
//! # How a call ends
//!
//! | what comes | outcome |
//! |---|---|
//! | a result | `success`; `tool_error` with `isError`, `input_required` with that `resultType` |
//! | a JSON-RPC error | `service_error`, its code is the error type |
//! | a task in place of a result | nothing yet: the call ends with what `tasks/result`, `tasks/get` or a notification says of the task's end; `cancelled` by `tasks/cancel` |
//! | `notifications/cancelled` | `cancelled`; an answer that comes all the same is not looked at |
//! | the client leaves | `cancelled` |
//! | 4096 later calls are open, or those that are take more than 64 MiB | `cancelled`, error type `unanswered` |
//! | the server ends | `service_error`, error type `server_ended` |
//! | a client's message that cannot be read | `service_error`, error type `unreadable_message`, tool `unknown` |
//!
//! A message that cannot be read is passed on, but what it did nobody knows: it is no JSON, longer than
//! [`MAX_MESSAGE`], nested too deep, of so many small values that looking at them would take more than 128 MiB of
//! memory, or has a member twice, of which two readers may take different ones. Each that
//! comes from a client is an entry, so that nothing goes round the log that way.
//!
//! # Who called
//!
//! The protocol says nothing of users and models that can be relied on. The session's [`CallContext`] says what is
//! known; the client's name and version, trace context, progress token and what a client asserts in
//! `io.modelcontextprotocol/aiInvocation` stand beside it, never among what is verified.
//!
//! [`CallContext`]: crate::CallContext

mod admit;
#[cfg(feature = "mcp-http")]
#[cfg_attr(docsrs, doc(cfg(feature = "mcp-http")))]
pub mod http;
mod lines;
mod message;
mod open_call;
mod origin;
mod relay;
mod session;
mod task;
#[cfg(unix)]
mod wrap;

pub use self::relay::{End, OnUnrecordable, Relay};
pub use self::session::{Ended, McpSession, McpStats, Started};
#[cfg(unix)]
pub use self::wrap::{WrapError, wrap};

/// The most bytes of a message that is looked into: 16 MiB. A longer one is passed on all the same.
pub const MAX_MESSAGE: usize = 16 * 1024 * 1024;
