use std::collections::VecDeque;
use std::ffi::OsString;
use std::io;
use std::time::Duration;

use serde::Deserialize;

use super::logs::{GENERAL, Logs, is_class};
use super::space::{Space, is_full};
use super::status::Statuses;
use crate::alert::{Alert, Watching};
use crate::clock::civil;
use crate::log::{LogError, LogOptions, LogWriter, NewRecord, Retention};
#[cfg(unix)]
use crate::retention::schedule::Pruner;
use crate::sink::{Durability, EntryHead, EntryWriter, Loss, PolicyInForce, SanitizedEntry};

/// So many bytes are handed to the operating system at a time, where so many come.
const BATCH: usize = 256 * 1024;

/// What a log adds to an entry, the digits of its number aside: never more than it takes, so that a gate which
/// shut does not open again at the next measuring.
const PLACE: usize = 210;

/// Writes entries to the logs of a store.
pub(super) struct ChainWriter<L: Logs> {
    pub(super) logs: L,
    /// What all logs have in common.
    pub(super) options: LogOptions,
    classes: Vec<(String, Retention)>,
    /// `general` is the first, where it is open.
    pub(super) open: Vec<OpenLog<L::Storage>>,
    policy: Option<PolicyInForce>,
    statuses: Statuses,
    pub(super) space: Space,
    pub(super) alerts: Option<Watching>,
    /// Alerts that no log could take yet.
    pub(super) unrecorded: VecDeque<Alert>,
    is_closed: bool,
    #[cfg(unix)]
    pruner: Option<Pruner>,
    /// Why nothing was pruned when it was tried last.
    #[cfg(unix)]
    not_pruned: Option<String>,
    /// It was told once that a class cannot name a log: not for every entry.
    told_of_class: bool,
}

pub(super) struct OpenLog<S: crate::log::Storage> {
    pub(super) retention_class: String,
    pub(super) writer: LogWriter<S>,
    /// How many of the damages found were told to the alerts.
    pub(super) damage_told: usize,
}

/// When an entry was made, and until when it is kept.
#[derive(Deserialize)]
struct Dates<'a> {
    #[serde(borrow)]
    timestamp: &'a str,
    #[serde(borrow, default)]
    retain_until: Option<&'a str>,
}

impl<L: Logs> ChainWriter<L> {
    pub(super) fn new(
        logs: L,
        options: LogOptions,
        classes: Vec<(String, Retention)>,
        statuses: Statuses,
    ) -> Self {
        Self {
            logs,
            options,
            classes,
            open: Vec::new(),
            policy: None,
            statuses,
            space: Space::default(),
            alerts: None,
            unrecorded: VecDeque::new(),
            is_closed: false,
            #[cfg(unix)]
            pruner: None,
            #[cfg(unix)]
            not_pruned: None,
            told_of_class: false,
        }
    }

    /// Takes of the disk what these bounds say.
    #[cfg(unix)]
    pub(super) fn keep_to(&mut self, space: Space) {
        self.space = space;
    }

    pub(super) fn class_of<'c>(&self, retention_class: &'c str) -> &'c str {
        if is_class(retention_class) {
            retention_class
        } else {
            GENERAL
        }
    }

    /// Opens `general` and all logs that are there; those made later are not waited for.
    pub(super) fn open_existing(&mut self) -> Result<(), LogError> {
        match self.open_all() {
            // The reserve of a former run lets a service start whose disk is full.
            Err(LogError::Io { source, .. })
                if is_full(&source)
                    && self.space.reserve().is_some()
                    && self.logs.free_reserve().is_ok_and(|freed| freed) =>
            {
                self.open_all()?;
            }
            opened => opened?,
        }
        self.options.lock_wait = Duration::ZERO;
        self.keep_reserve();
        self.count_bytes()
            .map_err(|error| LogError::io("measuring", self.logs.path(), error))
    }

    #[cfg(unix)]
    pub(super) fn prune_by(&mut self, pruner: Option<Pruner>) {
        self.pruner = pruner;
    }

    /// Removes what a pruner found that may go, and begins to look again where it is time to.
    #[cfg(unix)]
    fn prune(&mut self) -> io::Result<()> {
        let Some(pruner) = &mut self.pruner else {
            return Ok(());
        };
        let open = &self.open;
        let folders = || {
            let places = open.iter().map(|log| log.writer.place().to_owned());
            places.collect()
        };
        match pruner.look(folders) {
            None => {}
            Some(Err(error)) => self.not_pruned = Some(error.to_string()),
            Some(Ok(ready)) => {
                let done = self.each(|log| ready.take(log));
                self.not_pruned = done.err().map(|error| error.to_string());
            }
        }
        match &self.not_pruned {
            None => Ok(()),
            Some(error) => Err(io::Error::other(error.clone())),
        }
    }

    pub(super) fn is_closed(&self) -> bool {
        self.is_closed
    }

    /// Where the log of the class stands, if it is open.
    fn open_log_of(&self, retention_class: &str) -> Option<usize> {
        self.open
            .iter()
            .position(|log| log.retention_class == retention_class)
    }

    /// Where the log of the class stands among the open ones; it is opened where it is not.
    pub(super) fn log_of(&mut self, retention_class: &str) -> Result<usize, LogError> {
        if let Some(index) = self.open_log_of(retention_class) {
            return Ok(index);
        }
        if self.is_closed {
            return Err(LogError::Closed);
        }
        let storage = self.logs.place(retention_class)?;
        let mut writer = LogWriter::open(storage, self.options_for(retention_class))?;
        if let Some(policy) = &self.policy {
            writer.policy_in_force(&policy.policy_id, &policy.pseudonym_key_id)?;
        }
        self.statuses
            .update(self.open.len(), |status| writer.tell_status(status));
        self.open.push(OpenLog {
            retention_class: retention_class.to_owned(),
            writer,
            damage_told: 0,
        });
        Ok(self.open.len() - 1)
    }

    fn open_all(&mut self) -> Result<(), LogError> {
        self.log_of(GENERAL)?;
        for retention_class in self.logs.existing()? {
            self.log_of(&retention_class)?;
        }
        Ok(())
    }

    fn options_for(&self, retention_class: &str) -> LogOptions {
        let mut options = self.options.clone();
        retention_class.clone_into(&mut options.retention_class);
        let named = self
            .classes
            .iter()
            .find(|(name, _)| name == retention_class);
        options.retention = named.map_or(Retention::AsBefore, |(_, retention)| *retention);
        if let Some(head) = options.head.as_mut().filter(|_| retention_class != GENERAL) {
            let mut name = head.file_name().map_or_else(OsString::new, OsString::from);
            name.push(".");
            name.push(retention_class);
            head.set_file_name(name);
        }
        options
    }

    fn try_write(&mut self, entry: &SanitizedEntry<'_>) -> Result<(), LogError> {
        let head = entry.head();
        // No class has an open log that cannot name one.
        let index = match self.open_log_of(head.retention_class) {
            Some(index) => index,
            None => self.log_of_new_class(head)?,
        };
        let Some(OpenLog { writer, .. }) = self.open.get_mut(index) else {
            return Err(LogError::Closed);
        };
        if writer.retention() == Retention::AsBefore {
            writer.set_retention(retention_of(entry));
        }
        let kind = head.kind.as_str();
        let record = NewRecord::new(kind, entry.members()).of_call(head.call_id);
        let record = match head.durability {
            Durability::Synced => record,
            Durability::Buffered | Durability::Flushed => record.unawaited(),
        };
        match writer.append_record(&record) {
            Err(LogError::RecordTooLong { length }) => {
                tracing::error!(target: "tool_audit::sink", tool = head.tool_name, length, "an entry is longer than a record may be: it is lost, and counted as such");
                writer.entries_lost(1, "record_too_long", self.options.clock.now())?;
            }
            other => {
                other?;
            }
        }
        self.space.add(entry.as_bytes().len() + PLACE);
        if writer.unflushed() >= BATCH
            && let Err(error) = writer.flush()
        {
            // The entry is taken all the same, and the next flush tells of the failure.
            tracing::debug!(target: "tool_audit::sink", %error, "a batch could not be written yet");
        }
        if let Some(alerts) = &mut self.alerts {
            let fired = alerts.observe(entry);
            if !fired.is_empty() {
                self.take_alerts(fired);
            }
        }
        Ok(())
    }

    /// Where the log stands that takes an entry of a class of which none is open.
    fn log_of_new_class(&mut self, head: &EntryHead<'_>) -> Result<usize, LogError> {
        let retention_class = self.class_of(head.retention_class);
        if retention_class != head.retention_class
            && !std::mem::replace(&mut self.told_of_class, true)
        {
            tracing::warn!(target: "tool_audit::sink", tool = head.tool_name, "a retention class cannot name a log: its entries go to the log `general`");
        }
        self.log_of(retention_class)
    }

    /// Does the same to every log, whatever becomes of the others, and tells the first failure.
    fn each(
        &mut self,
        mut act: impl FnMut(&mut LogWriter<L::Storage>) -> Result<(), LogError>,
    ) -> io::Result<()> {
        let mut result = Ok(());
        for (index, log) in self.open.iter_mut().enumerate() {
            let done = act(&mut log.writer);
            self.statuses
                .update(index, |status| log.writer.tell_status(status));
            result = result.and(done);
        }
        result.map_err(io::Error::from)
    }
}

/// For how long the entry's class keeps records.
fn retention_of(entry: &SanitizedEntry<'_>) -> Retention {
    let dates: Option<Dates<'_>> = serde_json::from_slice(entry.as_bytes()).ok();
    dates
        .and_then(|dates| crate::log::days_between(dates.timestamp, dates.retain_until?))
        .map_or(Retention::Forever, Retention::Days)
}

impl<L: Logs> EntryWriter for ChainWriter<L> {
    fn write(&mut self, entry: &SanitizedEntry<'_>) -> io::Result<()> {
        self.with_reserve(|writer| Ok(writer.try_write(entry)?))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.with_reserve(|writer| writer.each(LogWriter::flush))
    }

    fn sync(&mut self) -> io::Result<()> {
        self.with_reserve(|writer| writer.each(LogWriter::sync))
    }

    fn close(&mut self) -> io::Result<()> {
        self.watch_damage();
        self.is_closed = true;
        self.with_reserve(|writer| writer.each(LogWriter::close))
    }

    fn look_after(&mut self) -> io::Result<()> {
        let looked = self.each(LogWriter::look_after);
        #[cfg(unix)]
        let looked = looked.and(self.prune());
        self.watch_damage();
        if self.space.reserve_is_free() {
            self.keep_reserve();
        }
        self.count_bytes().and(looked)
    }

    fn policy_in_force(&mut self, policy: &PolicyInForce) -> io::Result<()> {
        self.policy = Some(policy.clone());
        self.each(|log| log.policy_in_force(&policy.policy_id, &policy.pseudonym_key_id))
    }

    fn entries_lost(&mut self, loss: &Loss) -> io::Result<()> {
        let index = self.log_of(GENERAL)?;
        if let Some(OpenLog { writer, .. }) = self.open.get_mut(index) {
            writer.entries_lost(loss.count, loss.reason, loss.since)?;
            let log = writer.log();
            let at = civil::micros(self.options.clock.now());
            if let Some(alerts) = &mut self.alerts {
                let fired = alerts.observe_loss(log, GENERAL, loss, at);
                self.take_alerts(fired);
            }
        }
        Ok(())
    }
}
