//! Words that members' names end in, most of which are ruled out by two letters.

use super::labels::ends_in;

/// Words that names end in, known by their last two letters.
pub(super) struct Endings {
    pub(super) words: &'static [&'static str],
    /// For each last letter, by its lowest five bits, one bit for each letter that may stand before it.
    pairs: [u32; 32],
}

impl Endings {
    pub(super) const fn of(words: &'static [&'static str]) -> Self {
        let mut pairs = [0; 32];
        let mut at = 0;
        while at < words.len() {
            match words[at].as_bytes() {
                [.., before, last] => pairs[(*last & 31) as usize] |= 1 << (*before & 31),
                // Anything may stand before it.
                [last] => pairs[(*last & 31) as usize] = u32::MAX,
                [] => {}
            }
            at += 1;
        }
        Self { words, pairs }
    }

    /// True where the last word of `name` is one of these, however it is spelled.
    #[inline]
    pub(super) fn end(&self, name: &str) -> bool {
        let may_end = match *name.as_bytes() {
            // Most names end in no word's last letters.
            [.., before, last] => self.pairs[usize::from(last & 31)] & (1 << (before & 31)) != 0,
            [_] => true,
            [] => false,
        };
        may_end && ends_in(name, self.words)
    }
}
