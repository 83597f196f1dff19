//! What each format makes of each outcome and of each thing that a call can say, as files that people can read.
//!
//! `UPDATE_GOLDEN=1 cargo test --all-features --test export_golden` writes the files anew; what it changes has to be
//! read.

mod written_logs;

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use tool_audit::Outcome;
use tool_audit::export::{
    CsvExporter, Export, Exporter, FhirExporter, JsonLinesExporter, OcsfExporter, ToolAction,
    ToolActions,
};
use tool_audit::query::Filter;
use written_logs::WrittenLog;

fn actions() -> ToolActions {
    ToolActions::new()
        .tool("add_note", ToolAction::Create)
        .tool("get_*", ToolAction::Read)
        .tool("move_patient", ToolAction::Update)
        .tool("drop_note", ToolAction::Delete)
        .tool("search_*", ToolAction::Query)
}

fn exporters() -> Vec<(&'static str, Box<dyn Exporter>)> {
    vec![
        ("fhir-r4", Box::new(FhirExporter::r4().actions(actions()))),
        ("fhir-r5", Box::new(FhirExporter::r5().actions(actions()))),
        (
            "ocsf",
            Box::new(
                OcsfExporter::new()
                    .actions(actions())
                    .subject_type("Patient"),
            ),
        ),
        ("csv", Box::new(CsvExporter::new())),
        ("jsonl", Box::new(JsonLinesExporter::new())),
    ]
}

/// A call that says all that most calls say.
fn call(tool: &str, outcome: Outcome) -> Value {
    let mut members = written_logs::call("conv_abc123", tool, outcome.as_str(), 3661);
    members["attribution"]["initiator_role"] = json!("support_agent");
    members["attribution"]["verified"] = json!(["user_id"]);
    members["session_metadata"] = json!({
        "client_ip": "10.0.1.5", "user_agent": "SupportDashboard/2.1", "user_role": "support_agent",
    });
    members["tool_call_id"] = json!("call_1");
    members["turn_number"] = json!(3);
    if outcome.is_failure() {
        members["result_summary"]["error"] = json!("it did not work");
        members["result_summary"]["error_type"] = json!(outcome.as_str());
    } else {
        members["result_summary"] = json!({
            "fields": ["order_id", "status"], "order_id": "ORD-1", "status": "shipped", "success": outcome.is_success(),
        });
    }
    members
}

fn patient_call(tool: &str) -> Value {
    let mut members = call(tool, Outcome::Success);
    members["arguments"] = json!({"patient_id": "P-7"});
    members["subjects"] = json!(["P-7"]);
    members["purpose"] = json!("treatment");
    members["server"] = json!("records");
    members
}

/// Name, kind and members of each record.
fn cases() -> Vec<(String, &'static str, Value)> {
    let mut cases: Vec<(String, &'static str, Value)> = Outcome::ALL
        .into_iter()
        .map(|outcome| {
            let members = call("update_order_status", outcome);
            (outcome.to_string(), "tool_call", members)
        })
        .collect();
    let mut add = |name: &str, kind, members| cases.push((name.to_owned(), kind, members));

    let mut started = call("update_order_status", Outcome::Success);
    for member in ["outcome", "success", "duration_ms", "result_summary"] {
        started.as_object_mut().unwrap().remove(member);
    }
    add("without_end", "tool_call_started", started);

    let mut emergency = patient_call("get_patient");
    emergency["emergency"] = json!({
        "reason": "cardiac arrest", "declared_by": "usr_9", "scope": "P-7", "urgency": "high",
        "expires_at": "2025-07-06T02:00:00Z",
    });
    add("emergency", "tool_call", emergency);
    for (name, tool) in [
        ("create", "add_note"),
        ("read", "get_patient"),
        ("update", "move_patient"),
        ("delete", "drop_note"),
        ("query", "search_patients"),
    ] {
        add(name, "tool_call", patient_call(tool));
    }

    let mut everything = patient_call("refund");
    everything["subjects"] = json!(["P-7", "P-8"]);
    everything["subjects_truncated"] = json!(true);
    everything["purpose"] = json!("quality round of 2025");
    everything["result"] = json!({"status": "refunded"});
    everything["retry_of"] = json!("call-1");
    everything["continues"] = json!("call-2");
    everything["trace_id"] = json!("0af7651916cd43dd8448eb211c80319c");
    everything["span_id"] = json!("b7ad6b7169203331");
    everything["shortened"] = json!(["arguments"]);
    everything["retain_until"] = json!("2026-07-06");
    everything["session_metadata"]["client_ip"] = json!("10.0.1.0/24");
    everything["session_metadata"]["region"] = json!("eu");
    everything["attribution"]["via"] = json!(["planner", "billing-agent"]);
    everything["attribution"]["via_cut"] = json!(true);
    everything["attribution"]["approved_by"] = json!("usr_1");
    everything["attribution"]["rule"] = json!("nightly-refunds");
    add("everything", "tool_call", everything);

    add(
        "least",
        "tool_call",
        json!({"outcome": "success", "success": true, "timestamp": "2025-07-06T01:01:01.000000Z"}),
    );

    let text = "=cmd|' /C calc'!A0\u{1b}[2K\r\n\",</script>\u{202e}\u{0}é";
    let mut hostile = call(text, Outcome::ToolError);
    for member in ["user_id", "conversation_id", "model", "purpose", "server"] {
        hostile[member] = json!(text);
    }
    hostile["arguments"] = json!({text: text});
    hostile["result_summary"]["error"] = json!(text);
    hostile["subjects"] = json!([text]);
    add("hostile", "tool_call", hostile);
    cases
}

fn golden(format: &str, name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/export")
        .join(format)
        .join(name)
}

/// The lines of one call, without what the log itself adds, in a form in which people can read them.
fn readable(format: &str, lines: &[String]) -> String {
    lines
        .iter()
        .map(|line| {
            if format == "csv" || format == "jsonl" {
                return line.clone();
            }
            // The next release makes no other events of the same calls.
            let line = line.replace(
                concat!(
                    "\"name\":\"tool-audit\",\"version\":\"",
                    env!("CARGO_PKG_VERSION")
                ),
                "\"name\":\"tool-audit\",\"version\":\"VERSION",
            );
            let value: Value = serde_json::from_str(&line).unwrap();
            format!("{}\n", serde_json::to_string_pretty(&value).unwrap())
        })
        .collect()
}

fn export(log: &Path, exporter: Box<dyn Exporter>) -> Vec<String> {
    let filter = Filter::new().kind("tool_call").kind("tool_call_started");
    let mut export = Export::open(log, &filter, exporter).unwrap();
    let mut lines = Vec::new();
    while let Some(line) = export.next_line().unwrap() {
        lines.push(line.to_owned());
    }
    assert_eq!(export.left_out().unreadable, 0);
    lines
}

#[test]
fn every_format_says_of_every_call_what_its_file_says() {
    let update = std::env::var_os("UPDATE_GOLDEN").is_some();
    for (name, kind, members) in cases() {
        let folder = tempfile::tempdir().unwrap();
        let source = if name == "read" { "replay" } else { "live" };
        let mut log =
            WrittenLog::create_as(folder.path(), 1, &json!({"format": 1, "source": source}));
        log.add(kind, &members);
        for (format, exporter) in exporters() {
            let shown = readable(format, &export(folder.path(), exporter));
            let ending = if matches!(format, "csv" | "jsonl") {
                format
            } else {
                "json"
            };
            let path = golden(format, &format!("{name}.{ending}"));
            if update {
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                fs::write(&path, &shown).unwrap();
            }
            let expected = fs::read_to_string(&path).unwrap_or_default();
            assert_eq!(shown, expected, "{}", path.display());
        }
    }
}
