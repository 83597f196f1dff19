use std::collections::HashSet;
use std::io::Write;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use tool_audit::query::{Follow, Record};

use crate::filter::FilterArguments;
use crate::output::{Output, note_passed_over};
use crate::reader::Reader;
use crate::rows::{RECORD_HEADER, Rows, is_unknown, of_record};
use crate::verdict::{Failure, Verdict};

/// Shows the newest records, and with -f new ones as they come
///
/// It follows logs across rotation and pruning, and logs that appear later. Among the records that it begins with, a call
/// that was started and has no end is shown as unknown; one that starts later shows as started.
#[derive(Debug, Args)]
#[command(after_help = "\
Example: watch failures
  tool-audit tail -f /var/audit --failures")]
pub(crate) struct Arguments {
    /// A log's folder, a store, or a folder of stores
    log: PathBuf,
    /// Go on until interrupted
    #[arg(short, long)]
    follow: bool,
    /// How many records to begin with
    #[arg(short = 'n', long, value_name = "COUNT", default_value_t = 10)]
    lines: usize,
    /// Give the records as they stand, one JSON object a line
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    reader: Reader,
    #[command(flatten)]
    filter: FilterArguments,
}

/// How often a log is looked at.
const INTERVAL: Duration = Duration::from_millis(200);

pub(crate) fn run(arguments: &Arguments, out: &mut Output) -> Result<Verdict, Failure> {
    let filter = arguments.filter.to_filter()?;
    let (newest, mut follow) = Follow::open(&arguments.log, &filter, arguments.lines)?;
    // How many come later nobody knows.
    let records = (!arguments.follow).then_some(newest.len() as u64);
    let reader = &arguments.reader;
    let recorded = reader.record(&arguments.log, "tail", filter.describe(), records);
    out.mark(recorded, arguments.json)?;
    if follow.is_replayed() {
        out.say_replayed(arguments.json)?;
    }
    let mut rows = Rows::new(&RECORD_HEADER);
    print(
        arguments,
        newest,
        follow.calls_without_end(),
        &mut rows,
        out,
    )?;
    let none = HashSet::new();
    let mut noted = follow.passed_over().clone();
    let verdict = note_passed_over(&arguments.log, follow.passed_over());
    if !arguments.follow {
        return Ok(verdict);
    }
    // A reading does not find itself: what it left in `admin` comes first.
    let mut added = follow.poll()?;
    added.retain(|record| !is_of_reading(record));
    print(arguments, added, &none, &mut rows, out)?;
    loop {
        let added = follow.poll()?;
        // There may be more than one turn gives.
        if added.is_empty() {
            std::thread::sleep(INTERVAL);
        }
        print(arguments, added, &none, &mut rows, out)?;
        let passed = follow.passed_over();
        if passed.bad_lines > noted.bad_lines || passed.pruned_segments > noted.pruned_segments {
            noted = passed.clone();
            note_passed_over(&arguments.log, passed);
        }
    }
}

/// Whether a record is one of those that recording a reading leaves.
fn is_of_reading(record: &Record) -> bool {
    let admin = record
        .folder()
        .file_name()
        .is_some_and(|name| name == "admin");
    let opens_or_closes = record.kind().starts_with("log_") || record.kind() == "segment_opened";
    admin && opens_or_closes
}

fn print(
    arguments: &Arguments,
    records: Vec<Record>,
    without_end: &HashSet<String>,
    rows: &mut Rows,
    out: &mut Output,
) -> Result<(), Failure> {
    for record in records {
        if arguments.json {
            out.json_line(record.line())?;
        } else {
            let is_unknown = is_unknown(&record, without_end);
            let row = of_record(&record, is_unknown, &arguments.filter.zone);
            rows.push(row, out)?;
        }
    }
    rows.settle(out)?;
    out.flush()?;
    Ok(())
}
