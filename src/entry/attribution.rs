use std::fmt;

use serde::{Deserialize, Serialize};

use super::CallTrigger;
use crate::call::{CallContext, UNKNOWN};

/// Who did it: from the user over the model, and the agents between, to the tool.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct AttributionChain {
    /// The user, `"unknown"` where nobody said.
    pub initiator: String,
    /// The role in which the user acts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub initiator_role: Option<String>,
    /// The model that chose the call.
    pub model: String,
    /// The tool.
    pub tool_name: String,
    /// Why the call was made.
    pub trigger: CallTrigger,
    /// The agents between user and tool, outermost first, at most 10.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub via: Vec<String>,
    /// True where there were more than 10 agents between.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub via_cut: bool,
    /// Who approved the call.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub approved_by: Option<String>,
    /// The automated rule that made the call.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
    /// Names of the members that authentication established; all others are claims.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub verified: Vec<String>,
}

/// How many agents between user and tool a record names.
pub(crate) const MAX_VIA: usize = 10;

/// The chain of a call that `context`'s user made with `tool_name`, because of `trigger`.
///
/// ```
/// use tool_audit::{CallContext, CallTrigger, build_attribution};
///
/// let context = CallContext::new("conv_abc123", "usr_98765").role("support_agent").model("gpt-4.1");
/// let chain = build_attribution(&context, "update_order_status", CallTrigger::UserRequest);
/// assert_eq!(
///     chain.summary(),
///     "User usr_98765 (support_agent) → gpt-4.1 → update_order_status [user_request]"
/// );
/// ```
#[must_use]
pub fn build_attribution(
    context: &CallContext,
    tool_name: &str,
    trigger: CallTrigger,
) -> AttributionChain {
    AttributionChain {
        initiator: context
            .user_id
            .clone()
            .unwrap_or_else(|| UNKNOWN.to_owned()),
        initiator_role: context.user_role.clone(),
        model: context.model.clone().unwrap_or_else(|| UNKNOWN.to_owned()),
        tool_name: tool_name.to_owned(),
        trigger,
        via: context.via.iter().take(MAX_VIA).cloned().collect(),
        via_cut: context.via.len() > MAX_VIA,
        approved_by: context.approved_by.clone(),
        rule: context.rule.clone(),
        verified: context.verified.clone(),
    }
}

/// A chain of which nothing is known.
impl Default for AttributionChain {
    fn default() -> Self {
        build_attribution(&CallContext::default(), UNKNOWN, CallTrigger::default())
    }
}

impl AttributionChain {
    /// The chain in one line, for people; [`fmt::Display`] writes the same.
    ///
    /// The strings stand as they are: whoever prints them on a terminal escapes control characters.
    #[must_use]
    pub fn summary(&self) -> String {
        self.to_string()
    }
}

impl fmt::Display for AttributionChain {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.rule {
            Some(rule) if self.initiator == UNKNOWN => write!(formatter, "Rule {rule}")?,
            _ => write!(formatter, "User {}", self.initiator)?,
        }
        if let Some(role) = &self.initiator_role {
            write!(formatter, " ({role})")?;
        }
        match &self.rule {
            Some(rule) if self.initiator != UNKNOWN => write!(formatter, " → rule {rule}")?,
            _ => {}
        }
        write!(formatter, " → {}", self.model)?;
        for agent in &self.via {
            write!(formatter, " → {agent}")?;
        }
        if self.via_cut {
            formatter.write_str(" → …")?;
        }
        write!(formatter, " → {} [{}]", self.tool_name, self.trigger)?;
        if let Some(approver) = &self.approved_by {
            write!(formatter, " approved by {approver}")?;
        }
        Ok(())
    }
}
