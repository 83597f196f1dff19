//! OCSF 1.8, class API Activity (6003), one event a line.
//!
//! ```
//! use tool_audit::AuditEntry;
//! use tool_audit::export::{Exporter, OcsfExporter, Source};
//!
//! let entry: AuditEntry = serde_json::from_str(r#"{"tool_name":"get_order","user_id":"usr_9","outcome":"denied",
//!     "timestamp":"2025-07-06T14:23:01.456789Z","duration_ms":12.5}"#)?;
//! let mut line = Vec::new();
//! OcsfExporter::new().write_call(&Source::new(&entry), &mut line)?;
//! let event: serde_json::Value = serde_json::from_slice(&line)?;
//! assert_eq!((&event["class_uid"], &event["type_uid"]), (&6003.into(), &600_399.into()));
//! assert_eq!((&event["status"], &event["status_code"]), (&"Failure".into(), &"denied".into()));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # What goes where
//!
//! Attributes are those of [API Activity 1.8.0](https://schema.ocsf.io/1.8.0/classes/api_activity) with the profiles
//! `ai_operation` and, where the record has a trace, `trace`.
//!
//! | record | OCSF |
//! |---|---|
//! | `_log`, `_seq` | `metadata.uid`, `<log>-<seq>`: the same in every export; left out for entries in memory |
//! | `timestamp` | `time`, `start_time` (ms); left out where it is no instant |
//! | the call's end | `end_time`, `metadata.logged_time` |
//! | `duration_ms` | `duration`, rounded to ms; exact in `unmapped` |
//! | what the tool was declared to do | `activity_id` 1 Create, 2 Read (a query too), 3 Update, 4 Delete; 99, "Invoke", where it was not declared |
//! | `outcome` | `status_id`, `status_code`; `severity_id` |
//! | error text, error type | `status_detail`, `api.response.error_message`; `api.response.error` |
//! | `user_id`, `user_role` | `actor.user.uid`, `actor.user.groups[].name`; where nobody is known a user of name and type "Unknown" |
//! | `attribution.rule`, the last of `via` | `actor.app_name`, `actor.invoked_by` |
//! | `tool_name`, `server` | `api.operation`, `api.service.name` |
//! | `tool_call_id`, else `call_id` | `api.request.uid` |
//! | `arguments` | `api.request.data` |
//! | `result`, `result_summary` | `api.response.data`, `api.response.message` (JSON text) |
//! | `client_ip` | `src_endpoint.ip` where it is an IP address as it stands, else `src_endpoint.name`; "Unknown" where it is not known |
//! | `user_agent` | `http_request.user_agent` |
//! | `model` | `ai_model.name`, with `ai_provider` "Unknown": a record does not name it |
//! | `conversation_id` | `metadata.correlation_uid`; `message_context.uid` where the server is known |
//! | `subjects` | `resources[].uid`, of type "Subject", or [what they are](OcsfExporter::subject_type) |
//! | `trace_id`, `span_id` | `trace.uid`, `trace.span.uid` |
//! | `retention_class` | `metadata.log_name` |
//! | a log made by replay | `metadata.labels` "replayed" |
//! | `emergency` | `severity_id` 4, High; `unmapped.break_glass` true, `unmapped.emergency` |
//! | `purpose`, `call_trigger`, `turn_number`, `attribution.verified` and all else | `unmapped`, under the record's own names |
//! | `_hash`, `_previous_hash` | `unmapped`: 1.8 has no attribute for a chain |
//!
//! `unmapped.verified` lists the members that authentication established; all others are claims.
//!
//! # Outcomes
//!
//! | outcome | `status_id` | `severity_id` |
//! |---|---|---|
//! | `success` | 1 Success | 1 Informational |
//! | `tool_error`, `denied`, `rejected`, `cancelled`, `never_polled` | 2 Failure | 2 Low |
//! | `service_error`, `timed_out`, `panicked` | 2 Failure | 3 Medium |
//! | `input_required` | 99, "Interim" | 1 Informational |
//! | a call without an end, an outcome of a later version | 0 Unknown | 0 Unknown |
//!
//! OCSF requires `time`. A call whose `timestamp` is no instant of the years 1 to 9999 has none, and its event does not
//! validate.

use std::io::{self, Write};
use std::net::IpAddr;

use serde_json::{Value, json};

use super::members::{Members, json_text};
use super::source::known;
use super::{Exporter, Scope, Source, ToolAction, ToolActions};
use crate::call::Outcome;
use crate::log::record::Previous;

/// Calls as OCSF events of the class API Activity; the module [`ocsf`](self) tells what goes where.
#[derive(Debug, Clone)]
pub struct OcsfExporter {
    actions: ToolActions,
    subject_type: String,
}

impl OcsfExporter {
    /// Events of OCSF 1.8.
    #[must_use]
    pub fn new() -> Self {
        Self {
            actions: ToolActions::new(),
            subject_type: "Subject".to_owned(),
        }
    }

    /// Declares which tools read, create, update, delete or query.
    #[must_use]
    pub fn actions(mut self, actions: ToolActions) -> Self {
        self.actions = actions;
        self
    }

    /// Says what the subjects of calls are, such as "Patient".
    #[must_use]
    pub fn subject_type(mut self, name: impl Into<String>) -> Self {
        self.subject_type = name.into();
        self
    }
}

impl Default for OcsfExporter {
    fn default() -> Self {
        Self::new()
    }
}

impl Exporter for OcsfExporter {
    fn scope(&self) -> Scope {
        Scope::Calls
    }

    fn write_call(&self, call: &Source<'_>, out: &mut dyn Write) -> io::Result<()> {
        out.write_all(&self.event(call).into_line())
    }
}

const UNKNOWN: &str = "Unknown";

impl OcsfExporter {
    fn event(&self, source: &Source<'_>) -> Members {
        let entry = source.entry;
        let (activity, activity_name) = activity(self.actions.of(&entry.tool_name));
        let (status, status_name) = status(entry.outcome);
        let (severity, severity_name) = severity(source);
        let trace = trace(source);
        let start = source.start().map(|at| at.timestamp_millis());
        let end = source.end().map(|at| at.timestamp_millis());
        let type_name = if activity == 99 {
            "Other"
        } else {
            activity_name
        };
        let mut event = Members::new();
        event
            .put("metadata", metadata(source, trace.is_some()))
            .put("class_uid", 6003)
            .put("class_name", "API Activity")
            .put("category_uid", 6)
            .put("category_name", "Application Activity")
            .put("activity_id", activity)
            .put("activity_name", activity_name)
            .put("type_uid", 600_300 + activity)
            .put("type_name", format!("API Activity: {type_name}"))
            .put("severity_id", severity)
            .put("severity", severity_name)
            .put("status_id", status)
            .put("status", status_name)
            .put_some("status_code", entry.outcome.map(Outcome::as_str))
            .put_some("status_detail", error(source))
            .put_some("time", start)
            .put_some("start_time", start)
            .put_some("end_time", end)
            .put_some("duration", end.map(|_| entry.duration_ms.round() as i64))
            .put("actor", actor(source))
            .put("api", api(source))
            .put("src_endpoint", src_endpoint(source))
            .put_some(
                "http_request",
                source
                    .metadata("user_agent")
                    .map(|name| json!({"user_agent": name})),
            )
            .put_some("ai_model", known(&entry.model).map(ai_model))
            .put_some("message_context", message_context(source))
            .put_some("trace", trace)
            .put_filled("resources", self.resources(source))
            .put("unmapped", unmapped(source));
        event
    }

    fn resources(&self, source: &Source<'_>) -> Vec<Value> {
        let subjects = source.entry.subjects.iter();
        subjects
            .map(|subject| json!({"uid": subject, "type": self.subject_type}))
            .collect()
    }
}

fn activity(action: Option<ToolAction>) -> (i64, &'static str) {
    match action {
        Some(ToolAction::Create) => (1, "Create"),
        Some(ToolAction::Read | ToolAction::Query) => (2, "Read"),
        Some(ToolAction::Update) => (3, "Update"),
        Some(ToolAction::Delete) => (4, "Delete"),
        None => (99, "Invoke"),
    }
}

fn status(outcome: Option<Outcome>) -> (i64, &'static str) {
    match outcome {
        None => (0, UNKNOWN),
        Some(Outcome::Success) => (1, "Success"),
        Some(Outcome::InputRequired) => (99, "Interim"),
        Some(_) => (2, "Failure"),
    }
}

fn severity(source: &Source<'_>) -> (i64, &'static str) {
    if source.entry.emergency.is_some() {
        return (4, "High");
    }
    match source.entry.outcome {
        None => (0, UNKNOWN),
        Some(Outcome::Success | Outcome::InputRequired) => (1, "Informational"),
        Some(Outcome::ServiceError | Outcome::TimedOut | Outcome::Panicked) => (3, "Medium"),
        Some(_) => (2, "Low"),
    }
}

fn error<'a>(source: &Source<'a>) -> Option<&'a str> {
    let summary = source.entry.result_summary.as_ref()?;
    summary.error.as_deref().or(summary.error_type.as_deref())
}

fn metadata(source: &Source<'_>, traced: bool) -> Value {
    let entry = source.entry;
    let profiles: &[&str] = if traced {
        &["ai_operation", "trace"]
    } else {
        &["ai_operation"]
    };
    let mut metadata = Members::new();
    metadata
        .put("version", "1.8.0")
        .put(
            "product",
            json!({"name": "tool-audit", "version": env!("CARGO_PKG_VERSION")}),
        )
        .put("profiles", profiles)
        .put_some("uid", source.id())
        .put_some("correlation_uid", known(&entry.conversation_id))
        .put_filled("log_name", entry.retention_class.as_str())
        .put_some(
            "logged_time",
            source
                .end()
                .or(source.start())
                .map(|at| at.timestamp_millis()),
        );
    if source.replayed {
        metadata.put("labels", json!(["replayed"]));
    }
    metadata.into()
}

fn actor(source: &Source<'_>) -> Value {
    let attribution = &source.entry.attribution;
    let user = known(&source.entry.user_id);
    let rule = attribution.rule.as_deref().and_then(known);
    let role = source.role().and_then(known);
    let mut actor = Members::new();
    if let Some(user) = user {
        let mut named = Members::new();
        named
            .put("uid", user)
            .put_some("groups", role.map(|role| json!([{"name": role}])));
        actor.put("user", named);
    } else if rule.is_none() {
        let mut nobody = Members::new();
        nobody
            .put("name", UNKNOWN)
            .put("type_id", 0)
            .put("type", UNKNOWN)
            .put_some("groups", role.map(|role| json!([{"name": role}])));
        actor.put("user", nobody);
    }
    actor
        .put_some("app_name", rule)
        .put_some("invoked_by", attribution.via.last().map(String::as_str));
    actor.into()
}

fn api(source: &Source<'_>) -> Value {
    let entry = source.entry;
    let ids = [entry.tool_call_id.as_deref(), Some(&entry.call_id)];
    let request = ids.into_iter().flatten().find_map(known);
    let mut api = Members::new();
    api.put("operation", entry.tool_name.as_str())
        .put(
            "request",
            json!({"uid": request.unwrap_or(UNKNOWN), "data": entry.arguments.clone()}),
        )
        .put_some(
            "service",
            entry.server.as_deref().map(|name| json!({"name": name})),
        );
    let mut response = Members::new();
    if let Some(summary) = &entry.result_summary {
        let json = serde_json::to_value(summary).unwrap_or_default();
        response
            .put("message", json_text(&json))
            .put_some("error", summary.error_type.as_deref())
            .put_some("error_message", summary.error.as_deref());
    }
    response.put_some("data", entry.result.clone());
    api.put_filled("response", response);
    api.into()
}

fn src_endpoint(source: &Source<'_>) -> Value {
    match source.metadata("client_ip").and_then(known) {
        Some(address) if address.parse::<IpAddr>().is_ok() => json!({"ip": address}),
        Some(address) => json!({"name": address}),
        None => json!({"name": UNKNOWN}),
    }
}

fn ai_model(name: &str) -> Value {
    json!({"name": name, "ai_provider": UNKNOWN})
}

/// OCSF wants an application or a service with it, of which a record knows the tool's server alone.
fn message_context(source: &Source<'_>) -> Option<Value> {
    let server = source.entry.server.as_deref()?;
    let mut context = Members::new();
    context
        .put("service", json!({"name": server}))
        .put("ai_role_id", 3)
        .put("ai_role", "Tool")
        .put_some("uid", known(&source.entry.conversation_id));
    Some(context.into())
}

fn trace(source: &Source<'_>) -> Option<Value> {
    let entry = source.entry;
    let mut trace = Members::new();
    trace.put("uid", entry.trace_id.as_deref()?);
    // A span without its two times is none.
    if let (Some(span), Some(start), Some(end)) =
        (entry.span_id.as_deref(), source.start(), source.end())
    {
        let times = (start.timestamp_millis(), end.timestamp_millis());
        trace.put(
            "span",
            json!({"uid": span, "start_time": times.0, "end_time": times.1}),
        );
    }
    Some(trace.into())
}

/// What OCSF has no attribute for, under the record's own names.
fn unmapped(source: &Source<'_>) -> Value {
    let entry = source.entry;
    let attribution = &entry.attribution;
    let mut unmapped = Members::new();
    unmapped
        .put("kind", entry.kind.as_str())
        .put("call_id", entry.call_id.as_str())
        .put("turn_number", entry.turn_number)
        .put("call_trigger", entry.call_trigger.as_str())
        .put("trigger_basis", entry.trigger_basis.as_str())
        .put("verified", attribution.verified.clone())
        .put("redactions", entry.redactions)
        .put_some("purpose", entry.purpose.as_deref())
        .put_some("approved_by", attribution.approved_by.as_deref())
        .put_filled("via", attribution.via.clone())
        .put_some("via_cut", attribution.via_cut.then_some(true))
        .put_some(
            "subjects_truncated",
            entry.subjects_truncated.then_some(true),
        )
        .put_some("retry_of", entry.retry_of.as_deref())
        .put_some("continues", entry.continues.as_deref())
        .put_some("retain_until", entry.retain_until.as_deref())
        .put_filled("shortened", entry.shortened.clone())
        .put_filled("session_metadata", source.other_metadata());
    if entry.outcome.is_some() {
        unmapped.put("duration_ms", entry.duration_ms);
    }
    if entry.trace_id.is_none() || source.end().is_none() {
        unmapped.put_some("span_id", entry.span_id.as_deref());
    }
    if let Some(emergency) = &entry.emergency {
        let declared = serde_json::to_value(emergency).unwrap_or_default();
        unmapped
            .put("break_glass", true)
            .put_filled("emergency", declared);
    }
    if let Some(head) = source.head {
        unmapped
            .put("log", head.log.to_string())
            .put("seq", head.seq)
            .put("hash", head.hash.to_string());
        if let Previous::Hash(previous) = head.previous {
            unmapped.put("previous_hash", previous.to_string());
        }
    }
    unmapped.into()
}
