use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::redacted::Sanitary;

/// On whose behalf a call is made: the part of a call that a conversation or a turn has in common.
///
/// It rides in the request, never in a task-local: a buffer layer and most servers run the tool in a
/// task of their own. What the caller does not say stands as `"unknown"` in the record, or is left out.
///
/// ```
/// use tool_audit::CallContext;
///
/// let context = CallContext::new("conv_abc123", "usr_98765")
///     .turn(3)
///     .role("support_agent")
///     .model("gpt-4.1")
///     .metadata("client_ip", "10.0.1.5");
/// assert_eq!(context.turn_number, 3);
/// ```
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct CallContext {
    /// The conversation or session.
    pub conversation_id: Option<String>,
    /// The conversation's turn, from 1; 0 where the caller does not say.
    pub turn_number: u64,
    /// The user who asked.
    pub user_id: Option<String>,
    /// The role in which the user acts.
    pub user_role: Option<String>,
    /// The model that chose the call.
    pub model: Option<String>,
    /// The agents between user and tool, outermost first.
    pub via: Vec<String>,
    /// Who approved the call, where somebody had to.
    pub approved_by: Option<String>,
    /// The automated rule that made the call, where no person did.
    pub rule: Option<String>,
    /// Names of the members that authentication established; all others are claims.
    pub verified: Vec<String>,
    /// Why the data are used: `treatment`, `payment` and the like.
    pub purpose: Option<String>,
    /// About whom the call is.
    pub subjects: Vec<String>,
    /// What else is known of the session: `client_ip`, `user_agent`, the caller's own members.
    pub session_metadata: Map<String, Value>,
    /// A break-glass declaration.
    pub emergency: Option<Emergency>,
    /// Which tool server answers.
    pub server: Option<String>,
    /// W3C trace id, 32 hex digits.
    pub trace_id: Option<String>,
    /// W3C span id, 16 hex digits.
    pub span_id: Option<String>,
    /// Whether the trace is sampled, as its W3C flags say it; nothing without a trace id. It stands in no record: a span
    /// that is made of the call goes by it.
    pub sampled: Option<bool>,
}

/// A break-glass declaration: the caller says that an emergency justifies the access.
///
/// It is recorded as it was declared. Auditing never decides access.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Emergency {
    /// Why the access is urgent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Who declared the emergency.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub declared_by: Option<String>,
    /// What the declaration covers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,
    /// When the declaration ends, RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<String>,
    /// How urgent it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub urgency: Option<String>,
    /// What the recorder found wrong with the declaration, in a record that is read back. What a caller
    /// writes here is passed over.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub defect: Option<String>,
}

impl Emergency {
    /// A declaration with its two necessary parts.
    #[must_use]
    pub fn new(reason: impl Into<String>, declared_by: impl Into<String>) -> Self {
        Self {
            reason: Some(reason.into()),
            declared_by: Some(declared_by.into()),
            ..Self::default()
        }
    }
}

/// One setter a member: they differ in name and documentation only.
macro_rules! setters {
    ($($(#[$doc:meta])* $method:ident => $field:ident,)*) => {$(
        $(#[$doc])*
        #[must_use]
        pub fn $method(mut self, value: impl Into<String>) -> Self {
            self.$field = Some(value.into());
            self
        }
    )*};
}

impl CallContext {
    /// A context that names the conversation and the user.
    #[must_use]
    pub fn new(conversation_id: impl Into<String>, user_id: impl Into<String>) -> Self {
        Self {
            conversation_id: Some(conversation_id.into()),
            user_id: Some(user_id.into()),
            ..Self::default()
        }
    }

    setters! {
        /// Names the role in which the user acts.
        role => user_role,
        /// Names the model that chose the call.
        model => model,
        /// Names who approved the call.
        approved_by => approved_by,
        /// Names the automated rule that made the call.
        rule => rule,
        /// Says why the data are used.
        purpose => purpose,
        /// Names the tool server.
        server => server,
    }

    /// Numbers the turn, from 1.
    #[must_use]
    pub fn turn(mut self, number: u64) -> Self {
        self.turn_number = number;
        self
    }

    /// Adds an agent between the user and the tool, outermost first.
    #[must_use]
    pub fn via(mut self, agent: impl Into<String>) -> Self {
        self.via.push(agent.into());
        self
    }

    /// Says that authentication established the member of this name.
    #[must_use]
    pub fn verified(mut self, member: impl Into<String>) -> Self {
        self.verified.push(member.into());
        self
    }

    /// Adds a person or thing that the call is about.
    #[must_use]
    pub fn subject(mut self, subject: impl Into<String>) -> Self {
        self.subjects.push(subject.into());
        self
    }

    /// Adds a member to the session's metadata.
    #[must_use]
    pub fn metadata(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.session_metadata.insert(name.into(), value.into());
        self
    }

    /// Declares an emergency.
    #[must_use]
    pub fn emergency(mut self, emergency: Emergency) -> Self {
        self.emergency = Some(emergency);
        self
    }

    /// Gives the W3C trace context: 32 and 16 hex digits. Whether the trace is sampled is to be said after it.
    #[must_use]
    pub fn trace(mut self, trace_id: impl Into<String>, span_id: impl Into<String>) -> Self {
        self.trace_id = Some(trace_id.into());
        self.span_id = Some(span_id.into());
        // What was said so far was said of another trace.
        self.sampled = None;
        self
    }

    /// Says whether the trace that was given is sampled: the lowest bit of the W3C trace flags.
    #[must_use]
    pub fn sampled(mut self, sampled: bool) -> Self {
        self.sampled = Some(sampled);
        self
    }
}

/// Shows conversation and model, and no person and nothing of the metadata.
impl fmt::Debug for CallContext {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("CallContext")
            .field(
                "conversation_id",
                &Sanitary(self.conversation_id.as_deref()),
            )
            .field("turn_number", &self.turn_number)
            .field("model", &Sanitary(self.model.as_deref()))
            .finish_non_exhaustive()
    }
}

/// Shows what the recorder found wrong with it, and nothing of what was declared.
impl fmt::Debug for Emergency {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Emergency")
            .field("defect", &Sanitary(self.defect.as_deref()))
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whether_a_trace_is_sampled_does_not_hold_for_the_next_one() {
        let context = CallContext::default().trace("1", "2").sampled(false);
        assert_eq!(context.sampled, Some(false));
        assert_eq!(context.trace("3", "4").sampled, None);
    }
}
