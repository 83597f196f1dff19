//! Attributes of DICOM about a person: by their tags in its JSON, and in what programs print of a file, as in
//! `(0010,0010) PN [Doe^Jo]`.

use crate::sanitize::extent::Found;
use crate::sanitize::text::Findings;

/// The length of a tag in JSON.
pub(in crate::sanitize) const TAG: usize = 8;
/// How far behind a tag its value may begin.
const MAX_HEAD: usize = 96;
/// The most bytes of a value.
const MAX_VALUE: usize = 1024;

/// The attributes that tell of a person (PS3.15 annex E), each by the name of what is in it.
const TAGS: &[(&str, &str)] = &[
    ("00080090", "full_name"),
    ("00081048", "full_name"),
    ("00081050", "full_name"),
    ("00081060", "full_name"),
    ("00081070", "full_name"),
    ("00100010", "patient_name"),
    ("00100020", "mrn"),
    ("00100030", "date_of_birth"),
    ("00101000", "mrn"),
    ("00101001", "patient_name"),
    ("00101005", "patient_name"),
    ("00101040", "address"),
    ("00101060", "full_name"),
    ("00101090", "mrn"),
    ("00102154", "phone"),
    ("00102155", "phone"),
    ("00102297", "full_name"),
    ("00321032", "full_name"),
    ("0040A123", "full_name"),
];

/// The name of what the attribute of a tag holds.
pub(in crate::sanitize) fn name_of_tag(tag: &str) -> Option<&'static str> {
    if tag.len() != TAG || !tag.starts_with("00") {
        return None;
    }
    TAGS.iter()
        .find(|(known, _)| known.eq_ignore_ascii_case(tag))
        .map(|(_, name)| *name)
}

/// Finds the values of attributes as programs print them.
pub(in crate::sanitize) fn find(findings: &mut Findings<'_, '_>) {
    let bytes = findings.bytes();
    let mut floor = 0;
    for open in memchr::memmem::find_iter(bytes, b"(00") {
        if open < floor {
            continue;
        }
        let Some((name, behind)) = tag_at(bytes, open) else {
            continue;
        };
        let head = &bytes[behind..bytes.len().min(behind + MAX_HEAD)];
        let head = &head[..memchr::memchr2(b'\n', b'\r', head).unwrap_or(head.len())];
        // The name of an attribute may have a mark in it: `Patient's Name`.
        let opens = |at: &usize| {
            head[*at] == b'[' || matches!(head[*at], b'\'' | b'"') && head[..*at].ends_with(b" ")
        };
        let Some(mark) = memchr::memchr3_iter(b'[', b'\'', b'"', head).find(opens) else {
            continue;
        };
        let start = behind + mark + 1;
        let close = match head[mark] {
            b'[' => b']',
            mark => mark,
        };
        let value = &bytes[start..bytes.len().min(start + MAX_VALUE)];
        let length = memchr::memchr2(close, b'\n', value).unwrap_or(value.len());
        floor = start + length;
        if let Some((rule, ..)) = findings.rules.for_name_at_end(name.as_bytes()) {
            let found = Found::quoted(start..floor);
            findings.take(rule, found);
        }
    }
}

/// What the tag `(gggg,eeee)` at a place is for, and where it ends.
fn tag_at(bytes: &[u8], open: usize) -> Option<(&'static str, usize)> {
    let group = bytes.get(open + 1..open + 5)?;
    let rest = bytes.get(open + 5..)?.strip_prefix(b",")?;
    let blank = usize::from(rest.first() == Some(&b' '));
    let element = rest.get(blank..blank + 4)?;
    (rest.get(blank + 4) == Some(&b')')).then_some(())?;
    let tag = [group, element].concat();
    let name = name_of_tag(std::str::from_utf8(&tag).ok()?)?;
    Some((name, open + blank + 11))
}

#[cfg(test)]
mod tests {
    use crate::sanitize::text::testing::{hits, misses};

    #[test]
    fn attributes_about_a_person_go() {
        hits(&[
            (
                "(0010,0010) PN [Lovel^Ada]   #   8, 1 PatientName\n(0008,0060) CS [CT]   # 2, 1 Modality",
                "(0010,0010) PN [<>]   #   8, 1 PatientName\n(0008,0060) CS [CT]   # 2, 1 Modality",
            ),
            (
                "(0010, 0030) Patient's Birth Date                DA: '19610217'",
                "(0010, 0030) Patient's Birth Date                DA: '<>'",
            ),
        ]);
    }

    #[test]
    fn other_attributes_stay() {
        misses(&[
            "(0008,0060) CS [CT] # 2, 1 Modality, and (0010,0010) alone",
            "f(0010, 0020) and 12345678",
        ]);
    }
}
