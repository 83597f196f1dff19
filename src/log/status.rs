use std::path::PathBuf;

use super::damage::Damage;
use super::record::{LogId, RecordHash};

/// How a log does, as its writer sees it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct LogStatus {
    /// Where the log lies.
    pub place: PathBuf,
    /// The class whose records it holds.
    pub retention_class: String,
    /// The log's name; none before its first record.
    pub log: Option<LogId>,
    /// How many segments it has.
    pub segments: u64,
    /// The newest record, perhaps not yet written.
    pub last: Option<(u64, RecordHash)>,
    /// The newest record that this writer brought onto the disk.
    pub durable: Option<(u64, RecordHash)>,
    /// Calls that were started and have not ended.
    pub open_calls: usize,
    /// Bytes that were cut off the log's end when it was opened.
    pub torn_bytes: u64,
    /// What was found wrong with the log, at its opening and since.
    pub damage: Vec<Damage>,
    /// The last thing that failed, also where it went well since.
    pub last_error: Option<String>,
}

impl LogStatus {
    /// True where the writer found that somebody changed the log, or that records were cut off its end.
    #[must_use]
    pub fn is_damaged(&self) -> bool {
        !self.damage.is_empty()
    }
}
