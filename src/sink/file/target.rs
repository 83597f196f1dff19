use std::fs::{self, File, Metadata, OpenOptions, TryLockError};
use std::io::{self, ErrorKind, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// Where a file sink's entries go: a path, and the names of the files that were there before.
#[derive(Debug)]
pub(super) struct Target {
    path: PathBuf,
}

/// The file that is open, and how to know it again.
#[derive(Debug)]
pub(super) struct Open {
    pub(super) file: File,
    pub(super) length: u64,
    /// False for a device or a pipe, which can neither be rotated nor synced.
    pub(super) is_regular: bool,
    identity: (u64, u64),
}

/// What became of the open file's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Name {
    /// It still names the file, which is so long.
    Same { length: u64 },
    /// The file has another name now, and lives on under it.
    Moved,
    /// The file has no name left: when it is closed it is gone.
    Removed,
}

impl Target {
    pub(super) fn new(path: &Path) -> Self {
        Self {
            path: path.to_owned(),
        }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    fn folder(&self) -> &Path {
        match self.path.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        }
    }

    /// Opens the file to append, locks it, and ends a line that a crash left torn.
    pub(super) fn open(&self, must_be_new: bool) -> io::Result<Open> {
        self.try_open(must_be_new)
            .map_err(|error| self.explain("opening", &error))
    }

    fn try_open(&self, must_be_new: bool) -> io::Result<Open> {
        let mut options = OpenOptions::new();
        options.append(true).mode(0o600);
        if must_be_new {
            options.create_new(true);
        } else {
            options.create(true);
        }
        // A pipe or a device is only written to; a file is also read, for its last byte.
        let regular = fs::metadata(&self.path).map_or(true, |metadata| metadata.is_file());
        let mut file = options.read(regular).open(&self.path)?;
        let mut metadata = file.metadata()?;
        if metadata.is_file() {
            lock(&file)?;
            self.sync_folder()?;
            if metadata.mode() & 0o077 != 0 {
                tracing::warn!(
                    target: "tool_audit::sink",
                    path = %self.path.display(),
                    "others than its owner can read the audit file: chmod 600 keeps them out"
                );
            }
            if end_torn_line(&mut file, metadata.len())? {
                metadata = file.metadata()?;
            }
        }
        Ok(Open {
            length: metadata.len(),
            is_regular: metadata.is_file(),
            identity: identity(&metadata),
            file,
        })
    }

    /// Brings the file's name onto the disk, where the file system can.
    fn sync_folder(&self) -> io::Result<()> {
        match File::open(self.folder()).and_then(|folder| folder.sync_all()) {
            Err(error) if error.kind() != ErrorKind::InvalidInput => Err(error),
            _ => Ok(()),
        }
    }

    /// Whether the path still names the open file.
    pub(super) fn name_of(&self, open: &Open) -> io::Result<Name> {
        match fs::metadata(&self.path) {
            Ok(metadata) if identity(&metadata) == open.identity => Ok(Name::Same {
                length: metadata.len(),
            }),
            Err(error) if error.kind() != ErrorKind::NotFound => {
                Err(self.explain("looking for", &error))
            }
            _ if open.file.metadata()?.nlink() == 0 => Ok(Name::Removed),
            _ => Ok(Name::Moved),
        }
    }

    /// Gives the open file the next number; nothing where it has another name already.
    pub(super) fn move_aside(&self, open: &Open) -> io::Result<()> {
        if !matches!(self.name_of(open)?, Name::Same { .. }) {
            return Ok(());
        }
        let newest = self.numbers()?.pop().unwrap_or(0);
        fs::rename(&self.path, self.numbered(newest + 1))
            .map_err(|error| self.explain("rotating", &error))
    }

    /// Removes the oldest files that were moved aside, down to `keep`.
    pub(super) fn remove_old(&self, keep: usize) -> io::Result<()> {
        let mut numbers = self.numbers()?;
        numbers.truncate(numbers.len().saturating_sub(keep));
        for number in numbers {
            let path = self.numbered(number);
            fs::remove_file(&path).map_err(|error| explain("removing", &path, &error))?;
        }
        Ok(())
    }

    fn numbered(&self, number: u64) -> PathBuf {
        let mut name = self.path.clone().into_os_string();
        name.push(format!(".{number}"));
        PathBuf::from(name)
    }

    /// The numbers of the files that were moved aside, the oldest first.
    fn numbers(&self) -> io::Result<Vec<u64>> {
        let mut numbers = Vec::new();
        let own = self.path.file_name().unwrap_or_default();
        let folder = fs::read_dir(self.folder()).map_err(|error| self.explain("rotating", &error));
        for entry in folder? {
            let name = entry?.file_name();
            let digits = name
                .as_encoded_bytes()
                .strip_prefix(own.as_encoded_bytes())
                .and_then(|rest| rest.strip_prefix(b"."))
                .and_then(|digits| str::from_utf8(digits).ok());
            // Only a number as it is written here: another spelling is another's file.
            let number = digits.and_then(|digits| {
                let number: u64 = digits.parse().ok()?;
                (number.to_string() == digits).then_some(number)
            });
            numbers.extend(number);
        }
        numbers.sort_unstable();
        Ok(numbers)
    }

    /// An error that names the file and says what to do.
    pub(super) fn explain(&self, doing: &str, error: &io::Error) -> io::Error {
        explain(doing, &self.path, error)
    }
}

fn explain(doing: &str, path: &Path, error: &io::Error) -> io::Error {
    let remedy = match error.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => {
            "; free some space: what waits is written then"
        }
        ErrorKind::PermissionDenied => "; let this user write the file and its folder",
        ErrorKind::NotFound => "; create the file's folder, with mode 0700",
        ErrorKind::AlreadyExists => "; name another file, or append to this one",
        ErrorKind::ReadOnlyFilesystem => "; name a file on a disk that can be written",
        _ => "",
    };
    let path = path.display();
    io::Error::new(error.kind(), format!("{doing} {path}: {error}{remedy}"))
}

fn identity(metadata: &Metadata) -> (u64, u64) {
    (metadata.dev(), metadata.ino())
}

fn lock(file: &File) -> io::Result<()> {
    match file.try_lock() {
        Err(TryLockError::WouldBlock) => Err(io::Error::new(
            ErrorKind::ResourceBusy,
            "another sink, here or in another process, writes this file; each needs one of its own",
        )),
        // Some network file systems have no locks.
        Err(TryLockError::Error(error)) if error.kind() != ErrorKind::Unsupported => Err(error),
        _ => Ok(()),
    }
}

/// Adds the line feed that is missing at the end, so that two records never fuse.
fn end_torn_line(file: &mut File, length: u64) -> io::Result<bool> {
    if length == 0 {
        return Ok(false);
    }
    let mut last = [0];
    file.seek(SeekFrom::Start(length - 1))?;
    file.read_exact(&mut last)?;
    let torn = last != *b"\n";
    if torn {
        file.write_all(b"\n")?;
    }
    Ok(torn)
}
