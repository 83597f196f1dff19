use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::hold::Covered;
use crate::glob;
use crate::query::parse_instant;

/// What a hold covers, by what stands in the records; what is empty is not asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct HoldScope {
    /// Calls that ended at this instant or later, RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// Calls that began at this instant or before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// Calls about one of these.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub subjects: Vec<String>,
    /// Calls of one of these users.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub users: Vec<String>,
    /// Calls of one of these conversations.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub conversations: Vec<String>,
    /// Calls of one of these tools, by name or by a pattern with `*`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tools: Vec<String>,
}

impl HoldScope {
    /// Whether a record is covered. A call whose record may leave subjects out counts as about each of them.
    pub(crate) fn covers(&self, call: &Covered<'_>) -> bool {
        let bound = |text: &Option<String>| text.as_deref().map(parse_instant);
        // A bound that cannot be read bounds nothing.
        let from = bound(&self.from).flatten();
        let to = bound(&self.to).flatten();
        let is_one = |wanted: &[String], found: &Option<Cow<'_, str>>| {
            wanted.is_empty()
                || found
                    .as_ref()
                    .is_some_and(|found| wanted.iter().any(|one| one == found))
        };
        from.is_none_or(|from| call.end >= from)
            && to.is_none_or(|to| call.begin <= to)
            && is_one(&self.users, &call.user)
            && is_one(&self.conversations, &call.conversation)
            && (self.tools.is_empty()
                || call.tool.as_ref().is_some_and(|tool| {
                    let mut tools = self.tools.iter();
                    tools.any(|one| glob::matches(one.as_bytes(), tool.as_bytes()))
                }))
            && (self.subjects.is_empty()
                || call.subjects_cut
                || call
                    .subjects
                    .iter()
                    .any(|subject| self.subjects.iter().any(|one| one == subject)))
    }
}
