use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use super::batch::Batch;
use crate::sink::SinkError;
use crate::sink::wakers::{WakerQueue, WakerSet};

/// The writer is woken when so many bytes are queued, or a quarter of the bound; fewer wait until it
/// looks by itself, and the more come the oftener it looks. A wake costs a caller 7 µs and more.
const WAKE_BYTES: usize = 1024 * 1024;
/// `Shared::load` of a sink that may not take more, so that the gate asks for the reason.
const SHUT: usize = usize::MAX;

/// What callers and the writer's thread have in common.
///
/// What each call writes to shares no cache line with what is mostly read.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) state: Mutex<State>,
    /// Wakes the writer.
    pub(super) work: Condvar,
    /// Says that the writer has ended.
    pub(super) ended: Condvar,
    pub(super) bounds: Bounds,
}

/// How full the queue may be, and is: all that a gate reads. How full it is stands beside what never changes, since it
/// is seldom written, when the queue becomes empty or is no longer, and when it is nearly full.
#[derive(Debug)]
#[repr(align(128))]
pub(super) struct Bounds {
    /// `State::load`, for a gate that takes no lock while it is open; what is neither nothing nor more than half the
    /// bound may be any such number.
    pub(super) load: AtomicUsize,
    pub(super) max_queued_bytes: usize,
    /// How far the queue may grow for emergencies.
    pub(super) max_emergency_bytes: usize,
    pub(super) wake_bytes: usize,
}

#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) queue: Batch,
    /// Entries taken so far; the number of the last one.
    pub(super) taken: u64,
    pub(super) flushed_through: u64,
    pub(super) synced_through: u64,
    /// Somebody wants everything up to this number synced.
    pub(super) sync_wanted: u64,
    /// Somebody waits for what is queued.
    pub(super) urgent: bool,
    pub(super) sleep: Sleep,
    pub(super) in_hand_bytes: usize,
    pub(super) refused: u64,
    pub(super) lost_in_hand: u64,
    pub(super) last_error: Option<SinkError>,
    pub(super) write_failing: bool,
    pub(super) look_failing: bool,
    /// Until when a closing sink tries; set by the first close.
    pub(super) closing: Option<Instant>,
    pub(super) end: Option<Result<(), SinkError>>,
    pub(super) gate: WakerSet,
    /// The gate of emergencies.
    pub(super) emergency_gate: WakerSet,
    pub(super) flushed: WakerQueue,
    pub(super) synced: WakerQueue,
    pub(super) closed: WakerSet,
}

/// What the writer's thread is doing, so that nobody pays for a wake that it does not need.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sleep {
    #[default]
    Awake,
    /// It looks by itself in a moment.
    Looking,
    /// It counts on being woken.
    Parked,
}

impl State {
    pub(super) fn load(&self) -> usize {
        if self.closing.is_some() || self.end.is_some() {
            SHUT
        } else {
            self.queue.bytes() + self.in_hand_bytes
        }
    }

    pub(super) fn take_batch(&mut self, batch: &mut Batch) {
        std::mem::swap(&mut self.queue, batch);
        self.in_hand_bytes = batch.bytes();
        self.urgent = false;
    }

    /// Marks the writer as awake; true where it has to be woken for that.
    pub(super) fn rouse(&mut self, even_if_looking: bool) -> bool {
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
    pub(super) fn new(max_queued_bytes: usize, emergency_bytes: usize) -> Self {
        let max_queued_bytes = max_queued_bytes.min(SHUT - 1);
        Self {
            state: Mutex::default(),
            work: Condvar::new(),
            ended: Condvar::new(),
            bounds: Bounds {
                load: AtomicUsize::new(0),
                max_queued_bytes,
                max_emergency_bytes: max_queued_bytes
                    .saturating_add(emergency_bytes)
                    .min(SHUT - 1),
                wake_bytes: WAKE_BYTES.min(max_queued_bytes / 4).max(1),
            },
        }
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn publish_load(&self, state: &State) {
        let Bounds {
            load,
            max_queued_bytes,
            ..
        } = &self.bounds;
        let (now, told) = (state.load(), load.load(Ordering::Relaxed));
        // As long as the queue is neither empty nor nearly full no caller has to fetch what the last one wrote.
        if now.max(told) > max_queued_bytes / 2 || (now == 0) != (told == 0) {
            load.store(now, Ordering::Release);
        }
    }
}
