//! What a log lies in: a folder, memory, or something that fails on purpose in tests.

#[cfg(unix)]
mod folder;
mod memory;

use std::io;
use std::path::Path;

#[cfg(unix)]
pub use self::folder::{Access, FolderStorage};
pub use self::memory::{MemorySegment, MemoryStorage};

/// What a writer needs of the place where a log lies.
///
/// One storage is one log (FORMAT section 1). A segment is named by the `_seq` of its first record. Each
/// method does one thing to the operating system, so that a test can let any of them fail.
pub trait Storage: Send + 'static {
    /// An open segment.
    type Segment: Send + 'static;

    /// Where the log lies, for messages.
    fn place(&self) -> &Path;

    /// The folder of the store that the log stands in, where it stands in one that has a log of acts: what is held there
    /// stays also where an unfinished prune goes on.
    fn store(&self) -> Option<&Path> {
        None
    }

    /// Takes the writer's lock; false where another writer has it. It is given back when the storage is
    /// dropped.
    ///
    /// # Errors
    ///
    /// The lock's file cannot be made or locked.
    fn try_lock(&mut self) -> io::Result<bool>;

    /// The segments that are there, in ascending order.
    ///
    /// # Errors
    ///
    /// The folder cannot be read.
    fn segments(&mut self) -> io::Result<Vec<u64>>;

    /// Makes a new segment, to be appended to.
    ///
    /// # Errors
    ///
    /// [`AlreadyExists`](io::ErrorKind::AlreadyExists) where the name is taken.
    fn create(&mut self, first_seq: u64) -> io::Result<Self::Segment>;

    /// Opens a segment for reading; for appending too, unless it is sealed.
    ///
    /// # Errors
    ///
    /// The segment is not there or is no plain file.
    fn open(&mut self, first_seq: u64) -> io::Result<Self::Segment>;

    /// Whether nothing may be appended to the segment any more.
    ///
    /// # Errors
    ///
    /// What the operating system says.
    fn is_sealed(&mut self, segment: &Self::Segment) -> io::Result<bool>;

    /// The segment's length in bytes.
    ///
    /// # Errors
    ///
    /// What the operating system says.
    fn length(&mut self, segment: &Self::Segment) -> io::Result<u64>;

    /// Reads from `offset` on; 0 at the segment's end.
    ///
    /// # Errors
    ///
    /// What the operating system says.
    fn read_at(
        &mut self,
        segment: &Self::Segment,
        offset: u64,
        buffer: &mut [u8],
    ) -> io::Result<usize>;

    /// Appends the first bytes of `bytes`, and says how many.
    ///
    /// # Errors
    ///
    /// Nothing was appended.
    fn write(&mut self, segment: &mut Self::Segment, bytes: &[u8]) -> io::Result<usize>;

    /// Brings what was appended onto the disk. Never called again on a segment where it failed.
    ///
    /// # Errors
    ///
    /// It is unknown what of the unsynced bytes is on the disk.
    fn sync(&mut self, segment: &Self::Segment) -> io::Result<()>;

    /// Begins to bring the bytes from `from` to `to` onto the disk, and does not wait for it: less is left for the next
    /// [`sync`](Self::sync), which alone tells that they are there. It is a wish, and nothing fails with it; a storage that
    /// cannot do so has nothing to do.
    fn begin_sync(&mut self, segment: &Self::Segment, from: u64, to: u64) {
        let _ = (segment, from, to);
    }

    /// Lets go of what memory beside the writer's own holds of the bytes from `from` to `to`, which are on the disk: of the
    /// operating system's page cache. It is a wish, and nothing fails with it; a storage without such a memory has
    /// nothing to do.
    fn release(&mut self, segment: &Self::Segment, from: u64, to: u64) {
        let _ = (segment, from, to);
    }

    /// Brings the names of new segments onto the disk.
    ///
    /// # Errors
    ///
    /// What the operating system says.
    fn sync_folder(&mut self) -> io::Result<()>;

    /// Shortens a segment, and brings that onto the disk.
    ///
    /// # Errors
    ///
    /// What the operating system says.
    fn cut(&mut self, segment: &Self::Segment, length: u64) -> io::Result<()>;

    /// Takes the right to write away from a finished segment.
    ///
    /// # Errors
    ///
    /// What the operating system says.
    fn seal(&mut self, segment: &Self::Segment) -> io::Result<()>;

    /// Removes a segment: one that holds no record, none that was ever acknowledged and is nowhere else, or those that
    /// the log says were pruned.
    ///
    /// # Errors
    ///
    /// What the operating system says; the segment not being there is none.
    fn remove(&mut self, first_seq: u64) -> io::Result<()>;

    /// Keeps bytes that are about to be cut off as `torn/<segment>-<offset>`, on the disk when it returns.
    ///
    /// # Errors
    ///
    /// The bytes are not kept, and must not be cut.
    fn keep_torn(&mut self, first_seq: u64, offset: u64, bytes: &[u8]) -> io::Result<()>;

    /// Removes the bytes that were cut off a segment and kept, before the segment itself is pruned: they are records, or
    /// parts of them, too. A storage that keeps none has nothing to do.
    ///
    /// # Errors
    ///
    /// What the operating system says; that there are none is no error.
    fn remove_torn(&mut self, first_seq: u64) -> io::Result<()> {
        let _ = first_seq;
        Ok(())
    }

    /// Whether the segment's name still leads to the open segment.
    ///
    /// # Errors
    ///
    /// What the operating system says.
    fn is_in_place(&mut self, first_seq: u64, segment: &Self::Segment) -> io::Result<bool>;

    /// Whether the log's place and the lock are still those that were opened. A lock whose file was
    /// removed may be taken anew.
    ///
    /// # Errors
    ///
    /// What the operating system says.
    fn holds_place(&mut self) -> io::Result<bool>;
}
