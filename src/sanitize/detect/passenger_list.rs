//! Segments of EDIFACT about passengers and crews (PAXLST): `NAD+FL+++ROE:ADA'DTM+329:610217'DOC+P:110:111+X7712345'`.

use crate::sanitize::extent::Found;
use crate::sanitize::text::Findings;

/// With what a segment begins that names somebody.
const NAMED: &[u8] = b"NAD+";
/// The most elements of a segment that are looked at.
const MAX_ELEMENTS: usize = 12;

/// Finds the elements about a person.
pub(in crate::sanitize) fn find(findings: &mut Findings<'_, '_>) {
    let bytes = findings.bytes();
    if memchr::memmem::find(bytes, NAMED).is_none() {
        return;
    }
    let mut start = 0;
    // Dates and papers belong to the person who was named last.
    let mut is_named = false;
    // What stands behind the release character is no sign.
    let is_end = |at: &usize| at.checked_sub(1).is_none_or(|before| bytes[before] != b'?');
    let ends = memchr::memchr3_iter(b'\'', b'\n', b'\r', bytes).filter(is_end);
    for end in ends.chain(std::iter::once(bytes.len())) {
        segment(findings, start, end, &mut is_named);
        start = end + 1;
    }
}

fn segment(findings: &mut Findings<'_, '_>, start: usize, end: usize, is_named: &mut bool) {
    let bytes = findings.bytes();
    let mut elements = bytes[start..end]
        .split(|byte| *byte == b'+')
        .take(MAX_ELEMENTS);
    let tag = elements.next().unwrap_or_default();
    let kind = elements.next().unwrap_or_default();
    match tag {
        // Passengers, crews, and both of them in transit.
        b"NAD" => *is_named = matches!(kind, b"FL" | b"FM" | b"DDT" | b"DDU"),
        b"DTM" | b"DOC" | b"COM" if *is_named => {}
        _ => return,
    }
    if !*is_named {
        return;
    }
    let behind_kind = start + tag.len() + 1;
    match (tag, kind) {
        (b"DTM", _) => {
            if let Some(date) = kind.strip_prefix(b"329:") {
                let digits = date.iter().take_while(|byte| byte.is_ascii_digit()).count();
                let from = behind_kind + (kind.len() - date.len());
                take(findings, b"date_of_birth", from, from + digits);
            }
        }
        (b"COM", _) => {
            let is_of_number =
                |byte: &&u8| byte.is_ascii_digit() || matches!(byte, b' ' | b'-' | b'(' | b')');
            let length = kind.iter().take_while(is_of_number).count();
            take(findings, b"phone", behind_kind, behind_kind + length);
        }
        _ => {
            let mut at = behind_kind + kind.len() + 1;
            for (place, element) in elements.enumerate() {
                let name: Option<&[u8]> = match (tag, place) {
                    (b"DOC", 0) => Some(b"passport"),
                    (b"NAD", 2) => Some(b"full_name"),
                    // A street, a town and its number; behind them stands a country.
                    (b"NAD", 3..=6) => Some(b"address"),
                    _ => None,
                };
                if let Some(name) = name {
                    take(findings, name, at, at + element.len());
                }
                at += element.len() + 1;
            }
        }
    }
}

fn take(findings: &mut Findings<'_, '_>, name: &[u8], start: usize, end: usize) {
    if let Some((rule, ..)) = findings.rules.for_name_at_end(name) {
        let found = Found {
            start,
            end,
            quoted: true,
        };
        findings.take(rule, found);
    }
}

#[cfg(test)]
mod tests {
    use crate::sanitize::text::testing::{hits, misses};

    #[test]
    fn what_is_told_of_a_passenger_goes() {
        hits(&[
            ("NAD+FL+++O?'NEIL:ADA+7 WAY+LUND'", "NAD+FL+++<>+<>+<>'"),
            (
                "UNH+1+PAXLST:D:02B:UN:IATA'TDT+20+XQ7'DTM+189:261129'NAD+FL+++ROE:ADA+7 WAY+LUND++22100+SWE'ATT+2++F'DTM+329:610217'DOC+P:110:111+X7712345'COM+202 555 0134:TE'DTM+36:300101'",
                "UNH+1+PAXLST:D:02B:UN:IATA'TDT+20+XQ7'DTM+189:261129'NAD+FL+++<>+<>+<>++<>+SWE'ATT+2++F'DTM+329:<>'DOC+P:110:111+<>'COM+<>:TE'DTM+36:300101'",
            ),
        ]);
    }

    #[test]
    fn other_parties_stay() {
        misses(&[
            "UNH+1+ORDERS:D:96A:UN'NAD+BY+5412345000013::9++ACME'DOC+380+771'DTM+329:610217'",
            "NAD+ is a segment",
        ]);
    }
}
