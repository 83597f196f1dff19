//! Pruning by the one who writes the logs.

use std::path::PathBuf;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use super::prune::{check_clock, planned};
use super::report::{LogPrune, Plan};
use super::{PruneOptions, RetentionError};
use crate::admin::act::AdminLock;
use crate::log::{LogError, LogWriter, Storage};

/// Looks every so often for what may go. It looks on a thread of its own; the writer's thread only removes files.
#[derive(Debug)]
pub(crate) struct Pruner {
    store: PathBuf,
    options: PruneOptions,
    every: Duration,
    /// When to look, by the clock's monotonic time; at once at first.
    due: Option<Duration>,
    looking: Option<JoinHandle<Result<Ready, RetentionError>>>,
}

/// What is to go, and nobody can set a hold meanwhile.
#[derive(Debug)]
pub(crate) struct Ready {
    _lock: Option<AdminLock>,
    plans: Vec<LogPrune>,
    options: PruneOptions,
}

impl Pruner {
    pub(crate) fn new(store: PathBuf, every: Duration, options: PruneOptions) -> Self {
        Self {
            store,
            options,
            every,
            due: None,
            looking: None,
        }
    }

    /// Begins to look where it is time to; gives what was found where that is done.
    pub(crate) fn look(
        &mut self,
        folders: impl FnOnce() -> Vec<PathBuf>,
    ) -> Option<Result<Ready, RetentionError>> {
        if let Some(looking) = self.looking.take_if(|looking| looking.is_finished()) {
            let found = looking.join();
            return Some(found.unwrap_or_else(|_| {
                let error = std::io::Error::other("it panicked");
                let error = LogError::io("looking for what may go from", &self.store, error);
                Err(error.into())
            }));
        }
        let now = self.options.clock.monotonic();
        if self.looking.is_some() || self.due.is_some_and(|due| now < due) {
            return None;
        }
        self.due = Some(now.saturating_add(self.every));
        let (store, folders, options) = (self.store.clone(), folders(), self.options.clone());
        let looking = thread::Builder::new()
            .name("tool-audit-prune".to_owned())
            .spawn(move || {
                check_clock(&store, &options)?;
                let (lock, plans) = planned(&store, &folders, &options)?;
                Ok(Ready {
                    _lock: lock,
                    plans,
                    options,
                })
            });
        match looking {
            Ok(looking) => {
                self.looking = Some(looking);
                None
            }
            Err(error) => Some(Err(LogError::io(
                "starting a thread to prune",
                &self.store,
                error,
            )
            .into())),
        }
    }
}

impl Ready {
    /// Removes what is to go of the writer's log.
    pub(crate) fn take<S: Storage>(&self, writer: &mut LogWriter<S>) -> Result<(), LogError> {
        let place = writer.place().to_owned();
        let Some(log) = self.plans.iter().find(|log| log.folder == place) else {
            return Ok(());
        };
        match &log.plan {
            Plan::Nothing => return Ok(()),
            Plan::Prune(prune) => writer.prune(prune, &self.options.by())?,
            Plan::Finish(pruned, kept) => writer.resume_prune(pruned.clone(), *kept)?,
        }
        tracing::info!(target: "tool_audit::sink", log = %place.display(), records = log.records, through_seq = log.through_seq, "pruned expired segments of the audit log");
        Ok(())
    }
}
