use std::io::{self, Write};
use std::path::Path;

use clap::ValueEnum;
use serde::Serialize;
use serde_json::{Value, json};
use tool_audit::query::{PassedOver, escape_json};
use tool_audit::report::{Integrity, ReportError};

use crate::new_file::NewFile;
use crate::output::{Output, note, note_passed_over};
use crate::verdict::{Failure, Verdict};

/// For whom a report is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// For people.
    Text,
    /// For programs.
    Data,
}

/// How a report is given out, for the record of the reading.
pub(super) fn how(format: &impl ValueEnum, to_file: bool) -> Value {
    let format = format.to_possible_value();
    let format = format.as_ref().map_or("", |value| value.get_name());
    json!({"format": format, "to_file": to_file})
}

/// Makes the file that the report goes into, where it goes into one.
pub(super) fn file(path: Option<&Path>) -> Result<Option<NewFile>, Failure> {
    path.map(NewFile::create).transpose()
}

/// Writes a report as one line of JSON, with escapes for what would act on a terminal.
pub(super) fn write_json(report: &impl Serialize, out: &mut dyn Write) -> io::Result<()> {
    serde_json::to_writer(Escaped(out), report)?;
    out.write_all(b"\n")
}

/// Takes JSON in pieces that are whole characters, as it is serialised.
struct Escaped<'a>(&'a mut dyn Write);

impl Write for Escaped<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match std::str::from_utf8(bytes) {
            Ok(text) => self.0.write_all(escape_json(text).as_bytes())?,
            Err(_) => self.0.write_all(bytes)?,
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// A page, to be written.
pub(super) fn page(page: Result<String, ReportError>) -> Result<Vec<u8>, Failure> {
    Ok(page.map_err(Failure::unable)?.into_bytes())
}

/// Gives a report out: into the file, or to standard output.
pub(super) fn give(
    file: Option<NewFile>,
    form: Form,
    replayed: bool,
    out: &mut Output,
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> Result<(), Failure> {
    // A text on standard output says so by itself.
    if replayed && (form != Form::Text || file.is_some()) {
        out.say_replayed(true)?;
    }
    match file {
        Some(mut file) => {
            write(&mut file).map_err(|error| file.failed(&error))?;
            file.finish()
        }
        None => Ok(write(out)?),
    }
}

/// Says that the logs are not as they were written, or not wholly in the report, where that is so.
pub(super) fn note_verdict(
    log: &Path,
    verified: bool,
    integrity: &Integrity,
    passed: &PassedOver,
) -> Verdict {
    if !verified {
        let (path, faults) = (log.display(), integrity.faults.len());
        note(&format!(
            "the logs are not as they were written: {faults} faults; run `tool-audit verify {path}`"
        ));
    }
    Verdict::bad_if(!verified).and(note_passed_over(log, passed))
}
