//! `tool-audit wrap` between peers that send too much: it stays small, and what it saw is recorded.
#![cfg(target_os = "linux")]

use std::fs;
use std::io::{Read, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde_json::Value;

fn wrap(log: &Path, options: &[&str], server: &str) -> Child {
    Command::new(env!("CARGO_BIN_EXE_tool-audit"))
        .args(["wrap", "--log"])
        .arg(log)
        .args(options)
        .args(["--", "sh", "-c", server])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

/// The most memory that a process has had, in MiB.
fn peak(child: &Child) -> u64 {
    let status = fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:"));
    let kibibytes = line
        .and_then(|line| line.split_whitespace().nth(1))
        .unwrap();
    kibibytes.parse::<u64>().unwrap() / 1024
}

/// Reads until a line that is `last`, and gives the number of bytes before it.
fn read_until(from: &mut impl Read, last: &[u8]) -> u64 {
    let mut piece = vec![0; 1 << 20];
    let (mut tail, mut bytes) = (Vec::new(), 0);
    while !tail.ends_with(last) {
        let length = from.read(&mut piece).unwrap();
        assert!(length > 0, "the stream ended");
        bytes += length as u64;
        tail.extend_from_slice(&piece[..length]);
        let rest = tail.len().saturating_sub(last.len());
        tail.drain(..rest);
    }
    bytes - last.len() as u64
}

fn entries(log: &Path) -> Vec<Value> {
    let output = Command::new(env!("CARGO_BIN_EXE_tool-audit"))
        .arg("query")
        .arg(log)
        .args(["--json", "--kind", "tool_call"])
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

const GIBIBYTE: u64 = 1 << 30;
/// A message that is looked into has at most 16 MiB.
const MOST: u64 = 128;

#[test]
fn a_line_of_a_gibibyte_passes_either_way_in_little_memory() {
    let folder = tempfile::tempdir().unwrap();
    let server = "head -c 1073741824 | wc -c; read -r rest; head -c 1073741824 /dev/zero | tr '\\0' x; echo; echo done; read -r bye";
    let mut child = wrap(folder.path(), &[], server);
    let mut input = child.stdin.take().unwrap();
    let mut output = child.stdout.take().unwrap();
    let piece = vec![b'x'; 1 << 20];
    for _ in 0..GIBIBYTE >> 20 {
        input.write_all(&piece).unwrap();
    }
    input.write_all(b"\n").unwrap();
    assert_eq!(read_until(&mut output, b"1073741824\n"), 0);
    assert_eq!(read_until(&mut output, b"\ndone\n"), GIBIBYTE);
    let peak = peak(&child);
    assert!(peak < MOST, "{peak} MiB");
    drop(input);
    child.wait().unwrap();
    let entries = entries(folder.path());
    assert_eq!(entries.len(), 1);
    let summary = &entries[0]["result_summary"];
    assert_eq!(summary["error_type"], "unreadable_message");
    let error = summary["error"].as_str().unwrap();
    assert!(error.contains("1073741824 bytes"), "{error}");
}

#[test]
fn a_line_of_a_gibibyte_is_refused_in_little_memory_where_calls_may_be_refused() {
    let folder = tempfile::tempdir().unwrap();
    let mut child = wrap(folder.path(), &["--refuse"], "cat");
    let mut input = child.stdin.take().unwrap();
    let mut output = child.stdout.take().unwrap();
    let piece = vec![b'x'; 1 << 20];
    for _ in 0..GIBIBYTE >> 20 {
        input.write_all(&piece).unwrap();
    }
    input.write_all(b"\n{\"method\":\"after\"}\n").unwrap();
    // The error alone comes before what is said next.
    let before = read_until(&mut output, b"\n{\"method\":\"after\"}\n");
    assert!((1..1000).contains(&before), "{before}");
    let peak = peak(&child);
    assert!(peak < MOST, "{peak} MiB");
    drop(input);
    child.wait().unwrap();
    assert_eq!(entries(folder.path()).len(), 1);
}

#[test]
fn a_message_of_very_many_values_is_not_looked_into() {
    let folder = tempfile::tempdir().unwrap();
    let mut child = wrap(folder.path(), &[], "cat");
    let mut input = child.stdin.take().unwrap();
    let mut output = child.stdout.take().unwrap();
    // Each would take some sixty times its text.
    let values = "{\"a\":0},".repeat(2_000_000);
    let line = format!("{{\"method\":\"tools/call\",\"params\":[{values}0]}}\n");
    let sent = line.len() as u64;
    let writer = std::thread::spawn(move || {
        input.write_all(line.as_bytes()).unwrap();
        input.write_all(b"end\n").unwrap();
        input
    });
    assert_eq!(read_until(&mut output, b"end\n"), sent);
    let peak = peak(&child);
    // One from the client, and its echo from the server.
    assert!(peak < 3 * MOST, "{peak} MiB");
    drop(writer.join().unwrap());
    child.wait().unwrap();
    let entries = entries(folder.path());
    assert_eq!(
        entries[0]["result_summary"]["error_type"],
        "unreadable_message"
    );
}

#[test]
fn ten_thousand_calls_that_nobody_answers_are_each_recorded_as_such() {
    let folder = tempfile::tempdir().unwrap();
    let mut child = wrap(
        folder.path(),
        &[],
        "cat > /dev/null; echo done; read -r bye",
    );
    let mut input = child.stdin.take().unwrap();
    for id in 0..10_000 {
        let arguments = "y ".repeat(500);
        writeln!(
            input,
            r#"{{"jsonrpc":"2.0","id":{id},"method":"tools/call","params":{{"name":"hangs","arguments":{{"text":"{arguments}"}}}}}}"#
        )
        .unwrap();
    }
    let peak = peak(&child);
    assert!(peak < MOST, "{peak} MiB");
    drop(input);
    let mut said = String::new();
    child
        .stdout
        .take()
        .unwrap()
        .read_to_string(&mut said)
        .unwrap();
    assert_eq!(said, "done\n");
    child.wait().unwrap();
    let entries = entries(folder.path());
    assert_eq!(entries.len(), 10_000);
    assert!(entries.iter().all(|entry| entry["outcome"] == "cancelled"));
    let unanswered = |entry: &&Value| entry["result_summary"]["error_type"] == "unanswered";
    assert_eq!(entries.iter().filter(unanswered).count(), 10_000 - 4096);
    let verified = Command::new(env!("CARGO_BIN_EXE_tool-audit"))
        .arg("verify")
        .arg(folder.path())
        .output()
        .unwrap();
    assert!(verified.status.success(), "{verified:?}");
}
