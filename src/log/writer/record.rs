use std::borrow::Cow;

use crate::log::recovery;

/// A record to be appended: its kind and its own members.
///
/// ```
/// use tool_audit::log::{LogOptions, LogWriter, MemoryStorage, NewRecord};
///
/// let mut log = LogWriter::open(MemoryStorage::new(), LogOptions::new("general"))?;
/// let record = NewRecord::new("tool_call_started", br#""call_id":"c-1""#).of_call("c-1");
/// log.append_record(&record)?;
/// assert_eq!(log.status().open_calls, 1);
/// # Ok::<(), tool_audit::log::LogError>(())
/// ```
#[derive(Debug, Clone, Copy)]
#[must_use]
pub struct NewRecord<'a> {
    pub(super) kind: &'static str,
    pub(super) members: &'a [u8],
    call_id: Option<&'a str>,
    pub(super) is_awaited: bool,
}

impl<'a> NewRecord<'a> {
    /// A record that waits for a sync. `members` are in canonical form and order, without braces.
    pub const fn new(kind: &'static str, members: &'a [u8]) -> Self {
        Self {
            kind,
            members,
            call_id: None,
            is_awaited: true,
        }
    }

    /// Says whose call the record begins or ends, which is otherwise read out of the members.
    pub const fn of_call(mut self, call_id: &'a str) -> Self {
        self.call_id = Some(call_id);
        self
    }

    /// Nobody waits until the record is synced: it is not kept for another try once it was written.
    pub const fn unawaited(mut self) -> Self {
        self.is_awaited = false;
        self
    }

    /// The call that the record begins or ends, where it does either.
    pub(super) fn call_id(&self) -> Option<Cow<'a, str>> {
        if !matches!(
            self.kind,
            "tool_call_started" | "tool_call" | "outcome_unknown"
        ) {
            return None;
        }
        if let Some(call_id) = self.call_id {
            return Some(Cow::Borrowed(call_id));
        }
        let mut line = Vec::with_capacity(self.members.len() + 2);
        line.push(b'{');
        line.extend_from_slice(self.members);
        line.push(b'}');
        recovery::call_id(&line).map(Cow::Owned)
    }
}
