use std::fmt;

use super::Durability;
use crate::call::Outcome;

/// Which record of a call an entry is (FORMAT section 4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum EntryKind {
    /// The record of intent, before the call.
    ToolCallStarted,
    /// The end of a call, whatever the end was.
    ToolCall,
}

impl EntryKind {
    /// The word that stands in a record's `_kind`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ToolCallStarted => "tool_call_started",
            Self::ToolCall => "tool_call",
        }
    }

    /// The bytes with which an entry of this kind begins, up to its own members.
    pub(crate) const fn opening(self) -> &'static str {
        match self {
            Self::ToolCallStarted => r#"{"_kind":"tool_call_started","#,
            Self::ToolCall => r#"{"_kind":"tool_call","#,
        }
    }
}

/// The few facts of an entry that sinks route and filter by. Its strings were sanitized.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct EntryHead<'a> {
    /// Intent or end.
    pub kind: EntryKind,
    /// The tool.
    pub tool_name: &'a str,
    /// The retention class.
    pub retention_class: &'a str,
    /// The call's own id.
    pub call_id: &'a str,
    /// How the call ended; none in a record of intent.
    pub outcome: Option<Outcome>,
    /// How safe the entry must be before the caller goes on.
    pub durability: Durability,
    /// The call declares an emergency.
    pub emergency: bool,
}

/// An entry that went through the sanitizer: the only thing that a sink is ever given.
///
/// Its fields are private and only the recorder makes one, so nothing unsanitized can reach a sink. It is
/// lent for the time of [`AuditSink::record`](super::AuditSink::record).
#[derive(Clone, Copy)]
pub struct SanitizedEntry<'a> {
    head: EntryHead<'a>,
    /// UTF-8: only whoever reads it as text pays for the check.
    json: &'a [u8],
}

impl<'a> SanitizedEntry<'a> {
    /// `json` is a whole canonical object that begins with `head.kind.opening()`.
    pub(crate) fn new(head: EntryHead<'a>, json: &'a [u8]) -> Self {
        debug_assert!(json.starts_with(head.kind.opening().as_bytes()) && json.ends_with(b"}"));
        debug_assert!(str::from_utf8(json).is_ok());
        Self { head, json }
    }

    /// What to route and filter by.
    #[must_use]
    pub fn head(&self) -> &EntryHead<'a> {
        &self.head
    }

    /// The entry as one object of canonical JSON (RFC 8785), without a line feed.
    #[must_use]
    pub fn as_json(&self) -> &'a str {
        str::from_utf8(self.json).unwrap_or_default()
    }

    /// The bytes of [`as_json`](Self::as_json).
    pub(crate) fn as_bytes(&self) -> &'a [u8] {
        self.json
    }

    /// The entry's own members: what stands between `"_kind":…,` and the closing brace.
    pub(crate) fn members(&self) -> &'a [u8] {
        let from = self.head.kind.opening().len();
        self.json.get(from..self.json.len() - 1).unwrap_or_default()
    }
}

impl fmt::Debug for SanitizedEntry<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_tuple("SanitizedEntry")
            .field(&self.as_json())
            .finish()
    }
}
