//! The values of an `INSERT`: `INSERT INTO users (login, password) VALUES ('ada', 'x')`.

use super::columns;
use super::statement::quoted;
use crate::sanitize::extent::Found;
use crate::sanitize::rule::Rule;
use crate::sanitize::text::Findings;

/// The values of an `INSERT` in the columns that a rule names.
pub(super) fn find(findings: &mut Findings<'_, '_>) {
    for word in columns::BEFORE_TABLE {
        find_behind(findings, word);
    }
}

fn find_behind(findings: &mut Findings<'_, '_>, word: &[u8]) {
    let bytes = findings.bytes();
    let mut done = 0;
    for from in columns::tables(bytes, word) {
        if from < done {
            continue;
        }
        let Some(columns) = columns::columns_after(bytes, from) else {
            continue;
        };
        if columns.is_selected {
            continue;
        }
        let ruled: Vec<(usize, &Rule)> = columns
            .names
            .iter()
            .enumerate()
            .filter_map(|(column, name)| {
                let name = columns::bare(&bytes[name.clone()]);
                let (rule, plural, _) = findings.rules.for_name_at_end(name)?;
                (!plural).then_some((column, rule))
            })
            .collect();
        let mut row = columns.values;
        while !ruled.is_empty() {
            row += bytes[row..]
                .iter()
                .take_while(|byte| byte.is_ascii_whitespace() || **byte == b',')
                .count();
            if bytes.get(row) != Some(&b'(') {
                break;
            }
            row = take_row(findings, &ruled, row + 1);
        }
        done = row;
    }
}

/// Takes the ruled values of a row that begins at `at`; gives where it ends.
fn take_row<'r>(
    findings: &mut Findings<'r, '_>,
    ruled: &[(usize, &'r Rule)],
    mut at: usize,
) -> usize {
    let bytes = findings.bytes();
    let mut column = 0;
    loop {
        at = findings.reader.skip_blanks(at);
        let (value, next) = match quoted(bytes, at) {
            Some(found) => {
                let rest = &bytes[found.end..];
                let length = rest
                    .iter()
                    .take_while(|byte| !matches!(byte, b',' | b')'))
                    .count();
                (found, found.end + length)
            }
            None => {
                let mut depth = 0_usize;
                let length = bytes[at..].iter().take_while(|byte| {
                    match byte {
                        b'(' => depth += 1,
                        b')' if depth > 0 => {
                            depth -= 1;
                            return true;
                        }
                        b')' => return false,
                        b',' => return depth > 0,
                        _ => {}
                    }
                    true
                });
                let end = at + length.count();
                (Found::bare(at..end), end)
            }
        };
        if let Some((_, rule)) = ruled.iter().find(|(ruled, _)| *ruled == column) {
            let end = value.start + bytes[value.start..value.end].trim_ascii_end().len();
            findings.take(rule, Found { end, ..value });
        }
        match bytes.get(next) {
            Some(b',') => at = next + 1,
            Some(_) => return next + 1,
            None => return next,
        }
        column += 1;
    }
}

#[cfg(test)]
mod tests {
    use crate::sanitize::text::testing::{hits, misses};

    #[test]
    fn values_in_the_columns_of_a_secret_go() {
        hits(&[
            (
                "failed: INSERT INTO p (first_name, town) VALUES ('Ada', 'Lund')",
                "failed: INSERT INTO p (first_name, town) VALUES ('<>', 'Lund')",
            ),
            (
                "INSERT INTO users (id, \"password\", city) VALUES (1, 'it''s', 'Lund'), (2, 'b,c', 'Oslo');",
                "INSERT INTO users (id, \"password\", city) VALUES (1, '<>', 'Lund'), (2, '<>', 'Oslo');",
            ),
            (
                "REPLACE INTO users (login, password) VALUES ('ada', 'Xk4Ergjv')",
                "REPLACE INTO users (login, password) VALUES ('ada', '<>')",
            ),
            (
                "INSERT OR REPLACE INTO users (login, password) VALUES ('ada', 'Xk4')",
                "INSERT OR REPLACE INTO users (login, password) VALUES ('ada', '<>')",
            ),
            (
                "insert ignore  into users (login, password) values ('ada', 'Xk4')",
                "insert ignore  into users (login, password) values ('ada', '<>')",
            ),
            (
                "INSERT OVERWRITE TABLE users (login, password) VALUES ('ada', 'Xk4')",
                "INSERT OVERWRITE TABLE users (login, password) VALUES ('ada', '<>')",
            ),
            (
                "INSERT OVERWRITE t (token) VALUES ('x7'); INSERT INTO t (token) VALUES ('y8')",
                "INSERT OVERWRITE t (token) VALUES ('<>'); INSERT INTO t (token) VALUES ('<>')",
            ),
            (
                "INSERT INTO\n  users (login, password)\nVALUES ('ada', 'Xk4')",
                "INSERT INTO\n  users (login, password)\nVALUES ('ada', '<>')",
            ),
            (
                "insert into t(token) values (abc123)",
                "insert into t(token) values (<>)",
            ),
        ]);
    }

    #[test]
    fn values_of_other_columns_stay() {
        misses(&[
            "INSERT INTO cities (id, name) VALUES (1, 'Lund')",
            "INSERT INTO users (id, password) VALUES ($1, ?)",
            "put it into the table (id, password) of values ('a', 'b')",
            "INSERT INTO users (id, password) SELECT id, password FROM old",
        ]);
    }
}
