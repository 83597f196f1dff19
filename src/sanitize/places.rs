//! Places in a text that are told by single bytes, found 64 bytes at a time.

use wide::u8x16;

/// So many bytes are looked at side by side.
pub(super) const BLOCK: usize = 64;

/// Places in a text, in order.
pub(super) struct Places<'t, M> {
    bytes: &'t [u8],
    mask: M,
    /// Where the next block begins.
    next: usize,
    /// The places in the block before it that are still to come, one bit each.
    marks: u64,
}

impl<'t, M: Fn(&[u8; BLOCK], u8) -> u64> Places<'t, M> {
    /// The places in `bytes` for which `mask` sets a bit, given a block and the byte behind it. Behind the end
    /// stand zeros.
    #[inline]
    pub(super) fn new(bytes: &'t [u8], mask: M) -> Self {
        Self {
            bytes,
            mask,
            next: 0,
            marks: 0,
        }
    }
}

impl<M: Fn(&[u8; BLOCK], u8) -> u64> Iterator for Places<'_, M> {
    type Item = usize;

    #[inline]
    fn next(&mut self) -> Option<usize> {
        while self.marks == 0 {
            let rest = self.bytes.get(self.next..)?;
            self.marks = match rest.first_chunk::<BLOCK>() {
                Some(block) => (self.mask)(block, rest.get(BLOCK).copied().unwrap_or(0)),
                None if rest.is_empty() => return None,
                None => {
                    let mut block = [0; BLOCK];
                    block[..rest.len()].copy_from_slice(rest);
                    (self.mask)(&block, 0) & ((1 << rest.len()) - 1)
                }
            };
            self.next += BLOCK;
        }
        let at = self.marks.trailing_zeros() as usize;
        self.marks &= self.marks - 1;
        Some(self.next - BLOCK + at)
    }
}

/// One bit for each byte of a block that is of a kind; comparisons alone, so that they are made side by side.
#[inline(always)]
pub(super) fn mask(block: &[u8; BLOCK], is_of_kind: impl Fn(u8) -> bool) -> u64 {
    let (rows, _) = block.as_chunks::<16>();
    rows.iter().rev().fold(0, |mask, row| {
        let kinds = row.map(|byte| if is_of_kind(byte) { u8::MAX } else { 0 });
        mask << 16 | u64::from(u8x16::new(kinds).to_bitmask())
    })
}

/// The places behind the words of a text: behind letters, digits, `_` and what is beyond ASCII.
#[inline]
pub(super) fn word_ends(text: &str) -> impl Iterator<Item = usize> {
    let ends = Places::new(text.as_bytes(), |block, behind| {
        let words = mask(block, is_word_byte);
        words & !(words >> 1 | u64::from(is_word_byte(behind)) << (BLOCK - 1))
    });
    ends.map(|last| last + 1)
}

#[inline]
pub(super) fn is_word_byte(byte: u8) -> bool {
    let letter = (byte | 0x20).wrapping_sub(b'a') < 26;
    let digit = byte.wrapping_sub(b'0') < 10;
    letter | digit | (byte == b'_') | (byte >= 0x80)
}

/// Where `word`, small letters and blanks, begins in a text, in any case.
#[inline]
pub(super) fn caseless<'t>(bytes: &'t [u8], word: &'t [u8]) -> impl Iterator<Item = usize> {
    let small = |byte: u8| byte | 0x20;
    let [first, second] = [0, 1].map(|at| word.get(at).copied().unwrap_or_default());
    let pairs = Places::new(bytes, move |block, behind| {
        let seconds = mask(block, |byte| small(byte) == second);
        let first = mask(block, |byte| small(byte) == first);
        first & (seconds >> 1 | u64::from(small(behind) == second) << (BLOCK - 1))
    });
    pairs.filter(move |at| {
        let rest = &bytes[*at..];
        rest.len() >= word.len() && rest[..word.len()].eq_ignore_ascii_case(word)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Texts in which pieces follow each other in an order of chance, some beginning within a block.
    fn texts() -> impl Iterator<Item = String> {
        let long = "x".repeat(70);
        let pieces = ["a", "B_9", "é", " ", "-", "\n", "word", "WoRd ", "“", &long];
        let mut state = 7_usize;
        let mut text = String::new();
        for _ in 0..300 {
            state = state.wrapping_mul(25_214_903_917).wrapping_add(11) % (1 << 40);
            text.push_str(pieces[state / 1024 % pieces.len()]);
        }
        let starts = (0..text.len()).filter(|at| text.is_char_boundary(*at));
        let texts: Vec<_> = starts.map(|at| text[at..].to_owned()).collect();
        texts.into_iter()
    }

    #[test]
    fn words_end_where_a_look_at_each_byte_says_so() {
        for text in texts() {
            let bytes = text.as_bytes();
            let expected: Vec<_> = (1..=bytes.len())
                .filter(|end| {
                    is_word_byte(bytes[end - 1])
                        && bytes.get(*end).is_none_or(|next| !is_word_byte(*next))
                })
                .collect();
            assert_eq!(word_ends(&text).collect::<Vec<_>>(), expected);
        }
    }

    #[test]
    fn words_of_either_case_are_found_wherever_they_stand() {
        for text in texts() {
            let lower = text.to_ascii_lowercase();
            let expected: Vec<_> = lower.match_indices("word").map(|(at, _)| at).collect();
            let found: Vec<_> = caseless(text.as_bytes(), b"word").collect();
            assert_eq!(found, expected);
        }
    }
}
