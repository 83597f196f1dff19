//! One record in a store's `admin`.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use serde_json::{Map, Value};

use super::AdminError;
use crate::canonical;
use crate::log::record::MAX_RECORD;
use crate::log::{Access, FolderStorage, LogError, LogOptions, LogWriter, segment, timestamp};
use crate::query::{ADMIN, LogSnapshot};
use crate::sanitize::Sanitizer;

/// How long an act waits for another one.
const LOCK_WAIT: Duration = Duration::from_secs(5);

/// The longest name, and the longest reason or finding, in bytes of JSON.
const NAME: usize = 1024;
const PROSE: usize = 16 * 1024;

/// Who acts.
#[derive(Debug, Clone)]
pub(super) struct Actor {
    pub(super) name: String,
    pub(super) asserted: bool,
}

impl Actor {
    pub(super) fn write(&self, members: &mut Map<String, Value>) {
        members.insert("actor".to_owned(), name(&self.name).into());
        members.insert("actor_asserted".to_owned(), self.asserted.into());
        if self.asserted {
            // A claim hides nobody.
            let user = super::process_user();
            members.insert("process_user".to_owned(), name(&user).into());
        }
    }
}

/// A name as it stands in records.
pub(crate) fn name(text: &str) -> String {
    sanitized(text, NAME)
}

/// A reason or a finding as it stands in records.
pub(super) fn prose(text: &str) -> String {
    sanitized(text, PROSE)
}

fn sanitized(text: &str, limit: usize) -> String {
    let mut json = Vec::new();
    Sanitizer::default().write_text(&mut json, text, limit);
    serde_json::from_slice(&json).unwrap_or_default()
}

/// A store's `admin`, held for one act.
pub(super) struct Admin {
    pub(super) folder: PathBuf,
    log: LogWriter<FolderStorage>,
}

impl Admin {
    /// Waits until nobody else acts upon the store.
    pub(super) fn open(store: &Path) -> Result<Self, LogError> {
        let folder = store.join(ADMIN);
        let mut options = LogOptions::new(ADMIN);
        // Opening reads the last segment.
        options.segment_bytes = 1024 * 1024;
        options.lock_wait = LOCK_WAIT;
        // An act costs one write and one sync, and one that is refused leaves nothing.
        let log = LogWriter::open_quietly(storage(&folder)?, options)?;
        Ok(Self { folder, log })
    }

    /// Records the act; it is on the disk when this returns.
    pub(super) fn record(
        mut self,
        kind: &'static str,
        mut members: Map<String, Value>,
    ) -> Result<(), LogError> {
        members.insert("retention_class".to_owned(), ADMIN.into());
        members.insert("timestamp".to_owned(), timestamp(SystemTime::now()).into());
        let mut json = Vec::new();
        canonical::write_value(&mut json, &Value::Object(members));
        let own = json.get(1..json.len() - 1).unwrap_or_default();
        self.log.append(kind, own)?;
        self.log.close()
    }
}

fn storage(folder: &Path) -> Result<FolderStorage, LogError> {
    let access = Access {
        allow_others: true,
        ..Access::owner()
    };
    FolderStorage::open(folder, access)
}

/// Keeps everybody from acting upon a store until it is dropped.
#[derive(Debug)]
pub(crate) struct AdminLock {
    _held: FolderStorage,
}

impl AdminLock {
    /// Waits until nobody else acts upon the store.
    pub(crate) fn acquire(store: &Path) -> Result<Self, LogError> {
        Self::acquire_within(store, LOCK_WAIT)
    }

    /// [`acquire`](Self::acquire), but no longer than that.
    pub(crate) fn acquire_within(store: &Path, wait: Duration) -> Result<Self, LogError> {
        let mut held = storage(&store.join(ADMIN))?;
        crate::log::lock::acquire(&mut held, wait)?;
        Ok(Self { _held: held })
    }
}

/// The folders above the logs at `path`.
pub(crate) fn stores(path: &Path) -> Result<BTreeSet<PathBuf>, AdminError> {
    let mut stores = BTreeSet::new();
    for log in LogSnapshot::find(path).map_err(AdminError::Query)? {
        stores.insert(store_of(log.folder(), path)?);
    }
    Ok(stores)
}

/// The store of a log that was found at `path`.
pub(crate) fn store_of(folder: &Path, path: &Path) -> Result<PathBuf, AdminError> {
    // The folders of logs that were found are canonical.
    let path = &fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let above = folder
        .parent()
        .filter(|_| folder != path || is_class_of_store(folder));
    match above {
        Some(above) => Ok(above.to_owned()),
        None => {
            let log = folder.to_owned();
            Err(AdminError::NoStore { log })
        }
    }
}

/// Whether a log that was named by itself is that of a store's class: the store has a log of acts, or the folder has the
/// class's name.
fn is_class_of_store(folder: &Path) -> bool {
    let Some(name) = folder.file_name().and_then(|name| name.to_str()) else {
        return false;
    };
    let has_acts = || {
        let admin = folder.with_file_name(ADMIN);
        segment::list(&admin).is_ok_and(|segments| !segments.is_empty())
    };
    if name == ADMIN || has_acts() {
        return true;
    }
    let first = segment::list(folder).ok().and_then(|segments| {
        let (_, path) = segments.into_iter().next()?;
        let mut line = String::new();
        BufReader::new(File::open(path).ok()?.take(MAX_RECORD as u64))
            .read_line(&mut line)
            .ok()?;
        serde_json::from_str::<Value>(&line).ok()
    });
    first.is_some_and(|first| first["retention_class"] == name)
}
