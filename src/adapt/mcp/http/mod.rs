//! The Model Context Protocol over HTTP, watched from outside: whatever language the server is written in.
//!
//! A [`Proxy`] stands between clients and a server that speak the streamable HTTP transport, and records each
//! `tools/call`, wherever its answer comes. That is the program's `tool-audit proxy`.
//!
//! ```text
//! tool-audit proxy --log /var/audit --listen 127.0.0.1:8080 --upstream http://127.0.0.1:3001/mcp
//! ```
//!
//! Bodies pass unchanged and as they come, in both directions; a copy is looked at. Headers pass but for those that hold
//! for one connection (RFC 9110 section 7.6.1), with `Host` the server's, `Via` added, and `Accept-Encoding` asking for
//! what can be looked into. A request whose session or version stands twice gets status 400. A redirection to the server
//! itself stays at the proxy.
//!
//! # How a call ends
//!
//! An answer is the end that [`mcp`](super) says, in JSON or in an event. Without one:
//!
//! | what comes | outcome |
//! |---|---|
//! | status 401 or 403 | `denied`, error type `http_401`, `http_403` |
//! | status 429 or 503 | `rejected`, error type `http_429`, `http_503` |
//! | another status that is no success | `service_error`, error type `http_500` and the like |
//! | no connection to the server | `service_error`, error type `unreachable`; the client gets status 502 |
//! | no answer that begins in time | `timed_out`, error type `no_answer`; the client gets status 504 |
//! | an answer that ends or breaks off without the call's | `service_error`, error type `server_ended` |
//! | an answer that cannot be read: encoded, too long, of another type | `service_error`, error type `unreadable_answer` |
//! | status 202, without a session or to a call without an id | `cancelled`, error type `unanswered` |
//! | the client leaves | `cancelled`, error type `client_left` |
//! | the client ends the session with `DELETE` | `cancelled`, error type `session_ended` |
//! | status 404 to a request of the session | `service_error`, error type `session_ended` |
//! | the proxy stops, and the call does not end in time | `cancelled`, error type `proxy_stopped` |
//! | a body that cannot be read, is too long or breaks off | `service_error`, error type `unreadable_message`, tool `unknown` |
//!
//! A body that is compressed, or said to be in another charset than UTF-8, cannot be read either. Servers differ in which
//! paths and types they take for those of messages, so the last line holds on any path; only what is said to be a form, and
//! looks like one, passes beside the server's own path without an entry, as logins need it.
//!
//! # Sessions
//!
//! In a session (`Mcp-Session-Id`, protocol versions before 2026-07-28) an answer may come in another request than the call
//! did. So a call waits where the server accepted it with status 202, and where its stream of events ended, or the client
//! left it, after the server said with an event's id where to go on. It ends when the answer comes in any stream of the
//! session, at the latest with the session. A call whose own request still goes on is answered there, or in the stream of a
//! client that says with `Last-Event-Id` that it has lost that one. A session that nobody has used for [an
//! hour](ProxyBuilder::session_idle) is forgotten, and so is the one that was used longest ago where there are 4096; their
//! calls end as `cancelled`, error type `unanswered`, as do the oldest of a session that has 4096.
//!
//! Without a session, as from version 2026-07-28 on, the answer comes in the request's own answer or never.
//!
//! A session's id is a secret: whoever has it can use the session. The log holds a pseudonym of it as the conversation,
//! and the proxy no more than a digest. No other header that holds a credential is recorded.
//!
//! # Who may ask
//!
//! A web page can have its own name pointed to the loopback, and so reach a server there (DNS rebinding). A request is
//! turned away with status 403 unless its `Host` is of the loopback or [named](ProxyBuilder::allow_host), and its
//! `Origin`, if it has one, is of the loopback or [named](ProxyBuilder::allow_origin) too. The proxy checks nobody's
//! password, and serves no address that other machines reach unless it [is told to](ProxyBuilder::listen_beyond_loopback).
//!
//! # Bounds
//!
//! A request's body has [a most](ProxyBuilder::max_body); of an answer there are looked at
//! [`MAX_MESSAGE`](super::MAX_MESSAGE) bytes of each message. Copies and open calls together take at most 512 MiB: beyond
//! it messages pass unread, which is counted, or are refused, and the session's oldest open call ends as `cancelled`, error
//! type `unanswered`. The transport of version 2024-11-05, with two paths, passes, but its answers are not matched.

mod answer_body;
mod connections;
mod error;
mod events;
mod exchange;
mod foreign;
mod headers;
mod proxy;
mod request_body;
mod serve;
mod sessions;
mod settings;
#[cfg(unix)]
mod signals;
mod upstream;

pub use self::error::ProxyError;
pub use self::proxy::{Proxy, ProxyBuilder, ProxyStats};
#[cfg(unix)]
pub use self::signals::stop_signal;

/// The error type of calls that were open when the proxy was stopped.
const STOPPED: &str = "proxy_stopped";
