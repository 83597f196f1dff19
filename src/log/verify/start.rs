//! Whether a prune accounts for where a log begins (FORMAT section 7).

use std::fs::File;

use super::facts::Prune;
use super::fault::Place;
use super::plan::{Interruption, Plan};
use crate::log::read::{Line, LineReader};
use crate::log::record::RecordHead;

/// Whether a log that begins at `first_seq` has a record of the prune that removed what was before.
///
/// `link` is the first record's `_previous_hash`. Where a prune goes further than the log's start, it is not finished,
/// and the record that it names last must still stand and have its hash.
pub(super) fn is_explained(
    plan: &Plan,
    first_seq: u64,
    link: Option<[u8; 64]>,
    prunes: &[(Place, Prune)],
) -> Result<bool, Interruption> {
    if first_seq == 0 {
        return Ok(true);
    }
    for (_, prune) in prunes {
        let Some(hash) = prune.through_hash else {
            continue;
        };
        let explained = if prune.through_seq == first_seq - 1 {
            link == Some(hash)
        } else {
            states(plan, prune.through_seq, &hash)?
        };
        if explained {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Whether the log's record with this `_seq` states this `_hash`.
fn states(plan: &Plan, seq: u64, hash: &[u8; 64]) -> Result<bool, Interruption> {
    let from = plan
        .segments
        .partition_point(|segment| segment.first_seq <= seq)
        .saturating_sub(1);
    let Some(segment) = plan.segments.get(from) else {
        return Ok(false);
    };
    let reading = Interruption::reading(&segment.path);
    let mut lines = LineReader::new(File::open(&segment.path).map_err(&reading)?);
    while let Some(line) = lines.next_line().map_err(&reading)? {
        let Line::Whole(bytes) = line else { continue };
        if let Some(head) = RecordHead::parse(bytes)
            && head.seq == seq
            && Some(head.log) == plan.log
        {
            return Ok(head.hash.to_hex() == *hash);
        }
    }
    Ok(false)
}
