//! Segments of ASC X12 about persons: `NM1*IL*1*DOE*JO****MI*X12345~DMG*D8*19610217*M~REF*SY*123456789~`.

use crate::sanitize::extent::Found;
use crate::sanitize::text::Findings;

/// The most bytes of a segment.
const MAX_SEGMENT: usize = 1024;
/// The elements of a segment that names a person: whether it is one, the parts of the name, what kind of number follows.
const IS_PERSON: usize = 2;
const NAMES: std::ops::RangeInclusive<usize> = 3..=5;
const QUALIFIER: usize = 8;
const NUMBER: usize = 9;

/// Finds the elements about a person.
pub(in crate::sanitize) fn find(findings: &mut Findings<'_, '_>) {
    let bytes = findings.bytes();
    let mut floor = 0;
    let mut names_person = None;
    for star in memchr::memchr_iter(b'*', bytes) {
        if star < floor {
            continue;
        }
        let Some(start) = [3, 2].into_iter().find_map(|length| {
            let start = star.checked_sub(length)?;
            let is_known = matches!(
                &bytes[start..star],
                b"NM1" | b"DMG" | b"REF" | b"PER" | b"N3"
            );
            (is_known && begins_segment(&bytes[..start])).then_some(start)
        }) else {
            continue;
        };
        let near = &bytes[start..bytes.len().min(start + MAX_SEGMENT)];
        let length = memchr::memchr3(b'~', b'\n', b'\r', near).unwrap_or(near.len());
        floor = start + length;
        // Alone, the other names are those of variables as well: `N2*3 + N3*4`.
        let is_segment = matches!(&bytes[start..star], b"NM1" | b"DMG")
            || bytes.get(floor) == Some(&b'~')
            || bytes[..start].ends_with(b"~")
            || *names_person.get_or_insert_with(|| memchr::memmem::find(bytes, b"NM1*").is_some());
        if is_segment {
            segment(findings, start, floor);
        }
    }
}

/// True where a segment begins behind `before`.
fn begins_segment(before: &[u8]) -> bool {
    matches!(
        before,
        [] | [.., b'~' | b'\n' | b'\r' | b'"' | b'\'' | b' ' | b'\t'] | [.., b'\\', b'n']
    )
}

fn segment(findings: &mut Findings<'_, '_>, start: usize, end: usize) {
    let bytes = findings.bytes();
    let mut at = start;
    let elements: Vec<Found> = bytes[start..end]
        .split(|byte| *byte == b'*')
        .map(|element| {
            let found = Found::quoted(at..at + element.len());
            at += element.len() + 1;
            found
        })
        .collect();
    let element = |place: usize| {
        elements
            .get(place)
            .map_or(&b""[..], |found| &bytes[found.start..found.end])
    };
    for (place, found) in elements.iter().enumerate().skip(1) {
        let name = match (element(0), place) {
            (b"NM1", place) if NAMES.contains(&place) && element(IS_PERSON) == b"1" => "full_name",
            (b"NM1", NUMBER) => match element(QUALIFIER) {
                b"MI" | b"II" | b"N" => "member_id",
                b"34" | b"SY" => "ssn",
                b"MR" => "medicare_id",
                _ => continue,
            },
            (b"DMG", 2) if element(1) == b"D8" => "date_of_birth",
            (b"REF", 2) => match element(1) {
                b"SY" => "ssn",
                b"EA" => "mrn",
                b"0F" | b"1W" | b"IG" | b"1L" | b"HJ" => "member_id",
                b"EJ" => "account_number",
                _ => continue,
            },
            (b"PER", 2) => "full_name",
            (b"PER", 4 | 6 | 8) => match element(place - 1) {
                b"TE" | b"FX" | b"CP" | b"HP" | b"WP" => "phone",
                b"EM" => "email",
                _ => continue,
            },
            (b"N3", 1 | 2) => "address",
            _ => continue,
        };
        if let Some((rule, ..)) = findings.rules.for_name_at_end(name.as_bytes()) {
            findings.take(rule, *found);
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::sanitize::text::testing::{hits, misses};

    #[test]
    fn elements_about_a_person_go() {
        hits(&[(
            "NM1*IL*1*LOVEL*ADA****MI*XJ771245~N3*7 LANE~DMG*D8*19610217*F~REF*SY*123456789~CLM*77*120",
            "NM1*IL*1*<>*<>****MI*<>~N3*<>~DMG*D8*<>*F~REF*SY*<>~CLM*77*120",
        )]);
    }

    #[test]
    fn other_segments_stay() {
        misses(&[
            "NM1*PR*2*ACME HEALTH*****PI*12345678~SV1*HC:99213*120*UN*1~REF*EI*123456789",
            "2*REF*3 and 12345678",
            "total = N2*3 + N3*4 units",
        ]);
    }
}
