use std::error::Error;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::time::Sleep;

use super::Recorder;
use crate::sink::SinkError;

/// Whether a log can take a call.
#[derive(Debug, Clone)]
pub enum Admission {
    /// It can.
    Admitted,
    /// It cannot, and did not become able to within the policy's `max_wait`.
    Unavailable(Refusal),
}

/// Why a log cannot take a call.
#[derive(Debug, Clone)]
pub struct Refusal {
    error: SinkError,
}

impl Refusal {
    pub(crate) fn new(error: SinkError) -> Self {
        Self { error }
    }

    /// Room was waited for until the policy's `max_wait` was over.
    pub(super) fn overdue() -> Self {
        Self::new(SinkError::deadline(
            "waiting for room in the audit log's queue",
        ))
    }

    /// What the sink said.
    #[must_use]
    pub fn error(&self) -> &SinkError {
        &self.error
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "the audit log cannot take this call: {}",
            self.error
        )
    }
}

impl Error for Refusal {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.error)
    }
}

/// One caller's wait at the gate.
#[derive(Debug, Default)]
pub(crate) struct Gate {
    deadline: Deadline,
    /// How often the gate had opened when the wait began.
    since: u64,
}

impl Gate {
    pub(crate) fn poll(&mut self, recorder: &Recorder, cx: &mut Context<'_>) -> Poll<Admission> {
        let refusal = match recorder.poll_ready(cx) {
            Poll::Ready(Ok(())) => {
                self.deadline = Deadline::default();
                return Poll::Ready(Admission::Admitted);
            }
            Poll::Ready(Err(error)) => Refusal::new(error),
            Poll::Pending => {
                let gate = recorder.gate();
                // A wait that somebody gave up is not gone on with, once the gate has opened since.
                let openings = gate.openings();
                if self.since != openings {
                    self.since = openings;
                    self.deadline = Deadline::default();
                }
                // One call has waited in vain: the others need not, until the gate opens again.
                if !gate.is_overdue() {
                    if self.deadline.poll(recorder.max_wait(), cx).is_pending() {
                        return Poll::Pending;
                    }
                    gate.set_overdue();
                }
                Refusal::overdue()
            }
        };
        self.deadline = Deadline::default();
        Poll::Ready(Admission::Unavailable(refusal))
    }
}

/// A deadline that is set when it is first asked for: what is ready at once needs no timer.
#[derive(Debug, Default)]
pub(crate) struct Deadline(Option<Pin<Box<Sleep>>>);

impl Deadline {
    /// Ready when `wait` has passed since the first poll; never without a runtime to drive a timer.
    pub(crate) fn poll(&mut self, wait: Duration, cx: &mut Context<'_>) -> Poll<()> {
        if self.0.is_none() && tokio::runtime::Handle::try_current().is_ok() {
            self.0 = Some(Box::pin(tokio::time::sleep(wait)));
        }
        self.0
            .as_mut()
            .map_or(Poll::Pending, |sleep| sleep.as_mut().poll(cx))
    }
}
