//! One sink of several.

mod alarm;
mod member;

pub use self::member::{Member, MemberStatus};

use std::sync::Arc;
use std::task::{Context, Poll};

use self::member::caught;
use super::{AuditSink, EntryHead, Loss, PolicyInForce, SanitizedEntry, SinkError, Ticket};

/// Hands every entry to several sinks.
///
/// Calls wait for the required members alone: the gate is open while all of theirs are, and an entry is
/// durable when it is so with all of them. An optional member that cannot keep up, fails or panics misses
/// entries and nothing else; it is told how many once it works again
/// ([`entries_lost`](AuditSink::entries_lost)).
///
/// ```
/// use std::time::Duration;
/// use tool_audit::{FanOut, Member, MemorySink, Recorder};
///
/// let log = MemorySink::new();
/// let recent = MemorySink::bounded(100);
/// let sink = FanOut::new([
///     Member::required("log", log.clone()).deadline(Duration::from_secs(2)),
///     Member::optional("recent", recent.clone()),
/// ]);
/// let recorder = Recorder::new(sink.clone());
/// drop(recorder.start(|call| { call.tool_name("get_order"); }));
/// assert_eq!((log.len(), recent.len()), (1, 1));
/// assert_eq!(sink.status()[1].lost, 0);
/// ```
///
/// Deadlines are tokio's time: outside a runtime they are noticed only when a call comes.
#[derive(Debug, Clone)]
pub struct FanOut {
    members: Arc<[Member]>,
}

impl FanOut {
    /// A sink of these members. Without any it takes entries and keeps none.
    pub fn new(members: impl IntoIterator<Item = Member>) -> Self {
        Self {
            members: members.into_iter().collect(),
        }
    }

    /// How each member does, in the order in which they were named.
    #[must_use]
    pub fn status(&self) -> Vec<MemberStatus> {
        self.members.iter().map(Member::status).collect()
    }

    fn required(&self) -> impl Iterator<Item = &Member> {
        self.members.iter().filter(|member| member.required)
    }

    /// Asks every member for a ticket and keeps those of the required ones.
    ///
    /// Where none has anything to wait for, nothing is allocated.
    fn tickets(&self, mut ask: impl FnMut(&Member) -> Ticket) -> Ticket {
        let mut parts = Vec::new();
        for (index, member) in self.members.iter().enumerate() {
            let ticket = ask(member);
            if member.required && !ticket.is_done() {
                parts.resize(index, Ticket::DONE);
                parts.push(ticket);
            }
        }
        if parts.is_empty() {
            Ticket::DONE
        } else {
            Ticket::parts(parts)
        }
    }
}

impl AuditSink for FanOut {
    fn record(&self, entry: &SanitizedEntry<'_>) -> Ticket {
        let ticket = self.tickets(|member| member.record(entry));
        let Some(parts) = ticket.as_parts() else {
            return ticket;
        };
        if !parts.iter().any(Ticket::is_lost) {
            return ticket;
        }
        for (index, member) in self.members.iter().enumerate() {
            if !parts.get(index).is_some_and(Ticket::is_lost) {
                member.took_what_is_lost(entry.head().kind);
            }
        }
        Ticket::LOST
    }

    fn interested(&self, head: &EntryHead<'_>) -> bool {
        self.members.iter().any(|member| member.interested(head))
    }

    fn poll_ready(&self, context: &mut Context<'_>) -> Poll<Result<(), SinkError>> {
        let mut pending = false;
        for member in self.required() {
            match member.poll_ready(context) {
                Poll::Pending => pending = true,
                Poll::Ready(Ok(())) => {}
                Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
            }
        }
        pending_or_done(pending)
    }

    fn poll_ready_for_emergency(&self, context: &mut Context<'_>) -> Poll<Result<(), SinkError>> {
        let mut pending = false;
        for member in self.required() {
            match member.poll_ready_for_emergency(context) {
                Poll::Pending => pending = true,
                Poll::Ready(Ok(())) => {}
                Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
            }
        }
        pending_or_done(pending)
    }

    fn poll_committed(
        &self,
        context: &mut Context<'_>,
        ticket: &Ticket,
    ) -> Poll<Result<(), SinkError>> {
        if ticket.is_done() {
            return Poll::Ready(Ok(()));
        }
        if ticket.is_lost() {
            return Poll::Ready(Err(SinkError::lost()));
        }
        let Some(parts) = ticket.as_parts() else {
            return Poll::Ready(Err(SinkError::other(
                "this ticket is another sink's: ask the sink that gave it",
            )));
        };
        // All are polled, so that each of them that is pending keeps the waker.
        let mut pending = false;
        for (member, part) in self.members.iter().zip(parts) {
            match member.poll_committed(context, part) {
                Poll::Pending => pending = true,
                Poll::Ready(Ok(())) => {}
                Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
            }
        }
        pending_or_done(pending)
    }

    fn flush(&self) -> Ticket {
        self.tickets(Member::flush)
    }

    /// Waits for all required members, and for each optional one until its deadline.
    fn poll_close(&self, context: &mut Context<'_>) -> Poll<Result<(), SinkError>> {
        let mut pending = false;
        let mut result = Ok(());
        for member in self.members.iter() {
            match member.poll_close(context) {
                Poll::Pending => pending = true,
                Poll::Ready(closed) => result = result.and(closed),
            }
        }
        if pending {
            Poll::Pending
        } else {
            Poll::Ready(result)
        }
    }

    fn policy_in_force(&self, policy: &PolicyInForce) {
        for member in self.members.iter() {
            caught(|| member.sink.policy_in_force(policy));
        }
    }

    fn entries_lost(&self, loss: &Loss) {
        for member in self.members.iter() {
            member.entries_lost(loss);
        }
    }
}

fn pending_or_done(pending: bool) -> Poll<Result<(), SinkError>> {
    if pending {
        Poll::Pending
    } else {
        Poll::Ready(Ok(()))
    }
}
