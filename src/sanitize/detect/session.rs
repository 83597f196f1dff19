//! What protocols of lines send to log in: `AUTH PLAIN x`, `a1 LOGIN ada x`, `USER ada` and `PASS x`, `ACL SETUSER ada on >x`.

use std::ops::Range;

use super::shape;
use super::statement::password_rule;
use crate::sanitize::extent::{Found, Reader};
use crate::sanitize::reference::{is_grammar, looks_secret};
use crate::sanitize::text::Findings;

/// The fewest bytes of what base64 makes of a user and a password.
const LEAST_ENCODED: usize = 8;
/// How far before `PASS` a `USER` stands.
const NEAR: usize = 256;
/// The most bytes of a prompt.
const MAX_PROMPT: usize = 48;
/// The most bytes of a line.
const MAX_LINE: usize = 1024;
/// What `AUTH` names before what it sends.
const MECHANISMS: &[&str] = &[
    "CRAM-MD5",
    "DIGEST-MD5",
    "EXTERNAL",
    "GSSAPI",
    "LOGIN",
    "NTLM",
    "OAUTHBEARER",
    "PLAIN",
    "SCRAM-SHA-1",
    "SCRAM-SHA-256",
    "XOAUTH2",
];

/// Finds the credentials that lines of a session send.
pub(in crate::sanitize) fn find(findings: &mut Findings<'_, '_>) {
    let text = findings.text;
    let bytes = findings.bytes();
    let mut floor = 0;
    for word in [
        &b"AUTH"[..],
        b"auth",
        b"LOGIN ",
        b"PASS ",
        b"New value: ",
        b" >",
    ] {
        for at in memchr::memmem::find_iter(bytes, word) {
            if at < floor && word == b" >" {
                continue;
            }
            let start = at.saturating_sub(MAX_LINE);
            let start = memchr::memrchr2(b'\n', b'"', &bytes[start..at])
                .map_or(start, |line| start + line + 1);
            let before = Before::of(&bytes[start..at]);
            let mut words = Words { text, at };
            let secret = match word {
                b"AUTH" => authenticated(&mut words, &before),
                b"auth" if before.is_prompt => authenticated(&mut words, &before),
                b"auth" => None,
                b"LOGIN " => logged_in(&mut words, before.text),
                b"PASS " => passed(&mut words, before.text, &bytes[..start]),
                b"New value: " => reset(&mut words, before.text, &bytes[..start]),
                _ => set_user(&mut words, before.text),
            };
            if let Some(Range { start, end }) = secret
                && let Some(rule) = password_rule(findings)
            {
                floor = end;
                findings.take(rule, Found::bare(start..end));
            }
        }
    }
}

/// What stands in a line before a command.
struct Before<'t> {
    /// Without a mark of who sends it: `C: `, `>>> `, `-> `.
    text: &'t [u8],
    /// The mark is the prompt of a program.
    is_prompt: bool,
}

impl<'t> Before<'t> {
    fn of(before: &'t [u8]) -> Self {
        let trimmed = before.trim_ascii();
        let (text, is_prompt) = match trimmed {
            b"C:" | b">>>" | b"->" | b"-->" | b"=>" | b">" | b"S:" | b"send:" => (&[][..], false),
            [b'C', b':', rest @ ..] => (rest.trim_ascii(), false),
            [prompt @ .., b'>'] if is_prompt(prompt) => (&[][..], true),
            _ => (trimmed, false),
        };
        Self { text, is_prompt }
    }

    /// True behind `HELLO 3`.
    fn greets(&self) -> bool {
        let [before @ .., b'2' | b'3'] = self.text else {
            return false;
        };
        let word = before.trim_ascii_end();
        let is_word = |word: &[u8; 5]| word.eq_ignore_ascii_case(b"HELLO");
        word.len() < before.len() && word.last_chunk().is_some_and(is_word)
    }
}

/// `redis`, `127.0.0.1:6379[1]`, `redis 127.0.0.1:6379`.
fn is_prompt(prompt: &[u8]) -> bool {
    let prompt = prompt.strip_prefix(b"redis ").unwrap_or(prompt);
    let ends = |last: &u8| last.is_ascii_alphanumeric() || matches!(last, b']' | b')');
    prompt.len() <= MAX_PROMPT
        && prompt.last().is_some_and(ends)
        && !prompt.iter().any(|byte| matches!(byte, b' ' | b'<' | b'>'))
}

/// `AUTH PLAIN x`, `AUTHENTICATE PLAIN x`, `AUTH x`, `HELLO 3 AUTH ada x`.
fn authenticated(words: &mut Words<'_>, before: &Before<'_>) -> Option<Range<usize>> {
    let is_one_of =
        |words: &[&str], word: &str| words.iter().any(|one| one.eq_ignore_ascii_case(word));
    let greets = before.greets();
    let is_command = before.text.is_empty() || greets || is_tag(before.text);
    if !is_command {
        return None;
    }
    let (_, command) = words.next()?;
    if !is_one_of(&["AUTH", "AUTHENTICATE"], command) {
        return None;
    }
    let (place, word) = words.next()?;
    let is_mechanism = is_one_of(MECHANISMS, word);
    // Behind a prompt stands no sentence.
    let is_secret =
        |word: &str| looks_secret(word) || (before.is_prompt || greets) && !is_grammar(word);
    let Some((behind, next)) = words.next() else {
        // Redis: a password, or a user and one.
        return (!is_mechanism && is_secret(word)).then_some(place);
    };
    if is_mechanism {
        let class = shape::run_length(next.as_bytes(), shape::BASE64);
        let is_word = next
            .bytes()
            .all(|byte| byte.is_ascii_uppercase() || byte == b'-');
        let is_encoded = class == next.len() && class >= LEAST_ENCODED && !is_word;
        return is_encoded.then_some(behind);
    }
    let is_last = greets || words.next().is_none();
    (is_last && is_secret(next)).then_some(behind)
}

/// `a1 LOGIN ada x`, `> a1 LOGIN ada "x"`.
fn logged_in(words: &mut Words<'_>, before: &[u8]) -> Option<Range<usize>> {
    let tag = before.iter().rposition(|byte| *byte == b' ');
    let (sender, tag) = before.split_at(tag.map_or(0, |blank| blank + 1));
    let is_sent = matches!(sender.trim_ascii_end(), [] | [.., b'>' | b':']);
    if !is_sent || !is_tag(tag) {
        return None;
    }
    let (place, _) = words.nth(2)?;
    words.next().is_none().then_some(place)
}

/// `PASS x` behind `USER ada`.
fn passed(words: &mut Words<'_>, before: &[u8], above: &[u8]) -> Option<Range<usize>> {
    let near = &above[above.len().saturating_sub(NEAR)..];
    let is_session = before.is_empty() && memchr::memmem::rfind(near, b"USER ").is_some();
    if !is_session {
        return None;
    }
    let (place, _) = words.nth(1)?;
    words.next().is_none().then_some(place)
}

/// `New value: x` behind `Password for the [ada] user successfully reset.`
fn reset(words: &mut Words<'_>, before: &[u8], above: &[u8]) -> Option<Range<usize>> {
    let near = above[above.len().saturating_sub(NEAR)..].trim_ascii_end();
    let line_above = memchr::memrchr(b'\n', near).map_or(near, |at| &near[at + 1..]);
    let is_told = memchr::memmem::find(line_above, b"assword").is_some()
        && memchr::memmem::find(line_above, b"reset").is_some();
    let (place, _) = words.nth(2)?;
    (before.is_empty() && is_told).then_some(place)
}

/// `user default on >x ~* +@all`, as Redis lists its users.
fn set_user(words: &mut Words<'_>, before: &[u8]) -> Option<Range<usize>> {
    let is_user = before
        .get(..5)
        .is_some_and(|begin| begin.eq_ignore_ascii_case(b"user "))
        || [&b"SETUSER "[..], b"setuser "]
            .into_iter()
            .any(|word| memchr::memmem::find(before, word).is_some());
    if !is_user {
        return None;
    }
    let (place, word) = words.next()?;
    (word.len() > 1 && word.starts_with('>')).then_some(place.start + 1..place.end)
}

/// True for the mark of a command of IMAP: letters and a number.
fn is_tag(before: &[u8]) -> bool {
    (1..=8).contains(&before.len())
        && before
            .iter()
            .all(|byte| byte.is_ascii_alphanumeric() || *byte == b'.')
        && before.last().is_some_and(u8::is_ascii_digit)
}

/// The words of a line with their places, up to the mark of a text that the line is in.
///
/// Tokens may be long: no word is cut.
struct Words<'t> {
    text: &'t str,
    at: usize,
}

impl<'t> Iterator for Words<'t> {
    type Item = (Range<usize>, &'t str);

    fn next(&mut self) -> Option<Self::Item> {
        let bytes = self.text.as_bytes();
        let start = Reader::new(bytes).skip_blanks(self.at);
        // Marks stand around a word of their own.
        let place = match quoted_at(bytes, start).filter(|_| start > self.at) {
            Some((place, behind)) => {
                self.at = behind;
                place
            }
            None => {
                let ends = |byte: &u8| matches!(byte, b' ' | b'\t' | b'\r' | b'\n' | b'"');
                let length = bytes.get(start..)?.iter().position(ends);
                self.at = length.map_or(bytes.len(), |length| start + length);
                start..self.at
            }
        };
        let word = self.text.get(place.clone())?;
        (!word.is_empty()).then_some((place, word))
    }
}

/// The text in marks that begins at a place, and where the marks behind it end.
fn quoted_at(bytes: &[u8], at: usize) -> Option<(Range<usize>, usize)> {
    let near = &bytes[..bytes.len().min(at + MAX_LINE)];
    let reader = Reader::new(near);
    let quote = reader.opening_quote(at)?;
    let start = at + quote.length();
    let end = reader.closing_quote(start, quote);
    Some((start..end, end + quote.length()))
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
                "redis 127.0.0.1:6379> auth hunter\nOK",
                "redis 127.0.0.1:6379> auth <>\nOK",
            ),
            (
                "redis> HELLO 3 AUTH default hunter SETNAME a",
                "redis> HELLO 3 AUTH default <> SETNAME a",
            ),
            ("smtp> auth plain AGFkYQBxN1Q=", "smtp> auth plain <>"),
            ("AUTH PLAIN AGFkYQBxN1RtMnhQdzk=", "AUTH PLAIN <>"),
            (
                "a1 AUTHENTICATE PLAIN AGFkYQBxN1RtMnhQdzk=",
                "a1 AUTHENTICATE PLAIN <>",
            ),
            ("a1 LOGIN ada hunter", "a1 LOGIN ada <>"),
            (
                "57:00.12 > FBPG1 LOGIN ada \"hunter two\"",
                "57:00.12 > FBPG1 LOGIN ada \"<>\"",
            ),
            (
                r#"{"sent": "a1 LOGIN \"ada\" \"hunter two\""}"#,
                r#"{"sent": "a1 LOGIN \"ada\" \"<>\""}"#,
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
    fn a_long_token_goes_as_a_whole() {
        let token = "dXNlcj1hZGEB".repeat(200);
        let text = format!("AUTH XOAUTH2 {token}\r\nQUIT");
        hits(&[(&text, "AUTH XOAUTH2 <>\r\nQUIT")]);
    }

    #[test]
    fn a_long_hostile_text_ends() {
        misses(&[&"AUTH".repeat(64 * 1024)]);
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
            "auth service-v2 is up\nauth service-v2",
            "redis> AUTH is required\nsmtp> AUTH LOGIN\n<b>AUTH module-v2",
            "the news > v2 LOGIN page works again",
        ]);
    }
}
