use std::path::Path;

use serde_json::{Map, Value, json};

use super::AdminError;
use super::act::{self, Actor, Admin};
use crate::sanitize::Sanitizer;

/// Somebody asked a store.
///
/// ```
/// use serde_json::json;
/// use tool_audit::admin::{LogRead, record_read};
/// # use tool_audit::{AuditSink, EntryBuilder, HashChainSink, Sanitizer};
/// # let folder = tempfile::tempdir()?;
/// # let store = folder.path().join("audit");
/// # let sink = HashChainSink::in_memory();
/// # sink.record(&EntryBuilder::new("get_order").build(&Sanitizer::default()).as_entry());
/// # sink.to_folder(&store)?;
///
/// let read = LogRead::new("dpo", "report access").filter(json!({"users": ["usr_9"]})).records(3);
/// record_read(&store, &read)?;
/// # assert!(store.join("admin").exists());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
#[must_use]
pub struct LogRead {
    actor: Actor,
    verb: String,
    filter: Value,
    records: Option<u64>,
}

impl LogRead {
    /// By whom the operating system or an application knows, with what verb.
    pub fn new(actor: impl Into<String>, verb: impl Into<String>) -> Self {
        Self {
            actor: Actor {
                name: actor.into(),
                asserted: false,
            },
            verb: verb.into(),
            filter: json!({}),
            records: None,
        }
    }

    /// The actor's name is a claim that nobody checked.
    pub fn asserted(mut self) -> Self {
        self.actor.asserted = true;
        self
    }

    /// What was asked for. It goes through the default sanitizer: what is to stand in the record as a pseudonym has to be
    /// one.
    pub fn filter(mut self, filter: Value) -> Self {
        self.filter = filter;
        self
    }

    /// How many records the answer has.
    pub fn records(mut self, records: u64) -> Self {
        self.records = Some(records);
        self
    }

    fn members(&self) -> Map<String, Value> {
        const FILTER: usize = 64 * 1024;
        let mut filter = Vec::new();
        Sanitizer::default().write_value(&mut filter, &self.filter, FILTER);
        let mut members = Map::new();
        self.actor.write(&mut members);
        let filter = serde_json::from_slice(&filter).unwrap_or_default();
        members.insert("filter".to_owned(), filter);
        if let Some(records) = self.records {
            members.insert("records".to_owned(), records.into());
        }
        members.insert("verb".to_owned(), act::name(&self.verb).into());
        members
    }
}

/// Records that somebody asked the stores at `path`, in the `admin` of each of them.
///
/// `path` is a log of a store, a store, or a folder of stores. The record is synced when this returns.
///
/// # Errors
///
/// A store's `admin` cannot be written: another user's, a full disk, a lock that is held for more than five seconds; then
/// the others have their record.
pub fn record_read(path: &Path, read: &LogRead) -> Result<(), AdminError> {
    let mut failed = None;
    for store in act::stores(path)? {
        let recorded =
            Admin::open(&store).and_then(|admin| admin.record("log_read", read.members()));
        if let Err(error) = recorded {
            failed.get_or_insert(error);
        }
    }
    failed.map_or(Ok(()), |error| Err(AdminError::Log(error)))
}
