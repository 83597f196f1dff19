//! Lists of lists: rows of name and value, rows under a row of names.

use crate::tree::{Members, Tree};

use super::labels;
use super::shapes::holds_rows;
use super::{MAX_DEPTH, MAX_NODES, Overflow, Pass, Written};
use crate::sanitize::rule::Rule;
use crate::sanitize::{marker, reference};

/// The longest cell that may be the name of a column.
const MAX_NAME: usize = 64;

/// The names of the members in which the cells of a row stand.
const ROWS: &[&str] = &["cells", "values", "columns", "row", "data", "f", "c"];

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
    pub(super) fn layout(&self, items: &[Tree<'_>]) -> Option<Layout<'a>> {
        let Some(Tree::Array(first)) = items.first() else {
            return None;
        };
        let rows_of = |fits: fn(usize, usize) -> bool| {
            items.iter().all(|row| {
                row.as_array()
                    .is_some_and(|row| fits(row.len(), first.len()))
            })
        };
        // What a row lacks was left out at its end.
        if first.is_empty() || !first[0].is_string() || !rows_of(|row, first| row <= first) {
            return None;
        }
        let pairs = first.len() == 2
            && rows_of(|row, first| row == first)
            && items.iter().any(|row| self.names_value(row).is_some())
            && !items.iter().all(tells_type);
        let mut columns = Columns::new();
        if items.len() > 1 && first.iter().all(is_plain_name) {
            columns = self.column_rules(first).unwrap_or_default();
            if is_of_one_rule(&columns) && !items.iter().skip(1).any(holds_secret) {
                columns.clear();
            }
            // A rule names the second cell alone: the first row is none of name and value.
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
    pub(super) fn column_rules(&self, names: &[Tree<'_>]) -> Option<Columns<'a>> {
        let rules = self.rules;
        let columns: Columns<'a> = names
            .iter()
            .map(|name| match *name {
                // `["password", "text"]`, as drivers of databases describe a column.
                Tree::Array([name @ Tree::String(_), ..]) => labels::rule_of_value(rules, name),
                _ => labels::rule_of_value(rules, name),
            })
            .collect();
        columns.iter().any(Option::is_some).then_some(columns)
    }

    fn names_value(&self, row: &Tree<'_>) -> Option<(&'a Rule, bool)> {
        let rules = self.rules;
        match row.as_array() {
            Some([Tree::String(name), value]) => {
                let named = rules.for_member(name)?;
                // A word and its translation.
                let is_named_again = value
                    .as_str()
                    .and_then(|value| rules.for_member(value))
                    .is_some_and(|(rule, _)| rule.name() == named.0.name());
                (!is_named_again).then_some(named)
            }
            _ => None,
        }
    }

    /// Writes a list of lists that has a layout.
    pub(super) fn rows(
        &mut self,
        items: &[Tree<'_>],
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
        rows: &[Tree<'_>],
        columns: &Columns<'a>,
        under: Option<&'a Rule>,
        depth: usize,
    ) -> Written {
        self.items(rows, depth, |pass, at, row| match *row {
            Tree::Array(_) => pass.row(row, columns, under, depth + 1),
            Tree::Object(members) => match cells_of(members) {
                Some((name, cells))
                    if cells
                        .as_array()
                        .is_some_and(|all| all.len() == columns.len()) =>
                {
                    pass.wrapped_row(name, cells, columns, under, depth + 1)
                }
                None if has_cells(members, columns.len()) => {
                    pass.columns = Some(columns.clone());
                    let written = pass.value(row, under, depth + 1);
                    pass.columns = None;
                    written
                }
                _ => pass.value(row, under, depth + 1),
            },
            _ => pass.cell(row, columns.get(at).copied().flatten(), under, depth + 1),
        })
    }

    fn row(
        &mut self,
        row: &Tree<'_>,
        columns: &[Option<(&'a Rule, bool)>],
        under: Option<&'a Rule>,
        depth: usize,
    ) -> Written {
        let Tree::Array(cells) = row else {
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

    /// Writes a row whose cells are the one member of an object.
    fn wrapped_row(
        &mut self,
        name: &'static str,
        cells: &Tree<'_>,
        columns: &Columns<'a>,
        under: Option<&'a Rule>,
        depth: usize,
    ) -> Written {
        self.nodes += 1;
        self.members += 1;
        self.open(b'{')?;
        self.out.push(b'"');
        self.out.extend_from_slice(name.as_bytes());
        self.out.extend_from_slice(b"\":");
        let written = if depth >= MAX_DEPTH {
            self.done.shortened = true;
            self.plain(marker::TOO_DEEP)
        } else if self.trail.is_some() {
            self.placed(Some(name), cells, depth + 1, |pass| {
                pass.row(cells, columns, under, depth + 1)
            })
        } else {
            self.row(cells, columns, under, depth + 1)
        };
        self.close(b'}');
        written
    }

    fn cell(
        &mut self,
        cell: &Tree<'_>,
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

/// The cells of a row that is an object of one member, and that member's name.
fn cells_of(members: Members<'_>) -> Option<(&'static str, &Tree<'_>)> {
    let (name, cells) = members.iter().next().filter(|_| members.len() == 1)?;
    let known = ROWS.iter().find(|known| **known == name)?;
    Some((known, cells))
}

/// True for a row that has its cells in one of several members.
fn has_cells(members: Members<'_>, columns: usize) -> bool {
    /// The most members of one.
    const MOST: usize = 8;
    members.len() <= MOST
        && members.iter().any(|(name, value)| {
            value.as_array().is_some_and(|cells| cells.len() == columns) && holds_rows(name)
        })
}

/// True for the name and the type of a column.
fn tells_type(row: &Tree<'_>) -> bool {
    matches!(row, Tree::Array([_, Tree::String(kind)]) if reference::is_type(kind))
}

/// True for two columns whose names mean the same, as those of a word and its translation do.
fn is_of_one_rule(columns: &Columns<'_>) -> bool {
    matches!(&columns[..], [Some((one, _)), Some((other, _))] if one.name() == other.name())
}

/// True for a row with a cell that no one writes for a word.
fn holds_secret(row: &Tree<'_>) -> bool {
    row.as_array().is_some_and(|cells| {
        cells.iter().any(|cell| match *cell {
            Tree::String(text) => {
                reference::looks_secret(text) || text.bytes().any(|byte| byte.is_ascii_digit())
            }
            _ => !cell.is_null(),
        })
    })
}

/// True for a cell that may as well be a column's name as a value.
fn is_plain_name(cell: &Tree<'_>) -> bool {
    cell.as_str().is_some_and(|text| {
        (1..=MAX_NAME).contains(&text.len())
            && text
                .chars()
                .all(|letter| letter.is_alphabetic() || matches!(letter, '_' | '-' | ' ' | '.'))
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::sanitize::{Action, Sanitized, Sanitizer};

    #[test]
    fn a_rule_for_a_place_holds_in_rows_that_are_objects() {
        let value = json!({
            "columns": ["password", "note"],
            "rows": [{"cells": ["hunter22", "blue"]}],
        });
        for path in ["rows.*.cells.*", "**.cells.*"] {
            let sanitizer = Sanitizer::builder().path(path, Action::Redact).build();
            let mut out = Vec::new();
            let sanitizer = sanitizer.expect("rules");
            sanitizer.write_value(&mut out, &value, 1024);
            let text = String::from_utf8_lossy(&out);
            assert!(!text.contains("blue"), "{path} {text}");
        }
    }

    #[test]
    fn a_text_whose_rows_are_objects_stays_as_it_is_where_nothing_in_it_is_replaced() {
        let text = r#"{"columns": ["password"], "rows": [{"cells": [null]}]}"#;
        let mut out = Vec::new();
        let done = Sanitizer::default().write_value(&mut out, &json!(text), 1024);
        assert_eq!(done, Sanitized::default());
        assert_eq!(String::from_utf8_lossy(&out), json!(text).to_string());
    }
}
