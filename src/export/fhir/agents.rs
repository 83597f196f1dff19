use serde_json::{Value, json};

use super::{DCM, Facts, Version, code, concept, text};
use crate::export::members::Members;
use crate::export::source::known;
use crate::export::tool_actions::ToolAction;

const PARTICIPATION: &str = "http://terminology.hl7.org/CodeSystem/v3-ParticipationType";
const PROVENANCE: &str = "http://terminology.hl7.org/CodeSystem/provenance-participant-type";

/// User, rule, client, model, agents between, approver and tool server, as far as the record names them.
pub(super) fn agents(facts: &Facts<'_>) -> Vec<Value> {
    let entry = facts.source.entry;
    let attribution = &entry.attribution;
    let user = known(&entry.user_id);
    let rule = attribution.rule.as_deref().and_then(text);
    let mut agents = Vec::new();
    // Somebody asked, even where nobody said who; but a rule is no person.
    if user.is_some() || rule.is_none() {
        agents.push(user_agent(facts, user));
    }
    if let Some(rule) = rule {
        let mut agent = program(facts, "rule", &rule);
        agent.put("requestor", user.is_none());
        agents.push(agent.into());
    }
    agents.extend(client(facts));
    let names = known(&entry.model)
        .map(|model| ("model", model))
        .into_iter()
        .chain(
            attribution
                .via
                .iter()
                .map(|agent| ("agent", agent.as_str())),
        )
        .filter_map(|(what, name)| Some((what, text(name)?)));
    for (what, name) in names {
        agents.push(program(facts, what, &name).into());
    }
    if let Some(approver) = attribution.approved_by.as_deref().and_then(text) {
        let mut agent = Members::new();
        agent
            .put("type", json!({"text": "approver"}))
            .put("who", json!({"identifier": {"value": approver}}))
            .put("requestor", false);
        agents.push(agent.into());
    }
    agents.extend(server(facts));
    agents
}

fn user_agent(facts: &Facts<'_>, user: Option<&str>) -> Value {
    // BALP: who gets data is their recipient, who changes them their author.
    let (kind, display) = match facts.action {
        Some(ToolAction::Create | ToolAction::Update | ToolAction::Delete) => {
            ("AUT", "author (originator)")
        }
        Some(ToolAction::Read | ToolAction::Query) | None => ("IRCP", "information recipient"),
    };
    let who = match user.and_then(text) {
        Some(user) => json!({"identifier": {"value": user}}),
        None => unknown(),
    };
    let purposes = match facts.version {
        Version::R4 => "purposeOfUse",
        Version::R5 => "authorization",
    };
    let role = facts.source.role().and_then(text);
    let mut agent = Members::new();
    agent
        .put("type", concept(code(PARTICIPATION, kind, Some(display))))
        .put_some("role", role.map(|role| json!([{"text": role}])))
        .put("who", who)
        .put("requestor", true)
        .put_filled(purposes, facts.purposes.clone());
    agent.into()
}

/// A program that took part without having asked.
fn program(facts: &Facts<'_>, what: &str, name: &str) -> Members {
    // BALP: on a deletion the type 110150 says who the client was.
    let kind = if facts.action == Some(ToolAction::Delete) {
        json!({"text": what})
    } else {
        json!({"coding": [code(DCM, "110150", Some("Application"))], "text": what})
    };
    let mut agent = Members::new();
    agent
        .put("type", kind)
        .put("who", json!({"display": name}))
        .put("requestor", false);
    agent
}

/// Where the request came from. BALP wants it in any case.
fn client(facts: &Facts<'_>) -> Option<Value> {
    let address = facts.source.metadata("client_ip").and_then(text);
    let program = facts.source.metadata("user_agent").and_then(text);
    if facts.action.is_none() && address.is_none() && program.is_none() {
        return None;
    }
    let kind = match facts.action {
        Some(ToolAction::Read) => code(DCM, "110152", Some("Destination Role ID")),
        Some(ToolAction::Delete) => code(DCM, "110150", Some("Application")),
        _ => code(DCM, "110153", Some("Source Role ID")),
    };
    Some(end_of_the_wire(
        facts,
        kind,
        program.as_deref(),
        address.as_deref(),
    ))
}

/// What answered. BALP wants it in any case.
fn server(facts: &Facts<'_>) -> Option<Value> {
    let name = facts.source.entry.server.as_deref().and_then(text);
    if facts.action.is_none() && name.is_none() {
        return None;
    }
    let kind = match facts.action {
        Some(ToolAction::Read) => code(DCM, "110153", Some("Source Role ID")),
        Some(ToolAction::Delete) => code(PROVENANCE, "custodian", Some("Custodian")),
        _ => code(DCM, "110152", Some("Destination Role ID")),
    };
    Some(end_of_the_wire(facts, kind, name.as_deref(), None))
}

fn end_of_the_wire(
    facts: &Facts<'_>,
    kind: Value,
    name: Option<&str>,
    address: Option<&str>,
) -> Value {
    let mut agent = Members::new();
    agent
        .put("type", concept(kind))
        .put(
            "who",
            name.map_or_else(unknown, |name| json!({"display": name})),
        )
        .put("requestor", false);
    match (facts.version, address) {
        (Version::R4, Some(address)) => {
            let mut network = Members::new();
            network.put("address", address);
            // A truncated address or a pseudonym is none of the types that there are.
            if address.parse::<std::net::IpAddr>().is_ok() {
                network.put("type", "2");
            }
            agent.put("network", network);
        }
        (Version::R4, None) if facts.action.is_some() => {
            agent.put("network", unknown());
        }
        (Version::R5, Some(address)) => {
            agent.put("networkString", address);
        }
        (Version::R4 | Version::R5, None) => {}
    }
    agent.into()
}

/// FHIR's own way to say that a value that has to be there is not known.
pub(super) fn unknown() -> Value {
    json!({"extension": [{
        "url": "http://hl7.org/fhir/StructureDefinition/data-absent-reason",
        "valueCode": "unknown",
    }]})
}
