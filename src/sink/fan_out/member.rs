use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, SystemTime};

use tokio::time::Instant;

use super::alarm::Alarm;
use crate::sink::{AuditSink, EntryHead, EntryKind, Loss, SanitizedEntry, SinkError, Ticket};

/// A sink in a [`FanOut`](super::FanOut), required or optional.
pub struct Member {
    pub(super) name: Arc<str>,
    pub(super) sink: Arc<dyn AuditSink>,
    pub(super) required: bool,
    deadline: Duration,
    gate_alarm: Alarm,
    close_alarm: Alarm,
    /// Entries that this member took and that the recorder will count as lost, because another did not.
    took: AtomicU64,
    /// Whether there is something in `troubles` that an entry has to look at.
    troubled: AtomicBool,
    troubles: Mutex<Troubles>,
}

#[derive(Debug, Default)]
struct Troubles {
    /// Since when an optional member's gate has been shut.
    shut_since: Option<Instant>,
    /// What an optional member lost and was not told yet.
    untold: Option<Loss>,
    lost: u64,
    last_error: Option<SinkError>,
}

/// How a member of a [`FanOut`](super::FanOut) does.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct MemberStatus {
    /// The member's name.
    pub name: Arc<str>,
    /// Whether calls wait for it.
    pub required: bool,
    /// Entries that it did not take.
    pub lost: u64,
    /// What it said when it last could not.
    pub last_error: Option<SinkError>,
}

impl Member {
    /// A sink without which no call goes on.
    ///
    /// `name` stands in errors and in [`FanOut::status`](super::FanOut::status).
    #[must_use]
    pub fn required(name: &str, sink: impl AuditSink) -> Self {
        Self::new(name, sink, true, Duration::MAX)
    }

    /// A sink that never delays a call and never fails one.
    ///
    /// While its gate is shut for longer than its [`deadline`](Self::deadline), 1 second by default, it gets
    /// no entries. They are counted, and told to it once it works again.
    #[must_use]
    pub fn optional(name: &str, sink: impl AuditSink) -> Self {
        Self::new(name, sink, false, Duration::from_secs(1))
    }

    fn new(name: &str, sink: impl AuditSink, required: bool, deadline: Duration) -> Self {
        Self {
            name: Arc::from(name),
            sink: Arc::new(sink),
            required,
            deadline,
            gate_alarm: Alarm::default(),
            close_alarm: Alarm::default(),
            took: AtomicU64::new(0),
            troubled: AtomicBool::new(false),
            troubles: Mutex::default(),
        }
    }

    /// How long the member's gate may be shut.
    ///
    /// After that a required member fails the fan-out's gate, at once for every call until it opens; by
    /// default it never does, and the recorder's `max_wait` alone counts. An optional member is left
    /// out; until then it still gets every entry, so that its queue may outgrow its bound.
    #[must_use]
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }

    pub(super) fn status(&self) -> MemberStatus {
        let troubles = self.troubles();
        MemberStatus {
            name: Arc::clone(&self.name),
            required: self.required,
            lost: troubles.lost,
            last_error: troubles.last_error.clone(),
        }
    }

    fn troubles(&self) -> MutexGuard<'_, Troubles> {
        self.troubles.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn name_error(&self, error: &SinkError) -> SinkError {
        SinkError::of_member(&self.name, error)
    }

    pub(super) fn interested(&self, head: &EntryHead<'_>) -> bool {
        caught(|| self.sink.interested(head)).unwrap_or(true)
    }

    pub(super) fn record(&self, entry: &SanitizedEntry<'_>) -> Ticket {
        if !self.interested(entry.head()) {
            return Ticket::DONE;
        }
        if !self.required && !self.can_take(entry.head().emergency) {
            self.lose_one(None);
            return Ticket::DONE;
        }
        let ticket = caught(|| self.sink.record(entry)).unwrap_or(Ticket::LOST);
        if ticket.is_lost() {
            self.lose_one(Some(SinkError::lost()));
        }
        ticket
    }

    /// Whether an optional member gets the next entry; tells it of its losses where it works again.
    fn can_take(&self, emergency: bool) -> bool {
        let mut nobody = Context::from_waker(Waker::noop());
        let ready = caught(|| match emergency {
            true => self.sink.poll_ready_for_emergency(&mut nobody),
            false => self.sink.poll_ready(&mut nobody),
        });
        if matches!(ready, Some(Poll::Ready(Ok(())))) {
            if self.troubled.load(Ordering::Acquire) {
                self.tell_losses();
            }
            return true;
        }
        let mut troubles = self.troubles();
        self.troubled.store(true, Ordering::Release);
        match ready {
            Some(Poll::Pending) => {
                let now = Instant::now();
                let since = *troubles.shut_since.get_or_insert(now);
                let within = now.saturating_duration_since(since) <= self.deadline;
                if !within {
                    troubles.last_error =
                        Some(SinkError::deadline("waiting for room in its queue"));
                }
                within
            }
            Some(Poll::Ready(Err(error))) => {
                troubles.last_error = Some(error);
                false
            }
            _ => {
                troubles.last_error = Some(SinkError::other("the sink panicked"));
                false
            }
        }
    }

    fn lose_one(&self, error: Option<SinkError>) {
        let mut troubles = self.troubles();
        troubles.lost += 1;
        if error.is_some() {
            troubles.last_error = error;
        }
        // What a required member lost is the call's loss: the recorder tells it.
        if !self.required {
            let loss = troubles
                .untold
                .get_or_insert_with(|| Loss::new(0, "sink left out", SystemTime::now()));
            loss.count += 1;
            self.troubled.store(true, Ordering::Release);
        }
    }

    pub(super) fn tell_losses(&self) {
        let mut troubles = self.troubles();
        troubles.shut_since = None;
        let untold = troubles.untold.take();
        self.troubled.store(false, Ordering::Release);
        drop(troubles);
        if let Some(loss) = untold {
            caught(|| self.sink.entries_lost(&loss));
        }
    }

    /// An entry that this member took is going to be counted as lost by the recorder.
    pub(super) fn took_what_is_lost(&self, kind: EntryKind) {
        if kind == EntryKind::ToolCall {
            self.took.fetch_add(1, Ordering::Relaxed);
        }
    }

    pub(super) fn entries_lost(&self, loss: &Loss) {
        let mut count = loss.count;
        let keep = |took: u64| Some(took - took.min(loss.count));
        if let Ok(took) = self
            .took
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, keep)
        {
            count -= took.min(count);
        }
        if count > 0 {
            let loss = Loss::new(count, loss.reason, loss.since);
            caught(|| self.sink.entries_lost(&loss));
        }
    }

    /// The gate of a required member.
    pub(super) fn poll_ready(&self, context: &mut Context<'_>) -> Poll<Result<(), SinkError>> {
        match self.sink.poll_ready(context) {
            Poll::Ready(Ok(())) => {
                self.gate_alarm.clear();
                Poll::Ready(Ok(()))
            }
            Poll::Ready(Err(error)) => Poll::Ready(Err(self.name_error(&error))),
            Poll::Pending if self.gate_alarm.is_over(self.deadline, context) => {
                let error = SinkError::deadline("waiting for room in its queue");
                Poll::Ready(Err(self.name_error(&error)))
            }
            Poll::Pending => Poll::Pending,
        }
    }

    /// The gate of a required member for an emergency. The deadline is that of the gate of all calls, which is
    /// shut at least as long.
    pub(super) fn poll_ready_for_emergency(
        &self,
        context: &mut Context<'_>,
    ) -> Poll<Result<(), SinkError>> {
        match self.sink.poll_ready_for_emergency(context) {
            Poll::Pending if self.gate_alarm.is_over(self.deadline, context) => {
                let error = SinkError::deadline("waiting for room in its queue");
                Poll::Ready(Err(self.name_error(&error)))
            }
            poll => poll.map_err(|error| self.name_error(&error)),
        }
    }

    pub(super) fn poll_committed(
        &self,
        context: &mut Context<'_>,
        ticket: &Ticket,
    ) -> Poll<Result<(), SinkError>> {
        if ticket.is_done() {
            return Poll::Ready(Ok(()));
        }
        let poll = self.sink.poll_committed(context, ticket);
        poll.map_err(|error| self.name_error(&error))
    }

    pub(super) fn flush(&self) -> Ticket {
        if self.required {
            return self.sink.flush();
        }
        caught(|| self.sink.flush()).unwrap_or(Ticket::DONE)
    }

    /// An optional member is waited for until its deadline, and what goes wrong with it is noted alone.
    pub(super) fn poll_close(&self, context: &mut Context<'_>) -> Poll<Result<(), SinkError>> {
        if self.troubled.load(Ordering::Acquire) {
            self.tell_losses();
        }
        if self.required {
            let poll = self.sink.poll_close(context);
            return poll.map_err(|error| self.name_error(&error));
        }
        let error = match caught(|| self.sink.poll_close(context)) {
            Some(Poll::Ready(Ok(()))) => return Poll::Ready(Ok(())),
            Some(Poll::Pending) if !self.close_alarm.is_over(self.deadline, context) => {
                return Poll::Pending;
            }
            Some(Poll::Pending) => SinkError::deadline("closing it"),
            Some(Poll::Ready(Err(error))) => error,
            None => SinkError::other("the sink panicked"),
        };
        self.troubles().last_error = Some(error);
        Poll::Ready(Ok(()))
    }
}

/// Runs a member's code; none where it panicked, so that one member's bug stays its own.
pub(super) fn caught<T>(call: impl FnOnce() -> T) -> Option<T> {
    catch_unwind(AssertUnwindSafe(call)).ok()
}

impl fmt::Debug for Member {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Member")
            .field("status", &self.status())
            .field("deadline", &self.deadline)
            .finish_non_exhaustive()
    }
}
