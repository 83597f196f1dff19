use std::path::Path;

use clap::Args;
use serde_json::Value;

use crate::output::note;

/// Who reads or acts: it is recorded in the store.
#[derive(Debug, Args)]
pub(crate) struct Reader {
    /// Record it under this name, as a claim; else it is the operating system's user
    #[arg(long = "as", value_name = "NAME")]
    name: Option<String>,
}

impl Reader {
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
        use tool_audit::admin::{LogRead, record_read};

        let (actor, asserted) = self.actor();
        let mut read = LogRead::new(actor, verb).filter(filter);
        if asserted {
            read = read.asserted();
        }
        if let Some(records) = records {
            read = read.records(records);
        }
        if let Err(error) = record_read(log, &read) {
            note(&format!(
                "NOT RECORDED: that this log was read stands nowhere: {error}"
            ));
        }
    }

    #[cfg(not(unix))]
    pub(crate) fn record(&self, _log: &Path, _verb: &str, _filter: Value, _records: Option<u64>) {
        let _ = &self.name;
        note("NOT RECORDED: that this log was read stands nowhere: logs are written on Unix alone");
    }
}

/// The operating system's name for whoever runs the program; the number where it has none.
#[cfg(unix)]
fn user() -> String {
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
