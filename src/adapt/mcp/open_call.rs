use serde_json::{Map, Value};

use super::origin::Room;
use crate::call::Outcome;
use crate::record::{Commit, Recording};

/// A call that has begun and whose end is awaited.
pub(super) struct OpenCall {
    pub(super) request: Option<Value>,
    /// The server's task that the call has become.
    pub(super) task: Option<String>,
    /// The request that asks for the task's result.
    pub(super) fetch: Option<Value>,
    /// The exchange in which the answer is expected; 0 where it may come in any.
    pub(super) exchange: u64,
    pub(super) recording: Recording,
    /// What the call takes of the memory for all; it is given back when the call ends.
    #[expect(dead_code, reason = "it is held for its drop alone")]
    pub(super) room: Option<Room>,
}

impl OpenCall {
    pub(super) fn is_task(&self, task: Option<&str>) -> bool {
        task.is_some() && self.task.as_deref() == task
    }

    /// Whether an answer with this id is the call's end. That to the request itself is, until it has become a task.
    pub(super) fn awaits(&self, id: &Value) -> bool {
        let awaited = if self.task.is_some() {
            &self.fetch
        } else {
            &self.request
        };
        awaited.as_ref() == Some(id)
    }

    pub(super) fn fail(self, error_type: &str, text: &str) -> Commit {
        self.end(Outcome::ServiceError, error_type, text)
    }

    pub(super) fn end(self, how: Outcome, error_type: &str, text: &str) -> Commit {
        self.recording.finish(|outcome| {
            outcome.outcome(how).error_type(error_type).error(text);
        })
    }

    pub(super) fn cancel(self, error_type: &str, reason: Option<&str>) {
        let committed = self.recording.finish(|outcome| {
            outcome.outcome(Outcome::Cancelled).error_type(error_type);
            if let Some(reason) = reason {
                outcome.error(reason);
            }
        });
        drop(committed);
    }
}

/// The id of the task that a server made of a call, in place of its result.
pub(super) fn new_task(result: &Value) -> Option<&str> {
    let members: &Map<String, Value> = result.as_object()?;
    members.get("task")?.get("taskId")?.as_str()
}
