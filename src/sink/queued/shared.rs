use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use super::batch::Batch;
use super::status::SinkStatus;
use crate::sink::wakers::{WakerQueue, WakerSet};
use crate::sink::{Durability, Loss, PolicyInForce, SanitizedEntry, SinkError, Ticket};

/// The writer is woken when so many bytes are queued, or a quarter of the bound; fewer wait until it
/// looks by itself. It is more than 50,000 calls a second bring between two looks: a wake costs a caller
/// some 7 µs.
const WAKE_BYTES: usize = 256 * 1024;
/// The writer looks by itself so often while entries come.
const LOOK_EVERY: Duration = Duration::from_millis(5);
/// `Shared::load` of a sink that may not take more, so that the gate asks for the reason.
const SHUT: usize = usize::MAX;

/// What callers and the writer's thread have in common.
#[derive(Debug)]
pub(super) struct Shared {
    state: Mutex<State>,
    /// Wakes the writer.
    work: Condvar,
    /// Says that the writer has ended.
    ended: Condvar,
    /// `State::load`, for a gate that takes no lock while it is open.
    load: AtomicUsize,
    max_queued_bytes: usize,
    wake_bytes: usize,
}

#[derive(Debug, Default)]
struct State {
    queue: Batch,
    /// Entries taken so far; the number of the last one.
    taken: u64,
    flushed_through: u64,
    synced_through: u64,
    /// Somebody wants everything up to this number synced.
    sync_wanted: u64,
    /// Somebody waits for what is queued.
    urgent: bool,
    sleep: Sleep,
    in_hand_bytes: usize,
    refused: u64,
    lost_in_hand: u64,
    last_error: Option<SinkError>,
    write_failing: bool,
    look_failing: bool,
    /// Until when a closing sink tries; set by the first close.
    closing: Option<Instant>,
    end: Option<Result<(), SinkError>>,
    gate: WakerSet,
    flushed: WakerQueue,
    synced: WakerQueue,
    closed: WakerSet,
}

/// What the writer's thread is doing, so that nobody pays for a wake that it does not need.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Sleep {
    #[default]
    Awake,
    /// It looks by itself in a moment.
    Looking,
    /// It counts on being woken.
    Parked,
}

/// What the writer's thread has to do next.
#[derive(Debug, Clone, Copy)]
pub(super) enum Work {
    /// Write the batch, and sync where `sync`.
    Write { sync: bool },
    /// Write and sync the batch, and then end.
    Close,
    /// The time asked for is there.
    Look,
}

impl State {
    fn load(&self) -> usize {
        if self.closing.is_some() || self.end.is_some() {
            SHUT
        } else {
            self.queue.bytes() + self.in_hand_bytes
        }
    }

    fn take_batch(&mut self, batch: &mut Batch) {
        std::mem::swap(&mut self.queue, batch);
        self.in_hand_bytes = batch.bytes();
        self.urgent = false;
    }

    /// Marks the writer as awake; true where it has to be woken for that.
    fn rouse(&mut self, even_if_looking: bool) -> bool {
        let asleep = match self.sleep {
            Sleep::Awake => false,
            Sleep::Looking => even_if_looking,
            Sleep::Parked => true,
        };
        if asleep {
            self.sleep = Sleep::Awake;
        }
        asleep
    }
}

impl Shared {
    pub(super) fn new(max_queued_bytes: usize) -> Self {
        Self {
            state: Mutex::default(),
            work: Condvar::new(),
            ended: Condvar::new(),
            load: AtomicUsize::new(0),
            max_queued_bytes: max_queued_bytes.min(SHUT - 1),
            wake_bytes: WAKE_BYTES.min(max_queued_bytes / 4).max(1),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn publish_load(&self, state: &State) {
        self.load.store(state.load(), Ordering::Release);
    }

    // What callers do.

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
        let full = state.queue.bytes() >= self.wake_bytes;
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
        if self.load.load(Ordering::Acquire) <= self.max_queued_bytes {
            return Poll::Ready(Ok(()));
        }
        let mut stale = Vec::new();
        let mut state = self.lock();
        let answer = match &state.end {
            Some(Err(error)) => Poll::Ready(Err(error.clone())),
            Some(Ok(())) => Poll::Ready(Err(SinkError::closed())),
            None if state.closing.is_some() => Poll::Ready(Err(SinkError::closed())),
            None if state.load() <= self.max_queued_bytes => Poll::Ready(Ok(())),
            None => {
                state.gate.register(context.waker(), &mut stale);
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

    // What the writer's thread does.

    /// Sleeps until there is work, at the latest until `look_at`.
    ///
    /// Until `busy_until` it looks by itself every few milliseconds, later it counts on being woken.
    pub(super) fn next_work(
        &self,
        batch: &mut Batch,
        busy_until: Instant,
        look_at: Instant,
    ) -> Work {
        let mut state = self.lock();
        let mut slept = false;
        loop {
            if state.closing.is_some() {
                state.take_batch(batch);
                return Work::Close;
            }
            let due = state.urgent || state.queue.bytes() >= self.wake_bytes;
            if due || (slept && !state.queue.is_empty()) {
                state.take_batch(batch);
                let sync = state.sync_wanted > state.synced_through;
                return Work::Write { sync };
            }
            let now = Instant::now();
            if now >= look_at {
                return Work::Look;
            }
            let until_look = look_at - now;
            let wait = if now < busy_until || !state.queue.is_empty() {
                state.sleep = Sleep::Looking;
                LOOK_EVERY.min(until_look)
            } else {
                state.sleep = Sleep::Parked;
                until_look
            };
            let waited = self.work.wait_timeout(state, wait);
            (state, _) = waited.unwrap_or_else(PoisonError::into_inner);
            state.sleep = Sleep::Awake;
            slept = true;
        }
    }

    /// Everything up to `flushed` is with the operating system, and `bytes` of the batch are left.
    pub(super) fn flushed(&self, flushed: u64, bytes: usize, ready: &mut Vec<Waker>) {
        let mut state = self.lock();
        state.flushed_through = flushed;
        state.in_hand_bytes = bytes;
        if state.load() <= self.max_queued_bytes {
            state.gate.take(ready);
        }
        state.flushed.take_through(flushed, ready);
        self.publish_load(&state);
        drop(state);
        ready.drain(..).for_each(Waker::wake);
    }

    /// Everything up to `synced` is on the disk.
    pub(super) fn synced(&self, synced: u64, ready: &mut Vec<Waker>) {
        let mut state = self.lock();
        state.synced_through = synced;
        state.synced.take_through(synced, ready);
        drop(state);
        ready.drain(..).for_each(Waker::wake);
    }

    /// Notes whether writing works; true where that is news.
    pub(super) fn note_writing(&self, error: Option<&SinkError>) -> bool {
        let mut state = self.lock();
        let before = std::mem::replace(&mut state.write_failing, error.is_some());
        note(&mut state.last_error, before, error)
    }

    /// Notes whether looking after the files works; true where that is news.
    pub(super) fn note_looking(&self, error: Option<&SinkError>) -> bool {
        let mut state = self.lock();
        let before = std::mem::replace(&mut state.look_failing, error.is_some());
        note(&mut state.last_error, before, error)
    }

    /// Waits after a failure, until somebody closes; false where a closing sink has tried long enough.
    pub(super) fn hold_back(&self, delay: Duration) -> bool {
        let state = self.lock();
        let closing = state.closing;
        let now = Instant::now();
        let delay = match closing {
            Some(until) if until <= now => return false,
            Some(until) => delay.min(until - now),
            None => delay,
        };
        drop(
            self.work
                .wait_timeout_while(state, delay, |state| state.closing == closing),
        );
        true
    }

    /// The writer has ended: what was not flushed is lost, and nobody waits any longer.
    pub(super) fn end(&self, result: Result<(), SinkError>) -> u64 {
        let mut ready = Vec::new();
        let mut state = self.lock();
        let lost = state.taken - state.flushed_through;
        state.lost_in_hand = lost;
        if let Err(error) = &result {
            state.last_error = Some(error.clone());
        }
        state.end = Some(result);
        state.queue = Batch::default();
        state.in_hand_bytes = 0;
        state.gate.take(&mut ready);
        state.closed.take(&mut ready);
        state.flushed.take_through(u64::MAX, &mut ready);
        state.synced.take_through(u64::MAX, &mut ready);
        self.publish_load(&state);
        drop(state);
        self.ended.notify_all();
        ready.into_iter().for_each(Waker::wake);
        lost
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

fn note(last: &mut Option<SinkError>, before: bool, error: Option<&SinkError>) -> bool {
    if let Some(error) = error {
        *last = Some(error.clone());
    }
    before != error.is_some()
}
