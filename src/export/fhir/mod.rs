//! FHIR AuditEvent, R4 (4.0.1) and R5 (5.0.0), one resource a line.
//!
//! ```
//! use tool_audit::AuditEntry;
//! use tool_audit::export::{Exporter, FhirExporter, Source, ToolAction, ToolActions};
//!
//! let entry: AuditEntry = serde_json::from_str(r#"{"tool_name":"get_patient","user_id":"dr_77","outcome":"success",
//!     "timestamp":"2025-07-06T14:23:01.456789Z","duration_ms":12.5,"subjects":["P-7"],"purpose":"treatment"}"#)?;
//! let exporter = FhirExporter::r4().actions(ToolActions::new().tool("get_patient", ToolAction::Read));
//! let mut line = Vec::new();
//! exporter.write_call(&Source::new(&entry), &mut line)?;
//! let event: serde_json::Value = serde_json::from_slice(&line)?;
//! assert_eq!(event["action"], "R");
//! assert_eq!(event["purposeOfEvent"][0]["coding"][0]["code"], "TREAT");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # What goes where
//!
//! R4 in the second column, R5 in the third where it differs. The sections are those of
//! [R4](https://hl7.org/fhir/R4/auditevent.html) and [R5](https://hl7.org/fhir/R5/auditevent.html), "Resource
//! Content".
//!
//! | record | R4 | R5 |
//! |---|---|---|
//! | `_log`, `_seq` | `id`, `<log>-<seq>`: the same in every export; left out for entries in memory | |
//! | `timestamp`, `duration_ms` | `period` | `occurredPeriod` |
//! | when the record was made: the call's end, a record of intent's beginning | `recorded` | |
//! | `user_id` | `agent` that is `requestor`, `who.identifier`, type `IRCP`; `AUT` for create, update, delete; where nobody is known `who` has the extension data-absent-reason `unknown` | |
//! | `user_role` | `role` of that agent, text | |
//! | `attribution.rule`, `model`, `via`, each hop | an `agent` each, type DCM 110150, `who.display`; a rule is the requestor where no user is known | |
//! | `attribution.approved_by` | `agent` of type text `approver` | |
//! | `client_ip`, `user_agent` | `agent` of the client: `network.address`, with type 2 where it is an IP address as it stands; `who.display` | `networkString` |
//! | `server` | `agent` of the server, `who.display` | |
//! | `tool_name` | `entity.what.display` | |
//! | `arguments`, and what has no element of its own | `detail` of that entity, each under the record's own name; JSON where it is no text | `turn_number`, `redactions`, `seq` as integers |
//! | `subjects` | an `entity` each: type 1, role 1, `what` a `Patient` by identifier | and `patient`, where there is one alone |
//! | `call_id` | `entity` of BALP's type `XrequestId` | |
//! | `conversation_id` | `entity` of type `conversation` | |
//! | `purpose` | `purposeOfEvent`, `purposeOfUse` of the user's agent: a code of [v3-PurposeOfUse](https://terminology.hl7.org/ValueSet-v3-PurposeOfUse.html) where the purpose is one, names one or is a common word for it (`billing`, `payment`, `research`, `operations`), and always as text; not said, it is left out | `authorization` |
//! | `emergency` | `purposeOfEvent` and `purposeOfUse` v3-ActReason `BTG`; what was declared in `detail`, `emergency_…` | `authorization`; `severity` alert |
//! | `outcome`, error text | `outcome`, `outcomeDesc` | `outcome.code`, `outcome.detail` |
//! | `attribution.verified` | `detail` `verified`, a JSON list: names of the members that authentication established; all others are claims | |
//! | a log made by replay | `meta.security` v3-ActReason `HTEST`, test health data | |
//! | the recorder | `source.observer.display` | |
//!
//! The whole is an event of type DCM 110100 (Application Activity), action `E`, subtype `execute_tool`, unless the
//! tool is declared.
//!
//! Codes of this crate's own are of the system `https://docs.rs/tool-audit/latest/tool_audit/export/fhir/`: `execute_tool`,
//! a tool was called; `tool`, the tool; `conversation`, the conversation that the call belongs to.
//!
//! # Outcomes
//!
//! | outcome | R4 | R5 | R5 severity |
//! |---|---|---|---|
//! | `success` | 0 | `success` | informational |
//! | `tool_error`, `denied`, `rejected`, `cancelled`, `never_polled` | 4, minor failure | `error` | warning |
//! | `service_error`, `timed_out`, `panicked` | 8, serious failure | `error` | error |
//! | `input_required` | left out: neither success nor failure | `information` | informational |
//! | a call without an end, an outcome of a later version | left out: not known | left out | left out |
//!
//! 12, major failure, is for a system that is down, which no outcome of a call says.
//!
//! # IHE BALP
//!
//! A call of a tool that [`ToolActions`] declares has type `rest`, subtype and action of [BALP](https://profiles.ihe.net/ITI/BALP/) 1.1's profiles Create,
//! Read, Update, Delete and Query, their types of agents, a client and a server in any case (with data-absent-reason
//! where the record does not name them), and the data entity, or for a query the arguments, base64, in an entity of
//! role 24. BALP speaks of successes; other outcomes have the same form.
//!
//! Texts are cleaned of what FHIR does not allow in them: control characters other than tab and line breaks are
//! written as `\u001b`, and a text of blanks alone is none.

mod agents;
mod entities;
mod purpose;

use std::io::{self, Write};

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::members::Members;
use super::source::stated_purpose;
use super::{Exporter, Scope, Source, ToolAction, ToolActions};
use crate::call::Outcome;

/// The release of FHIR.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Version {
    R4,
    R5,
}

/// Calls as FHIR AuditEvents; the module [`fhir`](self) tells what goes where.
#[derive(Debug, Clone)]
pub struct FhirExporter {
    version: Version,
    actions: ToolActions,
    observer: String,
}

impl FhirExporter {
    /// Resources of FHIR R4.
    #[must_use]
    pub fn r4() -> Self {
        Self::new(Version::R4)
    }

    /// Resources of FHIR R5.
    #[must_use]
    pub fn r5() -> Self {
        Self::new(Version::R5)
    }

    fn new(version: Version) -> Self {
        Self {
            version,
            actions: ToolActions::new(),
            observer: "tool-audit".to_owned(),
        }
    }

    /// Declares which tools read, create, update, delete or query.
    #[must_use]
    pub fn actions(mut self, actions: ToolActions) -> Self {
        self.actions = actions;
        self
    }

    /// Names the system that recorded the calls; by default `tool-audit`.
    #[must_use]
    pub fn observer(mut self, name: impl Into<String>) -> Self {
        self.observer = name.into();
        self
    }
}

impl Exporter for FhirExporter {
    fn scope(&self) -> Scope {
        Scope::Calls
    }

    fn write_call(&self, call: &Source<'_>, out: &mut dyn Write) -> io::Result<()> {
        let facts = Facts {
            source: call,
            version: self.version,
            action: self.actions.of(&call.entry.tool_name),
            purposes: purposes(call),
        };
        out.write_all(&resource(&facts, &self.observer).into_line())
    }
}

/// What the parts of a resource are made from.
struct Facts<'a> {
    source: &'a Source<'a>,
    version: Version,
    action: Option<ToolAction>,
    purposes: Vec<Value>,
}

/// Codes of this crate's own, which no published code system has.
const OWN: &str = "https://docs.rs/tool-audit/latest/tool_audit/export/fhir/";
const DCM: &str = "http://dicom.nema.org/resources/ontology/DCM";

fn resource(facts: &Facts<'_>, observer: &str) -> Members {
    let source = facts.source;
    let (kind, subtype, action) = event_type(facts.action);
    let (start, end) = (source.start(), source.end());
    let mut resource = Members::new();
    resource
        .put("resourceType", "AuditEvent")
        .put_some("id", source.id())
        .put("action", action);
    if source.replayed {
        resource.put("meta", json!({"security": [purpose::test_data()]}));
    }
    let mut period = Members::new();
    period
        .put_some("start", start.map(instant))
        .put_some("end", end.map(instant));
    match end.or(start) {
        Some(recorded) => resource.put("recorded", instant(recorded)),
        None => resource.put("_recorded", agents::unknown()),
    };
    match facts.version {
        Version::R4 => {
            resource
                .put("type", kind)
                .put("subtype", json!([subtype]))
                .put_filled("period", period)
                .put_filled("purposeOfEvent", facts.purposes.clone());
        }
        Version::R5 => {
            resource
                .put("category", json!([concept(kind)]))
                .put("code", concept(subtype))
                .put_filled("occurredPeriod", period)
                .put_filled("authorization", facts.purposes.clone())
                .put_some("severity", severity(source))
                .put_some("patient", only_patient(source));
        }
    }
    put_outcome(&mut resource, facts);
    let observer = text(observer).map_or_else(agents::unknown, |name| json!({"display": name}));
    resource
        .put("agent", agents::agents(facts))
        .put("source", json!({"observer": observer}))
        .put("entity", entities::entities(facts));
    resource
}

/// Type, subtype and action.
fn event_type(action: Option<ToolAction>) -> (Value, Value, &'static str) {
    const TYPE: &str = "http://terminology.hl7.org/CodeSystem/audit-event-type";
    const INTERACTION: &str = "http://hl7.org/fhir/restful-interaction";
    let (interaction, letter) = match action {
        Some(ToolAction::Create) => ("create", "C"),
        Some(ToolAction::Read) => ("read", "R"),
        Some(ToolAction::Update) => ("update", "U"),
        Some(ToolAction::Delete) => ("delete", "D"),
        Some(ToolAction::Query) => ("search", "E"),
        None => {
            return (
                code(DCM, "110100", Some("Application Activity")),
                code(OWN, "execute_tool", None),
                "E",
            );
        }
    };
    (
        code(TYPE, "rest", Some("RESTful Operation")),
        code(INTERACTION, interaction, Some(interaction)),
        letter,
    )
}

fn put_outcome(resource: &mut Members, facts: &Facts<'_>) {
    let entry = facts.source.entry;
    let Some(outcome) = entry.outcome else {
        return;
    };
    let summary = entry.result_summary.as_ref();
    let error =
        summary.and_then(|summary| summary.error.as_deref().or(summary.error_type.as_deref()));
    let description = match error.and_then(text) {
        Some(error) => format!("{outcome}: {error}"),
        None => outcome.to_string(),
    };
    let serious = is_serious(outcome);
    match facts.version {
        Version::R4 => {
            let number = match outcome {
                Outcome::Success => Some("0"),
                Outcome::InputRequired => None,
                _ => Some(if serious { "8" } else { "4" }),
            };
            resource
                .put_some("outcome", number)
                .put("outcomeDesc", description);
        }
        Version::R5 => {
            let word = match outcome {
                Outcome::Success => "success",
                Outcome::InputRequired => "information",
                _ => "error",
            };
            let code = code("http://hl7.org/fhir/issue-severity", word, None);
            resource.put(
                "outcome",
                json!({"code": code, "detail": [{"text": description}]}),
            );
        }
    }
}

/// True where something unforeseen went wrong, as with an HTTP status of 500.
fn is_serious(outcome: Outcome) -> bool {
    matches!(
        outcome,
        Outcome::ServiceError | Outcome::TimedOut | Outcome::Panicked
    )
}

fn severity(source: &Source<'_>) -> Option<&'static str> {
    if source.entry.emergency.is_some() {
        return Some("alert");
    }
    let outcome = source.entry.outcome?;
    Some(match outcome {
        Outcome::Success | Outcome::InputRequired => "informational",
        _ if is_serious(outcome) => "error",
        _ => "warning",
    })
}

fn purposes(source: &Source<'_>) -> Vec<Value> {
    let stated = stated_purpose(source.entry).and_then(text);
    let is_emergency = source.entry.emergency.is_some();
    // A purpose that is BTG itself says it once.
    let says_so = stated
        .as_deref()
        .is_some_and(|purpose| purpose::find(purpose).is_some_and(|(code, _)| code == "BTG"));
    let emergency = (is_emergency && !says_so).then(purpose::break_the_glass);
    stated
        .map(|purpose| purpose::concept(&purpose))
        .into_iter()
        .chain(emergency)
        .collect()
}

/// The person whom the event is about, where there is one alone.
fn only_patient(source: &Source<'_>) -> Option<Value> {
    match source.entry.subjects.as_slice() {
        [subject] if !source.entry.subjects_truncated => text(subject).map(|id| patient(&id)),
        _ => None,
    }
}

/// A subject is named by an identifier, or by a pseudonym: neither is the id of a resource.
fn patient(subject: &str) -> Value {
    json!({"type": "Patient", "identifier": {"value": subject}})
}

fn code(system: &str, code: &str, display: Option<&str>) -> Value {
    let mut coding = Members::new();
    coding
        .put("system", system)
        .put("code", code)
        .put_some("display", display);
    coding.into()
}

fn concept(coding: Value) -> Value {
    let mut concept = Members::new();
    concept.put("coding", vec![coding]);
    concept.into()
}

fn instant(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%dT%H:%M:%S%.6fZ").to_string()
}

/// A text as FHIR allows it; none where nothing can be seen in it.
fn text(text: &str) -> Option<String> {
    if text.trim().is_empty() {
        return None;
    }
    let forbidden = |one: char| one < ' ' && !matches!(one, '\t' | '\n' | '\r');
    if !text.contains(forbidden) {
        return Some(text.to_owned());
    }
    let mut clean = String::with_capacity(text.len() + 16);
    for one in text.chars() {
        if forbidden(one) {
            clean.push_str(&format!("\\u{:04x}", u32::from(one)));
        } else {
            clean.push(one);
        }
    }
    Some(clean)
}
