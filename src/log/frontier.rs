//! What is needed of a tree's pruned leaves (FORMAT section 8).

use sha2::{Digest, Sha256};

use super::record::RecordHash;

/// The roots of the complete subtrees that the first `size` leaves of an RFC 6962 tree make, the largest first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Frontier {
    size: u64,
    roots: Vec<[u8; 32]>,
}

impl Frontier {
    /// The frontier of so many leaves; none where other roots belong to it.
    pub(crate) fn of(size: u64, roots: Vec<[u8; 32]>) -> Option<Self> {
        (roots.len() as u64 == u64::from(size.count_ones())).then_some(Self { size, roots })
    }

    pub(crate) fn size(&self) -> u64 {
        self.size
    }

    pub(crate) fn roots(&self) -> &[[u8; 32]] {
        &self.roots
    }

    /// Takes in the next leaf.
    pub(crate) fn push(&mut self, leaf: RecordHash) {
        let mut node = digest(0, &[&leaf.0]);
        let mut size = self.size;
        while size & 1 == 1 {
            let Some(left) = self.roots.pop() else { break };
            node = digest(1, &[&left, &node]);
            size >>= 1;
        }
        self.roots.push(node);
        self.size += 1;
    }
}

fn digest(prefix: u8, parts: &[&[u8; 32]]) -> [u8; 32] {
    let mut hasher = Sha256::new();
    hasher.update([prefix]);
    for part in parts {
        hasher.update(part);
    }
    hasher.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 6962 section 2.1, word by word.
    fn tree_hash(leaves: &[RecordHash]) -> [u8; 32] {
        match leaves {
            [] => Sha256::digest(b"").into(),
            [leaf] => digest(0, &[&leaf.0]),
            _ => {
                let split = 1 << (usize::BITS - 1 - (leaves.len() - 1).leading_zeros());
                digest(
                    1,
                    &[&tree_hash(&leaves[..split]), &tree_hash(&leaves[split..])],
                )
            }
        }
    }

    #[test]
    fn the_roots_of_a_frontier_make_the_root_of_the_tree() {
        let leaves: Vec<RecordHash> = (0..70).map(|n| RecordHash([n; 32])).collect();
        let mut frontier = Frontier::default();
        for count in 1..=leaves.len() {
            frontier.push(leaves[count - 1]);
            let mut roots = frontier.roots().iter().rev();
            let last = *roots.next().unwrap();
            let root = roots.fold(last, |right, left| digest(1, &[left, &right]));
            assert_eq!(root, tree_hash(&leaves[..count]), "{count} leaves");
            assert_eq!(
                Frontier::of(count as u64, frontier.roots().to_vec()),
                Some(frontier.clone())
            );
        }
        assert_eq!(Frontier::of(3, vec![[0; 32]]), None);
    }
}
