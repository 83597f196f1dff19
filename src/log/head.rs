//! The head file, as its writer keeps it (FORMAT section 8).

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::verify::Head;
use crate::canonical::write_u64;

/// What a head file holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum HeadFound {
    Nothing,
    Head(Head),
    /// Something, but no head.
    Unreadable,
}

/// The longest head file that is looked at; a head's line has at most 170 bytes.
const MAX_HEAD: u64 = 4096;

/// Reads the head file `path`.
pub(crate) fn read(path: &Path) -> io::Result<HeadFound> {
    let found = match fs::metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(HeadFound::Nothing),
        other => other?,
    };
    if !found.is_file() || found.len() > MAX_HEAD {
        return Ok(HeadFound::Unreadable);
    }
    let text = String::from_utf8(fs::read(path)?).unwrap_or_default();
    Ok(match text.parse() {
        Ok(head) if line(&head) == text.as_bytes() => HeadFound::Head(head),
        _ => HeadFound::Unreadable,
    })
}

fn line(head: &Head) -> Vec<u8> {
    let mut line = Vec::with_capacity(160);
    line.extend_from_slice(br#"{"_hash":""#);
    line.extend_from_slice(&head.hash.to_hex());
    line.extend_from_slice(br#"","_log":""#);
    line.extend_from_slice(&head.log.to_hex());
    line.extend_from_slice(br#"","_seq":"#);
    write_u64(&mut line, head.seq);
    line.extend_from_slice(b"}\n");
    line
}

/// Puts `head` in place of the head file `path`, all of it or nothing.
pub(crate) fn write(path: &Path, head: &Head) -> io::Result<()> {
    let fresh = beside(path, ".new");
    match fs::remove_file(&fresh) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&fresh)?;
    file.write_all(&line(head))?;
    file.sync_all()?;
    fs::rename(&fresh, path)?;
    sync_above(path)
}

/// Keeps a head file that contradicts the log beside its place, and returns its new name.
pub(crate) fn set_aside(path: &Path) -> io::Result<PathBuf> {
    let mut kept = beside(path, ".conflict");
    let mut again = 1;
    while fs::symlink_metadata(&kept).is_ok() {
        again += 1;
        kept = beside(path, &format!(".conflict-{again}"));
    }
    fs::rename(path, &kept)?;
    sync_above(path)?;
    Ok(kept)
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.file_name().map_or_else(OsString::new, OsString::from);
    name.push(suffix);
    path.with_file_name(name)
}

fn sync_above(path: &Path) -> io::Result<()> {
    let above = path.parent().filter(|above| !above.as_os_str().is_empty());
    File::open(above.unwrap_or(Path::new(".")))?.sync_all()
}
