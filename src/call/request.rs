use std::fmt;
use std::sync::Arc;

use serde_json::Value;

use super::redacted::{Outline, Sanitary};
use super::{CallContext, IdentitySlot};
use crate::entry::CallTrigger;

/// The crate's own request: a tool, its arguments, and on whose behalf.
///
/// ```
/// use std::sync::Arc;
/// use serde_json::json;
/// use tool_audit::{CallContext, CallTrigger, ToolCall};
///
/// let session = Arc::new(CallContext::new("conv_1", "usr_9").turn(1));
/// let call = ToolCall::new("get_order", json!({"order_id": "ORD-1"}))
///     .context(Arc::clone(&session))
///     .trigger(CallTrigger::UserRequest);
/// assert_eq!(call.tool_name, "get_order");
/// ```
#[derive(Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct ToolCall {
    /// The tool's name.
    pub tool_name: String,
    /// What the tool is called with, as a rule an object.
    pub arguments: Value,
    /// On whose behalf; shared by the calls of a turn.
    pub context: Arc<CallContext>,
    /// The protocol's own id of this call; it need not be unique.
    pub tool_call_id: Option<String>,
    /// Why the call is made, where the caller knows; else it is inferred.
    pub trigger: Option<CallTrigger>,
    /// The `call_id` of the call that this one repeats, where the caller knows.
    pub retry_of: Option<String>,
    /// The `call_id` of the interim answer that this call continues, where the caller knows.
    pub continues: Option<String>,
    /// Where a layer inside the audit layer writes who the caller really is.
    pub identity: IdentitySlot,
}

impl ToolCall {
    /// A call on nobody's behalf; [`ToolCall::context`] says whose.
    #[must_use]
    pub fn new(tool_name: impl Into<String>, arguments: impl Into<Value>) -> Self {
        Self {
            tool_name: tool_name.into(),
            arguments: arguments.into(),
            ..Self::default()
        }
    }

    /// Says on whose behalf the call is made.
    #[must_use]
    pub fn context(mut self, context: impl Into<Arc<CallContext>>) -> Self {
        self.context = context.into();
        self
    }

    /// Gives the protocol's own id of this call.
    #[must_use]
    pub fn tool_call_id(mut self, id: impl Into<String>) -> Self {
        self.tool_call_id = Some(id.into());
        self
    }

    /// Declares why the call is made.
    #[must_use]
    pub fn trigger(mut self, trigger: CallTrigger) -> Self {
        self.trigger = Some(trigger);
        self
    }

    /// Names the call that this one repeats.
    #[must_use]
    pub fn retry_of(mut self, call_id: impl Into<String>) -> Self {
        self.retry_of = Some(call_id.into());
        self
    }

    /// Names the interim answer that this call continues.
    #[must_use]
    pub fn continues(mut self, call_id: impl Into<String>) -> Self {
        self.continues = Some(call_id.into());
        self
    }
}

/// Shows nothing of the arguments, which nobody has sanitized yet.
impl fmt::Debug for ToolCall {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("ToolCall")
            .field("tool_name", &Sanitary(Some(&self.tool_name)))
            .field("arguments", &Outline(&self.arguments))
            .field("context", &self.context)
            .field("tool_call_id", &Sanitary(self.tool_call_id.as_deref()))
            .field("trigger", &self.trigger)
            .finish_non_exhaustive()
    }
}
