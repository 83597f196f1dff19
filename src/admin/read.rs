use std::collections::HashSet;
use std::path::Path;

use serde_json::{Map, Value};

use super::AdminError;
use super::act::{self, Actor, Admin};
use crate::identifiers::LOST_KEY;
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
    filter: Map<String, Value>,
    records: Option<u64>,
    sanitizer: Option<Sanitizer>,
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
            filter: Map::new(),
            records: None,
            sanitizer: None,
        }
    }

    /// The actor's name is a claim that nobody checked.
    pub fn asserted(mut self) -> Self {
        self.actor.asserted = true;
        self
    }

    /// What was asked for, an object; nothing of anything else.
    ///
    /// It goes through the [`sanitizer`](Self::sanitizer), or without one through the default rules. A pseudonym that
    /// stands in it is kept; one that the default rules would make with a key that nobody has is no use to anybody, so
    /// that `[REDACTED:…]` stands there with the class. Of texts that are searched for, `contains`, their number is kept
    /// alone: whoever searches may type anything.
    pub fn filter(mut self, filter: Value) -> Self {
        self.filter = match filter {
            Value::Object(filter) => filter,
            _ => Map::new(),
        };
        self
    }

    /// Members beside those of the [`filter`](Self::filter).
    pub(crate) fn also(mut self, more: &Value) -> Self {
        for (name, value) in more.as_object().into_iter().flatten() {
            self.filter.insert(name.clone(), value.clone());
        }
        self
    }

    /// The rules and keys that the log is written with: whom somebody asked for stands then in the record as it stands in
    /// the log.
    pub fn sanitizer(mut self, sanitizer: Sanitizer) -> Self {
        self.sanitizer = Some(sanitizer);
        self
    }

    /// How many records the answer has.
    pub fn records(mut self, records: u64) -> Self {
        self.records = Some(records);
        self
    }

    fn members(&self) -> Map<String, Value> {
        let mut members = Map::new();
        self.actor.write(&mut members);
        members.insert("filter".to_owned(), Value::Object(self.sanitized_filter()));
        if let Some(records) = self.records {
            members.insert("records".to_owned(), records.into());
        }
        members.insert("verb".to_owned(), act::name(&self.verb).into());
        members
    }

    fn sanitized_filter(&self) -> Map<String, Value> {
        const FILTER: usize = 64 * 1024;
        let mut filter = self.filter.clone();
        if let Some(Value::Array(texts)) = filter.get("contains") {
            let count = texts.len();
            filter.insert("contains".to_owned(), count.into());
        }
        let mut json = Vec::new();
        let default = Sanitizer::default();
        let sanitizer = self.sanitizer.as_ref().unwrap_or(&default);
        sanitizer.write_value(&mut json, &Value::Object(filter), FILTER);
        let mut written = serde_json::from_slice(&json).unwrap_or_default();
        let mut given = HashSet::new();
        self.filter
            .values()
            .for_each(|value| texts_of(value, &mut given));
        for value in Map::values_mut(&mut written) {
            without_lost_keys(value, &given);
        }
        written
    }
}

fn texts_of<'a>(value: &'a Value, texts: &mut HashSet<&'a str>) {
    match value {
        Value::String(text) => {
            texts.insert(text);
        }
        Value::Array(items) => items.iter().for_each(|item| texts_of(item, texts)),
        Value::Object(members) => members.values().for_each(|member| texts_of(member, texts)),
        _ => {}
    }
}

/// Writes the class in place of each pseudonym that nobody can make again; texts that were given so stay.
fn without_lost_keys(value: &mut Value, given: &HashSet<&str>) {
    match value {
        Value::String(text) if !given.contains(&**text) => {
            while let Some(key) = text.find(LOST_KEY) {
                let Some(begin) = text[..key].rfind("pn:") else {
                    break;
                };
                let hash = &text[key + LOST_KEY.len()..];
                let length = hash.bytes().take_while(u8::is_ascii_alphanumeric).count();
                let class = text[begin + 3..key].to_owned();
                let end = key + LOST_KEY.len() + length;
                text.replace_range(begin..end, &format!("[REDACTED:{class}]"));
            }
        }
        Value::Array(items) => items
            .iter_mut()
            .for_each(|item| without_lost_keys(item, given)),
        Value::Object(members) => members
            .values_mut()
            .for_each(|member| without_lost_keys(member, given)),
        _ => {}
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
