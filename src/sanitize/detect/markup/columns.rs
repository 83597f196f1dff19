//! The columns of tables, which their first row names.

use crate::sanitize::rule::Rule;

/// The most columns of a table that are told apart.
const MAX_COLUMNS: usize = 64;

/// The cells of a table's first row, where they name its columns.
#[derive(Default)]
pub(super) struct Columns<'r> {
    named: Vec<Option<&'r Rule>>,
    /// Cells of this row so far: those that name something, and the others.
    heads: Vec<Option<&'r Rule>>,
    /// The one of them that is a plain "name".
    name: Option<usize>,
    cells: usize,
}

impl<'r> Columns<'r> {
    /// Begins a row; `of_persons` is for names beside what persons alone have.
    pub(super) fn begin_row(&mut self, of_persons: Option<&'r Rule>) {
        if self.cells == 0 && self.heads.len() > 1 {
            self.named = std::mem::take(&mut self.heads);
            let mut named = self.named.iter().flatten();
            if let Some(name) = self.name
                && named.any(|rule| rule.is_of_persons_alone())
                && let Some(head) = self.named.get_mut(name)
            {
                *head = of_persons;
            }
        }
        self.heads.clear();
        self.name = None;
        self.cells = 0;
    }

    pub(super) fn head(&mut self, rule: Option<&'r Rule>, is_name: bool) {
        if self.heads.len() < MAX_COLUMNS {
            if is_name {
                self.name = Some(self.heads.len());
            }
            self.heads.push(rule);
        }
    }

    /// The rule for the cell that comes next.
    pub(super) fn cell(&mut self) -> Option<&'r Rule> {
        let column = self.heads.len() + self.cells;
        self.cells += 1;
        self.named.get(column).copied().flatten()
    }
}
