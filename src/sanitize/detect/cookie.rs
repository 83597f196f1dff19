//! Cookies in text (RFC 6265): the lines `Cookie` and `Set-Cookie`, curl's options for them, and the files it keeps them
//! in.
//!
//! All cookies of a line go: which of them is the session's, its name need not say.

use memchr::memmem;

use super::{Detected, Detector};
use crate::sanitize::marker;

/// The most bytes of a line of cookies.
const MAX_LINE: usize = 16 * 1024;
/// How far into the line the first cookie has its name.
const MAX_NAME: usize = 512;
/// How far before `-b` a line may begin with the program's name.
const MAX_COMMAND: usize = 1024;

/// Finds the values of lines and options that hold cookies.
pub(super) fn find(text: &str, found: &mut Vec<Detected>) {
    let bytes = text.as_bytes();
    let mut done = 0;
    let mut at = 0;
    while let Some(offset) = memchr::memchr2(b'k', b'K', &bytes[at..]) {
        let place = at + offset;
        at = place + 1;
        let is_word = place >= done + 3
            && bytes[place - 3..].len() >= 6
            && bytes[place - 3..place + 3].eq_ignore_ascii_case(b"cookie");
        if is_word {
            done = push(bytes, place - 3, place + 3, found).unwrap_or(done);
        }
    }
    let mut done = 0;
    for place in memmem::find_iter(bytes, b" -b") {
        if place >= done && is_curl(bytes, place) {
            done = push_value(bytes, place + 3, None, found).unwrap_or(done);
        }
    }
}

/// True where a tab and a word stand that the lines of a file of cookies have.
pub(super) fn is_flag(text: &[u8], tab: usize) -> bool {
    let behind = &text[tab..];
    behind.starts_with(b"\tTRUE\t") || behind.starts_with(b"\tFALSE\t")
}

/// Finds the values in the lines of a file of cookies, as Netscape had it: domain, whether its hosts count, path, whether
/// it must be encrypted, end, name and value, parted by tabs.
pub(super) fn find_in_file(text: &str, found: &mut Vec<Detected>) {
    let bytes = text.as_bytes();
    let mut done = 0;
    for tab in memchr::memchr_iter(b'\t', bytes) {
        if tab < done || !is_flag(bytes, tab) {
            continue;
        }
        let rest = &bytes[tab..];
        let line = memchr::memchr2(b'\n', b'\r', rest).unwrap_or(rest.len());
        done = tab + line;
        let mut fields = rest[..line].splitn(7, |byte| *byte == b'\t').skip(2);
        let (Some(path), Some(b"TRUE" | b"FALSE"), Some(end), Some(_), Some(value)) = (
            fields.next(),
            fields.next(),
            fields.next(),
            fields.next(),
            fields.next(),
        ) else {
            continue;
        };
        let is_time = !end.is_empty()
            && end
                .iter()
                .all(|byte| byte.is_ascii_digit() || matches!(byte, b'-' | b'.'));
        let value = value.trim_ascii_end();
        if path.starts_with(b"/") && is_time && !value.is_empty() {
            let start = (value.as_ptr() as usize).saturating_sub(bytes.as_ptr() as usize);
            found.push(Detected {
                range: start..start + value.len(),
                detector: Detector::Cookie,
            });
        }
    }
}

/// The value behind the name at `start..end`; gives where it ends.
fn push(bytes: &[u8], start: usize, end: usize, found: &mut Vec<Detected>) -> Option<usize> {
    let before = &bytes[..start];
    let before = match before {
        [
            before @ ..,
            b's' | b'S',
            b'e' | b'E',
            b't' | b'T',
            b'-' | b'_',
        ] => before,
        _ => before,
    };
    let is_option = before.ends_with(b"--");
    if before.last().is_some_and(u8::is_ascii_alphanumeric) {
        return None;
    }
    let outer = before
        .last()
        .copied()
        .filter(|byte| matches!(byte, b'"' | b'\'' | b'`'));
    let mut at = end;
    let closing = bytes[at..]
        .iter()
        .take_while(|byte| matches!(byte, b'\\' | b'"' | b'\''))
        .count();
    at += closing;
    let blanks = blanks(bytes, at);
    match bytes.get(at + blanks) {
        Some(b':' | b'=') => at += blanks + 1,
        _ if is_option && blanks > 0 => at += blanks,
        _ => return None,
    }
    // `=>` of programs.
    at += usize::from(bytes.get(at) == Some(&b'>'));
    push_value(bytes, at, outer.filter(|_| closing == 0), found)
}

/// The value at `at`, after blanks; gives where it ends.
fn push_value(
    bytes: &[u8],
    at: usize,
    outer: Option<u8>,
    found: &mut Vec<Detected>,
) -> Option<usize> {
    let mut start = at + blanks(bytes, at);
    let escapes = bytes[start..]
        .iter()
        .take(8)
        .take_while(|byte| **byte == b'\\')
        .count();
    let mut quote = outer;
    if let Some(mark @ (b'"' | b'\'')) = bytes.get(start + escapes) {
        quote = Some(*mark);
        start += escapes + 1;
    }
    let near = &bytes[start..bytes.len().min(start + MAX_LINE)];
    // Many words that no cookie follows must not each cost a line.
    memchr::memchr(b'=', &near[..near.len().min(MAX_NAME)])?;
    let line = near
        .iter()
        .enumerate()
        .position(|(at, byte)| match byte {
            b'\n' | b'\r' => true,
            b'\\' => matches!(near.get(at + 1), Some(b'n' | b'r' | b'"' | b'\'')),
            _ => quote == Some(*byte),
        })
        .unwrap_or(near.len());
    let line = &near[..line];
    // Behind the last semicolon a word goes on, and what is behind that is prose.
    let last = memchr::memrchr(b';', line).map_or(0, |at| at + 1);
    let last = last + blanks(line, last);
    let word = line[last..].iter().position(u8::is_ascii_whitespace);
    let end = word.map_or(line.len(), |word| last + word);
    let value = line[..end].trim_ascii_end();
    let is_whole_marker = marker::length_at(value, 0).is_some_and(|length| length >= value.len());
    if !value.contains(&b'=') || is_whole_marker || value.starts_with(b"=") {
        return None;
    }
    found.push(Detected {
        range: start..start + value.len(),
        detector: Detector::Cookie,
    });
    Some(start + value.len())
}

fn blanks(bytes: &[u8], at: usize) -> usize {
    let rest = bytes.get(at..).unwrap_or_default().iter();
    rest.take_while(|byte| matches!(byte, b' ' | b'\t')).count()
}

/// True where curl stands before an option on the same line.
fn is_curl(bytes: &[u8], option: usize) -> bool {
    let near = &bytes[option.saturating_sub(MAX_COMMAND)..option];
    memmem::rfind(near, b"curl").is_some_and(|at| {
        // A backslash continues the line.
        let lines = near[at..].split(|byte| *byte == b'\n');
        let count = lines.clone().count();
        lines.take(count - 1).all(|line| line.ends_with(b"\\"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sanitize::detect::tests::found;

    #[test]
    fn lines_of_cookies_are_found_whole() {
        for (text, secret) in [
            (
                "Host: h\r\nCookie: theme=dim; sid=HdXL\r\nAccept: x",
                "theme=dim; sid=HdXL",
            ),
            (
                "set-cookie: __Host-s=FfNK; Path=/; Secure; HttpOnly",
                "__Host-s=FfNK; Path=/; Secure; HttpOnly",
            ),
            ("curl -H 'Cookie: a=b; c=d' https://h", "a=b; c=d"),
            ("curl -H \"Cookie: a=b\" https://h", "a=b"),
            ("curl -sS -b 'sid=HdXL; x=y' https://h", "sid=HdXL; x=y"),
            ("curl --cookie sid=HdXL https://h", "sid=HdXL"),
            ("curl https://h \\\n  -b sid=HdXL", "sid=HdXL"),
            ("{\"Cookie\": \"a=b; c=d\", \"x\": 1", "a=b; c=d"),
            ("{\\\"cookie\\\":\\\"a=b; c=d\\\"}", "a=b; c=d"),
            ("sent Cookie: a=b; c=d and was refused", "a=b; c=d"),
            ("Cookie: a=b\\nAccept: x", "a=b"),
            ("document.cookie = \"sid=abc; path=/\"", "sid=abc; path=/"),
        ] {
            assert_eq!(found(text, find), [secret], "{text}");
        }
    }

    #[test]
    fn values_in_a_file_of_cookies_are_found() {
        let text = "# Netscape HTTP Cookie File\n\n.a.example\tTRUE\t/\tTRUE\t1790000000\tSID\tHdXL\r\n#HttpOnly_b.example\tFALSE\t/x\tFALSE\t0\ttheme\tdim light\n";
        assert_eq!(found(text, find_in_file), ["HdXL", "dim light"]);
        for text in [
            ".a.example\tTRUE\t/\tTRUE\t0\tSID\t\n",
            ".a.example\tTRUE\t/\tTRUE\t0\tSID\nx\ty",
            "ada\tTRUE\tLund\tFALSE\t1790\tb\tc",
            "ada\tTRUE\t/\tx\t1790\tb\tc",
            "ada\tTRUE\t/\tTRUE\tnever\tb\tc",
        ] {
            assert_eq!(found(text, find_in_file), [""; 0], "{text}");
        }
    }

    #[test]
    fn words_and_files_stay() {
        for text in [
            "cookies_accepted=true and cookie: the small kind",
            "curl -b cookies.txt https://h",
            "ls -b a=b",
            "Cookie: [REDACTED:cookie]\nx=y",
            "a cookie jar; b=c",
        ] {
            assert_eq!(found(text, find), [""; 0], "{text}");
        }
    }

    #[test]
    fn a_long_hostile_text_ends() {
        for piece in [
            "cookie",
            "cookie:",
            "Cookie: a=b;",
            "curl -b a",
            " -b",
            "Cookie: \\\"",
        ] {
            found(&piece.repeat((1 << 20) / piece.len()), find);
        }
    }
}
