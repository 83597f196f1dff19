use std::io::Write;
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use serde_json::Value;
use tool_audit::export::{
    CsvExporter, Export, ExportError, Exporter, FhirExporter, JsonLinesExporter, LeftOut,
    OcsfExporter, ToolAction, ToolActions,
};
use tool_audit::query::{Filter, LogSnapshot, escape};

use crate::filter::FilterArguments;
use crate::new_file::NewFile;
use crate::output::{Output, note, note_passed_over};
use crate::progress::ProgressLine;
use crate::reader::Reader;
use crate::verdict::{Failure, Verdict};

/// Gives records in a standard's own form, one line each
///
/// FHIR and OCSF have forms for calls alone: records of other kinds are left out, and counted on standard error.
/// CSV and JSON Lines give every record. Nothing is verified: `tool-audit verify` does that.
#[derive(Debug, Args)]
#[command(after_help = "\
Example: a patient system's calls of a month, for an audit repository
  tool-audit export /var/audit --format fhir-r4 --since 2025-07-01 --until 2025-07-31 \\
    --action read=get_patient --action 'query=search_*' --output july.ndjson")]
pub(crate) struct Arguments {
    /// A log's folder, a store, or a folder of stores
    log: PathBuf,
    /// The form
    #[arg(long, value_enum)]
    format: Format,
    /// Write a new file, which only its owner may read, instead of standard output; nothing is overwritten
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Give at most so many records
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u64).range(1..))]
    limit: Option<u64>,
    /// What a tool does, for FHIR and OCSF: create, read, update, delete or query, and the tool's name, with *
    /// for any letters
    #[arg(long, value_name = "ACTION=TOOL", value_parser = action)]
    action: Vec<(ToolAction, String)>,
    #[command(flatten)]
    filter: FilterArguments,
    #[command(flatten)]
    reader: Reader,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// FHIR AuditEvent R4
    FhirR4,
    /// FHIR AuditEvent R5
    FhirR5,
    /// OCSF 1.8 API Activity
    Ocsf,
    /// A table, every record a row
    Csv,
    /// Every record as it stands
    Jsonl,
}

fn action(text: &str) -> Result<(ToolAction, String), String> {
    text.split_once('=')
        .and_then(|(action, tool)| Some((ToolAction::from_name(action)?, tool.to_owned())))
        .filter(|(_, tool)| !tool.is_empty())
        .ok_or_else(|| {
            let words = ToolAction::ALL.map(ToolAction::as_str);
            format!(
                "give one of {}, = and a tool, such as read=get_patient",
                words.join(", ")
            )
        })
}

impl Arguments {
    /// What was asked for: which records, how many at most, and in what form they go where.
    fn asked(&self, filter: &Filter) -> Value {
        let mut asked = filter.describe();
        let format = self.format.to_possible_value();
        asked["format"] = format.as_ref().map_or("", |value| value.get_name()).into();
        asked["to_file"] = self.output.is_some().into();
        if let Some(limit) = self.limit {
            asked["limit"] = limit.into();
        }
        asked
    }

    fn exporter(&self) -> Box<dyn Exporter> {
        let mut actions = ToolActions::new();
        for (action, tool) in &self.action {
            actions = actions.tool(tool, *action);
        }
        match self.format {
            Format::FhirR4 => Box::new(FhirExporter::r4().actions(actions)),
            Format::FhirR5 => Box::new(FhirExporter::r5().actions(actions)),
            Format::Ocsf => Box::new(OcsfExporter::new().actions(actions)),
            Format::Csv => Box::new(CsvExporter::new()),
            Format::Jsonl => Box::new(JsonLinesExporter::new()),
        }
    }
}

pub(crate) fn run(arguments: &Arguments, out: &mut Output) -> Result<Verdict, Failure> {
    let filter = arguments.filter.to_filter()?;
    let output = arguments.output.as_deref();
    let file = output.map(NewFile::create).transpose()?;
    let mut export = Export::open(&arguments.log, &filter, arguments.exporter())?;
    let snapshots: Vec<LogSnapshot> = export.logs().cloned().collect();
    let reader = &arguments.reader;
    let recorded = reader.record(&arguments.log, "export", arguments.asked(&filter), None);
    // Every line is for programs, and in a standard's own form: there is no room for more.
    out.introduce(snapshots.iter(), recorded, true)?;
    match file {
        Some(file) => to_file(arguments, &mut export, file)?,
        None => to_standard_output(arguments, &mut export, out)?,
    }
    let left_out = note_left_out(arguments, export.left_out());
    Ok(left_out.and(note_passed_over(&arguments.log, &export.passed_over())))
}

type Lines = Export<Box<dyn Exporter>>;

fn to_standard_output(
    arguments: &Arguments,
    export: &mut Lines,
    out: &mut Output,
) -> Result<(), Failure> {
    each_line(arguments, export, |line| {
        if arguments.format == Format::Csv {
            out.write_all(line.as_bytes())?;
        } else {
            out.json_line(line.trim_end_matches('\n'))?;
        }
        Ok(())
    })
}

fn to_file(arguments: &Arguments, export: &mut Lines, mut file: NewFile) -> Result<(), Failure> {
    let progress = ProgressLine::new();
    let mut lines = 0_u64;
    let written = each_line(arguments, export, |line| {
        lines += 1;
        progress.show(|| format!("{lines} lines written"));
        let written = file.write_all(line.as_bytes());
        written.map_err(|error| file.failed(&error))
    });
    progress.clear();
    written.and_then(|()| file.finish())
}

/// Hands on every line up to the limit. A header is no record.
fn each_line(
    arguments: &Arguments,
    export: &mut Lines,
    mut take: impl FnMut(&str) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let header = u64::from(arguments.format == Format::Csv);
    let limit = arguments
        .limit
        .map_or(u64::MAX, |limit| limit.saturating_add(header));
    for _ in 0..limit {
        match export.next_line() {
            Ok(Some(line)) => take(line)?,
            Ok(None) => break,
            Err(ExportError::Read(error)) => return Err(error.into()),
            Err(error) => return Err(Failure::unable(error)),
        }
    }
    Ok(())
}

/// Says what has no line; bad where that is a call.
fn note_left_out(arguments: &Arguments, left_out: &LeftOut) -> Verdict {
    if !left_out.kinds.is_empty() {
        let kinds: Vec<String> = left_out
            .kinds
            .iter()
            .map(|(kind, count)| format!("{count} {}", escape(kind)))
            .collect();
        let format = arguments.format.to_possible_value();
        let format = format
            .as_ref()
            .map_or("this format", |value| value.get_name());
        note(&format!(
            "left out, since {format} has a form for calls alone: {}",
            kinds.join(", ")
        ));
    }
    if let Some(first) = &left_out.first_unreadable {
        note(&match left_out.unreadable {
            1 => format!("a call is left out: {first}"),
            count => format!("{count} calls are left out, the first: {first}"),
        });
    }
    Verdict::bad_if(left_out.unreadable > 0)
}
