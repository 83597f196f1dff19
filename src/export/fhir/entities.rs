use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::{Facts, OWN, Version, code, concept, text};
use crate::export::members::{Members, json_text};
use crate::export::source::known;
use crate::export::tool_actions::ToolAction;
use crate::log::record::Previous;

const TYPE: &str = "http://terminology.hl7.org/CodeSystem/audit-entity-type";
const ROLE: &str = "http://terminology.hl7.org/CodeSystem/object-role";
const BALP: &str = "https://profiles.ihe.net/ITI/BALP/CodeSystem/BasicAuditEntityType";

/// The tool with all details of the call, the query of a search, the persons it was about, the request, the
/// conversation.
pub(super) fn entities(facts: &Facts<'_>) -> Vec<Value> {
    let entry = facts.source.entry;
    let mut entities = vec![tool(facts)];
    if facts.action == Some(ToolAction::Query) {
        let mut query = entity(facts, system_object(), Some(role("24", "Query")));
        let arguments = json_text(&Value::Object(entry.arguments.clone()));
        query.put("query", STANDARD.encode(arguments));
        entities.push(query.into());
    }
    for subject in entry.subjects.iter().filter_map(|subject| text(subject)) {
        let person = code(TYPE, "1", Some("Person"));
        let mut patient = entity(facts, person, Some(role("1", "Patient")));
        patient.put("what", super::patient(&subject));
        entities.push(patient.into());
    }
    if let Some(call) = text(&entry.call_id) {
        let mut request = entity(facts, code(BALP, "XrequestId", None), None);
        request.put("what", json!({"identifier": {"value": call}}));
        entities.push(request.into());
    }
    if let Some(conversation) = known(&entry.conversation_id).and_then(text) {
        let mut whole = entity(facts, code(OWN, "conversation", None), None);
        whole.put("what", json!({"identifier": {"value": conversation}}));
        entities.push(whole.into());
    }
    entities
}

fn tool(facts: &Facts<'_>) -> Value {
    let own = || code(OWN, "tool", None);
    // BALP: a type of 2 is the data themselves, or, where they are searched for, the query.
    let mut tool = match facts.action {
        Some(ToolAction::Query) => entity(facts, own(), None),
        Some(_) => entity(facts, system_object(), Some(role("4", "Domain Resource"))),
        None if facts.version == Version::R4 => entity(facts, system_object(), None),
        None => entity(facts, own(), None),
    };
    let name = text(&facts.source.entry.tool_name);
    let what = name.map_or_else(super::agents::unknown, |name| json!({"display": name}));
    tool.put("what", what).put_filled("detail", details(facts));
    tool.into()
}

/// R4 tells the kind of thing from its part in the event, R5 has one member for both.
fn entity(facts: &Facts<'_>, kind: Value, role: Option<Value>) -> Members {
    let mut entity = Members::new();
    match facts.version {
        Version::R4 => entity.put("type", kind).put_some("role", role),
        Version::R5 => entity.put("role", concept(role.unwrap_or(kind))),
    };
    entity
}

fn system_object() -> Value {
    code(TYPE, "2", Some("System Object"))
}

fn role(number: &str, display: &str) -> Value {
    code(ROLE, number, Some(display))
}

/// What has no element of its own, as pairs of a name and a text.
fn details(facts: &Facts<'_>) -> Vec<Value> {
    let entry = facts.source.entry;
    let attribution = &entry.attribution;
    let mut details = Details(Vec::new(), facts.version);
    details.number("turn_number", entry.turn_number);
    if facts.action != Some(ToolAction::Query) {
        details.json("arguments", &Value::Object(entry.arguments.clone()));
    }
    if let Some(outcome) = entry.outcome {
        details.text("outcome", outcome.as_str());
    }
    if let Some(summary) = &entry.result_summary {
        details.json(
            "result_summary",
            &serde_json::to_value(summary).unwrap_or_default(),
        );
    }
    if let Some(result) = &entry.result {
        details.json("result", result);
    }
    details.text("call_trigger", entry.call_trigger.as_str());
    details.text("trigger_basis", entry.trigger_basis.as_str());
    details.json("verified", &json!(attribution.verified));
    if attribution.via_cut {
        details.text("via_cut", "true");
    }
    if entry.subjects_truncated {
        details.text("subjects_truncated", "true");
    }
    if let Some(emergency) = &entry.emergency {
        let declared = [
            ("emergency_reason", &emergency.reason),
            ("emergency_declared_by", &emergency.declared_by),
            ("emergency_scope", &emergency.scope),
            ("emergency_expires_at", &emergency.expires_at),
            ("emergency_urgency", &emergency.urgency),
            ("emergency_defect", &emergency.defect),
        ];
        for (name, value) in declared {
            details.some(name, value.as_deref());
        }
    }
    details.some("tool_call_id", entry.tool_call_id.as_deref());
    details.some("retry_of", entry.retry_of.as_deref());
    details.some("continues", entry.continues.as_deref());
    details.some("trace_id", entry.trace_id.as_deref());
    details.some("span_id", entry.span_id.as_deref());
    let metadata = facts.source.other_metadata();
    if !metadata.is_empty() {
        details.json("session_metadata", &Value::Object(metadata));
    }
    details.number("redactions", entry.redactions);
    if !entry.shortened.is_empty() {
        details.json("shortened", &json!(entry.shortened));
    }
    details.text("retention_class", &entry.retention_class);
    details.some("retain_until", entry.retain_until.as_deref());
    if let Some(head) = facts.source.head {
        details.text("log", &head.log.to_string());
        details.number("seq", head.seq);
        details.text("hash", &head.hash.to_string());
        if let Previous::Hash(previous) = head.previous {
            details.text("previous_hash", &previous.to_string());
        }
    }
    details.0
}

struct Details(Vec<Value>, Version);

impl Details {
    fn text(&mut self, name: &str, value: &str) {
        if let Some(value) = text(value) {
            self.push(name, "valueString", value.into());
        }
    }

    fn some(&mut self, name: &str, value: Option<&str>) {
        if let Some(value) = value {
            self.text(name, value);
        }
    }

    fn json(&mut self, name: &str, value: &Value) {
        self.text(name, &json_text(value));
    }

    fn number(&mut self, name: &str, value: u64) {
        // R5's integers have 32 bits, R4 has none here.
        match i32::try_from(value) {
            Ok(value) if self.1 == Version::R5 => self.push(name, "valueInteger", value.into()),
            _ => self.text(name, &value.to_string()),
        }
    }

    fn push(&mut self, name: &str, kind: &str, value: Value) {
        let name = match self.1 {
            Version::R4 => name.into(),
            Version::R5 => json!({"text": name}),
        };
        let mut detail = Members::new();
        detail.put("type", name).put(kind, value);
        self.0.push(detail.into());
    }
}
