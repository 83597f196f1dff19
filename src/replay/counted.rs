use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use crate::call::Outcome;
use crate::sink::{
    AuditSink, EntryHead, EntryKind, Loss, PolicyInForce, SanitizedEntry, SinkError, Ticket,
};

/// How many calls ended how; clones share the counts.
#[derive(Debug, Clone, Default)]
pub(super) struct Outcomes(Arc<Mutex<BTreeMap<Outcome, u64>>>);

impl Outcomes {
    fn count(&self, outcome: Outcome) {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *counts.entry(outcome).or_default() += 1;
    }

    pub(super) fn read(&self) -> BTreeMap<Outcome, u64> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

/// Counts what the sink inside takes.
pub(super) struct Counted<S> {
    pub(super) sink: S,
    pub(super) outcomes: Outcomes,
}

impl<S: AuditSink> AuditSink for Counted<S> {
    fn record(&self, entry: &SanitizedEntry<'_>) -> Ticket {
        let ticket = self.sink.record(entry);
        let head = entry.head();
        if let (EntryKind::ToolCall, Some(outcome), false) =
            (head.kind, head.outcome, ticket.is_lost())
        {
            self.outcomes.count(outcome);
        }
        ticket
    }

    fn interested(&self, head: &EntryHead<'_>) -> bool {
        self.sink.interested(head)
    }

    fn poll_ready(&self, cx: &mut Context<'_>) -> Poll<Result<(), SinkError>> {
        self.sink.poll_ready(cx)
    }

    fn poll_ready_for_emergency(&self, cx: &mut Context<'_>) -> Poll<Result<(), SinkError>> {
        self.sink.poll_ready_for_emergency(cx)
    }

    fn poll_committed(&self, cx: &mut Context<'_>, ticket: &Ticket) -> Poll<Result<(), SinkError>> {
        self.sink.poll_committed(cx, ticket)
    }

    fn flush(&self) -> Ticket {
        self.sink.flush()
    }

    fn poll_close(&self, cx: &mut Context<'_>) -> Poll<Result<(), SinkError>> {
        self.sink.poll_close(cx)
    }

    fn policy_in_force(&self, policy: &PolicyInForce) {
        self.sink.policy_in_force(policy);
    }

    fn entries_lost(&self, loss: &Loss) {
        self.sink.entries_lost(loss);
    }
}
