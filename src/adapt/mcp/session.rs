use std::collections::VecDeque;
use std::fmt;

use serde_json::Value;

use super::task::{self, TaskEnd};
use super::{describe, message};
use crate::call::{CallContext, Outcome, ToolResponse, UNKNOWN};
use crate::record::{Admission, Commit, Recorder, Recording};

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
    open: VecDeque<OpenCall>,
    /// How much memory the open calls take.
    open_bytes: usize,
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

struct OpenCall {
    request: Option<Value>,
    /// The server's task that the call has become.
    task: Option<String>,
    /// The request that asks for the task's result.
    fetch: Option<Value>,
    /// The last request that asks how the task is.
    poll: Option<Value>,
    /// How much memory it takes.
    bytes: usize,
    recording: Recording,
}

impl McpSession {
    /// A session whose calls have `context` in common: who uses the client, and what the session is called.
    #[must_use]
    pub fn new(recorder: Recorder, context: CallContext) -> Self {
        Self {
            recorder,
            context,
            open: VecDeque::new(),
            open_bytes: 0,
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
            Some(messages) => self.client_messages(&messages, admission),
            None => {
                self.client_unreadable(line.len() as u64, admission);
                Vec::new()
            }
        }
    }

    pub(super) fn client_messages(
        &mut self,
        messages: &[Value],
        admission: &Admission,
    ) -> Vec<Started> {
        let mut started = Vec::new();
        for message in messages {
            let params = message::params(message);
            match message::method(message) {
                Some("tools/call") => started.push(self.begin(message, admission)),
                Some("notifications/cancelled") => {
                    let reason = params.get("reason").and_then(Value::as_str);
                    self.cancel(
                        |call| call.request.as_ref() == params.get("requestId"),
                        reason,
                    );
                }
                Some("tasks/cancel") => self.cancel(|call| call.is_task(task::id(params)), None),
                Some("tasks/result") => {
                    self.change(
                        |call| call.is_task(task::id(params)),
                        |call| call.fetch = message::id(message).cloned(),
                    );
                }
                Some("tasks/get") => {
                    self.change(
                        |call| call.is_task(task::id(params)),
                        |call| call.poll = message::id(message).cloned(),
                    );
                }
                Some("initialize") => {
                    if let Some(client) = params.get("clientInfo") {
                        self.context =
                            describe::with_client(std::mem::take(&mut self.context), client);
                    }
                }
                _ => {}
            }
        }
        started
    }

    /// Records that the client sent so many bytes that nobody can read.
    pub(super) fn client_unreadable(&mut self, bytes: u64, admission: &Admission) {
        self.stats.unreadable_from_client += 1;
        let context = &self.context;
        let recording = self.recorder.start_admitted(admission, |call| {
            call.tool_name(UNKNOWN).context(context);
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
            Some(messages) => self.server_messages(&messages),
            None => {
                self.server_unreadable();
                Vec::new()
            }
        }
    }

    pub(super) fn server_messages(&mut self, messages: &[Value]) -> Vec<Ended> {
        let ended = messages.iter().filter_map(|message| {
            if message::method(message).is_none() {
                return self.answer(message);
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
        self.open_bytes = 0;
    }

    /// The server has ended, as `how` says: open calls end as `service_error`.
    pub fn server_ended(&mut self, how: &str) {
        for call in self.open.drain(..) {
            drop(call.fail("server_ended", how));
        }
        self.open_bytes = 0;
    }

    /// The call of this request is not made, for its record of intent is not durable.
    pub(super) fn refuse(&mut self, id: Option<&Value>) {
        if let Some(call) = self.take(|call| call.request.as_ref() == id) {
            let committed = call.recording.finish(|outcome| {
                outcome
                    .outcome(Outcome::Rejected)
                    .error_type("intent_not_durable");
            });
            drop(committed);
        }
    }

    fn begin(&mut self, request: &Value, admission: &Admission) -> Started {
        let params = message::params(request);
        let id = message::id(request);
        let context = describe::context(&self.context, params);
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
            call.context(&context);
        });
        recording.begin();
        self.stats.calls += 1;
        let intent = recording.intent();
        let call = OpenCall {
            request: id.cloned(),
            task: None,
            fetch: None,
            poll: None,
            bytes: 0,
            recording,
        };
        self.open.push_back(call);
        self.count(self.open.len() - 1);
        Started {
            id: id.cloned(),
            intent,
        }
    }

    fn answer(&mut self, answer: &Value) -> Option<Ended> {
        let id = message::id(answer)?;
        let result = answer.get("result");
        if self.context.server.is_none() {
            self.context.server = result.and_then(describe::server).map(str::to_owned);
        }
        let Some(place) = self.open.iter().position(|call| call.awaits(id)) else {
            return self.polled(id, result?);
        };
        if let Some(task) = result.and_then(task::new_task)
            && self.open.get(place)?.task.is_none()
        {
            self.open.get_mut(place)?.task = Some(task.to_owned());
            self.count(place);
            return None;
        }
        let call = self.remove(place)?;
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
            self.open_bytes -= call.bytes;
            call.bytes = call.memory();
            self.open_bytes += call.bytes;
        }
        while self.open.len() > MOST_OPEN || self.open_bytes > MOST_OPEN_BYTES {
            let Some(oldest) = self.remove(0) else { break };
            drop(oldest.cancel("unanswered", None));
        }
    }

    fn cancel(&mut self, is_meant: impl Fn(&OpenCall) -> bool, reason: Option<&str>) {
        if let Some(call) = self.take(is_meant) {
            drop(call.cancel("cancelled_by_client", reason));
        }
    }

    fn take(&mut self, is_meant: impl Fn(&OpenCall) -> bool) -> Option<OpenCall> {
        let place = self.open.iter().position(is_meant)?;
        self.remove(place)
    }

    fn remove(&mut self, place: usize) -> Option<OpenCall> {
        let call = self.open.remove(place)?;
        self.open_bytes -= call.bytes;
        Some(call)
    }
}

impl OpenCall {
    /// How much memory it takes, in bytes: an id may be as long as a message.
    fn memory(&self) -> usize {
        let length = |id: &Option<Value>| id.as_ref().and_then(Value::as_str).map_or(0, str::len);
        let task = self.task.as_ref().map_or(0, String::len);
        let ids = length(&self.request) + length(&self.fetch) + length(&self.poll);
        size_of::<Self>() + task + ids + self.recording.memory()
    }

    fn is_task(&self, task: Option<&str>) -> bool {
        task.is_some() && self.task.as_deref() == task
    }

    /// Whether an answer with this id is the call's end. That to the request itself is, until it has become a task.
    fn awaits(&self, id: &Value) -> bool {
        let awaited = if self.task.is_some() {
            &self.fetch
        } else {
            &self.request
        };
        awaited.as_ref() == Some(id)
    }

    fn polls(&self, id: &Value) -> bool {
        self.task.is_some() && self.poll.as_ref() == Some(id)
    }

    /// Whether such an end is the call's, or something that says more is asked for already.
    fn waits_for(&self, end: &TaskEnd<'_>) -> bool {
        !matches!(end, TaskEnd::Failed(_)) || self.fetch.is_none()
    }

    fn succeed(self, result: &Value) -> Commit {
        self.recording
            .finish(|outcome| result.describe_outcome(outcome))
    }

    fn fail_with(self, error: &Value) -> Commit {
        let code = error.get("code").map(Value::to_string).unwrap_or_default();
        let text = error.get("message").and_then(Value::as_str);
        self.fail(&code, text.unwrap_or_default())
    }

    fn end_task(self, end: &TaskEnd<'_>) -> Commit {
        match *end {
            TaskEnd::Result(result) => self.succeed(result),
            TaskEnd::Error(error) => self.fail_with(error),
            TaskEnd::Failed(why) => self.recording.finish(|outcome| {
                outcome
                    .outcome(Outcome::ToolError)
                    .error_type("task_failed")
                    .error(why.unwrap_or_default());
            }),
            TaskEnd::Cancelled(why) => self.cancel("cancelled_by_client", why),
        }
    }

    fn fail(self, error_type: &str, text: &str) -> Commit {
        self.recording.finish(|outcome| {
            outcome
                .outcome(Outcome::ServiceError)
                .error_type(error_type)
                .error(text);
        })
    }

    fn cancel(self, error_type: &str, reason: Option<&str>) -> Commit {
        self.recording.finish(|outcome| {
            outcome.outcome(Outcome::Cancelled).error_type(error_type);
            if let Some(reason) = reason {
                outcome.error(reason);
            }
        })
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
