//! Segments: their names, and which of them a log's folder holds (FORMAT section 1).

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// The file on whose lock a writer holds the log.
pub const LOCK: &str = "LOCK";

/// The folder for bytes that recovery cut off.
pub const TORN: &str = "torn";

/// The name of the segment whose first record has this `_seq`.
///
/// ```
/// assert_eq!(tool_audit::log::segment::name(131072), "00000000000000131072.jsonl");
/// ```
#[must_use]
pub fn name(first_seq: u64) -> String {
    format!("{first_seq:020}.jsonl")
}

/// The `_seq` that a segment's file name tells, or none where the name is no segment's.
#[must_use]
pub fn first_seq(name: &str) -> Option<u64> {
    let digits = name.strip_suffix(".jsonl")?;
    if digits.len() != 20 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    digits.parse().ok()
}

/// The segments of a log's folder, in the order of their first `_seq`.
///
/// # Errors
///
/// What reading the folder gives.
pub fn list(folder: &Path) -> io::Result<Vec<(u64, PathBuf)>> {
    let mut segments = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if let Some(first) = entry.file_name().to_str().and_then(first_seq) {
            segments.push((first, entry.path()));
        }
    }
    segments.sort_unstable();
    Ok(segments)
}
