use std::collections::{BTreeMap, HashSet};
use std::fmt;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OptionalExtension, params};

use super::IndexError;
use super::batch::{Batch, ChunkFacts};
use super::file::{self, IndexFile};
use super::fill::logs_of;
use super::known::{self, Known, Standing};
use super::words::Digester;
use crate::query::{LogSnapshot, escape, repeats};

/// What a comparison of an index with its logs found; made by [`check`].
///
/// An index that is behind its logs is sound: what it does not know yet is read from them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct IndexCheck {
    /// How many segments the index knows.
    pub segments: u64,
    /// How many bytes of logs are not indexed yet.
    pub unindexed_bytes: u64,
    /// Segments that are not as they were when they were indexed. They are read whole.
    pub changed: Vec<PathBuf>,
    /// How many words of records the index lacks, and facts of chunks that are not so: answers are short, or in another
    /// order.
    pub missing: u64,
    /// How many words stand in the index and in no record. They cost time alone.
    pub surplus: u64,
}

impl IndexCheck {
    /// True where answers through the index are those of the logs.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        self.missing == 0
    }
}

impl fmt::Display for IndexCheck {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verdict = if self.is_sound() {
            "the index is sound"
        } else {
            "the index gives wrong answers: build it anew with `tool-audit index --rebuild`"
        };
        write!(
            formatter,
            "{verdict}; {} segments known, {} missing, {} surplus, {} bytes not indexed yet",
            self.segments, self.missing, self.surplus, self.unindexed_bytes
        )?;
        for segment in &self.changed {
            let segment = segment.to_string_lossy();
            write!(
                formatter,
                "\nchanged since it was indexed: {}",
                escape(&segment)
            )?;
        }
        Ok(())
    }
}

/// Compares the index of a store with its logs, all of which are read; none where the store has no index.
///
/// It changes nothing.
///
/// # Errors
///
/// A log or the index cannot be read. That they differ is no error, but damage of the file is.
pub fn check(store: &Path) -> Result<Option<IndexCheck>, IndexError> {
    let file = IndexFile::open_to_read(store)?;
    file.map(|file| compare(&file, store)).transpose()
}

fn compare(file: &IndexFile, store: &Path) -> Result<IndexCheck, IndexError> {
    let sql = |error| IndexError::sqlite(file.path(), error);
    let transaction = file.begin_reading()?;
    let sound: String = transaction
        .query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))
        .map_err(sql)?;
    if sound != "ok" {
        return Err(IndexError::Damaged {
            index: file.path().to_owned(),
            source: Some(sound.into()),
        });
    }
    let logs = known::logs(&transaction).map_err(sql)?;
    let digester = Digester::new(file::salt(&transaction).map_err(sql)?);
    let mut found = IndexCheck::default();
    let mut stored = stored_words(&transaction).map_err(sql)?;
    for snapshot in logs_of(store)? {
        let log = logs.iter().find(|log| log.is(&snapshot));
        for (index, segment) in snapshot.segments.iter().enumerate() {
            let known = log.and_then(|log| log.segments.get(&segment.first_seq));
            let Some(known) = known else {
                found.unindexed_bytes += segment.length;
                continue;
            };
            found.segments += 1;
            match known.standing(&segment.path) {
                Standing::Current | Standing::Behind => {}
                Standing::Touched | Standing::Changed => {
                    found.changed.push(segment.path.clone());
                    stored.remove(&known.id);
                    continue;
                }
            }
            found.unindexed_bytes += segment.length.saturating_sub(known.indexed);
            let expected = expected(&snapshot, index, known, &digester)?;
            let matching = matching(&transaction, known, &expected, &mut found).map_err(sql)?;
            let words = stored.remove(&known.id).unwrap_or_default();
            found.surplus += words.saturating_sub(matching);
        }
    }
    // Words of segments that are gone go when the index catches up.
    Ok(found)
}

/// How many words each segment has.
fn stored_words(connection: &Connection) -> rusqlite::Result<BTreeMap<i64, u64>> {
    let mut words = connection.prepare("SELECT segment, count(*) FROM word GROUP BY segment")?;
    let counts = words.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    counts.collect()
}

/// What the index should know of the part of a segment that it has read.
fn expected(
    snapshot: &LogSnapshot,
    index: usize,
    known: &Known,
    digester: &Digester,
) -> Result<Batch, IndexError> {
    let repeats = if known.may_repeat {
        repeats::of_segment(&snapshot.segments, index)?
    } else {
        HashSet::new()
    };
    let segment = &snapshot.segments[index];
    Ok(Batch::read(
        segment,
        None,
        &repeats,
        digester,
        known.indexed,
    )?)
}

/// Counts what is missing, and gives how many words are there.
fn matching(
    connection: &Connection,
    known: &Known,
    expected: &Batch,
    found: &mut IndexCheck,
) -> rusqlite::Result<u64> {
    let is_same = (expected.indexed, expected.lines, expected.greatest_end)
        == (known.indexed, known.lines, known.greatest_end);
    found.missing += u64::from(!is_same);
    let mut facts = connection.prepare(
        "SELECT lines_before, end_before, earliest, latest, is_odd FROM chunk WHERE segment = ?1 AND chunk = ?2",
    )?;
    for (chunk, expected) in &expected.chunks {
        let stored = facts.query_row(params![known.id, chunk], ChunkFacts::of_row);
        // What a segment repeated is repeated no more where the one before was pruned.
        let is_same = stored.optional()?.is_some_and(|stored| {
            let is_odd = stored.is_odd;
            stored
                == ChunkFacts {
                    is_odd,
                    ..expected.clone()
                }
                && (is_odd || !expected.is_odd)
        });
        found.missing += u64::from(!is_same);
    }
    let mut stands = connection.prepare(
        "SELECT EXISTS (SELECT 1 FROM word WHERE word = ?1 AND segment = ?2 AND chunk = ?3)",
    )?;
    let mut matching = 0;
    for (word, chunk) in &expected.words {
        let is_there: bool = stands.query_row(params![word, known.id, chunk], |row| row.get(0))?;
        matching += u64::from(is_there);
        found.missing += u64::from(!is_there);
    }
    Ok(matching)
}
