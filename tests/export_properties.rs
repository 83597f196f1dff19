//! What holds for the export of every call, whatever it says.

mod common;
mod strategies;

use proptest::option;
use proptest::prelude::*;
use serde_json::Value;
use tool_audit::export::{
    CsvExporter, Exporter, FhirExporter, JsonLinesExporter, OcsfExporter, Source, ToolAction,
    ToolActions, defuse,
};
use tool_audit::{AuditEntry, MemorySink, Outcome, Policy, Recorder, Results};

use common::read;
use strategies::{hostile, text, tool_call, value};

fn line(exporter: &dyn Exporter, entry: &AuditEntry) -> String {
    let mut out = Vec::new();
    exporter.write_call(&Source::new(entry), &mut out).unwrap();
    let line = String::from_utf8(out).unwrap();
    assert!(line.ends_with('\n') && line.matches('\n').count() == 1);
    line
}

fn json(exporter: &dyn Exporter, entry: &AuditEntry) -> Value {
    let line = line(exporter, entry);
    assert!(
        !line
            .trim_end()
            .contains(|one: char| one.is_control() || one == '\u{2028}')
    );
    serde_json::from_str(&line).unwrap()
}

/// FHIR knows no empty text, list or object, and no control characters but three.
fn assert_fhir_allows(value: &Value) {
    match value {
        Value::String(text) => {
            assert!(!text.trim().is_empty());
            let forbidden = |one: char| one < ' ' && !matches!(one, '\t' | '\n' | '\r');
            assert!(!text.contains(forbidden), "{text:?}");
        }
        Value::Array(items) => {
            assert!(!items.is_empty());
            items.iter().for_each(assert_fhir_allows);
        }
        Value::Object(members) => {
            assert!(!members.is_empty());
            members.values().for_each(assert_fhir_allows);
        }
        Value::Null => panic!("null in {value}"),
        Value::Bool(_) | Value::Number(_) => {}
    }
}

fn assert_exports(entry: &AuditEntry) {
    let actions = [None]
        .into_iter()
        .chain(ToolAction::ALL.map(Some))
        .map(|action| match action {
            Some(action) => ToolActions::new().tool("*", action),
            None => ToolActions::new(),
        });
    for actions in actions {
        for exporter in [FhirExporter::r4(), FhirExporter::r5()] {
            let event = json(&exporter.actions(actions.clone()), entry);
            assert_fhir_allows(&event);
            let requestors = event["agent"].as_array().unwrap().iter();
            assert_eq!(requestors.filter(|one| one["requestor"] == true).count(), 1);
            assert_eq!(event.to_string().contains("\"BTG\""), is_break_glass(entry));
        }
        let event = json(&OcsfExporter::new().actions(actions), entry);
        assert_eq!(event["class_uid"], 6003);
        let activity = event["activity_id"].as_i64().unwrap();
        assert_eq!(event["type_uid"], 600_300 + activity);
        assert_eq!(event["api"]["operation"], entry.tool_name.as_str());
        assert_eq!(
            event["unmapped"]["break_glass"] == true,
            entry.emergency.is_some()
        );
    }
    assert_eq!(
        line(&JsonLinesExporter::new(), entry).trim_end(),
        entry.to_json()
    );
    assert_parses_back(entry);
}

fn is_break_glass(entry: &AuditEntry) -> bool {
    let purpose = entry.purpose.as_deref().unwrap_or_default();
    entry.emergency.is_some() || purpose.contains("BTG")
}

/// Each cell is its member, defused, and none begins like a formula.
fn assert_parses_back(entry: &AuditEntry) {
    let exporter = CsvExporter::new();
    let mut table = Vec::new();
    exporter.begin(&mut table).unwrap();
    exporter
        .write_call(&Source::new(entry), &mut table)
        .unwrap();
    let mut reader = csv::Reader::from_reader(&table[..]);
    let header = reader.headers().unwrap().clone();
    assert_eq!(header.iter().collect::<Vec<_>>(), CsvExporter::columns());
    let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    assert_eq!(rows.len(), 1);
    let cell = |name: &str| {
        let at = header.iter().position(|column| column == name).unwrap();
        &rows[0][at]
    };
    for (name, expected) in [
        ("tool_name", &entry.tool_name),
        ("user_id", &entry.user_id),
        ("conversation_id", &entry.conversation_id),
        ("model", &entry.model),
        ("call_id", &entry.call_id),
        ("timestamp", &entry.timestamp),
        ("retention_class", &entry.retention_class),
        ("purpose", entry.purpose.as_ref().unwrap_or(&String::new())),
    ] {
        assert_eq!(cell(name), defuse(expected), "{name}");
    }
    for cell in &rows[0] {
        assert!(
            !cell.starts_with(['=', '+', '-', '@', '\t', '\r']),
            "{cell}"
        );
        assert!(!cell.contains(|one: char| one.is_control() || one == '\u{202e}'));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn every_recorded_call_is_exported_whole_in_every_format(
        call in tool_call(),
        answer in value(),
        outcome in prop::sample::select(&Outcome::ALL[..]),
        error in option::of((text(), text())),
    ) {
        let sink = MemorySink::new();
        let policy = Policy::new().intent_for_all().results(Results::Preview);
        let recorder = Recorder::builder(sink.clone()).policy(policy).build();
        drop(recorder.start_call(&call).finish(|builder| {
            builder.result(&answer).outcome(outcome);
            if let Some((error, error_type)) = &error {
                builder.error(error).error_type(error_type);
            }
        }));
        for line in &sink.lines() {
            assert_exports(&read(line));
        }
    }

    #[test]
    fn entries_that_no_recorder_made_are_exported_too(
        texts in prop::collection::vec(hostile(), 14),
        duration in any::<f64>(),
        timestamp in prop_oneof![
            hostile(),
            Just("0000-01-01T00:00:00.000000Z".to_owned()),
            Just("9999-12-31T23:59:59.999999Z".to_owned()),
        ],
        outcome in option::of(prop::sample::select(&Outcome::ALL[..])),
        numbers in any::<(u64, u64)>(),
    ) {
        let mut texts = texts.into_iter();
        let mut next = || texts.next().unwrap_or_default();
        let mut entry = AuditEntry::default();
        entry.tool_name = next();
        entry.user_id = next();
        entry.conversation_id = next();
        entry.model = next();
        entry.call_id = next();
        entry.retention_class = next();
        entry.purpose = Some(next());
        entry.server = Some(next());
        entry.trace_id = Some(next());
        entry.span_id = Some(next());
        entry.subjects = vec![next(), next()];
        entry.attribution.via = vec![next(), next()];
        entry.timestamp = timestamp;
        entry.outcome = outcome;
        entry.duration_ms = if duration.is_finite() { duration } else { 0.0 };
        (entry.turn_number, entry.redactions) = numbers;
        assert_exports(&entry);
    }
}

#[test]
fn formulas_and_long_names_are_texts_in_a_table() {
    for text in [
        "=cmd|' /C calc'!A0",
        "+1",
        "-1",
        "@SUM(A1)",
        "\t=1",
        "\r=1",
        " =1",
        "\u{ff1d}1",
        "a \"quoted\", text",
        "a\nb\r\nc",
        "\u{202e}gpj.exe",
        "\u{1b}]0;x\u{7}",
    ] {
        let mut entry = AuditEntry::default();
        entry.tool_name = text.to_owned();
        entry.user_id = text.repeat(10_000 / text.len());
        assert_exports(&entry);
    }
}
