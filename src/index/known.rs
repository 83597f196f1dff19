//! What an index knows of segments, and whether they are still what it knows.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::Path;

use rusqlite::Connection;
use sha2::{Digest, Sha256};

use crate::log::record::MAX_RECORD;
use crate::query::LogSnapshot;

/// A log as the index knows it.
#[derive(Debug)]
pub(super) struct KnownLog {
    pub(super) id: i64,
    /// The name of its folder.
    folder: Vec<u8>,
    /// Its random name, the same in all its records.
    name: Vec<u8>,
    /// By the numbers that their names tell.
    pub(super) segments: BTreeMap<u64, Known>,
}

impl KnownLog {
    pub(super) fn stands_in(&self, folder: &Path) -> bool {
        folder
            .file_name()
            .is_some_and(|name| name.as_bytes() == self.folder)
    }

    pub(super) fn is(&self, snapshot: &LogSnapshot) -> bool {
        self.stands_in(snapshot.folder()) && snapshot.log().is_some_and(|name| name.0 == *self.name)
    }
}

/// A segment as the index knows it.
#[derive(Debug, Clone)]
pub(super) struct Known {
    pub(super) id: i64,
    /// Lines that begin before this offset are indexed.
    pub(super) indexed: u64,
    pub(super) lines: u64,
    pub(super) greatest_end: i64,
    pub(super) may_repeat: bool,
    /// The last line that is indexed. Since a log is a chain, it stands for all that comes before.
    pub(super) last: Mark,
    /// The file as it was when it had been read to its end.
    pub(super) file: FileState,
}

/// A line that was read, by which a segment is known again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Mark {
    pub(super) offset: u64,
    pub(super) length: u64,
    pub(super) hash: Vec<u8>,
}

impl Mark {
    /// The line of so many bytes at this offset of a segment, with its line feed behind it.
    pub(super) fn read(file: &File, offset: u64, length: u64) -> io::Result<Self> {
        let too_long = || io::Error::from(io::ErrorKind::InvalidData);
        let room = usize::try_from(length).map_err(|_| too_long())?;
        if room > MAX_RECORD {
            return Err(too_long());
        }
        let mut line = vec![0; room + 1];
        file.read_exact_at(&mut line, offset)?;
        Ok(Self {
            offset,
            length,
            hash: Sha256::digest(&line).to_vec(),
        })
    }

    fn still_stands(&self, path: &Path) -> bool {
        let read = File::open(path).and_then(|file| Self::read(&file, self.offset, self.length));
        read.is_ok_and(|read| read == *self)
    }
}

/// What the file system says of a segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct FileState {
    pub(super) length: u64,
    /// When it was last written, in nanoseconds.
    pub(super) modified: i64,
}

impl FileState {
    pub(super) fn of(path: &Path) -> io::Result<Self> {
        let found = fs::metadata(path)?;
        Ok(Self {
            length: found.len(),
            modified: found
                .mtime()
                .saturating_mul(1_000_000_000)
                .saturating_add(found.mtime_nsec()),
        })
    }
}

/// How a segment stands to what the index knows of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    /// All of it is indexed that can be.
    Current,
    /// It has grown.
    Behind,
    /// It was written and has not grown: changed, unless a writer is just about to make it longer.
    Touched,
    /// It was changed, cut or replaced.
    Changed,
}

impl Known {
    pub(super) fn standing(&self, path: &Path) -> Standing {
        let Ok(file) = FileState::of(path) else {
            return Standing::Changed;
        };
        if file.length < self.indexed {
            return Standing::Changed;
        }
        if file.length == self.file.length && file.modified != self.file.modified {
            return Standing::Touched;
        }
        if !self.last.still_stands(path) {
            return Standing::Changed;
        }
        if file.length == self.file.length {
            Standing::Current
        } else {
            Standing::Behind
        }
    }
}

/// All that the index knows.
pub(super) fn logs(connection: &Connection) -> rusqlite::Result<Vec<KnownLog>> {
    let mut logs = connection.prepare("SELECT id, folder, name FROM log ORDER BY id")?;
    let logs = logs.query_map([], |row| {
        Ok(KnownLog {
            id: row.get(0)?,
            folder: row.get(1)?,
            name: row.get(2)?,
            segments: BTreeMap::new(),
        })
    })?;
    let mut logs = logs.collect::<rusqlite::Result<Vec<_>>>()?;
    let mut segments = connection.prepare(
        "SELECT first_seq, id, indexed, lines, greatest_end, may_repeat, last_offset, last_length, last_hash,
            file_length, file_modified
         FROM segment WHERE log = ?1",
    )?;
    for log in &mut logs {
        let known = segments.query_map([log.id], |row| {
            let known = Known {
                id: row.get(1)?,
                indexed: row.get(2)?,
                lines: row.get(3)?,
                greatest_end: row.get(4)?,
                may_repeat: row.get(5)?,
                last: Mark {
                    offset: row.get(6)?,
                    length: row.get(7)?,
                    hash: row.get(8)?,
                },
                file: FileState {
                    length: row.get(9)?,
                    modified: row.get(10)?,
                },
            };
            Ok((row.get(0)?, known))
        })?;
        log.segments = known.collect::<rusqlite::Result<_>>()?;
    }
    Ok(logs)
}
