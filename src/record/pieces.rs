//! The sanitized pieces of a call, and the members of its record in which they stand.

use super::span::Span;

/// Members that may have to be shortened, in the order in which their names are sorted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Member {
    Arguments,
    Attribution,
    Continues,
    ConversationId,
    Emergency,
    Model,
    Purpose,
    Result,
    ResultSummary,
    RetryOf,
    Server,
    SessionMetadata,
    SpanId,
    Subjects,
    ToolCallId,
    ToolName,
    TraceId,
    UserId,
}

pub(super) const MEMBER_NAMES: [&str; 18] = [
    "arguments",
    "attribution",
    "continues",
    "conversation_id",
    "emergency",
    "model",
    "purpose",
    "result",
    "result_summary",
    "retry_of",
    "server",
    "session_metadata",
    "span_id",
    "subjects",
    "tool_call_id",
    "tool_name",
    "trace_id",
    "user_id",
];

/// The sanitized pieces of a call, as JSON.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Pieces {
    pub(super) arguments: Span,
    pub(super) tool_name: Span,
    pub(super) conversation_id: Span,
    pub(super) user_id: Span,
    pub(super) user_role: Span,
    pub(super) model: Span,
    /// A list.
    pub(super) via: Span,
    pub(super) via_cut: bool,
    pub(super) approved_by: Span,
    pub(super) rule: Span,
    pub(super) purpose: Span,
    pub(super) emergency: Span,
    pub(super) server: Span,
    pub(super) trace_id: Span,
    pub(super) span_id: Span,
    pub(super) tool_call_id: Span,
    pub(super) retry_of: Span,
    pub(super) continues: Span,
    pub(super) error: Span,
    pub(super) error_type: Span,
    pub(super) result: Span,
    /// The items of a list.
    pub(super) fields: Span,
}

impl Pieces {
    /// All pieces, and the members in which they stand.
    pub(super) fn each(&mut self) -> [(Member, &mut Span); 21] {
        [
            (Member::Arguments, &mut self.arguments),
            (Member::ToolName, &mut self.tool_name),
            (Member::ConversationId, &mut self.conversation_id),
            (Member::UserId, &mut self.user_id),
            (Member::SessionMetadata, &mut self.user_role),
            (Member::Model, &mut self.model),
            (Member::Attribution, &mut self.via),
            (Member::Attribution, &mut self.approved_by),
            (Member::Attribution, &mut self.rule),
            (Member::Purpose, &mut self.purpose),
            (Member::Emergency, &mut self.emergency),
            (Member::Server, &mut self.server),
            (Member::TraceId, &mut self.trace_id),
            (Member::SpanId, &mut self.span_id),
            (Member::ToolCallId, &mut self.tool_call_id),
            (Member::RetryOf, &mut self.retry_of),
            (Member::Continues, &mut self.continues),
            (Member::ResultSummary, &mut self.error),
            (Member::ResultSummary, &mut self.error_type),
            (Member::ResultSummary, &mut self.fields),
            (Member::Result, &mut self.result),
        ]
    }
}
