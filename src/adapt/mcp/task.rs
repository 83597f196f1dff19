//! Tasks that servers make of calls: those of protocol version 2025-11-25, and the extension of 2026-07-28.

use serde_json::Value;

/// How a task has ended, as an answer to `tasks/get` or a notification says it.
#[derive(Debug, PartialEq)]
pub(super) enum TaskEnd<'a> {
    /// With what the call would have answered. The older version says it only to `tasks/result`.
    Result(&'a Value),
    /// With what would have been the call's JSON-RPC error.
    Error(&'a Value),
    /// It failed, and why.
    Failed(Option<&'a str>),
    /// Somebody cancelled it, and why.
    Cancelled(Option<&'a str>),
}

/// The id of the task that a server made of a call, in place of its result.
pub(super) fn new_task(result: &Value) -> Option<&str> {
    let task = if result.get("resultType").and_then(Value::as_str) == Some("task") {
        result
    } else {
        result.get("task")?
    };
    id(task)
}

/// Which task is spoken of.
pub(super) fn id(task: &Value) -> Option<&str> {
    task.get("taskId").and_then(Value::as_str)
}

/// How it has ended; none while it goes on, and where its result has still to be asked for.
pub(super) fn end(task: &Value) -> Option<TaskEnd<'_>> {
    let why = task.get("statusMessage").and_then(Value::as_str);
    match task.get("status").and_then(Value::as_str)? {
        "completed" => task.get("result").map(TaskEnd::Result),
        "failed" => Some(
            task.get("error")
                .map_or(TaskEnd::Failed(why), TaskEnd::Error),
        ),
        "cancelled" => Some(TaskEnd::Cancelled(why)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{TaskEnd, end, new_task};

    #[test]
    fn a_task_is_one_in_either_version() {
        let older = json!({"task": {"taskId": "t", "status": "working"}});
        let newer = json!({"resultType": "task", "taskId": "t", "status": "working"});
        assert_eq!(new_task(&older), Some("t"));
        assert_eq!(new_task(&newer), Some("t"));
        for other in [
            json!({"resultType": "complete", "taskId": "t"}),
            json!({"taskId": "t"}),
            json!({"task": "t"}),
            json!([]),
        ] {
            assert_eq!(new_task(&other), None, "{other}");
        }
    }

    #[test]
    fn a_task_has_ended_only_where_it_says_how() {
        assert_eq!(end(&json!({"status": "completed"})), None);
        assert_eq!(end(&json!({"status": "input_required"})), None);
        let completed = json!({"status": "completed", "result": {}});
        assert_eq!(end(&completed), Some(TaskEnd::Result(&json!({}))));
        let failed = json!({"status": "failed", "statusMessage": "why"});
        assert_eq!(end(&failed), Some(TaskEnd::Failed(Some("why"))));
    }
}
