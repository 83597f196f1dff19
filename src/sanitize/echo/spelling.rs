//! One spelling for all ways in which a remembered value may be written again.
//!
//! Letter case, percent-encoding (RFC 3986 section 2.1), JSON's escapes at any level, full-width letters and
//! characters without width make no difference; blanks, dashes and `+` are one, as are `_` and `/`, so that base64 and
//! base64url (RFC 4648) are one too.

use wide::u8x16;

/// A character takes at most so many times its bytes, in lower case.
pub(super) const MOST: usize = 3;

/// Appends the one spelling of `text`.
pub(super) fn write(out: &mut Vec<u8>, text: &[u8]) {
    write_mapped(out, text, |_, _| {});
}

/// Like [`write`], and notes for each byte where in `text` the character began and ended that it stands for.
pub(super) fn write_with_places(out: &mut Vec<u8>, text: &[u8], places: &mut Vec<(usize, usize)>) {
    write_mapped(out, text, |count, place| {
        places.extend(std::iter::repeat_n(place, count));
    });
}

fn write_mapped(out: &mut Vec<u8>, text: &[u8], mut note: impl FnMut(usize, (usize, usize))) {
    let mut at = 0;
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        // Nearly all texts are one such run.
        let plain = plain_length(rest);
        let start = out.len();
        out.extend_from_slice(&rest[..plain]);
        for byte in &mut out[start..] {
            *byte = fold(*byte);
        }
        for offset in at..at + plain {
            note(1, (offset, offset + 1));
        }
        at += plain;
        let Some(special) = text.get(at..).filter(|rest| !rest.is_empty()) else {
            return;
        };
        let before = out.len();
        let length = match special[0] {
            b'%' => percent(out, special),
            b'\\' => escape(out, special),
            _ => foreign(out, special),
        };
        note(out.len() - before, (at, at + length));
        at += length;
    }
}

/// So many bytes are looked at side by side.
const LANES: usize = 16;

/// How many bytes stand before the first special one.
fn plain_length(text: &[u8]) -> usize {
    let is_plain = |chunk: &[u8; LANES]| {
        !chunk
            .iter()
            .fold(false, |any, byte| any | is_special(*byte))
    };
    let (chunks, _) = text.as_chunks::<LANES>();
    let plain = LANES * chunks.iter().take_while(|chunk| is_plain(chunk)).count();
    if plain + LANES > text.len() && text.last_chunk().is_some_and(is_plain) {
        return text.len();
    }
    let rest = &text[plain..];
    plain + rest.iter().take_while(|byte| !is_special(**byte)).count()
}

/// True for a text that differs from its one spelling in no more than [`fold`] changes.
pub(super) fn is_plain(text: &[u8]) -> bool {
    let Some(last) = text.last_chunk() else {
        return !text.iter().any(|byte| is_special(*byte));
    };
    let (percent, backslash) = (u8x16::splat(b'%'), u8x16::splat(b'\\'));
    let special = |seen: u8x16, row: &[u8; LANES]| {
        let row = u8x16::new(*row);
        // The highest bit counts, which bytes beyond ASCII have.
        seen | row | row.simd_eq(percent) | row.simd_eq(backslash)
    };
    // The last row holds some bytes a second time.
    let (rows, _) = text.as_chunks();
    let seen = rows.iter().fold(special(u8x16::ZERO, last), special);
    seen.to_bitmask() == 0
}

fn is_special(byte: u8) -> bool {
    (byte == b'%') | (byte == b'\\') | (byte >= 0x80)
}

#[inline]
pub(super) fn fold(byte: u8) -> u8 {
    FOLDED[usize::from(byte)]
}

const FOLDED: [u8; 256] = {
    let mut table = [0; 256];
    let mut at = 0;
    while at < table.len() {
        let byte = at as u8;
        table[at] = match byte {
            b'+' | b'-' | 0x08 | b'\t' | b'\n' | 0x0C | b'\r' => b' ',
            b'_' => b'/',
            _ => byte.to_ascii_lowercase(),
        };
        at += 1;
    }
    table
};

fn percent(out: &mut Vec<u8>, text: &[u8]) -> usize {
    let digits = text
        .get(1..3)
        .and_then(|digits| std::str::from_utf8(digits).ok());
    // A sign is no digit, whatever Rust's parser says.
    let digits = digits.filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()));
    match digits.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
        Some(byte) if byte < 0x80 => {
            out.push(fold(byte));
            3
        }
        Some(_) => percent_foreign(out, text),
        None => {
            out.push(b'%');
            1
        }
    }
}

/// A character of several bytes, each of them percent-encoded.
fn percent_foreign(out: &mut Vec<u8>, text: &[u8]) -> usize {
    let mut bytes = [0; 4];
    for length in 1..=4 {
        let encoded = text.get(3 * (length - 1)..3 * length);
        let Some([b'%', high, low]) = encoded else {
            break;
        };
        let (Some(high), Some(low)) = (hexadecimal(*high), hexadecimal(*low)) else {
            break;
        };
        bytes[length - 1] = high << 4 | low;
        if let Ok(text) = std::str::from_utf8(&bytes[..length]) {
            text.chars().for_each(|character| push(out, character));
            return 3 * length;
        }
    }
    out.push(b'%');
    1
}

fn hexadecimal(digit: u8) -> Option<u8> {
    char::from(digit)
        .to_digit(16)
        .and_then(|digit| u8::try_from(digit).ok())
}

/// Escapes of JSON; a run of backslashes before a character comes from several levels of them.
fn escape(out: &mut Vec<u8>, text: &[u8]) -> usize {
    match text.get(1) {
        Some(b'"' | b'\\' | b'/') => 1,
        Some(b'b' | b'f' | b'n' | b'r' | b't') => {
            out.push(b' ');
            2
        }
        Some(b'u') => unicode_escape(out, text),
        _ => {
            out.push(b'\\');
            1
        }
    }
}

fn unicode_escape(out: &mut Vec<u8>, text: &[u8]) -> usize {
    let unit = |at: usize| {
        let [b'\\', b'u', digits @ ..] = text.get(at..at + 6)? else {
            return None;
        };
        digits.iter().try_fold(0_u32, |unit, digit| {
            Some(unit << 4 | u32::from(hexadecimal(*digit)?))
        })
    };
    let Some(first) = unit(0) else {
        out.push(b'\\');
        return 1;
    };
    if let Some(character) = char::from_u32(first) {
        push(out, character);
        return 6;
    }
    if let (0xD800..=0xDBFF, Some(second @ 0xDC00..=0xDFFF)) = (first, unit(6))
        && let Some(character) =
            char::from_u32(0x10000 + ((first - 0xD800) << 10) + (second - 0xDC00))
    {
        push(out, character);
        return 12;
    }
    6
}

fn foreign(out: &mut Vec<u8>, text: &[u8]) -> usize {
    let length = match text[0] {
        0xC0..=0xDF => 2,
        0xE0..=0xEF => 3,
        0xF0..=0xFF => 4,
        _ => 1,
    };
    let character = text
        .get(..length)
        .and_then(|bytes| std::str::from_utf8(bytes).ok());
    match character.and_then(|bytes| bytes.chars().next()) {
        Some(character) => {
            push(out, character);
            length
        }
        None => {
            out.push(text[0]);
            1
        }
    }
}

fn push(out: &mut Vec<u8>, character: char) {
    match character {
        '\0'..='\u{7F}' => out.push(fold(character as u8)),
        // Characters without width.
        '\u{200B}'..='\u{200D}' | '\u{2060}' | '\u{FEFF}' | '\u{AD}' | '\u{180E}' => {}
        '\u{FF01}'..='\u{FF5E}' => {
            let narrow = char::from_u32(u32::from(character) - 0xFEE0);
            out.push(narrow.map_or(b' ', |narrow| fold(narrow as u8)));
        }
        '\u{A0}'
        | '\u{2002}'..='\u{200A}'
        | '\u{202F}'
        | '\u{3000}'
        | '\u{2010}'..='\u{2015}'
        | '\u{2212}' => {
            out.push(b' ');
        }
        _ => {
            let mut bytes = [0; 4];
            for lower in character.to_lowercase() {
                out.extend_from_slice(lower.encode_utf8(&mut bytes).as_bytes());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{is_plain, write, write_with_places};

    fn spell(text: &str) -> String {
        let mut out = Vec::new();
        write(&mut out, text.as_bytes());
        String::from_utf8(out).expect("UTF-8")
    }

    #[test]
    fn all_ways_to_write_a_value_are_spelt_alike() {
        let value = "Pä$s \"w\\ord+1";
        let json = serde_json::to_string(value).expect("JSON");
        let twice = serde_json::to_string(&json).expect("JSON");
        let spelt = spell(value);
        for written in [
            "pä$s \"w\\ord 1",
            &json[1..json.len() - 1],
            &twice[3..twice.len() - 3],
            "P%C3%A4%24s%20%22w%5Cord%2B1",
            "p\\u00e4$S\\u0020\\\"w\\\\ord-1",
            "\u{FF30}Ä$s\u{200B}\u{A0}\"w\\ord+1",
        ] {
            assert_eq!(spell(written), spelt, "{written}");
        }
        assert_ne!(spell("Pa$s \"w\\ord+1"), spelt);
    }

    #[test]
    fn a_text_of_any_length_is_folded_to_its_last_byte() {
        for length in 0..70 {
            for special in ["", "%41", "\u{FF22}"] {
                let text = format!("{}{special}", "Ab_-9+Z ".repeat(9).split_at(length).0);
                let bytes = text.as_bytes().iter();
                let plain: Vec<u8> = bytes.take(length).map(|byte| super::fold(*byte)).collect();
                let behind = match special {
                    "%41" => "a",
                    "\u{FF22}" => "b",
                    _ => "",
                };
                assert_eq!(
                    spell(&text),
                    format!("{}{behind}", String::from_utf8_lossy(&plain))
                );
            }
        }
    }

    #[test]
    fn a_text_is_plain_where_no_byte_of_it_is_special() {
        for length in 0..70 {
            let text = vec![b'~'; length];
            assert!(is_plain(&text), "{length}");
            for at in 0..length {
                for (byte, plain) in [(b'%', false), (b'\\', false), (0x80, false), (b'/', true)] {
                    let mut text = text.clone();
                    text[at] = byte;
                    assert_eq!(is_plain(&text), plain, "{byte} at {at} of {length}");
                }
            }
        }
    }

    #[test]
    fn what_is_no_encoding_stays() {
        for text in ["100% of", "%zz", "%+1", "a\\", "\\u12", "%E4%", "\\ud800x"] {
            let _ = spell(text);
        }
        assert_eq!(spell("5% \\q"), "5% \\q");
    }

    #[test]
    fn places_are_those_of_whole_characters() {
        let text = "a%41\u{FF22}\\u0043é";
        let (mut out, mut places) = (Vec::new(), Vec::new());
        write_with_places(&mut out, text.as_bytes(), &mut places);
        assert_eq!(out, "aabcé".as_bytes());
        assert_eq!(
            places,
            [(0, 1), (1, 4), (4, 7), (7, 13), (13, 15), (13, 15)]
        );
    }
}
