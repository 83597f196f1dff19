use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use crate::sink::SinkError;

/// For whom a store has room, as its writer sees it and callers ask at the gate.
#[derive(Debug, Clone, Default)]
pub(super) struct Space(Arc<AtomicU8>);

const FOR_ALL: u8 = 0;
const FOR_EMERGENCIES: u8 = 1;
const FOR_NOBODY: u8 = 2;

impl Space {
    /// Why no call is taken, if none is; `is_emergency` where it is one that declares an emergency.
    pub(super) fn refusal(&self, is_emergency: bool) -> Option<SinkError> {
        match self.0.load(Ordering::Relaxed) {
            FOR_ALL => None,
            FOR_EMERGENCIES if is_emergency => None,
            FOR_EMERGENCIES => Some(SinkError::other(
                "the audit log's disk budget is used up but for what is kept for emergencies: raise it, or free some of it",
            )),
            _ => Some(SinkError::other(
                "the audit log's disk budget is used up: raise it, or free some of it",
            )),
        }
    }
}

/// How many bytes the logs of a store may take.
#[derive(Debug)]
pub(super) struct Budget {
    most: u64,
    for_emergencies: u64,
    used: u64,
    space: Space,
}

impl Budget {
    pub(super) fn new(most: u64, for_emergencies: u64, space: Space) -> Self {
        Self {
            most,
            for_emergencies,
            used: 0,
            space,
        }
    }

    /// The logs have so many bytes.
    pub(super) fn set_used(&mut self, used: u64) {
        self.used = used;
        let room = if used >= self.most {
            FOR_NOBODY
        } else if used >= self.most.saturating_sub(self.for_emergencies) {
            FOR_EMERGENCIES
        } else {
            FOR_ALL
        };
        self.space.0.store(room, Ordering::Relaxed);
    }

    /// So many bytes more were written.
    pub(super) fn add(&mut self, written: usize) {
        self.set_used(self.used.saturating_add(written as u64));
    }
}
