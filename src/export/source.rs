#[cfg(any(feature = "fhir", feature = "ocsf"))]
use chrono::{DateTime, Datelike, TimeDelta, Utc};
#[cfg(any(feature = "fhir", feature = "ocsf"))]
use serde_json::{Map, Value};

use crate::entry::AuditEntry;
use crate::log::RecordHead;

/// A call to export, and where its record stands.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Source<'a> {
    /// The call.
    pub entry: &'a AuditEntry,
    /// The record's place in its log: what makes an event's id. None for an entry in memory.
    pub head: Option<RecordHead<'a>>,
    /// True where the record comes from a log made by replay: none of it happened.
    pub replayed: bool,
}

impl<'a> Source<'a> {
    /// An entry in memory.
    #[must_use]
    pub fn new(entry: &'a AuditEntry) -> Self {
        Self {
            entry,
            head: None,
            replayed: false,
        }
    }

    /// Says where the record stands.
    #[must_use]
    pub fn at(mut self, head: RecordHead<'a>) -> Self {
        self.head = Some(head);
        self
    }

    /// Marks the call as replayed.
    #[must_use]
    pub fn replayed(mut self) -> Self {
        self.replayed = true;
        self
    }
}

#[cfg(any(feature = "fhir", feature = "ocsf"))]
impl Source<'_> {
    /// An id that is the same in every export: the record's log and number.
    pub(super) fn id(&self) -> Option<String> {
        self.head.map(|head| format!("{}-{}", head.log, head.seq))
    }

    /// When the call began; none where the record's text is no instant, or one before the year 1.
    pub(super) fn start(&self) -> Option<DateTime<Utc>> {
        DateTime::parse_from_rfc3339(&self.entry.timestamp)
            .ok()
            .map(|at| at.to_utc())
            .filter(is_writable)
    }

    /// When the call ended, which is when its record was made; none for a record of intent.
    pub(super) fn end(&self) -> Option<DateTime<Utc>> {
        self.entry.outcome?;
        // A cast saturates, and makes 0 of what is no number.
        let micros = (self.entry.duration_ms * 1000.0).round() as i64;
        self.start()?
            .checked_add_signed(TimeDelta::microseconds(micros.max(0)))
            .filter(is_writable)
    }

    /// The role in which the user acts.
    pub(super) fn role(&self) -> Option<&str> {
        self.entry.role()
    }

    /// The session's metadata without what has an element of its own in FHIR and OCSF.
    pub(super) fn other_metadata(&self) -> Map<String, Value> {
        let has_own = |name: &str, value: &Value| match name {
            "user_role" => value.as_str() == self.role(),
            "client_ip" | "user_agent" => value.is_string(),
            _ => false,
        };
        let members = self.entry.session_metadata.iter();
        members
            .filter(|(name, value)| !has_own(name, value))
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect()
    }

    /// A member of the session's metadata that is a text.
    pub(super) fn metadata(&self, name: &str) -> Option<&str> {
        self.entry.session_metadata.get(name)?.as_str()
    }
}

/// The years that RFC 3339, FHIR and OCSF can all write.
#[cfg(any(feature = "fhir", feature = "ocsf"))]
fn is_writable(at: &DateTime<Utc>) -> bool {
    (1..=9999).contains(&at.year())
}

/// What stands in a record where nobody said.
#[cfg(any(feature = "fhir", feature = "ocsf"))]
pub(super) fn known(text: &str) -> Option<&str> {
    (text != crate::call::UNKNOWN && !text.trim().is_empty()).then_some(text)
}

/// The purpose, where somebody gave one.
#[cfg(feature = "fhir")]
pub(super) fn stated_purpose(entry: &AuditEntry) -> Option<&str> {
    entry
        .purpose
        .as_deref()
        .filter(|purpose| *purpose != "unspecified" && !purpose.trim().is_empty())
}
