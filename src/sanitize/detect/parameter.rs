//! What the placeholders of a statement stand for: `UPDATE u SET password = $1`, `INSERT INTO u (login, password) VALUES (?, ?)`.

use std::ops::Range;

use crate::sanitize::places::caseless;
use crate::sanitize::rules::{Rule, Rules};

/// The most bytes of a statement that are looked at.
const MAX_STATEMENT: usize = 16 * 1024;
/// The most placeholders of a statement.
const MAX_PLACEHOLDERS: usize = 256;
/// The most bytes before a placeholder in which the name of its column is looked for.
const MAX_BEFORE: usize = 128;

/// For each placeholder the rule that names its column, and whether in the plural.
pub(in crate::sanitize) type Named<'r> = Vec<Option<(&'r Rule, bool)>>;

/// The rules for the placeholders of a statement; `None` where no rule names any.
pub(in crate::sanitize) fn rules_of_placeholders<'r>(
    rules: &'r Rules,
    statement: &str,
) -> Option<Named<'r>> {
    let bytes = statement.as_bytes();
    let bytes = &bytes[..bytes.len().min(MAX_STATEMENT)];
    let columns = Columns::of(bytes);
    let mut named = Named::new();
    let (mut at, mut in_order) = (0, 0);
    while at < bytes.len() && in_order < MAX_PLACEHOLDERS {
        if let mark @ (b'\'' | b'"' | b'`') = bytes[at] {
            let rest = &bytes[at + 1..];
            at += memchr::memchr(mark, rest).map_or(rest.len(), |end| end + 1) + 1;
            continue;
        }
        let Some((number, length)) = placeholder_at(bytes, at) else {
            at += 1;
            continue;
        };
        let place = number.unwrap_or(in_order);
        in_order += 1;
        if place < MAX_PLACEHOLDERS {
            let column = match &columns {
                Some(columns) if at >= columns.values => columns.name_at(bytes, at),
                _ => compared_with(bytes, at),
            };
            if let Some((rule, plural, _)) = column.and_then(|name| rules.for_name_at_end(name)) {
                named.resize(named.len().max(place + 1), None);
                named[place] = Some((rule, plural));
            }
        }
        at += length;
    }
    named.iter().any(Option::is_some).then_some(named)
}

/// The number of the placeholder at a place, counted from zero where it has one, and its length.
fn placeholder_at(bytes: &[u8], at: usize) -> Option<(Option<usize>, usize)> {
    let rest = &bytes[at..];
    let digits = |rest: &[u8]| rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let numbered = |sign: usize| {
        let count = digits(&rest[sign..]);
        let text = std::str::from_utf8(&rest[sign..sign + count]).ok()?;
        let number: usize = text.parse().ok()?;
        Some((Some(number.checked_sub(1)?), sign + count))
    };
    match rest {
        // `?|` and `?&` are operators of PostgreSQL, and `::` a cast.
        [b'?', b'|' | b'&', ..] => None,
        [b'?', digit, ..] if digit.is_ascii_digit() => numbered(1),
        [b'?', ..] => Some((None, 1)),
        [b'%', b's', ..] => Some((None, 2)),
        [b'$' | b':', digit, ..]
            if digit.is_ascii_digit() && (at == 0 || bytes[at - 1] != b':') =>
        {
            numbered(1)
        }
        [b'@', b'p' | b'P', digit, ..] if digit.is_ascii_digit() => numbered(2),
        _ => None,
    }
}

/// The name before a placeholder that it is compared with or assigned to: `ssn = `, `lower(email) LIKE `, `pin IN (`.
fn compared_with(bytes: &[u8], at: usize) -> Option<&[u8]> {
    let mut before = bytes[at.saturating_sub(MAX_BEFORE)..at].trim_ascii_end();
    // `crypt(?)`, `IN (?, ?)`
    loop {
        before = before.trim_ascii_end();
        before = match before {
            [rest @ .., b',' | b'?' | b'('] => rest,
            _ => break,
        };
    }
    let mut told = false;
    let is_word = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
    for _ in 0..3 {
        let start = before.iter().rposition(|byte| !is_word(byte));
        let (rest, word) = before.split_at(start.map_or(0, |start| start + 1));
        let operators: &[&[u8]] = &[b"in", b"like", b"ilike", b"not", b"is", b"between"];
        let rest = rest.trim_ascii_end();
        let is_operator = operators
            .iter()
            .any(|known| word.eq_ignore_ascii_case(known));
        let is_function = rest.ends_with(b"=") && !word.is_empty();
        if !is_operator && !is_function {
            break;
        }
        told |= is_operator;
        before = rest;
    }
    let signs = |byte: &u8| matches!(byte, b'=' | b'<' | b'>' | b'!' | b'~' | b'*');
    let signs_from = before
        .iter()
        .rposition(|byte| !signs(byte))
        .map_or(0, |at| at + 1);
    told |= signs_from < before.len();
    let before = before[..signs_from].trim_ascii_end();
    let is_mark = |byte: &u8| matches!(byte, b'"' | b'`' | b']' | b')');
    let end = before
        .iter()
        .rposition(|byte| !is_mark(byte))
        .map_or(0, |at| at + 1);
    (told && end > 0).then(|| &before[..end])
}

/// The columns of an `INSERT`, and where its values begin.
struct Columns {
    names: Vec<Range<usize>>,
    values: usize,
}

impl Columns {
    fn of(bytes: &[u8]) -> Option<Self> {
        let insert = ["insert into ", "replace into ", "merge into "]
            .into_iter()
            .find_map(|word| caseless(bytes, word.as_bytes()).next())?;
        let open = insert + memchr::memchr(b'(', &bytes[insert..])?;
        let close = open + memchr::memchr(b')', &bytes[open..])?;
        let values = close + caseless(&bytes[close..], b"values").next()?;
        let mut at = open + 1;
        let names = bytes[open + 1..close]
            .split(|byte| *byte == b',')
            .map(|name| {
                let start = at;
                at += name.len() + 1;
                start..start + name.len()
            })
            .collect();
        Some(Self { names, values })
    }

    /// The name of the column in whose place the value at `at` stands; that before an operator behind the values.
    fn name_at<'b>(&self, bytes: &'b [u8], at: usize) -> Option<&'b [u8]> {
        let (mut depth, mut column) = (0_usize, 0);
        let mut is_in_row = false;
        for byte in &bytes[self.values..at] {
            match byte {
                b'(' => {
                    depth += 1;
                    if depth == 1 {
                        (column, is_in_row) = (0, true);
                    }
                }
                b')' => {
                    depth = depth.saturating_sub(1);
                    is_in_row &= depth > 0;
                }
                b',' if depth == 1 => column += 1,
                _ => {}
            }
        }
        if !is_in_row {
            return compared_with(bytes, at);
        }
        let name = bytes.get(self.names.get(column)?.clone())?.trim_ascii();
        let is_mark = |byte: &u8| matches!(byte, b'"' | b'`' | b']');
        let end = name.iter().rposition(|byte| !is_mark(byte))? + 1;
        Some(&name[..end])
    }
}

#[cfg(test)]
mod tests {
    use super::rules_of_placeholders;
    use crate::sanitize::text::testing::rules;

    fn named(statement: &str) -> Vec<Option<String>> {
        let rules = rules();
        let named = rules_of_placeholders(&rules, statement).unwrap_or_default();
        let names = named.into_iter();
        names
            .map(|rule| rule.map(|(rule, _)| rule.name().to_owned()))
            .collect()
    }

    fn is_second_alone(statement: &str) {
        let named = named(statement);
        let ruled: Vec<bool> = named.iter().map(Option::is_some).collect();
        assert_eq!(ruled, [false, true], "{statement}: {named:?}");
    }

    #[test]
    fn a_placeholder_stands_for_what_its_column_is_called() {
        for statement in [
            "INSERT INTO u (login, password) VALUES (?, ?)",
            "insert into u (login, \"password\") values (%s, crypt(%s, gen_salt('bf')))",
            "INSERT INTO u (id, login, ssn) VALUES (7, $1, $2) RETURNING id",
            "UPDATE u SET lane = ?, password = ? WHERE id = 7",
            "UPDATE u SET password = $2 WHERE login = $1",
            "SELECT * FROM u WHERE city = :1 AND last_name ILIKE :2",
            "SELECT * FROM u WHERE city = ? AND lower(email) IN (?)",
            "update u set note = 'why?', lane = ?, password = crypt(?)",
            "SELECT * FROM u WHERE n = @p1 and ssn = @p2",
        ] {
            is_second_alone(statement);
        }
    }

    #[test]
    fn placeholders_of_other_columns_are_not_named() {
        for statement in [
            "SELECT * FROM tokens WHERE id = ? AND lane = ?",
            "INSERT INTO passwords (id, lane) VALUES (?, ?)",
            "what is the password?",
            "UPDATE u SET password = NULL WHERE id = ?",
            "select data ?| array['password'] from u where id = $1::int",
            "",
            "?????? (((( ,,,,",
        ] {
            assert!(
                named(statement).is_empty(),
                "{statement}: {:?}",
                named(statement)
            );
        }
    }
}
