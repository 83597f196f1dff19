use std::io::{self, Write};

use super::{ExportError, Exporter, Scope, Source};
use crate::query::Record;

/// Records as they stand, one JSON object a line.
///
/// The lines of a log keep their bytes, so hashes can still be checked; an entry in memory is written in
/// canonical JSON.
#[derive(Debug, Clone, Copy, Default)]
#[non_exhaustive]
pub struct JsonLinesExporter;

impl JsonLinesExporter {
    /// The exporter.
    #[must_use]
    pub fn new() -> Self {
        Self
    }
}

impl Exporter for JsonLinesExporter {
    fn scope(&self) -> Scope {
        Scope::Records
    }

    fn write_call(&self, call: &Source<'_>, out: &mut dyn Write) -> io::Result<()> {
        write_line(&call.entry.to_json(), out)
    }

    fn write_record(
        &self,
        record: &Record,
        _replayed: bool,
        out: &mut dyn Write,
    ) -> Result<(), ExportError> {
        Ok(write_line(record.line(), out)?)
    }
}

fn write_line(json: &str, out: &mut dyn Write) -> io::Result<()> {
    let mut line = Vec::with_capacity(json.len() + 1);
    line.extend_from_slice(json.as_bytes());
    line.push(b'\n');
    out.write_all(&line)
}
