//! One look at every byte of a string, to know which of the dearer looks it needs.

/// A byte that JSON escapes.
pub(super) const ESCAPE: u8 = 1;
/// `=` or `:`, which stand in every assignment and URL, `<` and `&` of markup, `@` or `%` of addresses.
pub(super) const ASSIGNMENT: u8 = 2;
/// `-`, which begins a command line's options.
pub(super) const DASH: u8 = 4;
/// A digit.
pub(super) const DIGIT: u8 = 8;
/// A space or an opening parenthesis, behind which a word's value may stand.
pub(super) const SPACE: u8 = 16;
/// A byte of a character that is not ASCII.
pub(super) const NON_ASCII: u8 = 32;

/// So many bytes are looked at side by side.
const LANES: usize = 16;

/// The kinds of byte that `text` holds.
#[inline]
pub(super) fn sweep(text: &[u8]) -> u8 {
    if text.len() < LANES {
        one_by_one(text)
    } else {
        side_by_side(text)
    }
}

#[inline(never)]
fn side_by_side(text: &[u8]) -> u8 {
    let (chunks, rest) = text.as_chunks::<LANES>();
    let mut seen = [0; LANES];
    for chunk in chunks {
        for (seen, byte) in seen.iter_mut().zip(chunk) {
            *seen |= kind(*byte);
        }
    }
    seen.iter().fold(one_by_one(rest), |all, seen| all | seen)
}

#[inline]
fn one_by_one(text: &[u8]) -> u8 {
    let known = |byte: u8| KINDS[usize::from(byte)];
    let (fours, rest) = text.as_chunks::<4>();
    let seen = fours.iter().fold(0, |seen, [a, b, c, d]| {
        seen | known(*a) | known(*b) | known(*c) | known(*d)
    });
    rest.iter().fold(seen, |seen, byte| seen | known(*byte))
}

/// True where `--` or `->` is in `text`; a single dash stands in every other identifier and date.
pub(super) fn has_option_or_arrow(text: &[u8]) -> bool {
    text.windows(2).any(|pair| matches!(pair, b"--" | b"->"))
}

const KINDS: [u8; 256] = {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] = kind(byte as u8);
        byte += 1;
    }
    table
};

/// Comparisons alone, so that a whole chunk is one row of vector instructions.
const fn kind(byte: u8) -> u8 {
    let escape = (byte < 0x20) as u8 | (byte == b'"') as u8 | (byte == b'\\') as u8;
    let assignment = (byte == b'=') as u8
        | (byte == b':') as u8
        | (byte == b'<') as u8
        | (byte == b'@') as u8
        | (byte == b'%') as u8
        | (byte == b'&') as u8;
    let dash = (byte == b'-') as u8;
    let digit = (byte.wrapping_sub(b'0') < 10) as u8;
    let space = (byte == b' ') as u8 | (byte == b'(') as u8 | (byte == b'\t') as u8;
    let non_ascii = (byte >= 0x80) as u8;
    (escape * ESCAPE)
        | (assignment * ASSIGNMENT)
        | (dash * DASH)
        | (digit * DIGIT)
        | (space * SPACE)
        | (non_ascii * NON_ASCII)
}
