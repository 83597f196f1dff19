//! The verb `alerts`, as a shell calls it.

mod written_logs;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::{Value, json};
use written_logs::{WrittenLog, call};

const RULES: &str = r#"
[[rule]]
id = "often"
when = "same_subject"
count = 10
window = "1h"

[[rule]]
id = "damaged"
when = "chain_damaged"
"#;

fn alerts(arguments: &[&str], logs: &[&Path], rules: &Path) -> Output {
    Command::new(env!("CARGO_BIN_EXE_tool-audit"))
        .arg("alerts")
        .args(logs)
        .arg("--rules")
        .arg(rules)
        .args(arguments)
        .output()
        .unwrap()
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

fn rules_in(folder: &Path) -> PathBuf {
    let path = folder.join("alerts.toml");
    fs::write(&path, RULES).unwrap();
    path
}

/// A store with an access each other minute, the first in minute `first`.
fn store(folder: &Path, number: u8, first: u32, tool: &str) -> PathBuf {
    let store = folder.join(format!("tools-{number}"));
    let mut log = WrittenLog::create(&store.join("general"), number);
    for step in 0..5 {
        let mut members = call("conv_1", tool, "success", (first + 2 * step) * 60);
        members["subjects"] = json!(["P-7"]);
        log.add("tool_call", &members);
    }
    store
}

#[test]
fn several_stores_are_merged_and_a_rule_that_fires_is_exit_status_one() {
    let folder = tempfile::tempdir().unwrap();
    let rules = rules_in(folder.path());
    let (one, two) = (
        store(folder.path(), 1, 0, "get_patient"),
        store(folder.path(), 2, 1, "get_patient"),
    );
    // Five accesses each: no store has ten by itself.
    for each in [&one, &two] {
        let output = alerts(&[], &[each], &rules);
        assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
        assert_eq!(text(&output.stdout), "no rule fired\n");
    }
    let output = alerts(&[], &[&one, &two], &rules);
    assert_eq!(output.status.code(), Some(1), "{}", text(&output.stderr));
    let shown = text(&output.stdout);
    assert_eq!(shown.lines().count(), 1, "{shown}");
    assert!(
        shown.contains(" high often: accesses=10 subject=P-7 "),
        "{shown}"
    );

    // Given twice, and as the folder of both, a log counts once.
    let output = alerts(&["--json"], &[folder.path(), &one], &rules);
    assert_eq!(output.status.code(), Some(1), "{}", text(&output.stderr));
    let alert: Value = serde_json::from_str(text(&output.stdout).trim()).unwrap();
    assert_eq!(
        (&alert["rule"], &alert["severity"]),
        (&json!("often"), &json!("high"))
    );
    assert_eq!(alert["call_ids"].as_array().unwrap().len(), 10);
    assert_eq!(alert["detail"]["subject"], "P-7");
}

#[test]
fn a_damaged_log_fires_the_rule_about_damage() {
    let folder = tempfile::tempdir().unwrap();
    let rules = rules_in(folder.path());
    let one = store(folder.path(), 1, 0, "get_patient");
    let segment = one.join("general/00000000000000000000.jsonl");
    let changed = fs::read_to_string(&segment)
        .unwrap()
        .replacen("P-7", "P-8", 1);
    fs::write(&segment, changed).unwrap();
    let output = alerts(&["--json"], &[&one], &rules);
    assert_eq!(output.status.code(), Some(1), "{}", text(&output.stderr));
    let alert: Value = serde_json::from_str(text(&output.stdout).trim()).unwrap();
    assert_eq!(alert["rule"], "damaged");
    assert_eq!(alert["detail"]["damage"], "hash_mismatch");
}

#[test]
fn the_reading_is_recorded_in_each_store_with_the_rules_that_were_asked() {
    let folder = tempfile::tempdir().unwrap();
    let rules = rules_in(folder.path());
    let one = store(folder.path(), 1, 0, "get_patient");
    let two = store(folder.path(), 2, 1, "get_patient");
    alerts(&["--as", "on-call"], &[&one, &two], &rules);
    for store in [one, two] {
        let log = fs::read_to_string(store.join("admin/00000000000000000000.jsonl")).unwrap();
        let read = log.lines().find(|line| line.contains("log_read")).unwrap();
        let read: Value = serde_json::from_str(read).unwrap();
        assert_eq!(
            (&read["actor"], &read["verb"]),
            (&json!("on-call"), &json!("alerts"))
        );
        assert_eq!(read["filter"], json!({"rules": ["often", "damaged"]}));
    }
}

#[test]
fn what_a_log_says_forges_nothing_on_a_terminal() {
    let folder = tempfile::tempdir().unwrap();
    let rules = folder.path().join("alerts.toml");
    let first_use = "[[rule]]\nid = \"first\"\nwhen = \"first_use\"\nwindow = \"1h\"\n";
    fs::write(&rules, first_use).unwrap();
    let one = store(
        folder.path(),
        1,
        0,
        "x\u{1b}[2J\n2026-01-01 critical forged",
    );
    let output = alerts(&[], &[&one], &rules);
    let shown = text(&output.stdout);
    assert_eq!(shown.lines().count(), 1, "{shown}");
    assert!(!shown.contains('\u{1b}'), "{shown}");
}

#[test]
fn what_cannot_be_done_is_exit_status_two_with_a_line_that_says_why() {
    let folder = tempfile::tempdir().unwrap();
    let rules = rules_in(folder.path());
    let one = store(folder.path(), 1, 0, "get_patient");
    let told = |output: &Output| {
        assert_eq!(output.status.code(), Some(2));
        assert!(output.stdout.is_empty());
        text(&output.stderr).to_owned()
    };
    let missing = alerts(&[], &[&one], &folder.path().join("none.toml"));
    assert!(told(&missing).contains("none.toml"));
    let no_log = alerts(&[], &[&folder.path().join("none")], &rules);
    assert!(told(&no_log).contains("none"));
    fs::write(&rules, "[[rule]]\nid = \"a\"\nwhen = \"never\"\n").unwrap();
    let wrong = told(&alerts(&[], &[&one], &rules));
    assert!(
        wrong.contains("line 3, column 8") && wrong.lines().count() == 1,
        "{wrong}"
    );
    assert_eq!(alerts(&[], &[], &rules).status.code(), Some(2));
}

#[test]
fn lines_that_are_no_records_are_told_whichever_way_the_path_is_given() {
    let folder = tempfile::tempdir().unwrap();
    let rules = folder.path().join("rules.toml");
    fs::write(
        &rules,
        "[[rule]]\nid = \"losses\"\nwhen = \"entries_lost\"\n",
    )
    .unwrap();
    let log = WrittenLog::create(&folder.path().join("audit/general"), 1);
    log.append(b"no record\n{}\n");
    for path in ["audit", "./audit/general"] {
        let output = Command::new(env!("CARGO_BIN_EXE_tool-audit"))
            .current_dir(folder.path())
            .args(["alerts", path, "--rules", "rules.toml"])
            .output()
            .unwrap();
        let note = text(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{note}");
        assert!(
            note.contains(&format!("run `tool-audit verify {path}`")),
            "{note}"
        );
    }
}
