use std::sync::{Arc, Mutex, PoisonError};

use crate::log::LogStatus;
use crate::sink::SinkStatus;

/// How a [`HashChainSink`](super::HashChainSink) does.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct HashChainStatus {
    /// Each log, `general` first.
    pub logs: Vec<LogStatus>,
    /// The queue before the writer; none for a store in memory.
    pub queue: Option<SinkStatus>,
}

impl HashChainStatus {
    /// True where the writer found that somebody changed a log, or that records were cut off one's end.
    #[must_use]
    pub fn is_damaged(&self) -> bool {
        self.logs.iter().any(LogStatus::is_damaged)
    }
}

/// What the writer's thread tells of its logs, for others to read.
#[derive(Debug, Clone, Default)]
pub(super) struct Statuses(Arc<Mutex<Vec<LogStatus>>>);

impl Statuses {
    pub(super) fn get(&self) -> Vec<LogStatus> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Lets `tell` say how a log does. Logs are told of in their order at first.
    pub(super) fn update(&self, index: usize, tell: impl FnOnce(&mut LogStatus)) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() == index {
            all.push(LogStatus::default());
        }
        if let Some(status) = all.get_mut(index) {
            tell(status);
        }
    }
}
