//! Statements of databases: `IDENTIFIED BY 'x'`, `PASSWORD('x')`, `INSERT INTO users (…, password) VALUES (…, 'x')`.
//!
//! `password = 'x'` is an assignment, and `PASSWORD 'x'` a name with its value behind it.

use std::sync::LazyLock;

use memchr::memmem::Finder;

use super::{Detector, inserted};
use crate::sanitize::extent::{Found, is_doubled};
use crate::sanitize::marker;
use crate::sanitize::places::caseless;
use crate::sanitize::reference::looks_secret;
use crate::sanitize::rule::Rule;
use crate::sanitize::text::Findings;

/// How far apart the words of a clause may stand.
const MAX_CLAUSE: usize = 96;
/// The most bytes of a quoted value.
const MAX_VALUE: usize = 4096;
/// The fewest digits of a number that a name is compared with.
const LEAST_COMPARED: usize = 4;
/// And of one in a list that it is looked for in.
const LEAST_LISTED: usize = 3;
/// And of one that is taken where no condition of a statement is seen.
const LEAST_UNTOLD: usize = 9;
/// The most bytes of what stands between the values of a list and is none: `NULL`, `$1`.
const MAX_OTHER: usize = 32;
/// The most bytes of a function's name.
const MAX_NAME: usize = 64;

/// Finds the secrets that statements set.
pub(in crate::sanitize) fn find(findings: &mut Findings<'_, '_>) {
    identified(findings);
    calls(findings);
    inserted::find(findings);
    set(findings);
    compared(findings);
    compared_by_word(findings);
    compared_by_function(findings);
    settings(findings);
}

/// `IDENTIFIED BY 'x'`, `IDENTIFIED WITH plugin BY 'x'`, `IDENTIFIED BY PASSWORD '*9F…'`.
fn identified(findings: &mut Findings<'_, '_>) {
    let bytes = findings.bytes();
    for at in caseless(bytes, b"identified") {
        let from = at + b"identified".len();
        let clause = from..bytes.len().min(from + MAX_CLAUSE);
        let by = [&b" by "[..], b" as "]
            .into_iter()
            .filter_map(|word| caseless(&bytes[clause.clone()], word).next())
            .min();
        let Some(by) = by else { continue };
        let between = &bytes[from..from + by];
        let is_clause =
            between.is_empty() || between.len() > 5 && between[..5].eq_ignore_ascii_case(b" with");
        if !is_clause {
            continue;
        }
        let mut value = findings.reader.skip_blanks(from + by + 4);
        if bytes[value..].len() > 9 && bytes[value..value + 9].eq_ignore_ascii_case(b"password ") {
            value = findings.reader.skip_blanks(value + 9);
        }
        let found = quoted(bytes, value).or_else(|| {
            let length = bytes[value..]
                .iter()
                .take(MAX_VALUE)
                .take_while(|byte| {
                    !byte.is_ascii_whitespace() && !matches!(byte, b';' | b',' | b'"' | b'\'')
                })
                .count();
            // Prose: "identified by its serial number".
            let is_statement = bytes[at].is_ascii_uppercase() && bytes[at + 1].is_ascii_uppercase();
            (length > 0 && is_statement).then_some(Found {
                start: value,
                end: value + length,
                quoted: false,
            })
        });
        if let Some(found) = found
            && let Some(rule) = password_rule(findings)
        {
            findings.take(rule, found);
        }
    }
}

/// `PASSWORD('x')`, `setPassword("x")`, `.with_token("x")`.
fn calls(findings: &mut Findings<'_, '_>) {
    let bytes = findings.bytes();
    for open in memchr::memchr_iter(b'(', bytes) {
        if !matches!(bytes.get(open + 1), Some(b'"' | b'\'')) {
            continue;
        }
        let least = open.saturating_sub(MAX_NAME);
        let length = bytes[least..open]
            .iter()
            .rev()
            .take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'_')
            .count();
        let function = &bytes[open - length..open];
        let Some((rule, false, start)) = findings.rules.for_name_at_end(function) else {
            continue;
        };
        let Some(found) = quoted(bytes, open + 1) else {
            continue;
        };
        let verb = function[..start].trim_ascii().to_ascii_lowercase();
        let sets = ["set", "with", "use", "add", "change", "update"]
            .iter()
            .any(|word| verb.starts_with(word.as_bytes()));
        let shouts = !function.iter().any(u8::is_ascii_lowercase);
        let text = findings
            .text
            .get(found.start..found.end)
            .unwrap_or_default();
        let is_value = shouts || sets && !text.contains(' ') || start == 0 && looks_secret(text);
        if is_value {
            findings.take(rule, found);
        }
    }
}

/// `SET PASSWORD FOR 'a'@'h' = 'x'`.
fn set(findings: &mut Findings<'_, '_>) {
    let bytes = findings.bytes();
    for at in caseless(bytes, b"set password ") {
        let from = at + b"set password ".len();
        let clause = &bytes[from..bytes.len().min(from + MAX_CLAUSE)];
        let is_for = clause.len() > 4 && clause[..4].eq_ignore_ascii_case(b"for ");
        let (Some(equals), true) = (memchr::memchr(b'=', clause), is_for) else {
            continue;
        };
        let value = findings.reader.skip_blanks(from + equals + 1);
        if let Some(found) = quoted(bytes, value)
            && let Some(rule) = password_rule(findings)
        {
            findings.take(rule, found);
        }
    }
}

/// Comparisons of OData and SCIM.
static COMPARISONS: LazyLock<[Finder<'_>; 9]> = LazyLock::new(|| {
    [
        " eq ", " ne ", " gt ", " ge ", " lt ", " le ", " co ", " sw ", " ew ",
    ]
    .map(Finder::new)
});
/// Functions of OData that compare a member with a text.
const COMPARING: &[&[u8]] = &[
    b"contains",
    b"startswith",
    b"endswith",
    b"indexof",
    b"eq",
    b"ne",
];

/// `ssn eq '123456789'`, `ssn eq 123456789`.
fn compared_by_word(findings: &mut Findings<'_, '_>) {
    let bytes = findings.bytes();
    for word in COMPARISONS.iter() {
        for at in word.find_iter(bytes) {
            let value = findings.reader.skip_blanks(at + word.needle().len());
            let digits = || {
                let digits = bytes[value..].iter();
                let length = digits
                    .take_while(|byte| byte.is_ascii_digit() || **byte == b'-')
                    .count();
                (length >= LEAST_COMPARED).then_some(Found {
                    start: value,
                    end: value + length,
                    quoted: false,
                })
            };
            if let Some(found) = quoted(bytes, value).or_else(digits)
                && let Some((rule, ..)) = findings
                    .rules
                    .for_name_at_end(&bytes[at.saturating_sub(MAX_NAME)..at])
            {
                findings.take(rule, found);
            }
        }
    }
}

/// `contains(last_name, 'x')`.
fn compared_by_function(findings: &mut Findings<'_, '_>) {
    let bytes = findings.bytes();
    for mark in memchr::memchr2_iter(b'\'', b'"', bytes) {
        let least = mark.saturating_sub(MAX_NAME);
        let Some(before) = bytes[least..mark].trim_ascii_end().strip_suffix(b",") else {
            continue;
        };
        let Some(open) = memchr::memrchr(b'(', before) else {
            continue;
        };
        let (function, name) = (&before[..open], &before[open + 1..]);
        let is_comparing = COMPARING
            .iter()
            .any(|known| without_end(function, known).is_some());
        if is_comparing
            && let Some((rule, ..)) = findings.rules.for_name_at_end(name)
            && let Some(found) = quoted(bytes, mark)
        {
            findings.take(rule, found);
        }
    }
}

/// `last_name LIKE 'x%'`, `ssn IN ('x', 'y')`.
fn compared(findings: &mut Findings<'_, '_>) {
    let bytes = findings.bytes();
    let mut floor = 0;
    for at in memchr::memchr2_iter(b'\'', b'(', bytes) {
        let operators: &[&[u8]] = match bytes[at] {
            b'(' => &[b" in"],
            _ => &[b" like", b" ilike"],
        };
        if at < floor {
            continue;
        }
        let before = bytes[at.saturating_sub(MAX_NAME).max(floor)..at].trim_ascii_end();
        let Some(before) = operators
            .iter()
            .find_map(|operator| without_end(before, operator))
        else {
            continue;
        };
        let before = without_end(before, b" not").unwrap_or(before);
        let before = before
            .strip_suffix(b"\"")
            .or(before.strip_suffix(b"`"))
            .unwrap_or(before);
        let Some((rule, plural, _)) = findings.rules.for_name_at_end(before) else {
            continue;
        };
        if bytes[at] == b'(' {
            floor = take_all(findings, rule, plural, at + 1);
        } else if let Some(mut found) = quoted(bytes, at) {
            floor = found.end;
            // What stands for any text is none of the value.
            while found.start < found.end && bytes[found.start] == b'%' {
                found.start += 1;
            }
            while found.start < found.end && bytes[found.end - 1] == b'%' {
                found.end -= 1;
            }
            findings.take(rule, found);
        }
    }
}

/// What stands before `end`, which is lower-case, at the end of a text, in any case.
fn without_end<'b>(text: &'b [u8], end: &[u8]) -> Option<&'b [u8]> {
    let (before, found) = text.split_at_checked(text.len().checked_sub(end.len())?)?;
    found.eq_ignore_ascii_case(end).then_some(before)
}

/// True where the condition of a statement begins shortly before `at`.
fn is_condition(bytes: &[u8], at: usize) -> bool {
    const WORDS: &[&[u8]] = &[b"where", b"and", b"or", b"on", b"having"];
    bytes[at.saturating_sub(MAX_CLAUSE)..at]
        .split(|byte| !byte.is_ascii_alphanumeric() && *byte != b'_')
        .any(|word| WORDS.iter().any(|known| word.eq_ignore_ascii_case(known)))
}

/// Takes the values of a list in brackets that begins at `at`; gives where it ends.
fn take_all<'r>(
    findings: &mut Findings<'r, '_>,
    rule: &'r Rule,
    plural: bool,
    mut at: usize,
) -> usize {
    let bytes = findings.bytes();
    let is_condition = is_condition(bytes, at);
    // Prose: "the tokens in ('a', 'b')".
    if plural && !is_condition {
        return at;
    }
    loop {
        at = findings.reader.skip_blanks(at);
        let found = quoted(bytes, at)
            .or_else(|| number_in_list(bytes, at, is_condition).filter(|_| !plural));
        at = match found {
            Some(found) => {
                findings.take(rule, found);
                found.end + usize::from(found.quoted)
            }
            None => at + length_of_other(bytes, at),
        };
        at = findings.reader.skip_blanks(at);
        match bytes.get(at) {
            Some(b',') => at += 1,
            _ => return at,
        }
    }
}

/// The number, or what stands for one already, at a place of a list.
fn number_in_list(bytes: &[u8], at: usize, is_condition: bool) -> Option<Found> {
    let length = marker::length_at(bytes, at).or_else(|| {
        let digits = bytes[at..].iter();
        let length = digits.take_while(|byte| byte.is_ascii_digit()).count();
        // Prose: "the PIN in (4) is bent".
        let least = if is_condition {
            LEAST_LISTED
        } else {
            LEAST_UNTOLD
        };
        (length >= least).then_some(length)
    })?;
    Some(Found {
        start: at,
        end: at + length,
        quoted: false,
    })
}

/// How long a word or a placeholder is that stands in a list among values.
fn length_of_other(bytes: &[u8], at: usize) -> usize {
    bytes[at..]
        .iter()
        .take(MAX_OTHER)
        .take_while(|byte| {
            byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'$' | b':' | b'?' | b'@')
        })
        .count()
}

/// `requirepass x`, as the settings of Redis have it.
fn settings(findings: &mut Findings<'_, '_>) {
    let bytes = findings.bytes();
    for name in [&b"requirepass "[..], b"masterauth "] {
        for at in caseless(bytes, name) {
            let value = findings.reader.skip_blanks(at + name.len());
            let found = quoted(bytes, value).unwrap_or_else(|| Found {
                start: value,
                end: findings.reader.word_end(value),
                quoted: false,
            });
            if let Some(rule) = password_rule(findings) {
                findings.take(rule, found);
            }
        }
    }
}

/// The rule for passwords, whatever it is called.
pub(super) fn password_rule<'r>(findings: &Findings<'r, '_>) -> Option<&'r Rule> {
    let named = findings.rules.for_member("password").map(|(rule, _)| rule);
    named.or_else(|| findings.rules.for_detector(Detector::LabelledSecret))
}

/// What stands in quotes at `at`; a mark written twice is one of the value's.
pub(super) fn quoted(bytes: &[u8], at: usize) -> Option<Found> {
    let at = at
        + usize::from(
            matches!(bytes.get(at), Some(b'N' | b'E' | b'n'))
                && matches!(bytes.get(at + 1), Some(b'\'')),
        );
    let escapes = bytes[at..]
        .iter()
        .take(8)
        .take_while(|byte| **byte == b'\\')
        .count();
    let mark = *bytes
        .get(at + escapes)
        .filter(|byte| matches!(byte, b'\'' | b'"'))?;
    let start = at + escapes + 1;
    let limit = bytes.len().min(start + MAX_VALUE);
    let mut end = start;
    loop {
        let Some(offset) = memchr::memchr(mark, &bytes[end..limit]) else {
            // It was cut.
            return Some(Found {
                start,
                end: limit,
                quoted: true,
            });
        };
        end += offset;
        if escapes == 0 && is_doubled(bytes, start, end) {
            end += 2;
            if end >= limit {
                return Some(Found {
                    start,
                    end: limit,
                    quoted: true,
                });
            }
            continue;
        }
        let end = end
            - bytes[start..end]
                .iter()
                .rev()
                .take(escapes)
                .take_while(|byte| **byte == b'\\')
                .count();
        return Some(Found {
            start,
            end,
            quoted: true,
        });
    }
}

#[cfg(test)]
mod tests {
    use crate::sanitize::text::testing::{hits, misses};

    #[test]
    fn what_a_statement_sets_goes() {
        hits(&[
            (
                "SELECT * FROM p WHERE last_name LIKE '%Lovel%' AND town = 'Lund'",
                "SELECT * FROM p WHERE last_name LIKE '%<>%' AND town = 'Lund'",
            ),
            (
                "delete from p where ssn NOT IN ('123456789', 987654321) and n in (1, 2)",
                "delete from p where ssn NOT IN ('<>', <>) and n in (1, 2)",
            ),
            (
                "CREATE USER etl WITH PASSWORD 'Xk4' VALID UNTIL '2027-01-01'",
                "CREATE USER etl WITH PASSWORD '<>' VALID UNTIL '2027-01-01'",
            ),
            (
                "CREATE USER 'a'@'%' IDENTIFIED BY 'Xk4';",
                "CREATE USER 'a'@'%' IDENTIFIED BY '<>';",
            ),
            (
                "alter user a identified with mysql_native_password by 'x y'",
                "alter user a identified with mysql_native_password by '<>'",
            ),
            (
                "CREATE USER scott IDENTIFIED BY tiger;",
                "CREATE USER scott IDENTIFIED BY <>;",
            ),
            (
                "SET PASSWORD FOR 'a'@'b' = PASSWORD('Xk4')",
                "SET PASSWORD FOR 'a'@'b' = PASSWORD('<>')",
            ),
            (
                "SET PASSWORD FOR 'a'@'b' = 'Xk4'; -- done",
                "SET PASSWORD FOR 'a'@'b' = '<>'; -- done",
            ),
            (
                "ssn eq '123456789' and town eq 'Lund'",
                "ssn eq '<>' and town eq 'Lund'",
            ),
            ("patient_name eq 'Ada Lovel'", "patient_name eq '<>'"),
            (
                "emails.ssn eq 123456789 or n eq 12345",
                "emails.ssn eq <> or n eq 12345",
            ),
            (
                "token: x7Tq9bPz2 and contains(last_name, 'Lovel')",
                "token: <> and contains(last_name, '<>')",
            ),
            (
                "ALTER LOGIN sa WITH PASSWORD = N'Xk4'",
                "ALTER LOGIN sa WITH PASSWORD = <>",
            ),
            (
                "UPDATE users SET password = 'Xk4', city = 'Lund'",
                "UPDATE users SET password = '<>', city = 'Lund'",
            ),
            (
                "client.setPassword(\"abc\").open()",
                "client.setPassword(\"<>\").open()",
            ),
            ("CONFIG SET requirepass abc", "CONFIG SET requirepass <>"),
            (
                "UPDATE u SET password = 'abc''defGh12' WHERE id = 7",
                "UPDATE u SET password = '<>' WHERE id = 7",
            ),
            (
                "ALTER USER ada PASSWORD 'abc''defGh12'; -- done",
                "ALTER USER ada PASSWORD '<>'; -- done",
            ),
            (
                "passwd: 'abc''defGh12'\ntown: ''\nlane: 'x'",
                "passwd: '<>'\ntown: ''\nlane: 'x'",
            ),
            (
                "SET api_token=\"ab\"\"cdEf99\" then",
                "SET api_token=\"<>\" then",
            ),
            (
                "{\"password\": \"abc\\\"\", \"town\": \"Lund\"",
                "{\"password\": \"<>\", \"town\": \"Lund\"",
            ),
            (
                "1,\"{\"\"password\"\": \"\"swordfish\"\", \"\"town\"\": \"\"Lund\"\"}\",x",
                "1,\"{\"\"password\"\": \"\"<>\"\", \"\"town\"\": \"\"Lund\"\"}\",x",
            ),
            (
                "EXEC('UPDATE u SET password=''abc'', lane=''x'' WHERE id=7')",
                "EXEC('UPDATE u SET password=''<>'', lane=''x'' WHERE id=7')",
            ),
            (
                "UPDATE u SET password = '', token = 'x7Tq9bPz2'",
                "UPDATE u SET password = '', token = '<>'",
            ),
        ]);
    }

    #[test]
    fn all_values_of_a_list_go() {
        hits(&[
            (
                "WHERE ssn IN (123456789, 12, 987654321)",
                "WHERE ssn IN (<>, 12, <>)",
            ),
            (
                "WHERE ssn IN (NULL, 123456789 , $1, 987654321)",
                "WHERE ssn IN (NULL, <> , $1, <>)",
            ),
            (
                "rows with ssn in (123456789, 987654321) skipped",
                "rows with ssn in (<>, <>) skipped",
            ),
            ("WHERE ssns IN ('123456789')", "WHERE ssns IN ('<>')"),
            (
                "WHERE passwords IN ('hunter', 7, 'winter')",
                "WHERE passwords IN ('<>', 7, '<>')",
            ),
        ]);
    }

    #[test]
    fn statements_that_set_no_secret_stay() {
        misses(&[
            "SELECT token_id, password_changed_at FROM users WHERE id = 40213",
            "CREATE TABLE users (password VARCHAR(255) NOT NULL, token CHAR(64), secret TEXT)",
            "ALTER TABLE users ADD COLUMN password VARCHAR(255), DROP COLUMN token",
            "SELECT COUNT(password) FROM users GROUP BY token",
            "it is identified by its serial number",
            "getToken(\"name\") and find_secret('db')",
            "input.password(\"Enter it twice\")",
            "WHERE token == other AND password <> old",
            "the token in (2) was expired",
            "the cvv in (3) digits",
            "check the case and the pin in (4) which is bent",
            "SELECT * FROM usage WHERE tokens IN (100, 200)",
            "SELECT * FROM usage WHERE tokens IN (1000000000, 2000000000)",
            "the passwords in ('users', 'admins') are hashed",
        ]);
    }
}
