use std::borrow::Cow;
use std::io::{self, Write};

use serde_json::{Map, Value};

use super::{ExportError, Exporter, Scope, Source};
use crate::canonical;
use crate::query::{Record, escape};

/// A table for people and spreadsheets: a header, and one line for each record of whatever kind.
///
/// Cells are quoted as RFC 4180 says, lines end with a line feed. A cell is a member as it stands: texts as they are,
/// all else as JSON. `error` and `error_type` come out of the summary, `verified`, `approved_by` and `rule` out of the
/// attribution. Members without a column of their own stand together in the last one, `other_members`, as one JSON
/// object, so no member of a record is missing. `log_source` says `replay` for a log made by replay; it is empty for
/// an entry in memory, as are `_log`, `_seq`, `_hash` and `_previous_hash`.
///
/// What a tool or a user calls itself can neither become a formula nor forge a row: see [`defuse`]. A spreadsheet may
/// still show long numbers rounded; [`JsonLinesExporter`](super::JsonLinesExporter) is the exact form.
#[derive(Debug, Clone, Copy, Default)]
#[non_exhaustive]
pub struct CsvExporter;

/// The columns, of which all but those in [`PICKED`] are members of a record.
const COLUMNS: [&str; 40] = [
    "timestamp",
    "_kind",
    "conversation_id",
    "turn_number",
    "user_id",
    "user_role",
    "tool_name",
    "server",
    "outcome",
    "success",
    "duration_ms",
    "error_type",
    "error",
    "arguments",
    "result",
    "result_summary",
    "model",
    "call_trigger",
    "trigger_basis",
    "subjects",
    "purpose",
    "emergency",
    "approved_by",
    "rule",
    "verified",
    "client_ip",
    "user_agent",
    "call_id",
    "tool_call_id",
    "retry_of",
    "continues",
    "trace_id",
    "span_id",
    "retention_class",
    "_log",
    "_seq",
    "_hash",
    "_previous_hash",
    "log_source",
    "other_members",
];

/// Columns that stand deeper in a call's record; records of other kinds may have a member of the name.
const PICKED: [(&str, &str, &str); 8] = [
    ("user_role", "session_metadata", "user_role"),
    ("client_ip", "session_metadata", "client_ip"),
    ("user_agent", "session_metadata", "user_agent"),
    ("error", "result_summary", "error"),
    ("error_type", "result_summary", "error_type"),
    ("approved_by", "attribution", "approved_by"),
    ("rule", "attribution", "rule"),
    ("verified", "attribution", "verified"),
];

impl CsvExporter {
    /// The exporter.
    #[must_use]
    pub fn new() -> Self {
        Self
    }

    /// The names of the columns.
    #[must_use]
    pub fn columns() -> &'static [&'static str] {
        &COLUMNS
    }
}

impl Exporter for CsvExporter {
    fn scope(&self) -> Scope {
        Scope::Records
    }

    fn begin(&self, out: &mut dyn Write) -> io::Result<()> {
        out.write_all(format!("{}\n", COLUMNS.join(",")).as_bytes())
    }

    fn write_call(&self, call: &Source<'_>, out: &mut dyn Write) -> io::Result<()> {
        let members = serde_json::from_str(&call.entry.to_json())?;
        write_row(members, call.replayed.then_some("replay"), out)
    }

    fn write_record(
        &self,
        record: &Record,
        replayed: bool,
        out: &mut dyn Write,
    ) -> Result<(), ExportError> {
        // A scan gives what is JSON, but deeper than a tree may be.
        let members = record.members()?;
        let source = if replayed { "replay" } else { "live" };
        Ok(write_row(members, Some(source), out)?)
    }
}

fn write_row(
    mut members: Map<String, Value>,
    source: Option<&str>,
    out: &mut dyn Write,
) -> io::Result<()> {
    let mut picked: Vec<(&str, Option<Value>)> = PICKED
        .iter()
        .map(|(column, member, name)| (*column, pick(&members, member, name)))
        .collect();
    let mut row = Vec::with_capacity(1024);
    for (at, column) in COLUMNS.iter().enumerate() {
        if at > 0 {
            row.push(b',');
        }
        let value = if *column == "other_members" {
            (!members.is_empty()).then(|| Value::Object(std::mem::take(&mut members)))
        } else if *column == "log_source" {
            source.map(Value::from)
        } else {
            let picked = picked.iter_mut().find(|(name, _)| name == column);
            members
                .remove(*column)
                .or_else(|| picked.and_then(|(_, value)| value.take()))
        };
        match value {
            None => {}
            Some(Value::String(text)) => write_cell(&text, &mut row),
            Some(value) => write_cell(&json(&value), &mut row),
        }
    }
    row.push(b'\n');
    out.write_all(&row)
}

/// A member of a member. It stays where it is too: `result_summary` and the like are given whole.
fn pick(members: &Map<String, Value>, member: &str, name: &str) -> Option<Value> {
    members.get(member)?.get(name).cloned()
}

fn json(value: &Value) -> String {
    let mut bytes = Vec::new();
    canonical::write_value(&mut bytes, value);
    String::from_utf8(bytes).unwrap_or_default()
}

/// A cell that is [defused](defuse), in quotes where it needs them.
pub(crate) fn write_cell(text: &str, out: &mut Vec<u8>) {
    let text = defuse(text);
    let quoted =
        text.contains([',', '"', '\n', '\r']) || text.starts_with(' ') || text.ends_with(' ');
    if !quoted {
        out.extend_from_slice(text.as_bytes());
        return;
    }
    out.push(b'"');
    for byte in text.bytes() {
        if byte == b'"' {
            out.push(b'"');
        }
        out.push(byte);
    }
    out.push(b'"');
}

/// A text that a spreadsheet takes for a text, and that stays on its line.
///
/// What begins with `=`, `+`, `-`, `@`, a tab, a carriage return or a line feed, or with the wide forms of the first
/// four, could be taken for a formula: a `'` goes before it. Control characters, line breaks and what hides from the
/// eye or turns a text around are written as [`escape`] does.
///
/// ```
/// use tool_audit::export::defuse;
///
/// assert_eq!(defuse("get_order"), "get_order");
/// assert_eq!(defuse("=cmd|' /C calc'!A0"), "'=cmd|' /C calc'!A0");
/// assert_eq!(defuse("a\nb\u{202e}"), "a\\u000ab\\u202e");
/// ```
#[must_use]
pub fn defuse(text: &str) -> Cow<'_, str> {
    const FORMULA: [char; 8] = [
        '=', '+', '-', '@', '\u{ff1d}', '\u{ff0b}', '\u{ff0d}', '\u{ff20}',
    ];
    let escaped = escape(text);
    // Some programs trim a cell before they look for a formula.
    if text.starts_with(['\t', '\r', '\n']) || text.trim_start().starts_with(FORMULA) {
        Cow::Owned(format!("'{escaped}"))
    } else {
        escaped
    }
}
