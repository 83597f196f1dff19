use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::task::Waker;
use std::time::{Duration, Instant};

use super::batch::{Batch, Progress};
use super::serving::{Looks, Work};
use super::shared::Shared;
use crate::sink::{EntryWriter, SinkError};

/// Callers that wait for readiness are let in, and buffered entries flushed, after so many bytes of a batch.
const FLUSH_BYTES: usize = 512 * 1024;
const LOOK_AFTER_EVERY: Duration = Duration::from_secs(1);
/// So long after the last entry the writer still looks for the next one by itself.
const BUSY_FOR: Duration = Duration::from_secs(1);
/// Where the last caller that waits came within `QUICK`, the writer stays awake for `LINGER` to take the next one's entry
/// at once: a wake takes some 50 µs where the core sleeps, which is much beside an `fdatasync`.
const QUICK: Duration = Duration::from_micros(250);
const LINGER: Duration = Duration::from_micros(120);
const FIRST_DELAY: Duration = Duration::from_millis(50);
const LONGEST_DELAY: Duration = Duration::from_secs(1);

/// The writer's thread, from beginning to end.
pub(super) fn run<W: EntryWriter>(shared: &Shared, writer: W) {
    let result = catch_unwind(AssertUnwindSafe(|| Writing::new(shared, writer).run()));
    let result = result.unwrap_or_else(|_| {
        Err(SinkError::other(
            "the audit log's writer panicked, and takes no more entries: open a new sink",
        ))
    });
    let error = result.as_ref().err().cloned();
    let lost = shared.end(result);
    if let Some(error) = error {
        tracing::error!(target: "tool_audit::sink", %error, lost, "the audit log ended badly");
    }
}

struct Writing<'a, W> {
    shared: &'a Shared,
    writer: W,
    batch: Batch,
    /// The last entry that the writer took.
    written: u64,
    flushed: u64,
    delay: Duration,
    ready: Vec<Waker>,
}

impl<'a, W: EntryWriter> Writing<'a, W> {
    fn new(shared: &'a Shared, writer: W) -> Self {
        Self {
            shared,
            writer,
            batch: Batch::default(),
            written: 0,
            flushed: 0,
            delay: FIRST_DELAY,
            ready: Vec::new(),
        }
    }

    fn run(mut self) -> Result<(), SinkError> {
        let mut busy_until = Instant::now();
        let mut look_at = busy_until + LOOK_AFTER_EVERY;
        let mut looks = Looks::new();
        let mut lingering = false;
        loop {
            let idle_since = Instant::now();
            if lingering {
                self.shared.linger(idle_since + LINGER);
            }
            match self
                .shared
                .next_work(&mut self.batch, &mut looks, busy_until, look_at)
            {
                Work::Write { sync, awaited } => {
                    lingering = awaited && idle_since.elapsed() < QUICK;
                    let written = self.write_batch(sync);
                    if written.is_err() {
                        return self.close(written);
                    }
                    busy_until = Instant::now() + BUSY_FOR;
                }
                Work::Close => {
                    let written = self.write_batch(true);
                    return self.close(written);
                }
                Work::Look => {}
            }
            let now = Instant::now();
            if now >= look_at {
                look_at = now + LOOK_AFTER_EVERY;
                self.look_after();
            }
        }
    }

    /// Writes the batch and flushes it. An error means that a closing sink has tried long enough.
    fn write_batch(&mut self, sync: bool) -> Result<(), SinkError> {
        let mut progress = Progress::default();
        let first = self.written;
        let mut flushed_bytes = 0;
        loop {
            match self.batch.offer(&mut progress, &mut self.writer) {
                Ok(true) => {
                    self.written = first + progress.entries;
                    if progress.bytes() - flushed_bytes >= FLUSH_BYTES {
                        flushed_bytes = progress.bytes();
                        self.flush_all(self.batch.bytes() - flushed_bytes)?;
                    }
                }
                Ok(false) => break,
                Err(error) => {
                    // What stands before the one that failed does not wait for it.
                    if self.flushed < self.written && self.writer.flush().is_ok() {
                        self.flushed = self.written;
                        let left = self.batch.bytes() - progress.bytes();
                        self.shared.flushed(self.flushed, left, &mut self.ready);
                    }
                    self.hold_back("writing to the audit log", error)?;
                }
            }
        }
        self.flush_all(0)?;
        self.batch.clear();
        if sync {
            self.sync_all()?;
        }
        Ok(())
    }

    fn flush_all(&mut self, bytes_left: usize) -> Result<(), SinkError> {
        while let Err(error) = self.writer.flush() {
            self.hold_back("flushing the audit log", error)?;
        }
        self.succeeded();
        self.flushed = self.written;
        self.shared
            .flushed(self.flushed, bytes_left, &mut self.ready);
        Ok(())
    }

    fn sync_all(&mut self) -> Result<(), SinkError> {
        let mut synced = self.writer.sync();
        while let Err(error) = synced {
            self.hold_back("bringing the audit log onto the disk", error)?;
            synced = self.writer.flush().and_then(|()| self.writer.sync());
        }
        self.succeeded();
        self.shared.synced(self.written, &mut self.ready);
        Ok(())
    }

    /// Ends the writer; `written` says whether it took everything.
    fn close(&mut self, written: Result<(), SinkError>) -> Result<(), SinkError> {
        let closed = self.writer.close();
        if closed.is_ok() {
            self.shared.flushed(self.written, 0, &mut self.ready);
            self.shared.synced(self.written, &mut self.ready);
        }
        written?;
        closed.map_err(|error| SinkError::io("closing the audit log", error))
    }

    fn look_after(&mut self) {
        let result = self.writer.look_after();
        let error = result
            .err()
            .map(|error| SinkError::io("looking after the audit log", error));
        if self.shared.note_looking(error.as_ref()) {
            tell(error.as_ref());
        }
    }

    fn hold_back(&mut self, doing: &str, error: io::Error) -> Result<(), SinkError> {
        let error = SinkError::io(doing, error);
        if self.shared.note_writing(Some(&error)) {
            tell(Some(&error));
        }
        if !self.shared.hold_back(self.delay) {
            return Err(error);
        }
        self.delay = (self.delay * 2).min(LONGEST_DELAY);
        Ok(())
    }

    fn succeeded(&mut self) {
        if self.delay != FIRST_DELAY {
            self.delay = FIRST_DELAY;
            if self.shared.note_writing(None) {
                tell(None);
            }
        }
    }
}

fn tell(error: Option<&SinkError>) {
    match error {
        Some(error) => {
            tracing::error!(target: "tool_audit::sink", %error, "the audit log fails, and tries again");
        }
        None => tracing::info!(target: "tool_audit::sink", "the audit log works again"),
    }
}
