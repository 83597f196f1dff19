//! Texts as dumps and debuggers show them behind what they are: `string(14) "x"`, `0x55d2 "x"`.

use crate::sanitize::extent::{Found, Reader};
use crate::sanitize::marker;

/// The most digits of a length.
const MAX_LENGTH: usize = 6;
/// The most digits of an address.
const MAX_ADDRESS: usize = 16;
/// The most bytes of the name of what is at an address.
const MAX_SYMBOL: usize = 128;
/// The most pieces of a text in which some signs stand many times.
const MAX_PIECES: usize = 64;

/// `string(14) "x"` on the next line, as PHP dumps a map, and `0x55d2 "x"`, as debuggers show a pointer to a text.
pub(super) fn find(text: &str, after: usize) -> Option<Found> {
    let kind = text.get(after..)?.trim_start();
    if let Some(counted) = kind.strip_prefix("string(") {
        return counted_text(text.as_bytes(), text.len() - counted.len());
    }
    let digits = kind.strip_prefix("0x")?;
    let start = text.len() - kind.len();
    pointed_text(text.as_bytes(), start, text.len() - digits.len())
}

/// `14) "x"`: so many bytes, marks among them.
fn counted_text(bytes: &[u8], at: usize) -> Option<Found> {
    let digits = length_of(&bytes[at..], MAX_LENGTH, u8::is_ascii_digit);
    let number = std::str::from_utf8(&bytes[at..at + digits]).ok()?;
    let start = at + digits + bytes[at + digits..].starts_with(b") \"").then_some(3)?;
    let is_mark = |at: &usize| bytes.get(*at) == Some(&b'"');
    // What was replaced has another length.
    let length = number.parse::<usize>().ok();
    let end = length
        .filter(|_| marker::length_at(bytes, start).is_none())
        .map(|length| start + length)
        .filter(is_mark);
    let end = end.or_else(|| memchr::memchr(b'"', &bytes[start..]).map(|length| start + length));
    Some(Found::quoted(start..end.unwrap_or(bytes.len())))
}

/// What stands behind an address, of which `digits` is behind the `0x` at `start`: `"x"`, `<name> u"x"`, and in pieces
/// `"x", '0' <repeats 20 times>, "y"`, with which the address goes.
fn pointed_text(bytes: &[u8], start: usize, digits: usize) -> Option<Found> {
    let mut at = digits + length_of(&bytes[digits..], MAX_ADDRESS, u8::is_ascii_hexdigit);
    at = behind_name(bytes, at, b" <").unwrap_or(at);
    at += bytes[at..].starts_with(b" ").then_some(1)?;
    at += length_of(&bytes[at..], 2, |letter| {
        matches!(letter, b'u' | b'U' | b'L' | b'8')
    });
    let reader = Reader::new(bytes);
    let mut found: Option<Found> = None;
    for _ in 0..MAX_PIECES {
        let Some(quote) = reader.opening_quote(at) else {
            break;
        };
        let begin = at + quote.length();
        let end = reader.closing_quote(begin, quote);
        let behind = bytes.len().min(end + quote.length());
        let repeated = behind_name(bytes, behind, b" <repeats ");
        let is_alone = found.is_none() && repeated.is_none();
        at = repeated.unwrap_or(behind);
        let cut = 3 * usize::from(bytes[at..].starts_with(b"..."));
        found = Some(Found::quoted(match is_alone {
            true => begin..end,
            false => start..at + cut,
        }));
        if !bytes[at..].starts_with(b", ") {
            break;
        }
        at += 2;
    }
    found
}

/// Where a name in brackets ends that begins so.
fn behind_name(bytes: &[u8], at: usize, begin: &[u8]) -> Option<usize> {
    let name = bytes.get(at..)?.strip_prefix(begin)?;
    let near = &name[..name.len().min(MAX_SYMBOL)];
    let end = memchr::memchr(b'>', near)?;
    Some(at + begin.len() + end + 1)
}

/// How many bytes of a kind stand at the beginning, looking at no more than `most`.
fn length_of(bytes: &[u8], most: usize, is_of_kind: impl Fn(&u8) -> bool) -> usize {
    bytes
        .iter()
        .take(most)
        .take_while(|byte| is_of_kind(byte))
        .count()
}

#[cfg(test)]
mod tests {
    use crate::sanitize::text::testing::{hits, misses};

    #[test]
    fn a_text_behind_the_address_that_a_debugger_shows_goes() {
        hits(&[
            (
                "#0 bind (dn=0x55d1 \"cn=pacs\", password=0x55d2 \"ppAuta W9\") at svc.c:188",
                "#0 bind (dn=0x55d1 \"cn=pacs\", password=0x55d2 \"<>\") at svc.c:188",
            ),
            (
                r#"#0 bind (password=0x55d2 "pp\"Auta W9", n=3) at svc.c:188"#,
                r#"#0 bind (password=0x55d2 "<>", n=3) at svc.c:188"#,
            ),
            (
                "password=0x55d2 <stored> \"ppAuta W9\", n=3",
                "password=0x55d2 <stored> \"<>\", n=3",
            ),
            (
                "password=0x55d2 L\"ppAuta W9\", n=3",
                "password=0x55d2 L\"<>\", n=3",
            ),
        ]);
        misses(&["password=0x55d2 \"\", n=3"]);
    }

    #[test]
    fn all_pieces_go_where_a_debugger_counts_what_stands_many_times() {
        hits(&[
            (
                "f (password=0x55d2 \"pp\", 'a' <repeats 20 times>, \"Auta W9\"..., n=3)",
                "f (password=<>, n=3)",
            ),
            (
                "f (password=0x55d2 'a' <repeats 20 times>, \"Auta W9\", n=3)",
                "f (password=<>, n=3)",
            ),
        ]);
    }

    #[test]
    fn a_text_goes_as_far_as_its_length_says() {
        hits(&[
            (
                "[\"password\"]=>\n  string(9) \"pp\"Au W9x\"\n  [\"n\"]=>\n  int(3)",
                "[\"password\"]=>\n  string(9) \"<>\"\n  [\"n\"]=>\n  int(3)",
            ),
            (
                "[\"password\"]=>\n  string(40) \"ppAuta\"...",
                "[\"password\"]=>\n  string(40) \"<>\"...",
            ),
        ]);
    }
}
