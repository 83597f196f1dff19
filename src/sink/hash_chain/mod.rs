//! The sink that keeps entries in hash-chained logs (format 1).

mod bounded;
mod builder;
mod logs;
mod space;
mod status;
mod watched;
mod writer;

use std::fmt;
use std::io;
#[cfg(unix)]
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

pub use self::builder::HashChainBuilder;
#[cfg(unix)]
use self::logs::FolderLogs;
use self::logs::MemoryLogs;
use self::space::Gate;
pub use self::status::HashChainStatus;
use self::status::Statuses;
use self::writer::ChainWriter;
use super::{
    AuditSink, EntryWriter, Loss, PolicyInForce, Queued, SanitizedEntry, SinkError, Ticket,
};
use crate::log::LogError;

/// Keeps entries in a store of hash-chained logs, one log for each retention class (FORMAT section 1).
///
/// A thread of its own writes, as [`Queued`] describes. Each log is a folder with one writer at a time: a
/// second process needs a store of its own. The log `general` is made at once, so that a store that
/// cannot be written shows here; logs that are there already are opened and recovered, others are made
/// with their first entry. An entry of a class whose name is none (`[a-z][a-z0-9_-]{0,63}`, not `admin`)
/// goes to `general`.
///
/// A log that somebody changed is no error: what is damaged stays as it is, the log goes on in a new segment, and
/// [`status`](Self::status) tells. Records are [`verify`](crate::log::verify::verify)'d from the store's folder
/// at any time, also while they are written.
///
/// ```
/// use tool_audit::HashChainSink;
///
/// let folder = tempfile::tempdir()?;
/// let sink = HashChainSink::open(folder.path().join("audit"))?;
/// assert!(!sink.status().is_damaged());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct HashChainSink {
    inner: Inner,
    statuses: Statuses,
    gate: Gate,
}

#[derive(Clone)]
enum Inner {
    #[cfg(unix)]
    Folder(Queued<ChainWriter<FolderLogs>>),
    Memory {
        logs: MemoryLogs,
        writer: Arc<Mutex<ChainWriter<MemoryLogs>>>,
    },
}

/// One segment of a log in memory.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ChainSegment {
    /// The retention class, which names the log.
    pub retention_class: String,
    /// The `_seq` that names the segment.
    pub first_seq: u64,
    /// The segment's bytes.
    pub bytes: Vec<u8>,
}

impl HashChainSink {
    /// Opens the store in the folder `path`, or makes it.
    ///
    /// # Errors
    ///
    /// Another process writes to the store, others than the owner can enter its folders, it holds replayed
    /// calls, or the operating system says no. The error says what to do.
    #[cfg(unix)]
    pub fn open(path: impl AsRef<Path>) -> Result<Self, LogError> {
        Self::builder(path).build()
    }

    /// A store in the folder `path`, to be set up.
    #[cfg(unix)]
    pub fn builder(path: impl AsRef<Path>) -> HashChainBuilder {
        HashChainBuilder::new(Some(path.as_ref().to_owned()))
    }

    /// A store in memory, for tests and demonstrations: the same bytes, without a thread.
    ///
    /// An entry is sealed when [`record`](AuditSink::record) returns.
    ///
    /// ```
    /// use tool_audit::HashChainSink;
    ///
    /// let sink = HashChainSink::in_memory();
    /// assert!(sink.lines().is_empty());
    /// ```
    #[must_use]
    pub fn in_memory() -> Self {
        HashChainBuilder::new(None).in_memory()
    }

    /// A store in memory, to be set up: [`build`](HashChainBuilder::build) makes it.
    pub fn in_memory_builder() -> HashChainBuilder {
        HashChainBuilder::new(None)
    }

    /// How the logs and the queue before them do.
    #[must_use]
    pub fn status(&self) -> HashChainStatus {
        let logs = self.statuses.get();
        match &self.inner {
            #[cfg(unix)]
            Inner::Folder(queued) => HashChainStatus {
                logs,
                queue: Some(queued.status()),
            },
            Inner::Memory { .. } => HashChainStatus { logs, queue: None },
        }
    }

    /// The segments of a store in memory, log by log, in order. A store in a folder shows none.
    #[must_use]
    pub fn segments(&self) -> Vec<ChainSegment> {
        match &self.inner {
            #[cfg(unix)]
            Inner::Folder(_) => Vec::new(),
            Inner::Memory { logs, .. } => logs.segments(),
        }
    }

    /// The lines of a store in memory, log by log, in order, without line feeds. A store in a folder
    /// shows none.
    #[must_use]
    pub fn lines(&self) -> Vec<Vec<u8>> {
        match &self.inner {
            #[cfg(unix)]
            Inner::Folder(_) => Vec::new(),
            Inner::Memory { logs, .. } => logs.lines(),
        }
    }

    /// Writes a store in memory, as it is, to the folder `path`, where it can be verified and queried.
    ///
    /// # Errors
    ///
    /// The store is in a folder already, `path` holds logs of the same names, or cannot be written.
    #[cfg(unix)]
    pub fn to_folder(&self, path: impl AsRef<Path>) -> Result<(), LogError> {
        let path = path.as_ref();
        match &self.inner {
            Inner::Folder(_) => {
                let error = io::Error::new(
                    io::ErrorKind::Unsupported,
                    "only a store in memory can be written to a folder: copy the folder",
                );
                Err(LogError::io("writing a store to", path, error))
            }
            Inner::Memory { logs, .. } => logs.to_folder(path),
        }
    }
}

fn in_memory<T>(
    writer: &Mutex<ChainWriter<MemoryLogs>>,
    act: impl FnOnce(&mut ChainWriter<MemoryLogs>) -> io::Result<T>,
) -> Result<T, SinkError> {
    let mut writer = writer.lock().unwrap_or_else(PoisonError::into_inner);
    act(&mut writer).map_err(|error| SinkError::io("writing to the audit log in memory", error))
}

impl AuditSink for HashChainSink {
    fn record(&self, entry: &SanitizedEntry<'_>) -> Ticket {
        match &self.inner {
            #[cfg(unix)]
            Inner::Folder(queued) => queued.record(entry),
            Inner::Memory { writer, .. } => {
                let sealed = in_memory(writer, |writer| {
                    writer.write(entry)?;
                    writer.flush()
                });
                sealed.map_or(Ticket::LOST, |()| Ticket::DONE)
            }
        }
    }

    fn poll_ready(&self, context: &mut Context<'_>) -> Poll<Result<(), SinkError>> {
        if let Some(error) = self.gate.refusal(false) {
            return Poll::Ready(Err(error));
        }
        match &self.inner {
            #[cfg(unix)]
            Inner::Folder(queued) => queued.poll_ready(context),
            Inner::Memory { writer, .. } => {
                let is_closed = in_memory(writer, |writer| Ok(writer.is_closed()));
                Poll::Ready(match is_closed {
                    Ok(true) => Err(SinkError::closed()),
                    Ok(false) => Ok(()),
                    Err(error) => Err(error),
                })
            }
        }
    }

    fn poll_ready_for_emergency(&self, context: &mut Context<'_>) -> Poll<Result<(), SinkError>> {
        if let Some(error) = self.gate.refusal(true) {
            return Poll::Ready(Err(error));
        }
        match &self.inner {
            #[cfg(unix)]
            Inner::Folder(queued) => queued.poll_ready_for_emergency(context),
            Inner::Memory { .. } => self.poll_ready(context),
        }
    }

    fn poll_committed(
        &self,
        context: &mut Context<'_>,
        ticket: &Ticket,
    ) -> Poll<Result<(), SinkError>> {
        match &self.inner {
            #[cfg(unix)]
            Inner::Folder(queued) => queued.poll_committed(context, ticket),
            Inner::Memory { .. } if ticket.is_lost() => Poll::Ready(Err(SinkError::lost())),
            Inner::Memory { .. } => Poll::Ready(Ok(())),
        }
    }

    fn flush(&self) -> Ticket {
        match &self.inner {
            #[cfg(unix)]
            Inner::Folder(queued) => queued.flush(),
            Inner::Memory { .. } => Ticket::DONE,
        }
    }

    fn poll_close(&self, context: &mut Context<'_>) -> Poll<Result<(), SinkError>> {
        match &self.inner {
            #[cfg(unix)]
            Inner::Folder(queued) => queued.poll_close(context),
            Inner::Memory { writer, .. } => Poll::Ready(in_memory(writer, EntryWriter::close)),
        }
    }

    fn policy_in_force(&self, policy: &PolicyInForce) {
        match &self.inner {
            #[cfg(unix)]
            Inner::Folder(queued) => queued.policy_in_force(policy),
            Inner::Memory { writer, .. } => {
                let told = in_memory(writer, |writer| writer.policy_in_force(policy));
                tell_failure(told);
            }
        }
    }

    fn entries_lost(&self, loss: &Loss) {
        match &self.inner {
            #[cfg(unix)]
            Inner::Folder(queued) => queued.entries_lost(loss),
            Inner::Memory { writer, .. } => {
                tell_failure(in_memory(writer, |writer| writer.entries_lost(loss)));
            }
        }
    }
}

/// Memory fails only where the log was closed.
fn tell_failure(result: Result<(), SinkError>) {
    if let Err(error) = result {
        tracing::warn!(target: "tool_audit::sink", %error, "the audit log in memory could not be told");
    }
}

impl fmt::Debug for HashChainSink {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("HashChainSink")
            .field("status", &self.status())
            .finish_non_exhaustive()
    }
}
