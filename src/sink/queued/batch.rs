use crate::call::Outcome;
use crate::sink::{
    Durability, EntryHead, EntryKind, EntryWriter, Loss, PolicyInForce, SanitizedEntry,
};
use std::io;

/// Entries as bytes, one behind the other, with the lengths to find them by.
///
/// Two of them go to and fro between callers and writer, so that taking an entry allocates nothing.
#[derive(Debug, Default)]
pub(super) struct Batch {
    json: Vec<u8>,
    /// The names in the heads.
    names: String,
    items: Vec<Item>,
    losses: Vec<Loss>,
    /// The greatest length of the JSON in the last few rounds.
    high: usize,
}

#[derive(Debug)]
enum Item {
    Entry(Frame),
    Policy(Box<PolicyInForce>),
    /// All of `Batch::losses` stand here.
    Losses,
}

/// Where an entry's parts end, each counted from the end of the one before.
#[derive(Debug, Clone, Copy)]
struct Frame {
    json: u32,
    tool_name: u32,
    retention_class: u32,
    call_id: u32,
    kind: EntryKind,
    outcome: Option<Outcome>,
    durability: Durability,
    emergency: bool,
}

/// How far a batch has been handed over.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Progress {
    item: usize,
    byte: usize,
    name: usize,
    /// Entries handed over, without what stands between them.
    pub(super) entries: u64,
}

impl Progress {
    /// Bytes of the batch that were handed over.
    pub(super) fn bytes(self) -> usize {
        self.byte + self.name
    }
}

/// A batch keeps at most this much room without need.
const KEEP: usize = 256 * 1024;

impl Batch {
    /// Puts an entry at the end; false where it is longer than a frame can say (4 GiB).
    pub(super) fn push(&mut self, entry: &SanitizedEntry<'_>) -> bool {
        let head = entry.head();
        let lengths = (
            u32::try_from(entry.as_bytes().len()),
            u32::try_from(head.tool_name.len()),
            u32::try_from(head.retention_class.len()),
            u32::try_from(head.call_id.len()),
        );
        let (Ok(json), Ok(tool_name), Ok(retention_class), Ok(call_id)) = lengths else {
            return false;
        };
        self.json.extend_from_slice(entry.as_bytes());
        self.names.push_str(head.tool_name);
        self.names.push_str(head.retention_class);
        self.names.push_str(head.call_id);
        self.items.push(Item::Entry(Frame {
            json,
            tool_name,
            retention_class,
            call_id,
            kind: head.kind,
            outcome: head.outcome,
            durability: head.durability,
            emergency: head.emergency,
        }));
        true
    }

    pub(super) fn push_policy(&mut self, policy: &PolicyInForce) {
        self.items.push(Item::Policy(Box::new(policy.clone())));
    }

    /// Adds to what is told at the place of the first loss, so that losses take no room however many.
    pub(super) fn push_loss(&mut self, loss: &Loss) {
        if let Some(told) = self
            .losses
            .iter_mut()
            .find(|told| told.reason == loss.reason)
        {
            told.count = told.count.saturating_add(loss.count);
            told.since = told.since.min(loss.since);
            return;
        }
        if self.losses.is_empty() {
            self.items.push(Item::Losses);
        }
        self.losses.push(loss.clone());
    }

    pub(super) fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    pub(super) fn bytes(&self) -> usize {
        self.json.len() + self.names.len()
    }

    /// Hands the next item to `writer`; false where there is none.
    ///
    /// After an error the same item is handed over again.
    pub(super) fn offer<W: EntryWriter>(
        &mut self,
        progress: &mut Progress,
        writer: &mut W,
    ) -> io::Result<bool> {
        match self.items.get(progress.item) {
            None => return Ok(false),
            Some(Item::Entry(frame)) => {
                let end = progress.byte + frame.json as usize;
                let json = self.json.get(progress.byte..end).unwrap_or_default();
                let mut names_end = progress.name;
                let mut name = |length: u32| {
                    let from = names_end;
                    names_end += length as usize;
                    self.names.get(from..names_end).unwrap_or_default()
                };
                let head = EntryHead {
                    tool_name: name(frame.tool_name),
                    retention_class: name(frame.retention_class),
                    call_id: name(frame.call_id),
                    kind: frame.kind,
                    outcome: frame.outcome,
                    durability: frame.durability,
                    emergency: frame.emergency,
                };
                writer.write(&SanitizedEntry::new(head, json))?;
                progress.byte = end;
                progress.name = names_end;
                progress.entries += 1;
            }
            Some(Item::Policy(policy)) => writer.policy_in_force(policy)?,
            Some(Item::Losses) => {
                while let Some(loss) = self.losses.first() {
                    writer.entries_lost(loss)?;
                    self.losses.remove(0);
                }
            }
        }
        progress.item += 1;
        Ok(true)
    }

    /// Empties the batch, and gives room back that only a burst needed.
    pub(super) fn clear(&mut self) {
        self.high = self.json.len().max(self.high - self.high / 16);
        let wanted = self.high.max(KEEP);
        self.json.clear();
        self.names.clear();
        if self.json.capacity() / 4 > wanted {
            self.json.shrink_to(wanted * 2);
            self.names.shrink_to(wanted / 4);
            self.items.clear();
            self.items.shrink_to(wanted / 128);
        }
        self.items.clear();
        self.losses.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry<'a>(tool_name: &'a str, json: &'a str) -> SanitizedEntry<'a> {
        let head = EntryHead {
            kind: EntryKind::ToolCall,
            tool_name,
            retention_class: "general",
            call_id: "c-1",
            outcome: Some(Outcome::Success),
            durability: Durability::Synced,
            emergency: false,
        };
        SanitizedEntry::new(head, json.as_bytes())
    }

    #[derive(Default)]
    struct Heard {
        said: Vec<String>,
        fail_once: bool,
    }

    impl EntryWriter for Heard {
        fn write(&mut self, entry: &SanitizedEntry<'_>) -> io::Result<()> {
            if std::mem::take(&mut self.fail_once) {
                return Err(io::Error::other("not now"));
            }
            let head = entry.head();
            let (tool, json) = (head.tool_name, entry.as_json());
            self.said.push(format!(
                "{tool} {} {} {json}",
                head.retention_class, head.call_id
            ));
            Ok(())
        }
        fn entries_lost(&mut self, loss: &Loss) -> io::Result<()> {
            self.said
                .push(format!("lost {} {}", loss.count, loss.reason));
            Ok(())
        }
    }

    #[test]
    fn items_come_out_in_order_and_again_after_an_error() {
        let mut batch = Batch::default();
        let first = r#"{"_kind":"tool_call","é":1}"#;
        let now = std::time::SystemTime::now();
        assert!(batch.push(&entry("ü", first)));
        batch.push_loss(&Loss::new(2, "full", now));
        batch.push_loss(&Loss::new(3, "full", now));
        assert!(batch.push(&entry("b", r#"{"_kind":"tool_call","x":2}"#)));

        let mut writer = Heard {
            fail_once: true,
            ..Heard::default()
        };
        let mut progress = Progress::default();
        assert!(batch.offer(&mut progress, &mut writer).is_err());
        while batch.offer(&mut progress, &mut writer).unwrap() {}
        assert_eq!(
            writer.said,
            [
                r#"ü general c-1 {"_kind":"tool_call","é":1}"#,
                "lost 5 full",
                r#"b general c-1 {"_kind":"tool_call","x":2}"#
            ]
        );
        assert_eq!((progress.entries, progress.bytes()), (2, batch.bytes()));
    }

    #[test]
    fn room_that_only_a_burst_needed_is_given_back() {
        let mut batch = Batch::default();
        let long = format!(r#"{{"_kind":"tool_call","x":"{}"}}"#, "y".repeat(8 << 20));
        assert!(batch.push(&entry("a", &long)));
        batch.clear();
        assert!(batch.json.capacity() > 8 << 20);
        for _ in 0..200 {
            assert!(batch.push(&entry("a", r#"{"_kind":"tool_call","x":2}"#)));
            batch.clear();
        }
        assert!(batch.json.capacity() <= 8 * KEEP);
    }
}
