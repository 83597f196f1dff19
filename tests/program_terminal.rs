//! What the program shows on a terminal alone.
#![cfg(unix)]

mod written_logs;

use std::fs::File;
use std::io::Read;
use std::os::unix::ffi::OsStrExt;
use std::process::{Command, Stdio};

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use serde_json::json;
use written_logs::{WrittenLog, call};

/// A terminal: what is shown on it, and the file that a program writes to.
fn terminal() -> (File, File) {
    let shown = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&shown).unwrap();
    unlockpt(&shown).unwrap();
    let name = ptsname(&shown, Vec::new()).unwrap();
    let path = std::path::Path::new(std::ffi::OsStr::from_bytes(name.as_bytes()));
    let written = File::options().write(true).open(path).unwrap();
    (shown.into(), written)
}

#[test]
fn a_query_says_on_the_terminal_how_far_it_is_and_takes_the_line_away() {
    let folder = tempfile::tempdir().unwrap();
    let mut log = WrittenLog::create(&folder.path().join("general"), 1);
    for number in 0..100 {
        let mut members = call("conv_1", "get_order", "success", number);
        members["arguments"] = json!({"text": "x".repeat(20_000)});
        log.add("tool_call", &members);
    }
    let (mut shown, written) = terminal();
    let mut child = Command::new(env!("CARGO_BIN_EXE_tool-audit"))
        .args(["query", "--json", "--kind", "tool_call"])
        .arg(folder.path())
        .stdout(Stdio::piped())
        .stderr(written)
        .spawn()
        .unwrap();
    // Nobody takes the answer, which is more than a pipe holds: the program goes on to show how far it is.
    let mut seen = String::new();
    let mut buffer = [0; 4096];
    while !seen.contains(" % of 1 MiB read") {
        let read = shown.read(&mut buffer).unwrap();
        seen.push_str(std::str::from_utf8(&buffer[..read]).unwrap());
    }
    let mut answer = String::new();
    let mut stdout = child.stdout.take().unwrap();
    stdout.read_to_string(&mut answer).unwrap();
    assert_eq!(answer.lines().count(), 100);
    assert!(child.wait().unwrap().success());
    // Where nobody has the terminal open any more, reading it is an error.
    while let Ok(read @ 1..) = shown.read(&mut buffer) {
        seen.push_str(std::str::from_utf8(&buffer[..read]).unwrap());
    }
    assert!(seen.ends_with("\r\u{1b}[K"), "{seen:?}");
}
