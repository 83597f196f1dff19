use std::hash::{BuildHasher, DefaultHasher, Hasher, RandomState};

use serde_json::{Map, Number, Value};

/// A keyed hash of texts and trees, in 64 bits. It allocates nothing.
///
/// Small pieces are gathered before they are hashed: a keyed hash costs more by the call than by the byte.
pub(super) struct Fingerprint {
    state: DefaultHasher,
    held: [u8; 256],
    length: usize,
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
    pub(super) fn new(key: &RandomState) -> Self {
        Self {
            state: key.build_hasher(),
            held: [0; 256],
            length: 0,
        }
    }

    /// Adds bytes, and their number, so that no two lists of them are alike.
    pub(super) fn add_bytes(&mut self, bytes: &[u8]) {
        self.add_word(TEXT, bytes.len() as u64);
        self.add(bytes);
    }

    /// Adds a tree; the order of members makes no difference.
    pub(super) fn add_value(&mut self, value: &Value) {
        self.add_at(value, 0);
    }

    pub(super) fn finish(mut self) -> u64 {
        self.hand_over();
        self.state.finish()
    }

    /// Adds what comes next, and a number below 2^56 that goes with it.
    fn add_word(&mut self, kind: u8, number: u64) {
        self.add(&(u64::from(kind) << 56 | number).to_le_bytes());
    }

    #[inline]
    fn add(&mut self, piece: &[u8]) {
        if piece.len() > self.held.len() - self.length {
            self.hand_over();
            if piece.len() > self.held.len() {
                self.state.write(piece);
                return;
            }
        }
        self.held[self.length..][..piece.len()].copy_from_slice(piece);
        self.length += piece.len();
    }

    fn hand_over(&mut self) {
        self.state.write(&self.held[..self.length]);
        self.length = 0;
    }

    fn add_at(&mut self, value: &Value, depth: usize) {
        if depth > MAX_DEPTH {
            return;
        }
        match value {
            Value::Null => self.add_word(NULL, 0),
            Value::Bool(value) => self.add_word(BOOLEAN, u64::from(*value)),
            Value::Number(number) => self.add_number(number),
            Value::String(text) => self.add_bytes(text.as_bytes()),
            Value::Array(items) => {
                self.add_word(LIST, items.len() as u64);
                for item in items {
                    self.add_at(item, depth + 1);
                }
            }
            Value::Object(members) => self.add_object(members, depth),
        }
    }

    fn add_number(&mut self, number: &Number) {
        let (kind, bytes) = if let Some(value) = number.as_u64() {
            (0, value.to_le_bytes())
        } else if let Some(value) = number.as_i64() {
            (1, value.to_le_bytes())
        } else {
            (2, number.as_f64().unwrap_or(f64::NAN).to_le_bytes())
        };
        self.add_word(NUMBER, kind);
        self.add(&bytes);
    }

    fn add_object(&mut self, members: &Map<String, Value>, depth: usize) {
        self.add_word(OBJECT, members.len() as u64);
        let mut add_member = |(name, value): (&String, &Value)| {
            self.add_bytes(name.as_bytes());
            self.add_at(value, depth + 1);
        };
        // Nearly always the members come in order, and need not be collected.
        if members.keys().is_sorted() {
            members.iter().for_each(&mut add_member);
        } else {
            let mut sorted: Vec<_> = members.iter().collect();
            sorted.sort_unstable_by_key(|(name, _)| *name);
            sorted.into_iter().for_each(&mut add_member);
        }
    }
}
