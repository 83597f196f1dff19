//! Chooses the chunks that may hold what a filter wants.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::{Connection, OptionalExtension, Statement, params};

use super::batch::{CHUNK, ChunkFacts};
use super::known::Known;
use super::words::Digester;
use crate::query::{Filter, Member, Piece};

/// Where chunks are: by segment, each in its order.
#[derive(Debug, Default)]
pub(super) struct Chosen {
    chunks: BTreeMap<i64, BTreeMap<u64, ChunkFacts>>,
}

/// The chunks that may hold what the filter wants; none where that is so much that all had better be read.
pub(super) fn choose(
    connection: &Connection,
    filter: &Filter,
    indexed_bytes: u64,
) -> rusqlite::Result<Option<Chosen>> {
    // Where more is wanted, one long read is quicker than many short ones, and memory stays small.
    const MOST: u64 = 200_000;
    let most = (indexed_bytes / CHUNK / 4).clamp(16, MOST);
    let digester = Digester::new(super::file::salt(connection)?);
    let Some(places) = places(connection, filter, &digester, most)? else {
        return Ok(None);
    };
    let mut chosen = Chosen::default();
    let mut facts = connection.prepare(
        "SELECT lines_before, end_before, earliest, latest, is_odd, chunk, segment FROM chunk
         WHERE segment = ?1 AND chunk = ?2",
    )?;
    let (since, until) = filter.times().unwrap_or((i64::MIN, i64::MAX));
    for (segment, chunk) in places {
        let found = facts
            .query_row(params![segment, chunk], ChunkFacts::of_row)
            .optional()?;
        // A word without its chunk's row was not written by an indexer.
        let Some(found) = found else {
            return Err(rusqlite::Error::QueryReturnedNoRows);
        };
        if found.latest >= since && found.earliest <= until {
            chosen.add(segment, chunk, found);
        }
    }
    let mut odd = connection.prepare(
        "SELECT lines_before, end_before, earliest, latest, is_odd, chunk, segment FROM chunk
         WHERE is_odd = 1 LIMIT ?1",
    )?;
    let mut count = 0;
    let rows = odd.query_map([most + 1], |row| {
        Ok((row.get(6)?, row.get(5)?, ChunkFacts::of_row(row)?))
    })?;
    for row in rows {
        let (segment, chunk, facts) = row?;
        chosen.add(segment, chunk, facts);
        count += 1;
    }
    Ok((count <= most).then_some(chosen))
}

/// The chunks in which one word of each group stands; none where there is no group with few of them.
fn places(
    connection: &Connection,
    filter: &Filter,
    digester: &Digester,
    most: u64,
) -> rusqlite::Result<Option<BTreeSet<(i64, u64)>>> {
    let groups: Vec<Vec<i64>> = filter
        .groups()
        .iter()
        .map(|group| digests(digester, group))
        .collect();
    let mut of_word = connection.prepare(
        "SELECT segment, chunk FROM word WHERE word = ?1 ORDER BY segment, chunk LIMIT ?2",
    )?;
    let mut first = None;
    for (index, group) in groups.iter().enumerate() {
        if let Some(found) = few(&mut of_word, group, most)? {
            first = Some((index, found));
            break;
        }
    }
    let Some((first, mut places)) = first else {
        return in_time(connection, filter, most);
    };
    let mut stands = connection.prepare(
        "SELECT EXISTS (SELECT 1 FROM word WHERE word = ?1 AND segment = ?2 AND chunk = ?3)",
    )?;
    for (index, group) in groups.iter().enumerate() {
        if index == first {
            continue;
        }
        let mut both = BTreeSet::new();
        for place in &places {
            for word in group {
                if stands.query_row(params![word, place.0, place.1], |row| row.get(0))? {
                    both.insert(*place);
                    break;
                }
            }
        }
        places = both;
    }
    Ok(Some(places))
}

fn digests(digester: &Digester, group: &[(Member, String)]) -> Vec<i64> {
    let words = group.iter();
    words
        .map(|(member, word)| digester.digest(*member, word))
        .collect()
}

fn few(
    of_word: &mut Statement<'_>,
    group: &[i64],
    most: u64,
) -> rusqlite::Result<Option<BTreeSet<(i64, u64)>>> {
    let mut places = BTreeSet::new();
    for word in group {
        let rows = of_word.query_map(params![word, most + 1], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })?;
        for row in rows {
            places.insert(row?);
        }
        if places.len() as u64 > most {
            return Ok(None);
        }
    }
    Ok(Some(places))
}

/// The chunks of the time that is asked for; none where there is no bound, or where they are many.
fn in_time(
    connection: &Connection,
    filter: &Filter,
    most: u64,
) -> rusqlite::Result<Option<BTreeSet<(i64, u64)>>> {
    let Some((since, until)) = filter.times() else {
        return Ok(None);
    };
    let mut chunks = connection.prepare(
        "SELECT segment, chunk FROM chunk WHERE latest >= ?1 AND earliest <= ?2 LIMIT ?3",
    )?;
    let rows = chunks.query_map(params![since, until, most + 1], |row| {
        Ok((row.get(0)?, row.get(1)?))
    })?;
    let places = rows.collect::<rusqlite::Result<BTreeSet<_>>>()?;
    Ok((places.len() as u64 <= most).then_some(places))
}

impl Chosen {
    fn add(&mut self, segment: i64, chunk: u64, facts: ChunkFacts) {
        self.chunks.entry(segment).or_default().insert(chunk, facts);
    }

    /// The pieces of a segment that were chosen; none where a chunk stands where none can.
    pub(super) fn pieces(&self, known: &Known) -> Option<Vec<Piece>> {
        let mut pieces: Vec<Piece> = Vec::new();
        for (chunk, facts) in self.chunks.get(&known.id).into_iter().flatten() {
            let start = chunk.checked_mul(CHUNK)?;
            if start >= known.indexed {
                return None;
            }
            let end = known.indexed.min(start + CHUNK);
            match pieces.last_mut() {
                Some(last) if last.end == start => last.end = end,
                _ => pieces.push(Piece {
                    start,
                    end,
                    lines_before: facts.lines_before,
                    end_before: facts.end_before,
                }),
            }
        }
        Some(pieces)
    }
}
