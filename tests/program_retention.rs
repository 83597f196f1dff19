//! The verbs `retention`, `prune`, `hold` and `review`, as a shell asks for them.
#![cfg(unix)]

mod prune_support;

use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use chrono::{TimeDelta, Utc};
use prune_support::{Calendar, add, call, close, open, segments, twelve_calls, verdict};
use serde_json::{Value, json};

fn program(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_tool-audit"))
        .args(arguments)
        .output()
        .unwrap()
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

fn printed(output: &Output) -> String {
    let error = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{error}");
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn complaint(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// A store of calls of which the last day of keeping was over yesterday, an emergency among them, and a call of now.
fn store(folder: &Path) {
    let calendar = Calendar::at("2025-07-06T14:23:00Z");
    let now = Utc::now();
    let ago = |days| (now - TimeDelta::days(days)).to_rfc3339();
    calendar.set(&ago(40));
    let mut log = open(folder, &calendar);
    twelve_calls(&mut log, &calendar);
    let mut emergency = call("glass", &calendar, 30);
    emergency["emergency"] = json!({"reason": "chest pain", "declared_by": "usr_9"});
    add(&mut log, "tool_call", &emergency);
    twelve_calls(&mut log, &calendar);
    calendar.set(&ago(0));
    add(&mut log, "tool_call", &call("new", &calendar, 30));
    close(log);
}

#[test]
fn what_is_held_or_unreviewed_stays_until_it_is_released_and_reviewed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("audit");
    store(&path);
    let log = text(&path);
    let dry = || printed(&program(&["prune", log, "--dry-run"]));
    assert!(
        dry().contains("would go: 16 records in 4 segments"),
        "{}",
        dry()
    );
    assert!(
        dry().contains("kept: segment 16: nobody has reviewed the emergency call glass"),
        "{}",
        dry()
    );

    let set = program(&[
        "hold",
        "set",
        log,
        "--reason",
        "claim 4711",
        "--user",
        "usr_9",
        "--as",
        "legal",
    ]);
    let hold = printed(&set).trim().to_owned();
    assert!(hold.starts_with("hold-"), "{hold}");
    assert!(dry().contains("would go: nothing"), "{}", dry());
    let answer = printed(&program(&["status", log]));
    assert!(answer.contains("unreviewed    1\n"), "{answer}");
    assert!(answer.contains("legal holds in force: 1\n"), "{answer}");
    assert!(dry().contains(&format!("the hold {hold} covers record 1")));
    let listed = printed(&program(&["hold", "list", log, "--json"]));
    let listed: Value = serde_json::from_str(&listed).unwrap();
    assert_eq!(
        (&listed["hold_id"], &listed["actor"], &listed["scope"]),
        (&json!(hold), &json!("legal"), &json!({"users": ["usr_9"]}))
    );
    let listed = printed(&program(&["hold", "list", log]));
    assert!(
        listed.contains("by legal (claimed): \"claim 4711\""),
        "{listed}"
    );

    let release = |actor: &str| {
        program(&[
            "hold", "release", log, &hold, "--reason", "settled", "--as", actor,
        ])
    };
    assert!(complaint(&release("legal")).contains("somebody else has to release it"));
    assert_eq!(printed(&release("dpo")), "");
    assert_eq!(printed(&program(&["hold", "list", log])), "");

    let status = || -> Value {
        serde_json::from_str(&printed(&program(&["status", log, "--json"]))).unwrap()
    };
    assert_eq!(
        (&status()["unreviewed_emergencies"], &status()["holds"]),
        (&json!(1), &json!(0))
    );
    let review = |call: &str| {
        program(&[
            "review",
            log,
            "--call",
            call,
            "--finding",
            "justified",
            "--as",
            "dpo",
        ])
    };
    assert!(complaint(&review("glas")).contains("there is no call glas"));
    printed(&review("glass"));
    assert_eq!(status()["unreviewed_emergencies"], 0);
    assert_eq!(printed(&program(&["query", log, "--unreviewed"])), "");

    let gone = printed(&program(&["prune", log, "--as", "archivist", "--json"]));
    let gone: Value = serde_json::from_str(&gone).unwrap();
    assert_eq!(gone["logs"][0]["records"], 32, "{gone}");
    assert_eq!(segments(&path)[0], 32);
    assert!(verdict(&path.join("general")).intact);
    for verb in ["query", "stats"] {
        let asked = program(&[verb, log]);
        let note = String::from_utf8_lossy(&asked.stderr).into_owned();
        assert!(note.contains("pruned_before _seq 32"), "{verb}: {note}");
    }
    assert_eq!(status()["logs"][1]["pruned_before"], 32);
    let again = printed(&program(&["prune", log]));
    assert!(again.contains("gone: nothing"), "{again}");
    let told = printed(&program(&[
        "query",
        log,
        "--kind",
        "segments_pruned",
        "--json",
    ]));
    let told: Value = serde_json::from_str(&told).unwrap();
    assert_eq!(
        (&told["actor"], &told["actor_asserted"]),
        (&json!("archivist"), &json!(true))
    );
}

#[test]
fn a_policy_that_keeps_longer_holds_for_a_prune() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("audit");
    store(&path);
    let policy = folder.path().join("policy.toml");
    std::fs::write(&policy, "[retention.class.general]\ndays = 365\n").unwrap();
    let arguments = ["prune", text(&path), "--policy", text(&policy)];
    assert!(printed(&program(&arguments)).contains("gone: nothing"));
    std::fs::write(&policy, "[retention.class.general]\ndays = -1\n").unwrap();
    let complaint = complaint(&program(&arguments));
    assert!(complaint.contains("line 2, column 8"), "{complaint}");
}

#[test]
fn a_log_that_is_written_is_not_pruned_from_outside() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("audit");
    store(&path);
    let held = open(&path, &Calendar::at(&Utc::now().to_rfc3339()));
    let complaint = complaint(&program(&["prune", text(&path)]));
    assert!(complaint.contains("a writer holds it"), "{complaint}");
    drop(held);
    printed(&program(&["prune", text(&path)]));
}

#[test]
fn a_hold_on_a_person_takes_the_identifier_from_standard_input() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("audit");
    store(&path);
    let mut set = Command::new(env!("CARGO_BIN_EXE_tool-audit"))
        .args([
            "hold",
            "set",
            text(&path),
            "--reason",
            "claim",
            "--subject",
            "-",
        ])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    set.stdin.take().unwrap().write_all(b"P-1042\n").unwrap();
    assert!(set.wait().unwrap().success());
    let listed = printed(&program(&["hold", "list", text(&path), "--json"]));
    let listed: Value = serde_json::from_str(&listed).unwrap();
    assert_eq!(listed["scope"], json!({"subjects": ["P-1042"]}));
}

#[test]
fn retention_tells_what_each_class_holds_and_which_tools_fell_to_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("audit");
    store(&path);
    let answer = printed(&program(&["retention", text(&path), "--json"]));
    let answer: Value = serde_json::from_str(&answer).unwrap();
    let general = &answer["classes"][0];
    let records = prune_support::records(&path);
    assert_eq!(general["class"], "general");
    assert_eq!(general["records"], records.len());
    assert_eq!(general["segments"], segments(&path).len());
    assert_eq!(general["first_record"], records[0]["timestamp"]);
    assert_eq!(general["forever"], 0);
    assert_eq!(general["default_tools"], json!(["get_order"]));
    let until = |at: &Value| at["retain_until"].clone();
    assert_eq!(general["first_retain_until"], until(&records[0]));
    assert_eq!(general["last_retain_until"], until(records.last().unwrap()));
    let policy = folder.path().join("policy.toml");
    std::fs::write(
        &policy,
        "[retention.class.general]\ndays = 365\ntools = [\"get_*\"]\n",
    )
    .unwrap();
    let arguments = ["retention", text(&path), "--policy", text(&policy)];
    let answer = printed(&program(&arguments));
    assert!(
        answer.starts_with("admin\t") && answer.contains("general\t"),
        "{answer}"
    );
    assert!(!answer.contains("by default"), "{answer}");
}

#[test]
fn damage_that_was_seen_is_recorded_and_stays_damage() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("audit");
    store(&path);
    let general = path.join("general");
    let first = general.join("00000000000000000000.jsonl");
    let bytes = std::fs::read_to_string(&first).unwrap();
    std::fs::remove_file(&first).unwrap();
    std::fs::write(&first, bytes.replacen("get_order", "set_order", 1)).unwrap();
    let seen = |from: &str, through: &str| {
        program(&[
            "review",
            text(&general),
            "--from-seq",
            from,
            "--through-seq",
            through,
            "--finding",
            "the disk failed",
        ])
    };
    let refused = seen("2000", "2001");
    assert_eq!(refused.status.code(), Some(2));
    let error = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(
        error.contains("is damaged: `tool-audit verify` shows which are"),
        "{error}"
    );
    printed(&seen("0", "3"));
    let verdict = program(&["verify", text(&path)]);
    assert_eq!(verdict.status.code(), Some(1));
    let verdict = String::from_utf8_lossy(&verdict.stdout).into_owned();
    assert!(
        verdict.contains("1 acknowledgements of damage"),
        "{verdict}"
    );
    let half = program(&[
        "review",
        text(&general),
        "--from-seq",
        "0",
        "--finding",
        "x",
    ]);
    assert_eq!(half.status.code(), Some(2));
}
