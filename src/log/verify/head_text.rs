//! The head of a record as text: a verifier compares stored digits and need not decode them.

use crate::canonical::MAX_SAFE_INTEGER;
use crate::log::record::{GENESIS, RecordHash, RecordHead};

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
    /// Where the comma or brace stands behind the last of the five.
    pub(super) end: usize,
}

/// What `_previous_hash` says, as it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PreviousText<'a> {
    Genesis,
    Hash(&'a [u8; HEX_HASH]),
}

impl<'a> HeadText<'a> {
    pub(super) fn parse(line: &'a [u8]) -> Option<Self> {
        let rest = after(line, br#"{"_hash":""#)?;
        let (hash, rest) = rest.split_first_chunk::<HEX_HASH>()?;
        // Nearly every record is a call's end.
        let (kind, rest) = match after(rest, br#"","_kind":"tool_call","_log":""#) {
            Some(rest) => ("tool_call", rest),
            None => any_kind(rest)?,
        };
        let (log, rest) = rest.split_first_chunk::<HEX_LOG>()?;
        let rest = after(rest, br#"","_previous_hash":""#)?;
        let (previous, rest) = if rest.first() == Some(&b'g') {
            let rest = rest.strip_prefix(GENESIS.as_bytes())?;
            (PreviousText::Genesis, rest)
        } else {
            let (hash, rest) = rest.split_first_chunk::<HEX_HASH>()?;
            (PreviousText::Hash(hash), rest)
        };
        let rest = after(rest, br#"","_seq":"#)?;
        let (seq, digits) = leading_integer(rest)?;
        Some(Self {
            hash,
            kind,
            log,
            previous,
            seq,
            end: line.len() - rest.len() + digits,
        })
    }

    /// Whether the five members are canonical for certain, once the digits are known to be digits.
    pub(super) fn is_canonical(&self) -> bool {
        let plain = |byte: u8| byte.is_ascii_lowercase() || byte == b'_';
        self.seq <= MAX_SAFE_INTEGER && self.kind.bytes().all(plain)
    }
}

/// The kind, and what stands behind `_log`'s opening quote.
fn any_kind(rest: &[u8]) -> Option<(&str, &[u8])> {
    let rest = after(rest, br#"","_kind":""#)?;
    let length = rest.iter().position(|byte| *byte == b'"')?;
    let (kind, rest) = rest.split_at_checked(length)?;
    let kind = std::str::from_utf8(kind).ok()?;
    let rest = after(rest, br#"","_log":""#)?;
    (!kind.contains('\\')).then_some((kind, rest))
}

/// What stands behind a text of fixed length, if that text stands first.
#[inline]
fn after<'a, const N: usize>(text: &'a [u8], first: &[u8; N]) -> Option<&'a [u8]> {
    let (found, rest) = text.split_first_chunk::<N>()?;
    (found == first).then_some(rest)
}

/// Whether a text is the lower-case hex digits of a hash. It is written without a table, so that it becomes vector
/// instructions.
pub(super) fn is_hex_of(text: &[u8; HEX_HASH], hash: &RecordHash) -> bool {
    let mut digits = [0_u8; HEX_HASH];
    for (pair, byte) in digits.chunks_exact_mut(2).zip(hash.0) {
        pair[0] = byte >> 4;
        pair[1] = byte & 0xF;
    }
    for digit in &mut digits {
        *digit += if *digit > 9 { b'a' - 10 } else { b'0' };
    }
    digits == *text
}

/// Whether a line begins like a record, digits and all.
pub(super) fn is_record(line: &[u8]) -> bool {
    RecordHead::parse(line).is_some()
}

/// The integer that stands before a comma or a closing brace, and the number of its digits.
fn leading_integer(text: &[u8]) -> Option<(u64, usize)> {
    let mut value = 0_u64;
    for (at, byte) in text.iter().enumerate() {
        match byte {
            b'0'..=b'9' if at == 0 || text.first() != Some(&b'0') => {
                value = value.checked_mul(10)?.checked_add(u64::from(byte - b'0'))?;
            }
            b',' | b'}' if at > 0 => return Some((value, at)),
            _ => return None,
        }
    }
    None
}
