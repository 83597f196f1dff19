use std::io::{self, Write};
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use tool_audit::log::verify::Head;
use tool_audit::report::{SummaryRequest, summary_report};

use super::answer::{self, Form};
use crate::output::Output;
use crate::reader::Reader;
use crate::times::{Date, Zone};
use crate::verdict::{Failure, Verdict};

/// Sums up what happened in a range of time
///
/// Calls over time, failures, durations, outcomes, triggers, tools, users, alerts, emergencies and losses, with the
/// verifier's verdict. As HTML it is one page with charts and tables that loads nothing and runs nothing. Exit status: 0 the
/// logs are as they were written, 1 they are not or hold what could not be read, 2 there is no report.
#[derive(Debug, Args)]
#[command(after_help = "\
Example: a page about a month
  tool-audit report summary /var/audit --from 2025-07-01 --to 2025-07-31 --format html --output july.html")]
pub(crate) struct Arguments {
    /// A log's folder, a store, or a folder of stores
    log: PathBuf,
    /// What happened from this day or RFC 3339 instant on
    #[arg(long, value_name = "DATE")]
    from: Option<Date>,
    /// What happened up to this day or RFC 3339 instant, inclusive
    #[arg(long, value_name = "DATE")]
    to: Option<Date>,
    #[command(flatten)]
    zone: Zone,
    /// A head file; those of the store's other logs beside it are taken too
    #[arg(long, value_name = "FILE")]
    head: Option<PathBuf>,
    /// How many tools and users are shown, at most 100; the others are counted
    #[arg(long, value_name = "COUNT", default_value_t = 20, value_parser = clap::value_parser!(u8).range(1..=100))]
    most: u8,
    #[command(flatten)]
    reader: Reader,
    /// How the report is written
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    /// Write to this new file, which only its owner may read
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Text,
    Json,
    Html,
}

pub(super) fn run(arguments: &Arguments, out: &mut Output) -> Result<Verdict, Failure> {
    let mut request = SummaryRequest::new().shown(usize::from(arguments.most));
    if let Some(from) = arguments.from {
        request = request.from(arguments.zone.since(from));
    }
    if let Some(to) = arguments.to {
        request = request.to(arguments.zone.until(to));
    }
    if let Some(path) = &arguments.head {
        request = request.heads(Head::read_all(path).map_err(Failure::unable)?);
    }
    let file = answer::file(arguments.output.as_deref())?;
    let mut report = summary_report(&arguments.log, &request).map_err(Failure::unable)?;
    if let Some(zone) = arguments.zone.named() {
        report.show_in(zone.clone());
    }
    let reader = &arguments.reader;
    let how = answer::how(&arguments.format, file.is_some());
    reader.record_report(&arguments.log, &mut report, how);
    // Before it is printed: whoever reads may stop half way.
    let verdict = answer::note_verdict(
        &arguments.log,
        report.integrity_verified,
        &report.integrity,
        report.passed_over(),
    );
    let replayed = report.replayed;
    let give = |form, write: &mut dyn FnMut(&mut dyn Write) -> io::Result<()>| {
        answer::give(file, form, replayed, out, write)
    };
    verdict.of_printed(match arguments.format {
        Format::Text => give(Form::Text, &mut |out| write!(out, "{report}")),
        Format::Json => give(Form::Data, &mut |out| answer::write_json(&report, out)),
        Format::Html => {
            let page = answer::page(report.to_html(&reader.made()))?;
            give(Form::Data, &mut |out| out.write_all(&page))
        }
    })
}
