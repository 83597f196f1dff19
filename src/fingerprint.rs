use std::fmt;
use std::hash::{BuildHasher, RandomState};

use crate::tree::{Members, Number, Tree};

/// Keys of [`Fingerprint`]s, chosen at random.
#[derive(Debug, Clone, Copy)]
pub(crate) struct FingerprintKey {
    start: u64,
    factor: u64,
}

impl FingerprintKey {
    pub(crate) fn new() -> Self {
        let random = RandomState::new();
        Self {
            start: random.hash_one(0_u8),
            // An even factor would lose bits.
            factor: random.hash_one(1_u8) | 1,
        }
    }
}

/// A keyed hash of texts and trees, in 64 bits, to find out whether two calls are alike. It allocates nothing.
///
/// Each word is folded in by a multiplication to 128 bits under the key: every call pays for this, and the
/// hash is neither kept nor shown beyond the process, so it need not withstand who knows its values.
#[derive(Clone)]
pub(crate) struct Fingerprint {
    state: u64,
    factor: u64,
}

/// Neither the key nor what was made with it.
impl fmt::Debug for Fingerprint {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Fingerprint")
            .finish_non_exhaustive()
    }
}

/// What comes next.
const NULL: u8 = 0;
const BOOLEAN: u8 = 1;
const NUMBER: u8 = 2;
const TEXT: u8 = 3;
const LIST: u8 = 4;
const OBJECT: u8 = 5;

/// Deeper than the sanitizer goes, so that what is cut there may differ here; never without a bound.
const MAX_DEPTH: usize = 128;

impl Fingerprint {
    pub(crate) fn new(key: FingerprintKey) -> Self {
        Self {
            state: key.start,
            factor: key.factor,
        }
    }

    /// Adds bytes, and their number, so that no two lists of them are alike.
    pub(crate) fn add_bytes(&mut self, bytes: &[u8]) {
        self.add_word(TEXT, bytes.len() as u64);
        let (words, rest) = bytes.as_chunks::<8>();
        for word in words {
            self.fold(u64::from_le_bytes(*word));
        }
        if rest.is_empty() {
            return;
        }
        // The length is known, so bytes may come twice: looking back is quicker than one byte after the other.
        if let Some(last) = bytes.last_chunk::<8>() {
            self.fold(u64::from_le_bytes(*last));
        } else if let (Some(first), Some(last)) = (bytes.first_chunk(), bytes.last_chunk()) {
            let (first, last) = (u32::from_le_bytes(*first), u32::from_le_bytes(*last));
            self.fold(u64::from(first) << 32 | u64::from(last));
        } else if let (Some(first), Some(last)) = (bytes.first(), bytes.last()) {
            let middle = bytes.get(1).unwrap_or(first);
            self.fold(u64::from_le_bytes([*first, *middle, *last, 0, 0, 0, 0, 0]));
        }
    }

    /// Adds a tree; the order of members makes no difference.
    pub(crate) fn add_value(&mut self, value: &Tree<'_>) {
        self.add_at(value, 0);
    }

    pub(crate) fn finish(mut self) -> u64 {
        self.fold(self.factor.rotate_left(32));
        self.state
    }

    /// Adds what comes next, and a number below 2^56 that goes with it.
    fn add_word(&mut self, kind: u8, number: u64) {
        self.fold(u64::from(kind) << 56 | number);
    }

    #[inline]
    fn fold(&mut self, word: u64) {
        let product = u128::from(self.state ^ word) * u128::from(self.factor);
        self.state = (product as u64) ^ (product >> 64) as u64;
    }

    fn add_at(&mut self, value: &Tree<'_>, depth: usize) {
        if depth > MAX_DEPTH {
            return;
        }
        match *value {
            Tree::Null => self.add_word(NULL, 0),
            Tree::Bool(value) => self.add_word(BOOLEAN, u64::from(value)),
            Tree::Number(number) => self.add_number(number),
            Tree::String(text) => self.add_bytes(text.as_bytes()),
            Tree::Array(items) => {
                self.add_word(LIST, items.len() as u64);
                for item in items {
                    self.add_at(item, depth + 1);
                }
            }
            Tree::Object(members) => self.add_object(members, depth),
        }
    }

    fn add_number(&mut self, number: Number<'_>) {
        let (kind, word) = match number {
            Number::Unsigned(value) => (0, value),
            Number::Negative(value) => (1, value.cast_unsigned()),
            Number::Double(value) => (2, value.to_bits()),
            Number::Text(text) => {
                self.add_word(NUMBER, 3);
                return self.add_bytes(text.as_bytes());
            }
        };
        self.add_word(NUMBER, kind);
        self.fold(word);
    }

    fn add_object(&mut self, members: Members<'_>, depth: usize) {
        self.add_word(OBJECT, members.len() as u64);
        for (name, value) in members.iter() {
            self.add_bytes(name.as_bytes());
            self.add_at(value, depth + 1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn of(key: FingerprintKey, value: &Value) -> u64 {
        let mut fingerprint = Fingerprint::new(key);
        Tree::with(value, |tree| fingerprint.add_value(tree));
        fingerprint.finish()
    }

    #[test]
    fn trees_that_differ_anywhere_have_different_fingerprints() {
        let key = FingerprintKey::new();
        let values = [
            json!(null),
            json!(false),
            json!(0),
            json!(-1),
            json!(0.0),
            json!(""),
            json!("\0"),
            json!("\0\0"),
            json!("a password of some length"),
            json!("a password of some lengtH"),
            json!([]),
            json!([[]]),
            json!([[], []]),
            json!({}),
            json!({"": ""}),
            json!({"a": "b"}),
            json!({"ab": ""}),
            json!({"a": {"b": null}}),
            json!({"a": [], "b": null}),
        ];
        for (at, one) in values.iter().enumerate() {
            assert_eq!(of(key, one), of(key, &one.clone()));
            for other in &values[at + 1..] {
                assert_ne!(of(key, one), of(key, other), "{one} and {other}");
            }
        }
    }

    #[test]
    fn a_fingerprint_hangs_on_the_key() {
        let value = json!({"password": "hunter2"});
        assert_ne!(
            of(FingerprintKey::new(), &value),
            of(FingerprintKey::new(), &value)
        );
    }
}
