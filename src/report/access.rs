use std::fmt;
use std::path::Path;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::ReportError;
use super::integrity::{self, Integrity};
use super::request::{AccessRequest, Of};
use super::sweep::{Told, sweep};
use super::times::Times;
#[cfg(unix)]
use crate::admin::{AdminError, LogRead, record_read};
use crate::call::{Outcome, UNKNOWN};
use crate::entry::role_of;
use crate::query::{Fields, LogSnapshot, PassedOver, instant};

/// Tells who saw a person's records, or what a user saw, and whether the logs that say so are as they were
/// written.
///
/// `path` is a log, a store, or a folder of stores; all of it is read once and verified once, and may be written
/// meanwhile. Denied and failed calls are in the report too, as is a call that was started and of which nobody
/// knows the end.
///
/// In memory it holds the accesses that it tells, some 500 bytes each (those of a service's own account may be
/// millions: ask by the month), the names of the tools, and one id for each call that has no end.
///
/// That somebody asked stands nowhere until [`AccessReport::record_reading`] writes it.
///
/// ```
/// use serde_json::json;
/// use tool_audit::report::{AccessRequest, access_report};
/// use tool_audit::{CallContext, HashChainSink, Recorder, ToolCall};
///
/// let folder = tempfile::tempdir()?;
/// let store = folder.path().join("audit");
/// let sink = HashChainSink::in_memory();
/// let recorder = Recorder::new(sink.clone());
/// let context = CallContext::new("conv_1", "dr_9").role("physician").purpose("treatment");
/// let call = ToolCall::new("get_patient", json!({"patient_id": "P-7"})).context(context);
/// drop(recorder.start_call(&call).success(&json!({"blood_type": "0"})));
/// sink.to_folder(&store)?;
///
/// let report = access_report(&store, &AccessRequest::of_subject("P-7"))?;
/// assert!(report.integrity_verified);
/// assert_eq!(report.total_accesses, 1);
/// assert_eq!(report.accesses[0].accessed_by, "dr_9");
/// assert_eq!(report.accesses[0].data_viewed, ["blood_type"]);
/// println!("{report}");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
///
/// The logs cannot be read, the request names nobody, its period ends before it begins, or two folders at the path hold
/// the same log. Damage is no error: then `integrity_verified` is false.
pub fn access_report(path: &Path, request: &AccessRequest) -> Result<AccessReport, ReportError> {
    integrity::period(request.from, request.to)?;
    let names = Arc::new(request.names()?);
    let swept = sweep(path, request, &names)?;
    integrity::each_log_once(&swept.snapshots)?;
    // Verified after it was read, so that nothing stands in the report that was not verified.
    let (integrity_verified, integrity) = integrity::of(path, &request.heads)?;
    let who = request.identifiers.first().cloned();
    let (subject_id, user_id) = match request.of {
        Of::Subject => (who, None),
        Of::User => (None, who),
    };
    Ok(AccessReport {
        subject_id,
        user_id,
        report_period: Period {
            start: request.from.map(instant::to_text),
            end: request.to.map(instant::to_text),
        },
        total_accesses: swept.accesses.len() as u64,
        unique_users: swept.users.len() as u64,
        accesses: swept.accesses,
        not_attributable: swept.not_attributable,
        not_identifiable: names.is_lost,
        integrity_verified,
        integrity,
        replayed: swept.snapshots.iter().any(LogSnapshot::is_replayed),
        reading_recorded: None,
        asked: request.describe(&names, &swept.names),
        times: Times::default(),
        passed: swept.passed,
    })
}

/// Who saw a person's records, or what a user saw; made by [`access_report`].
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct AccessReport {
    /// The person, by the identifier that was asked for first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subject_id: Option<String>,
    /// The user, in a report on one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_id: Option<String>,
    /// From when to when.
    pub report_period: Period,
    /// How many accesses there were.
    pub total_accesses: u64,
    /// By how many users.
    pub unique_users: u64,
    /// Each access, the earliest first.
    pub accesses: Vec<Access>,
    /// How many calls of the period may be about the person, or in a report on a user about somebody, and do not say so.
    ///
    /// They are calls that name nobody of tools that do in other calls, whenever those were made; calls whose subjects
    /// were redacted or masked; and calls with more subjects than a record holds. A started call without an end counts.
    pub not_attributable: u64,
    /// True where the rules that the logs were written with leave nothing of the identifiers that stands for this person
    /// alone: accesses are then counted in `not_attributable`, and listed nowhere.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub not_identifiable: bool,
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
    pub(super) passed: PassedOver,
}

impl AccessReport {
    /// What of the logs is not in the report, or not with all that it says.
    #[must_use]
    pub fn passed_over(&self) -> &PassedOver {
        &self.passed
    }

    /// Records in the `admin` of each store at `path` that this report was made: who asked, for whom, and how many
    /// accesses it tells. It goes before the report is shown to anybody.
    ///
    /// Of the person the record holds what the logs hold, or a pseudonym; an identifier in clear that stands in no log is
    /// counted alone. `read` may have other members in its filter.
    ///
    /// # Errors
    ///
    /// What [`record_read`] gives; the report says then that it is not recorded.
    #[cfg(unix)]
    pub fn record_reading(&mut self, path: &Path, read: LogRead) -> Result<(), AdminError> {
        let read = read.also(&self.asked).records(self.total_accesses);
        let recorded = record_read(path, &read);
        self.reading_recorded = Some(recorded.is_ok());
        recorded
    }

    /// Shows times in this time zone where people read them: in the text, and on the page. JSON, CSV and what the page says
    /// to programs stay in UTC.
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

/// From when to when; none where the request left it open.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Period {
    /// The first instant.
    pub start: Option<String>,
    /// The last one.
    pub end: Option<String>,
}

impl fmt::Display for Period {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let start = self.start.as_deref().unwrap_or("the beginning");
        let end = self.end.as_deref().unwrap_or("now");
        write!(formatter, "from {start} to {end}")
    }
}

/// One access.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Access {
    /// When the call began.
    pub timestamp: String,
    /// The user.
    pub accessed_by: String,
    /// The role in which the user acted.
    pub role: String,
    /// The tool.
    pub tool: String,
    /// What for; `unspecified` where nobody said.
    pub purpose: String,
    /// Whether the call succeeded; none where nobody knows its end, or where a later version's word says how it ended.
    pub success: Option<bool>,
    /// Whether it was made with a break-glass declaration.
    pub emergency: bool,
    /// The names of what the answer held.
    pub data_viewed: Vec<String>,
    /// About whom the call was, in a report on a user alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subjects: Option<Vec<String>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Summary {
    fields: Vec<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Attribution {
    initiator_role: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Session {
    user_role: Value,
}

impl Access {
    pub(super) fn of(
        fields: &Fields<'_>,
        told: &mut Told<'_>,
        is_end: bool,
        subjects: Option<Vec<String>>,
    ) -> Self {
        let attribution: Attribution = told.member("attribution");
        let session: Session = told.member("session_metadata");
        let role = role_of(
            attribution.initiator_role.as_deref(),
            session.user_role.as_str(),
        );
        let purpose: Option<String> = told.member("purpose");
        let summary: Option<Summary> = told.member("result_summary");
        let outcome = fields.outcome().and_then(Outcome::from_name);
        told.is_understood &= !is_end || outcome.is_some();
        let text = |text: Option<&str>| text.unwrap_or(UNKNOWN).to_owned();
        Self {
            timestamp: fields.timestamp_text().unwrap_or_default().to_owned(),
            accessed_by: text(fields.user()),
            role: text(role),
            tool: text(fields.tool()),
            purpose: purpose.unwrap_or_else(|| "unspecified".to_owned()),
            success: outcome.map(Outcome::is_success),
            emergency: told.is_emergency(),
            data_viewed: summary.map(|summary| summary.fields).unwrap_or_default(),
            subjects,
        }
    }
}
