//! Records that stand at the end of one segment and again at the beginning of a later one (FORMAT
//! section 6).

use std::collections::HashSet;
use std::io::Read;

use super::QueryError;
use super::lines::{Lines, Step};
use super::record::Place;
use super::snapshot::{self, Segment};
use crate::log::RecordHash;
use crate::log::record::MAX_RECORD;

/// Records by their numbers and hashes.
pub(crate) type Repeats = HashSet<(u64, RecordHash)>;

/// The records of earlier segments that segment `index` may repeat; empty as a rule, and found to be so
/// by one small read.
pub(crate) fn of_segment(
    segments: &[Segment],
    index: usize,
) -> Result<HashSet<(u64, RecordHash)>, QueryError> {
    let mut repeats = HashSet::new();
    let Some(first_seq) = segments.get(index).map(|segment| segment.first_seq) else {
        return Ok(repeats);
    };
    // Names rise from segment to segment, so a record of an older one stands in the last one too.
    let earlier = segments[..index]
        .iter()
        .rev()
        .find(|segment| segment.length > 0);
    let Some(earlier) = earlier else {
        return Ok(repeats);
    };
    match in_earlier(earlier, first_seq, &mut repeats) {
        // What a pruned segment held is superseded by nothing that is left.
        Err(error) if earlier.was_pruned(&error) => Ok(HashSet::new()),
        read => read.map(|()| repeats),
    }
}

fn in_earlier(
    earlier: &Segment,
    first_seq: u64,
    repeats: &mut HashSet<(u64, RecordHash)>,
) -> Result<(), QueryError> {
    if last_seq(earlier)?.is_some_and(|last| last < first_seq) {
        return Ok(());
    }
    let mut lines = Lines::new(snapshot::read_from(earlier, 0)?, MAX_RECORD, 0);
    loop {
        let step = lines
            .advance()
            .map_err(|error| QueryError::io("reading", &earlier.path, error))?;
        match step {
            Step::Line => {
                if let Some(place) = Place::of(lines.line()).filter(|place| place.seq >= first_seq)
                {
                    repeats.insert((place.seq, place.hash));
                }
            }
            Step::TooLong => {}
            Step::Unfinished(_) | Step::End => return Ok(()),
        }
    }
}

/// The number of a segment's last record, looked for in the segment's last MiB.
fn last_seq(segment: &Segment) -> Result<Option<u64>, QueryError> {
    const TAIL: u64 = 1024 * 1024;
    let offset = segment.length.saturating_sub(TAIL);
    let mut tail = Vec::new();
    snapshot::read_from(segment, offset)?
        .read_to_end(&mut tail)
        .map_err(|error| QueryError::io("reading", &segment.path, error))?;
    Ok(tail
        .split(|byte| *byte == b'\n')
        .rev()
        // What stands behind the last line feed is no record.
        .skip(1)
        .find_map(Place::of)
        .map(|place| place.seq))
}
