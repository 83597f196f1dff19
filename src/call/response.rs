use std::fmt;

use serde_json::Value;

use super::Outcome;
use super::redacted::{Outline, Sanitary};

/// The crate's own response: what a tool answered, and whether that is a failure.
///
/// ```
/// use serde_json::json;
/// use tool_audit::{Outcome, ToolResult};
///
/// assert_eq!(ToolResult::success(json!({"status": "shipped"})).outcome(), Outcome::Success);
/// assert_eq!(ToolResult::failure("no such order").outcome(), Outcome::ToolError);
/// ```
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub enum ToolResult {
    /// The tool did what it was asked to. The value may still name a failure: a member `error` that is
    /// not null, false or empty, or MCP's `isError: true`.
    Success(Value),
    /// The tool failed and says why.
    Failure {
        /// What went wrong, for people.
        error: String,
        /// A short stable name of the kind of failure.
        error_type: Option<String>,
    },
    /// The tool, or a rule before it, refused the call.
    Denied {
        /// Why.
        reason: String,
    },
    /// An interim answer: the tool asks for more before it can go on.
    InputRequired(Value),
}

impl ToolResult {
    /// What the tool answered.
    #[must_use]
    pub fn success(value: impl Into<Value>) -> Self {
        Self::Success(value.into())
    }

    /// The tool failed, and why.
    #[must_use]
    pub fn failure(error: impl Into<String>) -> Self {
        Self::Failure {
            error: error.into(),
            error_type: None,
        }
    }

    /// The call was refused, and why.
    #[must_use]
    pub fn denied(reason: impl Into<String>) -> Self {
        Self::Denied {
            reason: reason.into(),
        }
    }

    /// An interim answer.
    #[must_use]
    pub fn input_required(value: impl Into<Value>) -> Self {
        Self::InputRequired(value.into())
    }

    /// How the call ended, as the variant says it; the value in a success may still name a failure.
    #[must_use]
    pub fn outcome(&self) -> Outcome {
        match self {
            Self::Success(_) => Outcome::Success,
            Self::Failure { .. } => Outcome::ToolError,
            Self::Denied { .. } => Outcome::Denied,
            Self::InputRequired(_) => Outcome::InputRequired,
        }
    }
}

/// Shows nothing of what the tool said, which nobody has sanitized yet.
impl fmt::Debug for ToolResult {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Success(value) => formatter
                .debug_tuple("Success")
                .field(&Outline(value))
                .finish(),
            Self::Failure { error_type, .. } => formatter
                .debug_struct("Failure")
                .field("error_type", &Sanitary(error_type.as_deref()))
                .finish_non_exhaustive(),
            Self::Denied { .. } => formatter.debug_struct("Denied").finish_non_exhaustive(),
            Self::InputRequired(value) => formatter
                .debug_tuple("InputRequired")
                .field(&Outline(value))
                .finish(),
        }
    }
}
