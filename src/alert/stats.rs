use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// What a [`Detector`](super::Detector) remembers, and what it had to forget.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct DetectorStats {
    /// How many keys are remembered, those of all rules together.
    pub keys: usize,
    /// How many keys were forgotten because a rule remembered too many: what was counted of them began anew.
    pub forgotten: u64,
    /// How many alerts were given.
    pub fired: u64,
}

/// What became of the alerts of [`Alerts`](super::Alerts).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct AlertStats {
    /// How many alerts were given.
    pub fired: u64,
    /// How many of them were recorded in a log.
    pub recorded: u64,
    /// How many a channel or the callback's queue could not take, since it was full or nobody listened.
    pub undelivered: u64,
    /// How often the callback panicked.
    pub panicked: u64,
    /// How many keys rules had to forget; see [`DetectorStats::forgotten`].
    pub forgotten: u64,
}

/// Tells how alerts do while they are somewhere else; from [`Alerts::status`](super::Alerts::status).
#[derive(Debug, Clone, Default)]
pub struct AlertStatus(Arc<Counters>);

#[derive(Debug, Default)]
struct Counters {
    fired: AtomicU64,
    recorded: AtomicU64,
    undelivered: AtomicU64,
    panicked: AtomicU64,
    forgotten: AtomicU64,
}

impl AlertStatus {
    /// What became of the alerts until now.
    #[must_use]
    pub fn get(&self) -> AlertStats {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        AlertStats {
            fired: read(&self.0.fired),
            recorded: read(&self.0.recorded),
            undelivered: read(&self.0.undelivered),
            panicked: read(&self.0.panicked),
            forgotten: read(&self.0.forgotten),
        }
    }

    pub(super) fn fired(&self) {
        self.0.fired.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn recorded(&self) {
        self.0.recorded.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn undelivered(&self) {
        self.0.undelivered.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn panicked(&self) {
        self.0.panicked.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn forgotten(&self, keys: u64) {
        self.0.forgotten.store(keys, Ordering::Relaxed);
    }
}
