use std::fs::{self, DirBuilder, File, OpenOptions, Permissions, TryLockError};
use std::io::{self, Write};
use std::os::unix::fs::{
    DirBuilderExt, FileExt, MetadataExt, OpenOptionsExt, PermissionsExt, chown,
};
use std::path::{Path, PathBuf};

use super::Storage;
use crate::log::LogError;
use crate::log::segment::{self, LOCK, TORN};
use crate::query::ADMIN;

/// Who may read a log, and what to do with a folder that is more open than that (FORMAT section 1).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Access {
    /// The group, by number, that may read: folders are 0750 and files 0640. Without one they are 0700
    /// and 0600.
    pub reader_group: Option<u32>,
    /// Take an existing folder that others can enter, and warn of it. Otherwise it is refused.
    pub allow_others: bool,
}

impl Access {
    /// The owner alone, and folders that are more open are refused.
    #[must_use]
    pub const fn owner() -> Self {
        Self {
            reader_group: None,
            allow_others: false,
        }
    }

    const fn folder_mode(self) -> u32 {
        if self.reader_group.is_some() {
            0o750
        } else {
            0o700
        }
    }

    const fn file_mode(self) -> u32 {
        self.folder_mode() & 0o666
    }

    /// Makes the folder, and those above it, or looks whether the one that is there is closed enough.
    pub(crate) fn prepare_folder(self, path: &Path) -> Result<(), LogError> {
        let io = |doing, error| LogError::io(doing, path, error);
        match fs::metadata(path) {
            Ok(found) if !found.is_dir() => Err(io("opening", io::ErrorKind::NotADirectory.into())),
            Ok(found) => {
                let mode = found.mode() & 0o777;
                if mode & !self.folder_mode() == 0 {
                    return Ok(());
                }
                if !self.allow_others {
                    return Err(LogError::OpenToOthers {
                        path: path.to_owned(),
                        mode,
                        allowed: self.folder_mode(),
                    });
                }
                tracing::warn!(folder = %path.display(), mode = %format_args!("{mode:04o}"), "others can enter the audit log's folder");
                Ok(())
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                make_folders(path).map_err(|error| io("creating", error))?;
                if let Some(group) = self.reader_group {
                    chown(path, None, Some(group))
                        .and_then(|()| {
                            fs::set_permissions(path, Permissions::from_mode(self.folder_mode()))
                        })
                        .map_err(|error| io("giving the reader group", error))?;
                }
                Ok(())
            }
            Err(error) => Err(io("opening", error)),
        }
    }

    fn give_file(self, file: &File) -> io::Result<()> {
        if let Some(group) = self.reader_group {
            std::os::unix::fs::fchown(file, None, Some(group))?;
            // The process's mask may have taken the group's right away.
            file.set_permissions(Permissions::from_mode(self.file_mode()))?;
        }
        Ok(())
    }
}

/// A log in a folder of its own.
///
/// Folders are made 0700 and files 0600, finished segments 0400. Names are looked up anew at each check, so
/// that a file that was removed or renamed under an open writer is noticed.
#[derive(Debug)]
pub struct FolderStorage {
    path: PathBuf,
    access: Access,
    folder: File,
    lock: Option<File>,
}

impl FolderStorage {
    /// The log in the folder `path`, which is made where it is not there.
    ///
    /// # Errors
    ///
    /// [`LogError::OpenToOthers`] where others can enter the folder, and what the operating system says.
    pub fn open(path: impl Into<PathBuf>, access: Access) -> Result<Self, LogError> {
        let path = path.into();
        access.prepare_folder(&path)?;
        let folder = File::open(&path).map_err(|error| LogError::io("opening", &path, error))?;
        Ok(Self {
            path,
            access,
            folder,
            lock: None,
        })
    }

    fn segment_path(&self, first_seq: u64) -> PathBuf {
        self.path.join(segment::name(first_seq))
    }
}

impl Storage for FolderStorage {
    type Segment = File;

    fn place(&self) -> &Path {
        &self.path
    }

    fn store(&self) -> Option<&Path> {
        let store = self.path.parent()?;
        store.join(ADMIN).is_dir().then_some(store)
    }

    fn try_lock(&mut self) -> io::Result<bool> {
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(self.access.file_mode())
            .open(self.path.join(LOCK))?;
        match file.try_lock() {
            Ok(()) => {
                self.access.give_file(&file)?;
                self.lock = Some(file);
                Ok(true)
            }
            Err(TryLockError::WouldBlock) => Ok(false),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }

    fn segments(&mut self) -> io::Result<Vec<u64>> {
        let listed = segment::list(&self.path)?;
        Ok(listed.into_iter().map(|(first_seq, _)| first_seq).collect())
    }

    fn create(&mut self, first_seq: u64) -> io::Result<File> {
        let file = OpenOptions::new()
            .read(true)
            .append(true)
            .create_new(true)
            .mode(self.access.file_mode())
            .open(self.segment_path(first_seq))?;
        if let Err(error) = self.access.give_file(&file) {
            // The name must be free for another try.
            let _ = self.remove(first_seq);
            return Err(error);
        }
        Ok(file)
    }

    fn open(&mut self, first_seq: u64) -> io::Result<File> {
        let path = self.segment_path(first_seq);
        let named = fs::symlink_metadata(&path)?;
        if !named.is_file() {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                "a segment must be a plain file",
            ));
        }
        let writable = named.mode() & 0o200 != 0;
        let file = OpenOptions::new().read(true).append(writable).open(&path)?;
        if !is_same(&named, &file.metadata()?) {
            return Err(io::Error::other(
                "the file was replaced while it was opened",
            ));
        }
        Ok(file)
    }

    fn is_sealed(&mut self, segment: &File) -> io::Result<bool> {
        Ok(segment.metadata()?.mode() & 0o200 == 0)
    }

    fn length(&mut self, segment: &File) -> io::Result<u64> {
        Ok(segment.metadata()?.len())
    }

    fn read_at(&mut self, segment: &File, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        segment.read_at(buffer, offset)
    }

    fn write(&mut self, segment: &mut File, bytes: &[u8]) -> io::Result<usize> {
        segment.write(bytes)
    }

    fn sync(&mut self, segment: &File) -> io::Result<()> {
        segment.sync_data()
    }

    fn begin_sync(&mut self, segment: &File, from: u64, to: u64) {
        // Pages that are not on the disk yet are sent there, and stay.
        advise_done(segment, from, to);
    }

    fn release(&mut self, segment: &File, from: u64, to: u64) {
        advise_done(segment, from, to);
    }

    fn sync_folder(&mut self) -> io::Result<()> {
        self.folder.sync_all()
    }

    fn cut(&mut self, segment: &File, length: u64) -> io::Result<()> {
        segment.set_len(length)?;
        segment.sync_all()
    }

    fn seal(&mut self, segment: &File) -> io::Result<()> {
        segment.set_permissions(Permissions::from_mode(self.access.file_mode() & 0o440))
    }

    fn remove(&mut self, first_seq: u64) -> io::Result<()> {
        match fs::remove_file(self.segment_path(first_seq)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            other => other,
        }
    }

    fn keep_torn(&mut self, first_seq: u64, offset: u64, bytes: &[u8]) -> io::Result<()> {
        let folder = self.path.join(TORN);
        self.access.prepare_folder(&folder)?;
        let mut path = folder.join(format!("{first_seq:020}-{offset}"));
        // The same place can be torn again after it was cut and written to anew.
        let mut again = 1;
        while let Ok(found) = fs::symlink_metadata(&path) {
            if found.is_file() && fs::read(&path)? == bytes {
                return sync_folder(&folder);
            }
            again += 1;
            path = folder.join(format!("{first_seq:020}-{offset}-{again}"));
        }
        let unfinished = folder.join("unfinished");
        match fs::remove_file(&unfinished) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(self.access.file_mode())
            .open(&unfinished)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        self.access.give_file(&file)?;
        fs::rename(&unfinished, &path)?;
        sync_folder(&folder)
    }

    fn remove_torn(&mut self, first_seq: u64) -> io::Result<()> {
        let folder = self.path.join(TORN);
        let prefix = format!("{first_seq:020}-");
        let entries = match fs::read_dir(&folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            other => other?,
        };
        let mut removed = false;
        for entry in entries {
            let entry = entry?;
            if entry.file_name().to_string_lossy().starts_with(&prefix) {
                fs::remove_file(entry.path())?;
                removed = true;
            }
        }
        if removed {
            sync_folder(&folder)
        } else {
            Ok(())
        }
    }

    fn is_in_place(&mut self, first_seq: u64, segment: &File) -> io::Result<bool> {
        match fs::symlink_metadata(self.segment_path(first_seq)) {
            Ok(named) => Ok(is_same(&named, &segment.metadata()?)),
            Err(error) if is_absence(&error) => Ok(false),
            Err(error) => Err(error),
        }
    }

    fn holds_place(&mut self) -> io::Result<bool> {
        match fs::metadata(&self.path) {
            Ok(named) if is_same(&named, &self.folder.metadata()?) => {}
            Ok(_) => return Ok(false),
            Err(error) if is_absence(&error) => return Ok(false),
            Err(error) => return Err(error),
        }
        let Some(lock) = &self.lock else {
            return Ok(false);
        };
        match fs::symlink_metadata(self.path.join(LOCK)) {
            Ok(named) if is_same(&named, &lock.metadata()?) => Ok(true),
            // Whoever removed it may have let another writer in: only a lock taken anew tells.
            Ok(_) => self.try_lock(),
            Err(error) if is_absence(&error) => self.try_lock(),
            Err(error) => Err(error),
        }
    }
}

/// Makes a folder and those above it that are missing; each name is on the disk when it returns.
fn make_folders(path: &Path) -> io::Result<()> {
    let above = match path.parent() {
        Some(above) if !above.as_os_str().is_empty() => above,
        _ => Path::new("."),
    };
    if !above.try_exists()? {
        make_folders(above)?;
    }
    match DirBuilder::new().mode(0o700).create(path) {
        // Another process was quicker.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && path.is_dir() => {}
        other => other?,
    }
    sync_folder(above)
}

/// Tells the page cache that a part of a file is done with. Where there is no such advice, its pages stay as long as
/// others do.
#[cfg(target_os = "linux")]
fn advise_done(file: &File, from: u64, to: u64) {
    use rustix::fs::{Advice, fadvise};

    if let Some(length) = std::num::NonZeroU64::new(to.saturating_sub(from)) {
        let _ = fadvise(file, from, Some(length), Advice::DontNeed);
    }
}

#[cfg(not(target_os = "linux"))]
fn advise_done(_file: &File, _from: u64, _to: u64) {}

fn sync_folder(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}

fn is_same(left: &fs::Metadata, right: &fs::Metadata) -> bool {
    left.dev() == right.dev() && left.ino() == right.ino()
}

fn is_absence(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
    )
}
