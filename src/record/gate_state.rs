use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// What all callers at the gate know of it together.
#[derive(Debug, Default)]
pub(crate) struct GateState {
    /// It was found shut, and not found open since.
    shut: AtomicBool,
    /// A call waited for `max_wait` in vain, and the gate was not found open since.
    overdue: AtomicBool,
    openings: AtomicU64,
}

impl GateState {
    pub(super) fn found_shut(&self) {
        self.shut.store(true, Ordering::Relaxed);
    }

    pub(super) fn found_open(&self) {
        // As a rule it was open before, and nothing has to be written.
        if self.shut.load(Ordering::Relaxed) {
            self.shut.store(false, Ordering::Relaxed);
            self.overdue.store(false, Ordering::Relaxed);
            self.openings.fetch_add(1, Ordering::Relaxed);
        }
    }

    pub(super) fn openings(&self) -> u64 {
        self.openings.load(Ordering::Relaxed)
    }

    pub(super) fn is_overdue(&self) -> bool {
        self.overdue.load(Ordering::Relaxed)
    }

    pub(super) fn set_overdue(&self) {
        self.overdue.store(true, Ordering::Relaxed);
    }
}
