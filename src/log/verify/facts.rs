//! What sound records tell the verifier beyond their links.

use std::hash::{BuildHasher, RandomState};

use super::time;
use crate::log::record::{FORMAT, KINDS};

const DAMAGE_ACKNOWLEDGED: &str = "damage_acknowledged";

/// The members that the verifier looks at, as they stand.
#[derive(Debug, Default)]
pub(super) struct Members<'a> {
    call_id: Option<&'a [u8]>,
    count: Option<&'a [u8]>,
    duration_ms: Option<&'a [u8]>,
    format: Option<&'a [u8]>,
    latest_retain_until: Option<&'a [u8]>,
    source: Option<&'a [u8]>,
    through_hash: Option<&'a [u8]>,
    through_seq: Option<&'a [u8]>,
    timestamp: Option<&'a [u8]>,
}

impl<'a> Members<'a> {
    #[inline]
    pub(super) fn see(&mut self, name: &[u8], value: &'a [u8]) {
        // Most members are none of these, and their lengths and first letters tell.
        let (place, wanted): (_, &[u8]) = match (name.len(), name.first()) {
            (7, Some(b'c')) => (&mut self.call_id, b"call_id"),
            (5, Some(b'c')) => (&mut self.count, b"count"),
            (11, Some(b'd')) => (&mut self.duration_ms, b"duration_ms"),
            (6, Some(b'f')) => (&mut self.format, b"format"),
            (19, Some(b'l')) => (&mut self.latest_retain_until, b"latest_retain_until"),
            (6, Some(b's')) => (&mut self.source, b"source"),
            (12, Some(b't')) => (&mut self.through_hash, b"through_hash"),
            (11, Some(b't')) if name.ends_with(b"q") => (&mut self.through_seq, b"through_seq"),
            (9, Some(b't')) if name.ends_with(b"p") => (&mut self.timestamp, b"timestamp"),
            _ => return,
        };
        if name == wanted {
            *place = Some(value);
        }
    }

    /// When the record ended: `timestamp` plus `duration_ms`, in microseconds.
    pub(super) fn end(&self) -> Option<i64> {
        let duration = self
            .duration_ms
            .and_then(time::duration)
            .unwrap_or_default();
        self.timestamp
            .and_then(time::timestamp)?
            .checked_add(duration)
    }
}

/// A `segments_pruned` record.
#[derive(Debug, Clone, Copy)]
pub(super) struct Prune {
    pub(super) line: u64,
    pub(super) seq: u64,
    pub(super) through_seq: u64,
    pub(super) through_hash: Option<[u8; 64]>,
    /// True where a record it removed had not expired yet, or it does not tell.
    pub(super) early: bool,
}

/// A call begins or ends.
#[derive(Debug, Clone, Copy)]
pub(super) enum CallEvent {
    Started(u64),
    Ended(u64),
}

/// What the records of a stretch of the log add up to.
#[derive(Debug, Default)]
pub(super) struct Facts {
    pub(super) lost_entries: u64,
    pub(super) unknown_outcomes: u64,
    pub(super) unknown_kinds: u64,
    pub(super) damage_acknowledged: u64,
    pub(super) newer_format: Option<u64>,
    /// How many records say that they come from a replay, and the line and `_seq` of the first.
    pub(super) replayed: u64,
    pub(super) first_replayed: Option<(u64, u64)>,
    pub(super) prunes: Vec<Prune>,
    pub(super) calls: Vec<CallEvent>,
}

impl Facts {
    /// Takes in a sound record of the log.
    pub(super) fn take(
        &mut self,
        line: u64,
        seq: u64,
        kind: &str,
        members: &Members<'_>,
        call_ids: &RandomState,
    ) {
        match kind {
            "tool_call" => {
                if let Some(id) = members.call_id {
                    self.calls.push(CallEvent::Ended(call_ids.hash_one(id)));
                }
            }
            "tool_call_started" => {
                if let Some(id) = members.call_id {
                    self.calls.push(CallEvent::Started(call_ids.hash_one(id)));
                }
            }
            "outcome_unknown" => {
                self.unknown_outcomes += 1;
                if let Some(id) = members.call_id {
                    self.calls.push(CallEvent::Ended(call_ids.hash_one(id)));
                }
            }
            "entries_lost" => {
                let count = members.count.and_then(integer).unwrap_or_default();
                self.lost_entries = self.lost_entries.saturating_add(count);
            }
            "log_created" | "segment_opened" => self.opened(line, seq, members),
            "segments_pruned" => self.prunes.extend(prune(line, seq, members)),
            DAMAGE_ACKNOWLEDGED => self.damage_acknowledged += 1,
            other if KINDS.contains(&other) => {}
            _ => self.unknown_kinds += 1,
        }
    }

    fn opened(&mut self, line: u64, seq: u64, members: &Members<'_>) {
        if members.source == Some(br#""replay""#) {
            self.replayed += 1;
            self.first_replayed.get_or_insert((line, seq));
        }
        let format = members.format.and_then(integer);
        self.newer_format = self
            .newer_format
            .max(format.filter(|format| *format > FORMAT));
    }
}

fn prune(line: u64, seq: u64, members: &Members<'_>) -> Option<Prune> {
    let expired = members.latest_retain_until.and_then(time::end_of_day);
    let now = members.timestamp.and_then(time::timestamp);
    Some(Prune {
        line,
        seq,
        through_seq: integer(members.through_seq?)?,
        through_hash: members.through_hash.and_then(|hash| {
            hash.strip_prefix(b"\"")?
                .strip_suffix(b"\"")?
                .try_into()
                .ok()
        }),
        early: !matches!((expired, now), (Some(expired), Some(now)) if now >= expired),
    })
}

fn integer(value: &[u8]) -> Option<u64> {
    std::str::from_utf8(value).ok()?.parse().ok()
}
