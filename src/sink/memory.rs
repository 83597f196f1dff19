use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use super::{AuditSink, Loss, SanitizedEntry, SinkError, Ticket};
use crate::entry::AuditEntry;

/// Keeps entries in memory: for tests, and for the last few calls of a running process.
///
/// Clones share what they keep. An entry is kept as its line of JSON, some 700 bytes.
///
/// ```
/// use tool_audit::{AuditSink, EntryBuilder, MemorySink, Outcome, Sanitizer};
///
/// let sink = MemorySink::bounded(1000);
/// let entry = EntryBuilder::new("get_order")
///     .conversation_id("conv_1")
///     .outcome(Outcome::TimedOut);
/// sink.record(&entry.build(&Sanitizer::default()).as_entry());
///
/// let failures = sink.find(|entry| entry.conversation_id == "conv_1" && entry.is_failure());
/// assert_eq!(failures[0].tool_name, "get_order");
/// assert!(sink.lines()[0].starts_with(r#"{"_kind":"tool_call","#));
/// ```
#[derive(Clone, Default)]
pub struct MemorySink(Arc<Mutex<Kept>>);

#[derive(Default)]
struct Kept {
    lines: VecDeque<Box<str>>,
    /// How many lines were there before the first of these.
    before: u64,
    bound: Option<usize>,
    evicted: u64,
    lost: u64,
    closed: bool,
}

impl MemorySink {
    /// A sink that keeps every entry.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A sink that keeps the newest `entries`, and counts those that went for them.
    #[must_use]
    pub fn bounded(entries: usize) -> Self {
        let sink = Self::new();
        sink.lock().bound = Some(entries);
        sink
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The entries, oldest first.
    #[must_use]
    pub fn entries(&self) -> Vec<AuditEntry> {
        self.find(|_| true)
    }

    /// The entries that `wanted` says yes to, oldest first.
    ///
    /// ```
    /// # let sink = tool_audit::MemorySink::new();
    /// let of_user = sink.find(|entry| entry.user_id == "usr_9" && entry.tool_name == "get_order");
    /// assert!(of_user.is_empty());
    /// ```
    #[must_use]
    pub fn find(&self, mut wanted: impl FnMut(&AuditEntry) -> bool) -> Vec<AuditEntry> {
        // Read outside the lock, since `wanted` is somebody else's code.
        let lines = self.lines();
        let entries = lines
            .iter()
            .filter_map(|line| serde_json::from_str(line).ok());
        entries.filter(|entry| wanted(entry)).collect()
    }

    /// The entries as they were recorded, each one object of canonical JSON, oldest first.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        self.lock().lines.iter().map(ToString::to_string).collect()
    }

    /// The lines, and the number of the first among all that were ever there.
    pub(crate) fn numbered_lines(&self) -> (u64, Vec<Box<str>>) {
        let kept = self.lock();
        (kept.before, kept.lines.iter().cloned().collect())
    }

    /// How many entries are there.
    #[must_use]
    pub fn len(&self) -> usize {
        self.lock().lines.len()
    }

    /// True where no entry is there.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many entries went because newer ones came.
    #[must_use]
    pub fn evicted(&self) -> u64 {
        self.lock().evicted
    }

    /// How many entries were lost, as the recorder told: calls that went on although the sink was closed.
    #[must_use]
    pub fn lost(&self) -> u64 {
        self.lock().lost
    }

    /// Forgets all entries; the counts stay.
    pub fn clear(&self) {
        let mut kept = self.lock();
        kept.before += kept.lines.len() as u64;
        kept.lines.clear();
    }
}

impl AuditSink for MemorySink {
    fn record(&self, entry: &SanitizedEntry<'_>) -> Ticket {
        let line = Box::from(entry.as_json());
        let mut kept = self.lock();
        if kept.closed {
            return Ticket::LOST;
        }
        kept.lines.push_back(line);
        while kept.bound.is_some_and(|bound| kept.lines.len() > bound) {
            kept.lines.pop_front();
            kept.evicted += 1;
            kept.before += 1;
        }
        Ticket::DONE
    }

    fn poll_ready(&self, _context: &mut Context<'_>) -> Poll<Result<(), SinkError>> {
        Poll::Ready(if self.lock().closed {
            Err(SinkError::closed())
        } else {
            Ok(())
        })
    }

    fn poll_close(&self, _context: &mut Context<'_>) -> Poll<Result<(), SinkError>> {
        self.lock().closed = true;
        Poll::Ready(Ok(()))
    }

    fn entries_lost(&self, loss: &Loss) {
        let mut kept = self.lock();
        kept.lost = kept.lost.saturating_add(loss.count);
    }
}

impl fmt::Debug for MemorySink {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kept = self.lock();
        formatter
            .debug_struct("MemorySink")
            .field("len", &kept.lines.len())
            .field("bound", &kept.bound)
            .field("evicted", &kept.evicted)
            .field("lost", &kept.lost)
            .finish_non_exhaustive()
    }
}
