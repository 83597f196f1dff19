//! Where entries go.
//!
//! An [`AuditSink`] takes sanitized entries on the caller's thread and never blocks. Sinks that write to
//! slow places implement [`EntryWriter`], which runs on a thread of its own, and are lent a queue, a gate
//! and tickets by [`Queued`].
//!
//! [`MemorySink`] and [`TracingSink`] need no thread; [`FanOut`] and [`Filter`] put sinks together.

mod entry;
mod error;
mod fan_out;
#[cfg(unix)]
mod file;
mod filter;
mod hash_chain;
mod memory;
mod queued;
mod ticket;
mod trace;
mod wakers;
mod writer;

pub use self::entry::{EntryHead, EntryKind, SanitizedEntry};
pub use self::error::SinkError;
pub use self::fan_out::{FanOut, Member, MemberStatus};
#[cfg(unix)]
pub use self::file::{FileSink, FileSinkBuilder};
pub use self::filter::Filter;
pub use self::hash_chain::{ChainSegment, HashChainBuilder, HashChainSink, HashChainStatus};
pub use self::memory::MemorySink;
pub use self::queued::{Queued, QueuedBuilder, SinkStatus};
pub use self::ticket::Ticket;
pub use self::trace::TracingSink;
pub use self::writer::EntryWriter;

use std::fmt;
use std::task::{Context, Poll};

use serde::{Deserialize, Serialize};

/// How safe an entry must be before the caller gets the tool's answer (FORMAT section 6).
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Durability {
    /// Taken into the queue, and handed to the operating system within 10 ms. A kill loses at most that.
    #[default]
    Buffered,
    /// Handed to the operating system before the answer went out. Survives a kill.
    Flushed,
    /// On the disk before the answer went out. Survives power loss.
    Synced,
}

/// What of a recorder's policy a log states in its first records.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct PolicyInForce {
    /// A hash that names the policy: rules, classes, durability.
    pub policy_id: String,
    /// The key that pseudonyms are made with; `eph` for one made at random by this process.
    pub pseudonym_key_id: String,
}

/// Calls that went on although the log could not take their entries.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Loss {
    /// How many entries were not recorded.
    pub count: u64,
    /// Why not, in a word or two; never a caller's text.
    pub reason: &'static str,
    /// When the first of them was lost.
    pub since: std::time::SystemTime,
}

impl Loss {
    /// `count` entries lost since `since`, because of `reason`.
    #[must_use]
    pub fn new(count: u64, reason: &'static str, since: std::time::SystemTime) -> Self {
        Self {
            count,
            reason,
            since,
        }
    }
}

/// Takes sanitized entries.
///
/// [`record`](AuditSink::record) is the only method that has to be written. It runs on the caller's
/// thread, from `Drop` too, so it must neither block for long nor panic; a panic is caught, and counts as
/// a lost entry. All other methods are for sinks that have a queue.
///
/// ```
/// use std::sync::Mutex;
/// use tool_audit::{AuditSink, SanitizedEntry, Ticket};
///
/// #[derive(Debug, Default)]
/// struct Lines(Mutex<Vec<String>>);
///
/// impl AuditSink for Lines {
///     fn record(&self, entry: &SanitizedEntry<'_>) -> Ticket {
///         self.0.lock().unwrap().push(entry.as_json().to_owned());
///         Ticket::DONE
///     }
/// }
/// ```
pub trait AuditSink: Send + Sync + 'static {
    /// Takes one entry. It was admitted, so it has to be taken, also above the gate's bound.
    ///
    /// The ticket says how to ask whether the entry is as durable as its head demands.
    fn record(&self, entry: &SanitizedEntry<'_>) -> Ticket;

    /// Whether this sink wants an entry of this head at all; where not, it is not recorded and not lost.
    fn interested(&self, head: &EntryHead<'_>) -> bool {
        let _ = head;
        true
    }

    /// The gate: pending while too much is queued, an error while nothing can be taken.
    ///
    /// Being ready reserves nothing. When the gate opens, every waiting task is woken.
    fn poll_ready(&self, cx: &mut Context<'_>) -> Poll<Result<(), SinkError>> {
        let _ = cx;
        Poll::Ready(Ok(()))
    }

    /// The gate for a call that declares an emergency: a sink that keeps places for those alone is ready here
    /// while it has one of them left. By default it is the gate of all calls.
    fn poll_ready_for_emergency(&self, cx: &mut Context<'_>) -> Poll<Result<(), SinkError>> {
        self.poll_ready(cx)
    }

    /// Whether the entry of `ticket` is as durable as its head demanded, or the flush of `ticket` done.
    ///
    /// It stays pending while the sink tries again after a failure: how long to wait is the caller's to say.
    /// [`Ticket::DONE`] is ready and [`Ticket::LOST`] an error, for every sink.
    fn poll_committed(&self, cx: &mut Context<'_>, ticket: &Ticket) -> Poll<Result<(), SinkError>> {
        let _ = (cx, ticket);
        Poll::Ready(Ok(()))
    }

    /// Asks that everything taken until now be brought to where it goes, as safely as the sink can.
    ///
    /// [`poll_committed`](AuditSink::poll_committed) says for the ticket when that is done. The ticket
    /// holds the "until now", so that a flush comes to its end also while entries keep coming.
    fn flush(&self) -> Ticket {
        Ticket::DONE
    }

    /// Takes no more, brings everything taken to where it goes, and ends the sink in good order.
    ///
    /// The first poll closes; entries that come later are lost, and counted as such. Once the sink has
    /// ended, every poll gives the same result.
    fn poll_close(&self, cx: &mut Context<'_>) -> Poll<Result<(), SinkError>> {
        let _ = cx;
        Poll::Ready(Ok(()))
    }

    /// The recorder says which policy is in force, before its first entry and at each change.
    fn policy_in_force(&self, policy: &PolicyInForce) {
        let _ = policy;
    }

    /// The recorder let calls go on whose entries this sink could not take.
    fn entries_lost(&self, loss: &Loss) {
        let _ = loss;
    }
}

impl<S: AuditSink + ?Sized> AuditSink for std::sync::Arc<S> {
    fn record(&self, entry: &SanitizedEntry<'_>) -> Ticket {
        (**self).record(entry)
    }
    fn interested(&self, head: &EntryHead<'_>) -> bool {
        (**self).interested(head)
    }
    fn poll_ready(&self, cx: &mut Context<'_>) -> Poll<Result<(), SinkError>> {
        (**self).poll_ready(cx)
    }
    fn poll_ready_for_emergency(&self, cx: &mut Context<'_>) -> Poll<Result<(), SinkError>> {
        (**self).poll_ready_for_emergency(cx)
    }
    fn poll_committed(&self, cx: &mut Context<'_>, ticket: &Ticket) -> Poll<Result<(), SinkError>> {
        (**self).poll_committed(cx, ticket)
    }
    fn flush(&self) -> Ticket {
        (**self).flush()
    }
    fn poll_close(&self, cx: &mut Context<'_>) -> Poll<Result<(), SinkError>> {
        (**self).poll_close(cx)
    }
    fn policy_in_force(&self, policy: &PolicyInForce) {
        (**self).policy_in_force(policy);
    }
    fn entries_lost(&self, loss: &Loss) {
        (**self).entries_lost(loss);
    }
}

impl fmt::Debug for dyn AuditSink {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("dyn AuditSink")
    }
}
