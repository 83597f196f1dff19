use std::io::Write;
use std::path::Path;

use serde::Serialize;
use tool_audit::report::{Integrity, ReportError};

use crate::new_file;
use crate::output::{Output, note};
use crate::verdict::{Failure, Verdict};

/// A report as it is given out.
pub(super) enum Answer {
    /// For people.
    Text(String),
    /// One line.
    Json(String),
    /// For programs.
    Data(Vec<u8>),
}

impl Answer {
    pub(super) fn json(report: &impl Serialize) -> Result<Self, Failure> {
        let json = serde_json::to_string(report).map_err(Failure::unable)?;
        Ok(Self::Json(json))
    }

    pub(super) fn page(page: Result<String, ReportError>) -> Result<Self, Failure> {
        let page = page.map_err(Failure::unable)?;
        Ok(Self::Data(page.into_bytes()))
    }

    /// Writes the report to a new file, or to standard output.
    pub(super) fn give(
        &self,
        file: Option<&Path>,
        replayed: bool,
        out: &mut Output,
    ) -> Result<(), Failure> {
        if replayed {
            let is_for_people = matches!(self, Self::Text(_));
            out.say_replayed(!is_for_people || file.is_some())?;
        }
        match (self, file) {
            (Self::Text(text), Some(path)) => new_file::write(path, text.as_bytes()),
            (Self::Json(json), Some(path)) => new_file::write(path, format!("{json}\n").as_bytes()),
            (Self::Data(bytes), Some(path)) => new_file::write(path, bytes),
            (Self::Text(text), None) => Ok(out.write_all(text.as_bytes())?),
            (Self::Json(json), None) => Ok(out.json_line(json)?),
            (Self::Data(bytes), None) => Ok(out.write_all(bytes)?),
        }
    }
}

/// Says that the logs are not as they were written, where they are not.
pub(super) fn note_integrity(log: &Path, verified: bool, integrity: &Integrity) -> Verdict {
    if !verified {
        let (path, faults) = (log.display(), integrity.faults.len());
        note(&format!(
            "the logs are not as they were written: {faults} faults; run `tool-audit verify {path}`"
        ));
    }
    Verdict::bad_if(!verified)
}
