use std::collections::HashSet;
use std::io::Write;
use std::path::PathBuf;

use clap::Args;
use tool_audit::query::{
    Cursor, Filter, LogSnapshot, PassedOver, QueryError, Record, calls_without_end, scan,
    scan_reverse,
};

use crate::filter::FilterArguments;
use crate::output::{Output, note, note_passed_over};
use crate::reader::Reader;
use crate::rows::{RECORD_HEADER, Rows, of_record};
use crate::verdict::{Failure, Verdict};

/// Searches records, oldest first
///
/// Without a filter every record is given, of whatever kind. Records of several logs are merged by time. A
/// call that was started and has no end is shown as unknown. A search does not verify: `tool-audit verify` does.
#[derive(Debug, Args)]
#[command(after_help = "\
Example: failed calls of one user since a day, as they stand in the log
  tool-audit query /var/audit --user usr_9 --failures --since 2025-07-06 --json
Where --limit cuts an answer off, standard error says with which --after the next page begins.")]
pub(crate) struct Arguments {
    /// A log's folder, a store, or a folder of stores
    log: PathBuf,
    /// Give at most so many records
    #[arg(long, value_name = "COUNT")]
    limit: Option<usize>,
    /// Begin behind the record that this cursor names, in the order of the answer
    #[arg(long, value_name = "CURSOR")]
    after: Option<Cursor>,
    /// Newest first
    #[arg(long)]
    reverse: bool,
    /// Give the records as they stand, one JSON object a line
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    reader: Reader,
    #[command(flatten)]
    filter: FilterArguments,
}

pub(crate) fn run(arguments: &Arguments, out: &mut Output) -> Result<Verdict, Failure> {
    let filter: Filter = arguments.filter.to_filter();
    let passed = if arguments.reverse {
        let mut records = scan_reverse(&arguments.log, &filter)?;
        if let Some(cursor) = &arguments.after {
            records = records.after(cursor);
        }
        let snapshots: Vec<LogSnapshot> = records.logs().cloned().collect();
        recorded(arguments, &filter);
        print(arguments, &snapshots, &mut records, out)?;
        records.passed_over()
    } else {
        let mut records = scan(&arguments.log, &filter)?;
        if let Some(cursor) = &arguments.after {
            records = records.after(cursor);
        }
        let snapshots: Vec<LogSnapshot> = records.logs().cloned().collect();
        recorded(arguments, &filter);
        print(arguments, &snapshots, &mut records, out)?;
        records.passed_over()
    };
    Ok(verdict(arguments, &passed))
}

/// How many records the answer has is not known before it is printed.
fn recorded(arguments: &Arguments, filter: &Filter) {
    let mut asked = filter.describe();
    if let Some(limit) = arguments.limit {
        asked["limit"] = limit.into();
    }
    if let Some(cursor) = &arguments.after {
        asked["after"] = cursor.to_string().into();
    }
    if arguments.reverse {
        asked["reverse"] = true.into();
    }
    let reader = &arguments.reader;
    reader.record(&arguments.log, "query", asked, None);
}

fn print(
    arguments: &Arguments,
    snapshots: &[LogSnapshot],
    records: &mut dyn Iterator<Item = Result<Record, QueryError>>,
    out: &mut Output,
) -> Result<(), Failure> {
    out.introduce(snapshots.iter(), arguments.json)?;
    let mut rows = Rows::new(&RECORD_HEADER);
    let mut without_end: Option<HashSet<String>> = None;
    let mut last = None;
    let mut room = arguments.limit.unwrap_or(usize::MAX);
    for record in records {
        let record = record?;
        if room == 0 {
            rows.settle(out)?;
            if let Some(cursor) = last {
                out.flush()?;
                note(&format!(
                    "there are more: --after {cursor} gives what follows"
                ));
            }
            return Ok(());
        }
        room -= 1;
        last = Some(record.cursor());
        if arguments.json {
            out.json_line(record.line())?;
            continue;
        }
        let is_unknown = if record.kind() == "tool_call_started" {
            let calls = match without_end.take() {
                Some(calls) => calls,
                None => calls_without_end(&arguments.log, &Filter::new())?,
            };
            let call = record.entry().map(|entry| entry.call_id);
            let is_unknown = call.is_ok_and(|call| calls.contains(&call));
            without_end = Some(calls);
            is_unknown
        } else {
            false
        };
        rows.push(of_record(&record, is_unknown), out)?;
    }
    rows.settle(out)?;
    Ok(())
}

fn verdict(arguments: &Arguments, passed: &PassedOver) -> Verdict {
    note_passed_over(&arguments.log, passed)
}
