use std::path::PathBuf;

use clap::Args;
use tool_audit::query::{Filter, LogSnapshot, PassedOver, QueryError, Record, scan, scan_reverse};

use crate::filter::FilterArguments;
use crate::output::{Output, note_passed_over};
use crate::rows::{RECORD_HEADER, Rows, of_record};
use crate::verdict::{Failure, Verdict};

/// Searches records, oldest first
///
/// Without a filter every record is given, of whatever kind. Records of several logs are merged by time. A
/// search does not verify: `tool-audit verify` does.
#[derive(Debug, Args)]
#[command(after_help = "\
Example: failed calls of one user since a day, as they stand in the log
  tool-audit query /var/audit --user usr_9 --failures --since 2025-07-06 --json")]
pub(crate) struct Arguments {
    /// A log's folder, a store, or a folder of stores
    log: PathBuf,
    /// Give at most so many records
    #[arg(long, value_name = "COUNT")]
    limit: Option<usize>,
    /// Newest first
    #[arg(long)]
    reverse: bool,
    /// Give the records as they stand, one JSON object a line
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    filter: FilterArguments,
}

pub(crate) fn run(arguments: &Arguments, out: &mut Output) -> Result<Verdict, Failure> {
    let filter: Filter = arguments.filter.to_filter();
    let passed = if arguments.reverse {
        let mut records = scan_reverse(&arguments.log, &filter)?;
        let snapshots: Vec<LogSnapshot> = records.logs().cloned().collect();
        print(arguments, &snapshots, &mut records, out)?;
        records.passed_over()
    } else {
        let mut records = scan(&arguments.log, &filter)?;
        let snapshots: Vec<LogSnapshot> = records.logs().cloned().collect();
        print(arguments, &snapshots, &mut records, out)?;
        records.passed_over()
    };
    Ok(verdict(arguments, &passed))
}

fn print(
    arguments: &Arguments,
    snapshots: &[LogSnapshot],
    records: &mut dyn Iterator<Item = Result<Record, QueryError>>,
    out: &mut Output,
) -> Result<(), Failure> {
    out.replayed(snapshots.iter(), arguments.json)?;
    let mut rows = Rows::new(&RECORD_HEADER);
    for record in records.take(arguments.limit.unwrap_or(usize::MAX)) {
        let record = record?;
        if arguments.json {
            out.json_line(record.line())?;
        } else {
            rows.push(of_record(&record), out)?;
        }
    }
    rows.settle(out)?;
    Ok(())
}

fn verdict(arguments: &Arguments, passed: &PassedOver) -> Verdict {
    note_passed_over(&arguments.log, passed)
}
