/// How many bytes are looked at together.
const BLOCK: usize = 64;

/// Finds the bytes that end or interrupt a JSON string: quotes, backslashes and control characters.
///
/// A block of 64 bytes becomes a word of 64 bits, one for each such byte. Strings are short, and bits
/// of a word that is at hand are found faster than a search can start.
pub(super) struct Specials<'a> {
    text: &'a [u8],
    block: usize,
    marks: u64,
}

impl<'a> Specials<'a> {
    pub(super) fn new(text: &'a [u8]) -> Self {
        Self {
            text,
            block: 0,
            marks: marks_at(text, 0),
        }
    }

    /// The place of the first such byte at or behind `from`, or the text's length. `from` never goes back
    /// by a block.
    #[inline]
    pub(super) fn next(&mut self, from: usize) -> usize {
        loop {
            let offset = from.saturating_sub(self.block);
            if offset < BLOCK {
                let marks = self.marks & (u64::MAX << offset);
                if marks != 0 {
                    return self.block + marks.trailing_zeros() as usize;
                }
            }
            self.block += BLOCK;
            if self.block >= self.text.len() {
                return self.text.len();
            }
            self.marks = marks_at(self.text, self.block);
        }
    }
}

#[inline]
fn marks_at(text: &[u8], at: usize) -> u64 {
    let rest = text.get(at..).unwrap_or_default();
    match rest.first_chunk::<BLOCK>() {
        Some(block) => marks(block),
        None => {
            let mut block = [b' '; BLOCK];
            block[..rest.len()].copy_from_slice(rest);
            marks(&block)
        }
    }
}

#[inline]
fn marks(block: &[u8; BLOCK]) -> u64 {
    // This loop becomes vector instructions; the second gathers the bytes' top bits.
    let mut found = [0_u8; BLOCK];
    for (found, byte) in found.iter_mut().zip(block) {
        let special = (*byte == b'"') | (*byte == b'\\') | (*byte < 0x20);
        *found = if special { 0x80 } else { 0 };
    }
    let mut marks = 0;
    for (position, eight) in found.chunks_exact(8).enumerate() {
        let eight = eight.first_chunk::<8>().copied().unwrap_or_default();
        let bits = (u64::from_le_bytes(eight) >> 7).wrapping_mul(0x0102_0408_1020_4080) >> 56;
        marks |= bits << (position * 8);
    }
    marks
}
