//! Electronic business cards (RFC 6350): `BEGIN:VCARD`, and lines such as `BDAY:1961-02-17`.

use crate::sanitize::extent::Found;
use crate::sanitize::text::Findings;

/// What a card begins and ends with.
const BEGIN: &[u8] = b"BEGIN:VCARD";
const END: &[u8] = b"END:VCARD";
/// The most bytes of a line, with those that go on with it.
const MAX_LINE: usize = 4096;

/// What the properties of a person are called.
const PROPERTIES: &[(&[u8], &[u8])] = &[
    (b"FN", b"full_name"),
    (b"N", b"full_name"),
    (b"NICKNAME", b"full_name"),
    (b"BDAY", b"date_of_birth"),
    (b"DEATHDATE", b"date_of_birth"),
    (b"ANNIVERSARY", b"date_of_birth"),
    (b"ADR", b"address"),
    (b"LABEL", b"address"),
    (b"TEL", b"phone"),
    (b"EMAIL", b"email"),
];

/// Finds the properties of persons.
pub(in crate::sanitize) fn find(findings: &mut Findings<'_, '_>) {
    let bytes = findings.bytes();
    // The dash of a text without any colon has brought it here.
    if bytes.len() < BEGIN.len() + END.len() {
        return;
    }
    let mut floor = 0;
    for begin in memchr::memmem::find_iter(bytes, BEGIN) {
        if begin < floor {
            continue;
        }
        let card = &bytes[begin..];
        let end = memchr::memmem::find(card, END).map_or(bytes.len(), |end| begin + end);
        floor = end;
        let mut at = begin + BEGIN.len();
        while at < end {
            at = line(findings, at, end);
        }
    }
}

/// Looks at the line that begins behind the break at `at`; gives where it ends.
fn line(findings: &mut Findings<'_, '_>, at: usize, end: usize) -> usize {
    let bytes = findings.bytes();
    let start = at + break_length(&bytes[at..end]).max(1);
    let start = start.min(end);
    let mut line_end = start;
    loop {
        line_end = next_break(bytes, line_end, end);
        // A line that begins with a blank goes on with the one before it.
        let behind = line_end + break_length(&bytes[line_end..end]);
        let goes_on = behind > line_end && matches!(bytes.get(behind), Some(b' ' | b'\t'));
        if !goes_on || behind - start > MAX_LINE {
            break;
        }
        line_end = behind;
    }
    let content = &bytes[start..line_end];
    let head = memchr::memchr(b':', content).unwrap_or(0);
    let name = content[..head].split(|byte| *byte == b';').next();
    // `item1.TEL`
    let name = name.and_then(|name| name.rsplit(|byte| *byte == b'.').next());
    let known = PROPERTIES
        .iter()
        .find(|(known, _)| name.is_some_and(|name| name.eq_ignore_ascii_case(known)));
    if let Some((_, named)) = known
        && let Some((rule, ..)) = findings.rules.for_name_at_end(named)
    {
        let found = Found::quoted(start + head + 1..line_end);
        findings.take(rule, found);
    }
    line_end.max(at + 1)
}

/// The length of the break between two lines, be it written out or not.
fn break_length(bytes: &[u8]) -> usize {
    match bytes {
        [b'\r', b'\n', ..] => 2,
        [b'\n' | b'\r', ..] => 1,
        [b'\\', b'r', b'\\', b'n', ..] => 4,
        [b'\\', b'n' | b'r', ..] => 2,
        _ => 0,
    }
}

fn next_break(bytes: &[u8], from: usize, end: usize) -> usize {
    let breaks = memchr::memchr3_iter(b'\n', b'\r', b'\\', &bytes[from..end]);
    breaks
        .map(|at| from + at)
        // Within a value `\n` is a break as well: what begins a property stands behind it.
        .find(|at| match bytes[*at] {
            b'\\' => begins_property(&bytes[*at + break_length(&bytes[*at..])..end]),
            _ => true,
        })
        .unwrap_or(end)
}

/// True for what begins with a name in capitals and a colon or semicolon.
fn begins_property(bytes: &[u8]) -> bool {
    let is_name = |byte: &&u8| byte.is_ascii_uppercase() || matches!(**byte, b'-' | b'.');
    let name = bytes.iter().take(32).take_while(is_name).count();
    name > 0 && matches!(bytes.get(name), Some(b':' | b';'))
}

#[cfg(test)]
mod tests {
    use crate::sanitize::text::testing::{hits, misses};

    #[test]
    fn what_a_card_tells_of_a_person_goes() {
        hits(&[
            (
                "BEGIN:VCARD\nVERSION:4.0\nFN:Ada Lovel\nBDAY:1961-02-17\nADR;TYPE=home:;;Lane 7;Lund;\n ;222;SE\nNOTE:likes tea\nEND:VCARD\nFN:Eve later",
                "BEGIN:VCARD\nVERSION:4.0\nFN:<>\nBDAY:<>\nADR;TYPE=home:<>\nNOTE:likes tea\nEND:VCARD\nFN:Eve later",
            ),
            (
                "BEGIN:VCARD\\nFN:Ada Lovel\\nBDAY:1961-02-17\\nNOTE:tea\\nEND:VCARD",
                "BEGIN:VCARD\\nFN:<>\\nBDAY:<>\\nNOTE:tea\\nEND:VCARD",
            ),
        ]);
    }

    #[test]
    fn what_is_no_card_stays() {
        misses(&["FN:Ada\nN:7\nBEGIN:VEVENT\nN:7\nEND:VEVENT"]);
    }
}
