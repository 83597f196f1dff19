//! What the writer's thread does with the shared state.

use std::sync::PoisonError;
use std::sync::atomic::Ordering;
use std::task::Waker;
use std::thread;
use std::time::{Duration, Instant};

use super::batch::Batch;
use super::shared::{Shared, Sleep};
use crate::sink::SinkError;

/// How often the writer looks by itself while entries come, so that no caller has to wake it.
#[derive(Debug)]
pub(super) struct Looks {
    every: Duration,
}

impl Looks {
    const LEAST: Duration = Duration::from_millis(1);
    const MOST: Duration = Duration::from_millis(5);
    /// What comes between two looks should be more than the one and less than the other: few looks and long writes, of
    /// which a file costs less than of short ones, and a batch that is still in the processor's caches.
    const FEW: usize = 128 * 1024;
    const MANY: usize = 512 * 1024;

    pub(super) fn new() -> Self {
        Self { every: Self::MOST }
    }

    fn found(&mut self, bytes: usize) {
        self.every = match bytes {
            0..=Self::FEW => self.every * 2,
            Self::MANY.. => self.every / 2,
            _ => self.every,
        }
        .clamp(Self::LEAST, Self::MOST);
    }
}

/// What the writer's thread has to do next.
#[derive(Debug, Clone, Copy)]
pub(super) enum Work {
    /// Write the batch, and sync where `sync`. Somebody waits for it where `awaited`.
    Write { sync: bool, awaited: bool },
    /// Write and sync the batch, and then end.
    Close,
    /// The time asked for is there.
    Look,
}

impl Shared {
    /// Stays awake until there is work, at the latest until `until`.
    ///
    /// While the writer does so nobody has to wake it, and other threads may have its core.
    pub(super) fn linger(&self, until: Instant) {
        while self.bounds.load.load(Ordering::Acquire) == 0 && Instant::now() < until {
            thread::yield_now();
        }
    }

    /// Sleeps until there is work, at the latest until `look_at`.
    ///
    /// Until `busy_until` it looks by itself as often as `looks` says, later it counts on being woken.
    pub(super) fn next_work(
        &self,
        batch: &mut Batch,
        looks: &mut Looks,
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
            let due = state.urgent || state.queue.bytes() >= self.bounds.wake_bytes;
            if due || (slept && !state.queue.is_empty()) {
                let awaited = state.urgent;
                looks.found(state.queue.bytes());
                state.take_batch(batch);
                let sync = state.sync_wanted > state.synced_through;
                return Work::Write { sync, awaited };
            }
            let now = Instant::now();
            if now >= look_at {
                return Work::Look;
            }
            let until_look = look_at - now;
            let wait = if now < busy_until || !state.queue.is_empty() {
                state.sleep = Sleep::Looking;
                looks.every.min(until_look)
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
        if state.load() <= self.bounds.max_queued_bytes {
            state.gate.take(ready);
        }
        if state.load() <= self.bounds.max_emergency_bytes {
            state.emergency_gate.take(ready);
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
        state.emergency_gate.take(&mut ready);
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

fn note(last: &mut Option<SinkError>, before: bool, error: Option<&SinkError>) -> bool {
    if let Some(error) = error {
        *last = Some(error.clone());
    }
    before != error.is_some()
}
