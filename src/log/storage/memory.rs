use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::Storage;

/// A log in memory, for tests and for logs that are looked at and thrown away.
///
/// Clones share the log: one goes into a writer, another reads the bytes. A writer gives the lock back when
/// its storage is dropped, so a log can be opened again, as after a crash.
///
/// ```
/// use tool_audit::log::{LogOptions, LogWriter, MemoryStorage};
///
/// let storage = MemoryStorage::new();
/// let mut log = LogWriter::open(storage.clone(), LogOptions::new("general"))?;
/// log.append("alert", br#""rule":"first""#)?;
/// log.flush()?;
/// let lines = storage.lines();
/// assert!(lines[0].starts_with(br#"{"_hash":"#));
/// # Ok::<(), tool_audit::log::LogError>(())
/// ```
pub struct MemoryStorage {
    shared: Arc<Shared>,
    locked: bool,
}

#[derive(Default)]
struct Shared {
    contents: Mutex<Contents>,
}

#[derive(Default)]
struct Contents {
    segments: BTreeMap<u64, File>,
    torn: BTreeMap<String, Vec<u8>>,
    lock_held: bool,
    files_made: u64,
}

struct File {
    number: u64,
    bytes: Vec<u8>,
    sealed: bool,
}

/// An open segment of a [`MemoryStorage`].
#[derive(Debug, Clone)]
pub struct MemorySegment {
    first_seq: u64,
    number: u64,
}

impl MemorySegment {
    /// The `_seq` that names the segment.
    #[must_use]
    pub fn first_seq(&self) -> u64 {
        self.first_seq
    }
}

impl MemoryStorage {
    /// An empty log.
    #[must_use]
    pub fn new() -> Self {
        Self {
            shared: Arc::new(Shared::default()),
            locked: false,
        }
    }

    fn contents(&self) -> MutexGuard<'_, Contents> {
        self.shared
            .contents
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// The bytes of every segment, each with the `_seq` that names it.
    #[must_use]
    pub fn segment_bytes(&self) -> Vec<(u64, Vec<u8>)> {
        let contents = self.contents();
        let segments = contents.segments.iter();
        segments
            .map(|(first_seq, file)| (*first_seq, file.bytes.clone()))
            .collect()
    }

    /// Every line of every segment, in order, without line feeds; an unfinished last line too.
    #[must_use]
    pub fn lines(&self) -> Vec<Vec<u8>> {
        let contents = self.contents();
        let mut lines = Vec::new();
        for file in contents.segments.values() {
            let text = file.bytes.strip_suffix(b"\n").unwrap_or(&file.bytes);
            if !text.is_empty() {
                lines.extend(text.split(|byte| *byte == b'\n').map(<[u8]>::to_vec));
            }
        }
        lines
    }

    /// What recovery cut off, by name.
    #[must_use]
    pub fn torn(&self) -> Vec<(String, Vec<u8>)> {
        let contents = self.contents();
        let torn = contents.torn.iter();
        torn.map(|(name, bytes)| (name.clone(), bytes.clone()))
            .collect()
    }

    /// Puts a segment's bytes in place of what is there: what a crash or an attacker may leave.
    pub fn set_segment(&self, first_seq: u64, bytes: Vec<u8>) {
        let mut contents = self.contents();
        contents.files_made += 1;
        let number = contents.files_made;
        let file = File {
            number,
            bytes,
            sealed: false,
        };
        contents.segments.insert(first_seq, file);
    }
}

impl Default for MemoryStorage {
    fn default() -> Self {
        Self::new()
    }
}

impl Clone for MemoryStorage {
    /// The same log, without the lock.
    fn clone(&self) -> Self {
        Self {
            shared: Arc::clone(&self.shared),
            locked: false,
        }
    }
}

impl fmt::Debug for MemoryStorage {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("MemoryStorage")
            .field("locked", &self.locked)
            .finish_non_exhaustive()
    }
}

impl Drop for MemoryStorage {
    fn drop(&mut self) {
        if self.locked {
            self.contents().lock_held = false;
        }
    }
}

fn gone() -> io::Error {
    io::Error::from(io::ErrorKind::NotFound)
}

impl Contents {
    fn file(&mut self, segment: &MemorySegment) -> io::Result<&mut File> {
        self.segments
            .get_mut(&segment.first_seq)
            .filter(|file| file.number == segment.number)
            .ok_or_else(gone)
    }
}

impl Storage for MemoryStorage {
    type Segment = MemorySegment;

    fn place(&self) -> &Path {
        Path::new("(memory)")
    }

    fn try_lock(&mut self) -> io::Result<bool> {
        let mut contents = self.contents();
        if contents.lock_held {
            return Ok(false);
        }
        contents.lock_held = true;
        drop(contents);
        self.locked = true;
        Ok(true)
    }

    fn segments(&mut self) -> io::Result<Vec<u64>> {
        Ok(self.contents().segments.keys().copied().collect())
    }

    fn create(&mut self, first_seq: u64) -> io::Result<MemorySegment> {
        if self.contents().segments.contains_key(&first_seq) {
            return Err(io::Error::from(io::ErrorKind::AlreadyExists));
        }
        self.set_segment(first_seq, Vec::new());
        self.open(first_seq)
    }

    fn open(&mut self, first_seq: u64) -> io::Result<MemorySegment> {
        let contents = self.contents();
        let file = contents.segments.get(&first_seq).ok_or_else(gone)?;
        Ok(MemorySegment {
            first_seq,
            number: file.number,
        })
    }

    fn is_sealed(&mut self, segment: &MemorySegment) -> io::Result<bool> {
        Ok(self.contents().file(segment)?.sealed)
    }

    fn length(&mut self, segment: &MemorySegment) -> io::Result<u64> {
        Ok(self.contents().file(segment)?.bytes.len() as u64)
    }

    fn read_at(
        &mut self,
        segment: &MemorySegment,
        offset: u64,
        buffer: &mut [u8],
    ) -> io::Result<usize> {
        let mut contents = self.contents();
        let bytes = &contents.file(segment)?.bytes;
        let from = usize::try_from(offset)
            .unwrap_or(usize::MAX)
            .min(bytes.len());
        let count = buffer.len().min(bytes.len() - from);
        buffer[..count].copy_from_slice(&bytes[from..from + count]);
        Ok(count)
    }

    fn write(&mut self, segment: &mut MemorySegment, bytes: &[u8]) -> io::Result<usize> {
        self.contents()
            .file(segment)?
            .bytes
            .extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn sync(&mut self, segment: &MemorySegment) -> io::Result<()> {
        self.contents().file(segment).map(|_| ())
    }

    fn sync_folder(&mut self) -> io::Result<()> {
        Ok(())
    }

    fn cut(&mut self, segment: &MemorySegment, length: u64) -> io::Result<()> {
        let mut contents = self.contents();
        let file = contents.file(segment)?;
        file.bytes
            .truncate(usize::try_from(length).unwrap_or(usize::MAX));
        Ok(())
    }

    fn seal(&mut self, segment: &MemorySegment) -> io::Result<()> {
        self.contents().file(segment)?.sealed = true;
        Ok(())
    }

    fn remove(&mut self, first_seq: u64) -> io::Result<()> {
        self.contents().segments.remove(&first_seq);
        Ok(())
    }

    fn keep_torn(&mut self, first_seq: u64, offset: u64, bytes: &[u8]) -> io::Result<()> {
        let name = format!("{first_seq:020}-{offset}");
        self.contents().torn.insert(name, bytes.to_vec());
        Ok(())
    }

    fn remove_torn(&mut self, first_seq: u64) -> io::Result<()> {
        let prefix = format!("{first_seq:020}-");
        self.contents()
            .torn
            .retain(|name, _| !name.starts_with(&prefix));
        Ok(())
    }

    fn is_in_place(&mut self, first_seq: u64, segment: &MemorySegment) -> io::Result<bool> {
        let contents = self.contents();
        let file = contents.segments.get(&first_seq);
        Ok(file.is_some_and(|file| file.number == segment.number))
    }

    fn holds_place(&mut self) -> io::Result<bool> {
        Ok(self.locked)
    }
}
