//! Parties to a payment in messages of SWIFT: `:50K:/0012345678`, and in the lines below a name and an address.

use crate::sanitize::extent::Found;
use crate::sanitize::rule::Rule;
use crate::sanitize::text::Findings;

/// With what the fields of those who pay and are paid begin.
const FIELD: &[u8] = b":5";
/// What they are called, with the colon behind.
const FIELDS: &[&[u8]] = &[b"50K:", b"50H:", b"50F:", b"59:", b"59F:"];
/// The most lines of a field: an account, a name and an address.
const MAX_LINES: usize = 6;
/// The most bytes of a line.
const MAX_LINE: usize = 80;
/// The fewest digits of an account.
const LEAST_DIGITS: usize = 5;

/// Finds the accounts, and the names and addresses of those that look like persons.
pub(in crate::sanitize) fn find(findings: &mut Findings<'_, '_>) {
    let bytes = findings.bytes();
    for colon in memchr::memmem::find_iter(bytes, FIELD) {
        let begins = matches!(
            &bytes[..colon],
            [] | [.., b'\n' | b'\r' | b'"'] | [.., b'\\', b'n']
        );
        let field = FIELDS
            .iter()
            .find(|field| bytes[colon + 1..].starts_with(field));
        if let Some(field) = field
            && begins
        {
            party(findings, colon + 1 + field.len());
        }
    }
}

/// Takes what is told of a party from `start` on.
fn party(findings: &mut Findings<'_, '_>, start: usize) {
    let bytes = findings.bytes();
    let mut at = start;
    let mut is_named = false;
    for _ in 0..MAX_LINES {
        let end = findings.reader.line_end(at, MAX_LINE);
        let line = &bytes[at..end];
        if at > start && matches!(line, [] | [b':' | b'-' | b'{', ..]) {
            return;
        }
        if !line.is_empty() {
            if !is_named && let Some(number) = line.strip_prefix(b"/") {
                let digits = number.iter().filter(|byte| byte.is_ascii_digit()).count();
                // Those with a country before them have check digits by which they are known anywhere.
                if number.first().is_some_and(u8::is_ascii_digit) && digits >= LEAST_DIGITS {
                    take(findings, b"account_number", at + 1, end);
                }
            } else {
                // `1/NAME` and `2/STREET`, where the lines are numbered.
                let number = match line {
                    [b'1'..=b'8', b'/', ..] => 2,
                    _ => 0,
                };
                if is_named {
                    take(findings, b"address", at + number, end);
                } else if let Some(rule) = findings.rules.for_name_of_person_or_company()
                    && taken(findings, rule, at + number, end)
                {
                    is_named = true;
                } else {
                    // A company: its address is none of a person.
                    return;
                }
            }
        }
        at = match &bytes[end..] {
            [b'\r', b'\n', ..] | [b'\\', b'n', ..] => end + 2,
            [b'\\', b'r', b'\\', b'n', ..] => end + 4,
            [b'\n', ..] => end + 1,
            _ => return,
        };
    }
}

fn take(findings: &mut Findings<'_, '_>, name: &[u8], start: usize, end: usize) {
    if let Some((rule, ..)) = findings.rules.for_name_at_end(name) {
        taken(findings, rule, start, end);
    }
}

fn taken<'r>(findings: &mut Findings<'r, '_>, rule: &'r Rule, start: usize, end: usize) -> bool {
    let found = Found {
        start,
        end,
        quoted: true,
    };
    findings.take(rule, found).is_some()
}

#[cfg(test)]
mod tests {
    use crate::sanitize::text::testing::{hits, misses};

    #[test]
    fn what_is_told_of_persons_goes() {
        hits(&[
            (
                "{4:\n:20:REF7\n:50K:/0012345678\nOTTOLINE VARGA ROE\n7 BIRCH WAY\nLUND\n:59:TRUGBILD TRADING INC\n9 ELM WAY\n:71A:SHA\n-}",
                "{4:\n:20:REF7\n:50K:/<>\n<>\n<>\n<>\n:59:TRUGBILD TRADING INC\n9 ELM WAY\n:71A:SHA\n-}",
            ),
            (
                ":59F:/0012345678\r\n1/OTTOLINE VARGA\r\n2/7 BIRCH WAY\r\n3/SE/LUND\r\n:70:RENT\r\n",
                ":59F:/<>\r\n1/<>\r\n2/<>\r\n3/<>\r\n:70:RENT\r\n",
            ),
        ]);
    }

    #[test]
    fn other_lines_stay() {
        misses(&[
            "10:59: Ottoline Varga joined\n:58A:BANKDEFF\nOTTOLINE VARGA\n",
            "at main.rs:50K:\n:59:\n",
        ]);
    }
}
