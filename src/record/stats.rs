use std::sync::atomic::{AtomicU64, Ordering};

/// What a recorder has done since it was made.
///
/// `recorded + lost` is the number of calls that have ended; refused calls never began. What a sink took into
/// its queue and could not write when it was closed is recorded here: the sink's own status counts it as lost.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct RecorderStats {
    /// Calls that have begun. One that turns out to be recorded elsewhere is taken back: this can fall.
    pub started: u64,
    /// Calls whose end record the sink took, or did not want.
    pub recorded: u64,
    /// Calls whose end record the sink could not take.
    pub lost: u64,
    /// Calls that were refused because the log could not take them.
    pub refused: u64,
    /// How often a tool was called, or its answer went out, although the record before it was not as durable
    /// as the policy asks.
    pub undurable: u64,
    /// Values that the sanitizer changed.
    pub redactions: u64,
    /// Pieces of records that the sanitizer failed at: `[REDACTION FAILED]` stands for each.
    pub sanitizer_failures: u64,
    /// Calls that have begun and not ended.
    pub open: u64,
}

/// What every call writes to. It shares no cache line with what is only read, which other processors would have to
/// fetch again after each call; two lines, since they are fetched in pairs.
#[derive(Debug)]
#[repr(align(128))]
pub(super) struct Counters {
    /// The number of the next call.
    pub(super) next_number: AtomicU64,
    pub(super) started: AtomicU64,
    pub(super) recorded: AtomicU64,
    pub(super) lost: AtomicU64,
    pub(super) refused: AtomicU64,
    pub(super) undurable: AtomicU64,
    pub(super) redactions: AtomicU64,
    pub(super) sanitizer_failures: AtomicU64,
    pub(super) ended: AtomicU64,
}

impl Default for Counters {
    fn default() -> Self {
        Self {
            next_number: AtomicU64::new(1),
            started: AtomicU64::default(),
            recorded: AtomicU64::default(),
            lost: AtomicU64::default(),
            refused: AtomicU64::default(),
            undurable: AtomicU64::default(),
            redactions: AtomicU64::default(),
            sanitizer_failures: AtomicU64::default(),
            ended: AtomicU64::default(),
        }
    }
}

pub(super) fn add(counter: &AtomicU64, count: u64) {
    counter.fetch_add(count, Ordering::Relaxed);
}

impl Counters {
    /// Calls that have begun and not ended.
    pub(super) fn open(&self) -> u64 {
        // Ended first: a call that ends between the two loads must not make the difference negative.
        let ended = self.ended.load(Ordering::SeqCst);
        self.started.load(Ordering::SeqCst).saturating_sub(ended)
    }

    pub(super) fn read(&self) -> RecorderStats {
        let get = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        RecorderStats {
            open: self.open(),
            started: get(&self.started),
            recorded: get(&self.recorded),
            lost: get(&self.lost),
            refused: get(&self.refused),
            undurable: get(&self.undurable),
            redactions: get(&self.redactions),
            sanitizer_failures: get(&self.sanitizer_failures),
        }
    }
}
