use sha2::{Digest, Sha256};

use crate::query::Member;

/// Makes digests of words: 48 bits of SHA-256, with the index's salt before them.
///
/// Two words that share a digest cost the reading of a few records that are not wanted, and nothing else: whatever is
/// found by a digest is compared with the record.
#[derive(Clone)]
pub(super) struct Digester {
    salted: Sha256,
}

impl Digester {
    pub(super) fn new(salt: [u8; 16]) -> Self {
        Self {
            salted: Sha256::new_with_prefix(salt),
        }
    }

    /// The digest of a member's word, as SQLite keeps it in six bytes.
    pub(super) fn digest(&self, member: Member, word: &str) -> i64 {
        let mut hasher = self.salted.clone();
        hasher.update([member as u8]);
        hasher.update(word.as_bytes());
        let digest = hasher.finalize();
        let bytes = digest.iter().take(6);
        bytes.fold(0, |number, byte| number << 8 | i64::from(*byte))
            // In six bytes there is a sign.
            - (1 << 47)
    }
}
