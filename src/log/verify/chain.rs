use super::fault::FaultKind;
use super::head_text::{HeadText, PreviousText};

/// How a record must go on from the ones before it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Chain {
    /// The `_seq` that must come next.
    pub(super) next: u64,
    pub(super) link: Link,
}

/// What the next record's `_previous_hash` must say.
#[derive(Debug, Clone, Copy)]
pub(super) enum Link {
    /// The next record is the first of the log as it stands.
    Start,
    /// The hash that the former record states.
    Hash([u8; 64]),
    /// The line before states no hash that can be read, or is missing.
    Unknown,
}

impl Chain {
    /// Goes on behind a line that is no record; it counts as one.
    pub(super) fn pass_unreadable(&mut self, lines: u64) {
        if lines > 0 {
            self.next = self.next.saturating_add(lines);
            self.link = Link::Unknown;
        }
    }

    /// Whether the hash before is known to be what the head says.
    pub(super) fn links_to(&self, head: &HeadText<'_>) -> bool {
        match (&self.link, head.previous) {
            (Link::Hash(hash), PreviousText::Hash(previous)) => hash == previous,
            _ => false,
        }
    }

    /// What is wrong with a record in this place. Where numbers are missing or come again, that is the
    /// fault, and the link is not looked at.
    pub(super) fn judge(
        &self,
        seq: u64,
        previous: PreviousText<'_>,
    ) -> Option<(FaultKind, String)> {
        if seq != self.next {
            let detail = if seq > self.next {
                format!(
                    "_seq {seq} follows where {} must: records are missing",
                    self.next
                )
            } else {
                format!("_seq {seq} follows where {} must: it goes back", self.next)
            };
            return Some((FaultKind::SequenceGap, detail));
        }
        match (&self.link, previous) {
            (Link::Start | Link::Unknown, _) => None,
            (Link::Hash(hash), PreviousText::Hash(previous)) if hash == previous => None,
            (Link::Hash(hash), _) => Some((
                FaultKind::ChainBroken,
                format!(
                    "_previous_hash is not {}, the _hash of the record before",
                    String::from_utf8_lossy(hash)
                ),
            )),
        }
    }
}
