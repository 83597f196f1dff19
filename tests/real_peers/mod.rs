//! Clients and servers that other people wrote, with and without the program between them.

// A test that cannot run must say so where people look.
#![allow(clippy::print_stderr)]

use std::collections::BTreeMap;
use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;

/// Where the packages are.
pub(crate) struct Packages {
    /// npm's `node_modules`, with a Node that is new enough in it.
    pub(crate) modules: PathBuf,
    /// A Python that has `mcp`.
    pub(crate) python: PathBuf,
}

/// The packages; none, and it says so, where they are not here.
pub(crate) fn packages() -> Option<Packages> {
    let folder = |variable: &str, needed: &str| {
        let found = env::var_os(variable).map(PathBuf::from);
        if found.is_none() {
            eprintln!("SKIPPED: {variable} names no {needed}, so no real client or server was run");
        }
        found
    };
    let modules = folder(
        "TOOL_AUDIT_MCP_NODE_MODULES",
        "folder with @modelcontextprotocol/inspector and the servers",
    )?;
    let python = folder("TOOL_AUDIT_MCP_PYTHON", "Python with mcp")?;
    Some(Packages { modules, python })
}

/// A file beside this one.
pub(crate) fn script(name: &str) -> OsString {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/real_peers")
        .join(name)
        .into()
}

impl Packages {
    /// A program of an npm package.
    pub(crate) fn node_program(&self, name: &str) -> OsString {
        self.modules.join(".bin").join(name).into()
    }

    /// A command that finds the right Node first, and nothing of the user's settings.
    pub(crate) fn command(&self, program: &OsString, home: &Path) -> Command {
        let path = env::var_os("PATH").unwrap_or_default();
        let folders = [self.modules.join(".bin")].into_iter();
        let mut command = Command::new(program);
        command
            .env(
                "PATH",
                env::join_paths(folders.chain(env::split_paths(&path))).unwrap(),
            )
            .env("HOME", home)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }
}

pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Fails with what was said, where it did not end well.
pub(crate) fn expect_status(output: &Output, status: i32) {
    assert_eq!(
        output.status.code(),
        Some(status),
        "{}\n{}",
        text(&output.stdout),
        text(&output.stderr)
    );
}

/// The calls in a store, or in all stores of a folder.
pub(crate) fn entries(log: &Path) -> Vec<Value> {
    let output = Command::new(env!("CARGO_BIN_EXE_tool-audit"))
        .arg("query")
        .arg(log)
        .args(["--json", "--kind", "tool_call"])
        .output()
        .unwrap();
    expect_status(&output, 0);
    text(&output.stdout)
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// Whatever passed is in the log once, with these outcomes in the order of the calls, and the log verifies.
pub(crate) fn assert_recorded(log: &Path, calls: &[Value], outcomes: &[&str]) {
    let entries = entries(log);
    assert_eq!(entries.len(), calls.len(), "{entries:?}");
    assert_eq!(calls.len(), outcomes.len(), "{calls:?}");
    let by_id: BTreeMap<&str, &Value> = entries
        .iter()
        .map(|entry| (entry["tool_call_id"].as_str().unwrap(), entry))
        .collect();
    for (call, outcome) in calls.iter().zip(outcomes) {
        let id = match &call["id"] {
            Value::String(id) => id.clone(),
            id => id.to_string(),
        };
        let entry = by_id.get(id.as_str()).unwrap();
        assert_eq!(entry["tool_name"], call["params"]["name"]);
        assert_eq!(entry["outcome"], *outcome, "{call}: {entry}");
        // Long ones are cut.
        if call.to_string().len() < 10_000 {
            assert_eq!(entry["arguments"], call["params"]["arguments"], "{entry}");
        }
    }
    let verified = Command::new(env!("CARGO_BIN_EXE_tool-audit"))
        .arg("verify")
        .arg(log)
        .output()
        .unwrap();
    expect_status(&verified, 0);
}
