//! What the placeholders of a statement stand for: `UPDATE u SET password = $1`, `INSERT INTO u (login, password) VALUES (?, ?)`.

use super::columns::{self, Columns};
use crate::sanitize::places::caseless;
use crate::sanitize::rule::Rule;
use crate::sanitize::rules::Rules;

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
    let columns = columns::BEFORE_TABLE
        .into_iter()
        .flat_map(|word| columns::tables(bytes, word))
        .find_map(|from| columns::columns_after(bytes, from));
    let selected_until = columns
        .as_ref()
        .filter(|columns| columns.is_selected)
        .map(|columns| end_of_selected(bytes, columns.values));
    let mut named = Named::new();
    let (mut at, mut in_order) = (0, 0);
    let mut unclosed = Unclosed::default();
    while at < bytes.len() && in_order < MAX_PLACEHOLDERS {
        if let Some(length) = passed_over(&bytes[at..], &mut unclosed) {
            at += length;
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
                Some(columns)
                    if at >= columns.values && selected_until.is_none_or(|end| at < end) =>
                {
                    columns.name_at(bytes, at)
                }
                _ => compared_with(bytes, at).or_else(|| function_that_sets(bytes, at)),
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

/// The marks of literals that nothing closes: what did not close once cannot close further on.
#[derive(Default)]
struct Unclosed([bool; 3]);

impl Unclosed {
    /// Whether that is known of a mark.
    fn of(&mut self, mark: u8) -> &mut bool {
        let [single, double, back] = &mut self.0;
        match mark {
            b'\'' => single,
            b'"' => double,
            _ => back,
        }
    }
}

/// The length of the literal or comment that a text begins with, in which no placeholder stands.
fn passed_over(text: &[u8], unclosed: &mut Unclosed) -> Option<usize> {
    match text {
        [mark @ (b'\'' | b'"' | b'`'), rest @ ..] => {
            let is_unclosed = unclosed.of(*mark);
            if *is_unclosed {
                return Some(1);
            }
            let is_escaped = |at: &usize| {
                let backslashes = rest[..*at].iter().rev();
                backslashes.take_while(|byte| **byte == b'\\').count() % 2 == 1
            };
            let end = memchr::memchr_iter(*mark, rest).find(|at| !is_escaped(at));
            *is_unclosed = end.is_none();
            // An apostrophe that nothing closes opens nothing.
            Some(end.map_or(1, |end| end + 2))
        }
        [b'-', b'-', rest @ ..] => Some(2 + memchr::memchr(b'\n', rest).unwrap_or(rest.len())),
        [b'/', b'*', rest @ ..] => {
            Some(memchr::memmem::find(rest, b"*/").map_or(text.len(), |end| end + 4))
        }
        _ => None,
    }
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

/// The name of a function that sets what it is called by, where its last argument stands at `at`: `set_password(?, ?)`.
fn function_that_sets(bytes: &[u8], at: usize) -> Option<&[u8]> {
    const VERBS: &[&[u8]] = &[b"set", b"change", b"update"];
    let behind = bytes[at..].iter().find(|byte| matches!(byte, b',' | b')'));
    let before = &bytes[at.saturating_sub(MAX_BEFORE)..at];
    let open = memchr::memrchr2(b'(', b')', before)?;
    if behind != Some(&b')') || before[open] != b'(' {
        return None;
    }
    let is_word = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
    let start = before[..open].iter().rposition(|byte| !is_word(byte));
    let name = &before[start.map_or(0, |start| start + 1)..open];
    let sets = |verb: &&[u8]| {
        name.split_at_checked(verb.len())
            .is_some_and(|(first, _)| first.eq_ignore_ascii_case(verb))
    };
    VERBS.iter().any(sets).then_some(name)
}

/// Where the values end that a `SELECT` gives.
fn end_of_selected(bytes: &[u8], from: usize) -> usize {
    [&b" from"[..], b" where", b";"]
        .into_iter()
        .filter_map(|end| caseless(&bytes[from..], end).next())
        .min()
        .map_or(bytes.len(), |length| from + length)
}

impl Columns {
    /// The name of the column in whose place the value at `at` stands; that before an operator behind the values.
    fn name_at<'b>(&self, bytes: &'b [u8], at: usize) -> Option<&'b [u8]> {
        let (mut depth, mut column) = (0_usize, 0);
        let mut is_in_row = false;
        if self.is_selected {
            (depth, is_in_row) = (1, true);
        }
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
        bytes
            .get(self.names.get(column)?.clone())
            .map(columns::bare)
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
            "INSERT IGNORE INTO u (login, password) VALUES (?, ?)",
            "UPSERT INTO u (login, password) VALUES (?, ?)",
            "INSERT  INTO\n u (login, password) VALUES (?, ?)",
            "INSERT INTO u (login, password) SELECT ?, ?",
            "INSERT INTO u (login, password) SELECT ?, crypt(?, 'x') FROM dual WHERE id = ?",
            "CALL set_password(?, ?)",
            "UPDATE u SET lane = ?, password = ? WHERE id = 7",
            "UPDATE u SET password = $2 WHERE login = $1",
            "SELECT * FROM u WHERE city = :1 AND last_name ILIKE :2",
            "SELECT * FROM u WHERE city = ? AND lower(email) IN (?)",
            "update u set note = 'why?', lane = ?, password = crypt(?)",
            "SELECT * FROM u WHERE n = @p1 and ssn = @p2",
            "UPDATE u SET lane = ? -- don't touch ?\n, password = ? WHERE id = 7",
            "UPDATE u SET lane = ? /* isn't ? */, password = ? WHERE id = 7",
            "UPDATE u SET lane = ?, note = 'it\\'s ?', password = ?",
            "UPDATE u SET path = 'c:\\\\', lane = ?, password = ?",
            "UPDATE u SET note = 'it''s ?', lane = ?, password = ?",
            "UPDATE u SET lane = ?, password = ? WHERE note = 'cut",
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
            "SELECT set_config(?, ?)",
            "CALL reset_password(?)",
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
