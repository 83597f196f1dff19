//! Values that stand further below their name: the data of a Kubernetes secret, what follows a heading.

use std::ops::Range;

use super::Findings;
use crate::sanitize::extent::Found;
use crate::sanitize::reference;
use crate::sanitize::rule::Rule;

/// How far before and behind its kind the data of a secret stands.
const MAX_MANIFEST: usize = 16 * 1024;
/// The most lines of a secret's data.
const MAX_MEMBERS: usize = 256;
/// The most bytes of a heading.
const MAX_HEADING: usize = 64;

/// The values of `data` and `stringData` in a manifest of the kind `Secret`, in YAML or in JSON that is no whole text.
pub(super) fn secrets_of_clusters(findings: &mut Findings<'_, '_>) {
    let bytes = findings.bytes();
    let Some(rule) = findings
        .rules
        .for_name_at_end(b"secret")
        .map(|(rule, _, _)| rule)
    else {
        return;
    };
    let mut done = 0;
    for kind in memchr::memmem::find_iter(bytes, b"kind") {
        let after = &bytes[kind + 4..];
        let sign = after
            .iter()
            .take(8)
            .take_while(|byte| matches!(byte, b'"' | b'\'' | b'\\' | b':' | b' '))
            .count();
        let is_secret = after[sign..].starts_with(b"Secret")
            && after[sign + 6..]
                .first()
                .is_none_or(|byte| !byte.is_ascii_alphanumeric());
        if !is_secret || kind < done {
            continue;
        }
        let from = kind.saturating_sub(MAX_MANIFEST).max(done);
        let from = memchr::memmem::rfind(&bytes[from..kind], b"\n---").map_or(from, |at| from + at);
        let to = bytes.len().min(kind + MAX_MANIFEST);
        let to = memchr::memmem::find(&bytes[kind..to], b"\n---").map_or(to, |at| kind + at);
        data_between(findings, rule, from..to);
        done = to;
    }
}

fn data_between<'r>(findings: &mut Findings<'r, '_>, rule: &'r Rule, range: Range<usize>) {
    let text = findings.text;
    let bytes = findings.bytes();
    for name in [&b"data"[..], b"stringData"] {
        // None is looked through twice.
        let mut done = range.start;
        for offset in memchr::memmem::find_iter(&bytes[range.clone()], name) {
            let start = range.start + offset;
            if start < done {
                continue;
            }
            let mut at = start + name.len();
            let before = start.checked_sub(1).map(|at| bytes[at]);
            if before.is_some_and(|byte| byte.is_ascii_alphanumeric()) {
                continue;
            }
            while matches!(
                bytes.get(at),
                Some(b'"' | b'\'' | b'\\' | b':' | b' ' | b'\r')
            ) {
                at += 1;
            }
            match bytes.get(at) {
                Some(b'{') => {
                    let end = memchr::memchr(b'}', &bytes[at..range.end])
                        .map_or(range.end, |end| at + end);
                    done = end;
                    for value in quoted_values(bytes, at..end) {
                        take(findings, rule, value);
                    }
                }
                Some(b'\n') => {
                    for value in values_below(text, start, at + 1, range.end) {
                        done = value.end;
                        take(findings, rule, value);
                    }
                }
                _ => {}
            }
        }
    }
}

/// The strings behind colons in an object of JSON.
fn quoted_values(bytes: &[u8], object: Range<usize>) -> Vec<Range<usize>> {
    let mut values = Vec::new();
    let mut at = object.start;
    while let Some(offset) = memchr::memchr(b':', &bytes[at..object.end]) {
        at += offset + 1;
        while at < object.end && matches!(bytes[at], b' ' | b'\\') {
            at += 1;
        }
        if bytes[at..object.end].first() != Some(&b'"') {
            continue;
        }
        let start = at + 1;
        let end =
            memchr::memchr(b'"', &bytes[start..object.end]).map_or(object.end, |end| start + end);
        let escapes = bytes[start..end]
            .iter()
            .rev()
            .take_while(|byte| **byte == b'\\')
            .count();
        values.push(start..end - escapes);
        at = end;
    }
    values
}

/// The values of the members that are indented further than the name at `name`.
fn values_below(text: &str, name: usize, body: usize, limit: usize) -> Vec<Range<usize>> {
    let indentation = |line: &str| line.len() - line.trim_start_matches(' ').len();
    let before = &text.as_bytes()[name.saturating_sub(MAX_HEADING)..name];
    let outer = before
        .iter()
        .rev()
        .take_while(|byte| **byte == b' ')
        .count();
    let mut values: Vec<Range<usize>> = Vec::new();
    let mut block: Option<usize> = None;
    let mut at = body;
    let lines = text.get(body..limit).unwrap_or_default();
    for line in lines.split_inclusive('\n').take(MAX_MEMBERS) {
        let content = line.trim_end();
        let inner = indentation(content);
        let start = at;
        at += line.len();
        if content.is_empty() {
            continue;
        }
        if inner <= outer {
            break;
        }
        if block.is_some_and(|above| inner > above) {
            values.push(start + inner..start + content.len());
            continue;
        }
        block = None;
        let Some(colon) = content.find(": ").or_else(|| content.rfind(':')) else {
            continue;
        };
        let value = content[colon + 1..].trim();
        if value.is_empty() || value.starts_with(['|', '>']) {
            block = Some(inner);
        } else {
            let value = value.trim_matches(['"', '\'']);
            let from = start + (value.as_ptr() as usize).saturating_sub(line.as_ptr() as usize);
            values.push(from..from + value.len());
        }
    }
    values
}

/// The single word below a line that ends in a name, past blank lines and fences of code.
pub(in crate::sanitize) fn below_heading(text: &str, name: &Range<usize>) -> Option<Found> {
    let bytes = text.as_bytes();
    let least = name.end.saturating_sub(MAX_HEADING);
    let line = memchr::memrchr(b'\n', &bytes[least..name.end]);
    if line.is_none() && least > 0 {
        return None;
    }
    let behind = text[name.end..].trim_start_matches([' ', '*', ':', '#']);
    let behind = behind.strip_prefix('\r').unwrap_or(behind);
    let mut at = text.len() - behind.strip_prefix('\n')?.len();
    for line in text[at..].split_inclusive('\n').take(4) {
        let content = line.trim();
        if content.is_empty() || content.starts_with("```") {
            at += line.len();
            continue;
        }
        let word = content.trim_matches(['`', '*', '"', '\'']);
        let is_value = word.len() >= 8
            && !word.contains(char::is_whitespace)
            && word.bytes().any(|byte| byte.is_ascii_digit())
            && reference::looks_secret(word);
        let start = at + (word.as_ptr() as usize).saturating_sub(line.as_ptr() as usize);
        return is_value.then_some(Found::quoted(start..start + word.len()));
    }
    None
}

fn take<'r>(findings: &mut Findings<'r, '_>, rule: &'r Rule, range: Range<usize>) {
    findings.take(rule, Found::quoted(range.start..range.end));
}
