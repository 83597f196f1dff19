//! What statements and filters compare a column with: `ssn IN ('x', 'y')`, `ssn eq 'x'`, `contains(last_name, 'x')`.

use std::sync::LazyLock;

use memchr::memmem::Finder;

use super::statement::quoted;
use crate::sanitize::extent::Found;
use crate::sanitize::marker;
use crate::sanitize::rule::Rule;
use crate::sanitize::text::Findings;

/// How far before a list the condition begins that it belongs to.
const MAX_CLAUSE: usize = 96;
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

/// Finds what is compared with a column that a rule names.
pub(super) fn find(findings: &mut Findings<'_, '_>) {
    compared(findings);
    compared_by_word(findings);
    compared_by_function(findings);
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
                (length >= LEAST_COMPARED).then_some(Found::bare(value..value + length))
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
        at = skip_space(bytes, at);
        let found = quoted(bytes, at)
            .or_else(|| number_in_list(bytes, at, is_condition).filter(|_| !plural));
        if let Some(found) = found {
            findings.take(rule, found);
            // A text that is cut has no mark behind its last value.
            at = bytes.len().min(found.end + usize::from(found.quoted));
        }
        // Behind a value its type may stand: `'x'::text`.
        at = skip_space(bytes, at + length_of_other(bytes, at));
        match bytes.get(at) {
            Some(b',') => at += 1,
            _ => return at,
        }
    }
}

/// Past blanks and the ends of lines.
fn skip_space(bytes: &[u8], at: usize) -> usize {
    let space = bytes[at..].iter();
    at + space.take_while(|byte| byte.is_ascii_whitespace()).count()
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
    Some(Found::bare(at..at + length))
}

/// How long a word, a short number or a placeholder is that stands in a list among values.
fn length_of_other(bytes: &[u8], at: usize) -> usize {
    bytes[at..]
        .iter()
        .take(MAX_OTHER)
        .take_while(|byte| {
            byte.is_ascii_alphanumeric()
                || matches!(byte, b'_' | b'$' | b':' | b'?' | b'@' | b'-' | b'.')
        })
        .count()
}

#[cfg(test)]
mod tests {
    use crate::sanitize::text::testing::hits;

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
            ("WHERE ssn IN (-1, 123456789)", "WHERE ssn IN (-1, <>)"),
            ("WHERE password IN ('hunter2", "WHERE password IN ('<>"),
            (
                "WHERE password IN (\n  'hunter',\r\n  'winter'\n)",
                "WHERE password IN (\n  '<>',\r\n  '<>'\n)",
            ),
            (
                "WHERE password IN ('hunter'::text, 'winter'::text)",
                "WHERE password IN ('<>'::text, '<>'::text)",
            ),
            (
                "WHERE passwords IN ('hunter', 7, 'winter')",
                "WHERE passwords IN ('<>', 7, '<>')",
            ),
        ]);
    }
}
