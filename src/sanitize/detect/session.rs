//! What protocols of lines send to log in: `AUTH PLAIN x`, `a1 LOGIN ada x`, `USER ada` and `PASS x`, `ACL SETUSER ada on >x`.

use super::shape;
use super::statement::password_rule;
use crate::sanitize::extent::Found;
use crate::sanitize::reference::looks_secret;
use crate::sanitize::text::Findings;

/// The fewest bytes of what base64 makes of a user and a password.
const LEAST_ENCODED: usize = 8;
/// How far before `PASS` a `USER` stands.
const NEAR: usize = 256;
/// The most bytes of a prompt.
const MAX_PROMPT: usize = 48;
/// The most bytes of a line.
const MAX_LINE: usize = 1024;

/// Finds the credentials that lines of a session send.
pub(in crate::sanitize) fn find(findings: &mut Findings<'_, '_>) {
    let bytes = findings.bytes();
    let mut floor = 0;
    for word in [&b"AUTH"[..], b"LOGIN ", b"PASS ", b"New value: ", b" >"] {
        for at in memchr::memmem::find_iter(bytes, word) {
            if at < floor && word == b" >" {
                continue;
            }
            let start = at.saturating_sub(MAX_LINE);
            let start = memchr::memrchr2(b'\n', b'"', &bytes[start..at])
                .map_or(start, |line| start + line + 1);
            let end = bytes.len().min(at + MAX_LINE);
            let end =
                memchr::memchr3(b'\r', b'\n', b'"', &bytes[at..end]).map_or(end, |line| at + line);
            let before = without_sender(&bytes[start..at]);
            let secret = match word {
                b"AUTH" => authenticated(&bytes[at..end], before),
                b"LOGIN " => logged_in(&bytes[at..end], before),
                b"PASS " => passed(&bytes[at..end], before, &bytes[..start]),
                b"New value: " => reset(&bytes[at..end], before, &bytes[..start]),
                _ => set_user(&bytes[at..end], before),
            };
            if let Some((from, to)) = secret
                && let Some(rule) = password_rule(findings)
            {
                floor = at + to;
                let found = Found::bare(at + from..at + to);
                findings.take(rule, found);
            }
        }
    }
}

/// What stands before a command but for a mark of who sends it: `C: `, `>>> `, `-> `.
fn without_sender(before: &[u8]) -> &[u8] {
    let trimmed = before.trim_ascii();
    match trimmed {
        b"C:" | b">>>" | b"->" | b"-->" | b"=>" | b">" | b"S:" | b"send:" => b"",
        [b'C', b':', rest @ ..] => rest.trim_ascii(),
        // `redis>`, `127.0.0.1:6379[1]>`.
        [prompt @ .., b'>'] if prompt.len() <= MAX_PROMPT && !prompt.contains(&b' ') => b"",
        _ => trimmed,
    }
}

/// `AUTH PLAIN x`, `AUTHENTICATE PLAIN x`, `AUTH x`.
fn authenticated(line: &[u8], before: &[u8]) -> Option<(usize, usize)> {
    let mut words = words_of(line);
    let (_, first) = words.next()?;
    let is_command = before.is_empty() || is_tag(before);
    if !is_command || !matches!(first, "AUTH" | "AUTHENTICATE") {
        return None;
    }
    let (start, word) = words.next()?;
    let next = words.next();
    let is_mechanism = [
        "PLAIN",
        "LOGIN",
        "XOAUTH2",
        "OAUTHBEARER",
        "CRAM-MD5",
        "NTLM",
    ]
    .contains(&word);
    match next {
        Some((start, word)) if is_mechanism => {
            let class = shape::run_length(word.as_bytes(), shape::BASE64);
            let is_word = word
                .bytes()
                .all(|byte| byte.is_ascii_uppercase() || byte == b'-');
            (class == word.len() && class >= LEAST_ENCODED && !is_word)
                .then_some((start, start + word.len()))
        }
        // Redis: a password, or a user and one.
        None => looks_secret(word).then_some((start, start + word.len())),
        Some((start, word)) if words.next().is_none() => {
            looks_secret(word).then_some((start, start + word.len()))
        }
        _ => None,
    }
}

/// `a1 LOGIN ada x`.
fn logged_in(line: &[u8], before: &[u8]) -> Option<(usize, usize)> {
    if !is_tag(before) {
        return None;
    }
    let mut words = words_of(line).skip(2);
    let (start, word) = words.next()?;
    words
        .next()
        .is_none()
        .then_some((start, start + word.len()))
}

/// `PASS x` behind `USER ada`.
fn passed(line: &[u8], before: &[u8], above: &[u8]) -> Option<(usize, usize)> {
    let near = &above[above.len().saturating_sub(NEAR)..];
    let is_session = before.is_empty() && memchr::memmem::rfind(near, b"USER ").is_some();
    let mut words = words_of(line).skip(1);
    let (start, word) = words.next()?;
    (is_session && words.next().is_none()).then_some((start, start + word.len()))
}

/// `New value: x` behind `Password for the [ada] user successfully reset.`
fn reset(line: &[u8], before: &[u8], above: &[u8]) -> Option<(usize, usize)> {
    let near = above[above.len().saturating_sub(NEAR)..].trim_ascii_end();
    let line_above = memchr::memrchr(b'\n', near).map_or(near, |at| &near[at + 1..]);
    let is_told = memchr::memmem::find(line_above, b"assword").is_some()
        && memchr::memmem::find(line_above, b"reset").is_some();
    let (start, word) = words_of(line).nth(2)?;
    (before.is_empty() && is_told).then_some((start, start + word.len()))
}

/// `user default on >x ~* +@all`, as Redis lists its users.
fn set_user(line: &[u8], before: &[u8]) -> Option<(usize, usize)> {
    let is_user = before
        .get(..5)
        .is_some_and(|begin| begin.eq_ignore_ascii_case(b"user "))
        || [&b"SETUSER "[..], b"setuser "]
            .into_iter()
            .any(|word| memchr::memmem::find(before, word).is_some());
    let (start, word) = words_of(line).next()?;
    let secret = word.strip_prefix('>').filter(|secret| !secret.is_empty())?;
    is_user.then_some((start + 1, start + 1 + secret.len()))
}

/// True for the mark of a command of IMAP: letters and a number.
fn is_tag(before: &[u8]) -> bool {
    (1..=8).contains(&before.len())
        && before
            .iter()
            .all(|byte| byte.is_ascii_alphanumeric() || *byte == b'.')
        && before.last().is_some_and(u8::is_ascii_digit)
}

fn words_of(line: &[u8]) -> impl Iterator<Item = (usize, &str)> {
    let mut at = 0;
    line.split(|byte| *byte == b' ').filter_map(move |word| {
        let start = at;
        at += word.len() + 1;
        let word = std::str::from_utf8(word).ok()?;
        (!word.is_empty()).then_some((start, word))
    })
}

#[cfg(test)]
mod tests {
    use crate::sanitize::text::testing::{hits, misses};

    #[test]
    fn what_a_session_logs_in_with_goes() {
        hits(&[
            (
                "EHLO h\r\nAUTH PLAIN AGFkYQBxN1RtMnhQdzk=\r\nMAIL FROM:<a@b.example>",
                "EHLO h\r\nAUTH PLAIN <>\r\nMAIL FROM:<a@b.example>",
            ),
            (
                "C: a1 LOGIN ada q7Tm2xPw9\r\na2 SELECT inbox",
                "C: a1 LOGIN ada <>\r\na2 SELECT inbox",
            ),
            (
                "USER ada\r\nPASS hunter\r\nLIST",
                "USER ada\r\nPASS <>\r\nLIST",
            ),
            ("AUTH q7Tm2xPw9\nPING", "AUTH <>\nPING"),
            ("AUTH q7Tm2xPw9", "AUTH <>"),
            (
                "A003 LOGIN ada@example.org q7%Tm!xPw",
                "A003 LOGIN ada@example.org <>",
            ),
            ("a7 LOGIN ada q7Tm2xPw9", "a7 LOGIN ada <>"),
            (
                "redis> AUTH default q7Tm2xPw9\nOK\nredis> DBSIZE",
                "redis> AUTH default <>\nOK\nredis> DBSIZE",
            ),
            (
                "127.0.0.1:6379[1]> AUTH q7Tm2xPw9\nOK",
                "127.0.0.1:6379[1]> AUTH <>\nOK",
            ),
            (
                "Password for the [ada] user successfully reset.\nNew value: q7Tm2xPw9\nDone",
                "Password for the [ada] user successfully reset.\nNew value: <>\nDone",
            ),
            (
                "user default on >q7Tm2xPw9 ~* +@all\nport 6379",
                "user default on ><> ~* +@all\nport 6379",
            ),
        ]);
    }

    #[test]
    fn what_only_tells_of_one_stays() {
        misses(&[
            "250-AUTH PLAIN LOGIN CRAM-MD5\r\n250 SIZE",
            "AUTH PLAIN LOGIN\r\n",
            "PASS src/login.test.js\nPASS src/b.test.js",
            "LOGIN page is up\nuser asked > 5 times",
            "the AUTH module: loaded\nAUTH is required\nAUTH failed",
            "Password policy changed.\nNew value: strict",
            "user count > 77\nuser list >> users.txt",
        ]);
    }
}
