use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::{Mutex, PoisonError};

use super::{CallTrigger, TriggerBasis};
use crate::call::Outcome;
use crate::fingerprint::{Fingerprint, FingerprintKey};

/// Infers why calls are made from the calls before them in the conversation, with bounded memory.
///
/// It remembers, for each of the conversations seen last, the turns seen last and the calls that failed or
/// asked for more last. Names and arguments are kept as keyed 64-bit hashes only, under a key that never
/// leaves the process.
#[derive(Debug)]
pub(crate) struct TriggerInference {
    fingerprint_key: FingerprintKey,
    shards: Box<[Mutex<Shard>]>,
}

/// What is known of a call that inference can work with: all of it was said by the caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct CallKey {
    conversation: u64,
    turn: u64,
    /// Tool and arguments; none where the tool is unknown.
    call: Option<u64>,
}

/// What follows from the calls before; calls are named by their recorder's numbers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Inferred {
    pub(crate) trigger: CallTrigger,
    pub(crate) basis: TriggerBasis,
    pub(crate) retry_of: Option<u64>,
    pub(crate) continues: Option<u64>,
}

const SHARDS: usize = 16;
const TURNS: usize = 4;
const CALLS: usize = 16;

/// Two generations of conversations: the young one becomes the old one when it is full.
#[derive(Debug, Default)]
struct Shard {
    young: HashMap<u64, Conversation, AsItIs>,
    old: HashMap<u64, Conversation, AsItIs>,
}

type AsItIs = BuildHasherDefault<KeyedAlready>;

/// Keys of conversations are keyed hashes: nobody outside can choose them, and to hash them again is in vain.
#[derive(Debug, Default)]
struct KeyedAlready(u64);

impl Hasher for KeyedAlready {
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u64(&mut self, key: u64) {
        // The lowest bits have chosen the shard: they go where the table looks neither for its buckets, the
        // lowest bits, nor for its tags, the highest.
        self.0 = key.rotate_right(32);
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

#[derive(Debug, Clone, Copy, Default)]
struct Conversation {
    turns: [u64; TURNS],
    next_turn: usize,
    calls: [Option<Ended>; CALLS],
    next_call: usize,
}

#[derive(Debug, Clone, Copy)]
struct Ended {
    call: u64,
    number: u64,
    interim: bool,
}

/// How many conversations a shard's generation holds: 16 shards × 2 generations × 256 in all.
const GENERATION: usize = 256;

impl TriggerInference {
    pub(crate) fn new() -> Self {
        Self {
            fingerprint_key: FingerprintKey::new(),
            shards: (0..SHARDS).map(|_| Mutex::default()).collect(),
        }
    }

    /// The key of a call of which conversation and turn are known.
    ///
    /// Conversation and arguments are the sanitized bytes. Where the sanitizer changed or cut something, two
    /// different values may look alike, so the hash of what it was told counts in their place.
    pub(crate) fn key(
        &self,
        conversation: (&[u8], Option<u64>),
        turn: u64,
        tool_name: Option<&[u8]>,
        arguments: (&[u8], Option<u64>),
    ) -> CallKey {
        let of_parts = |kind: u8, name: &[u8], (bytes, told): (&[u8], Option<u64>)| {
            let mut fingerprint = Fingerprint::new(self.fingerprint_key);
            fingerprint.add_bytes(&[kind, u8::from(told.is_some())]);
            fingerprint.add_bytes(name);
            match told {
                None => fingerprint.add_bytes(bytes),
                Some(told) => fingerprint.add_bytes(&told.to_le_bytes()),
            }
            fingerprint.finish()
        };
        CallKey {
            conversation: of_parts(0, b"", conversation),
            turn,
            call: tool_name.map(|tool_name| of_parts(1, tool_name, arguments)),
        }
    }

    /// A keyed hash that has seen nothing yet.
    pub(crate) fn begin_fingerprint(&self) -> Fingerprint {
        Fingerprint::new(self.fingerprint_key)
    }

    /// A keyed hash of a text as it stands before the sanitizer.
    pub(crate) fn fingerprint_text(&self, text: &str) -> u64 {
        let mut fingerprint = self.begin_fingerprint();
        fingerprint.add_bytes(text.as_bytes());
        fingerprint.finish()
    }

    /// Why this call is made; remembers its turn.
    pub(crate) fn infer(&self, key: CallKey) -> Inferred {
        self.with_conversation(key.conversation, |conversation| {
            let later_of_turn = conversation.turns.contains(&key.turn);
            if !later_of_turn {
                conversation.turns[conversation.next_turn] = key.turn;
                conversation.next_turn = (conversation.next_turn + 1) % TURNS;
            }
            let before = key.call.and_then(|call| {
                conversation
                    .calls
                    .iter()
                    .flatten()
                    .find(|ended| ended.call == call)
                    .copied()
            });
            let mut inferred = Inferred::default();
            match before {
                Some(ended) if !ended.interim => {
                    inferred.trigger = CallTrigger::Retry;
                    inferred.basis = TriggerBasis::Inferred;
                    inferred.retry_of = Some(ended.number);
                }
                _ if later_of_turn => {
                    inferred.trigger = CallTrigger::FollowUp;
                    inferred.basis = TriggerBasis::Inferred;
                }
                _ => {}
            }
            inferred.continues = before
                .filter(|ended| ended.interim)
                .map(|ended| ended.number);
            inferred
        })
    }

    /// Remembers how a call ended.
    pub(crate) fn ended(&self, key: CallKey, number: u64, outcome: Outcome) {
        let Some(call) = key.call else { return };
        self.with_conversation(key.conversation, |conversation| {
            let same = conversation
                .calls
                .iter()
                .position(|ended| ended.is_some_and(|ended| ended.call == call));
            if outcome.is_success() {
                if let Some(at) = same {
                    conversation.calls[at] = None;
                }
                return;
            }
            let at = same.unwrap_or_else(|| {
                let at = conversation.next_call;
                conversation.next_call = (at + 1) % CALLS;
                at
            });
            let interim = outcome == Outcome::InputRequired;
            conversation.calls[at] = Some(Ended {
                call,
                number,
                interim,
            });
        });
    }

    fn with_conversation<T>(&self, key: u64, act: impl FnOnce(&mut Conversation) -> T) -> T {
        let shard = &self.shards[key as usize % SHARDS];
        let mut shard = shard.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(conversation) = shard.young.get_mut(&key) {
            return act(conversation);
        }
        let remembered = shard.old.remove(&key).unwrap_or_default();
        if shard.young.len() >= GENERATION {
            let mut full = std::mem::take(&mut shard.young);
            std::mem::swap(&mut shard.old, &mut full);
            full.clear();
            shard.young = full;
        }
        act(shard.young.entry(key).or_insert(remembered))
    }
}
