use std::num::NonZeroUsize;
use std::thread;

use super::Head;
use crate::log::LogId;

/// How a path is verified.
///
/// ```
/// use tool_audit::log::verify::VerifyOptions;
///
/// let options = VerifyOptions::new().threads(1).most_faults(20);
/// assert!(options.checks_byte_rule());
/// ```
#[derive(Debug, Clone)]
pub struct VerifyOptions {
    pub(super) threads: usize,
    pub(super) byte_rule: bool,
    pub(super) heads: Vec<Head>,
    pub(super) starts: Vec<Head>,
    pub(super) most_faults: usize,
}

impl Default for VerifyOptions {
    fn default() -> Self {
        Self {
            threads: thread::available_parallelism().map_or(1, NonZeroUsize::get),
            byte_rule: true,
            heads: Vec::new(),
            starts: Vec::new(),
            most_faults: 1000,
        }
    }
}

impl VerifyOptions {
    /// As many threads as the machine has processors, the byte rule checked, no head, at most 1,000 faults of each
    /// log kept.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// How many threads work; at least one.
    #[must_use]
    pub fn threads(mut self, threads: usize) -> Self {
        self.threads = threads.max(1);
        self
    }

    /// Whether the byte rule of FORMAT section 2 is checked.
    ///
    /// Without it hashes and links alone are checked, about twice as fast. Bytes that were not canonical when they were
    /// sealed then pass; times and open calls are not looked at.
    #[must_use]
    pub fn byte_rule(mut self, check: bool) -> Self {
        self.byte_rule = check;
        self
    }

    /// Whether the byte rule is checked.
    #[must_use]
    pub fn checks_byte_rule(&self) -> bool {
        self.byte_rule
    }

    /// A head that the log must reach: see [`Head::read`].
    ///
    /// In a store it is compared with the log that it names; each log may have one, and of several that name the same
    /// log the last one counts. A head whose log is not there is a fault: so a log that was removed shows.
    #[must_use]
    pub fn head(mut self, head: Head) -> Self {
        self.heads.retain(|other| other.log != head.log);
        self.heads.push(head);
        self
    }

    /// [`head`](Self::head) for several.
    #[must_use]
    pub fn heads(self, heads: impl IntoIterator<Item = Head>) -> Self {
        heads.into_iter().fold(self, Self::head)
    }

    /// The record behind which an excerpt of its log begins, where segments were handed over without those before them: a
    /// log that begins with the record that follows it is whole.
    #[must_use]
    pub fn start(mut self, before: Head) -> Self {
        self.starts.retain(|other| other.log != before.log);
        self.starts.push(before);
        self
    }

    /// [`start`](Self::start) for several.
    #[must_use]
    pub fn starts(self, before: impl IntoIterator<Item = Head>) -> Self {
        before.into_iter().fold(self, Self::start)
    }

    /// The record behind which this log begins.
    pub(super) fn start_of(&self, log: Option<LogId>) -> Option<Head> {
        let mut starts = self.starts.iter();
        starts.find(|start| Some(start.log) == log).copied()
    }

    /// The head of this log.
    pub(super) fn head_of(&self, log: Option<LogId>) -> Option<Head> {
        self.heads
            .iter()
            .find(|head| Some(head.log) == log)
            .copied()
    }

    /// How many faults of each log are kept in the report; all are counted.
    #[must_use]
    pub fn most_faults(mut self, most: usize) -> Self {
        self.most_faults = most;
        self
    }
}
