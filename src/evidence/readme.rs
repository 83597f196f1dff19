//! The archive's own words.

use std::fmt::Write;

use chrono::{DateTime, Utc};

use super::EvidenceRequest;
use super::excerpt::Excerpt;
use crate::query::{escape, instant};

/// What could act on a terminal is [escaped](escape).
pub(super) fn write(request: &EvidenceRequest, at: DateTime<Utc>, excerpt: &Excerpt) -> Vec<u8> {
    let from = request
        .from
        .map_or("the beginning".to_owned(), instant::to_text);
    let to = request.to.map_or("now".to_owned(), instant::to_text);
    let mut words = format!(
        "AN EXCERPT OF AN AUDIT LOG\n\n\
        Packed on {} by {} with tool-audit {}.\n\
        Range: from {from} to {to}, both inclusive.\n",
        instant::to_text(at),
        escape(&request.by),
        env!("CARGO_PKG_VERSION"),
    );
    if excerpt.replayed {
        words.push_str(
            "\nREPLAYED: recorded calls were sent through the layer again; none of this happened.\n",
        );
    }
    if request.not_recorded {
        words.push_str("\nNOT RECORDED: that this was packed stands nowhere in the store.\n");
    }
    words.push_str("\nSegments, as they stand in the store, and of one that is being written all whole records:\n\n");
    for log in &excerpt.logs {
        for segment in &log.segments {
            let path = log.name.join(&segment.name);
            // Writing into a String cannot fail.
            let _ = writeln!(
                words,
                "  {:>12} bytes  {}",
                segment.length,
                escape(&path.to_string_lossy())
            );
        }
    }
    if !excerpt.left_out.is_empty() {
        words.push_str("\nLogs of which no record is in the range, and nothing is here:\n\n");
        for name in &excerpt.left_out {
            let _ = writeln!(words, "  {}", escape(&name.to_string_lossy()));
        }
    }
    words.push_str(WHAT_IS_WHAT);
    words.into_bytes()
}

const WHAT_IS_WHAT: &str = "
A segment is here where a record in it has a time of the range, and every one between two such. So there are
records of before and after the range too; a segment that is cut to it could not be verified.

What is what
  store/        the logs' segments, byte for byte, their checkpoints, and what recovery once cut off (torn/);
                store/.../admin is the record of who read the store, held records back and reviewed what
  heads/        head.LOG names the last record of each log that is here, start.LOG the record before the first, where
                the excerpt begins later than its log
  verdict.txt   what the verifier found in the whole store when this was packed, and what that does not cover
  verdict.json  the same for programs
  FORMAT.md     what every byte of a log means, enough to write a verifier from
  SHA256SUMS    of every other file

How to check it
  1. sha256sum --check SHA256SUMS
  2. tool-audit verify store --start heads/start --head heads/head
     Leave --start out where no file heads/start.LOG is here. Verifying adds a record of the reading to
     store/.../admin, so take the sums first, or verify a copy.

The heads are those of this archive: they show that a copy of it was cut, and not that the store was before.
Against that, compare them with heads that were kept elsewhere while the log was written.
";
