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
/// `>`, with which an arrow ends.
pub(super) const GREATER: u8 = 64;

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
    let (chunks, _) = text.as_chunks::<LANES>();
    let mut seen = [0; LANES];
    let mut look = |chunk: &[u8; LANES]| {
        for (seen, byte) in seen.iter_mut().zip(chunk) {
            *seen |= kind(*byte);
        }
    };
    chunks.iter().for_each(&mut look);
    // Some of them a second time.
    if let Some(last) = text.last_chunk() {
        look(last);
    }
    seen.iter().fold(0, |all, seen| all | seen)
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

/// How many bytes of each kind a text of fewer than [`LANES`] has: four bits for each kind.
#[derive(Clone, Copy)]
pub(super) struct Counts(u32);

impl Counts {
    /// None for a longer text.
    #[inline(always)]
    pub(super) fn of(text: &[u8]) -> Option<Self> {
        if text.len() >= LANES {
            return None;
        }
        let one = |byte: u8| ONE_OF_EACH[usize::from(byte)];
        let (fours, rest) = text.as_chunks::<4>();
        let counts = fours.iter().fold(0, |counts, [a, b, c, d]| {
            counts + one(*a) + one(*b) + one(*c) + one(*d)
        });
        Some(Self(
            rest.iter().fold(counts, |counts, byte| counts + one(*byte)),
        ))
    }

    /// True where a byte of one of these kinds is there.
    #[inline(always)]
    pub(super) fn has<const ANY: u8>(self) -> bool {
        self.0 & const { spread(ANY) * 15 } != 0
    }

    /// How many bytes of this kind there are.
    #[inline(always)]
    pub(super) fn number(self, kind: u8) -> u32 {
        self.0 >> (4 * kind.trailing_zeros()) & 15
    }
}

/// One for a byte, in the four bits of each of its kinds.
const ONE_OF_EACH: [u32; 256] = {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] = spread(KINDS[byte]);
        byte += 1;
    }
    table
};

/// The lowest of four bits for each kind.
const fn spread(kinds: u8) -> u32 {
    let (mut spread, mut kind) = (0, 0);
    while kind < 8 {
        spread |= (kinds as u32 >> kind & 1) << (4 * kind);
        kind += 1;
    }
    spread
}

/// True where `--` or `->` is in `text`; a single dash stands in every other identifier and date.
pub(super) fn has_option_or_arrow(text: &[u8]) -> bool {
    let behind = text.get(1..).unwrap_or_default();
    text.iter().zip(behind).fold(false, |any, (one, next)| {
        any | (*one == b'-') & ((*next == b'-') | (*next == b'>'))
    })
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
    let greater = (byte == b'>') as u8;
    (escape * ESCAPE)
        | (assignment * ASSIGNMENT)
        | (dash * DASH)
        | (digit * DIGIT)
        | (space * SPACE)
        | (non_ascii * NON_ASCII)
        | (greater * GREATER)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_text_has_as_many_bytes_of_each_kind_as_stand_in_it() {
        for byte in 0..=u8::MAX {
            for length in 0..LANES {
                let counts = Counts::of(&vec![byte; length]).expect("a short text");
                for kind in (0..8).map(|bit| 1 << bit) {
                    let number = if kind_of(byte) & kind == 0 { 0 } else { length };
                    assert_eq!(counts.number(kind) as usize, number, "{byte} {kind}");
                }
                let is_any = length > 0 && kind_of(byte) & (DASH | ESCAPE) != 0;
                assert_eq!(counts.has::<{ DASH | ESCAPE }>(), is_any, "{byte}");
            }
        }
        assert!(Counts::of(&[b'a'; LANES]).is_none());
    }

    fn kind_of(byte: u8) -> u8 {
        sweep(&[byte])
    }

    #[test]
    fn a_byte_is_seen_wherever_it_stands() {
        for length in 1..80 {
            for at in 0..length {
                let mut text = vec![b'a'; length];
                text[at] = b'-';
                assert_eq!(sweep(&text), DASH, "{at} of {length}");
                assert!(!has_option_or_arrow(&text));
                if at + 1 < length {
                    text[at + 1] = b'>';
                    assert_eq!(sweep(&text), DASH | GREATER, "{at} of {length}");
                    assert!(has_option_or_arrow(&text), "{at} of {length}");
                }
            }
        }
    }
}
