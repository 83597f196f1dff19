use std::fmt;

use serde::{Deserialize, Serialize};

/// How a call ended (FORMAT section 5).
///
/// ```
/// use tool_audit::Outcome;
///
/// assert_eq!(Outcome::TimedOut.as_str(), "timed_out");
/// assert!(Outcome::TimedOut.is_failure());
/// assert!(!Outcome::InputRequired.is_failure() && !Outcome::InputRequired.is_success());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Outcome {
    /// The tool did what it was asked to.
    Success,
    /// The tool answered, and its answer says that it failed.
    ToolError,
    /// The service returned an error that no other outcome names.
    ServiceError,
    /// Somebody refused the call: 401, 403, a policy.
    Denied,
    /// There was no capacity for the call: 429, 503, load shedding.
    Rejected,
    /// A deadline passed.
    TimedOut,
    /// The tool panicked, in its future or while the future was made.
    Panicked,
    /// The caller dropped the call after the tool had begun.
    Cancelled,
    /// The caller dropped the call before its future was polled; the tool may have begun all the same.
    NeverPolled,
    /// An interim answer: the tool asks for more. Neither success nor failure.
    InputRequired,
}

impl Outcome {
    /// Every outcome, in the order of FORMAT section 5.
    pub const ALL: [Self; 10] = [
        Self::Success,
        Self::ToolError,
        Self::ServiceError,
        Self::Denied,
        Self::Rejected,
        Self::TimedOut,
        Self::Panicked,
        Self::Cancelled,
        Self::NeverPolled,
        Self::InputRequired,
    ];

    /// The word that stands in a record.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::ToolError => "tool_error",
            Self::ServiceError => "service_error",
            Self::Denied => "denied",
            Self::Rejected => "rejected",
            Self::TimedOut => "timed_out",
            Self::Panicked => "panicked",
            Self::Cancelled => "cancelled",
            Self::NeverPolled => "never_polled",
            Self::InputRequired => "input_required",
        }
    }

    /// The outcome that a record's word names, if it is one of format 1.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|outcome| outcome.as_str() == name)
    }

    /// True for [`Outcome::Success`] alone.
    #[must_use]
    pub const fn is_success(self) -> bool {
        matches!(self, Self::Success)
    }

    /// True for all but a success and an interim answer.
    #[must_use]
    pub const fn is_failure(self) -> bool {
        !matches!(self, Self::Success | Self::InputRequired)
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}
