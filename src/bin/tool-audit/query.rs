use std::collections::HashSet;
use std::io::Write;
use std::path::PathBuf;

use clap::Args;
use tool_audit::query::{
    Cursor, Filter, LogSnapshot, PassedOver, QueryError, Record, ReverseScan, Scan,
};

use crate::filter::FilterArguments;
use crate::lookup::LookupArguments;
use crate::output::{Output, note, note_passed_over};
use crate::progress::ReadingLine;
use crate::reader::{Reader, Recorded};
use crate::rows::{RECORD_HEADER, Rows, is_unknown, of_record};
use crate::verdict::{Failure, Verdict};

/// Searches records, oldest first
///
/// Without a filter every record is given, of whatever kind. Records of several logs are merged by time. A
/// call that was started and has no end is shown as unknown. With --json records stand as they are: there it is a
/// `tool_call_started` whose call_id no `tool_call` has. A search does not verify: `tool-audit verify` does.
#[derive(Debug, Args)]
#[command(after_help = "\
Example: failed calls of one user since a day, as they stand in the log
  tool-audit query /var/audit --user usr_9 --failures --since 2025-07-06 --json
With --limit or --after, standard error says at the end with which --after the answer goes on: with the next page,
or with what is recorded later. The same LOG and filters belong to it.")]
pub(crate) struct Arguments {
    /// A log's folder, a store, or a folder of stores
    log: PathBuf,
    /// Give at most so many records
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u64).range(1..))]
    limit: Option<u64>,
    /// Go on where this cursor stands, in the direction of the answer
    #[arg(long, value_name = "CURSOR")]
    after: Option<Cursor>,
    /// Newest first
    #[arg(long)]
    reverse: bool,
    /// Give the records as they stand, one JSON object a line
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    lookup: LookupArguments,
    #[command(flatten)]
    reader: Reader,
    #[command(flatten)]
    filter: FilterArguments,
}

/// Records in one direction or the other.
trait Answer: Iterator<Item = Result<Record, QueryError>> {
    fn snapshots(&self) -> Vec<LogSnapshot>;
    fn cursor(&mut self) -> Cursor;
    fn calls_without_end(&self) -> Result<HashSet<String>, QueryError>;
    fn passed_over(&self) -> PassedOver;
}

impl Answer for Scan {
    fn snapshots(&self) -> Vec<LogSnapshot> {
        self.logs().cloned().collect()
    }

    fn cursor(&mut self) -> Cursor {
        Self::cursor(self)
    }

    fn calls_without_end(&self) -> Result<HashSet<String>, QueryError> {
        self.calls_without_end()
    }

    fn passed_over(&self) -> PassedOver {
        self.passed_over()
    }
}

impl Answer for ReverseScan {
    fn snapshots(&self) -> Vec<LogSnapshot> {
        self.logs().cloned().collect()
    }

    fn cursor(&mut self) -> Cursor {
        self.cursor()
    }

    fn calls_without_end(&self) -> Result<HashSet<String>, QueryError> {
        self.calls_without_end()
    }

    fn passed_over(&self) -> PassedOver {
        self.passed_over()
    }
}

pub(crate) fn run(arguments: &Arguments, out: &mut Output) -> Result<Verdict, Failure> {
    let filter: Filter = arguments.filter.to_filter()?;
    let mut answer: Box<dyn Answer> = if arguments.reverse {
        let mut records = arguments.lookup.scan_reverse(&arguments.log, &filter)?;
        if let Some(cursor) = &arguments.after {
            records = records.after(cursor);
        }
        Box::new(records)
    } else {
        let mut records = arguments.lookup.scan(&arguments.log, &filter)?;
        if let Some(cursor) = &arguments.after {
            records = records.after(cursor);
        }
        Box::new(records)
    };
    let recorded = record(arguments, &filter);
    let is_whole = print(arguments, recorded, answer.as_mut(), out)?;
    out.flush()?;
    note_cursor(arguments, &answer.cursor(), is_whole);
    Ok(note_passed_over(&arguments.log, &answer.passed_over()))
}

/// How many records the answer has is not known before it is printed.
fn record(arguments: &Arguments, filter: &Filter) -> Recorded {
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
    reader.record(&arguments.log, "query", asked, None)
}

/// Whether the answer ended before the limit did.
fn print(
    arguments: &Arguments,
    recorded: Recorded,
    answer: &mut dyn Answer,
    out: &mut Output,
) -> Result<bool, Failure> {
    out.introduce(answer.snapshots().iter(), recorded, arguments.json)?;
    let mut rows = Rows::new(&RECORD_HEADER);
    let mut without_end: Option<HashSet<String>> = None;
    let mut room = arguments.limit.unwrap_or(u64::MAX);
    let mut progress = ReadingLine::of(answer.snapshots());
    while room > 0 {
        let Some(record) = answer.next() else { break };
        let record = record?;
        if out.is_terminal() {
            // The answer itself shows from now on that there is progress.
            progress.end();
        }
        room -= 1;
        if arguments.json {
            out.json_line(record.line())?;
            continue;
        }
        if record.kind() == "tool_call_started" && without_end.is_none() {
            without_end = Some(answer.calls_without_end()?);
        }
        let is_unknown = without_end
            .as_ref()
            .is_some_and(|calls| is_unknown(&record, calls));
        let row = of_record(&record, is_unknown, &arguments.filter.zone);
        rows.push(row, out)?;
    }
    progress.end();
    rows.settle(out)?;
    Ok(room > 0)
}

/// Says where the answer goes on.
fn note_cursor(arguments: &Arguments, cursor: &Cursor, is_whole: bool) {
    let is_wanted = arguments.limit.is_some() || arguments.after.is_some();
    // Before the oldest record nothing comes any more.
    if !is_wanted || is_whole && arguments.reverse {
        return;
    }
    if cursor.logs().count() > Cursor::MOST_LOGS {
        note("these are too many logs for a cursor: query fewer stores at a time");
        return;
    }
    note(&if is_whole {
        format!("this is the end so far: --after {cursor} gives what comes later")
    } else {
        format!("--after {cursor} gives what follows")
    });
}
