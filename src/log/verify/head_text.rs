//! The head of a record as text: a verifier compares stored digits and need not decode them.

use crate::log::record::{GENESIS, RecordHead};

const HEX_HASH: usize = 64;
const HEX_LOG: usize = 32;

/// The five first members of a line, as they stand.
///
/// It has the shape that [`RecordHead`] demands, but whether its digits are digits is left open: who finds
/// them equal to what they must be, knows it, and all others ask [`is_record`].
#[derive(Debug, Clone, Copy)]
pub(super) struct HeadText<'a> {
    pub(super) hash: &'a [u8; HEX_HASH],
    pub(super) kind: &'a str,
    pub(super) log: &'a [u8; HEX_LOG],
    pub(super) previous: PreviousText<'a>,
    pub(super) seq: u64,
}

/// What `_previous_hash` says, as it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PreviousText<'a> {
    Genesis,
    Hash(&'a [u8; HEX_HASH]),
}

impl<'a> HeadText<'a> {
    pub(super) fn parse(line: &'a [u8]) -> Option<Self> {
        let rest = line.strip_prefix(br#"{"_hash":""#)?;
        let (hash, rest) = rest.split_first_chunk::<HEX_HASH>()?;
        let rest = rest.strip_prefix(br#"","_kind":""#)?;
        let length = rest.iter().position(|byte| *byte == b'"')?;
        let (kind, rest) = rest.split_at_checked(length)?;
        let kind = std::str::from_utf8(kind).ok()?;
        if kind.contains('\\') {
            return None;
        }
        let rest = rest.strip_prefix(br#"","_log":""#)?;
        let (log, rest) = rest.split_first_chunk::<HEX_LOG>()?;
        let rest = rest.strip_prefix(br#"","_previous_hash":""#)?;
        let (previous, rest) = match rest.strip_prefix(GENESIS.as_bytes()) {
            Some(rest) => (PreviousText::Genesis, rest),
            None => {
                let (hash, rest) = rest.split_first_chunk::<HEX_HASH>()?;
                (PreviousText::Hash(hash), rest)
            }
        };
        let seq = leading_integer(rest.strip_prefix(br#"","_seq":"#)?)?;
        Some(Self {
            hash,
            kind,
            log,
            previous,
            seq,
        })
    }
}

/// Whether a line begins like a record, digits and all.
pub(super) fn is_record(line: &[u8]) -> bool {
    RecordHead::parse(line).is_some()
}

/// The integer that stands before a comma or a closing brace.
fn leading_integer(text: &[u8]) -> Option<u64> {
    let mut value = 0_u64;
    for (at, byte) in text.iter().enumerate() {
        match byte {
            b'0'..=b'9' if at == 0 || text.first() != Some(&b'0') => {
                value = value.checked_mul(10)?.checked_add(u64::from(byte - b'0'))?;
            }
            b',' | b'}' if at > 0 => return Some(value),
            _ => return None,
        }
    }
    None
}
