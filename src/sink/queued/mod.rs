//! A queue, a gate and tickets before a writer that may block.

mod batch;
mod calling;
mod serving;
mod shared;
mod status;
mod writing;

pub use self::status::SinkStatus;

use std::fmt;
use std::marker::PhantomData;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use self::shared::Shared;
use super::{AuditSink, EntryWriter, Loss, PolicyInForce, SanitizedEntry, SinkError, Ticket};

/// An [`AuditSink`] that hands its entries to an [`EntryWriter`] on a thread of its own.
///
/// [`record`](AuditSink::record) appends the entry's bytes to a buffer and returns; it never blocks on
/// the writer. The writer takes the whole buffer at a time, writes it, flushes once, and syncs once where
/// an entry in it asks for that, so that calls that wait at the same time share one `fdatasync`. An entry
/// that asks for nothing is with the operating system within some 10 ms.
///
/// The gate ([`poll_ready`](AuditSink::poll_ready)) is pending while more than
/// [`max_queued_bytes`](QueuedBuilder::max_queued_bytes) are queued or being written. It reserves
/// nothing: an entry whose call was admitted is taken above the bound too. Calls that declare an emergency
/// find it open for [`emergency_bytes`](QueuedBuilder::emergency_bytes) more.
///
/// Where the writer fails, entries stay queued and are tried again, at first after 50 ms, later every
/// second; meanwhile the gate closes when the bound is reached, [`status`](Queued::status) shows the
/// error, and an event tells of it under the `tracing` target `tool_audit::sink`. A writer that panics
/// ends the sink: what it had not flushed is counted as lost, and everybody who waits gets an error.
///
/// Clones are handles of the same sink. When the last one is dropped, the sink closes as by
/// [`poll_close`](AuditSink::poll_close), and the dropping thread waits for that, though not much longer
/// than [`close_timeout`](QueuedBuilder::close_timeout).
///
/// ```
/// use std::io::{self, Write};
/// use tool_audit::{EntryWriter, Queued, SanitizedEntry};
///
/// struct Lines<W>(W);
///
/// impl<W: Write + Send + 'static> EntryWriter for Lines<W> {
///     fn write(&mut self, entry: &SanitizedEntry<'_>) -> io::Result<()> {
///         writeln!(self.0, "{}", entry.as_json())
///     }
///     fn flush(&mut self) -> io::Result<()> {
///         self.0.flush()
///     }
/// }
///
/// let sink = Queued::new(Lines(io::sink()));
/// assert_eq!(sink.status().queued_entries, 0);
/// ```
pub struct Queued<W> {
    handle: Arc<Handle>,
    writer: PhantomData<fn() -> W>,
}

/// Settings of a [`Queued`] sink, from [`Queued::builder`].
#[derive(Debug, Clone)]
#[must_use]
pub struct QueuedBuilder<W> {
    writer: W,
    max_queued_bytes: usize,
    emergency_bytes: usize,
    close_timeout: Duration,
    thread_name: String,
}

/// Ends the writer's thread with the last of the sink's handles.
#[derive(Debug)]
struct Handle {
    shared: Arc<Shared>,
    thread: Mutex<Option<JoinHandle<()>>>,
    close_timeout: Duration,
}

impl<W: EntryWriter> Queued<W> {
    /// A sink before `writer`, with a bound of 4 MiB and 5 seconds to close.
    ///
    /// It starts a thread. Where the system gives none, the sink is there, and every call gets the error
    /// from its gate.
    #[must_use]
    pub fn new(writer: W) -> Self {
        Self::builder(writer).build()
    }

    /// A sink before `writer`, to be set up.
    pub fn builder(writer: W) -> QueuedBuilder<W> {
        QueuedBuilder {
            writer,
            max_queued_bytes: 4 * 1024 * 1024,
            emergency_bytes: 1024 * 1024,
            close_timeout: Duration::from_secs(5),
            thread_name: "tool-audit".to_owned(),
        }
    }
}

impl<W> Queued<W> {
    /// How the sink does: what is queued, written and lost, and what went wrong last.
    #[must_use]
    pub fn status(&self) -> SinkStatus {
        self.handle.shared.status()
    }
}

impl<W: EntryWriter> QueuedBuilder<W> {
    /// From how many bytes on, queued or being written, the gate is pending. The default is 4 MiB.
    ///
    /// Memory is at most about twice as much, and one entry for each call in flight.
    pub fn max_queued_bytes(mut self, bytes: usize) -> Self {
        self.max_queued_bytes = bytes;
        self
    }

    /// How many bytes beyond that are kept for calls that declare an emergency. The default is 1 MiB: two
    /// records of the greatest length, twice.
    pub fn emergency_bytes(mut self, bytes: usize) -> Self {
        self.emergency_bytes = bytes;
        self
    }

    /// How long a closing sink whose writer fails tries on, before it counts the rest as lost. The
    /// default is 5 seconds.
    pub fn close_timeout(mut self, timeout: Duration) -> Self {
        self.close_timeout = timeout;
        self
    }

    /// The name of the writer's thread. The default is `tool-audit`; Linux shows 15 bytes of it.
    pub fn thread_name(mut self, name: impl Into<String>) -> Self {
        self.thread_name = name.into();
        self
    }

    /// The sink, with its thread running.
    #[must_use]
    pub fn build(self) -> Queued<W> {
        let shared = Arc::new(Shared::new(self.max_queued_bytes, self.emergency_bytes));
        let (writer, its_shared) = (self.writer, Arc::clone(&shared));
        // A name with a NUL would make `spawn` panic.
        let name = self.thread_name.replace('\0', "");
        let spawned = thread::Builder::new()
            .name(name)
            .spawn(move || writing::run(&its_shared, writer));
        let thread = spawned.map_err(|error| {
            let doing = "starting the audit log's thread (too many threads or too little memory?)";
            shared.end(Err(SinkError::io(doing, error)));
        });
        Queued {
            handle: Arc::new(Handle {
                shared,
                thread: Mutex::new(thread.ok()),
                close_timeout: self.close_timeout,
            }),
            writer: PhantomData,
        }
    }
}

impl<W: 'static> AuditSink for Queued<W> {
    fn record(&self, entry: &SanitizedEntry<'_>) -> Ticket {
        self.handle.shared.record(entry)
    }

    fn poll_ready(&self, context: &mut Context<'_>) -> Poll<Result<(), SinkError>> {
        self.handle.shared.poll_ready(context)
    }

    fn poll_ready_for_emergency(&self, context: &mut Context<'_>) -> Poll<Result<(), SinkError>> {
        self.handle.shared.poll_ready_for_emergency(context)
    }

    fn poll_committed(
        &self,
        context: &mut Context<'_>,
        ticket: &Ticket,
    ) -> Poll<Result<(), SinkError>> {
        self.handle.shared.poll_committed(context, ticket)
    }

    fn flush(&self) -> Ticket {
        self.handle.shared.flush()
    }

    /// Where the writer blocks for ever this stays pending: put a timeout around it.
    fn poll_close(&self, context: &mut Context<'_>) -> Poll<Result<(), SinkError>> {
        self.handle.shared.close(self.handle.close_timeout);
        self.handle.shared.poll_closed(context)
    }

    fn policy_in_force(&self, policy: &PolicyInForce) {
        self.handle.shared.policy_in_force(policy);
    }

    fn entries_lost(&self, loss: &Loss) {
        self.handle.shared.entries_lost(loss);
    }
}

impl<W> Clone for Queued<W> {
    fn clone(&self) -> Self {
        Self {
            handle: Arc::clone(&self.handle),
            writer: PhantomData,
        }
    }
}

impl<W> fmt::Debug for Queued<W> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Queued")
            .field("status", &self.status())
            .finish_non_exhaustive()
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        let thread = self
            .thread
            .get_mut()
            .unwrap_or_else(PoisonError::into_inner);
        let Some(thread) = thread.take() else {
            return;
        };
        self.shared.close(self.close_timeout);
        // A task that the writer woke may hold the last handle, and nobody can wait for himself.
        if thread.thread().id() == thread::current().id() {
            return;
        }
        // A moment more than the writer gives itself, for what it is doing then.
        let patience = self
            .close_timeout
            .saturating_add(Duration::from_millis(250));
        if self.shared.wait_for_end(patience) {
            // The thread is past everything that can panic or block.
            drop(thread.join());
        } else {
            let left = self.shared.status().queued_entries;
            tracing::error!(
                target: "tool_audit::sink",
                left,
                "the audit log's writer hangs, and was left behind with entries in hand"
            );
        }
    }
}
