//! An access report as a text for people and as CSV.

use std::fmt;
use std::io::{self, Write};

use super::access::{Access, AccessReport};
use super::integrity;
use crate::export::write_cell;
use crate::query::quote;

/// What a log's names say cannot be taken for the report's own words: they are [quoted](quote).
impl fmt::Display for AccessReport {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        integrity::write_marks(self.replayed, self.reading_recorded, formatter)?;
        let (what, who) = match (&self.subject_id, &self.user_id) {
            (Some(subject), _) => ("accesses to the records of ", &**subject),
            (None, Some(user)) => ("accesses by ", &**user),
            (None, None) => ("accesses", ""),
        };
        writeln!(formatter, "Access report: {what}{}", quote(who))?;
        self.times.write_period(&self.report_period, formatter)?;
        let (total, users) = (self.total_accesses, self.unique_users);
        writeln!(formatter, "{total} accesses by {users} users")?;
        for access in &self.accesses {
            formatter.write_str("  ")?;
            access.write(&self.times.show(&access.timestamp), formatter)?;
            writeln!(formatter)?;
        }
        if self.not_attributable > 0 {
            let calls = self.not_attributable;
            writeln!(
                formatter,
                "calls that may be about somebody and do not say whom: {calls}"
            )?;
        }
        if self.not_identifiable {
            writeln!(
                formatter,
                "NOT IDENTIFIABLE: the rules leave nothing of these identifiers that stands for this person alone"
            )?;
        }
        self.integrity
            .write(self.integrity_verified, &self.passed, formatter)
    }
}

impl fmt::Display for Access {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write(&self.timestamp, formatter)
    }
}

impl Access {
    fn write(&self, at: &str, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "{}  {} ({})  {}  {}  {}",
            quote(at),
            quote(&self.accessed_by),
            quote(&self.role),
            quote(&self.tool),
            quote(&self.purpose),
            outcome(self.success),
        )?;
        if self.emergency {
            formatter.write_str("  EMERGENCY")?;
        }
        write_names(formatter, "viewed", &self.data_viewed)?;
        write_names(
            formatter,
            "about",
            self.subjects.as_deref().unwrap_or_default(),
        )
    }
}

fn write_names(formatter: &mut fmt::Formatter<'_>, what: &str, names: &[String]) -> fmt::Result {
    for (at, name) in names.iter().enumerate() {
        if at == 0 {
            write!(formatter, "  {what}: {}", quote(name))?;
        } else {
            write!(formatter, ", {}", quote(name))?;
        }
    }
    Ok(())
}

fn outcome(success: Option<bool>) -> &'static str {
    match success {
        Some(true) => "success",
        Some(false) => "failure",
        None => "unknown",
    }
}

/// The columns of an access, and behind them those of the report as a whole.
const COLUMNS: [&str; 26] = [
    "row",
    "timestamp",
    "accessed_by",
    "role",
    "tool",
    "purpose",
    "success",
    "emergency",
    "data_viewed",
    "subjects",
    "integrity_verified",
    "log_source",
    "subject_id",
    "user_id",
    "period_start",
    "period_end",
    "total_accesses",
    "unique_users",
    "not_attributable",
    "not_identifiable",
    "bad_lines",
    "not_understood",
    "pruned_segments",
    "reading_recorded",
    "basis",
    "faults",
];

impl AccessReport {
    /// Writes the report as CSV (RFC 4180, lines end with a line feed): a header, one row `report` with what holds for
    /// all of it, and one row `access` for each access.
    ///
    /// Lists stand as JSON. A cell that a spreadsheet could take for a formula begins with an apostrophe, and what could
    /// begin a line or act on a terminal is escaped: see [`defuse`](crate::export::defuse).
    ///
    /// # Errors
    ///
    /// What `out` gives.
    pub fn write_csv(&self, out: &mut impl Write) -> io::Result<()> {
        writeln!(out, "{}", COLUMNS.join(","))?;
        write_row(&self.cells(), out)?;
        for access in &self.accesses {
            write_row(&self.cells_of(access), out)?;
        }
        Ok(())
    }

    fn cells(&self) -> Vec<String> {
        let maybe = |text: &Option<String>| text.clone().unwrap_or_default();
        let mut cells = vec!["report".to_owned()];
        cells.resize(10, String::new());
        cells.extend([
            self.integrity_verified.to_string(),
            self.source().to_owned(),
            maybe(&self.subject_id),
            maybe(&self.user_id),
            maybe(&self.report_period.start),
            maybe(&self.report_period.end),
            self.total_accesses.to_string(),
            self.unique_users.to_string(),
            self.not_attributable.to_string(),
            self.not_identifiable.to_string(),
            self.passed.bad_lines.to_string(),
            self.passed.not_understood.to_string(),
            self.passed.pruned_segments.to_string(),
            self.reading_recorded
                .map_or_else(String::new, |recorded| recorded.to_string()),
            self.integrity.basis.as_str().to_owned(),
            list(&self.integrity.faults),
        ]);
        cells
    }

    fn cells_of(&self, access: &Access) -> Vec<String> {
        let subjects = access.subjects.as_deref();
        let mut cells = vec![
            "access".to_owned(),
            access.timestamp.clone(),
            access.accessed_by.clone(),
            access.role.clone(),
            access.tool.clone(),
            access.purpose.clone(),
            access
                .success
                .map_or_else(|| "unknown".to_owned(), |success| success.to_string()),
            access.emergency.to_string(),
            list(&access.data_viewed),
            subjects.map_or_else(String::new, list),
            self.integrity_verified.to_string(),
            self.source().to_owned(),
        ];
        cells.resize(COLUMNS.len(), String::new());
        cells
    }

    /// The word that the export has for it.
    fn source(&self) -> &'static str {
        if self.replayed { "replay" } else { "live" }
    }
}

fn list(texts: &[String]) -> String {
    serde_json::Value::from(texts).to_string()
}

fn write_row(cells: &[String], out: &mut impl Write) -> io::Result<()> {
    let mut row = Vec::with_capacity(256);
    for (at, cell) in cells.iter().enumerate() {
        if at > 0 {
            row.push(b',');
        }
        write_cell(cell, &mut row);
    }
    row.push(b'\n');
    out.write_all(&row)
}
