//! One connection, and the calls of it that are open.

mod client;
#[cfg(feature = "mcp-http")]
mod exchange;
mod server;

use std::collections::VecDeque;
use std::fmt;

use serde_json::Value;

use super::open_call::OpenCall;
use super::origin::Memory;
use crate::call::{CallContext, Outcome};
use crate::record::{Commit, Recorder};

/// How many calls may be open at once. The oldest beyond it ends as `cancelled`, of error type `unanswered`.
const MOST_OPEN: usize = 4096;
/// How much memory they may take together: 64 MiB. The oldest beyond it end in the same way.
const MOST_OPEN_BYTES: usize = 64 * 1024 * 1024;

/// One connection between a client and a server, whose calls are recorded.
///
/// It is shown each line of either direction, without its line feed, in the order in which they are sent. Nothing in
/// here waits. When it is dropped, calls that are open end as `cancelled`.
///
/// ```
/// use tool_audit::adapt::mcp::McpSession;
/// use tool_audit::{Admission, CallContext, MemorySink, Recorder};
///
/// let sink = MemorySink::new();
/// let context = CallContext::new("session_1", "usr_9");
/// let mut session = McpSession::new(Recorder::new(sink.clone()), context);
/// session.client_line(
///     br#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"add","arguments":{"a":1,"b":2}}}"#,
///     &Admission::Admitted,
/// );
/// session.server_line(br#"{"jsonrpc":"2.0","id":1,"result":{"content":[{"type":"text","text":"3"}]}}"#);
/// assert_eq!(sink.entries()[0].tool_name, "add");
/// assert!(sink.entries()[0].success);
/// ```
pub struct McpSession {
    recorder: Recorder,
    /// What is known of every call.
    context: CallContext,
    /// The name and version that the client claimed in its `initialize`.
    client: [Option<Value>; 2],
    /// The pseudonym of the session's id.
    session: Option<String>,
    open: VecDeque<OpenCall>,
    /// What the open calls take.
    memory: Memory,
    stats: McpStats,
}

/// What a session has seen.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct McpStats {
    /// Calls that were recorded, or will be when they end.
    pub calls: u64,
    /// Lines from the client that could not be read; each is an entry too.
    pub unreadable_from_client: u64,
    /// Lines from the server that could not be read: answers among them are not known.
    pub unreadable_from_server: u64,
}

impl McpStats {
    /// Adds what another session has seen.
    #[cfg(feature = "mcp-http")]
    pub(super) fn add(&mut self, other: Self) {
        self.calls += other.calls;
        self.unreadable_from_client += other.unreadable_from_client;
        self.unreadable_from_server += other.unreadable_from_server;
    }
}

/// A call that a line of the client began.
#[derive(Debug)]
pub struct Started {
    /// The request's id; none where it has none.
    pub id: Option<Value>,
    /// Ready when the record of intent is as durable as the policy asks.
    pub intent: Commit,
}

/// A call that a line of the server ended.
#[derive(Debug)]
pub struct Ended {
    /// The id of the request that was answered.
    pub id: Value,
    /// Ready when the call's record is as durable as the policy asks.
    pub commit: Commit,
}

impl McpSession {
    /// A session whose calls have `context` in common: who uses the client, and what the session is called.
    #[must_use]
    pub fn new(recorder: Recorder, context: CallContext) -> Self {
        Self {
            recorder,
            context,
            client: Default::default(),
            session: None,
            open: VecDeque::new(),
            memory: Memory::new(MOST_OPEN_BYTES),
            stats: McpStats::default(),
        }
    }

    /// What has been seen until now.
    #[must_use]
    pub fn stats(&self) -> McpStats {
        self.stats
    }

    /// The client has left: open calls end as `cancelled`.
    pub fn client_left(&mut self) {
        self.open.clear();
    }

    /// The server has ended, as `how` says: open calls end as `service_error`.
    pub fn server_ended(&mut self, how: &str) {
        for call in self.open.drain(..) {
            drop(call.fail("server_ended", how));
        }
    }

    /// The call of this request is not made, for its record of intent is not durable.
    pub(super) fn refuse(&mut self, id: Option<&Value>, exchange: u64) {
        let is_meant = |call: &OpenCall| call.exchange == exchange && call.request.as_ref() == id;
        if let Some(call) = self.take(is_meant) {
            let committed = call.recording.finish(|outcome| {
                outcome
                    .outcome(Outcome::Rejected)
                    .error_type("intent_not_durable");
            });
            drop(committed);
        }
    }

    fn change(&mut self, is_meant: impl Fn(&OpenCall) -> bool, change: impl FnOnce(&mut OpenCall)) {
        if let Some(place) = self.open.iter().position(is_meant)
            && let Some(call) = self.open.get_mut(place)
        {
            change(call);
            self.count(place);
        }
    }

    /// Counts the memory that a call takes, which is new or was changed, and makes room where there is none.
    fn count(&mut self, place: usize) {
        if let Some(call) = self.open.get_mut(place) {
            call.count_memory();
        }
        self.make_room();
    }

    fn make_room(&mut self) {
        while self.open.len() > MOST_OPEN || (self.memory.is_over() && !self.open.is_empty()) {
            self.end_oldest();
        }
    }

    fn end_oldest(&mut self) {
        if let Some(oldest) = self.open.pop_front() {
            drop(oldest.cancel("unanswered", None));
        }
    }

    /// Whether there was one to cancel.
    fn cancel(&mut self, is_meant: impl Fn(&OpenCall) -> bool, reason: Option<&str>) -> bool {
        let Some(call) = self.take(is_meant) else {
            return false;
        };
        drop(call.cancel("cancelled_by_client", reason));
        true
    }

    fn take(&mut self, is_meant: impl Fn(&OpenCall) -> bool) -> Option<OpenCall> {
        let place = self.open.iter().position(is_meant)?;
        self.open.remove(place)
    }
}

impl fmt::Debug for McpSession {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("McpSession")
            .field("open", &self.open.len())
            .field("stats", &self.stats)
            .finish_non_exhaustive()
    }
}
