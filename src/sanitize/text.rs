//! Sensitive values in plain text: error messages, logs, configuration, commands, JSON that was cut.
//!
//! What is looked for are assignments: a name that a rule names, an operator, a value. The name may be
//! quoted, the operator is one of `=`, `:`, `:=`, `==`, `=>`, `->`, or the blanks after an option such
//! as `--password`. All places are found in the original text before anything is replaced.

use std::ops::Range;

use super::extent::{Found, Reader};
use super::marker;
use super::reference;
use super::replace::replacement;
use super::rules::{Extent, Rule, Rules};

/// The most bytes of a name that are looked at.
const MAX_NAME: usize = 96;
/// The most blanks between a name and its operator.
const MAX_BLANKS: usize = 64;

/// A value to be replaced.
pub(super) struct Span<'r> {
    pub(super) range: Range<usize>,
    pub(super) rule: &'r Rule,
}

/// Finds what must be replaced in `text`, in order, without overlaps.
pub(super) fn find<'r>(rules: &'r Rules, text: &str) -> Vec<Span<'r>> {
    let bytes = text.as_bytes();
    let mut scan = Scan {
        rules,
        text,
        reader: Reader::new(bytes),
        floor: 0,
        spans: Vec::new(),
    };
    let mut at = 0;
    while let Some(offset) = memchr::memchr3(b'=', b':', b'-', &bytes[at..]) {
        let here = at + offset;
        at = match (bytes[here], bytes.get(here + 1)) {
            (b'-', Some(b'-')) => scan.option(here),
            (b'-', Some(b'>')) => scan.assignment(here, here + 2),
            (b'-', _) => here + 1,
            (b':', _) => scan.colon(here),
            _ => scan.assignment(here, here + 1),
        };
    }
    scan.spans
}

/// The text with all spans replaced.
pub(super) fn replace(rules: &Rules, text: &str, spans: &[Span<'_>]) -> String {
    let mut replaced = String::with_capacity(text.len() + 64 * spans.len());
    let mut written = 0;
    for span in spans {
        replaced.push_str(text.get(written..span.range.start).unwrap_or_default());
        let value = text.get(span.range.clone()).unwrap_or_default();
        replaced.push_str(&replacement(rules, span.rule, value));
        written = span.range.end;
    }
    replaced.push_str(text.get(written..).unwrap_or_default());
    replaced
}

/// The first name between `from` and `to` that a rule names and that is assigned to; else `to`.
pub(super) fn next_ruled_name(rules: &Rules, bytes: &[u8], from: usize, to: usize) -> usize {
    memchr::memchr3_iter(b'=', b':', b'>', &bytes[from..to])
        .find_map(|offset| {
            let operator = match bytes[from + offset] {
                b'>' => (from + offset)
                    .checked_sub(1)
                    .filter(|at| bytes[*at] == b'-')?,
                _ => from + offset,
            };
            let name = (operator >= from).then(|| name_before(bytes, from, operator))??;
            let (_, plural, start) = rules.for_name_at_end(&bytes[name.clone()])?;
            // What hangs on the rule's words belongs to the name: a value ends at a separator.
            let hanging = bytes[from..name.start + start]
                .iter()
                .rev()
                .take_while(|byte| {
                    !byte.is_ascii_whitespace() && !matches!(byte, b',' | b';' | b'&' | b'|')
                })
                .count();
            (!plural).then_some(name.start + start - hanging)
        })
        .unwrap_or(to)
}

struct Scan<'r, 't> {
    rules: &'r Rules,
    text: &'t str,
    reader: Reader<'t>,
    /// Names do not reach before this place: what stands there is a value.
    floor: usize,
    spans: Vec<Span<'r>>,
}

impl Scan<'_, '_> {
    fn colon(&mut self, at: usize) -> usize {
        let bytes = self.text.as_bytes();
        if let Some(start) = marker::start_of(bytes, at)
            && let Some(length) = marker::length_at(bytes, start)
        {
            self.floor = start + length;
            return self.floor;
        }
        let rest = &bytes[at + 1..];
        if rest.starts_with(b":") {
            return at + 2;
        }
        if rest.starts_with(b"//") {
            return at + 3;
        }
        self.assignment(at, at + 1)
    }

    /// Looks at the assignment whose operator begins at `operator`; gives where to look further.
    fn assignment(&mut self, operator: usize, mut after: usize) -> usize {
        let bytes = self.text.as_bytes();
        while matches!(bytes.get(after), Some(b'=' | b'>' | b'~')) {
            after += 1;
        }
        let Some(name) = name_before(bytes, self.floor, operator) else {
            return after;
        };
        // A quoted plural is a member of JSON; an unquoted one is a word of prose.
        let quoted = bytes
            .get(name.end)
            .is_some_and(|byte| is_quote_or_escape(*byte));
        let Some((rule, plural, _)) = self.rules.for_name_at_end(&bytes[name.clone()]) else {
            return after;
        };
        if plural && !quoted {
            return after;
        }
        let outer = name.start.checked_sub(1).map(|before| bytes[before]);
        let outer = outer.filter(|byte| is_quote(*byte) && !quoted);
        let value = self.reader.value(self.rules, after, rule.extent, outer);
        let value = value.filter(|value| !plural || value.quoted || !self.is_number(value));
        self.take(rule, value, after)
    }

    /// Looks at the option whose `--` stands at `at`; gives where to look further.
    fn option(&mut self, at: usize) -> usize {
        let bytes = self.text.as_bytes();
        let name_start = at + 2;
        if at > 0 && is_name_byte(bytes[at - 1]) {
            return name_start;
        }
        let length = bytes[name_start..]
            .iter()
            .take_while(|byte| is_name_byte(**byte))
            .count();
        let name_end = name_start + length;
        // A list of arguments as a program prints it: `'--password', 'x'`.
        let mut after = name_end;
        while matches!(bytes.get(after), Some(b'"' | b'\'' | b',')) {
            after += 1;
        }
        let value_start = self.reader.skip_blanks(after);
        let separated = after - name_end == 2 || value_start > after;
        let is_option = bytes[value_start..].starts_with(b"--");
        if !separated || is_option {
            return name_end;
        }
        match self.rules.for_name_at_end(&bytes[name_start..name_end]) {
            Some((rule, false, _)) => {
                let extent = match rule.extent {
                    Extent::Credentials => Extent::Credentials,
                    _ => Extent::Word,
                };
                let value = self.reader.value(self.rules, value_start, extent, None);
                self.take(rule, value, name_end)
            }
            _ => name_end,
        }
    }

    fn is_number(&self, value: &Found) -> bool {
        self.text.as_bytes()[value.start..value.end]
            .iter()
            .all(u8::is_ascii_digit)
    }
}

impl<'r> Scan<'r, '_> {
    fn take(&mut self, rule: &'r Rule, value: Option<Found>, otherwise: usize) -> usize {
        let Some(Found { start, end, quoted }) = value else {
            return otherwise;
        };
        // Limits on lengths count bytes: a character that one cuts belongs to the value.
        let end = (end..self.text.len())
            .find(|at| self.text.is_char_boundary(*at))
            .unwrap_or(self.text.len());
        let value = self.text.get(start..end).unwrap_or_default();
        if value.trim().is_empty() || reference::is_exempt(self.rules, value, quoted) {
            return otherwise;
        }
        self.floor = end;
        if !marker::is_whole(value) {
            self.spans.push(Span {
                range: start..end,
                rule,
            });
        }
        end
    }
}

/// The name that stands before the operator at `operator`, not reaching before `floor`.
fn name_before(bytes: &[u8], floor: usize, operator: usize) -> Option<Range<usize>> {
    let blanks = bytes[floor.max(operator.saturating_sub(MAX_BLANKS))..operator]
        .iter()
        .rev()
        .take_while(|byte| matches!(byte, b' ' | b'\t'))
        .count();
    let mut end = operator - blanks;
    let mut before = &bytes[floor..end];
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
        end = floor + before.len() - 1 - escapes;
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
                || bytes[start - 1] == b' ' && bytes.get(start).is_some_and(|byte| *byte != b' '))
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

pub(super) fn is_quote(byte: u8) -> bool {
    matches!(byte, b'"' | b'\'' | b'`')
}

fn is_quote_or_escape(byte: u8) -> bool {
    is_quote(byte) || byte == b'\\'
}

/// A byte of an unquoted name.
pub(super) fn is_name_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.') || byte >= 0x80
}
