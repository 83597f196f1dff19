use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::record::{LogId, RecordHash};
use crate::canonical::write_u64;

/// The newest durable record of a log, as its head file tells it (FORMAT section 8).
///
/// ```
/// use tool_audit::log::Head;
///
/// let line = format!(r#"{{"_hash":"{}","_log":"{}","_seq":7}}"#, "0a".repeat(32), "0b".repeat(16));
/// let head = Head::parse(line.as_bytes()).unwrap();
/// assert_eq!(head.seq, 7);
/// assert_eq!(head.to_line(), line.into_bytes());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// The record's hash.
    pub hash: RecordHash,
    /// The log.
    pub log: LogId,
    /// The record's number.
    pub seq: u64,
}

impl Head {
    /// Reads a head file's one line, with or without its line feed. None where it is no such line.
    #[must_use]
    pub fn parse(text: &[u8]) -> Option<Self> {
        let text = text.strip_suffix(b"\n").unwrap_or(text);
        let rest = text.strip_prefix(br#"{"_hash":""#)?;
        let hash = RecordHash::from_hex(rest.get(..64)?)?;
        let rest = rest[64..].strip_prefix(br#"","_log":""#)?;
        let log = LogId::from_hex(rest.get(..32)?)?;
        let digits = rest[32..]
            .strip_prefix(br#"","_seq":"#)?
            .strip_suffix(b"}")?;
        let seq = std::str::from_utf8(digits).ok()?.parse().ok()?;
        let head = Self { hash, log, seq };
        (head.to_line() == text).then_some(head)
    }

    /// The line, without a line feed.
    #[must_use]
    pub fn to_line(&self) -> Vec<u8> {
        let mut line = Vec::with_capacity(160);
        line.extend_from_slice(br#"{"_hash":""#);
        line.extend_from_slice(&self.hash.to_hex());
        line.extend_from_slice(br#"","_log":""#);
        line.extend_from_slice(&self.log.to_hex());
        line.extend_from_slice(br#"","_seq":"#);
        write_u64(&mut line, self.seq);
        line.push(b'}');
        line
    }
}

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
    let text = fs::read(path)?;
    Ok(Head::parse(&text).map_or(HeadFound::Unreadable, HeadFound::Head))
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
    let mut line = head.to_line();
    line.push(b'\n');
    file.write_all(&line)?;
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
