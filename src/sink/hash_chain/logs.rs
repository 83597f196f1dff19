use std::collections::BTreeMap;
use std::io;
use std::path::Path;
#[cfg(unix)]
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use super::ChainSegment;
#[cfg(unix)]
use crate::log::{Access, FolderStorage};
use crate::log::{LogError, MemoryStorage, Storage};

/// Gives each retention class the place of its log.
pub(super) trait Logs: Send + 'static {
    type Storage: Storage;

    /// Where they lie, for messages.
    fn path(&self) -> &Path;

    /// The classes whose logs are there.
    fn existing(&self) -> Result<Vec<String>, LogError>;

    /// The bytes of all logs, `admin` among them.
    fn bytes(&self) -> io::Result<u64>;

    /// Takes so many bytes of the disk, where that was not done before.
    fn keep_reserve(&self, bytes: u64) -> io::Result<()>;

    /// Gives them back; false where there was nothing to give.
    fn free_reserve(&self) -> io::Result<bool>;

    /// The place of the class's log, made where it is not there.
    fn place(&self, retention_class: &str) -> Result<Self::Storage, LogError>;
}

/// The class that takes what has no other.
pub(super) const GENERAL: &str = "general";

/// The log of acts upon the store, which is no class's.
const ADMIN: &str = "admin";

/// Whether a retention class can name a log.
pub(super) fn is_class(name: &str) -> bool {
    let mut bytes = name.bytes();
    name.len() <= 64
        && name != ADMIN
        && bytes.next().is_some_and(|first| first.is_ascii_lowercase())
        && bytes.all(|byte| {
            byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'_')
        })
}

/// A store in a folder.
#[cfg(unix)]
#[derive(Debug)]
pub(super) struct FolderLogs {
    path: PathBuf,
    access: Access,
}

#[cfg(unix)]
impl FolderLogs {
    pub(super) fn open(path: PathBuf, access: Access) -> Result<Self, LogError> {
        access.prepare_folder(&path)?;
        Ok(Self { path, access })
    }
}

#[cfg(unix)]
impl Logs for FolderLogs {
    type Storage = FolderStorage;

    fn path(&self) -> &Path {
        &self.path
    }

    fn existing(&self) -> Result<Vec<String>, LogError> {
        let io = |error| LogError::io("listing", &self.path, error);
        let mut classes = Vec::new();
        for entry in std::fs::read_dir(&self.path).map_err(io)? {
            let entry = entry.map_err(io)?;
            if let Some(name) = entry.file_name().to_str()
                && is_class(name)
                && entry.file_type().map_err(io)?.is_dir()
            {
                let segments = crate::log::segment::list(&entry.path()).map_err(io)?;
                if !segments.is_empty() {
                    classes.push(name.to_owned());
                }
            }
        }
        classes.sort_unstable();
        Ok(classes)
    }

    fn bytes(&self) -> io::Result<u64> {
        let mut bytes = 0;
        for log in crate::log::store::find_logs(&self.path)? {
            for (_, segment) in crate::log::segment::list(&log)? {
                bytes += std::fs::metadata(segment).map_or(0, |found| found.len());
            }
        }
        Ok(bytes)
    }

    fn keep_reserve(&self, bytes: u64) -> io::Result<()> {
        let path = self.path.join(RESERVE);
        if std::fs::metadata(&path).is_ok_and(|found| found.len() >= bytes) {
            return Ok(());
        }
        let kept = fill(&path, bytes);
        if kept.is_err() {
            // What was taken until then is needed more elsewhere.
            let _ = std::fs::remove_file(&path);
        }
        kept
    }

    fn free_reserve(&self) -> io::Result<bool> {
        match std::fs::remove_file(self.path.join(RESERVE)) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error),
        }
    }

    fn place(&self, retention_class: &str) -> Result<FolderStorage, LogError> {
        FolderStorage::open(self.path.join(retention_class), self.access)
    }
}

/// The file that is given back when the disk is full.
#[cfg(unix)]
const RESERVE: &str = "reserve";

/// Writes so many bytes that nothing can be packed into fewer.
#[cfg(unix)]
fn fill(path: &Path, bytes: u64) -> io::Result<()> {
    use std::io::Write;
    use std::os::unix::fs::OpenOptionsExt;

    let mut file = std::fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(path)?;
    let mut piece = vec![0; 64 * 1024];
    let mut left = bytes;
    while left > 0 {
        getrandom::fill(&mut piece).map_err(io::Error::other)?;
        let length = piece.len().min(usize::try_from(left).unwrap_or(usize::MAX));
        file.write_all(piece.get(..length).unwrap_or_default())?;
        left -= length as u64;
    }
    file.sync_all()
}

/// A store in memory.
#[derive(Debug, Clone, Default)]
pub(super) struct MemoryLogs(Arc<Mutex<BTreeMap<String, MemoryStorage>>>);

impl MemoryLogs {
    fn all(&self) -> BTreeMap<String, MemoryStorage> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    pub(super) fn segments(&self) -> Vec<ChainSegment> {
        let mut segments = Vec::new();
        for (retention_class, storage) in self.all() {
            for (first_seq, bytes) in storage.segment_bytes() {
                segments.push(ChainSegment {
                    retention_class: retention_class.clone(),
                    first_seq,
                    bytes,
                });
            }
        }
        segments
    }

    pub(super) fn lines(&self) -> Vec<Vec<u8>> {
        let logs = self.all();
        logs.values().flat_map(MemoryStorage::lines).collect()
    }

    #[cfg(unix)]
    pub(super) fn to_folder(&self, path: &Path) -> Result<(), LogError> {
        let store = FolderLogs::open(path.to_owned(), Access::owner())?;
        for (retention_class, memory) in self.all() {
            let mut folder = store.place(&retention_class)?;
            let place = folder.place().to_owned();
            copy(&memory, &mut folder).map_err(|error| LogError::io("writing", &place, error))?;
        }
        Ok(())
    }
}

#[cfg(unix)]
fn copy(memory: &MemoryStorage, folder: &mut FolderStorage) -> io::Result<()> {
    if !folder.try_lock()? || !folder.segments()?.is_empty() {
        return Err(io::Error::new(
            io::ErrorKind::AlreadyExists,
            "there is a log already",
        ));
    }
    let segments = memory.segment_bytes();
    for (at, (first_seq, bytes)) in segments.iter().enumerate() {
        let mut segment = folder.create(*first_seq)?;
        io::Write::write_all(&mut segment, bytes)?;
        folder.sync(&segment)?;
        if at + 1 < segments.len() {
            folder.seal(&segment)?;
        }
    }
    folder.sync_folder()
}

impl Logs for MemoryLogs {
    type Storage = MemoryStorage;

    fn path(&self) -> &Path {
        Path::new("memory")
    }

    fn existing(&self) -> Result<Vec<String>, LogError> {
        Ok(self.all().into_keys().collect())
    }

    fn bytes(&self) -> io::Result<u64> {
        let segments = self.segments();
        Ok(segments.iter().map(|one| one.bytes.len() as u64).sum())
    }

    fn keep_reserve(&self, _bytes: u64) -> io::Result<()> {
        Ok(())
    }

    fn free_reserve(&self) -> io::Result<bool> {
        Ok(false)
    }

    fn place(&self, retention_class: &str) -> Result<MemoryStorage, LogError> {
        let mut logs = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(logs.entry(retention_class.to_owned()).or_default().clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_names_name_a_log() {
        for name in ["general", "a", "a-b_9", &"x".repeat(64)] {
            assert!(is_class(name), "{name}");
        }
        let long = "x".repeat(65);
        for name in [
            "", "admin", "A", "9a", "-a", "a.b", "../a", "a/b", "ä", "a\n", &long,
        ] {
            assert!(!is_class(name), "{name}");
        }
    }
}
