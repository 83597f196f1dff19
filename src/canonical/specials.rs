use wide::u8x16;

/// How many bytes are looked at together.
const BLOCK: usize = 64;

/// Finds the bytes that end or interrupt a JSON string: quotes, backslashes and control characters.
///
/// A block of 64 bytes becomes a word of 64 bits, one for each such byte. Strings are short, and bits
/// of a word that is at hand are found faster than a search can start.
pub(crate) struct Specials<'a> {
    text: &'a [u8],
    block: usize,
    marks: u64,
    /// Those of the bytes behind the last whole block.
    last_marks: u64,
}

impl<'a> Specials<'a> {
    /// Looks from `from` on.
    pub(crate) fn new(text: &'a [u8], from: usize) -> Self {
        let (blocks, last) = text.get(from..).unwrap_or_default().as_chunks();
        let mut block = [b' '; BLOCK];
        block[..last.len()].copy_from_slice(last);
        let last_marks = marks(&block);
        Self {
            text,
            block: from,
            marks: blocks.first().map_or(last_marks, marks),
            last_marks,
        }
    }

    /// The place of the first such byte at or behind `from`, or the text's length. `from` never goes back
    /// by a block.
    #[inline(always)]
    pub(crate) fn next(&mut self, from: usize) -> usize {
        match self.marks_from(from) {
            0 => self.next_in_other_block(from),
            marks => from + marks.trailing_zeros() as usize,
        }
    }

    /// The marks at and behind `from`, as far as they are in this block.
    #[inline(always)]
    fn marks_from(&self, from: usize) -> u64 {
        let offset = from.wrapping_sub(self.block);
        if offset < BLOCK {
            self.marks >> offset
        } else {
            0
        }
    }

    #[inline(never)]
    fn next_in_other_block(&mut self, from: usize) -> usize {
        loop {
            self.block += BLOCK;
            if self.block >= self.text.len() {
                return self.text.len();
            }
            let block = self.text.get(self.block..).and_then(<[u8]>::first_chunk);
            self.marks = block.map_or(self.last_marks, marks);
            let from = from.max(self.block);
            let marks = self.marks_from(from);
            if marks != 0 {
                return from + marks.trailing_zeros() as usize;
            }
        }
    }
}

/// Comparisons of sixteen bytes at a time.
#[inline(always)]
fn marks(block: &[u8; BLOCK]) -> u64 {
    let (rows, _) = block.as_chunks::<16>();
    let mut marks = 0;
    for row in rows.iter().rev() {
        let row = u8x16::new(*row);
        let is_control = row.min(u8x16::splat(0x1F)).simd_eq(row);
        let is_mark = row.simd_eq(u8x16::splat(b'"')) | row.simd_eq(u8x16::splat(b'\\'));
        marks = marks << 16 | u64::from((is_control | is_mark).to_bitmask());
    }
    marks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_special_byte_is_found_wherever_it_stands() {
        for length in 0..140 {
            for at in 0..=length {
                for byte in [b'"', b'\\', 0, 0x1F, b'\n'] {
                    let mut bytes = vec![0xC3; length];
                    bytes.splice(at..at, [byte, b'"', b'a']);
                    let mut specials = Specials::new(&bytes, 0);
                    let found = [0, at, at + 1].map(|from| specials.next(from));
                    assert_eq!(found, [at, at, at + 1]);
                }
            }
            for byte in [b' ', b'!', b'[', 0x7F, 0x80, 0xFF] {
                let bytes = vec![byte; length];
                assert_eq!(Specials::new(&bytes, 0).next(0), length);
            }
        }
    }

    #[test]
    fn special_bytes_are_found_from_any_start_and_behind_blocks_that_are_passed_over() {
        const LENGTH: usize = 400;
        for (apart, start) in [3, 37, 64, 150, 390]
            .into_iter()
            .flat_map(|apart| (0..=LENGTH).map(move |start| (apart, start)))
        {
            let is_special = |at: &usize| at % apart == apart - 1;
            let bytes: Vec<u8> = (0..LENGTH)
                .map(|at| if is_special(&at) { b'"' } else { b'a' })
                .collect();
            for step in [1, 5, 63, 64, 65, 128, 200] {
                let mut specials = Specials::new(&bytes, start);
                let mut from = start;
                while from <= LENGTH {
                    let expected = (from..LENGTH).find(is_special).unwrap_or(LENGTH);
                    assert_eq!(specials.next(from), expected, "{apart} {start} {from}");
                    from = expected + step;
                }
            }
        }
    }
}
