//! Fields of forms as browsers send them in parts (RFC 7578).

use crate::sanitize::extent::Found;
use crate::sanitize::text::Findings;

/// The most bytes of a part's header.
const MAX_HEADER: usize = 512;
/// The most bytes of a value.
const MAX_VALUE: usize = 4096;

/// Finds the values of fields whose names a rule names.
pub(in crate::sanitize) fn find(findings: &mut Findings<'_, '_>) {
    let bytes = findings.bytes();
    for at in memchr::memmem::find_iter(bytes, b"form-data;") {
        let header = &bytes[at..bytes.len().min(at + MAX_HEADER)];
        let Some(name) = memchr::memmem::find(header, b" name=\"") else {
            continue;
        };
        let name = &header[name + 7..];
        let Some(length) = memchr::memchr(b'"', name) else {
            continue;
        };
        let Some((rule, ..)) = findings.rules.for_name_at_end(&name[..length]) else {
            continue;
        };
        let Some(blank) = [&b"\r\n\r\n"[..], b"\n\n"]
            .into_iter()
            .filter_map(|line| Some(memchr::memmem::find(header, line)? + line.len()))
            .min()
        else {
            continue;
        };
        let start = at + blank;
        let near = &bytes[start..bytes.len().min(start + MAX_VALUE)];
        let end = memchr::memmem::find(near, b"\n--").unwrap_or(near.len());
        let end = start + near[..end].trim_ascii_end().len();
        findings.take(
            rule,
            Found {
                start,
                end,
                quoted: true,
            },
        );
    }
}

#[cfg(test)]
mod tests {
    use crate::sanitize::text::testing::{hits, misses};

    #[test]
    fn fields_of_a_form_go() {
        hits(&[(
            "--b\r\nContent-Disposition: form-data; name=\"ssn\"\r\n\r\n123 456\r\n--b\r\nContent-Disposition: form-data; \
             name=\"town\"\r\n\r\nLund\r\n--b--",
            "--b\r\nContent-Disposition: form-data; name=\"ssn\"\r\n\r\n<>\r\n--b\r\nContent-Disposition: form-data; \
             name=\"town\"\r\n\r\nLund\r\n--b--",
        )]);
    }

    #[test]
    fn other_fields_stay() {
        misses(&["Content-Disposition: form-data; name=\"town\"\n\nLund\n--b--"]);
    }
}
