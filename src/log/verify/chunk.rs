//! One stretch of whole lines, verified by itself: everything but what depends on the lines before.

use std::hash::RandomState;

use super::chain::{Chain, Link};
use super::facts::{Facts, Members};
use super::fault::FaultKind;
use super::head_text::{HeadText, PreviousText, is_hex_of, is_record};
use crate::canonical;
use crate::log::record::{MAX_RECORD, RecordHash};

/// What holds for every line of a log.
#[derive(Debug)]
pub(super) struct Rules {
    /// The log that every record must name; none where no record of it can be read.
    pub(super) log: Option<[u8; 32]>,
    pub(super) byte_rule: bool,
    /// The `_seq` and `_hash` of the head, where it is this log's.
    pub(super) head: Option<(u64, [u8; 64])>,
    /// The `_seq` and `_hash` of the record behind which an excerpt begins.
    pub(super) start: Option<(u64, [u8; 64])>,
    pub(super) most_faults: usize,
    pub(super) call_ids: RandomState,
}

/// A fault with its line counted from the chunk's first, which is 0.
#[derive(Debug)]
pub(super) struct ChunkFault {
    pub(super) kind: FaultKind,
    pub(super) line: u64,
    pub(super) seq: Option<u64>,
    pub(super) detail: String,
}

/// The first record of a chunk, whose link only the lines before can tell.
#[derive(Debug)]
pub(super) struct FirstRecord {
    pub(super) line: u64,
    pub(super) seq: u64,
    /// None for `"genesis"`.
    pub(super) previous: Option<[u8; 64]>,
    pub(super) created: bool,
}

/// No end is known of a line.
pub(super) const NO_END: i64 = i64::MIN;

/// What a chunk comes to.
#[derive(Debug, Default)]
pub(super) struct ChunkSummary {
    pub(super) lines: u64,
    pub(super) faults: Vec<ChunkFault>,
    pub(super) counts: [u64; FaultKind::ALL.len()],
    /// Lines in front of the first record that are no records.
    pub(super) unreadable_before: u64,
    pub(super) first: Option<FirstRecord>,
    /// How the log goes on behind the chunk, where a record stands in it.
    pub(super) chain: Option<Chain>,
    /// The last record's `_seq` and `_hash`, as it states them.
    pub(super) last: Option<(u64, [u8; 64])>,
    pub(super) facts: Facts,
    /// When each line's record ended, if times are looked at.
    pub(super) ends: Vec<i64>,
    /// The line of a record with the head's `_seq`, and whether it has the head's `_hash`.
    pub(super) at_head: Option<(u64, bool)>,
}

impl ChunkSummary {
    /// Verifies the next line; `bytes` go without the line feed.
    pub(super) fn line(&mut self, rules: &Rules, bytes: &[u8]) {
        if bytes.len() > MAX_RECORD {
            self.long_line(rules);
            return;
        }
        let line = self.lines;
        self.lines += 1;
        let end = self.judge(rules, line, bytes);
        if rules.byte_rule {
            self.ends.push(end.unwrap_or(NO_END));
        }
    }

    /// A line longer than a record may be, of which nothing more is known.
    pub(super) fn long_line(&mut self, rules: &Rules) {
        self.add(rules, FaultKind::NotCanonical, self.lines, None, || {
            format!("the line is longer than {MAX_RECORD} bytes")
        });
        self.lines += 1;
        self.pass_unreadable();
        if rules.byte_rule {
            self.ends.push(NO_END);
        }
    }

    fn add(
        &mut self,
        rules: &Rules,
        kind: FaultKind,
        line: u64,
        seq: Option<u64>,
        detail: impl FnOnce() -> String,
    ) {
        if let Some(count) = self.counts.get_mut(kind as usize) {
            *count += 1;
        }
        if self.faults.len() < rules.most_faults {
            let detail = detail();
            self.faults.push(ChunkFault {
                kind,
                line,
                seq,
                detail,
            });
        }
    }

    fn pass_unreadable(&mut self) {
        match &mut self.chain {
            Some(chain) => chain.pass_unreadable(1),
            None => self.unreadable_before += 1,
        }
    }

    /// Judges a line, and gives the end of its record if it is sound.
    fn judge(&mut self, rules: &Rules, line: u64, bytes: &[u8]) -> Option<i64> {
        let Some(head) = HeadText::parse(bytes) else {
            self.not_a_record(rules, line, bytes);
            return None;
        };
        let hash = RecordHash::of_line(bytes);
        let hash_fits = is_hex_of(head.hash, &hash);
        let log_fits = rules.log.as_ref() == Some(head.log);
        let linked = self.chain.is_some_and(|chain| chain.links_to(&head));
        // Digits that equal what they must be are digits; any others have to be looked at.
        if !((hash_fits && log_fits && linked) || is_record(bytes)) {
            self.not_a_record(rules, line, bytes);
            return None;
        }
        let seq = Some(head.seq);
        let mut members = Members::default();
        let mut canonical = true;
        if rules.byte_rule || head.kind != "tool_call" {
            let see = |name: &[u8], value| members.see(name, value);
            let checked = if head.is_canonical() {
                canonical::check_members_from(bytes, head.end, b"_seq", see)
            } else {
                canonical::check_members(bytes, see)
            };
            if let Err(error) = checked
                && rules.byte_rule
            {
                canonical = false;
                self.add(rules, byte_fault(&error), line, seq, || error.to_string());
            }
        }
        if !hash_fits {
            self.add(rules, FaultKind::HashMismatch, line, seq, || {
                format!("the bytes have the hash {hash}")
            });
        }
        if !log_fits {
            self.add(rules, FaultKind::ForeignRecord, line, seq, || {
                format!("_log is {}", String::from_utf8_lossy(head.log))
            });
            return None;
        }
        self.link(rules, line, &head);
        if let Some((head_seq, head_hash)) = &rules.head
            && *head_seq == head.seq
        {
            let same = head_hash == head.hash;
            if same || self.at_head.is_none() {
                self.at_head = Some((line, same));
            }
        }
        if !hash_fits || !canonical {
            return None;
        }
        self.facts
            .take(line, head.seq, head.kind, &members, &rules.call_ids);
        members.end()
    }

    fn link(&mut self, rules: &Rules, line: u64, head: &HeadText<'_>) {
        match self.chain {
            Some(chain) => {
                if let Some((kind, detail)) = chain.judge(head.seq, head.previous) {
                    self.add(rules, kind, line, Some(head.seq), || detail);
                }
            }
            None => {
                self.first = Some(FirstRecord {
                    line,
                    seq: head.seq,
                    previous: match head.previous {
                        PreviousText::Genesis => None,
                        PreviousText::Hash(hash) => Some(*hash),
                    },
                    created: head.kind == "log_created",
                });
            }
        }
        self.last = Some((head.seq, *head.hash));
        self.chain = Some(Chain {
            next: head.seq.saturating_add(1),
            link: Link::Hash(*head.hash),
        });
    }

    fn not_a_record(&mut self, rules: &Rules, line: u64, bytes: &[u8]) {
        match canonical::check(bytes) {
            Ok(()) => self.add(rules, FaultKind::HashMismatch, line, None, || {
                "the line does not begin with the members of a record".to_owned()
            }),
            Err(error) => self.add(rules, byte_fault(&error), line, None, || error.to_string()),
        }
        self.pass_unreadable();
    }
}

fn byte_fault(error: &canonical::NotCanonical) -> FaultKind {
    if error.is_json() {
        FaultKind::NotCanonical
    } else {
        FaultKind::NotJson
    }
}
