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
    /// Looks from `from` on.
    pub(super) fn new(text: &'a [u8], from: usize) -> Self {
        Self {
            text,
            block: from,
            marks: marks_at(text, from),
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
    // This loop becomes vector instructions. The block is a square of eight rows of eight bytes, and a byte's bit
    // tells its row, so that the rows can be laid over one another.
    let mut found = [0_u8; BLOCK];
    for (at, (found, byte)) in found.iter_mut().zip(block).enumerate() {
        let special = (*byte == b'"') | (*byte == b'\\') | (*byte < 0x20);
        *found = if special { 1 << (at / 8) } else { 0 };
    }
    let mut columns = 0;
    for row in found.chunks_exact(8) {
        let row = row.first_chunk::<8>().copied().unwrap_or_default();
        columns |= u64::from_le_bytes(row);
    }
    transpose(columns)
}

/// Turns a square of eight by eight bits about its diagonal: by halves, quarters and eighths.
#[inline]
fn transpose(square: u64) -> u64 {
    let swap = |square: u64, distance: u32, mask: u64| {
        let moved = (square ^ (square >> distance)) & mask;
        square ^ moved ^ (moved << distance)
    };
    let square = swap(square, 7, 0x00AA_00AA_00AA_00AA);
    let square = swap(square, 14, 0x0000_CCCC_0000_CCCC);
    swap(square, 28, 0x0000_0000_F0F0_F0F0)
}
