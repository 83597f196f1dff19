//! Tables whose columns are parted by blanks alone, as programs print them: `USER     PASSWORD` above `ada      x`.
//!
//! Two blanks stand in prose as well, so the cells must look like what their column is called.

use std::ops::Range;

use super::Findings;
use crate::sanitize::extent::Found;
use crate::sanitize::reference;
use crate::sanitize::rule::{Extent, Group, Rule};

/// The most columns of a table.
const MAX_COLUMNS: usize = 32;
/// The most bytes of a line of one.
const MAX_LINE: usize = 1024;
/// The most bytes of a name.
const MAX_NAME: usize = 32;

/// A table whose names were read.
struct Table<'r> {
    /// Where in its line each name stands, in characters.
    columns: Vec<Range<usize>>,
    ruled: Vec<(usize, &'r Rule)>,
}

/// Finds the cells that stand below a name.
pub(super) fn find(findings: &mut Findings<'_, '_>) {
    let bytes = findings.bytes();
    if memchr::memchr(b'\n', bytes).is_none() {
        return;
    }
    let mut table: Option<Table<'_>> = None;
    // Lines without two blanks side by side are none of a table.
    let mut done = 0;
    for gap in memchr::memmem::find_iter(bytes, b"  ") {
        if gap < done {
            continue;
        }
        let start = memchr::memrchr(b'\n', &bytes[done..gap]).map_or(done, |at| done + at + 1);
        let end = memchr::memchr(b'\n', &bytes[gap..]).map_or(bytes.len(), |at| gap + at);
        // Another line stood between; blank ones and rulers are parts of a table.
        if table.is_some() && !bytes[done..start].iter().all(is_of_ruler) {
            table = None;
        }
        done = end + 1;
        if end - start > MAX_LINE {
            table = None;
            continue;
        }
        if table.is_some() && bytes[start..end].iter().all(is_of_ruler) {
            continue;
        }
        let cells = cells(bytes, start..end);
        if let Some(known) = &table
            && cells.len() == known.columns.len()
        {
            for (column, rule) in &known.ruled {
                take(findings, rule, cells[*column].clone());
            }
            continue;
        }
        let next = header(findings, start, &cells);
        if next.is_none()
            && let Some(known) = &table
            && cells.len() < known.columns.len()
        {
            // Some cell is empty: the others stand below their names.
            let cells: Vec<_> = cells
                .into_iter()
                .map(|cell| (in_characters(bytes, start, &cell), cell))
                .collect();
            for (column, rule) in &known.ruled {
                let name = &known.columns[*column];
                let below = cells
                    .iter()
                    .find(|(place, _)| place.start < name.end && name.start < place.end);
                if let Some((_, cell)) = below {
                    take(findings, rule, cell.clone());
                }
            }
            continue;
        }
        table = next;
    }
}

/// True for what a line is made of that parts the names of a table from its rows, and for what ends one.
fn is_of_ruler(byte: &u8) -> bool {
    matches!(byte, b'-' | b'=' | b'+' | b'|') || byte.is_ascii_whitespace()
}

/// Where a cell stands in the line that begins at `start`.
fn in_characters(bytes: &[u8], start: usize, cell: &Range<usize>) -> Range<usize> {
    let count = |part: &[u8]| part.iter().filter(|byte| **byte & 0xC0 != 0x80).count();
    let before = count(&bytes[start..cell.start]);
    before..before + count(&bytes[cell.clone()])
}

fn header<'r>(
    findings: &Findings<'r, '_>,
    start: usize,
    cells: &[Range<usize>],
) -> Option<Table<'r>> {
    let bytes = findings.bytes();
    if !(2..=MAX_COLUMNS).contains(&cells.len()) {
        return None;
    }
    let mut ruled = Vec::new();
    for (column, cell) in cells.iter().enumerate() {
        let name = &bytes[cell.clone()];
        let is_name = name.len() <= MAX_NAME
            && name
                .first()
                .is_some_and(|first| first.is_ascii_alphabetic() || *first >= 0x80)
            && name.iter().all(|byte| {
                byte.is_ascii_alphanumeric()
                    || matches!(byte, b'_' | b'-' | b' ' | b'(' | b')' | b'#')
                    || *byte >= 0x80
            });
        if !is_name {
            return None;
        }
        if let Some((rule, false, _)) = findings.rules.for_name_at_end(name) {
            ruled.push((column, rule));
        }
    }
    let places = cells.iter().map(|cell| in_characters(bytes, start, cell));
    let columns = places.collect();
    (!ruled.is_empty()).then_some(Table { columns, ruled })
}

fn take<'r>(findings: &mut Findings<'r, '_>, rule: &'r Rule, cell: Range<usize>) {
    let Some(text) = findings.text.get(cell.clone()) else {
        return;
    };
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    let has_capital = text.bytes().any(|byte| byte.is_ascii_uppercase());
    let is_value = match (rule.group(), rule.extent) {
        (_, Extent::Phrase | Extent::Name) if rule.group() != Some(Group::Secret) => {
            text.starts_with(char::is_uppercase) || digits > 0
        }
        (Some(Group::Secret), _) => {
            // `db-creds-7d9` is the name of a secret.
            !text.contains(' ')
                && reference::looks_secret(text)
                && digits > 0
                && (has_capital || !text.contains('-'))
        }
        _ => digits >= 3 || text.contains('@'),
    };
    if is_value {
        findings.take(rule, Found::bare(cell.start..cell.end));
    }
}

/// The cells of a line, between which two blanks stand at least.
fn cells(bytes: &[u8], line: Range<usize>) -> Vec<Range<usize>> {
    let mut cells = Vec::new();
    let mut at = line.start;
    while at < line.end && cells.len() <= MAX_COLUMNS {
        at += bytes[at..line.end]
            .iter()
            .take_while(|byte| byte.is_ascii_whitespace())
            .count();
        if at >= line.end {
            break;
        }
        let end =
            memchr::memmem::find(&bytes[at..line.end], b"  ").map_or(line.end, |gap| at + gap);
        cells.push(at..at + bytes[at..end].trim_ascii_end().len());
        at = end;
    }
    cells
}

#[cfg(test)]
mod tests {
    use crate::sanitize::text::testing::{hits, misses};

    #[test]
    fn cells_in_columns_parted_by_blanks_go() {
        hits(&[
            (
                "user     password\nkim      Xk4Ergjv\nj-12-end x",
                "user     password\nkim      <>\nj-12-end x",
            ),
            (
                "TOKEN                     TTL   USAGES\nabcdef.0123456789abcdef   23h   signing\nx",
                "TOKEN                     TTL   USAGES\n<>   23h   signing\nx",
            ),
            (
                "  Name      SSN\n  Ada Roe   123456789\n",
                "  Name      SSN\n  Ada Roe   <>\n",
            ),
            (
                "Name     Password\n-------- ------------\nada      Xk4Ergjv9Q\n",
                "Name     Password\n-------- ------------\nada      <>\n",
            ),
            (
                "Name     Password\n=====    ========\n\nada      Xk4Ergjv9Q\n",
                "Name     Password\n=====    ========\n\nada      <>\n",
            ),
            (
                "USER     STATE        TOKEN\nada      on           Xk4Ergjv9Q\nbob                   Zk5Frgjv8W\ncid      off          Qk7Frgjv2W",
                "USER     STATE        TOKEN\nada      on           <>\nbob                   <>\ncid      off          <>",
            ),
        ]);
    }

    #[test]
    fn what_stands_in_other_columns_stays() {
        misses(&[
            "NAMESPACE   SECRET         AGE\ndefault     db-creds-7d9   3d\n",
            "I lost my token.  It was late.\nThe next  day came.\n",
            "NAME   TOKEN\nfoo    none\n",
            "NAME   TOKEN   IMAGE\nfoo            web-7b9Q2\n",
        ]);
    }
}
