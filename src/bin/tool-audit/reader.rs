use std::fmt::Display;
use std::path::Path;

use clap::Args;
use serde::Serialize;
use serde_json::{Value, json};
#[cfg(unix)]
pub(crate) use tool_audit::admin::process_user as user;
#[cfg(unix)]
use tool_audit::admin::{AdminError, LogRead, record_read};
use tool_audit::report::{AccessReport, Made, SummaryReport};

use crate::output::note;
use crate::verdict::Failure;

/// Who reads or acts: it is recorded in the store.
#[derive(Debug, Args)]
pub(crate) struct Reader {
    /// Record it under this name, as a claim, beside the operating system's user
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

    /// Records the reading before anything is printed; where that cannot be done, says so, and the answer has to.
    #[cfg(unix)]
    pub(crate) fn record(
        &self,
        log: &Path,
        verb: &str,
        filter: Value,
        records: Option<u64>,
    ) -> Recorded {
        let done = self.try_record(log, verb, filter, records);
        Recorded(done.map_err(|error| not_recorded(&error)).is_ok())
    }

    /// [`record`](Self::record) for what shows nothing of the records: a log by itself, which has no `admin`, is passed
    /// over in silence.
    #[cfg(unix)]
    pub(crate) fn record_in_store(&self, log: &Path, verb: &str, records: u64) -> Recorded {
        match self.try_record(log, verb, json!({}), Some(records)) {
            Ok(()) | Err(AdminError::NoStore { .. }) => Recorded(true),
            Err(error) => {
                not_recorded(&error);
                Recorded(false)
            }
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
        let mut read = self.read(verb, filter);
        if let Some(records) = records {
            read = read.records(records);
        }
        record_read(log, &read)
    }

    #[cfg(unix)]
    fn read(&self, verb: &str, filter: Value) -> LogRead {
        let (actor, asserted) = self.actor();
        let read = LogRead::new(actor, verb).filter(filter);
        if asserted { read.asserted() } else { read }
    }

    /// Records that a report is made, before it is shown; where that cannot be done, the report says so.
    #[cfg(unix)]
    pub(crate) fn record_report(&self, log: &Path, report: &mut impl Reading, filter: Value) {
        let read = self.read(report.verb(), filter);
        if let Err(error) = report.record_reading(log, read) {
            not_recorded(&error);
        }
    }

    #[cfg(not(unix))]
    pub(crate) fn record_report(&self, log: &Path, report: &mut impl Reading, filter: Value) {
        report.set_not_recorded();
        let _ = self.record(log, report.verb(), filter, None);
    }

    #[cfg(not(unix))]
    pub(crate) fn record(
        &self,
        _log: &Path,
        _verb: &str,
        _filter: Value,
        _records: Option<u64>,
    ) -> Recorded {
        let _ = &self.name;
        not_recorded("logs are written on Unix alone");
        Recorded(false)
    }

    #[cfg(not(unix))]
    pub(crate) fn record_in_store(&self, log: &Path, verb: &str, records: u64) -> Recorded {
        self.record(log, verb, json!({}), Some(records))
    }
}

/// Whether it stands in `admin` that a log was read. Every answer with room for it says where it does not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub(crate) struct Recorded(pub(crate) bool);

impl Recorded {
    /// True where it stands for both readings.
    pub(crate) fn and(self, other: Self) -> Self {
        Self(self.0 && other.0)
    }

    /// An answer that is one JSON object, with the mark where it needs it.
    pub(crate) fn json(self, answer: &impl Serialize) -> Result<String, Failure> {
        if self.0 {
            return serde_json::to_string(answer).map_err(Failure::unable);
        }
        let mut answer = serde_json::to_value(answer).map_err(Failure::unable)?;
        answer["reading_recorded"] = false.into();
        Ok(answer.to_string())
    }
}

/// A report that can be recorded.
pub(crate) trait Reading {
    fn verb(&self) -> &'static str;
    #[cfg(unix)]
    fn record_reading(&mut self, log: &Path, read: LogRead) -> Result<(), AdminError>;
    #[cfg(not(unix))]
    fn set_not_recorded(&mut self);
}

impl Reading for AccessReport {
    fn verb(&self) -> &'static str {
        "report access"
    }

    #[cfg(unix)]
    fn record_reading(&mut self, log: &Path, read: LogRead) -> Result<(), AdminError> {
        self.record_reading(log, read)
    }

    #[cfg(not(unix))]
    fn set_not_recorded(&mut self) {
        self.set_reading_not_recorded();
    }
}

impl Reading for SummaryReport {
    fn verb(&self) -> &'static str {
        "report summary"
    }

    #[cfg(unix)]
    fn record_reading(&mut self, log: &Path, read: LogRead) -> Result<(), AdminError> {
        self.record_reading(log, read)
    }

    #[cfg(not(unix))]
    fn set_not_recorded(&mut self) {
        self.set_reading_not_recorded();
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
