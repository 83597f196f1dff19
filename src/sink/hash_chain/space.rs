use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use crate::sink::SinkError;

/// For whom a store has room, as its writer sees it and callers ask at the gate.
#[derive(Debug, Clone, Default)]
pub(super) struct Gate(Arc<AtomicU8>);

const FOR_ALL: u8 = 0;
const FOR_EMERGENCIES: u8 = 1;
const FOR_NOBODY: u8 = 2;
/// The disk is full, and the log lives on what was kept for that.
const FROM_RESERVE: u8 = 3;

impl Gate {
    /// Why no call is taken, if none is; `is_emergency` where it is one that declares an emergency.
    pub(super) fn refusal(&self, is_emergency: bool) -> Option<SinkError> {
        match self.0.load(Ordering::Relaxed) {
            FOR_ALL => None,
            FOR_EMERGENCIES | FROM_RESERVE if is_emergency => None,
            FROM_RESERVE => Some(SinkError::other(
                "the audit log's disk is full, and its reserve is kept for emergencies: free some space",
            )),
            FOR_EMERGENCIES => Some(SinkError::other(
                "the audit log's disk budget is used up but for what is kept for emergencies: raise it, or free some of it",
            )),
            _ => Some(SinkError::other(
                "the audit log's disk budget is used up: raise it, or free some of it",
            )),
        }
    }
}

/// What a store may take of its disk.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Bounds {
    /// How many bytes its logs may have, and how many of them are kept for emergencies.
    pub(super) budget: Option<(u64, u64)>,
    /// How many bytes are taken at once, to be given back when the disk is full.
    pub(super) reserve: Option<u64>,
}

/// How a store stands to its bounds.
#[derive(Debug, Default)]
pub(super) struct Space {
    bounds: Bounds,
    used: u64,
    reserve_is_free: bool,
    gate: Gate,
}

impl Space {
    pub(super) fn new(bounds: Bounds, gate: Gate) -> Self {
        Self {
            bounds,
            used: 0,
            reserve_is_free: false,
            gate,
        }
    }

    pub(super) fn has_budget(&self) -> bool {
        self.bounds.budget.is_some()
    }

    /// How many bytes the reserve is to have, where there is to be one.
    pub(super) fn reserve(&self) -> Option<u64> {
        self.bounds.reserve
    }

    /// The logs have so many bytes.
    pub(super) fn set_used(&mut self, used: u64) {
        self.used = used;
        self.publish();
    }

    /// So many bytes more were written.
    pub(super) fn add(&mut self, written: usize) {
        if self.has_budget() {
            self.set_used(self.used.saturating_add(written as u64));
        }
    }

    /// Whether the reserve was given back to the disk.
    pub(super) fn set_reserve_is_free(&mut self, is_free: bool) {
        self.reserve_is_free = is_free;
        self.publish();
    }

    pub(super) fn reserve_is_free(&self) -> bool {
        self.reserve_is_free
    }

    fn publish(&self) {
        let room = match self.bounds.budget {
            Some((most, _)) if self.used >= most => FOR_NOBODY,
            _ if self.reserve_is_free => FROM_RESERVE,
            Some((most, some)) if self.used >= most.saturating_sub(some) => FOR_EMERGENCIES,
            _ => FOR_ALL,
        };
        self.gate.0.store(room, Ordering::Relaxed);
    }
}

/// Whether the operating system says that there is no space left.
pub(super) fn is_full(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded
    )
}
