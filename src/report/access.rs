use std::fmt;
use std::path::Path;

use serde::Serialize;

use super::ReportError;
use super::integrity::{self, Integrity};
use super::request::{AccessRequest, Of};
use super::sweep::sweep;
use crate::call::UNKNOWN;
use crate::entry::AuditEntry;
use crate::query::{LogSnapshot, PassedOver};

/// Tells who saw a person's records, or what a user saw, and whether the logs that say so are as they were
/// written.
///
/// `path` is a log, a store, or a folder of stores; all of it is read once and verified once, and may be written
/// meanwhile. Denied and failed calls are in the report too, as is a call that was started and of which nobody
/// knows the end. It holds the accesses of one person in memory, and nothing else that grows with the logs.
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
/// The logs cannot be read, or the request names nobody. Damage is no error: then `integrity_verified` is false.
pub fn access_report(path: &Path, request: &AccessRequest) -> Result<AccessReport, ReportError> {
    let names = request.names()?;
    let swept = sweep(path, request, names)?;
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
            start: request.from.map(integrity::instant),
            end: request.to.map(integrity::instant),
        },
        total_accesses: swept.accesses.len() as u64,
        unique_users: swept.users.len() as u64,
        accesses: swept.accesses,
        not_attributable: swept.not_attributable,
        integrity_verified,
        integrity,
        replayed: swept.snapshots.iter().any(LogSnapshot::is_replayed),
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
    /// How many calls of the period may be about somebody and do not say whom: calls without a subject of tools that
    /// name one in others, and calls with more subjects than a record holds.
    pub not_attributable: u64,
    /// The verifier's verdict over all records of every log at the path.
    pub integrity_verified: bool,
    /// What was verified, and what was not.
    pub integrity: Integrity,
    /// True where recorded calls were played through the layer again, and nothing of this happened.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub replayed: bool,
    #[serde(skip)]
    passed: PassedOver,
}

impl AccessReport {
    /// Lines that could not be read; the verdict names them too.
    #[must_use]
    pub fn passed_over(&self) -> &PassedOver {
        &self.passed
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
    /// Whether the call succeeded; none where nobody knows its end.
    pub success: Option<bool>,
    /// Whether it was made with a break-glass declaration.
    pub emergency: bool,
    /// The names of what the answer held.
    pub data_viewed: Vec<String>,
    /// About whom the call was, in a report on a user alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subjects: Option<Vec<String>>,
}

impl Access {
    pub(super) fn of(entry: AuditEntry, with_subjects: bool) -> Self {
        let role = entry.session_metadata.get("user_role");
        let role = role.and_then(|role| role.as_str());
        Self {
            role: role.unwrap_or(UNKNOWN).to_owned(),
            success: entry.outcome.map(|outcome| outcome.is_success()),
            timestamp: entry.timestamp,
            accessed_by: entry.user_id,
            tool: entry.tool_name,
            purpose: entry.purpose.unwrap_or_else(|| "unspecified".to_owned()),
            emergency: entry.emergency.is_some(),
            data_viewed: entry
                .result_summary
                .map(|summary| summary.fields)
                .unwrap_or_default(),
            subjects: with_subjects.then_some(entry.subjects),
        }
    }
}
