//! Decoding what may be text: base64 of any alphabet (RFC 4648), hexadecimal digits, percent-encoding (RFC 3986).

/// How many characters of an encoding tell whether text is in it.
const PROBE: usize = 24;

/// The value of a character of base64 or base64url.
const VALUES: [u8; 256] = {
    let mut table = [NO_VALUE; 256];
    let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut at = 0;
    while at < alphabet.len() {
        table[alphabet[at] as usize] = at as u8;
        at += 1;
    }
    table[b'-' as usize] = 62;
    table[b'_' as usize] = 63;
    table
};
const NO_VALUE: u8 = 0xFF;

/// The bytes in base64, what is no character of it left out. Padding is not needed.
pub(in crate::sanitize) fn base64(encoded: impl Iterator<Item = u8>) -> Vec<u8> {
    // It does not grow, which would leave a copy behind.
    let mut bytes = Vec::with_capacity(encoded.size_hint().0 / 4 * 3 + 3);
    let (mut bits, mut held) = (0_u32, 0);
    for byte in encoded {
        let value = VALUES[usize::from(byte)];
        if value == NO_VALUE {
            continue;
        }
        bits = bits << 6 | u32::from(value);
        held += 6;
        if held >= 8 {
            held -= 8;
            bytes.push((bits >> held) as u8);
        }
    }
    bytes
}

/// The text in base64, as far as it is text; none where its beginning is not.
pub(super) fn base64_text(encoded: &[u8]) -> Option<String> {
    let probe = &encoded[..encoded.len().min(PROBE)];
    if !may_begin_text(probe) {
        return None;
    }
    beginning(probe)?;
    text(&base64(encoded.iter().copied()))
}

/// False where the first bytes in base64 are those of no text: so it is with most words.
pub(in crate::sanitize) fn may_begin_text(encoded: &[u8]) -> bool {
    let mut characters = encoded
        .iter()
        .map(|byte| VALUES[usize::from(*byte)])
        .filter(|value| *value != NO_VALUE);
    let mut next = || characters.next().map(u32::from);
    let (Some(a), Some(b), Some(c), Some(d)) = (next(), next(), next(), next()) else {
        return true;
    };
    let [_, first, second, third] = (a << 18 | b << 12 | c << 6 | d).to_be_bytes();
    // The second byte of UTF-16 is zero.
    is_text_byte(first)
        && first & 0xC0 != 0x80
        && (second == 0 || is_text_byte(second) && is_text_byte(third))
        && (first.is_ascii() || second & 0xC0 == 0x80)
}

fn is_text_byte(byte: u8) -> bool {
    byte >= b' ' && byte != 0x7F || matches!(byte, b'\n' | b'\r' | b'\t' | 0x1b)
}

/// The text at the beginning of base64.
pub(super) fn beginning(encoded: &[u8]) -> Option<Vec<u8>> {
    let plain = text(&base64(encoded.iter().copied()))?;
    // All of it but a character that is cut.
    (plain.len() + 3 >= encoded.len() * 3 / 4 || plain.len() * 8 / 3 + 8 >= encoded.len())
        .then(|| plain.into_bytes())
}

/// The text in hexadecimal digits, as far as it is text; none where its beginning is not.
pub(super) fn hexadecimal_text(encoded: &[u8]) -> Option<String> {
    let value = |digit: u8| (digit as char).to_digit(16).unwrap_or(0) as u8;
    let (pairs, _) = encoded.as_chunks::<2>();
    let decode = |pairs: &[[u8; 2]]| -> Vec<u8> {
        let bytes = pairs
            .iter()
            .map(|[high, low]| value(*high) << 4 | value(*low));
        bytes.collect()
    };
    text(&decode(&pairs[..pairs.len().min(PROBE / 2)]))
        .filter(|probe| probe.len() * 2 + 3 >= pairs.len().min(PROBE / 2))?;
    text(&decode(pairs))
}

/// The bytes as text up to the first that is none; UTF-16 as Windows has it is text too.
fn text(bytes: &[u8]) -> Option<String> {
    if let [first, 0, second, 0, ..] = *bytes
        && first != 0
        && second != 0
    {
        let (pairs, _) = bytes.as_chunks::<2>();
        let units = pairs.iter().map(|pair| u16::from_le_bytes(*pair));
        let wide: String = char::decode_utf16(units).map_while(Result::ok).collect();
        return Some(wide).filter(|wide| !wide.is_empty());
    }
    let valid = match std::str::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => std::str::from_utf8(&bytes[..error.valid_up_to()]).unwrap_or_default(),
    };
    let end = valid.find(|character: char| {
        character.is_control() && !matches!(character, '\n' | '\r' | '\t' | '\u{1b}')
    });
    let valid = &valid[..end.unwrap_or(valid.len())];
    // What breaks off at once is no text; a few characters of chance are none either.
    (valid.len() >= 8 || valid.len() == bytes.len()).then(|| valid.to_owned())
}

/// A percent-encoded text, what does not decode to UTF-8 replaced.
pub(super) fn percent_decoded(text: &str) -> String {
    let (bytes, _) = percent_decode(text.as_bytes());
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Percent-encoded bytes decoded, `+` being a blank as forms have it; and for each of them where it stood.
pub(super) fn percent_decode(encoded: &[u8]) -> (Vec<u8>, Vec<usize>) {
    let mut bytes = Vec::with_capacity(encoded.len());
    let mut places = Vec::with_capacity(encoded.len() + 1);
    let mut at = 0;
    let digit = |at: usize| {
        let digit = encoded.get(at).map(|byte| *byte as char)?;
        digit.to_digit(16).map(|value| value as u8)
    };
    while at < encoded.len() {
        places.push(at);
        match (encoded[at], digit(at + 1), digit(at + 2)) {
            (b'%', Some(high), Some(low)) => {
                bytes.push(high << 4 | low);
                at += 3;
            }
            (b'+', ..) => {
                bytes.push(b' ');
                at += 1;
            }
            (byte, ..) => {
                bytes.push(byte);
                at += 1;
            }
        }
    }
    places.push(encoded.len());
    (bytes, places)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_decoded_from_every_alphabet() {
        assert_eq!(
            base64_text(b"cGFzc3dvcmQ6IGh1bnRlcjI").as_deref(),
            Some("password: hunter2")
        );
        assert_eq!(
            base64_text(b"Pz8/Pj4+YWJjZGVmZ2hpamts").as_deref(),
            Some("???>>>abcdefghijkl")
        );
        assert_eq!(
            base64_text(b"Pz8_Pj4-YWJjZGVmZ2hpamts").as_deref(),
            Some("???>>>abcdefghijkl")
        );
        assert_eq!(
            base64_text(b"cABhAHMAcwB3AG8AcgBkAA").as_deref(),
            Some("password")
        );
        assert_eq!(
            hexadecimal_text(b"70617373776f72643a2078").as_deref(),
            Some("password: x")
        );
        assert_eq!(percent_decoded("a%20b%3Dc+d%"), "a b=c d%");
    }

    #[test]
    fn bytes_of_images_and_digests_are_no_text() {
        assert_eq!(
            base64_text(b"iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJ"),
            None
        );
        assert_eq!(
            hexadecimal_text(b"3c39fb97b13c1426208a8abed0e0defeb5f87ed5"),
            None
        );
    }
}
