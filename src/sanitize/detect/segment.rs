//! Segments of HL7 version 2 about persons: `PID|1||12345^^^HOSP^MR||DOE^JOHN||19610217|F|…`.

use crate::sanitize::extent::Found;
use crate::sanitize::text::Findings;

/// Fields of a segment, each with its number and the name of what stands in it.
type Fields = &'static [(usize, &'static [u8])];

/// The fields of each segment that tell of a person.
const SEGMENTS: &[(&[u8], Fields)] = &[
    (
        b"PID|",
        &[
            (2, b"mrn"),
            (3, b"mrn"),
            (4, b"mrn"),
            (5, b"patient_name"),
            (6, b"maiden_name"),
            (7, b"date_of_birth"),
            (9, b"patient_name"),
            (11, b"address"),
            (13, b"phone"),
            (14, b"phone"),
            (18, b"account_number"),
            (19, b"ssn"),
            (20, b"drivers_license"),
        ],
    ),
    (
        b"NK1|",
        &[
            (2, b"full_name"),
            (4, b"address"),
            (5, b"phone"),
            (6, b"phone"),
        ],
    ),
    (
        b"GT1|",
        &[
            (3, b"full_name"),
            (5, b"address"),
            (6, b"phone"),
            (7, b"phone"),
            (8, b"date_of_birth"),
            (12, b"ssn"),
        ],
    ),
    (
        b"IN1|",
        &[
            (16, b"full_name"),
            (18, b"date_of_birth"),
            (19, b"address"),
            (36, b"insurance_id"),
            (49, b"insurance_id"),
        ],
    ),
];

/// The most bytes of a segment.
const MAX_SEGMENT: usize = 8192;

/// Finds the fields about a person.
pub(in crate::sanitize) fn find(findings: &mut Findings<'_, '_>) {
    let bytes = findings.bytes();
    for (name, fields) in SEGMENTS {
        let mut floor = 0;
        for start in memchr::memmem::find_iter(bytes, name) {
            let begins = start == 0
                || matches!(bytes[start - 1], b'\r' | b'\n' | b' ' | b'"' | b'\'' | 0x0B)
                || matches!(&bytes[..start], [.., b'\\', b'r' | b'n']);
            if !begins || start < floor {
                continue;
            }
            let end = findings.reader.line_end(start, MAX_SEGMENT);
            floor = end;
            // The name of the segment is field 0.
            let mut at = start;
            for (place, field) in bytes[start..end].split(|byte| *byte == b'|').enumerate() {
                let named = fields.iter().find(|(number, _)| *number == place);
                if let Some((_, name)) = named
                    && let Some((rule, ..)) = findings.rules.for_name_at_end(name)
                {
                    let found = Found::quoted(at..at + field.len());
                    findings.take(rule, found);
                }
                at += field.len() + 1;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::sanitize::text::testing::{hits, misses};

    #[test]
    fn fields_about_a_person_go() {
        hits(&[(
            "MSH|^~\\&|LAB|F9\rPID|1||88127731^^^HOSP^MR||DOE^JO^Q||19610217|F|||9 MAIN^^X||555\rPV1|1|I|W9",
            "MSH|^~\\&|LAB|F9\rPID|1||<>||<>||<>|F|||<>||<>\rPV1|1|I|W9",
        )]);
    }

    #[test]
    fn other_segments_stay() {
        misses(&["OBX|1|NM|GLU||182|mg/dL\nNTE|1||stable", "RAPID|a|b|c|d|e"]);
    }
}
