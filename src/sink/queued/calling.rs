//! What callers do with the shared state.

use std::sync::PoisonError;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use super::batch::Batch;
use super::shared::{Shared, State};
use super::status::SinkStatus;
use crate::sink::wakers::WakerSet;
use crate::sink::{Durability, Loss, PolicyInForce, SanitizedEntry, SinkError, Ticket};

impl Shared {
    pub(super) fn record(&self, entry: &SanitizedEntry<'_>) -> Ticket {
        let durability = entry.head().durability;
        let mut state = self.lock();
        if state.closing.is_some() || state.end.is_some() || !state.queue.push(entry) {
            state.refused += 1;
            return Ticket::LOST;
        }
        state.taken += 1;
        let number = state.taken;
        let waits = durability != Durability::Buffered;
        state.urgent |= waits;
        if durability == Durability::Synced {
            state.sync_wanted = number;
        }
        let full = state.queue.bytes() >= self.bounds.wake_bytes;
        let wake = state.rouse(waits || full);
        self.publish_load(&state);
        drop(state);
        if wake {
            self.work.notify_one();
        }
        ticket(number, durability)
    }

    pub(super) fn policy_in_force(&self, policy: &PolicyInForce) {
        self.tell(|queue| queue.push_policy(policy));
    }

    pub(super) fn entries_lost(&self, loss: &Loss) {
        self.tell(|queue| queue.push_loss(loss));
    }

    fn tell(&self, push: impl FnOnce(&mut Batch)) {
        let mut state = self.lock();
        if state.closing.is_some() || state.end.is_some() {
            return;
        }
        push(&mut state.queue);
        let wake = state.rouse(false);
        drop(state);
        if wake {
            self.work.notify_one();
        }
    }

    pub(super) fn poll_ready(&self, context: &mut Context<'_>) -> Poll<Result<(), SinkError>> {
        if self.bounds.load.load(Ordering::Acquire) <= self.bounds.max_queued_bytes {
            return Poll::Ready(Ok(()));
        }
        self.wait_for_room(
            self.bounds.max_queued_bytes,
            |state| &mut state.gate,
            context,
        )
    }

    pub(super) fn poll_ready_for_emergency(
        &self,
        context: &mut Context<'_>,
    ) -> Poll<Result<(), SinkError>> {
        let bound = self.bounds.max_emergency_bytes;
        if self.bounds.load.load(Ordering::Acquire) <= bound {
            return Poll::Ready(Ok(()));
        }
        self.wait_for_room(bound, |state| &mut state.emergency_gate, context)
    }

    fn wait_for_room(
        &self,
        bound: usize,
        gate: impl FnOnce(&mut State) -> &mut WakerSet,
        context: &mut Context<'_>,
    ) -> Poll<Result<(), SinkError>> {
        let mut stale = Vec::new();
        let mut state = self.lock();
        let answer = match &state.end {
            Some(Err(error)) => Poll::Ready(Err(error.clone())),
            Some(Ok(())) => Poll::Ready(Err(SinkError::closed())),
            None if state.closing.is_some() => Poll::Ready(Err(SinkError::closed())),
            None if state.load() <= bound => Poll::Ready(Ok(())),
            None => {
                gate(&mut state).register(context.waker(), &mut stale);
                Poll::Pending
            }
        };
        drop(state);
        stale.into_iter().for_each(Waker::wake);
        answer
    }

    pub(super) fn poll_committed(
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
        let Some((number, sync)) = ticket.as_number().map(|both| (both >> 1, both & 1 == 1)) else {
            return Poll::Ready(Err(SinkError::other(
                "this ticket is another sink's: ask the sink that gave it",
            )));
        };
        let mut state = self.lock();
        let through = if sync {
            state.synced_through
        } else {
            state.flushed_through
        };
        if number <= through {
            return Poll::Ready(Ok(()));
        }
        if let Some(end) = &state.end {
            return Poll::Ready(Err(end
                .as_ref()
                .err()
                .map_or_else(SinkError::lost, Clone::clone)));
        }
        let waiting = if sync {
            &mut state.synced
        } else {
            &mut state.flushed
        };
        waiting.register(number, context.waker());
        Poll::Pending
    }

    pub(super) fn flush(&self) -> Ticket {
        let mut state = self.lock();
        let number = state.taken;
        if number <= state.synced_through {
            return Ticket::DONE;
        }
        state.sync_wanted = number;
        state.urgent = true;
        let wake = state.rouse(true);
        drop(state);
        if wake {
            self.work.notify_one();
        }
        ticket(number, Durability::Synced)
    }

    /// Stops admitting; a writer in trouble tries on for `patience`.
    pub(super) fn close(&self, patience: Duration) {
        let mut ready = Vec::new();
        let mut state = self.lock();
        if state.closing.is_some() || state.end.is_some() {
            return;
        }
        let now = Instant::now();
        state.closing = Some(now.checked_add(patience).unwrap_or(now));
        state.gate.take(&mut ready);
        state.emergency_gate.take(&mut ready);
        self.publish_load(&state);
        drop(state);
        // Not only a sleeping writer is woken, but also one that holds back after a failure.
        self.work.notify_one();
        ready.into_iter().for_each(Waker::wake);
    }

    pub(super) fn poll_closed(&self, context: &mut Context<'_>) -> Poll<Result<(), SinkError>> {
        let mut stale = Vec::new();
        let mut state = self.lock();
        let answer = match &state.end {
            Some(end) => Poll::Ready(end.clone()),
            None => {
                state.closed.register(context.waker(), &mut stale);
                Poll::Pending
            }
        };
        drop(state);
        stale.into_iter().for_each(Waker::wake);
        answer
    }

    /// Waits for the end, at most for `patience`; true where it came.
    pub(super) fn wait_for_end(&self, patience: Duration) -> bool {
        let waited = self
            .ended
            .wait_timeout_while(self.lock(), patience, |state| state.end.is_none());
        let (state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        state.end.is_some()
    }

    pub(super) fn status(&self) -> SinkStatus {
        let state = self.lock();
        let waiting = state.taken - state.flushed_through;
        SinkStatus {
            queued_bytes: state.queue.bytes() + state.in_hand_bytes,
            queued_entries: waiting - state.lost_in_hand.min(waiting),
            written: state.flushed_through,
            lost: state.refused + state.lost_in_hand,
            last_error: state.last_error.clone(),
            failing: state.write_failing || state.look_failing || matches!(state.end, Some(Err(_))),
            closed: state.closing.is_some() || state.end.is_some(),
        }
    }
}

/// The lowest bit says whether the number has to be synced.
fn ticket(number: u64, durability: Durability) -> Ticket {
    match durability {
        Durability::Buffered => Ticket::DONE,
        Durability::Flushed => Ticket::number(number << 1),
        Durability::Synced => Ticket::number(number << 1 | 1),
    }
}
