//! Fields of forms as browsers send them in parts (RFC 7578).

use crate::sanitize::extent::Found;
use crate::sanitize::text::Findings;

/// The most bytes of a part's headers.
const MAX_HEADERS: usize = 512;
/// The most bytes of a value.
const MAX_VALUE: usize = 4096;
/// The blank line before a value; the breaks of lines may be escaped.
const BLANK_LINES: [&[u8]; 4] = [b"\r\n\r\n", b"\n\n", b"\\r\\n\\r\\n", b"\\n\\n"];

/// Finds the values of fields whose names a rule names.
pub(in crate::sanitize) fn find(findings: &mut Findings<'_, '_>) {
    let bytes = findings.bytes();
    for at in memchr::memmem::find_iter(bytes, b"form-data;") {
        let near = &bytes[at..bytes.len().min(at + MAX_HEADERS)];
        let Some((headers, blank)) = BLANK_LINES
            .into_iter()
            .filter_map(|blank| Some((memchr::memmem::find(near, blank)?, blank)))
            .min()
        else {
            continue;
        };
        let Some((rule, ..)) =
            field_name(&near[..headers]).and_then(|name| findings.rules.for_name_at_end(name))
        else {
            continue;
        };
        let start = at + headers + blank.len();
        let value = &bytes[start..bytes.len().min(start + MAX_VALUE)];
        let line = &blank[..blank.len() / 2];
        let boundary = [line, b"--"].concat();
        let end = memchr::memmem::find(value, &boundary)
            // In an escaped text, the end of the line is all there is to go by.
            .or_else(|| memchr::memmem::find(value, line).filter(|_| line[0] == b'\\'))
            .unwrap_or(value.trim_ascii_end().len());
        findings.take(rule, Found::quoted(start..start + end));
    }
}

/// What `name=` says among the headers of a part.
fn field_name(headers: &[u8]) -> Option<&[u8]> {
    const NAME: &[u8] = b" name=";
    let name = &headers[memchr::memmem::find(headers, NAME)? + NAME.len()..];
    let is_mark = |byte: &u8| matches!(byte, b'\\' | b'"' | b'\'');
    let name = &name[name.iter().take_while(|byte| is_mark(byte)).count()..];
    name.split(|byte| is_mark(byte) || matches!(byte, b';' | b'\r' | b'\n'))
        .next()
}

#[cfg(test)]
mod tests {
    use crate::sanitize::text::testing::{hits, misses};

    #[test]
    fn fields_of_a_form_go() {
        hits(&[
            (
                "--b\r\nContent-Disposition: form-data; name=\"ssn\"\r\n\r\n123 456\r\n--b\r\nContent-Disposition: form-data; \
             name=\"town\"\r\n\r\nLund\r\n--b--",
                "--b\r\nContent-Disposition: form-data; name=\"ssn\"\r\n\r\n<>\r\n--b\r\nContent-Disposition: form-data; \
             name=\"town\"\r\n\r\nLund\r\n--b--",
            ),
            (
                "form-data; name=\\\"password\\\"\\r\\n\\r\\nx7Tq\\r\\n--b",
                "form-data; name=\\\"password\\\"\\r\\n\\r\\n<>\\r\\n--b",
            ),
            (
                "form-data; name=password\n\ntwo\nlines\n",
                "form-data; name=password\n\n<>\n",
            ),
        ]);
    }

    #[test]
    fn other_fields_stay() {
        misses(&["Content-Disposition: form-data; name=\"town\"\n\nLund\n--b--"]);
    }
}
