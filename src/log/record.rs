//! One record: its five first members and its seal (FORMAT sections 2 and 3).

use std::fmt;

use sha2::{Digest, Sha256};

/// The number of the format that this crate writes and reads.
pub const FORMAT: u64 = 1;

/// The most bytes that a record's line may have, without its line feed (FORMAT section 2).
pub const MAX_RECORD: usize = 256 * 1024;

/// The deepest nesting that a record may have (FORMAT section 2).
pub const MAX_DEPTH: usize = 128;

/// What `_previous_hash` says in a log's first record.
pub const GENESIS: &str = "genesis";

/// Where a line's hashed text goes on after its opening brace: behind `{"_hash":"…64…",`.
pub const HASHED_FROM: usize = 76;

/// The SHA-256 of a record.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct RecordHash(pub [u8; 32]);

impl RecordHash {
    /// The hash of a line without its line feed: of `{` and what stands from byte 76 on.
    ///
    /// A line shorter than that hashes as a lone brace; no record is that short.
    #[must_use]
    pub fn of_line(line: &[u8]) -> Self {
        let mut hasher = Sha256::new();
        let text = line.get(HASHED_FROM..).unwrap_or_default();
        // A whole first block spares the hasher its buffer.
        if let Some((start, rest)) = text.split_first_chunk::<63>() {
            let mut block = [b'{'; 64];
            block[1..].copy_from_slice(start);
            hasher.update(block);
            hasher.update(rest);
        } else {
            hasher.update(b"{");
            hasher.update(text);
        }
        Self(hasher.finalize().into())
    }

    /// The hash of what [`of_line`](Self::of_line) hashes of a line, where it stands in one piece.
    pub(crate) fn of_text(text: &[u8]) -> Self {
        Self(Sha256::digest(text).into())
    }

    /// Reads 64 lower-case hex digits.
    #[must_use]
    pub fn from_hex(text: &[u8]) -> Option<Self> {
        let mut bytes = [0; 32];
        if text.len() != 64 {
            return None;
        }
        for (byte, pair) in bytes.iter_mut().zip(text.chunks_exact(2)) {
            *byte = hex_digit(pair[0])? << 4 | hex_digit(pair[1])?;
        }
        Some(Self(bytes))
    }

    /// The 64 lower-case hex digits.
    #[must_use]
    pub fn to_hex(self) -> [u8; 64] {
        let mut text = [0; 64];
        write_hex(&self.0, &mut text);
        text
    }
}

impl fmt::Display for RecordHash {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(std::str::from_utf8(&self.to_hex()).unwrap_or_default())
    }
}

impl fmt::Debug for RecordHash {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

/// The kinds of record that this version knows (FORMAT section 4). A later one may know more.
pub const KINDS: [&str; 16] = [
    "log_created",
    "segment_opened",
    "log_resumed",
    "log_closed",
    "policy_changed",
    "tool_call_started",
    "tool_call",
    "outcome_unknown",
    "entries_lost",
    "segments_pruned",
    "alert",
    "log_read",
    "hold_set",
    "hold_released",
    "reviewed",
    "damage_acknowledged",
];

/// The random name of a log, 128 bits.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LogId(pub [u8; 16]);

impl LogId {
    /// Reads 32 lower-case hex digits.
    #[must_use]
    pub fn from_hex(text: &[u8]) -> Option<Self> {
        let mut bytes = [0; 16];
        if text.len() != 32 {
            return None;
        }
        for (byte, pair) in bytes.iter_mut().zip(text.chunks_exact(2)) {
            *byte = hex_digit(pair[0])? << 4 | hex_digit(pair[1])?;
        }
        Some(Self(bytes))
    }

    /// The 32 lower-case hex digits.
    #[must_use]
    pub fn to_hex(self) -> [u8; 32] {
        let mut text = [0; 32];
        write_hex(&self.0, &mut text);
        text
    }
}

impl fmt::Display for LogId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(std::str::from_utf8(&self.to_hex()).unwrap_or_default())
    }
}

impl fmt::Debug for LogId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

fn hex_digit(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    }
}

/// By arithmetic alone, so that many bytes are written at a time.
#[inline]
fn write_hex(bytes: &[u8], text: &mut [u8]) {
    let digit = |value: u8| value + if value < 10 { b'0' } else { b'a' - 10 };
    for (pair, byte) in text.chunks_exact_mut(2).zip(bytes) {
        pair.copy_from_slice(&[digit(byte >> 4), digit(byte & 0xF)]);
    }
}

/// What a record's `_previous_hash` says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Previous {
    /// `"genesis"`: the record is its log's first.
    Genesis,
    /// The former record's hash.
    Hash(RecordHash),
}

/// The five members with which each record begins, read off its bytes without a tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RecordHead<'a> {
    /// What the record says its hash is.
    pub hash: RecordHash,
    /// What the record is; in format 1 lower-case letters and `_`.
    pub kind: &'a str,
    /// The log that the record belongs to.
    pub log: LogId,
    /// The former record.
    pub previous: Previous,
    /// The record's number.
    pub seq: u64,
    /// Where the record's other members begin, behind `"_seq":…,`; at the closing brace if it has none.
    pub members_at: usize,
}

impl<'a> RecordHead<'a> {
    /// Reads the head of a line without its line feed. None where the line does not begin like a record.
    #[must_use]
    pub fn parse(line: &'a [u8]) -> Option<Self> {
        let rest = line.strip_prefix(br#"{"_hash":""#)?;
        let hash = RecordHash::from_hex(rest.get(..64)?)?;
        let rest = rest[64..].strip_prefix(br#"","_kind":""#)?;
        let end = rest.iter().position(|byte| *byte == b'"')?;
        let kind = std::str::from_utf8(&rest[..end])
            .ok()
            .filter(|kind| !kind.contains('\\'))?;
        let rest = rest[end..].strip_prefix(br#"","_log":""#)?;
        let log = LogId::from_hex(rest.get(..32)?)?;
        let rest = rest[32..].strip_prefix(br#"","_previous_hash":""#)?;
        let (previous, rest) = match rest.strip_prefix(GENESIS.as_bytes()) {
            Some(rest) => (Previous::Genesis, rest),
            None => (
                Previous::Hash(RecordHash::from_hex(rest.get(..64)?)?),
                &rest[64..],
            ),
        };
        let rest = rest.strip_prefix(br#"","_seq":"#)?;
        let digits = rest.iter().position(|byte| !byte.is_ascii_digit())?;
        let text = &rest[..digits];
        if text.is_empty() || (text.len() > 1 && text[0] == b'0') {
            return None;
        }
        let seq = std::str::from_utf8(text).ok()?.parse().ok()?;
        let rest = &rest[digits..];
        let separator = match rest.first()? {
            b',' => 1,
            b'}' => 0,
            _ => return None,
        };
        let members_at = line.len() - rest.len() + separator;
        Some(Self {
            hash,
            kind,
            log,
            previous,
            seq,
            members_at,
        })
    }
}

/// Appends one sealed record with its line feed, and returns its hash.
///
/// `members` are the record's other members in canonical form and order, without braces; the caller
/// answers for them.
pub fn seal(
    out: &mut Vec<u8>,
    kind: &str,
    log: LogId,
    previous: Previous,
    seq: u64,
    members: &[u8],
) -> RecordHash {
    let start = out.len();
    out.reserve(members.len() + 320);
    out.extend_from_slice(br#"{"_hash":""#);
    out.extend_from_slice(&[b'0'; 64]);
    out.extend_from_slice(br#"","_kind":""#);
    out.extend_from_slice(kind.as_bytes());
    out.extend_from_slice(br#"","_log":""#);
    out.extend_from_slice(&log.to_hex());
    out.extend_from_slice(br#"","_previous_hash":""#);
    match previous {
        Previous::Genesis => out.extend_from_slice(GENESIS.as_bytes()),
        Previous::Hash(hash) => out.extend_from_slice(&hash.to_hex()),
    }
    out.extend_from_slice(br#"","_seq":"#);
    crate::canonical::write_u64(out, seq);
    if !members.is_empty() {
        out.push(b',');
        out.extend_from_slice(members);
    }
    out.push(b'}');
    let hash = RecordHash::of_line(&out[start..]);
    out[start + 10..start + 74].copy_from_slice(&hash.to_hex());
    out.push(b'\n');
    hash
}
