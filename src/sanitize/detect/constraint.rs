//! What databases say of rows that break a rule: `Key (ssn)=(…) already exists`, `Duplicate entry '…' for key 'people.ssn'`.

use std::ops::Range;

use crate::sanitize::extent::Found;
use crate::sanitize::rule::Rule;
use crate::sanitize::text::Findings;

/// The most bytes of a list of columns or of their values.
const MAX_LIST: usize = 1024;
/// What stands behind a column's name in that of its index.
const OF_INDEXES: &[&[u8]] = &[
    b"_unique", b"_uniq", b"_uq", b"_uk", b"_idx", b"_index", b"_key",
];

/// Finds the values of a broken constraint: `Key (patient_name, dob)=(…, …) already exists.`
pub(in crate::sanitize) fn keys(findings: &mut Findings<'_, '_>) {
    let bytes = findings.bytes();
    for at in memchr::memmem::find_iter(bytes, b")=(") {
        let near = at.saturating_sub(MAX_LIST)..at;
        let Some(open) = memchr::memrchr(b'(', &bytes[near.clone()]) else {
            continue;
        };
        let names = near.start + open + 1..at;
        let start = at + 3;
        let behind = &bytes[start..bytes.len().min(start + MAX_LIST)];
        let closes = |at: &usize| {
            matches!(
                behind.get(at + 1..),
                None | Some([] | [b'.' | b'\n' | b'"', ..])
            ) || matches!(behind.get(at + 1..), Some([b' ', letter, ..]) if letter.is_ascii_lowercase())
        };
        let Some(length) = memchr::memchr_iter(b')', behind).find(closes) else {
            continue;
        };
        let columns: Vec<Option<&Rule>> = bytes[names]
            .split(|byte| *byte == b',')
            .map(|name| rule_for(findings, name.trim_ascii()))
            .collect();
        let values = parts(bytes, start..start + length);
        if values.len() == columns.len() {
            for (value, rule) in values.into_iter().zip(columns) {
                take(findings, rule, value);
            }
        } else {
            // Values with commas in them cannot be told apart.
            let rule = columns.into_iter().flatten().next();
            take(findings, rule, start..start + length);
        }
    }
}

/// Finds values that a database refused: `Duplicate entry 'x' for key 'people.ssn'`, `Incorrect date value: 'x' for column
/// 'dob'`.
pub(in crate::sanitize) fn entries(findings: &mut Findings<'_, '_>) {
    for between in [&b"' for key '"[..], b"' for column '"] {
        entries_before(findings, between);
    }
}

fn entries_before(findings: &mut Findings<'_, '_>, between: &[u8]) {
    let bytes = findings.bytes();
    for at in memchr::memmem::find_iter(bytes, between) {
        let near = at.saturating_sub(MAX_LIST)..at;
        let name = at + between.len();
        let behind = &bytes[name..bytes.len().min(name + MAX_LIST)];
        let before = &bytes[near.clone()];
        // A value may have the mark in it: it begins behind one that stands behind a blank.
        let opening = memchr::memmem::rfind(before, b" '").map(|blank| blank + 1);
        let (Some(open), Some(length)) = (
            opening.or_else(|| memchr::memrchr(b'\'', before)),
            memchr::memchr(b'\'', behind),
        ) else {
            continue;
        };
        let rule = rule_for(findings, &behind[..length]);
        take(findings, rule, near.start + open + 1..at);
    }
}

fn take<'r>(findings: &mut Findings<'r, '_>, rule: Option<&'r Rule>, value: Range<usize>) {
    if let Some(rule) = rule {
        let found = Found::quoted(value.start..value.end);
        findings.take(rule, found);
    }
}

fn rule_for<'r>(findings: &Findings<'r, '_>, name: &[u8]) -> Option<&'r Rule> {
    let name = name.strip_suffix(b"\"").unwrap_or(name);
    // `lower(email)`, `email::text`
    let name = name.strip_suffix(b")").unwrap_or(name);
    let name = memchr::memmem::find(name, b"::").map_or(name, |at| &name[..at]);
    let column = || {
        OF_INDEXES.iter().find_map(|end| {
            let (column, found) = name.split_at_checked(name.len().checked_sub(end.len())?)?;
            found.eq_ignore_ascii_case(end).then_some(column)
        })
    };
    let rules = findings.rules;
    let (rule, plural, _) = rules
        .for_name_at_end(name)
        .or_else(|| rules.for_name_at_end(column()?))?;
    (!plural).then_some(rule)
}

/// The parts of a list, without the blank behind each comma.
fn parts(bytes: &[u8], list: Range<usize>) -> Vec<Range<usize>> {
    let mut parts = Vec::new();
    let mut start = list.start;
    for comma in memchr::memmem::find_iter(&bytes[list.clone()], b", ") {
        let comma = list.start + comma;
        parts.push(start..comma);
        start = comma + 2;
    }
    parts.push(start..list.end);
    parts
}

#[cfg(test)]
mod tests {
    use crate::sanitize::text::testing::{hits, misses};

    #[test]
    fn values_of_a_broken_constraint_go() {
        hits(&[
            (
                "Key (ssn)=(123456789) already exists.",
                "Key (ssn)=(<>) already exists.",
            ),
            (
                "Key (api_key)=(q7RtY2pLm8) already exists",
                "Key (api_key)=(<>) already exists",
            ),
            (
                "Key (phone)=((202) 555-0123) is not present in table \"t\".",
                "Key (phone)=(<>) is not present in table \"t\".",
            ),
            (
                "Key (id, patient_name, dob)=(7, Ada Lovelace, 1961-02-17) already exists.",
                "Key (id, patient_name, dob)=(7, <>, <>) already exists.",
            ),
            (
                "Duplicate entry '123456789' for key 'people.ssn'",
                "Duplicate entry '<>' for key 'people.ssn'",
            ),
            (
                "Incorrect date value: '1961-02-17' for column 'dob' at row 1",
                "Incorrect date value: '<>' for column 'dob' at row 1",
            ),
            (
                "Duplicate entry 'O'Hara' for key 'people.last_name'",
                "Duplicate entry '<>' for key 'people.last_name'",
            ),
            (
                "Duplicate entry 'x7 9' for key 'api_token_UNIQUE'",
                "Duplicate entry '<>' for key 'api_token_UNIQUE'",
            ),
        ]);
    }

    #[test]
    fn values_of_other_constraints_stay() {
        misses(&[
            "Key (order_id)=(12345678) already exists.",
            "Duplicate entry '17' for key 'orders.PRIMARY'",
            "f(password)=(x",
        ]);
    }
}
