use std::fmt;

use serde::{Deserialize, Serialize};

/// Why a call was made.
///
/// ```
/// use tool_audit::CallTrigger;
///
/// assert_eq!(CallTrigger::FollowUp.to_string(), "follow_up");
/// ```
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum CallTrigger {
    /// The user asked for something that needs this call.
    #[default]
    UserRequest,
    /// The model or agent acted on its own. Only ever declared.
    Proactive,
    /// The same call failed before.
    Retry,
    /// A further call of the turn that the user's request began.
    FollowUp,
    /// A schedule or another system made the call. Only ever declared.
    System,
}

impl CallTrigger {
    /// Every trigger.
    pub const ALL: [Self; 5] = [
        Self::UserRequest,
        Self::Proactive,
        Self::Retry,
        Self::FollowUp,
        Self::System,
    ];

    /// The word that stands in a record.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::UserRequest => "user_request",
            Self::Proactive => "proactive",
            Self::Retry => "retry",
            Self::FollowUp => "follow_up",
            Self::System => "system",
        }
    }

    /// The trigger that a record's word names.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|trigger| trigger.as_str() == name)
    }
}

impl fmt::Display for CallTrigger {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// Where a [`CallTrigger`] comes from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TriggerBasis {
    /// The caller said so.
    Declared,
    /// It follows from the calls before it in the conversation.
    Inferred,
    /// Nothing is known: a user's request is assumed.
    #[default]
    Default,
}

impl TriggerBasis {
    /// The word that stands in a record.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Declared => "declared",
            Self::Inferred => "inferred",
            Self::Default => "default",
        }
    }
}
