//! The ends of names, letter by letter from the last one on, to know at once that a text ends in none of them.
//!
//! Nearly every word of a text ends otherwise than all names after two or three letters.

/// The symbol of all bytes but letters of ASCII and digits.
const OTHER: u32 = 36;
/// A name begins here.
const NAME: u64 = 1 << 63;
/// A word begins here that may stand behind a name.
const WORD: u64 = 1 << 62;

/// A tree of names, read from their ends.
pub(super) struct KeyEnds {
    nodes: Vec<Node>,
    /// For two last letters, by their lowest five bits, the node for what stands before, or that of the last letter
    /// where it is a whole name, as a policy may have it; most have none.
    pairs: Box<[u32]>,
}

/// The symbols of a name from its end on, and what begins behind the last of them.
type Reversed = (Vec<u32>, u64);

/// No name ends so.
const NONE: u32 = u32::MAX;

#[derive(Debug, Clone, Copy, Default)]
struct Node {
    /// One bit for each symbol that goes on from here, and what begins here.
    marks: u64,
    /// The node of the lowest of these symbols; those of the others stand behind it.
    first: u32,
}

impl KeyEnds {
    /// Of `names`, and of `words` that may stand behind them; both as folded letters.
    pub(super) fn new<'n>(
        names: impl Iterator<Item = &'n [u8]>,
        words: impl Iterator<Item = &'n [u8]>,
    ) -> Self {
        let reversed = |letters: &[u8], mark| {
            let symbols: Vec<u32> = letters.iter().rev().map(|byte| symbol(*byte)).collect();
            (symbols, mark)
        };
        let mut all: Vec<Reversed> = names.map(|name| reversed(name, NAME)).collect();
        all.extend(words.map(|word| reversed(word, WORD)));
        all.sort();
        let mut nodes = vec![Node::default()];
        // The names of each node that has to be filled, and how many of their letters are used up.
        let mut level: Vec<(usize, &[Reversed])> = vec![(0, &all)];
        let mut depth = 0;
        while !level.is_empty() {
            let mut below = Vec::new();
            for (at, names) in level {
                let (ended, longer) =
                    names.split_at(names.partition_point(|(symbols, _)| symbols.len() == depth));
                let mut node = Node {
                    marks: ended.iter().fold(0, |marks, (_, mark)| marks | mark),
                    first: u32::try_from(nodes.len()).unwrap_or(u32::MAX),
                };
                for names in longer.chunk_by(|(one, _), (next, _)| one[depth] == next[depth]) {
                    node.marks |= 1 << names[0].0[depth];
                    below.push((nodes.len(), names));
                    nodes.push(Node::default());
                }
                nodes[at] = node;
            }
            level = below;
            depth += 1;
        }
        let mut ends = Self {
            nodes,
            pairs: [].into(),
        };
        ends.pairs = (0..1024_u16)
            .map(|pair| {
                let [before, last] = [pair & 31, pair >> 5].map(|letter| b'`' + letter as u8);
                let letters = before.is_ascii_lowercase() && last.is_ascii_lowercase();
                let node = ends.nodes.first().filter(|_| letters);
                node.and_then(|node| ends.before(node, last))
                    .and_then(|at| match ends.nodes.get(at)? {
                        node if node.marks & (NAME | WORD) != 0 => Some(at),
                        node => ends.before(node, before),
                    })
                    .and_then(|at| u32::try_from(at).ok())
                    .unwrap_or(NONE)
            })
            .collect();
        ends
    }

    /// Where names begin that `letters` end with: bit 63 for one of one letter, bit 62 for two, and so on.
    #[inline]
    pub(super) fn names_of(&self, letters: impl Iterator<Item = u8>) -> u64 {
        let (mut found, mut place) = (0, NAME);
        let mut node = self.nodes.first();
        for letter in letters {
            node = node.and_then(|node| self.nodes.get(self.before(node, letter)?));
            let Some(node) = node else {
                break;
            };
            if node.marks & NAME != 0 {
                found |= place;
            }
            place >>= 1;
        }
        found
    }

    /// False where `name` ends neither in a name nor in a word that may stand behind one. A byte beyond ASCII may
    /// stand for any letter; `fold` makes letters of bytes, and zero of what parts words.
    #[inline]
    pub(super) fn may_match(&self, name: &[u8], fold: &[u8; 256]) -> bool {
        let (mut at, rest) = match *name {
            [ref rest @ .., before, last]
                if before.is_ascii_alphabetic() && last.is_ascii_alphabetic() =>
            {
                let pair = usize::from(last & 31) << 5 | usize::from(before & 31);
                match self.pairs.get(pair) {
                    Some(&at) if at != NONE => (at as usize, rest),
                    _ => return false,
                }
            }
            _ => (0, name),
        };
        let mut letters = rest.iter().rev();
        while let Some(node) = self.nodes.get(at) {
            if node.marks & (NAME | WORD) != 0 {
                return true;
            }
            let Some(byte) = letters.next() else {
                return false;
            };
            let letter = fold[usize::from(*byte)];
            if !letter.is_ascii() {
                return true;
            }
            if letter != 0 {
                match self.before(node, letter) {
                    Some(before) => at = before,
                    None => return false,
                }
            }
        }
        false
    }

    /// Begins to read a name from its end on.
    pub(super) fn walk(&self) -> Walk<'_> {
        Walk {
            ends: self,
            node: self.nodes.first(),
        }
    }

    /// The node for what stands before.
    #[inline]
    fn before(&self, node: &Node, letter: u8) -> Option<usize> {
        let bit = 1_u64 << symbol(letter);
        if node.marks & bit == 0 {
            return None;
        }
        let lower = (node.marks & (bit - 1)).count_ones();
        Some((node.first + lower) as usize)
    }
}

/// How far a name was read from its end on.
pub(super) struct Walk<'e> {
    ends: &'e KeyEnds,
    node: Option<&'e Node>,
}

impl Walk<'_> {
    /// Reads the folded letter before those that were read; false where it need not go on.
    pub(super) fn step(&mut self, letter: u8) -> bool {
        let node = self.node;
        self.node = node.and_then(|node| self.ends.nodes.get(self.ends.before(node, letter)?));
        self.node.is_some() && !self.may_match()
    }

    /// True where what was read is a name, or a word that may stand behind one.
    pub(super) fn may_match(&self) -> bool {
        self.node
            .is_some_and(|node| node.marks & (NAME | WORD) != 0)
    }
}

#[inline]
fn symbol(letter: u8) -> u32 {
    match letter {
        b'a'..=b'z' => u32::from(letter - b'a'),
        b'0'..=b'9' => u32::from(letter - b'0') + 26,
        _ => OTHER,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fold() -> [u8; 256] {
        let mut table = [0; 256];
        for byte in 0..=u8::MAX {
            if byte.is_ascii_alphanumeric() || !byte.is_ascii() {
                table[usize::from(byte)] = byte.to_ascii_lowercase();
            }
        }
        table
    }

    #[test]
    fn a_text_that_ends_in_a_name_may_match() {
        let names = ["x", "fax", "q7", "pass_word", "ключ", "k9", "dob"];
        let folded: Vec<Vec<u8>> = names
            .iter()
            .map(|name| name.bytes().filter(|byte| *byte != b'_').collect())
            .collect();
        let ends = KeyEnds::new(folded.iter().map(|name| &**name), [].into_iter());
        for name in names {
            for before in ["", "a", "ma", "Z", "my ", "7", "é", "_", "foo-ba"] {
                for name in [name.to_owned(), name.to_ascii_uppercase()] {
                    let text = format!("{before}{name}");
                    assert!(ends.may_match(text.as_bytes(), &fold()), "{text}");
                }
            }
        }
        for text in ["", "a", "may", "fa", "word", "7", "q", "do"] {
            assert!(!ends.may_match(text.as_bytes(), &fold()), "{text}");
        }
    }
}
