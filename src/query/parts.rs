//! Goes over all records of several logs, in parts that several threads examine.

use std::path::Path;
use std::sync::Arc;

use super::chunks::{Chunks, Pace};
use super::compiled::Compiled;
use super::cursor::LogCursor;
use super::plan::{self, PlannedLog};
use super::scan::shared;
use super::{Filter, LogSnapshot, PassedOver, QueryError};

/// What was read, and what of it could not be.
#[derive(Debug, Clone, Default)]
pub(crate) struct Read {
    pub(crate) passed: PassedOver,
    pub(crate) snapshots: Vec<LogSnapshot>,
}

/// Makes an answer of each part of the logs at `path`, and gives it to `take` in the order of each log.
pub(crate) fn of<T: Send + 'static>(
    path: &Path,
    filter: &Filter,
    make: impl Fn(&mut LogCursor, &Compiled) -> Result<T, QueryError> + Send + Sync + 'static,
    take: impl FnMut(T),
) -> Result<Read, QueryError> {
    let snapshots = shared(LogSnapshot::find(path)?);
    of_planned(PlannedLog::all_whole(snapshots), filter, make, take)
}

/// The same for the parts of logs that were chosen.
pub(crate) fn of_planned<T: Send + 'static>(
    logs: Vec<PlannedLog>,
    filter: &Filter,
    make: impl Fn(&mut LogCursor, &Compiled) -> Result<T, QueryError> + Send + Sync + 'static,
    mut take: impl FnMut(T),
) -> Result<Read, QueryError> {
    let compiled = Arc::new(Compiled::over(filter, &plan::snapshots(&logs))?);
    let pace = Pace::of(&logs, 1);
    let make = Arc::new(make);
    let mut read = Read::default();
    for log in logs {
        let (make, compiled) = (Arc::clone(&make), Arc::clone(&compiled));
        let examine = move |cursor: &mut LogCursor| make(cursor, &compiled);
        let mut chunks = Chunks::new(log, 0, pace.clone(), Arc::new(examine));
        while let Some(answer) = chunks.next()? {
            take(answer);
        }
        read.passed.add(chunks.passed_over());
        read.snapshots.push(chunks.snapshot().as_ref().clone());
    }
    Ok(read)
}
