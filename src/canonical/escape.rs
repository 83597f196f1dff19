/// What stands after the backslash for each byte that must be escaped, `u` for a `\u00xx` form and
/// zero for a byte that stands as it is (RFC 8785, section 3.2.2.2).
const ESCAPES: [u8; 256] = {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 0x20 {
        table[byte] = b'u';
        byte += 1;
    }
    table[0x08] = b'b';
    table[0x09] = b't';
    table[0x0A] = b'n';
    table[0x0C] = b'f';
    table[0x0D] = b'r';
    table[b'"' as usize] = b'"';
    table[b'\\' as usize] = b'\\';
    table
};

const HEX: &[u8; 16] = b"0123456789abcdef";

/// Appends `text` as a JSON string, quotes included, with the escapes of RFC 8785 and no other.
///
/// ```
/// let mut out = Vec::new();
/// tool_audit::canonical::write_string(&mut out, "a\"b\n\u{1}é");
/// assert_eq!(out, "\"a\\\"b\\n\\u0001é\"".as_bytes());
/// ```
pub fn write_string(out: &mut Vec<u8>, text: &str) {
    let bytes = text.as_bytes();
    out.reserve(bytes.len() + 2);
    out.push(b'"');
    let (chunks, rest) = bytes.as_chunks::<LANES>();
    for chunk in chunks {
        // The greater part of a text is looked at side by side.
        if chunk
            .iter()
            .fold(false, |escapes, byte| escapes | is_escaped(*byte))
        {
            write_escaped(out, chunk);
        } else {
            out.extend_from_slice(chunk);
        }
    }
    write_escaped(out, rest);
    out.push(b'"');
}

/// So many bytes are looked at side by side.
const LANES: usize = 32;

/// Comparisons alone, so that a whole chunk is one row of vector instructions.
const fn is_escaped(byte: u8) -> bool {
    (byte < 0x20) | (byte == b'"') | (byte == b'\\')
}

/// Appends bytes of a text with their escapes.
fn write_escaped(out: &mut Vec<u8>, bytes: &[u8]) {
    let mut clean_from = 0;
    for (at, &byte) in bytes.iter().enumerate() {
        let escape = ESCAPES[usize::from(byte)];
        if escape == 0 {
            continue;
        }
        out.extend_from_slice(&bytes[clean_from..at]);
        clean_from = at + 1;
        if escape == b'u' {
            let high = HEX[usize::from(byte >> 4)];
            let low = HEX[usize::from(byte & 0xF)];
            out.extend_from_slice(&[b'\\', b'u', b'0', b'0', high, low]);
        } else {
            out.extend_from_slice(&[b'\\', escape]);
        }
    }
    out.extend_from_slice(&bytes[clean_from..]);
}

/// Whether any byte has to be escaped, found out eight bytes at a time.
#[inline]
pub(crate) fn has_escapes(bytes: &[u8]) -> bool {
    if let Some(last) = bytes.last_chunk::<8>() {
        let (words, _) = bytes.as_chunks::<8>();
        let words = words.iter().chain(std::iter::once(last));
        return words.fold(0, |found, word| {
            found | escapes_in(u64::from_le_bytes(*word))
        }) != 0;
    }
    if let (Some(first), Some(last)) = (bytes.first_chunk::<4>(), bytes.last_chunk::<4>()) {
        let [first, last] = [first, last].map(|half| u64::from(u32::from_le_bytes(*half)));
        return escapes_in(first << 32 | last) != 0;
    }
    bytes.iter().any(|byte| ESCAPES[usize::from(*byte)] != 0)
}

/// Not zero where one of eight bytes has to be escaped.
///
/// The difference's highest bit is set where the byte is below `bound`, or was 0x80 or more, which `!word`
/// excludes. A byte can only be wrongly marked above one that is rightly marked.
#[inline]
fn escapes_in(word: u64) -> u64 {
    const ONES: u64 = u64::MAX / 0xFF;
    const HIGHS: u64 = ONES << 7;
    let below = |word: u64, bound: u64| word.wrapping_sub(ONES * bound) & !word & HIGHS;
    below(word, 0x20)
        | below(word ^ (ONES * u64::from(b'"')), 1)
        | below(word ^ (ONES * u64::from(b'\\')), 1)
}
