//! Lines of nothing but codes, be their ends written out or spelled `\\n`.

use std::ops::Range;

use super::LEAST_SURE;

/// The most bytes of a line of codes.
const MAX_LINE: usize = 256;
/// How many letters and digits a code may have.
const LENGTHS: std::ops::RangeInclusive<usize> = 4..=40;
/// The most digits of a group with blanks between it and the next.
const MAX_GROUP: usize = 5;
/// Words before the last one of several codes.
const AND: &[&str] = &[
    "and", "or", "und", "oder", "et", "y", "e", "en", "och", "og", "i",
];

/// Where the end of a line stands at or behind `from`: an empty place at the end of the text, and where a line is too
/// long for one of codes.
pub(super) fn line_break(bytes: &[u8], from: usize) -> Range<usize> {
    let limit = bytes.len().min(from + MAX_LINE);
    let near = bytes.get(from..limit).unwrap_or_default();
    for offset in memchr::memchr2_iter(b'\n', b'\\', near) {
        let at = from + offset;
        match bytes.get(at..) {
            Some([b'\n', ..]) => return at..at + 1,
            Some([b'\\', b'n', ..]) => return at..at + 2,
            _ => {}
        }
    }
    limit..limit
}

/// Where the line begins that `at` stands in, at `least` or behind it.
pub(super) fn line_start(bytes: &[u8], least: usize, at: usize) -> usize {
    let near = bytes.get(least..at).unwrap_or_default();
    let written = memchr::memrchr(b'\n', near).map(|end| end + 1);
    let spelled = memchr::memmem::rfind(near, b"\\n").map(|end| end + 2);
    least + written.max(spelled).unwrap_or(0)
}

/// What a line has that has no words.
pub(super) struct Line {
    pub(super) codes: Vec<Range<usize>>,
    /// An element begins or ends in it.
    pub(super) has_tag: bool,
}

/// The codes of a line that has nothing but codes, signs, tags and numbers of items; none where it has other words.
pub(super) fn codes_of(line: &str, offset: usize) -> Option<Line> {
    if line.len() > MAX_LINE {
        return None;
    }
    let mut codes: Vec<Range<usize>> = Vec::new();
    let mut in_tag = false;
    let is_between = |letter: char| {
        in_tag = letter == '<' || in_tag && letter != '>';
        in_tag
            || letter.is_whitespace()
            || matches!(
                letter,
                ',' | ';'
                    | '|'
                    | '"'
                    | '\''
                    | '`'
                    | '['
                    | ']'
                    | '{'
                    | '}'
                    | '\\'
                    | '*'
                    | '•'
                    | '·'
                    | '>'
            )
    };
    for word in line.split(is_between) {
        let is_number = word.len() <= 3 && word.ends_with(['.', ')', ':']);
        let token = word.trim_matches(['(', ')', '.', ':', '=', '~', '#', '_', '-', '+', '–']);
        let is_numbered = token.len() <= 2 && token.bytes().all(|byte| byte.is_ascii_digit());
        // `[x]` is ticked off.
        let is_mark = codes.is_empty() && matches!(token, "x" | "X");
        let is_and = !codes.is_empty() && AND.contains(&token);
        if token.is_empty() || is_and || is_mark || is_numbered && (is_number || codes.is_empty()) {
            continue;
        }
        let start = offset + (token.as_ptr() as usize).saturating_sub(line.as_ptr() as usize);
        let range = start..start + token.len();
        let is_group = token.len() <= MAX_GROUP && token.bytes().all(|byte| byte.is_ascii_digit());
        if is_group
            && let Some(last) = codes.last_mut()
            && last.end + 1 == start
            && line.as_bytes().get(last.end - offset) == Some(&b' ')
            && line
                .get(last.start - offset..last.end - offset)
                .is_some_and(|before| {
                    before
                        .bytes()
                        .all(|byte| byte.is_ascii_digit() || byte == b' ')
                })
        {
            last.end = range.end;
            continue;
        }
        if !(is_code(token) || is_group && token.len() == 3) {
            return None;
        }
        codes.push(range);
    }
    let has_tag = line.contains('<');
    codes
        .iter()
        .all(|code| LENGTHS.contains(&code.len()))
        .then_some(Line { codes, has_tag })
}

fn is_code(token: &str) -> bool {
    let length = token.bytes().filter(u8::is_ascii_alphanumeric).count();
    let has_digit = token.bytes().any(|byte| byte.is_ascii_digit());
    LENGTHS.contains(&length)
        && token
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        && (has_digit || token.contains('-') || token.len() >= LEAST_SURE)
        && !is_date(token)
        && !is_of_words(token)
}

/// True for words and numbers with dashes between them: `gateway-01`, `step-1`.
fn is_of_words(token: &str) -> bool {
    let is_mixed = |part: &str| {
        part.bytes().any(|byte| byte.is_ascii_digit())
            && part.bytes().any(|byte| byte.is_ascii_alphabetic())
    };
    let mut lengths = token.split('-').map(str::len);
    let first = lengths.next();
    token.bytes().any(|byte| byte.is_ascii_alphabetic())
        && !token.split('-').any(is_mixed)
        && !lengths.all(|length| Some(length) == first)
}

fn is_date(token: &str) -> bool {
    let mut parts = token.split('-').map(str::len);
    let lengths = (parts.next(), parts.next(), parts.next(), parts.next());
    token
        .bytes()
        .all(|byte| byte.is_ascii_digit() || byte == b'-')
        && matches!(
            lengths,
            (Some(4), Some(2), Some(2), None) | (Some(2), Some(2), Some(4), None)
        )
}
