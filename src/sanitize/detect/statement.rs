//! Statements of databases: `IDENTIFIED BY 'x'`, `PASSWORD('x')`, `INSERT INTO users (…, password) VALUES (…, 'x')`.
//!
//! `password = 'x'` is an assignment, and `PASSWORD 'x'` a name with its value behind it.

use super::{Detector, compared, inserted};
use crate::sanitize::extent::{Found, is_doubled};
use crate::sanitize::places::caseless;
use crate::sanitize::reference::looks_secret;
use crate::sanitize::rule::Rule;
use crate::sanitize::text::Findings;

/// How far apart the words of a clause may stand.
const MAX_CLAUSE: usize = 96;
/// The most bytes of a quoted value.
const MAX_VALUE: usize = 4096;
/// The most bytes of a function's name.
const MAX_NAME: usize = 64;

/// Finds the secrets that statements set.
pub(in crate::sanitize) fn find(findings: &mut Findings<'_, '_>) {
    identified(findings);
    calls(findings);
    inserted::find(findings);
    set(findings);
    compared::find(findings);
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
            (length > 0 && is_statement).then_some(Found::bare(value..value + length))
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

/// `requirepass x`, as the settings of Redis have it.
fn settings(findings: &mut Findings<'_, '_>) {
    let bytes = findings.bytes();
    for name in [&b"requirepass "[..], b"masterauth "] {
        for at in caseless(bytes, name) {
            let value = findings.reader.skip_blanks(at + name.len());
            let found = quoted(bytes, value)
                .unwrap_or_else(|| Found::bare(value..findings.reader.word_end(value)));
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
            return Some(Found::quoted(start..limit));
        };
        end += offset;
        if escapes == 0 && is_doubled(bytes, start, end) {
            end += 2;
            if end >= limit {
                return Some(Found::quoted(start..limit));
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
        return Some(Found::quoted(start..end));
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
