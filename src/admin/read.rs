use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use serde_json::{Map, Value, json};

use super::AdminError;
use crate::canonical;
use crate::log::record::MAX_RECORD;
use crate::log::{Access, FolderStorage, LogOptions, LogWriter, segment, timestamp};
use crate::query::{ADMIN, LogSnapshot};
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
    actor: String,
    asserted: bool,
    verb: String,
    filter: Value,
    records: Option<u64>,
}

impl LogRead {
    /// By whom the operating system or an application knows, with what verb.
    pub fn new(actor: impl Into<String>, verb: impl Into<String>) -> Self {
        Self {
            actor: actor.into(),
            asserted: false,
            verb: verb.into(),
            filter: json!({}),
            records: None,
        }
    }

    /// The actor's name is a claim that nobody checked.
    pub fn asserted(mut self) -> Self {
        self.asserted = true;
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

    fn members(&self) -> Vec<u8> {
        const NAME: usize = 1024;
        const FILTER: usize = 64 * 1024;
        let sanitizer = Sanitizer::default();
        let text = |text: &str| {
            let mut json = Vec::new();
            sanitizer.write_text(&mut json, text, NAME);
            serde_json::from_slice::<Value>(&json).unwrap_or_default()
        };
        let mut filter = Vec::new();
        sanitizer.write_value(&mut filter, &self.filter, FILTER);
        let mut members = Map::new();
        members.insert("actor".to_owned(), text(&self.actor));
        members.insert("actor_asserted".to_owned(), self.asserted.into());
        let filter = serde_json::from_slice(&filter).unwrap_or_default();
        members.insert("filter".to_owned(), filter);
        if let Some(records) = self.records {
            members.insert("records".to_owned(), records.into());
        }
        members.insert("retention_class".to_owned(), ADMIN.into());
        members.insert("timestamp".to_owned(), timestamp(SystemTime::now()).into());
        members.insert("verb".to_owned(), text(&self.verb));
        let mut json = Vec::new();
        canonical::write_value(&mut json, &Value::Object(members));
        json.get(1..json.len() - 1).unwrap_or_default().to_vec()
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
    for store in stores(path)? {
        if let Err(error) = append(&store.join(ADMIN), read) {
            failed.get_or_insert(error);
        }
    }
    failed.map_or(Ok(()), |error| Err(AdminError::Log(error)))
}

fn append(folder: &Path, read: &LogRead) -> Result<(), crate::log::LogError> {
    let access = Access {
        allow_others: true,
        ..Access::owner()
    };
    let mut options = LogOptions::new(ADMIN);
    // Opening reads the last segment.
    options.segment_bytes = 1024 * 1024;
    options.lock_wait = Duration::from_secs(5);
    let mut log = LogWriter::open(FolderStorage::open(folder, access)?, options)?;
    log.append("log_read", &read.members())?;
    log.close()
}

/// The folders above the logs at `path`.
fn stores(path: &Path) -> Result<BTreeSet<PathBuf>, AdminError> {
    let mut stores = BTreeSet::new();
    let logs = LogSnapshot::find(path).map_err(AdminError::Query)?;
    // Folders of logs are canonical.
    let path = &fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    for log in logs {
        let folder = log.folder();
        let above = folder
            .parent()
            .filter(|_| folder != path || is_class_of_store(folder));
        match above {
            Some(above) => stores.insert(above.to_owned()),
            None => {
                let log = folder.to_owned();
                return Err(AdminError::NoStore { log });
            }
        };
    }
    Ok(stores)
}

/// Whether a log that was named by itself is that of a store's class: its folder has the class's name.
fn is_class_of_store(folder: &Path) -> bool {
    let Some(name) = folder.file_name().and_then(|name| name.to_str()) else {
        return false;
    };
    let first = segment::list(folder).ok().and_then(|segments| {
        let (_, path) = segments.into_iter().next()?;
        let mut line = String::new();
        BufReader::new(File::open(path).ok()?.take(MAX_RECORD as u64))
            .read_line(&mut line)
            .ok()?;
        serde_json::from_str::<Value>(&line).ok()
    });
    name == ADMIN || first.is_some_and(|first| first["retention_class"] == name)
}
