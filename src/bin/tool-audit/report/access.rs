use std::io::{self, Write};
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use tool_audit::log::verify::Head;
use tool_audit::report::{AccessRequest, access_report};

use super::answer::{self, Form};
use crate::keys;
use crate::output::Output;
use crate::reader::Reader;
use crate::times::{Date, Zone};
use crate::verdict::{Failure, Verdict};

/// Tells who saw a person's records, or what a user saw
///
/// The report says with the verifier's verdict whether what it rests on is as it was written. Exit status: 0 it is, 1 it is
/// not or holds what could not be read, 2 there is no report. Give a clear-text identifier on standard input: a command line can be seen by others.
#[derive(Debug, Args)]
#[command(after_help = "\
Example: who saw this patient's records in a year
  tool-audit report access /var/audit --subject - --pseudonym-key /etc/audit/k2026.key \\
    --from 2025-01-01 --to 2025-12-31 --head /mnt/elsewhere/audit.head --format json < mrn.txt")]
pub(crate) struct Arguments {
    /// A log's folder, a store, or a folder of stores
    pub(super) log: PathBuf,
    /// An identifier of the person, several times for several; - reads them from standard input, one a line
    #[arg(long, value_name = "ID", required_unless_present = "user")]
    subject: Vec<String>,
    /// A user, as the record names them or in clear; - reads it from standard input
    #[arg(long, value_name = "ID", conflicts_with = "subject")]
    user: Option<String>,
    /// Calls from this day or RFC 3339 instant on
    #[arg(long, value_name = "DATE")]
    from: Option<Date>,
    /// Calls up to this day or RFC 3339 instant, inclusive
    #[arg(long, value_name = "DATE")]
    to: Option<Date>,
    #[command(flatten)]
    zone: Zone,
    /// A head file; those of the store's other logs beside it are taken too
    #[arg(long, value_name = "FILE")]
    head: Option<PathBuf>,
    /// The policy file with which the log was written, with its keys
    #[arg(long, value_name = "FILE", conflicts_with = "pseudonym_key")]
    policy: Option<PathBuf>,
    /// A key that pseudonyms were made with, several times for older ones
    #[arg(long, value_name = "FILE")]
    pseudonym_key: Vec<PathBuf>,
    /// The name of a member that holds subjects, in place of patient_id, mrn and medical_record_number
    #[arg(long, value_name = "NAME")]
    member: Vec<String>,
    /// A tool whose calls are about people, with * for any letters, several times for several: those that name nobody are
    /// counted as not attributable, though the log never shows that the tool names people
    #[arg(long, value_name = "TOOL")]
    subject_tool: Vec<String>,
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
    Csv,
    Html,
}

pub(super) fn run(arguments: &Arguments, out: &mut Output) -> Result<Verdict, Failure> {
    let request = request(arguments)?;
    let file = answer::file(arguments.output.as_deref())?;
    let mut report = access_report(&arguments.log, &request).map_err(Failure::unable)?;
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
        Format::Csv => give(Form::Data, &mut |mut out| report.write_csv(&mut out)),
        Format::Html => {
            let page = answer::page(report.to_html(&reader.made()))?;
            give(Form::Data, &mut |out| out.write_all(&page))
        }
    })
}

fn request(arguments: &Arguments) -> Result<AccessRequest, Failure> {
    let mut identifiers = match &arguments.user {
        Some(user) => keys::identifiers(std::slice::from_ref(user))?,
        None => keys::identifiers(&arguments.subject)?,
    }
    .into_iter();
    let first = identifiers.next().unwrap_or_default();
    let mut request = match &arguments.user {
        Some(_) => AccessRequest::of_user(first),
        None => AccessRequest::of_subject(first),
    };
    for identifier in identifiers {
        request = request.identifier(identifier);
    }
    if let Some(from) = arguments.from {
        request = request.from(arguments.zone.since(from));
    }
    if let Some(to) = arguments.to {
        request = request.to(arguments.zone.until(to));
    }
    if let Some(path) = &arguments.head {
        request = request.heads(Head::read_all(path).map_err(Failure::unable)?);
    }
    if !arguments.member.is_empty() {
        request = request.subject_members(&arguments.member);
    }
    request = request.subject_tools(&arguments.subject_tool);
    if let Some(sanitizer) = keys::sanitizer(arguments.policy.as_deref(), &arguments.pseudonym_key)?
    {
        request = request.sanitizer(sanitizer);
    }
    Ok(request)
}
