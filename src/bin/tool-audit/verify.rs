use std::io::Write;
use std::path::PathBuf;

use clap::Args;
use tool_audit::log::verify::{Head, Report, VerifyOptions, WarningKind, verify_with_progress};
use tool_audit::query::escape;

use crate::output::{Colour, Output};
use crate::progress::ProgressLine;
use crate::reader::{Reader, Recorded};
use crate::verdict::{Failure, Verdict};

/// Verifies that a log is as it was written
///
/// Every fault is told with its segment, line and number, and the verdict says what it does not cover. With
/// a head file that was kept elsewhere a cut tail and a rewritten log show too. A log may be written
/// meanwhile. That it was verified is recorded in the store afterwards. Exit status: 0 intact, 1 damaged, 2 could not be read.
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  tool-audit verify /var/audit --head /mnt/elsewhere/audit.head")]
pub(crate) struct Arguments {
    /// A log's folder, a store, or a folder of stores
    log: PathBuf,
    /// A head file: the newest record that the log is known to have had; those of the store's other logs beside it are
    /// taken too
    #[arg(long, value_name = "FILE")]
    head: Option<PathBuf>,
    /// A file like a head file, of the record behind which an excerpt of the log begins; those beside it are taken too
    #[arg(long, value_name = "FILE")]
    start: Option<PathBuf>,
    /// Give one JSON object
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    reader: Reader,
}

pub(crate) fn run(arguments: &Arguments, out: &mut Output) -> Result<Verdict, Failure> {
    let mut options = VerifyOptions::new();
    if let Some(path) = &arguments.head {
        options = options.heads(Head::read_all(path).map_err(Failure::unable)?);
    }
    if let Some(path) = &arguments.start {
        options = options.starts(Head::read_all(path).map_err(Failure::unable)?);
    }
    let line = ProgressLine::new();
    let verified = verify_with_progress(&arguments.log, &options, &|progress| {
        let percent = progress.done.saturating_mul(100) / progress.total.max(1);
        line.show(|| format!("{percent} % verified"));
    });
    line.clear();
    let report = verified.map_err(Failure::unable)?;
    // Not before: the record changes the log `admin`, which is verified too.
    let records = report.records();
    let reader = &arguments.reader;
    let recorded = reader.record_in_store(&arguments.log, "verify", records);
    let verdict = Verdict::bad_if(!report.is_intact());
    verdict.of_printed(print(&report, recorded, arguments.json, out))
}

fn print(report: &Report, recorded: Recorded, json: bool, out: &mut Output) -> Result<(), Failure> {
    out.mark(recorded, json)?;
    let warnings = report.logs.iter().flat_map(|log| &log.warnings);
    if warnings
        .into_iter()
        .any(|warning| warning.kind == WarningKind::Replayed)
    {
        out.say_replayed(json)?;
    }
    if json {
        out.json_line(&recorded.json(report)?)?;
        return Ok(());
    }
    let mut text = report.to_string();
    // A folder's name may hold a line feed; nothing else in the report's text does.
    for log in &report.logs {
        let name = log.folder.display().to_string();
        text = text.replace(&name, &escape(&name));
    }
    for line in text.lines() {
        let line = escape(line);
        let line = out.paint(colour(&line), &line);
        writeln!(out, "{line}")?;
    }
    Ok(())
}

fn colour(line: &str) -> Option<Colour> {
    let words = line.trim_start();
    if words.starts_with("FAULT") || words.starts_with("DAMAGED") || line.ends_with(": DAMAGED") {
        Some(Colour::Red)
    } else if words.starts_with("warning") {
        Some(Colour::Yellow)
    } else if words.starts_with("INTACT") {
        Some(Colour::Green)
    } else {
        None
    }
}
