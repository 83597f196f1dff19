//! Validators of other people find nothing wrong with what real calls are exported as.

// A test that cannot run must say so where people look.
#![allow(clippy::print_stderr)]

mod written_logs;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};
use tool_audit::Outcome;
use written_logs::{WrittenLog, call};

/// The folder with recorded calls and validators.
fn shared() -> Option<PathBuf> {
    let shared = std::env::var_os("TOOL_AUDIT_SHARED").map(PathBuf::from);
    if shared.is_none() {
        eprintln!("SKIPPED: TOOL_AUDIT_SHARED is not set, so no validator was run");
    }
    shared
}

fn program(arguments: &[&str]) -> Vec<u8> {
    let output = Command::new(env!("CARGO_BIN_EXE_tool-audit"))
        .args(arguments)
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{arguments:?}: {errors}");
    output.stdout
}

/// Runs a validator; false where it lacks its packages.
fn valid(shared: &Path, script: &str, arguments: &[&str], file: &Path) -> bool {
    let python = std::env::var_os("TOOL_AUDIT_PYTHON").unwrap_or_else(|| "python3".into());
    let output = Command::new(python)
        .arg(shared.join("validate").join(script))
        .args(arguments)
        .arg(file)
        .output();
    let Ok(output) = output else {
        eprintln!("SKIPPED: python3 is missing, so {script} was not run");
        return false;
    };
    let errors = String::from_utf8_lossy(&output.stderr);
    if output.status.code() == Some(2) && errors.contains("missing package") {
        eprintln!("SKIPPED: {errors} (TOOL_AUDIT_PYTHON names a Python that has it)");
        return false;
    }
    let found = String::from_utf8_lossy(&output.stdout);
    let last = found.lines().rev().take(20).collect::<Vec<_>>().join("\n");
    assert_eq!(output.status.code(), Some(0), "{script}: {last}\n{errors}");
    true
}

/// Every recorded call, replayed into a log of its own for each file.
fn replay_all(shared: &Path, store: &Path) {
    for file in fs::read_dir(shared.join("data")).unwrap() {
        let file = file.unwrap().path();
        let name = file.file_stem().unwrap().to_str().unwrap().to_owned();
        if file.extension().is_none_or(|end| end != "jsonl") || name == "mcp_wire" {
            continue;
        }
        let log = store.join(&name);
        program(&[
            "replay",
            file.to_str().unwrap(),
            "--log",
            log.to_str().unwrap(),
            "--results",
            "preview",
        ]);
    }
}

/// One call of each outcome, one without an end, and an emergency, with everything that a call can say and with nothing.
fn write_each_outcome(store: &Path) {
    let mut log = WrittenLog::create(&store.join("made"), 1);
    let mut seconds = 0;
    for outcome in Outcome::ALL {
        for tool in ["get_patient", "search_patients", "charge"] {
            seconds += 1;
            log.add(
                "tool_call",
                &call("conv_1", tool, outcome.as_str(), seconds),
            );
        }
    }
    log.add("tool_call_started", &started(5000));
    let hostile = "=cmd\u{1b}[2K\u{a0}\u{85}\u{2028}\u{202e}\u{0}\"</script>é𝄞";
    let mut full = call("conv_1", "get_patient", "success", 5001);
    for member in [
        "user_id",
        "tool_name",
        "model",
        "conversation_id",
        "server",
        "purpose",
        "tool_call_id",
        "retry_of",
        "trace_id",
        "span_id",
    ] {
        full[member] = json!(hostile);
    }
    full["subjects"] = json!([hostile, "\u{a0}", ""]);
    full["session_metadata"] = json!({"client_ip": hostile, "user_agent": hostile, "user_role": hostile, "other": [1, null]});
    full["attribution"]["via"] = json!([hostile, ""]);
    full["attribution"]["rule"] = json!(hostile);
    full["result"] = json!([hostile, 1.5, null]);
    log.add("tool_call", &full);
    for (result, seconds) in [
        (json!("text"), 5002),
        (json!(7), 5003),
        (json!(false), 5004),
    ] {
        let mut members = call("conv_1", "charge", "success", seconds);
        members["result"] = result;
        log.add("tool_call", &members);
    }
    let mut emergency = call("conv_er", "get_patient", "success", 6000);
    emergency["purpose"] = json!("treatment");
    emergency["subjects"] = json!(["P-7"]);
    emergency["emergency"] = json!({"reason": "cardiac arrest", "declared_by": "usr_9"});
    log.add("tool_call", &emergency);
}

fn started(seconds: u32) -> Value {
    let mut members = call("conv_1", "charge", "success", seconds);
    for member in ["outcome", "success", "duration_ms", "result_summary"] {
        members.as_object_mut().unwrap().remove(member);
    }
    members
}

fn events(file: &Path) -> Vec<Value> {
    let text = fs::read_to_string(file).unwrap();
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

fn codes(concepts: &Value) -> Vec<&Value> {
    let concepts = concepts.as_array().unwrap().iter();
    concepts.map(|one| &one["coding"][0]["code"]).collect()
}

#[test]
fn validators_find_nothing_wrong_with_any_exported_call() {
    let Some(shared) = shared() else { return };
    let folder = tempfile::tempdir().unwrap();
    let store = folder.path().join("store");
    replay_all(&shared, &store);
    write_each_outcome(&store);
    let log = store.to_str().unwrap();
    let calls = program(&["export", log, "--format", "jsonl", "--kind", "tool_call"]);
    let ended = calls.iter().filter(|byte| **byte == b'\n').count();
    assert!(ended > 4000, "{ended} calls");
    for (format, script, arguments) in [
        ("fhir-r4", "validate_fhir.py", &["--balp"][..]),
        ("fhir-r4", "validate_fhir.py", &["--version", "R4B"]),
        ("fhir-r5", "validate_fhir.py", &["--version", "R5"]),
        ("ocsf", "validate_ocsf.py", &[]),
    ] {
        let file = folder
            .path()
            .join(format!("{format}{}", arguments.join("")));
        let path = file.to_str().unwrap();
        #[rustfmt::skip]
        program(&[
            "export", log, "--format", format, "--output", path, "--action", "read=get_*", "--action", "query=*search*",
            "--action", "create=add_*", "--action", "update=update_*", "--action", "delete=*cancel*",
        ]);
        let events = events(&file);
        // One call has no end, and is exported all the same.
        assert_eq!(events.len(), ended + 1, "{format}");
        let emergency = events
            .iter()
            .find(|event| event.to_string().contains("conv_er"))
            .unwrap();
        let agent = &emergency["agent"][0];
        match format {
            "fhir-r4" => {
                assert_eq!(codes(&emergency["purposeOfEvent"]), ["TREAT", "BTG"]);
                assert_eq!(codes(&agent["purposeOfUse"]), ["TREAT", "BTG"]);
            }
            "fhir-r5" => {
                assert_eq!(codes(&emergency["authorization"]), ["TREAT", "BTG"]);
                assert_eq!(codes(&agent["authorization"]), ["TREAT", "BTG"]);
            }
            _ => {
                assert_eq!(emergency["unmapped"]["break_glass"], true);
                assert_eq!(emergency["unmapped"]["purpose"], "treatment");
            }
        }
        if !valid(&shared, script, arguments, &file) {
            return;
        }
    }
}
