use std::fmt;
use std::task::{Context, Poll};

use super::{AuditSink, EntryHead, Loss, PolicyInForce, SanitizedEntry, SinkError, Ticket};

/// Lets a sink have only some of the entries.
///
/// What is left out here is not lost: it was never meant for that sink.
///
/// ```
/// use tool_audit::{AuditSink, EntryBuilder, Filter, MemorySink, Outcome, Sanitizer};
///
/// let failures = MemorySink::new();
/// let sink = Filter::new(failures.clone(), |head| {
///     head.outcome.is_some_and(Outcome::is_failure)
/// });
/// let sanitizer = Sanitizer::default();
/// for outcome in [Outcome::Success, Outcome::Denied] {
///     let entry = EntryBuilder::new("get_order").outcome(outcome).build(&sanitizer);
///     sink.record(&entry.as_entry());
/// }
/// assert_eq!(failures.len(), 1);
/// ```
#[derive(Clone)]
pub struct Filter<S, F> {
    sink: S,
    wanted: F,
}

impl<S, F> Filter<S, F>
where
    S: AuditSink,
    F: Fn(&EntryHead<'_>) -> bool + Send + Sync + 'static,
{
    /// Hands to `sink` the entries that `wanted` says yes to.
    ///
    /// `wanted` runs on the caller's thread and may be asked twice for an entry.
    pub fn new(sink: S, wanted: F) -> Self {
        Self { sink, wanted }
    }
}

impl<S, F> AuditSink for Filter<S, F>
where
    S: AuditSink,
    F: Fn(&EntryHead<'_>) -> bool + Send + Sync + 'static,
{
    fn record(&self, entry: &SanitizedEntry<'_>) -> Ticket {
        if (self.wanted)(entry.head()) {
            self.sink.record(entry)
        } else {
            Ticket::DONE
        }
    }
    fn interested(&self, head: &EntryHead<'_>) -> bool {
        (self.wanted)(head) && self.sink.interested(head)
    }
    fn poll_ready(&self, context: &mut Context<'_>) -> Poll<Result<(), SinkError>> {
        self.sink.poll_ready(context)
    }
    fn poll_ready_for_emergency(&self, context: &mut Context<'_>) -> Poll<Result<(), SinkError>> {
        self.sink.poll_ready_for_emergency(context)
    }
    fn poll_committed(
        &self,
        context: &mut Context<'_>,
        ticket: &Ticket,
    ) -> Poll<Result<(), SinkError>> {
        self.sink.poll_committed(context, ticket)
    }
    fn flush(&self) -> Ticket {
        self.sink.flush()
    }
    fn poll_close(&self, context: &mut Context<'_>) -> Poll<Result<(), SinkError>> {
        self.sink.poll_close(context)
    }
    fn policy_in_force(&self, policy: &PolicyInForce) {
        self.sink.policy_in_force(policy);
    }
    fn entries_lost(&self, loss: &Loss) {
        self.sink.entries_lost(loss);
    }
}

impl<S: fmt::Debug, F> fmt::Debug for Filter<S, F> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Filter")
            .field("sink", &self.sink)
            .finish_non_exhaustive()
    }
}
