mod attention;
mod durations;
mod leaders;
mod request;
mod sweep;
mod table;
mod volumes;

use std::collections::BTreeMap;
use std::path::Path;

use serde::Serialize;
use serde_json::Value;

use super::ReportError;
use super::access::Period;
use super::integrity::{self, Integrity};
use super::times::Times;
#[cfg(unix)]
use crate::admin::{AdminError, LogRead, record_read};
use crate::query::{LogSnapshot, PassedOver, ToolStatistics};

pub use self::attention::{Alerts, Emergencies, EmergencyCall, EntriesLost, RuleAlerts};
pub use self::durations::{DurationBand, Durations};
pub use self::request::SummaryRequest;
pub use self::volumes::{Volume, Volumes};

/// Sums up what happened in a range of time: calls, failures, durations, tools, users, alerts, emergencies, losses,
/// and whether the logs are as they were written.
///
/// `path` is a log, a store, or a folder of stores; all of it is read once and verified once, and may be written
/// meanwhile. Memory is bounded, however long the logs are and however many tools and users they name: some 30 MiB
/// at most, beside one name for each call that was started and has no end, and each that somebody has reviewed.
///
/// ```
/// use serde_json::json;
/// use tool_audit::report::{SummaryRequest, summary_report};
/// use tool_audit::{CallContext, HashChainSink, Outcome, Recorder, ToolCall};
///
/// let folder = tempfile::tempdir()?;
/// let store = folder.path().join("audit");
/// let sink = HashChainSink::in_memory();
/// let recorder = Recorder::new(sink.clone());
/// let call = ToolCall::new("get_order", json!({})).context(CallContext::new("conv_1", "usr_9"));
/// drop(recorder.start_call(&call).success(&json!({"status": "shipped"})));
/// drop(recorder.start_call(&call).finish(|outcome| {
///     outcome.outcome(Outcome::Denied);
/// }));
/// sink.to_folder(&store)?;
///
/// let report = summary_report(&store, &SummaryRequest::new())?;
/// assert_eq!((report.total_calls, report.failures), (2, 1));
/// assert_eq!(report.tools.shown[0].tool, "get_order");
/// assert!(report.integrity_verified);
/// println!("{report}");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
///
/// The logs cannot be read, the range ends before it begins, or two folders at the path hold the same log. Damage is no error: then `integrity_verified` is false.
pub fn summary_report(path: &Path, request: &SummaryRequest) -> Result<SummaryReport, ReportError> {
    integrity::period(request.from, request.to)?;
    let swept = sweep::sweep(path, request)?;
    integrity::each_log_once(swept.snapshots())?;
    // Verified after it was read, so that nothing stands in the report that was not verified.
    let (integrity_verified, integrity) = integrity::of(path, &request.heads)?;
    Ok(swept.into_report(request, integrity_verified, integrity))
}

/// What happened in a range of time; made by [`summary_report`].
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct SummaryReport {
    /// From when to when.
    pub report_period: Period,
    /// When the first call of the range began.
    pub first_call: Option<String>,
    /// When the last call of the range began.
    pub last_call: Option<String>,
    /// How many calls ended, interim answers among them.
    pub total_calls: u64,
    /// How many of them ended badly.
    pub failures: u64,
    /// How many of them gave an interim answer: neither a success nor a failure.
    pub interim_answers: u64,
    /// Failures among the calls that ended well or badly, to three decimals; none where there are none.
    pub failure_rate: Option<f64>,
    /// How many calls of the range were started and have no recorded end, those aside that may be running.
    pub unknown_outcomes: u64,
    /// How many calls were started and not ended while a writer holds the log: they may be running.
    pub running_calls: u64,
    /// How long calls took; none where there are none.
    pub durations: Option<Durations>,
    /// Calls by how they ended, in the words of the records.
    pub outcomes: BTreeMap<String, u64>,
    /// Calls by why they were made.
    pub by_trigger: BTreeMap<String, u64>,
    /// Calls over time.
    pub volumes: Volumes,
    /// The tools with the most calls.
    pub tools: Ranking<ToolStatistics>,
    /// The users with the most calls.
    pub users: Ranking<UserCalls>,
    /// How many conversations there were: exact up to 65,536, from then on with a standard error of 0.8 %.
    pub conversations: u64,
    /// True where `conversations` is an estimate.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub conversations_estimated: bool,
    /// What detectors told.
    pub alerts: Alerts,
    /// Calls with a break-glass declaration.
    pub emergencies: Emergencies,
    /// Entries that the logs could not take.
    pub entries_lost: EntriesLost,
    /// The verifier's verdict over all records of every log at the path.
    pub integrity_verified: bool,
    /// What was verified, and what was not.
    pub integrity: Integrity,
    /// True where recorded calls were played through the layer again, and nothing of this happened.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub replayed: bool,
    /// Whether it stands in `admin` that the report was made; none where nobody [tried](Self::record_reading).
    pub reading_recorded: Option<bool>,
    #[serde(skip)]
    asked: Value,
    #[serde(skip)]
    pub(super) times: Times,
    #[serde(rename = "passed_over")]
    passed: PassedOver,
}

impl SummaryReport {
    /// What of the logs could not be read.
    #[must_use]
    pub fn passed_over(&self) -> &PassedOver {
        &self.passed
    }

    /// Records in the `admin` of each store at `path` that this report was made, before it is shown to anybody. `read` may
    /// have other members in its filter.
    ///
    /// # Errors
    ///
    /// What [`record_read`] gives; the report says then that it is not recorded.
    #[cfg(unix)]
    pub fn record_reading(&mut self, path: &Path, read: LogRead) -> Result<(), AdminError> {
        let read = read.also(&self.asked).records(self.total_calls);
        let recorded = record_read(path, &read);
        self.reading_recorded = Some(recorded.is_ok());
        recorded
    }

    /// Shows times in this time zone where people read them: in the text, and on the page. JSON and what the page says
    /// to programs, and the [volumes](Self::volumes), stay in UTC.
    #[cfg(feature = "time-zones")]
    #[cfg_attr(docsrs, doc(cfg(feature = "time-zones")))]
    pub fn show_in(&mut self, zone: crate::clock::TimeZone) {
        self.times.zone = Some(zone);
    }

    /// Says that it stands nowhere that the report was made.
    pub fn set_reading_not_recorded(&mut self) {
        self.reading_recorded = Some(false);
    }
}

/// Those with the most calls, and how many others there are.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Ranking<T> {
    /// The most calls first, by name where they are as many.
    pub shown: Vec<T>,
    /// How many others there are: exact up to 65,536 names in all, from then on with a standard error of 0.8 % of them.
    pub others: u64,
    /// True where `others` is an estimate.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub others_estimated: bool,
    /// How many calls the others made or took.
    pub calls_of_others: u64,
    /// False where there were so many names that rare ones were let go in between: then the numbers of those that are
    /// shown are what is known for certain, and `calls_of_others` may hold some of theirs.
    pub exact: bool,
}

/// What one user did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct UserCalls {
    /// The user.
    pub user: String,
    /// How many calls ended, interim answers among them.
    pub total_calls: u64,
    /// How many of them ended badly.
    pub failures: u64,
}

fn is_replayed(snapshots: &[LogSnapshot]) -> bool {
    snapshots.iter().any(LogSnapshot::is_replayed)
}
