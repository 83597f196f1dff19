use std::collections::HashSet;
use std::io::{self, Write};

use tool_audit::query::{Record, escape, quote};
use tool_audit::{AuditEntry, Outcome};
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use crate::output::{Colour, Output};
use crate::times::Zone;

/// Rows of cells: an aligned table on a terminal, else one line a row with tabs between.
///
/// Widths are those of the first rows, so that a long answer is printed as it is found. In a table a cell is cut
/// after 40 columns, but for the last; a program gets it whole.
pub(crate) struct Rows {
    header: &'static [&'static str],
    waiting: Vec<Row>,
    widths: Option<Vec<usize>>,
}

pub(crate) struct Row {
    pub(crate) cells: Vec<String>,
    pub(crate) colour: Option<Colour>,
}

/// The widest cell of a table but for the last, in columns.
const WIDEST: usize = 40;

/// Cuts a text that takes more columns, with a sign in the last one.
fn cut(text: &mut String, columns: usize) {
    if text.width() <= columns {
        return;
    }
    let mut taken = 0;
    let fits = text.char_indices().find_map(|(at, character)| {
        taken += character.width().unwrap_or_default();
        (taken >= columns).then_some(at)
    });
    text.truncate(fits.unwrap_or(text.len()));
    text.push('…');
}

/// How many rows settle the widths.
const MEASURED: usize = 200;

impl Rows {
    pub(crate) fn new(header: &'static [&'static str]) -> Self {
        Self {
            header,
            waiting: Vec::new(),
            widths: None,
        }
    }

    pub(crate) fn push(&mut self, mut row: Row, out: &mut Output) -> io::Result<()> {
        if !out.is_terminal() {
            return writeln!(out, "{}", row.cells.join("\t"));
        }
        let but_last = row.cells.len().saturating_sub(1);
        for cell in &mut row.cells[..but_last] {
            cut(cell, WIDEST);
        }
        match &self.widths {
            Some(widths) => print(&row, widths, out),
            None => {
                self.waiting.push(row);
                if self.waiting.len() == MEASURED {
                    self.settle(out)?;
                }
                Ok(())
            }
        }
    }

    /// Prints what waits for the widths.
    pub(crate) fn settle(&mut self, out: &mut Output) -> io::Result<()> {
        if self.waiting.is_empty() {
            return Ok(());
        }
        let header = Row {
            cells: self.header.iter().map(|&cell| cell.to_owned()).collect(),
            colour: Some(Colour::Dim),
        };
        let mut rows = vec![header];
        rows.append(&mut self.waiting);
        let widths: Vec<usize> = (0..self.header.len())
            .map(|column| {
                rows.iter()
                    .filter_map(|row| row.cells.get(column))
                    .map(|cell| cell.width())
                    .max()
                    .unwrap_or_default()
            })
            .collect();
        for row in &rows {
            print(row, &widths, out)?;
        }
        self.widths = Some(widths);
        Ok(())
    }
}

fn print(row: &Row, widths: &[usize], out: &mut Output) -> io::Result<()> {
    let line = align(&row.cells, widths);
    let line = out.paint(row.colour, &line);
    writeln!(out, "{line}")
}

fn align(cells: &[String], widths: &[usize]) -> String {
    let mut line = String::new();
    for (cell, width) in cells.iter().zip(widths) {
        line.push_str(cell);
        let missing = width.saturating_sub(cell.width());
        line.extend(std::iter::repeat_n(' ', missing + 2));
    }
    line.truncate(line.trim_end().len());
    line
}

/// The columns of a list of records.
pub(crate) const RECORD_HEADER: [&str; 8] = [
    "TIME",
    "USER",
    "CONVERSATION",
    "TURN",
    "TOOL",
    "OUTCOME",
    "MS",
    "ERROR",
];

/// Whether a record is of a call that was started and is one of those without an end.
pub(crate) fn is_unknown(record: &Record, without_end: &HashSet<String>) -> bool {
    record.kind() == "tool_call_started"
        && record
            .entry()
            .is_ok_and(|entry| without_end.contains(&entry.call_id))
}

/// A record as a row. What is no call shows its kind in brackets in place of a tool; a started call says that
/// nobody knows its outcome where that `is_unknown`.
pub(crate) fn of_record(record: &Record, is_unknown: bool, zone: &Zone) -> Row {
    let time = zone.show(record.timestamp());
    let entry = record.entry().ok().filter(|_| record.is_call());
    let Some(entry) = entry else {
        let kind = format!("({})", escape(record.kind()));
        let mut cells = vec![String::from("-"); RECORD_HEADER.len()];
        cells[0] = time;
        cells[4] = kind;
        return Row {
            cells,
            colour: Some(Colour::Dim),
        };
    };
    let (outcome, colour) = match entry.outcome {
        Some(Outcome::Success) => ("success", None),
        Some(Outcome::InputRequired) => ("input_required", Some(Colour::Yellow)),
        Some(outcome) => (outcome.as_str(), Some(Colour::Red)),
        None if is_unknown => ("unknown", Some(Colour::Yellow)),
        None => ("(started)", Some(Colour::Dim)),
    };
    let duration = match entry.outcome {
        Some(_) => format!("{:.1}", entry.duration_ms),
        None => "-".to_owned(),
    };
    Row {
        cells: vec![
            time,
            quote(&entry.user_id).into_owned(),
            quote(&entry.conversation_id).into_owned(),
            entry.turn_number.to_string(),
            quote(&entry.tool_name).into_owned(),
            outcome.to_owned(),
            duration,
            error(&entry),
        ],
        colour,
    }
}

/// What went wrong in few words; `-` where nothing is said.
fn error(entry: &AuditEntry) -> String {
    const LONGEST: usize = 80;
    let summary = entry.result_summary.as_ref();
    let text =
        summary.and_then(|summary| summary.error.as_deref().or(summary.error_type.as_deref()));
    let Some(text) = text else {
        return "-".to_owned();
    };
    let text = escape(text);
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.into_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_stand_under_each_other_and_a_line_ends_with_its_last_word() {
        let cells = |texts: [&str; 3]| texts.map(str::to_owned).to_vec();
        let widths = [4, 6, 2];
        assert_eq!(align(&cells(["ab", "é", "-"]), &widths), "ab    é       -");
        assert_eq!(
            align(&cells(["wider than that", "", ""]), &widths),
            "wider than that"
        );
    }

    #[test]
    fn a_cell_is_cut_by_the_columns_that_it_takes() {
        let shown = |text: &str, columns: usize| {
            let mut text = text.to_owned();
            cut(&mut text, columns);
            text
        };
        assert_eq!(shown("get_order", 9), "get_order");
        assert_eq!(shown("get_orders", 9), "get_orde…");
        // Wide letters take two columns, combining ones none.
        assert_eq!(shown("東京都庁", 8), "東京都庁");
        assert_eq!(shown("東京都庁舎", 8), "東京都…");
        assert_eq!(shown("e\u{301}e\u{301}e", 3), "e\u{301}e\u{301}e");
        let name = "x".repeat(10_000);
        assert_eq!(shown(&name, WIDEST).chars().count(), WIDEST);
        assert_eq!(
            align(&["東".to_owned(), "x".to_owned()], &[4, 1]),
            "東    x"
        );
    }
}
