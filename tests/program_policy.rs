//! A policy tried on recorded calls, and keys for pseudonyms, as a shell asks for them.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

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
    assert_eq!(output.status.code(), Some(2));
    assert!(output.stdout.is_empty());
    let error = String::from_utf8(output.stderr.clone()).unwrap();
    assert_eq!(error.lines().count(), 1, "{error}");
    error
}

const CALLS: &str = concat!(
    r#"{"tool_name":"refund_order","arguments":{"badge":"B-7","reason":"late"},"result":{"badge":"B-8"}}"#,
    "\n",
    r#"{"tool_name":"get_order","arguments":{"note":"TKT-123456","reason":"late"},"error":"no TKT-654321"}"#,
    "\n",
);

const POLICY: &str = r#"
[keys]
redact = ["badge"]
[[pattern]]
name = "ticket"
regex = 'TKT-\d{6}'
action = "redact"
[tools."refund_*".keys]
drop = ["reason"]
"#;

#[test]
fn a_replay_says_what_a_policy_would_do_by_rule() {
    let folder = tempfile::tempdir().unwrap();
    let [calls, policy, log] =
        ["calls.jsonl", "policy.toml", "log"].map(|name| folder.path().join(name));
    fs::write(&calls, CALLS).unwrap();
    fs::write(&policy, POLICY).unwrap();
    let arguments = [
        "replay",
        text(&calls),
        "--log",
        text(&log),
        "--policy",
        text(&policy),
    ];

    let shown = printed(&program(&arguments));
    for (rule, count) in [("badge", 2), ("reason", 1), ("ticket", 2)] {
        assert!(shown.contains(&format!("  {rule:<24}{count}\n")), "{shown}");
    }
    let answer = printed(&program(&[&arguments[..], &["--json"]].concat()));
    let answer: Value = serde_json::from_str(&answer).unwrap();
    assert_eq!(
        answer["rules"],
        json!({"badge": 2, "reason": 1, "ticket": 2})
    );
    assert_eq!(answer["calls"], 2);

    let found = printed(&program(&[
        "query",
        text(&log),
        "--json",
        "--kind",
        "tool_call",
    ]));
    for record in found.lines() {
        for secret in ["B-7", "B-8", "TKT-"] {
            assert!(!record.contains(secret), "{record}");
        }
    }
    assert!(
        found.contains(r#""reason":"[DROPPED:reason]""#) && found.contains(r#""reason":"late""#)
    );
}

#[test]
fn a_policy_that_is_none_stops_a_replay_before_it_begins() {
    let folder = tempfile::tempdir().unwrap();
    let [calls, policy, log] =
        ["calls.jsonl", "policy.toml", "log"].map(|name| folder.path().join(name));
    fs::write(&calls, CALLS).unwrap();
    fs::write(&policy, "preset = \"default\"\nkeys.redakt = []\n").unwrap();
    let arguments = [
        "replay",
        text(&calls),
        "--log",
        text(&log),
        "--policy",
        text(&policy),
    ];
    let error = complaint(&program(&arguments));
    assert!(
        error.contains("policy.toml, line 2, column 6: there is no member \"redakt\""),
        "{error}"
    );
    assert!(!log.exists());
}

#[test]
fn a_made_key_is_one_that_a_policy_can_name() {
    let folder = tempfile::tempdir().unwrap();
    let [key, policy, calls, log] =
        ["a.key", "policy.toml", "calls.jsonl", "log"].map(|name| folder.path().join(name));
    let made = printed(&program(&[
        "keygen",
        "--pseudonym",
        text(&key),
        "--id",
        "k2026",
    ]));
    assert!(made.starts_with("the key k2026 is in "), "{made}");
    let error = complaint(&program(&["keygen", "--pseudonym", text(&key)]));
    assert!(error.contains("name a new file"), "{error}");
    let unnamed = folder.path().join("b.key");
    assert!(
        printed(&program(&["keygen", "--pseudonym", text(&unnamed)])).starts_with("the key k20")
    );

    fs::write(&policy, "[pseudonym_key]\nfile = \"a.key\"\n").unwrap();
    fs::write(
        &calls,
        "{\"tool_name\":\"t\",\"arguments\":{\"phone\":\"+1 555 010-7788\"}}\n",
    )
    .unwrap();
    printed(&program(&[
        "replay",
        text(&calls),
        "--log",
        text(&log),
        "--policy",
        text(&policy),
    ]));
    let found = printed(&program(&["query", text(&log), "--json"]));
    assert!(found.contains("pn:phone:k2026:"), "{found}");
    assert!(found.contains("\"pseudonym_key_id\":\"k2026\""), "{found}");
}

#[test]
fn without_a_key_the_log_says_that_none_was_given() {
    let folder = tempfile::tempdir().unwrap();
    let [calls, log] = ["calls.jsonl", "log"].map(|name| folder.path().join(name));
    fs::write(&calls, CALLS).unwrap();
    printed(&program(&["replay", text(&calls), "--log", text(&log)]));
    let created = printed(&program(&[
        "query",
        text(&log),
        "--json",
        "--kind",
        "log_created",
    ]));
    assert!(
        created.contains("\"pseudonym_key_id\":\"eph\""),
        "{created}"
    );
}
