use std::fmt::Display;
use std::path::Path;

use clap::Args;
use serde_json::{Value, json};
#[cfg(unix)]
use tool_audit::admin::{AdminError, LogRead, record_read};
use tool_audit::report::Made;

use crate::output::note;

/// Who reads or acts: it is recorded in the store.
#[derive(Debug, Args)]
pub(crate) struct Reader {
    /// Record it under this name, as a claim; else it is the operating system's user
    #[arg(long = "as", value_name = "NAME")]
    name: Option<String>,
}

impl Reader {
    /// Who reads, in words.
    pub(crate) fn actor_in_words(&self) -> String {
        match &self.name {
            Some(name) => format!("{name} (a claim)"),
            None => user(),
        }
    }

    /// Who made a page.
    pub(crate) fn made(&self) -> Made {
        match &self.name {
            Some(name) => Made::by(name).claimed(),
            None => Made::by(user()),
        }
    }

    /// The name, and whether it is a claim.
    #[cfg(unix)]
    pub(crate) fn actor(&self) -> (String, bool) {
        match &self.name {
            Some(name) => (name.clone(), true),
            None => (user(), false),
        }
    }

    /// Records the reading before anything is printed; where that cannot be done, says so.
    #[cfg(unix)]
    pub(crate) fn record(&self, log: &Path, verb: &str, filter: Value, records: Option<u64>) {
        if let Err(error) = self.try_record(log, verb, filter, records) {
            not_recorded(&error);
        }
    }

    /// [`record`](Self::record) for what shows nothing of the records: a log by itself, which has no `admin`, is passed
    /// over in silence.
    #[cfg(unix)]
    pub(crate) fn record_in_store(&self, log: &Path, verb: &str, records: u64) {
        match self.try_record(log, verb, json!({}), Some(records)) {
            Ok(()) | Err(AdminError::NoStore { .. }) => {}
            Err(error) => not_recorded(&error),
        }
    }

    #[cfg(unix)]
    fn try_record(
        &self,
        log: &Path,
        verb: &str,
        filter: Value,
        records: Option<u64>,
    ) -> Result<(), AdminError> {
        let (actor, asserted) = self.actor();
        let mut read = LogRead::new(actor, verb).filter(filter);
        if asserted {
            read = read.asserted();
        }
        if let Some(records) = records {
            read = read.records(records);
        }
        record_read(log, &read)
    }

    #[cfg(not(unix))]
    pub(crate) fn record(&self, _log: &Path, _verb: &str, _filter: Value, _records: Option<u64>) {
        let _ = &self.name;
        not_recorded("logs are written on Unix alone");
    }

    #[cfg(not(unix))]
    pub(crate) fn record_in_store(&self, log: &Path, verb: &str, records: u64) {
        self.record(log, verb, json!({}), Some(records));
    }
}

fn not_recorded(why: impl Display) {
    note(&format!(
        "NOT RECORDED: that this log was read stands nowhere: {why}"
    ));
}

#[cfg(not(unix))]
fn user() -> String {
    std::env::var("USERNAME").unwrap_or_else(|_| "unknown".to_owned())
}

/// The operating system's name for whoever runs the program; the number where it has none.
#[cfg(unix)]
pub(crate) fn user() -> String {
    use std::fs;
    use std::os::unix::fs::MetadataExt;

    // Linux says there whose the process is; elsewhere the shell is believed.
    let Ok(own) = fs::metadata("/proc/self") else {
        return std::env::var("USER").unwrap_or_else(|_| "unknown".to_owned());
    };
    let number = own.uid().to_string();
    let users = fs::read_to_string("/etc/passwd").unwrap_or_default();
    let named = users.lines().find_map(|line| {
        let mut parts = line.split(':');
        let name = parts.next()?;
        (parts.nth(1)? == number).then(|| name.to_owned())
    });
    named.unwrap_or_else(|| format!("uid {number}"))
}
