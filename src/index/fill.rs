//! Brings an index to where its logs are.

use std::collections::HashSet;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use rusqlite::{Connection, Transaction, params};

use super::IndexError;
use super::batch::{Batch, ChunkFacts};
use super::file::{self, IndexFile};
use super::known::{self, Known, KnownLog, Standing};
use super::words::Digester;
use crate::query::{LogSnapshot, repeats, shared};

/// How much of the logs is read in one transaction: another indexer waits so long, and so long does stopping take.
const ROOM: u64 = 16 * 1024 * 1024;

/// What [`Index::catch_up`](super::Index::catch_up) did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct CaughtUp {
    /// How many bytes of logs were read and indexed.
    pub bytes: u64,
    /// How many segments were forgotten, since they are gone or are not what they were; the latter are indexed anew.
    pub forgotten: u64,
}

/// One transaction's work; true where there may be more.
pub(super) fn step(
    file: &mut IndexFile,
    store: &Path,
    done: &mut CaughtUp,
) -> Result<bool, IndexError> {
    let path = file.path().to_owned();
    let sql = |error| IndexError::sqlite(&path, error);
    let transaction = file.begin_writing()?;
    let digester = Digester::new(file::salt(&transaction).map_err(sql)?);
    let known = known::logs(&transaction).map_err(sql)?;
    // Looked at after the index, which so is never ahead.
    let snapshots = logs_of(store)?;
    let gone = gone(&known, &snapshots);
    forget(&transaction, &gone).map_err(sql)?;
    done.forgotten += gone.segments.len() as u64;
    let mut room = ROOM;
    for snapshot in &snapshots {
        let Some(name) = snapshot.log() else { continue };
        let log = known.iter().find(|log| log.is(snapshot));
        let log_id = match log {
            Some(log) => log.id,
            None => {
                let folder = snapshot.folder().file_name().unwrap_or_default();
                transaction
                    .execute(
                        "INSERT INTO log (folder, name) VALUES (?1, ?2)",
                        params![folder.as_bytes(), name.0],
                    )
                    .map_err(sql)?;
                transaction.last_insert_rowid()
            }
        };
        for (index, segment) in snapshot.segments.iter().enumerate() {
            let known = log.and_then(|log| log.segments.get(&segment.first_seq));
            let known = known.filter(|known| !gone.segments.contains(&known.id));
            let is_current = |known: &Known| known.standing(&segment.path) == Standing::Current;
            if known.is_some_and(is_current) {
                continue;
            }
            let repeats = match known {
                Some(known) if !known.may_repeat => HashSet::new(),
                _ => repeats::of_segment(&snapshot.segments, index)?,
            };
            let batch = Batch::read(segment, known, &repeats, &digester, room)?;
            let start = known.map_or(0, |known| known.indexed);
            let read = batch.indexed - start;
            add(
                &transaction,
                log_id,
                segment.first_seq,
                known,
                !repeats.is_empty(),
                &batch,
            )
            .map_err(sql)?;
            done.bytes += read;
            room = room.saturating_sub(read);
            if room == 0 || batch.is_cut {
                transaction.commit().map_err(sql)?;
                return Ok(true);
            }
        }
    }
    transaction.commit().map_err(sql)?;
    if !gone.segments.is_empty() {
        match file.shrink() {
            // Whoever is in the way has what is left to forget before it next time.
            Ok(()) | Err(IndexError::Busy { .. }) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(false)
}

/// The logs of a store as they stand; none where it has none.
pub(super) fn logs_of(store: &Path) -> Result<Vec<Arc<LogSnapshot>>, IndexError> {
    // Folders of logs that were found are canonical.
    let store = &fs::canonicalize(store).unwrap_or_else(|_| store.to_owned());
    let found = match LogSnapshot::find(store) {
        Err(crate::query::QueryError::NoLog { .. }) => Vec::new(),
        found => found?,
    };
    if let Some(log) = found.iter().find(|log| log.folder() == &**store) {
        return Err(IndexError::NoStore {
            log: log.folder().to_owned(),
        });
    }
    let mut logs = shared(found);
    // Logs of stores further below have an index of their own.
    logs.retain(|log| log.folder().parent() == Some(store.as_path()));
    Ok(logs)
}

/// What is to be forgotten.
#[derive(Debug, Default)]
struct Gone {
    logs: Vec<i64>,
    segments: HashSet<i64>,
}

fn gone(known: &[KnownLog], snapshots: &[Arc<LogSnapshot>]) -> Gone {
    let mut gone = Gone::default();
    for log in known {
        let Some(snapshot) = snapshots.iter().find(|snapshot| log.is(snapshot)) else {
            gone.logs.push(log.id);
            gone.segments
                .extend(log.segments.values().map(|known| known.id));
            continue;
        };
        // What the segment before says of repeated records went into this one's, and one that has grown says more.
        let mut before_changed = false;
        for (first_seq, known) in &log.segments {
            let position = snapshot
                .segments
                .iter()
                .position(|segment| segment.first_seq == *first_seq);
            let Some(position) = position else {
                gone.segments.insert(known.id);
                continue;
            };
            let is_last = position + 1 == snapshot.segments.len();
            let path = &snapshot.segments[position].path;
            let standing = settled_standing(known, path, is_last);
            let is_known = matches!(standing, Standing::Current | Standing::Behind);
            let changed = before_changed || !is_known;
            if changed {
                gone.segments.insert(known.id);
            }
            before_changed = changed || standing == Standing::Behind;
        }
    }
    gone
}

fn settled_standing(known: &Known, path: &Path, is_last: bool) -> Standing {
    // A file's time changes a moment before its length does.
    for _ in 0..5 {
        match known.standing(path) {
            Standing::Touched if is_last => thread::sleep(Duration::from_millis(1)),
            standing => return standing,
        }
    }
    Standing::Touched
}

fn forget(transaction: &Transaction<'_>, gone: &Gone) -> rusqlite::Result<()> {
    if gone.segments.is_empty() && gone.logs.is_empty() {
        return Ok(());
    }
    for log in &gone.logs {
        transaction.execute("DELETE FROM log WHERE id = ?1", [log])?;
    }
    for segment in &gone.segments {
        transaction.execute("DELETE FROM segment WHERE id = ?1", [segment])?;
        transaction.execute("DELETE FROM chunk WHERE segment = ?1", [segment])?;
    }
    // One pass over all words, however many segments are gone.
    transaction.execute(
        "DELETE FROM word WHERE segment NOT IN (SELECT id FROM segment)",
        [],
    )?;
    Ok(())
}

fn add(
    connection: &Connection,
    log: i64,
    first_seq: u64,
    known: Option<&Known>,
    may_repeat: bool,
    batch: &Batch,
) -> rusqlite::Result<()> {
    // A segment without a line is known again by nothing.
    let Some(last) = batch.last.as_ref().or(known.map(|known| &known.last)) else {
        return Ok(());
    };
    connection.execute(
        "INSERT INTO segment (log, first_seq, indexed, lines, greatest_end, may_repeat, last_offset, last_length,
            last_hash, file_length, file_modified)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)
         ON CONFLICT (log, first_seq) DO UPDATE SET indexed = ?3, lines = ?4, greatest_end = ?5, last_offset = ?7,
            last_length = ?8, last_hash = ?9, file_length = ?10, file_modified = ?11",
        params![
            log,
            first_seq,
            batch.indexed,
            batch.lines,
            batch.greatest_end,
            may_repeat,
            last.offset,
            last.length,
            last.hash,
            batch.file.length,
            batch.file.modified
        ],
    )?;
    let segment = match known {
        Some(known) => known.id,
        None => connection.last_insert_rowid(),
    };
    let mut insert = connection.prepare(
        "INSERT INTO chunk (segment, chunk, lines_before, end_before, earliest, latest, is_odd)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
         ON CONFLICT (segment, chunk) DO UPDATE SET earliest = min(earliest, excluded.earliest),
            latest = max(latest, excluded.latest), is_odd = max(is_odd, excluded.is_odd)",
    )?;
    for (chunk, facts) in &batch.chunks {
        let ChunkFacts {
            lines_before,
            end_before,
            earliest,
            latest,
            is_odd,
        } = facts;
        insert.execute(params![
            segment,
            chunk,
            lines_before,
            end_before,
            earliest,
            latest,
            is_odd
        ])?;
    }
    let mut insert = connection
        .prepare("INSERT OR IGNORE INTO word (word, segment, chunk) VALUES (?1, ?2, ?3)")?;
    for (word, chunk) in &batch.words {
        insert.execute(params![word, segment, chunk])?;
    }
    Ok(())
}
