//! What a prune says of itself (FORMAT section 7).

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::frontier::Frontier;
use super::record::{RecordHash, RecordHead};
use crate::clock::civil;

/// Segments at a log's beginning that may go, as `segments_pruned` tells of them.
#[derive(Debug, Clone)]
pub(crate) struct Prune {
    pub(crate) first_seq: u64,
    /// The last record that goes: the next one begins a segment.
    pub(crate) through_seq: u64,
    pub(crate) through_hash: RecordHash,
    pub(crate) first_timestamp: String,
    pub(crate) last_timestamp: String,
    /// In days since 1970.
    pub(crate) latest_retain_until: i64,
    /// None where a prune before this one left none.
    pub(crate) frontier: Option<Frontier>,
}

impl Prune {
    /// The members of the record, but for those that every record has.
    pub(crate) fn members(&self, policy_id: &str, by: &PrunedBy) -> Map<String, Value> {
        let mut until = Vec::with_capacity(10);
        civil::write_date(&mut until, self.latest_retain_until);
        let mut members = Map::new();
        let mut put = |name: &str, value: Value| members.insert(name.to_owned(), value);
        put("actor", json!(by.actor));
        put("actor_asserted", json!(by.actor_asserted));
        put("count", json!(self.through_seq - self.first_seq + 1));
        put("first_seq", json!(self.first_seq));
        put("first_timestamp", json!(self.first_timestamp));
        put("last_timestamp", json!(self.last_timestamp));
        put(
            "latest_retain_until",
            json!(String::from_utf8_lossy(&until)),
        );
        put("policy_id", json!(policy_id));
        put("through_hash", json!(self.through_hash.to_string()));
        put("through_seq", json!(self.through_seq));
        if let Some(frontier) = &self.frontier {
            let roots = frontier.roots().iter();
            let roots = roots.map(|root| json!(RecordHash(*root).to_string()));
            put("frontier", roots.collect());
        }
        if let Some(user) = &by.process_user {
            put("process_user", json!(user));
        }
        if let Some(checked) = &by.clock_checked_by {
            put("clock_checked_by", json!(checked));
        }
        members
    }
}

/// Who prunes; names that went through a sanitizer.
#[derive(Debug, Clone)]
pub(crate) struct PrunedBy {
    pub(crate) actor: String,
    pub(crate) actor_asserted: bool,
    /// The operating system's user, beside a name that is a claim.
    pub(crate) process_user: Option<String>,
    pub(crate) clock_checked_by: Option<String>,
}

/// A prune that stands in the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pruned {
    /// The number of the `segments_pruned` record.
    pub(crate) seq: u64,
    pub(crate) through_seq: u64,
    pub(crate) through_hash: RecordHash,
    /// When the last record that went was made.
    pub(crate) last_timestamp: String,
    pub(crate) frontier: Option<Frontier>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Members {
    through_seq: Option<u64>,
    through_hash: String,
    last_timestamp: String,
    frontier: Vec<String>,
}

impl Pruned {
    /// The kind of the record.
    pub(crate) const KIND: &'static str = "segments_pruned";

    /// Reads a record of that kind.
    pub(crate) fn read(head: &RecordHead<'_>, line: &[u8]) -> Option<Self> {
        let members: Members = serde_json::from_slice(line).ok()?;
        let through_seq = members.through_seq.filter(|through| *through < head.seq)?;
        let roots = members.frontier.iter();
        let roots = roots.map(|root| RecordHash::from_hex(root.as_bytes()).map(|root| root.0));
        let roots: Option<Vec<_>> = roots.collect();
        Some(Self {
            seq: head.seq,
            through_seq,
            through_hash: RecordHash::from_hex(members.through_hash.as_bytes())?,
            last_timestamp: members.last_timestamp,
            frontier: roots.and_then(|roots| Frontier::of(through_seq + 1, roots)),
        })
    }
}
