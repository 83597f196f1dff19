use std::collections::HashSet;
use std::path::Path;

use serde_json::{Map, Value};

use super::AdminError;
use super::act::{self, Actor, Admin};
use crate::identifiers::LOST_KEY;
#[cfg(feature = "index")]
use crate::index::Lookup;
use crate::query::{Filter, scan};
use crate::sanitize::{Sanitizer, is_marker};

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
    /// What a report asked for, which knows what the logs hold.
    known: Map<String, Value>,
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
            known: Map::new(),
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
    /// alone: whoever searches may type anything. So it is with `subjects` and `users` in clear, as `not_found`, where no
    /// call of the logs has one of that name: [`record_read`] looks for them. Where there are pseudonyms for them,
    /// [`Filter::subject_in_clear`](crate::query::Filter::subject_in_clear) puts these in their place.
    pub fn filter(mut self, filter: Value) -> Self {
        self.filter = match filter {
            Value::Object(filter) => filter,
            _ => Map::new(),
        };
        self
    }

    /// Members beside those of the [`filter`](Self::filter), in which nobody stands in clear who does not in the logs.
    pub(crate) fn also(mut self, more: &Value) -> Self {
        for (name, value) in more.as_object().into_iter().flatten() {
            self.known.insert(name.clone(), value.clone());
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

    fn members(&self, filter: &Map<String, Value>) -> Map<String, Value> {
        let mut members = Map::new();
        self.actor.write(&mut members);
        members.insert("filter".to_owned(), filter.clone().into());
        if let Some(records) = self.records {
            members.insert("records".to_owned(), records.into());
        }
        members.insert("verb".to_owned(), act::name(&self.verb).into());
        members
    }

    /// What was asked of the logs at `path`, as it may stand in a record.
    fn filter_for(&self, path: &Path) -> Map<String, Value> {
        let mut filter = self.filter.clone();
        if let Some(Value::Array(texts)) = filter.get("contains") {
            let count = texts.len();
            filter.insert("contains".to_owned(), count.into());
        }
        let mut not_found = 0;
        for (member, wanted) in PEOPLE {
            if let Some(Value::Array(names)) = filter.get_mut(member) {
                not_found += self.remove_unknown(path, names, wanted);
            }
        }
        filter.extend(self.known.clone());
        if not_found > 0 {
            filter.insert("not_found".to_owned(), not_found.into());
        }
        self.sanitized(filter)
    }

    /// Takes away those in clear whom the calls of the logs do not have, and gives how many they were.
    fn remove_unknown(&self, path: &Path, names: &mut Vec<Value>, wanted: Wanted) -> usize {
        let given = names.len();
        names.retain(|name| {
            let Some(name) = name.as_str() else {
                return false;
            };
            let mut written = Map::new();
            written.insert("name".to_owned(), name.into());
            let written = self.sanitized(written);
            if written["name"].as_str().is_some_and(is_marker) {
                return true;
            }
            let calls = Filter::new().kind("tool_call").kind("tool_call_started");
            has_any(path, &wanted(calls, name))
        });
        given - names.len()
    }

    fn sanitized(&self, filter: Map<String, Value>) -> Map<String, Value> {
        const FILTER: usize = 64 * 1024;
        let filter = Value::Object(filter);
        let mut json = Vec::new();
        let default = Sanitizer::default();
        let sanitizer = self.sanitizer.as_ref().unwrap_or(&default);
        sanitizer.write_value(&mut json, &filter, FILTER);
        let mut written = serde_json::from_slice(&json).unwrap_or_default();
        let mut given = HashSet::new();
        texts_of(&filter, &mut given);
        for value in Map::values_mut(&mut written) {
            without_lost_keys(value, &given);
        }
        written
    }
}

/// Asks for the calls of one of those whom a member names.
type Wanted = fn(Filter, &str) -> Filter;

/// The members that name people.
const PEOPLE: [(&str, Wanted); 2] = [
    ("subjects", |filter, name| filter.subject(name)),
    ("users", |filter, name| filter.user(name)),
];

/// Whether the logs have a record that the filter wants. With an index this costs a look-up.
fn has_any(path: &Path, filter: &Filter) -> bool {
    #[cfg(feature = "index")]
    if let Ok(mut found) = Lookup::open(path, filter).and_then(|lookup| lookup.scan()) {
        return matches!(found.next(), Some(Ok(_)));
    }
    scan(path, filter).is_ok_and(|mut found| matches!(found.next(), Some(Ok(_))))
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
    let stores = act::stores(path)?;
    let members = read.members(&read.filter_for(path));
    for store in stores {
        let recorded =
            Admin::open(&store).and_then(|admin| admin.record("log_read", members.clone()));
        if let Err(error) = recorded {
            failed.get_or_insert(error);
        }
    }
    failed.map_or(Ok(()), |error| Err(AdminError::Log(error)))
}
