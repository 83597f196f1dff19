use std::collections::BTreeMap;

/// The calls that were started and have not ended (FORMAT section 4, `open_calls`).
///
/// They stand in the order of their ids, so that a log's bytes do not hang on a hash's order.
#[derive(Debug, Clone, Default)]
pub(crate) struct OpenCalls(BTreeMap<Box<str>, Option<u64>>);

impl OpenCalls {
    /// A record of intent; `seq` is its number, where it is known.
    pub(crate) fn started(&mut self, call_id: &str, seq: Option<u64>) {
        self.0.insert(call_id.into(), seq);
    }

    pub(crate) fn ended(&mut self, call_id: &str) {
        self.0.remove(call_id);
    }

    /// Keeps none but `call_ids`, with what was known of them.
    pub(crate) fn set(&mut self, call_ids: Vec<String>) {
        let mut before = std::mem::take(&mut self.0);
        for call_id in call_ids {
            let seq = before.remove(call_id.as_str()).flatten();
            self.0.insert(call_id.into_boxed_str(), seq);
        }
    }

    /// Keeps these too.
    pub(crate) fn add(&mut self, call_ids: Vec<String>) {
        for call_id in call_ids {
            self.0.entry(call_id.into_boxed_str()).or_default();
        }
    }

    /// Learns the number of a call's record of intent, where the call is open and it was not known.
    pub(crate) fn learn(&mut self, call_id: &str, seq: u64) {
        if let Some(known) = self.0.get_mut(call_id) {
            known.get_or_insert(seq);
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, Option<u64>)> {
        self.0.iter().map(|(call_id, seq)| (&**call_id, *seq))
    }
}
