use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use tool_audit::query::escape;

use crate::verdict::Failure;

/// A file that was not there, that only its owner may read, and that has its name only when it is whole.
///
/// Until then it is beside its name, with `.part` behind it, and goes when it is dropped.
pub(crate) struct NewFile {
    path: PathBuf,
    part: PathBuf,
    file: BufWriter<File>,
}

impl NewFile {
    /// Before the work whose outcome goes into it, so that a name that is taken costs nothing.
    pub(crate) fn create(path: &Path) -> Result<Self, Failure> {
        if path.symlink_metadata().is_ok() {
            return Err(not_made(path, &io::ErrorKind::AlreadyExists.into()));
        }
        let mut part = OsString::from(path);
        part.push(".part");
        let part = PathBuf::from(part);
        let mut options = File::options();
        options.write(true).create_new(true);
        #[cfg(unix)]
        {
            use std::os::unix::fs::OpenOptionsExt;
            options.mode(0o600);
        }
        let file = options
            .open(&part)
            .map_err(|error| not_made(&part, &error))?;
        Ok(Self {
            path: path.to_owned(),
            part,
            file: BufWriter::with_capacity(64 * 1024, file),
        })
    }

    /// Gives the file its name.
    pub(crate) fn finish(mut self) -> Result<(), Failure> {
        let synced = self
            .file
            .flush()
            .and_then(|()| self.file.get_ref().sync_all());
        synced.map_err(|error| self.failed(&error))?;
        // Unlike a renaming, a link overwrites nothing.
        match fs::hard_link(&self.part, &self.path) {
            Ok(()) => Ok(()),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                Err(not_made(&self.path, &error))
            }
            // Some file systems have no links.
            Err(_) if self.path.symlink_metadata().is_err() => {
                fs::rename(&self.part, &self.path).map_err(|error| self.failed(&error))
            }
            Err(error) => Err(self.failed(&error)),
        }
    }

    /// Why the file could not be written to its end.
    pub(crate) fn failed(&self, error: &io::Error) -> Failure {
        let name = self.path.to_string_lossy();
        Failure::unable(format!(
            "writing {}: {error}: free some space, or write elsewhere",
            escape(&name)
        ))
    }
}

impl Write for NewFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Drop for NewFile {
    fn drop(&mut self) {
        // Where it has its name already, or cannot go, nothing is to be done.
        let _ = fs::remove_file(&self.part);
    }
}

fn not_made(path: &Path, error: &io::Error) -> Failure {
    let name = path.to_string_lossy();
    let is_part = name.ends_with(".part");
    let advice = match error.kind() {
        io::ErrorKind::AlreadyExists if is_part => {
            "it is that of another run, or was left by one that was cut off: remove it then"
        }
        io::ErrorKind::AlreadyExists => "nothing is overwritten, give another name",
        _ => "give a file in a folder that you may write to",
    };
    Failure::unable(format!("making {}: {error}: {advice}", escape(&name)))
}
