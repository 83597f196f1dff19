//! Verifies logs, as FORMAT section 9 lays down.
//!
//! A line's hash and form need that line alone, and its link is a comparison of text with the line before.
//! So a log is cut at line ends into chunks that several threads verify by themselves; their summaries are put together
//! in order. Memory is the threads' chunks and the faults kept, whatever the size of the log or of a line.

mod bytes;
mod chain;
mod chunk;
mod error;
mod facts;
mod fault;
mod head;
mod head_text;
mod merge;
mod options;
mod plan;
mod report;
mod run;
mod start;
mod time;

#[cfg(feature = "evidence")]
pub(crate) use self::bytes::whole_lines_end;
pub use self::error::VerifyError;
pub use self::fault::{Fault, FaultKind, Place, Warning, WarningKind};
pub use self::head::Head;
pub use self::options::VerifyOptions;
pub use self::report::{LogReport, Report};

use std::path::Path;

use crate::log::store;

/// How far the work is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Progress {
    /// Bytes verified of the log at hand.
    pub done: u64,
    /// Bytes that it has.
    pub total: u64,
}

/// Verifies the log at `path`, or all logs at most three levels below it.
///
/// A log may be written meanwhile: it is verified as far as it went at the beginning.
///
/// ```
/// use tool_audit::log::verify::{VerifyOptions, verify};
/// use tool_audit::log::record::{LogId, Previous, seal};
///
/// let folder = tempfile::tempdir()?;
/// let mut line = Vec::new();
/// seal(&mut line, "log_created", LogId([7; 16]), Previous::Genesis, 0, br#""format":1"#);
/// let segment = folder.path().join("00000000000000000000.jsonl");
/// std::fs::write(&segment, &line)?;
/// assert!(verify(folder.path(), &VerifyOptions::new())?.is_intact());
///
/// line[100] ^= 1;
/// std::fs::write(&segment, &line)?;
/// let report = verify(folder.path(), &VerifyOptions::new())?;
/// assert!(!report.is_intact());
/// println!("{report}");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
///
/// The path holds no log, something in it cannot be read, or a log is of a newer format. Damage is no error: it stands in
/// the report.
pub fn verify(path: impl AsRef<Path>, options: &VerifyOptions) -> Result<Report, VerifyError> {
    verify_with_progress(path, options, &|_| {})
}

/// Like [`verify`], and tells `progress` now and then how far it is, from any of its threads.
///
/// # Errors
///
/// As [`verify`].
pub fn verify_with_progress(
    path: impl AsRef<Path>,
    options: &VerifyOptions,
    progress: &(dyn Fn(Progress) + Sync),
) -> Result<Report, VerifyError> {
    let path = path.as_ref();
    let folders = store::find_logs(path).map_err(|error| VerifyError::unreadable(path, error))?;
    if folders.is_empty() {
        return Err(VerifyError::NoLog {
            path: path.to_owned(),
        });
    }
    let mut logs = Vec::with_capacity(folders.len());
    for folder in &folders {
        logs.push(run::verify_log(folder, options, progress)?);
    }
    let mut faults = Vec::new();
    for head in &options.heads {
        if logs.iter().any(|log| log.log == Some(head.log)) {
            continue;
        }
        faults.push(Fault {
            kind: FaultKind::ForeignRecord,
            place: None,
            detail: format!("the head is of the log {}, which is not here", head.log),
        });
    }
    let intact = faults.is_empty() && logs.iter().all(|log| log.intact);
    let not_covered = not_covered(&logs, options);
    Ok(Report {
        intact,
        logs,
        faults,
        not_covered,
    })
}

fn not_covered(logs: &[LogReport], options: &VerifyOptions) -> Vec<String> {
    let uncovered: u64 = logs.iter().map(|log| log.uncovered).sum();
    let mut lines = Vec::new();
    if uncovered > 0 {
        lines.push(format!(
            "a cut tail and a full rewrite: no head kept elsewhere covers the last {uncovered} records, so that their removal, or other records in their place, would not show"
        ));
    }
    if logs.iter().any(|log| log.records == 0) {
        lines.push(
            "the removal of all records: a log here is empty, and no head kept elsewhere says whether it ever held any"
                .to_owned(),
        );
    }
    if !options.heads.is_empty() && logs.iter().any(|log| options.head_of(log.log).is_none()) {
        lines.push("the other logs' ends: no head is of them".to_owned());
    }
    if options.heads.is_empty() {
        lines.push("the removal of a whole log: no head says which logs there were".to_owned());
    }
    if logs.iter().any(|log| log.head_pruned) {
        lines.push("the head: what it names was pruned since".to_owned());
    }
    let begins_late = |log: &&LogReport| log.first_seq.is_some_and(|seq| seq > 0);
    let is_excerpt = |log: &LogReport| options.start_of(log.log).is_some();
    if logs.iter().filter(begins_late).any(is_excerpt) {
        lines.push("records before an excerpt: they are not here".to_owned());
    }
    if logs.iter().filter(begins_late).any(|log| !is_excerpt(log)) {
        lines.push("records that were pruned: they are gone, and only the record of the prune tells of them".to_owned());
    }
    if !options.byte_rule {
        lines.push(
            "the canonical form, times and open calls: the byte rule was not checked".to_owned(),
        );
    }
    lines.push("checkpoints: their signatures and roots were not looked at".to_owned());
    lines.push("calls that went round the audit layer: they leave no record".to_owned());
    lines.push("content that was false when it was written, and the writer's clock".to_owned());
    lines
}
