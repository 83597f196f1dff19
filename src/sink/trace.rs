use super::{AuditSink, Loss, SanitizedEntry, Ticket};
use crate::call::Outcome;

/// Emits one `tracing` event for each entry, under the target `tool_audit`.
///
/// The level is `WARN` for a call that failed, else `INFO`. The fields are `kind`, `tool`, `outcome`,
/// `call_id`, and `entry`, the whole entry as JSON. It lies in the call's span, where the recorder makes spans (feature
/// `opentelemetry`). Whether the event comes anywhere, and in time, is up to
/// the subscriber: use it beside a log, not for one.
///
/// ```
/// use tool_audit::{FanOut, Member, MemorySink, TracingSink};
///
/// let sink = FanOut::new([
///     Member::required("log", MemorySink::new()),
///     Member::optional("tracing", TracingSink::new()),
/// ]);
/// # drop(sink);
/// ```
#[derive(Debug, Clone, Copy, Default)]
#[non_exhaustive]
pub struct TracingSink;

impl TracingSink {
    /// The sink; it has nothing to set.
    #[must_use]
    pub fn new() -> Self {
        Self
    }
}

/// An event of the same fields at a level, which has to be known when the crate is built.
macro_rules! entry_event {
    ($level:ident, $entry:expr) => {{
        let head = $entry.head();
        tracing::$level!(
            target: "tool_audit",
            kind = head.kind.as_str(),
            tool = head.tool_name,
            outcome = head.outcome.map(Outcome::as_str),
            call_id = head.call_id,
            entry = $entry.as_json(),
        )
    }};
}

impl AuditSink for TracingSink {
    fn record(&self, entry: &SanitizedEntry<'_>) -> Ticket {
        if entry.head().outcome.is_some_and(Outcome::is_failure) {
            entry_event!(warn, entry);
        } else {
            entry_event!(info, entry);
        }
        Ticket::DONE
    }

    fn entries_lost(&self, loss: &Loss) {
        tracing::warn!(
            target: "tool_audit",
            kind = "entries_lost",
            count = loss.count,
            reason = loss.reason,
        );
    }
}
