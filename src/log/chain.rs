use super::LogError;
use super::record::{GENESIS, HASHED_FROM, LogId, MAX_RECORD, RecordHash};
use crate::canonical::write_u64;

/// What stands before a record's kind, with room for its hash. Behind the hash stands the brace that the hashed text
/// begins with: it becomes a comma when the hash is there.
const OPENING: &[u8] =
    br#"{"_hash":"0000000000000000000000000000000000000000000000000000000000000000"{"_kind":""#;

/// Where the hash stands in a line.
const HASH_AT: std::ops::Range<usize> = 10..74;
/// Where the brace stands that becomes a comma.
const BRACE_AT: usize = HASHED_FROM - 1;

/// The end of a log's chain: it seals the next record.
///
/// It makes the same bytes as [`record::seal`](super::record::seal), and keeps what is the same in every
/// record ready as text.
#[derive(Debug, Clone)]
pub(crate) struct Chain {
    log: LogId,
    /// `","_log":"…","_previous_hash":"…","_seq":`, which stands between a record's kind and its number.
    middle: Vec<u8>,
    /// Where in it the former hash stands.
    previous_at: usize,
    newest: Option<RecordHash>,
    next_seq: u64,
}

impl Chain {
    /// The chain behind the record `newest`, or of a log without records; the next one is `next_seq`.
    pub(crate) fn after(log: LogId, newest: Option<RecordHash>, next_seq: u64) -> Self {
        let mut middle = br#"","_log":""#.to_vec();
        middle.extend_from_slice(&log.to_hex());
        middle.extend_from_slice(br#"","_previous_hash":""#);
        let mut chain = Self {
            log,
            previous_at: middle.len(),
            middle,
            newest,
            next_seq,
        };
        match newest {
            Some(hash) => chain.follow(&hash.to_hex()),
            None => chain.follow(GENESIS.as_bytes()),
        }
        chain
    }

    /// Says what the next record follows.
    fn follow(&mut self, previous: &[u8]) {
        self.middle.truncate(self.previous_at);
        self.middle.extend_from_slice(previous);
        self.middle.extend_from_slice(br#"","_seq":"#);
    }

    pub(crate) fn log(&self) -> LogId {
        self.log
    }

    pub(crate) fn next_seq(&self) -> u64 {
        self.next_seq
    }

    /// The newest record, where there is one.
    pub(crate) fn newest(&self) -> Option<(u64, RecordHash)> {
        self.newest
            .map(|hash| (self.next_seq.saturating_sub(1), hash))
    }

    /// Appends the next record with its line feed to `out`, and returns its `_seq`.
    ///
    /// `members` are in canonical form and order, without braces. A record that would be too long is
    /// refused, and nothing changes.
    pub(crate) fn seal(
        &mut self,
        out: &mut Vec<u8>,
        kind: &str,
        members: &[u8],
    ) -> Result<u64, LogError> {
        let start = out.len();
        out.reserve(members.len() + kind.len() + 320);
        out.extend_from_slice(OPENING);
        out.extend_from_slice(kind.as_bytes());
        out.extend_from_slice(&self.middle);
        write_u64(out, self.next_seq);
        if !members.is_empty() {
            out.push(b',');
            out.extend_from_slice(members);
        }
        out.push(b'}');
        let length = out.len() - start;
        if length > MAX_RECORD {
            out.truncate(start);
            return Err(LogError::RecordTooLong { length });
        }
        let line = &mut out[start..];
        let hash = RecordHash::of_text(&line[BRACE_AT..]);
        let text = hash.to_hex();
        line[HASH_AT].copy_from_slice(&text);
        line[BRACE_AT] = b',';
        out.push(b'\n');
        self.follow(&text);
        self.newest = Some(hash);
        let seq = self.next_seq;
        self.next_seq += 1;
        Ok(seq)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::log::record::{Previous, seal};

    #[test]
    fn the_chain_seals_the_bytes_of_the_plain_form() {
        let log = LogId([0x5A; 16]);
        let mut chain = Chain::after(log, None, 0);
        let (mut ready, mut plain) = (Vec::new(), Vec::new());
        let mut previous = Previous::Genesis;
        for (seq, members) in [&b""[..], br#""a":1"#, br#""a":"b","c":[]"#]
            .iter()
            .enumerate()
        {
            let sealed = chain.seal(&mut ready, "alert", members);
            assert_eq!(sealed.ok(), Some(seq as u64));
            previous = Previous::Hash(seal(
                &mut plain, "alert", log, previous, seq as u64, members,
            ));
        }
        assert_eq!(ready, plain);
        assert_eq!(
            chain.newest().map(|newest| Previous::Hash(newest.1)),
            Some(previous)
        );
    }

    #[test]
    fn a_record_that_is_too_long_leaves_the_chain_as_it_was() {
        let mut chain = Chain::after(LogId([1; 16]), None, 0);
        let mut out = b"before".to_vec();
        let long = vec![b'1'; MAX_RECORD];
        assert!(matches!(
            chain.seal(&mut out, "alert", &long),
            Err(LogError::RecordTooLong { .. })
        ));
        assert_eq!((out.as_slice(), chain.next_seq()), (&b"before"[..], 0));
    }
}
