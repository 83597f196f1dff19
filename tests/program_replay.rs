//! The verbs `replay` and `verify`, as a shell calls them.
#![allow(clippy::print_stderr)]

mod written_logs;

use std::collections::BTreeSet;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::{Value, json};
use written_logs::{WrittenLog, call};

fn program(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_tool-audit"))
        .args(arguments)
        .output()
        .unwrap()
}

fn replay(calls: &str, log: &Path, more: &[&str]) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_tool-audit"))
        .args(["replay", "-", "--log"])
        .arg(log)
        .args(more)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    // The program may end before it has read everything.
    let _ = input.write_all(calls.as_bytes());
    drop(input);
    child.wait_with_output().unwrap()
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

fn status(output: &Output) -> i32 {
    output.status.code().unwrap()
}

fn complaint(output: &Output) -> &str {
    let error = text(&output.stderr);
    assert_eq!(error.lines().count(), 1, "{error}");
    error.strip_prefix("tool-audit: ").unwrap().trim_end()
}

fn records(log: &Path, more: &[&str]) -> Vec<Value> {
    let mut arguments = vec!["query", log.to_str().unwrap(), "--json"];
    arguments.extend(more);
    let output = program(&arguments);
    text(&output.stdout)
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

const CALLS: &str = concat!(
    r#"{"conversation_id":"c","turn_number":1,"tool_name":"get_order","result":{"order_id":"ORD-1","status":"shipped"}}"#,
    "\n",
    r#"{"conversation_id":"c","turn_number":2,"tool_name":"cancel_order","error":"Cannot cancel shipped order"}"#,
    "\n",
    r#"{"conversation_id":"c","turn_number":3,"tool_name":"return_order","panic":"no such row"}"#,
    "\n",
);

#[test]
fn a_replay_makes_a_log_that_verifies_and_tells_what_happened() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("audit");
    for durability in ["buffered", "flushed", "synced"] {
        let output = replay(CALLS, &log, &["--durability", durability]);
        assert_eq!(status(&output), 0, "{}", text(&output.stderr));
        // Neither a panic message nor a backtrace.
        assert_eq!(text(&output.stderr), "");
        let told = text(&output.stdout);
        assert!(told.starts_with("REPLAYED: "), "{told}");
        assert!(told.contains("\n3 calls, 2 failed\n"), "{told}");
        assert!(told.contains("panicked        1\n"), "{told}");
        assert!(
            told.ends_with(&format!("log: {}\n", log.display())),
            "{told}"
        );
    }
    let verified = program(&["verify", log.to_str().unwrap()]);
    assert_eq!(status(&verified), 0);
    assert!(text(&verified.stdout).contains("\nINTACT"));
    assert!(text(&verified.stdout).starts_with("REPLAYED: "));
    let calls = records(&log, &["--kind", "tool_call"]);
    assert_eq!(calls.len(), 9);
    assert_eq!(
        calls[1]["result_summary"]["error"],
        "Cannot cancel shipped order"
    );
    let timeline = program(&["timeline", log.to_str().unwrap(), "--conversation", "c"]);
    let signs: String = text(&timeline.stdout)
        .lines()
        .skip(1)
        .map(|line| line.split(' ').nth(2).unwrap())
        .collect();
    assert_eq!(signs, "✅❌❌".repeat(3));
}

#[test]
fn previews_keep_the_result_and_summaries_do_not() {
    let folder = tempfile::tempdir().unwrap();
    let store = folder.path().join("audit");
    let calls = r#"{"tool_name":"t","result":{"note":"kept","password":"hunter2"}}"#;
    replay(calls, &store, &["--results", "preview"]);
    replay(calls, &store, &[]);
    let calls = records(&store, &["--tool", "t"]);
    assert_eq!(calls[0]["result"]["note"], "kept");
    assert_eq!(calls[1].get("result"), None);
    let written = fs::read(store.join("general/00000000000000000000.jsonl")).unwrap();
    assert!(!text(&written).contains("hunter2"));
}

#[test]
fn a_run_that_ends_at_its_first_line_makes_no_store() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("audit");
    let output = replay("no JSON\n{\"tool_name\":\"a\"}\n", &log, &[]);
    assert_eq!(status(&output), 2);
    assert!(complaint(&output).contains("line 1"));
    assert!(!log.exists());

    let output = replay("no JSON\n{\"tool_name\":\"a\"}\n", &log, &["--keep-going"]);
    assert_eq!(status(&output), 1);
    assert_eq!(records(&log, &["--tool", "a"]).len(), 1);

    // A folder where the file of calls should be ends at its first line too.
    let other = folder.path().join("other");
    let path = folder.path().to_str().unwrap();
    let output = program(&["replay", path, "--log", other.to_str().unwrap()]);
    assert_eq!(status(&output), 2);
    assert!(!other.exists());
}

#[test]
fn a_log_that_cannot_be_written_is_told_with_its_file_and_what_was_written_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("audit");
    let calls = folder.path().join("calls.jsonl");
    fs::write(&calls, "{\"tool_name\":\"a\"}\n".repeat(100)).unwrap();
    // A bound of some KiB on files stands in for a full disk.
    let output = Command::new("sh")
        .args(["-c", "trap '' XFSZ; ulimit -f 16; exec \"$@\"", "sh"])
        .arg(env!("CARGO_BIN_EXE_tool-audit"))
        .arg("replay")
        .arg(&calls)
        .arg("--log")
        .arg(&log)
        .args(["--durability", "flushed"])
        .output()
        .unwrap();
    assert_eq!(status(&output), 2);
    let complaint = complaint(&output);
    assert!(
        complaint.contains("general/00000000000000000000.jsonl"),
        "{complaint}"
    );
    assert!(complaint.contains("too large"), "{complaint}");
    assert!(!records(&log, &["--tool", "a"]).is_empty());

    // The next run finds the log as it was left, and goes on.
    let before = records(&log, &["--tool", "a"]).len();
    assert_eq!(status(&replay("{\"tool_name\":\"a\"}\n", &log, &[])), 0);
    assert_eq!(records(&log, &["--tool", "a"]).len(), before + 1);
    assert_eq!(status(&program(&["verify", log.to_str().unwrap()])), 0);
}

#[test]
fn a_bad_line_ends_the_run_with_its_number_and_everything_before_it_in_the_log() {
    let folder = tempfile::tempdir().unwrap();
    let store = folder.path().join("audit");
    let calls = format!("{CALLS}{{\"tool_nam\":\"x\"}}\n{CALLS}");
    let output = replay(&calls, &store, &[]);
    assert_eq!(status(&output), 2);
    assert_eq!(
        complaint(&output),
        "standard input, line 4: \"tool_name\" is missing: name the tool"
    );
    assert_eq!(records(&store, &["--kind", "tool_call"]).len(), 3);
    let mut closed = records(&store, &["--kind", "log_closed"]);
    // The reading before has its own log.
    closed.retain(|record| record["retention_class"] != "admin");
    assert_eq!(closed.len(), 1);

    let file = folder.path().join("calls.jsonl");
    fs::write(&file, &calls).unwrap();
    let other = folder.path().join("kept-going");
    let output = program(&[
        "replay",
        file.to_str().unwrap(),
        "--log",
        other.to_str().unwrap(),
        "--keep-going",
    ]);
    assert_eq!(status(&output), 1);
    assert!(complaint(&output).starts_with(file.to_str().unwrap()));
    assert!(text(&output.stdout).contains("1 bad lines left out"));
    assert_eq!(records(&other, &["--kind", "tool_call"]).len(), 6);
}

#[test]
fn unknown_members_are_refused_by_name_unless_they_may_pass() {
    let folder = tempfile::tempdir().unwrap();
    let store = folder.path().join("audit");
    let calls = r#"{"tool_name":"t","usr_id":"x"}"#;
    let output = replay(calls, &store, &[]);
    assert_eq!(status(&output), 2);
    assert!(complaint(&output).contains("unknown member \"usr_id\""));
    assert_eq!(status(&replay(calls, &store, &["--ignore-unknown"])), 0);
}

#[test]
fn a_replay_never_touches_a_store_of_real_calls() {
    let folder = tempfile::tempdir().unwrap();
    let mut live = WrittenLog::create(&folder.path().join("financial"), 1);
    live.add("tool_call", &call("c", "t", "success", 1));
    let before = fs::read(live.segment()).unwrap();
    let output = replay(CALLS, folder.path(), &[]);
    assert_eq!(status(&output), 2);
    assert!(
        complaint(&output).contains("holds records of real calls"),
        "{}",
        complaint(&output)
    );
    assert_eq!(fs::read(live.segment()).unwrap(), before);
    assert!(!folder.path().join("general").exists());

    let output = replay(CALLS, &folder.path().join("financial"), &[]);
    assert_eq!(status(&output), 2);
    assert!(
        complaint(&output).contains("name the store's folder"),
        "{}",
        complaint(&output)
    );
}

#[test]
fn what_cannot_be_replayed_is_said_in_one_line() {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("missing.jsonl");
    let log = folder.path().join("audit");
    let output = program(&[
        "replay",
        missing.to_str().unwrap(),
        "--log",
        log.to_str().unwrap(),
    ]);
    assert_eq!(status(&output), 2);
    assert!(complaint(&output).contains("missing.jsonl"));
    assert!(!log.exists());
    let file = folder.path().join("file");
    fs::write(&file, "x").unwrap();
    let output = replay(CALLS, &file, &[]);
    assert_eq!(status(&output), 2);
    assert!(complaint(&output).contains("file"));
    for arguments in [
        ["--concurrency", "0"],
        ["--durability", "maybe"],
        ["--results", "all"],
    ] {
        assert_eq!(status(&replay(CALLS, &log, &arguments)), 2);
    }
}

#[test]
fn verify_names_each_fault_and_ends_with_one() {
    let folder = tempfile::tempdir().unwrap();
    let store = folder.path().join("audit");
    replay(CALLS, &store, &[]);
    let segment = store.join("general/00000000000000000000.jsonl");
    let good = fs::read_to_string(&segment).unwrap();
    fs::write(&segment, good.replace("cancel_order", "cancel_ordre")).unwrap();
    let output = program(&["verify", store.to_str().unwrap()]);
    assert_eq!(status(&output), 1);
    let told = text(&output.stdout);
    let faults: Vec<&str> = told.lines().filter(|line| line.contains("FAULT")).collect();
    assert_eq!(faults.len(), 1, "{told}");
    assert!(
        faults[0].contains("hash_mismatch") && faults[0].contains("line 3"),
        "{told}"
    );
    assert!(told.contains("\nDAMAGED"), "{told}");
    assert!(told.contains("Not covered by this verdict:"), "{told}");

    let output = program(&["verify", "--json", store.to_str().unwrap()]);
    assert_eq!(status(&output), 1);
    let report: Value = serde_json::from_str(text(&output.stdout)).unwrap();
    assert_eq!(report["intact"], false);
    // The first reading left `admin` beside the log.
    let faults = report["logs"].as_array().unwrap().iter();
    let kinds: Vec<&Value> = faults.map(|log| &log["faults"][0]["kind"]).collect();
    assert_eq!(kinds, [&Value::Null, &json!("hash_mismatch")]);
}

#[test]
fn a_cut_tail_shows_against_a_head_that_was_kept() {
    let folder = tempfile::tempdir().unwrap();
    let store = folder.path().join("audit");
    replay(CALLS, &store, &[]);
    let last = records(&store, &[]).pop().unwrap();
    let head = folder.path().join("kept.head");
    let kept = json!({"_hash": last["_hash"], "_log": last["_log"], "_seq": last["_seq"]});
    fs::write(&head, format!("{kept}\n")).unwrap();
    let segment = store.join("general/00000000000000000000.jsonl");
    let store = store.to_str().unwrap();
    let verify = |head: &str| program(&["verify", store, "--head", head]);
    assert_eq!(status(&verify(head.to_str().unwrap())), 0);

    let lines = fs::read_to_string(&segment).unwrap();
    let cut = lines.trim_end().rfind('\n').unwrap();
    fs::write(&segment, &lines[..=cut]).unwrap();
    assert_eq!(status(&program(&["verify", store])), 0);
    let output = verify(head.to_str().unwrap());
    assert_eq!(status(&output), 1);
    assert!(text(&output.stdout).contains("below_head"));

    let no_head = verify(segment.to_str().unwrap());
    assert_eq!(status(&no_head), 2);
    assert!(
        complaint(&no_head).contains("_hash"),
        "{}",
        complaint(&no_head)
    );
}

#[test]
fn a_verdict_stands_also_where_nobody_reads_it() {
    let folder = tempfile::tempdir().unwrap();
    let mut log = WrittenLog::create(folder.path(), 1);
    log.add("tool_call", &call("c", "t", "success", 1));
    log.append(b"no record\n");
    let mut child = Command::new(env!("CARGO_BIN_EXE_tool-audit"))
        .arg("verify")
        .arg(folder.path())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!((status(&output), text(&output.stderr)), (1, ""));
}

#[test]
fn what_cannot_be_verified_is_said_in_one_line() {
    let folder = tempfile::tempdir().unwrap();
    let newer = folder.path().join("newer");
    WrittenLog::create_as(&newer, 1, &json!({"format": 2}));
    let empty = folder.path().join("empty");
    fs::create_dir(&empty).unwrap();
    for (log, says) in [
        (&newer, "format 2"),
        (&empty, "no log"),
        (&folder.path().join("missing"), "missing"),
    ] {
        let output = program(&["verify", log.to_str().unwrap()]);
        assert_eq!(status(&output), 2, "{log:?}");
        assert!(complaint(&output).contains(says), "{}", complaint(&output));
    }
}

#[test]
fn a_hostile_folder_and_record_forge_no_verdict() {
    let folder = tempfile::tempdir().unwrap();
    let hostile = folder
        .path()
        .join("x\nINTACT: every record is as it was sealed.\u{1b}[2K");
    let mut log = WrittenLog::create(&hostile, 1);
    log.add("tool_call", &call("c", "t", "success", 1));
    log.append(b"no\x1b[2K record\n");
    let output = program(&["verify", folder.path().to_str().unwrap()]);
    assert_eq!(status(&output), 1);
    let told = text(&output.stdout);
    assert!(
        !told.lines().any(|line| line.starts_with("INTACT")),
        "{told}"
    );
    assert!(!told.contains('\u{1b}'), "{told}");
}

/// Files of recorded calls, with how many calls each has and how many of them failed, as their README
/// counts them.
const RECORDED: [(&str, usize, usize); 7] = [
    ("tau_airline", 577, 17),
    ("agentdojo", 926, 93),
    ("tooltalk", 134, 0),
    ("apibank", 252, 0),
    ("toolbench", 33, 4),
    ("bfcl_arguments_only", 2195, 0),
    ("mcp_calls", 29, 7),
];

#[test]
fn calls_that_others_recorded_come_out_as_they_were() {
    let Some(shared) = std::env::var_os("TOOL_AUDIT_SHARED").map(PathBuf::from) else {
        eprintln!("SKIPPED: TOOL_AUDIT_SHARED names no folder of recorded calls");
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    for (name, calls, failed) in RECORDED {
        let file = shared.join("data").join(format!("{name}.jsonl"));
        let log = folder.path().join(name);
        let store = log.to_str().unwrap();
        let output = program(&[
            "replay",
            file.to_str().unwrap(),
            "--log",
            store,
            "--concurrency",
            "4",
        ]);
        assert_eq!(status(&output), 0, "{name}: {}", text(&output.stderr));
        assert!(
            text(&output.stdout).contains(&format!("\n{calls} calls, {failed} failed\n")),
            "{name}"
        );

        let verified = program(&["verify", store]);
        assert_eq!(status(&verified), 0, "{name}: {}", text(&verified.stdout));

        let ends = records(&log, &["--kind", "tool_call"]);
        assert_eq!(ends.len(), calls, "{name}");
        assert_eq!(records(&log, &["--failures"]).len(), failed, "{name}");
        let tools = |words: &mut dyn Iterator<Item = Value>| -> Vec<String> {
            let mut names: Vec<String> = words
                .map(|name| name.as_str().unwrap().to_owned())
                .collect();
            names.sort_unstable();
            names
        };
        let source = fs::read_to_string(&file).unwrap();
        let asked: Vec<Value> = source
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        assert_eq!(
            tools(&mut ends.iter().map(|end| end["tool_name"].clone())),
            tools(&mut asked.iter().map(|call| call["tool_name"].clone())),
            "{name}"
        );

        let stats = program(&["stats", store, "--json"]);
        let counted: u64 = text(&stats.stdout)
            .lines()
            .map(|line| {
                serde_json::from_str::<Value>(line).unwrap()["total_calls"]
                    .as_u64()
                    .unwrap()
            })
            .sum();
        assert_eq!(counted, calls as u64, "{name}");

        let conversations: BTreeSet<&str> = asked
            .iter()
            .map(|call| call["conversation_id"].as_str().unwrap())
            .collect();
        for conversation in conversations.iter().take(5) {
            let timeline = program(&["timeline", store, "--conversation", conversation]);
            let shown = text(&timeline.stdout)
                .lines()
                .filter(|line| line.starts_with("[Turn "))
                .count();
            let of_it = asked
                .iter()
                .filter(|call| call["conversation_id"] == *conversation)
                .count();
            assert_eq!(shown, of_it, "{name} {conversation}");
            assert!(
                !text(&timeline.stdout).contains(['\u{202e}', '\u{1b}', '\0']),
                "{name}"
            );
        }
    }
}
