//! Entries as lines of a file.

mod lines;
mod target;
mod writer;

use std::path::{Path, PathBuf};
use std::task::{Context, Poll};
use std::time::Duration;

use self::target::Target;
use self::writer::{FileWriter, Rotation};
use super::{
    AuditSink, Loss, PolicyInForce, Queued, SanitizedEntry, SinkError, SinkStatus, Ticket,
};

/// Writes entries to a file as JSON Lines, on a thread of its own.
///
/// Each line is one entry in canonical JSON; where calls went on without the log, a line of the kind
/// `entries_lost` says how many. The file is created with mode 0600 in a folder that has to be there. It
/// is appended to; a last line that a crash left torn is ended first, so that it stays as it is and no
/// entry is joined to it. One sink writes a file at a time: a second one that opens it gets an error.
///
/// With [`max_bytes`](FileSinkBuilder::max_bytes) a full file is moved aside as `NAME.1`, the next as
/// `NAME.2`, and so on: the highest number is the newest, and no file is renamed twice. What others do is
/// noticed within about a second: where the file was moved, or removed, entries go on in a new file
/// of its name, and an event under the `tracing` target `tool_audit::sink` says so.
///
/// A write that fails, on a full disk for one, is taken up again where it stopped. After a failed `fdatasync` the
/// system's word for that file cannot be trusted any more: the file is moved aside, and every entry that asked to
/// be synced and was not yet is written again to a new one, so that it may stand twice. Entries that
/// did not ask stay in the old file, as safe as it is.
///
/// All else is as for [`Queued`]. What is written here can be changed unseen: a log whose every change
/// shows is another sink's work.
///
/// ```
/// use tool_audit::{AuditSink, EntryBuilder, FileSink, Sanitizer};
///
/// let folder = tempfile::tempdir()?;
/// let path = folder.path().join("calls.jsonl");
/// let sink = FileSink::builder(&path).max_bytes(10 << 20).keep(5).open()?;
/// let entry = EntryBuilder::new("get_order").build(&Sanitizer::default());
/// sink.record(&entry.as_entry());
/// drop(sink); // closes it
/// assert_eq!(std::fs::read_to_string(&path)?, format!("{}\n", entry.as_json()));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct FileSink(Queued<FileWriter>);

/// Settings of a [`FileSink`].
#[derive(Debug, Clone)]
#[must_use]
pub struct FileSinkBuilder {
    path: PathBuf,
    must_be_new: bool,
    rotation: Rotation,
    max_queued_bytes: Option<usize>,
    close_timeout: Option<Duration>,
}

impl FileSink {
    /// Appends to the file at `path`, without rotation; creates it where it is not there.
    ///
    /// # Errors
    ///
    /// The file cannot be opened, or another sink writes it.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, SinkError> {
        Self::builder(path).open()
    }

    /// A sink for the file at `path`, to be set up.
    pub fn builder(path: impl AsRef<Path>) -> FileSinkBuilder {
        FileSinkBuilder {
            path: path.as_ref().to_owned(),
            must_be_new: false,
            rotation: Rotation::default(),
            max_queued_bytes: None,
            close_timeout: None,
        }
    }

    /// How the sink does: what is queued, written and lost, and what went wrong last.
    #[must_use]
    pub fn status(&self) -> SinkStatus {
        self.0.status()
    }
}

impl FileSinkBuilder {
    /// Opens a new file alone: one that is there already is an error.
    pub fn must_be_new(mut self) -> Self {
        self.must_be_new = true;
        self
    }

    /// Moves the file aside before a line would make it longer than `bytes`. A single line that is longer
    /// gets a file of its own.
    pub fn max_bytes(mut self, bytes: u64) -> Self {
        self.rotation.max_bytes = Some(bytes);
        self
    }

    /// Keeps only the newest `files` of those that were moved aside, and **deletes** the entries in the
    /// others. By default all are kept.
    pub fn keep(mut self, files: usize) -> Self {
        self.rotation.keep = Some(files);
        self
    }

    /// See [`QueuedBuilder::max_queued_bytes`](super::QueuedBuilder::max_queued_bytes).
    pub fn max_queued_bytes(mut self, bytes: usize) -> Self {
        self.max_queued_bytes = Some(bytes);
        self
    }

    /// See [`QueuedBuilder::close_timeout`](super::QueuedBuilder::close_timeout).
    pub fn close_timeout(mut self, timeout: Duration) -> Self {
        self.close_timeout = Some(timeout);
        self
    }

    /// Opens the file and starts its thread.
    ///
    /// # Errors
    ///
    /// The file cannot be opened, or another sink writes it.
    pub fn open(self) -> Result<FileSink, SinkError> {
        let target = Target::new(&self.path);
        let writer = FileWriter::open(target, self.must_be_new, self.rotation)
            .map_err(|error| SinkError::io("the audit file", error))?;
        let mut queued = Queued::builder(writer).thread_name("tool-audit-file");
        if let Some(bytes) = self.max_queued_bytes {
            queued = queued.max_queued_bytes(bytes);
        }
        if let Some(timeout) = self.close_timeout {
            queued = queued.close_timeout(timeout);
        }
        Ok(FileSink(queued.build()))
    }
}

impl AuditSink for FileSink {
    fn record(&self, entry: &SanitizedEntry<'_>) -> Ticket {
        self.0.record(entry)
    }
    fn poll_ready(&self, context: &mut Context<'_>) -> Poll<Result<(), SinkError>> {
        self.0.poll_ready(context)
    }
    fn poll_ready_for_emergency(&self, context: &mut Context<'_>) -> Poll<Result<(), SinkError>> {
        self.0.poll_ready_for_emergency(context)
    }
    fn poll_committed(
        &self,
        context: &mut Context<'_>,
        ticket: &Ticket,
    ) -> Poll<Result<(), SinkError>> {
        self.0.poll_committed(context, ticket)
    }
    fn flush(&self) -> Ticket {
        self.0.flush()
    }
    fn poll_close(&self, context: &mut Context<'_>) -> Poll<Result<(), SinkError>> {
        self.0.poll_close(context)
    }
    fn policy_in_force(&self, policy: &PolicyInForce) {
        self.0.policy_in_force(policy);
    }
    fn entries_lost(&self, loss: &Loss) {
        self.0.entries_lost(loss);
    }
}
