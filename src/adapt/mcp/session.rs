use std::collections::VecDeque;
use std::fmt;

use serde_json::Value;

use super::open_call::{OpenCall, SAME_ID};
use super::origin::{Heard, Memory, Origin};
use super::{message, task};
use crate::adapt::meta;
use crate::call::{CallContext, Outcome, UNKNOWN};
use crate::record::{Admission, CallBuilder, Commit, Recorder};

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

    /// Looks at a line that the client sends, before the server has it.
    ///
    /// `admission` says whether the log can take a call: [`Recorder::admit_or_go_on`] tells.
    pub fn client_line(&mut self, line: &[u8], admission: &Admission) -> Vec<Started> {
        match message::parse(line) {
            Some(messages) => self.client_messages(&messages, admission, &Origin::default()),
            None => {
                self.client_unreadable(line.len() as u64, admission, &Origin::default());
                Vec::new()
            }
        }
    }

    pub(super) fn client_messages(
        &mut self,
        messages: &[Value],
        admission: &Admission,
        origin: &Origin,
    ) -> Vec<Started> {
        let mut started = Vec::new();
        for message in messages {
            let params = message::params(message);
            match message::method(message) {
                Some("tools/call") => started.push(self.begin(message, admission, origin)),
                Some("notifications/cancelled") => {
                    let reason = params.get("reason").and_then(Value::as_str);
                    if let Some(id) = params.get("requestId") {
                        SAME_ID
                            .iter()
                            .any(|is_same| self.cancel(|call| call.is_of(id, *is_same), reason));
                    }
                }
                Some("tasks/cancel") => {
                    self.cancel(|call| call.is_task(task::id(params)), None);
                }
                Some("tasks/result") => self.change(
                    |call| call.is_task(task::id(params)),
                    |call| {
                        call.fetch = message::id(message).cloned();
                        call.exchange = origin.exchange;
                    },
                ),
                Some("tasks/get") => self.change(
                    |call| call.is_task(task::id(params)),
                    |call| call.poll = message::id(message).cloned(),
                ),
                Some("initialize") => {
                    if let Some(client) = params.get("clientInfo") {
                        self.client = ["name", "version"]
                            .map(|member| meta::short(client, member).map(Value::from));
                    }
                }
                _ => {}
            }
        }
        started
    }

    /// Records that the client sent so many bytes that nobody can read.
    pub(super) fn client_unreadable(&mut self, bytes: u64, admission: &Admission, origin: &Origin) {
        self.stats.unreadable_from_client += 1;
        let context = origin.added_to(self.context.clone());
        let recording = self.recorder.start_admitted(admission, |call| {
            call.tool_name(UNKNOWN).context(&context);
            self.claim_client(call);
        });
        let committed = recording.finish(|outcome| {
            outcome
                .outcome(Outcome::ServiceError)
                .error_type("unreadable_message")
                .error(&format_args!(
                    "a message of {bytes} bytes from the client is no JSON-RPC that can be read"
                ));
        });
        drop(committed);
    }

    /// Looks at a line that the server sends, before the client has it.
    pub fn server_line(&mut self, line: &[u8]) -> Vec<Ended> {
        match message::parse(line) {
            Some(messages) => self.server_messages(&messages, Heard::default()),
            None => {
                self.server_unreadable();
                Vec::new()
            }
        }
    }

    /// Looks at what the server said there. Where two calls have one id, it is the exchange's own that ends.
    pub(super) fn server_messages(&mut self, messages: &[Value], heard: Heard) -> Vec<Ended> {
        let ended = messages.iter().filter_map(|message| {
            if message::method(message).is_none() {
                return self.answer(message, heard);
            }
            if let Some("notifications/tasks/status" | "notifications/tasks") =
                message::method(message)
            {
                self.task_status(message::params(message));
            }
            None
        });
        ended.collect()
    }

    pub(super) fn server_unreadable(&mut self) {
        self.stats.unreadable_from_server += 1;
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

    /// The calls of this exchange, of which none can be answered any more, have ended so.
    #[cfg(feature = "mcp-http")]
    pub(super) fn end_exchange(
        &mut self,
        exchange: u64,
        how: Outcome,
        error_type: &str,
        why: &str,
    ) {
        self.detach_tasks(exchange);
        for call in self.take_all(|call| call.exchange == exchange) {
            drop(call.end(how, error_type, why));
        }
    }

    /// The calls of this exchange may be answered in another one, but for those that have no id.
    #[cfg(feature = "mcp-http")]
    pub(super) fn detach_exchange(&mut self, exchange: u64) {
        self.detach_tasks(exchange);
        for call in self.take_all(|call| call.exchange == exchange && call.request.is_none()) {
            drop(call.cancel("unanswered", None));
        }
        for call in self
            .open
            .iter_mut()
            .filter(|call| call.exchange == exchange)
        {
            call.exchange = 0;
        }
    }

    /// Who asked for a task's result may ask again.
    #[cfg(feature = "mcp-http")]
    fn detach_tasks(&mut self, exchange: u64) {
        let of_this = |call: &&mut OpenCall| call.exchange == exchange && call.task.is_some();
        for call in self.open.iter_mut().filter(of_this) {
            call.exchange = 0;
            call.fetch = None;
        }
    }

    /// Whether calls of this exchange are open.
    #[cfg(feature = "mcp-http")]
    pub(super) fn awaits(&self, exchange: u64) -> bool {
        self.open.iter().any(|call| call.exchange == exchange)
    }

    /// Whether calls are open whose answers may come in any exchange; tasks, which may take days, are asked for.
    #[cfg(feature = "mcp-http")]
    pub(super) fn awaits_anywhere(&self) -> bool {
        self.open
            .iter()
            .any(|call| call.exchange == 0 && call.task.is_none())
    }

    /// All open calls have ended so.
    #[cfg(feature = "mcp-http")]
    pub(super) fn end_all(&mut self, how: Outcome, error_type: &str, why: &str) {
        for call in self.open.drain(..) {
            drop(call.end(how, error_type, why));
        }
    }

    /// The calls that have become tasks, or the one that is this task.
    #[cfg(feature = "mcp-http")]
    pub(super) fn take_tasks(&mut self, task: Option<&str>) -> VecDeque<OpenCall> {
        self.take_all(|call| match task {
            Some(_) => call.is_task(task),
            None => call.task.is_some(),
        })
    }

    /// Takes over calls that another session has begun.
    #[cfg(feature = "mcp-http")]
    pub(super) fn adopt(&mut self, calls: VecDeque<OpenCall>) {
        self.open.extend(calls);
        self.make_room();
    }

    /// What the session is called from now on.
    #[cfg(feature = "mcp-http")]
    pub(super) fn set_conversation(&mut self, id: String) {
        self.context.conversation_id = Some(id.clone());
        self.session = Some(id);
    }

    #[cfg(feature = "mcp-http")]
    fn take_all(&mut self, is_meant: impl Fn(&OpenCall) -> bool) -> VecDeque<OpenCall> {
        let (taken, left) = self.open.drain(..).partition(is_meant);
        self.open = left;
        taken
    }

    fn claim_client(&self, call: &mut CallBuilder<'_>) {
        let [name, version] = &self.client;
        meta::claim_client(call, name.as_ref(), version.as_ref());
    }

    fn begin(&mut self, request: &Value, admission: &Admission, origin: &Origin) -> Started {
        let params = message::params(request);
        let id = message::id(request);
        let context = origin.added_to(self.context.clone());
        let meta = params.get("_meta").and_then(Value::as_object);
        let mut recording = self.recorder.start_admitted(admission, |call| {
            call.tool_name(
                params
                    .get("name")
                    .and_then(Value::as_str)
                    .unwrap_or(UNKNOWN),
            );
            if let Some(arguments) = params.get("arguments") {
                call.arguments(arguments);
            }
            match id {
                Some(Value::String(id)) => {
                    call.tool_call_id(id);
                }
                Some(id) => {
                    call.tool_call_id(&id.to_string());
                }
                None => {}
            }
            if let Some(session) = &self.session {
                call.session_called(session);
            }
            meta::describe(call.over_mcp(), &context, meta);
            self.claim_client(call);
        });
        recording.begin();
        self.stats.calls += 1;
        let intent = recording.intent();
        let (room, has_room) = origin.take_room();
        self.open.push_back(OpenCall {
            request: id.cloned(),
            task: None,
            fetch: None,
            poll: None,
            exchange: origin.exchange,
            recording,
            memory: self.memory.take(0).0,
            room,
        });
        if !has_room {
            self.end_oldest();
        }
        self.count(self.open.len().saturating_sub(1));
        Started {
            id: id.cloned(),
            intent,
        }
    }

    fn answer(&mut self, answer: &Value, heard: Heard) -> Option<Ended> {
        let id = message::id(answer)?;
        let result = answer.get("result");
        if self.context.server.is_none() {
            self.context.server = result.and_then(meta::server).map(str::to_owned);
        }
        let Some(place) = self.place_of(id, heard) else {
            return self.polled(id, result?);
        };
        if let Some(task) = result.and_then(task::new_task)
            && let Some(call) = self.open.get_mut(place)
            && call.task.is_none()
        {
            call.task = Some(task.to_owned());
            call.exchange = 0;
            self.count(place);
            return None;
        }
        let call = self.open.remove(place)?;
        let commit = match (result, answer.get("error")) {
            (Some(result), _) => call.succeed(result),
            (None, Some(error)) => call.fail_with(error),
            (None, None) => call.fail("no_result", "the answer has neither result nor error"),
        };
        Some(Ended {
            id: id.clone(),
            commit,
        })
    }

    /// The open call that an answer with this id is to: one of the exchange itself, or that may be answered in any. What
    /// another exchange waits for comes there, and elsewhere only to a client that goes on with a stream it has lost.
    fn place_of(&self, id: &Value, heard: Heard) -> Option<usize> {
        let find = |may_be: &dyn Fn(&OpenCall) -> bool| {
            SAME_ID.iter().find_map(|is_same| {
                let is_meant = |call: &OpenCall| may_be(call) && call.awaits(id, *is_same);
                self.open.iter().position(is_meant)
            })
        };
        find(&|call| call.exchange == heard.exchange)
            .or_else(|| find(&|call| call.exchange == 0))
            .or_else(|| find(&|_| heard.resumes))
    }

    /// An answer that says how a task is: where the task has ended, so has its call.
    fn polled(&mut self, id: &Value, task: &Value) -> Option<Ended> {
        let end = task::end(task)?;
        let call = self.take(|call| call.polls(id) && call.waits_for(&end))?;
        Some(Ended {
            id: id.clone(),
            commit: call.end_task(&end),
        })
    }

    fn task_status(&mut self, params: &Value) {
        if let Some(end) = task::end(params)
            && let Some(call) =
                self.take(|call| call.is_task(task::id(params)) && call.waits_for(&end))
        {
            drop(call.end_task(&end));
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
