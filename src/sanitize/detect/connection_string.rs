//! Strings by which programs connect: `Server=…;Password=…` of ADO, ODBC, JDBC and Azure, and
//! `user:password@tcp(host)/database`, `jdbc:oracle:thin:user/password@host`.

use std::ops::Range;

use memchr::memmem;

use super::shape;
use super::{Detected, Detector};
use crate::sanitize::extent::Reader;
use crate::sanitize::marker;
use crate::sanitize::reference;
use crate::sanitize::rule::Treatment;
use crate::sanitize::rules::Rules;

/// The most bytes of a name.
const MAX_NAME: usize = 64;
/// How far behind a part what stands there may tell where a word in it ends.
const MAX_BEHIND: usize = 256;
/// The most bytes of credentials before `@`.
const MAX_CREDENTIALS: usize = 256;

/// Finds the secret values of connection strings.
pub(super) fn find(rules: &Rules, text: &str, found: &mut Vec<Detected>) {
    let bytes = text.as_bytes();
    assignments(rules, bytes, found);
    for sign in [&b"@tcp("[..], b"@tcp6(", b"@unix("] {
        for at in memmem::find_iter(bytes, sign) {
            credentials(rules, bytes, at, b':', found);
        }
    }
    for start in memmem::find_iter(bytes, b"jdbc:oracle:") {
        let near = &bytes[start..bytes.len().min(start + MAX_CREDENTIALS)];
        let end = near
            .iter()
            .position(u8::is_ascii_whitespace)
            .unwrap_or(near.len());
        if let Some(at) = memchr::memchr(b'@', &near[..end]) {
            credentials(rules, bytes, start + at, b'/', found);
        }
    }
}

/// A password between `between` and the `@` at `at`.
fn credentials(rules: &Rules, bytes: &[u8], at: usize, between: u8, found: &mut Vec<Detected>) {
    let least = at.saturating_sub(MAX_CREDENTIALS);
    let before = &bytes[least..at];
    let start = before
        .iter()
        .rposition(|byte| byte.is_ascii_whitespace() || matches!(byte, b'"' | b'\'' | b'`'));
    let start = start.map_or(0, |start| start + 1);
    if let Some(colon) = memchr::memchr(between, &before[start..]) {
        push(rules, bytes, least + start + colon + 1..at, found);
    }
}

/// `name=value` between semicolons.
fn assignments(rules: &Rules, bytes: &[u8], found: &mut Vec<Detected>) {
    let mut at = 0;
    while let Some(offset) = memchr::memchr(b'=', &bytes[at..]) {
        let sign = at + offset;
        at = sign + 1;
        let least = sign.saturating_sub(MAX_NAME);
        let name = &bytes[least..sign];
        let length = shape::run_length_back(name, NAME);
        let name = name[name.len() - length..].trim_ascii();
        let before = bytes[..sign - length].last();
        let is_part = before == Some(&b';');
        if !is_part && !begins_part(bytes, sign + 1)
            || name.is_empty()
            || is_declaration(name)
            || !names_secret(rules, name)
        {
            continue;
        }
        let end = value_end(bytes, sign + 1);
        // Of a line of a shell or of a sentence the secret is one word.
        let end = if is_of_connection(bytes, sign - length, end) {
            end
        } else if Reader::new(bytes).opening_quote(sign + 1).is_some() {
            // What stands in quotes is read where assignments are.
            continue;
        } else {
            let near = &bytes[..bytes.len().min(end + MAX_BEHIND)];
            Reader::new(near).word_end(sign + 1).min(end)
        };
        push(rules, bytes, sign + 1..end, found);
        at = end.max(at);
    }
}

/// True where the part before or behind the one from `start` to `end` is such as connection strings have.
fn is_of_connection(bytes: &[u8], start: usize, end: usize) -> bool {
    let before = start
        .checked_sub(1)
        .filter(|at| bytes[*at] == b';')
        .map(|at| {
            let least = at.saturating_sub(MAX_CREDENTIALS);
            let near = &bytes[least..at];
            let begin = near
                .iter()
                .rposition(|byte| matches!(byte, b';' | b'"' | b'\'' | b'\n' | b'\r'));
            &near[begin.map_or(0, |begin| begin + 1)..]
        });
    let behind = (bytes.get(end) == Some(&b';'))
        .then(|| &bytes[end + 1..bytes.len().min(end + 1 + MAX_NAME)]);
    [before, behind].into_iter().flatten().any(|part| {
        memchr::memchr(b'=', part).is_some_and(|sign| is_property(part[..sign].trim_ascii()))
    })
}

/// True for a name that is usual in connection strings, or ends in one as in `connect to Server=…`.
fn is_property(name: &[u8]) -> bool {
    const NAMES: &[&str] = &[
        "server",
        "data source",
        "datasource",
        "host",
        "hostname",
        "address",
        "addr",
        "network address",
        "port",
        "database",
        "databasename",
        "initial catalog",
        "dbq",
        "attachdbfilename",
        "user id",
        "userid",
        "user name",
        "username",
        "uid",
        "user",
        "driver",
        "provider",
        "dsn",
        "encrypt",
        "integrated security",
        "trusted_connection",
        "trustservercertificate",
        "persist security info",
        "pool size",
        "pooling",
        "timeout",
        "application name",
        "app",
        "multipleactiveresultsets",
        "sslmode",
        "ssl mode",
        "charset",
        "endpoint",
        "accountname",
        "accountkey",
        "endpointsuffix",
        "endpointsprotocol",
        "sharedaccesskeyname",
        "sharedaccesskey",
        "entitypath",
        "authentication",
        "failover partner",
        "protocol",
        "service name",
        "packet size",
        "workstation id",
        "language",
    ];
    NAMES.iter().any(|known| {
        name.len()
            .checked_sub(known.len())
            .is_some_and(|at| name[at..].eq_ignore_ascii_case(known.as_bytes()))
    })
}

/// `string password = 2;`: a field of a message, or a variable with its type.
fn is_declaration(name: &[u8]) -> bool {
    let first = name.split(|byte| *byte == b' ').next();
    first.is_some_and(|first| {
        first.len() < name.len() && std::str::from_utf8(first).is_ok_and(reference::is_type)
    })
}

const NAME: &shape::Class = &shape::class(b" _-.");

fn names_secret(rules: &Rules, name: &[u8]) -> bool {
    const SECRET: &[&[u8]] = &[
        b"pwd",
        b"accountkey",
        b"sharedaccesskey",
        b"sharedsecretkey",
    ];
    let by_rule = rules
        .for_name_at_end(name)
        .is_some_and(|(rule, plural, _)| {
            !plural
                && matches!(rule.treatment, Treatment::Redact | Treatment::Drop)
                && !rule.judges_values()
        });
    by_rule
        || SECRET
            .iter()
            .any(|secret| name.eq_ignore_ascii_case(secret))
}

/// True where the value at `start` is followed by a semicolon and another assignment.
fn begins_part(bytes: &[u8], start: usize) -> bool {
    let end = value_end(bytes, start);
    if bytes.get(end) != Some(&b';') {
        return false;
    }
    let near = &bytes[end + 1..bytes.len().min(end + 1 + MAX_NAME)];
    let name = shape::run_length(near, NAME);
    name > 0 && near.get(name) == Some(&b'=')
}

fn value_end(bytes: &[u8], start: usize) -> usize {
    let near = &bytes[start..bytes.len().min(start + 2 * MAX_CREDENTIALS)];
    // ODBC puts braces around what holds a semicolon, ADO quotes.
    let close = match near.first() {
        Some(b'{') => b'}',
        Some(mark @ (b'"' | b'\'')) => *mark,
        _ => 0,
    };
    if close != 0
        && let Some(end) = memchr::memchr(close, &near[1..])
    {
        return start + end + 2;
    }
    let end = near.iter().position(|byte| {
        matches!(
            byte,
            b';' | b'"' | b'\'' | b'\n' | b'\r' | b'\\' | b'<' | b'>'
        )
    });
    start + end.unwrap_or(near.len())
}

fn push(rules: &Rules, bytes: &[u8], mut range: Range<usize>, found: &mut Vec<Detected>) {
    range.end = range.start + bytes[range.clone()].trim_ascii_end().len();
    let value = &bytes[range.clone()];
    let Ok(text) = std::str::from_utf8(value) else {
        return;
    };
    if text.is_empty()
        || marker::length_at(value, 0) == Some(value.len())
        || reference::is_exempt(rules, text, false)
    {
        return;
    }
    found.push(Detected {
        range,
        detector: Detector::LabelledSecret,
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sanitize::detect::tests::{found, rules};

    fn found_in(text: &str) -> Vec<&str> {
        let rules = rules();
        found(text, |text, all| find(&rules, text, all))
    }

    #[test]
    fn values_of_secret_names_are_found() {
        for (text, secret) in [
            (
                "Server=tcp:h,1433;User ID=svc;Password=a b,c;Encrypt=True",
                "a b,c",
            ),
            ("Driver={ODBC};Uid=svc;Pwd={a;b};", "{a;b}"),
            (
                "AccountName=demo;AccountKey=Fa8/x+y==;EndpointSuffix=core.example",
                "Fa8/x+y==",
            ),
            (
                "\"Endpoint=sb://h/;SharedAccessKeyName=r;SharedAccessKey=Fa8=\"",
                "Fa8=",
            ),
            (
                "jdbc:sqlserver://h:1433;databaseName=x;user=svc;password=5ieq;encrypt=true",
                "5ieq",
            ),
            ("dsn: root:hunter2@tcp(127.0.0.1:3306)/db", "hunter2"),
            ("jdbc:oracle:thin:scott/tiger@h:1521:orcl", "tiger"),
        ] {
            assert_eq!(found_in(text), [secret], "{text}");
        }
    }

    #[test]
    fn what_a_shell_has_in_quotes_is_left_to_assignments() {
        let text = "x = 1; export BORG_PASSPHRASE='q7 Tm2'";
        assert_eq!(found_in(text), [""; 0]);
        crate::sanitize::text::testing::hits(&[(text, "x = 1; export BORG_PASSPHRASE='<>'")]);
    }

    #[test]
    fn in_a_shell_or_a_sentence_one_word_is_the_secret() {
        for (text, secret) in [
            ("cd /srv; API_TOKEN=Xk4Ergjv make deploy", "Xk4Ergjv"),
            ("A=1; API_TOKEN=Xk4Ergjv make; B=2", "Xk4Ergjv"),
            ("rsync a; RSYNC_PASSWORD=Xk4Ergjv rsync a b", "Xk4Ergjv"),
            ("first pass; token=Xk4Ergjv was found, moved", "Xk4Ergjv"),
        ] {
            assert_eq!(found_in(text), [secret], "{text}");
        }
        let spaced = "Server=h; Database=d; Password=a b c; Encrypt=True";
        assert_eq!(found_in(spaced), ["a b c"]);
        let last = "Server=h;Uid=sa;Pwd=a b c";
        assert_eq!(found_in(last), ["a b c"]);
    }

    #[test]
    fn other_assignments_and_references_stay() {
        for text in [
            "Server=h;Database=x;Trusted_Connection=True;",
            "Server=h;Password=${DB_PASSWORD};Encrypt=True",
            "Server=h;Password=[REDACTED:password];Encrypt=True",
            "for (i=0;i<5;token_count=3) { a=b; }",
            "mail to svc@tcp.example",
        ] {
            assert_eq!(found_in(text), [""; 0], "{text}");
        }
    }

    #[test]
    fn a_long_hostile_text_ends() {
        for piece in ["pwd=", ";pwd=a", "a:b@tcp(", "jdbc:oracle:", "password={;"] {
            found_in(&piece.repeat((1 << 20) / piece.len()));
        }
    }
}
