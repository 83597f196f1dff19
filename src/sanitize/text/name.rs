//! Names in plain text: where they begin, and whether a rule names them.

use std::ops::Range;

use crate::sanitize::rules::Rules;

/// The most bytes of a name that are looked at.
const MAX_NAME: usize = 96;
/// The most blanks between a name and its operator.
const MAX_BLANKS: usize = 64;
/// The most bytes of a remark in brackets behind a name.
const MAX_REMARK: usize = 32;

/// The first name between `from` and `to` that a rule names and that is assigned to; else `to`.
pub(in crate::sanitize) fn next_ruled_name(
    rules: &Rules,
    bytes: &[u8],
    from: usize,
    to: usize,
) -> usize {
    memchr::memchr3_iter(b'=', b':', b'>', &bytes[from..to])
        .find_map(|offset| {
            let operator = match bytes[from + offset] {
                b'>' => (from + offset)
                    .checked_sub(1)
                    .filter(|at| bytes[*at] == b'-')?,
                _ => from + offset,
            };
            let name = (operator >= from).then(|| name_before(bytes, from, operator))??;
            let (_, false, start) = rules.for_name_at_end(&bytes[name.clone()])? else {
                return None;
            };
            // What hangs on the rule's words belongs to the name: a value ends at a separator.
            let hanging = bytes[from..name.start + start]
                .iter()
                .rev()
                .take_while(|byte| {
                    !byte.is_ascii_whitespace() && !matches!(byte, b',' | b';' | b'&' | b'|')
                })
                .count();
            Some(name.start + start - hanging)
        })
        .unwrap_or(to)
}

/// The name that stands before the operator at `operator`, not reaching before `floor`.
pub(super) fn name_before(bytes: &[u8], floor: usize, operator: usize) -> Option<Range<usize>> {
    let blanks = bytes[floor.max(operator.saturating_sub(MAX_BLANKS))..operator]
        .iter()
        .rev()
        .take_while(|byte| matches!(byte, b' ' | b'\t'))
        .count();
    let mut before = without_remark(&bytes[floor..operator - blanks]);
    // What stands before brackets is no part of the name within them.
    let floor = (before.as_ptr() as usize).saturating_sub(bytes.as_ptr() as usize);
    // `**Password**: …`, `SSN #: …`
    while let Some(inside) = before.strip_suffix(b"*").or(before.strip_suffix(b"#")) {
        before = inside.trim_ascii_end();
    }
    let end;
    // `settings["password"] = …`
    if let Some(inside) = before.strip_suffix(b"]")
        && inside.last().is_some_and(|byte| is_quote(*byte))
    {
        before = inside;
    }
    let from;
    if let Some(&mark) = before.last()
        && is_quote(mark)
    {
        let escapes = before[..before.len() - 1]
            .iter()
            .rev()
            .take(MAX_BLANKS)
            .take_while(|byte| **byte == b'\\')
            .count();
        // Within a text in the same marks each is written twice.
        let is_twice = escapes == 0 && before.len() > 2 && before[before.len() - 2] == mark;
        end = floor + before.len() - 1 - escapes - usize::from(is_twice);
        let least = floor.max(end.saturating_sub(MAX_NAME));
        from = bytes[least..end]
            .iter()
            .rposition(|byte| *byte == mark)
            .map_or(least, |at| least + at + 1);
    } else {
        end = floor + before.len();
        let least = floor.max(end.saturating_sub(MAX_NAME));
        let mut start = end;
        while start > least
            && (is_name_byte(bytes[start - 1])
                || bytes[start - 1] == b' ' && bytes.get(start).is_some_and(|byte| *byte != b' ')
                || start < end && is_apostrophe(bytes, start - 1))
        {
            start -= 1;
        }
        from = start;
        // A clock's or a port's digits are no name, whatever word stands before them.
        let last_word = bytes[from..end]
            .iter()
            .rev()
            .take_while(|byte| **byte != b' ');
        if !last_word
            .into_iter()
            .any(|byte| byte.is_ascii_alphabetic() || *byte >= 0x80)
        {
            return None;
        }
    }
    (from < end).then_some(from..end)
}

/// `driver's license`: a mark within a word.
fn is_apostrophe(bytes: &[u8], at: usize) -> bool {
    bytes[at] == b'\''
        && bytes.get(at + 1).is_some_and(u8::is_ascii_alphabetic)
        && at > 0
        && bytes[at - 1].is_ascii_alphabetic()
}

/// A name without what stands in brackets behind it: `Password (again)`, `password[32]`.
fn without_remark(before: &[u8]) -> &[u8] {
    let opening = match before.last() {
        Some(b')') => b'(',
        Some(b']')
            if !before[..before.len() - 1]
                .last()
                .is_some_and(|byte| is_quote(*byte)) =>
        {
            b'['
        }
        _ => return before,
    };
    let least = before.len().saturating_sub(MAX_REMARK);
    match before[least..].iter().rposition(|byte| *byte == opening) {
        // What is called is no name.
        // `[password] => …`, as PHP prints a map, and `user[password]=…`, as forms have it.
        Some(at)
            if opening == b'['
                && (begins_line(before, least + at)
                    || is_parameter(before, least + at)
                        && is_member(&before[least + at + 1..before.len() - 1])) =>
        {
            &before[least + at + 1..before.len() - 1]
        }
        Some(at) if opening == b'[' || before[..least + at].ends_with(b" ") => {
            before[..least + at].trim_ascii_end()
        }
        _ => before,
    }
}

/// True where the word before `at` is a parameter of a query.
fn is_parameter(bytes: &[u8], at: usize) -> bool {
    let least = at.saturating_sub(MAX_REMARK);
    let name = bytes[least..at]
        .iter()
        .rev()
        .take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'_')
        .count();
    match bytes[..at - name].last() {
        Some(before) => matches!(before, b'&' | b'?' | b'"'),
        None => true,
    }
}

/// True where nothing but blanks stands before `at` in its line.
fn begins_line(bytes: &[u8], at: usize) -> bool {
    let least = at.saturating_sub(MAX_REMARK);
    let line = memchr::memrchr(b'\n', &bytes[least..at]).map(|newline| least + newline + 1);
    match line {
        Some(start) => bytes[start..at].trim_ascii().is_empty(),
        None => least == 0 && bytes[..at].trim_ascii().is_empty(),
    }
}

/// True for what may be a member's name between brackets, rather than a type's length or an index.
fn is_member(inside: &[u8]) -> bool {
    inside.len() > 2
        && inside
            .iter()
            .all(|byte| byte.is_ascii_alphabetic() || matches!(byte, b'_' | b'-'))
}

pub(in crate::sanitize) fn is_quote(byte: u8) -> bool {
    matches!(byte, b'"' | b'\'' | b'`')
}

pub(super) fn is_quote_or_escape(byte: u8) -> bool {
    is_quote(byte) || byte == b'\\'
}

/// A byte of an unquoted name.
pub(in crate::sanitize) fn is_name_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.') || byte >= 0x80
}
