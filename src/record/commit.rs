use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use super::gate::Deadline;
use super::recorder::{Recorder, sink_panicked};
use crate::sink::{SinkError, Ticket};

/// Ready when an entry is as durable as the policy asks for its call.
///
/// It need not be awaited: the entry is in the sink's hands already. Awaiting waits for the log for as long
/// as it takes; the layer gives it the policy's `max_wait`.
#[must_use = "the entry is recorded, but whether it is durable is known only when this is awaited"]
pub struct Commit {
    /// None where there is nothing to wait for.
    waits: Option<(Recorder, Ticket)>,
}

impl Commit {
    pub(super) fn new(recorder: &Recorder, ticket: Ticket) -> Self {
        Self {
            waits: (!ticket.is_done()).then(|| (recorder.clone(), ticket)),
        }
    }

    /// An entry for which there is nothing to wait.
    pub(crate) fn done() -> Self {
        Self { waits: None }
    }

    /// True where there is nothing to wait for.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.waits.is_none()
    }
}

impl Future for Commit {
    type Output = Result<(), SinkError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Some((recorder, ticket)) = &self.waits else {
            return Poll::Ready(Ok(()));
        };
        let result = if ticket.is_lost() {
            Poll::Ready(Err(SinkError::lost()))
        } else {
            let committed = recorder.ask(|sink| sink.poll_committed(cx, ticket));
            committed.unwrap_or_else(|| Poll::Ready(Err(sink_panicked())))
        };
        if result.is_ready() {
            self.waits = None;
        }
        result
    }
}

/// A commit that is waited for no longer than the policy's `max_wait`.
#[derive(Debug)]
pub(crate) struct CommitInTime {
    commit: Commit,
    deadline: Deadline,
}

impl CommitInTime {
    pub(crate) fn new(commit: Commit) -> Self {
        Self {
            commit,
            deadline: Deadline::default(),
        }
    }

    /// `what` says in an error what took too long.
    pub(crate) fn poll(
        &mut self,
        recorder: &Recorder,
        what: &'static str,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(), SinkError>> {
        if let Poll::Ready(committed) = Pin::new(&mut self.commit).poll(cx) {
            return Poll::Ready(committed);
        }
        ready!(self.deadline.poll(recorder.max_wait(), cx));
        Poll::Ready(Err(SinkError::deadline(what)))
    }
}

impl fmt::Debug for Commit {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ticket = self.waits.as_ref().map(|(_, ticket)| ticket);
        formatter
            .debug_struct("Commit")
            .field("ticket", &ticket)
            .finish()
    }
}
