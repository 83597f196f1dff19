//! Lists of lists: rows of name and value, rows under a row of names.

use serde_json::Value;

use super::labels;
use super::{MAX_DEPTH, MAX_NODES, Overflow, Pass, Written};
use crate::sanitize::marker;
use crate::sanitize::rules::Rule;

/// The longest cell that may be the name of a column.
const MAX_NAME: usize = 64;

/// The last words of names of the only member of an object that is a row.
const CELLS: &[&str] = &["values", "cells", "f", "c"];

/// For each place in a row the rule that names it, and whether in the plural.
pub(super) type Columns<'a> = Vec<Option<(&'a Rule, bool)>>;

/// What the rows of a list are.
pub(super) struct Layout<'a> {
    /// Each is a name and its value.
    pairs: bool,
    /// The first one names the columns of the others.
    columns: Columns<'a>,
}

impl<'a> Pass<'a> {
    /// What a list of lists is; `None` where no rule names anything in it.
    #[inline(never)]
    pub(super) fn layout(&self, items: &[Value]) -> Option<Layout<'a>> {
        let Some(Value::Array(first)) = items.first() else {
            return None;
        };
        let rows_of = |length: usize| {
            items
                .iter()
                .all(|row| row.as_array().is_some_and(|row| row.len() == length))
        };
        if first.is_empty() || !first[0].is_string() || !rows_of(first.len()) {
            return None;
        }
        let pairs = first.len() == 2 && items.iter().any(|row| self.names_value(row).is_some());
        let mut columns = Columns::new();
        if items.len() > 1 && first.iter().all(is_plain_name) {
            columns = self.column_rules(first).unwrap_or_default();
            // A first cell alone that a rule names, of two: a pair, and perhaps a column.
            let second_alone = columns.last().is_some_and(Option::is_some);
            if pairs && second_alone && columns.first().is_some_and(Option::is_none) {
                return Some(Layout {
                    pairs: false,
                    columns,
                });
            }
        }
        (pairs || !columns.is_empty()).then_some(Layout { pairs, columns })
    }

    /// The rules for columns of these names; `None` where no rule names any.
    pub(super) fn column_rules(&self, names: &[Value]) -> Option<Columns<'a>> {
        let rules = self.rules;
        let columns: Columns<'a> = names
            .iter()
            .map(|name| labels::rule_of_value(rules, name))
            .collect();
        columns.iter().any(Option::is_some).then_some(columns)
    }

    fn names_value(&self, row: &Value) -> Option<(&'a Rule, bool)> {
        let rules = self.rules;
        match row.as_array().map(Vec::as_slice) {
            Some([Value::String(name), _]) => rules.for_member(name),
            _ => None,
        }
    }

    /// Writes a list of lists that has a layout.
    pub(super) fn rows(
        &mut self,
        items: &[Value],
        layout: &Layout<'a>,
        under: Option<&'a Rule>,
        depth: usize,
    ) -> Written {
        self.items(items, depth, |pass, at, row| {
            let pair = [None, pass.names_value(row).filter(|_| layout.pairs)];
            let columns = match (&pair, at) {
                ([_, Some(_)], _) => &pair[..],
                (_, 0) => &[],
                _ => &layout.columns,
            };
            pass.row(row, columns, under, depth + 1)
        })
    }

    /// Writes the rows of a table whose columns stand elsewhere; a list that holds no lists is one row.
    pub(super) fn table(
        &mut self,
        rows: &[Value],
        columns: &Columns<'a>,
        under: Option<&'a Rule>,
        depth: usize,
    ) -> Written {
        self.items(rows, depth, |pass, at, row| match row {
            Value::Array(_) => pass.row(row, columns, under, depth + 1),
            Value::Object(members) => match members.iter().next() {
                Some((name, cells @ Value::Array(_)))
                    if members.len() == 1 && labels::ends_in(name, CELLS) =>
                {
                    pass.row_within(name, cells, columns, under, depth + 1)
                }
                _ => pass.value(row, under, depth + 1),
            },
            _ => pass.cell(row, columns.get(at).copied().flatten(), under, depth + 1),
        })
    }

    /// Writes a row that an object holds: `{"values": […]}`.
    fn row_within(
        &mut self,
        name: &str,
        cells: &Value,
        columns: &[Option<(&'a Rule, bool)>],
        under: Option<&'a Rule>,
        depth: usize,
    ) -> Written {
        self.nodes += 1;
        self.members += 1;
        let start = self.out.len();
        self.out.extend_from_slice(b"{\"");
        self.out.extend_from_slice(name.as_bytes());
        self.out.extend_from_slice(b"\":");
        // Room for what closes the object.
        self.end = self.end.saturating_sub(1);
        let written = self.row(cells, columns, under, depth + 1);
        self.end = self.end.saturating_add(1);
        match written {
            Ok(()) => self.out.push(b'}'),
            Err(_) => self.out.truncate(start),
        }
        written
    }

    fn row(
        &mut self,
        row: &Value,
        columns: &[Option<(&'a Rule, bool)>],
        under: Option<&'a Rule>,
        depth: usize,
    ) -> Written {
        let Value::Array(cells) = row else {
            return self.value(row, under, depth);
        };
        self.nodes += 1;
        if self.nodes > MAX_NODES {
            self.full = true;
            return Err(Overflow);
        }
        if depth >= MAX_DEPTH {
            self.done.shortened = true;
            return self.plain(marker::TOO_DEEP);
        }
        self.items(cells, depth, |pass, at, cell| {
            pass.cell(cell, columns.get(at).copied().flatten(), under, depth + 1)
        })
    }

    fn cell(
        &mut self,
        cell: &Value,
        column: Option<(&'a Rule, bool)>,
        under: Option<&'a Rule>,
        depth: usize,
    ) -> Written {
        match column {
            None => self.value(cell, under, depth),
            Some((rule, plural)) => self.ruled_value(rule, plural, cell, under, depth),
        }
    }
}

/// True for a cell that may as well be a column's name as a value.
fn is_plain_name(cell: &Value) -> bool {
    cell.as_str().is_some_and(|text| {
        (1..=MAX_NAME).contains(&text.len())
            && text
                .chars()
                .all(|letter| letter.is_alphabetic() || matches!(letter, '_' | '-' | ' ' | '.'))
    })
}
