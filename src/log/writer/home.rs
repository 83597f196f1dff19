use std::io;
use std::time::SystemTime;

use super::{LogError, LogWriter, MOST_BYTES};
use crate::log::chain::Chain;
use crate::log::damage::Damage;
use crate::log::recovery::Reopened;
use crate::log::segment;
use crate::log::storage::Storage;

/// Where a new segment could not be made, the old one takes so much more before the next try.
const BEFORE_NEXT_TRY: u64 = 64 * 1024;

/// So many bytes at least are let go of at a time, and none behind the last whole number of these: pages of a cache, of
/// which the last one is still written to, come in rows as long as that.
const RELEASED: u64 = 1024 * 1024;
const RELEASED_PAGES: u64 = 64 * 1024;
/// After so many bytes the disk begins to take them: a sync that has much to do holds up the writer, and callers behind it.
const SENT: u64 = 4 * 1024 * 1024;

/// The segment that is written to.
pub(super) struct Home<G> {
    segment: G,
    first_seq: u64,
    /// How many bytes it must have.
    length: u64,
    /// When it was begun.
    begun: SystemTime,
    /// It is not closed before it has this length: a new segment could not be made.
    not_before: u64,
    /// So many of its bytes were let go of, or were there before this writer.
    released: u64,
    /// So many of its bytes are on the disk, or on their way there.
    sent: u64,
}

impl<G> From<Reopened<G>> for Home<G> {
    fn from(reopened: Reopened<G>) -> Self {
        Self {
            segment: reopened.segment,
            first_seq: reopened.first_seq,
            length: reopened.length,
            begun: reopened.begun,
            not_before: 0,
            released: reopened.length - reopened.length % RELEASED_PAGES,
            sent: reopened.length,
        }
    }
}

/// Segments are born synced: a segment's first bytes are on the disk, or the segment is not there. So the
/// records that wait for a sync never include the one that names the open segment, and can be written to
/// a new one without two segments claiming one name.
impl<S: Storage> LogWriter<S> {
    /// Hands what was sealed to the operating system.
    ///
    /// # Errors
    ///
    /// What was sealed stays sealed, and the next call goes on where this one stopped.
    pub fn flush(&mut self) -> Result<(), LogError> {
        if self.window.unwritten().is_empty() {
            return Ok(());
        }
        if self.home.is_none() {
            return self.move_in();
        }
        self.write_out()?;
        self.begin_sync();
        if !self.window.awaited {
            self.window.clear();
        } else if self.window.len() > MOST_BYTES {
            return self.sync_home();
        }
        Ok(())
    }

    /// Brings what was sealed onto the disk; where the disk fails, in a new segment.
    ///
    /// Records that nobody awaits ([`NewRecord::unawaited`](super::NewRecord::unawaited)) and that were
    /// flushed before are not written a second time where the sync of their segment fails.
    ///
    /// # Errors
    ///
    /// Nothing more is known to be on the disk. What waits is kept, and the next call tries again.
    pub fn sync(&mut self) -> Result<(), LogError> {
        self.flush()?;
        if self.chain.is_none() {
            return Ok(());
        }
        if self.home.is_none() {
            return self.move_in();
        }
        if self.durable == self.newest() {
            return Ok(());
        }
        self.sync_home()
    }

    /// Makes room for a record: closes a full segment, and writes out what has piled up.
    pub(super) fn make_room(&mut self, length: usize) -> Result<(), LogError> {
        if self.is_full()
            && let Err(error) = self.rotate()
        {
            tracing::warn!(log = %self.place().display(), %error, "the audit log's segment is full, and a new one cannot be begun yet");
        }
        let unwritten = self.window.unwritten().len();
        if unwritten > 0 && unwritten + length > MOST_BYTES {
            self.flush()?;
        }
        Ok(())
    }

    /// Whether the next record belongs into a new segment.
    fn is_full(&self) -> bool {
        let Some(chain) = &self.chain else {
            return false;
        };
        let (first_seq, written, not_before) = match &self.home {
            Some(home) => (home.first_seq, home.length, home.not_before),
            None => (self.window.first_seq().unwrap_or(chain.next_seq()), 0, 0),
        };
        let length = written + self.window.unwritten().len() as u64;
        let records = chain.next_seq().saturating_sub(first_seq);
        length >= not_before
            && (length >= self.options.segment_bytes
                || records >= self.options.segment_records
                || self.is_old())
    }

    fn is_old(&self) -> bool {
        let (Some(age), Some(home)) = (self.options.segment_age, &self.home) else {
            return false;
        };
        let lived = self.options.clock.now().duration_since(home.begun);
        lived.is_ok_and(|lived| lived >= age)
    }

    /// Closes the segment and begins the next one.
    fn rotate(&mut self) -> Result<(), LogError> {
        self.sync()?;
        let Some(name) = self.chain.as_ref().map(Chain::next_seq) else {
            return Ok(());
        };
        if !self.is_full() {
            return Ok(());
        }
        match self.storage.create(name) {
            Ok(segment) => {
                let old = self.home.take();
                self.opening_due = true;
                let born = self.be_born(segment, name);
                if let Some(old) = old {
                    self.seal_segment(&old);
                }
                born?;
                self.write_head(true)
            }
            Err(error) => {
                if let Some(home) = &mut self.home {
                    home.not_before = home.length + BEFORE_NEXT_TRY;
                }
                Err(self.failed_at("creating", name, error))
            }
        }
    }

    /// Begins a new segment with all that waits; the writer has none, or has left it.
    pub(super) fn move_in(&mut self) -> Result<(), LogError> {
        self.check_place()?;
        if let Some(name) = self.unborn {
            self.storage
                .remove(name)
                .map_err(|error| self.failed_at("removing", name, error))?;
            self.unborn = None;
        }
        let next = self.chain.as_ref().map_or(0, Chain::next_seq);
        let name = self.window.first_seq().unwrap_or(next);
        let segment = self
            .storage
            .create(name)
            .map_err(|error| self.failed_at("creating", name, error))?;
        self.be_born(segment, name)
    }

    fn be_born(&mut self, mut segment: S::Segment, name: u64) -> Result<(), LogError> {
        match self.give_birth(&mut segment, name) {
            Ok(length) => {
                self.home = Some(Home {
                    segment,
                    first_seq: name,
                    length,
                    begun: self.options.clock.now(),
                    not_before: 0,
                    released: 0,
                    sent: length,
                });
                self.segments += 1;
                self.durable = self.newest();
                self.window.clear();
                Ok(())
            }
            Err(error) => {
                // It holds nothing that is not in memory too, and its handle must not be synced again.
                if self.storage.remove(name).is_err() {
                    self.unborn = Some(name);
                }
                self.window.rewind();
                Err(error)
            }
        }
    }

    /// Writes all that waits to a new segment, and brings it and its name onto the disk.
    fn give_birth(&mut self, segment: &mut S::Segment, name: u64) -> Result<u64, LogError> {
        if self.opening_due {
            self.seal_opening()?;
        }
        let mut length = 0;
        while !self.window.unwritten().is_empty() {
            let written = write_some(&mut self.storage, segment, self.window.unwritten())
                .map_err(|error| self.failed_at("writing", name, error))?;
            self.window.wrote(written);
            length += written as u64;
        }
        self.storage
            .sync(segment)
            .and_then(|()| self.storage.sync_folder())
            .map_err(|error| self.failed_at("syncing", name, error))?;
        Ok(length)
    }

    fn write_out(&mut self) -> Result<(), LogError> {
        while let Some(home) = &mut self.home {
            let unwritten = self.window.unwritten();
            if unwritten.is_empty() {
                break;
            }
            match write_some(&mut self.storage, &mut home.segment, unwritten) {
                Ok(written) => {
                    self.window.wrote(written);
                    home.length += written as u64;
                }
                Err(error) => {
                    let name = home.first_seq;
                    let error = self.failed_at("writing", name, error);
                    // A write that failed may have left something all the same: nothing may follow it.
                    self.check_length()?;
                    return Err(error);
                }
            }
        }
        Ok(())
    }

    /// Syncs the open segment; all that was sealed has been written to it.
    fn sync_home(&mut self) -> Result<(), LogError> {
        self.check_home()?;
        let Some(home) = &mut self.home else {
            return self.move_in();
        };
        match self.storage.sync(&home.segment) {
            Ok(()) => {
                home.sent = home.length;
                self.durable = self.newest();
                self.window.clear();
                self.release();
                Ok(())
            }
            Err(error) => {
                let name = home.first_seq;
                let error = self.failed_at("syncing", name, error);
                tracing::error!(%error, "what waits for the disk goes to a new segment");
                let old = self.leave_home();
                self.move_in()?;
                if let Some(old) = old {
                    self.seal_segment(&old);
                }
                Ok(())
            }
        }
    }

    /// Sends what has piled up on its way to the disk.
    fn begin_sync(&mut self) {
        let Some(home) = self.home.as_mut().filter(|_| !self.options.page_cache) else {
            return;
        };
        let end = home.length - home.length % RELEASED_PAGES;
        if end >= home.sent + SENT {
            self.storage.begin_sync(&home.segment, home.sent, end);
            home.sent = end;
        }
    }

    /// Lets go of what is on the disk, where that is worth it.
    fn release(&mut self) {
        let Some(home) = self.home.as_mut().filter(|_| !self.options.page_cache) else {
            return;
        };
        let end = home.length - home.length % RELEASED_PAGES;
        if end >= home.released + RELEASED {
            self.storage.release(&home.segment, home.released, end);
            home.released = end;
        }
    }

    /// Looks whether the open segment is where it was and as it was, and leaves it if not.
    pub(super) fn check_home(&mut self) -> Result<(), LogError> {
        let Some(home) = &self.home else {
            return Ok(());
        };
        let first_seq = home.first_seq;
        match self.storage.is_in_place(first_seq, &home.segment) {
            Ok(true) => self.check_length(),
            Ok(false) => {
                self.report(Damage::SegmentDisplaced { first_seq });
                self.leave_home();
                Ok(())
            }
            Err(error) => Err(self.failed_at("looking for", first_seq, error)),
        }
    }

    fn check_length(&mut self) -> Result<(), LogError> {
        let Some(home) = &self.home else {
            return Ok(());
        };
        let (first_seq, expected) = (home.first_seq, home.length);
        match self.storage.length(&home.segment) {
            Ok(found) if found == expected => Ok(()),
            Ok(found) => {
                self.report(Damage::SegmentChanged {
                    first_seq,
                    expected,
                    found,
                });
                self.leave_home();
                Ok(())
            }
            Err(error) => Err(self.failed_at("looking at", first_seq, error)),
        }
    }

    /// Looks whether the folder is still the one that was opened, and its lock held.
    pub(super) fn check_place(&mut self) -> Result<(), LogError> {
        match self.storage.holds_place() {
            Ok(true) => Ok(()),
            Ok(false) => {
                let path = self.place().to_owned();
                Err(self.failed(LogError::Displaced { path }))
            }
            Err(error) => {
                let error = LogError::io("looking for", self.place(), error);
                Err(self.failed(error))
            }
        }
    }

    /// What waits goes to a new segment, and what comes later stands behind that segment's own record.
    fn leave_home(&mut self) -> Option<Home<S::Segment>> {
        self.window.rewind();
        self.opening_due = true;
        if let Err(error) = self.seal_opening() {
            // It is tried again when the segment is begun.
            self.failed(error);
        }
        self.home.take()
    }

    fn seal_segment(&mut self, old: &Home<S::Segment>) {
        if let Err(error) = self.storage.seal(&old.segment) {
            let error = self.failed_at("sealing", old.first_seq, error);
            tracing::warn!(%error, "a finished segment of the audit log stays writable");
        }
    }

    pub(super) fn failed_at(
        &mut self,
        doing: &'static str,
        name: u64,
        error: io::Error,
    ) -> LogError {
        let path = self.storage.place().join(segment::name(name));
        let error = LogError::io(doing, &path, error);
        self.failed(error)
    }
}

/// Appends what the system takes at once, at least one byte.
fn write_some<S: Storage>(
    storage: &mut S,
    segment: &mut S::Segment,
    bytes: &[u8],
) -> io::Result<usize> {
    loop {
        match storage.write(segment, bytes) {
            Ok(0) => return Err(io::Error::from(io::ErrorKind::WriteZero)),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            other => return other,
        }
    }
}
