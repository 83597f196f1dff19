use std::error::Error;
use std::fmt;

use rmcp::ErrorData;
use rmcp::model::{CallToolResponse, CallToolResult};
use serde::Serialize;
use serde_json::Value;

use super::{Cancellation, cancellation};
use crate::call::{Outcome, ToolResponse};
use crate::record::OutcomeBuilder;

/// What a tool answered, and whether anybody waited for it.
///
/// A layer that answers in the tool's place makes one of a [`CallToolResult`] or a [`CallToolResponse`]. A question or a
/// task is recorded as such then; a client that has not said that it understands it gets an error of rmcp's in its place.
#[derive(Clone)]
#[non_exhaustive]
pub struct ToolReply {
    /// What the client gets.
    pub response: CallToolResponse,
    /// Why nobody waited for the answer, where the request was cancelled before it came.
    pub cancellation: Option<Cancellation>,
    /// The tool did not run: its arguments are not what it asks for.
    pub(super) has_bad_arguments: bool,
}

impl From<CallToolResponse> for ToolReply {
    fn from(response: CallToolResponse) -> Self {
        Self {
            response,
            cancellation: None,
            has_bad_arguments: false,
        }
    }
}

impl From<CallToolResult> for ToolReply {
    fn from(result: CallToolResult) -> Self {
        CallToolResponse::from(result).into()
    }
}

impl From<ToolReply> for CallToolResponse {
    fn from(reply: ToolReply) -> Self {
        reply.response
    }
}

/// Shows nothing of what the tool said, which nobody has sanitized yet.
impl fmt::Debug for ToolReply {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let is_error = match &self.response {
            CallToolResponse::Complete(result) => result.is_error,
            _ => None,
        };
        formatter
            .debug_struct("ToolReply")
            .field("is_error", &is_error)
            .field("is_cancelled", &self.cancellation.is_some())
            .finish_non_exhaustive()
    }
}

/// The module's table says how replies are judged.
impl ToolResponse for ToolReply {
    fn describe_outcome(&self, outcome: &mut OutcomeBuilder<'_>) {
        match &self.response {
            CallToolResponse::Complete(result) => {
                tree(result).describe_outcome(outcome);
                if self.has_bad_arguments {
                    outcome.error_type("invalid_arguments");
                }
                // A tool that stopped because of it has failed to do what it was asked to; one that went on has not.
                if self.cancellation.is_some() && result.is_error == Some(true) {
                    outcome.outcome(Outcome::Cancelled);
                }
            }
            CallToolResponse::InputRequired(result) => {
                outcome
                    .result(&tree(result))
                    .outcome(Outcome::InputRequired);
            }
            CallToolResponse::Task(result) => {
                outcome
                    .result(&tree(result))
                    .outcome(Outcome::InputRequired);
                outcome.error_type("task_created");
            }
            // An answer of a later protocol.
            _ => {
                outcome.error_type("unknown_result_type");
            }
        }
        if let Some(cancellation) = &self.cancellation {
            cancellation::describe(cancellation, outcome);
        }
    }
}

fn tree<T: Serialize>(result: &T) -> Value {
    serde_json::to_value(result).unwrap_or_default()
}

/// A JSON-RPC error in place of a tool's answer.
#[derive(Clone)]
#[non_exhaustive]
pub struct ToolFailure {
    /// What the client gets.
    pub error: ErrorData,
    /// Why nobody waited for the answer, where the request was cancelled before it came.
    pub cancellation: Option<Cancellation>,
    pub(super) is_unknown_tool: bool,
}

impl From<ErrorData> for ToolFailure {
    fn from(error: ErrorData) -> Self {
        Self {
            error,
            cancellation: None,
            is_unknown_tool: false,
        }
    }
}

impl fmt::Display for ToolFailure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.error.message)
    }
}

/// Shows the code, and nothing of what the tool said.
impl fmt::Debug for ToolFailure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("ToolFailure")
            .field("code", &self.error.code.0)
            .field("is_cancelled", &self.cancellation.is_some())
            .finish_non_exhaustive()
    }
}

impl Error for ToolFailure {}

impl ToolFailure {
    pub(super) fn describe(&self, outcome: &mut OutcomeBuilder<'_>) {
        outcome.outcome(Outcome::ServiceError);
        outcome.error(&*self.error.message);
        if self.is_unknown_tool {
            outcome.error_type("unknown_tool");
        } else {
            outcome.error_type(&self.error.code.0.to_string());
        }
        match &self.cancellation {
            Some(cancellation) => {
                outcome.outcome(Outcome::Cancelled);
                cancellation::describe(cancellation, outcome);
            }
            // Only then the client gets it.
            None => {
                outcome.response_code(self.error.code.0.into());
            }
        }
    }
}
