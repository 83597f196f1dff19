use serde_json::Value;

use super::message;
use super::origin::Room;
use super::task::TaskEnd;
use crate::call::{Outcome, ToolResponse};
use crate::record::{Commit, Recording};

/// A call that has begun and whose end is awaited.
pub(super) struct OpenCall {
    pub(super) request: Option<Value>,
    /// The server's task that the call has become.
    pub(super) task: Option<String>,
    /// The request that asks for the task's result.
    pub(super) fetch: Option<Value>,
    /// The last request that asks how the task is.
    pub(super) poll: Option<Value>,
    /// The exchange in which the answer is expected; 0 where it may come in any.
    pub(super) exchange: u64,
    pub(super) recording: Recording,
    /// What the call takes of its session's memory.
    pub(super) memory: Room,
    /// What the call takes of the memory for all; it is given back when the call ends.
    #[expect(dead_code, reason = "it is held for its drop alone")]
    pub(super) room: Option<Room>,
}

/// Whether two ids are one.
pub(super) type SameId = fn(&Value, &Value) -> bool;

/// The ways to compare ids, the strictest first.
pub(super) const SAME_ID: [SameId; 2] = [|one, other| one == other, message::is_same_id];

impl OpenCall {
    /// Counts how much memory it takes: an id may be as long as a message.
    pub(super) fn count_memory(&mut self) {
        let length = |id: &Option<Value>| id.as_ref().and_then(Value::as_str).map_or(0, str::len);
        let task = self.task.as_ref().map_or(0, String::len);
        let ids = length(&self.request) + length(&self.fetch) + length(&self.poll);
        self.memory.clear();
        self.memory
            .grow(size_of::<Self>() + task + ids + self.recording.memory());
    }

    pub(super) fn is_task(&self, task: Option<&str>) -> bool {
        task.is_some() && self.task.as_deref() == task
    }

    /// Whether it is the call of the request with this id.
    pub(super) fn is_of(&self, id: &Value, is_same: SameId) -> bool {
        let own = self.request.as_ref();
        own.is_some_and(|own| is_same(own, id))
    }

    /// Whether an answer with this id is the call's end. That to the request itself is, until it has become a task.
    pub(super) fn awaits(&self, id: &Value, is_same: SameId) -> bool {
        let awaited = if self.task.is_some() {
            &self.fetch
        } else {
            &self.request
        };
        awaited.as_ref().is_some_and(|awaited| is_same(awaited, id))
    }

    pub(super) fn polls(&self, id: &Value) -> bool {
        let poll = self.poll.as_ref();
        self.task.is_some() && poll.is_some_and(|poll| message::is_same_id(poll, id))
    }

    /// Whether such an end is the call's, or something that says more is asked for already.
    pub(super) fn waits_for(&self, end: &TaskEnd<'_>) -> bool {
        !matches!(end, TaskEnd::Failed(_)) || self.fetch.is_none()
    }

    pub(super) fn succeed(self, result: &Value) -> Commit {
        self.recording
            .finish(|outcome| result.describe_outcome(outcome))
    }

    pub(super) fn fail_with(self, error: &Value) -> Commit {
        let code = error.get("code");
        let text = error.get("message").and_then(Value::as_str);
        self.recording.finish(|outcome| {
            outcome
                .outcome(Outcome::ServiceError)
                .error_type(&code.map(Value::to_string).unwrap_or_default())
                .error(text.unwrap_or_default());
            if let Some(code) = code.and_then(Value::as_i64) {
                outcome.response_code(code);
            }
        })
    }

    pub(super) fn end_task(self, end: &TaskEnd<'_>) -> Commit {
        match *end {
            TaskEnd::Result(result) => self.succeed(result),
            TaskEnd::Error(error) => self.fail_with(error),
            TaskEnd::Failed(why) => {
                self.end(Outcome::ToolError, "task_failed", why.unwrap_or_default())
            }
            TaskEnd::Cancelled(why) => self.cancel("cancelled_by_client", why),
        }
    }

    pub(super) fn fail(self, error_type: &str, text: &str) -> Commit {
        self.end(Outcome::ServiceError, error_type, text)
    }

    pub(super) fn end(self, how: Outcome, error_type: &str, text: &str) -> Commit {
        self.recording.finish(|outcome| {
            outcome.outcome(how).error_type(error_type).error(text);
        })
    }

    pub(super) fn cancel(self, error_type: &str, reason: Option<&str>) -> Commit {
        self.recording.finish(|outcome| {
            outcome.outcome(Outcome::Cancelled).error_type(error_type);
            if let Some(reason) = reason {
                outcome.error(reason);
            }
        })
    }
}
