use std::fmt;
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::readable::escape;

/// A line that could not be read as a record.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct BadLine {
    /// The segment in which it stands.
    pub segment: PathBuf,
    /// Its number in the segment, from 1.
    pub line: u64,
    /// What is wrong with it; nothing of the line itself.
    pub reason: &'static str,
}

impl fmt::Display for BadLine {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "{}, line {}: {}",
            escape(&self.segment.to_string_lossy()),
            self.line,
            self.reason
        )
    }
}

/// What a scan passed over, so that nothing goes missing in silence.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct PassedOver {
    /// Lines that could not be read: the log is damaged, and `verify` says how.
    pub bad_lines: u64,
    /// Calls with a member or a word that this version does not know: a newer one reads them. Reports alone count them,
    /// and hold of such a call what they understand.
    pub not_understood: u64,
    /// The first of those.
    #[serde(skip)]
    pub first_not_understood: Option<BadLine>,
    /// The first bad lines, at most [`PassedOver::KEPT`].
    #[serde(skip)]
    pub first: Vec<BadLine>,
    /// Records that stand again, byte for byte, at the beginning of a later segment (FORMAT section 6).
    #[serde(skip)]
    pub superseded: u64,
    /// Bytes behind the last line feed of a log: a record being written, or torn by a crash.
    pub unfinished_bytes: u64,
    /// Segments that retention took away, or that went with their log's folder, before they were read to their
    /// end.
    pub pruned_segments: u64,
}

impl PassedOver {
    /// How many bad lines are kept with their places.
    pub const KEPT: usize = 10;

    pub(crate) fn bad_line(&mut self, segment: &Path, line: u64, reason: &'static str) {
        self.bad_lines += 1;
        if self.first.len() < Self::KEPT {
            self.first.push(BadLine {
                segment: segment.to_owned(),
                line,
                reason,
            });
        }
    }

    pub(crate) fn not_understood(&mut self, segment: &Path, line: u64, reason: &'static str) {
        self.not_understood += 1;
        self.first_not_understood.get_or_insert_with(|| BadLine {
            segment: segment.to_owned(),
            line,
            reason,
        });
    }

    pub(crate) fn add(&mut self, other: &Self) {
        self.bad_lines += other.bad_lines;
        self.not_understood += other.not_understood;
        if self.first_not_understood.is_none() {
            self.first_not_understood
                .clone_from(&other.first_not_understood);
        }
        self.superseded += other.superseded;
        self.unfinished_bytes += other.unfinished_bytes;
        self.pruned_segments += other.pruned_segments;
        let room = Self::KEPT.saturating_sub(self.first.len());
        self.first.extend(other.first.iter().take(room).cloned());
    }
}
