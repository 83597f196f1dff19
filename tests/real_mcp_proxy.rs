//! `tool-audit proxy` between clients and a server that other people wrote: the same answers, and an entry for every call.
#![cfg(unix)]

mod real_peers;
#[path = "real_peers/tap.rs"]
mod tap;

use std::ffi::OsString;
use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use real_peers::{Packages, assert_recorded, expect_status, packages, script, text};
use serde_json::{Value, json};
use tap::{Exchange, Tap, messages_of};

/// A process that is ended when the test is.
struct Running(Child);

impl Running {
    fn terminate(&mut self) -> Option<i32> {
        let number = self.0.id().to_string();
        let sent = Command::new("kill").args(["-TERM", &number]).status();
        assert!(sent.unwrap().success());
        self.0.wait().unwrap().code()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Reads what a process says until this, and goes on reading.
fn wait_for(said: impl Read + Send + 'static, word: &str) -> String {
    let mut said = BufReader::new(said);
    let mut line = String::new();
    while !line.contains(word) {
        line.clear();
        assert!(said.read_line(&mut line).unwrap() > 0, "it did not begin");
    }
    std::thread::spawn(move || std::io::copy(&mut said, &mut std::io::sink()));
    line
}

/// An address that nobody listens on.
fn free_address() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
}

fn server_everything(packages: &Packages, home: &Path) -> (Running, SocketAddr) {
    let address = free_address();
    let mut child = packages
        .command(&packages.node_program("mcp-server-everything"), home)
        .arg("streamableHttp")
        .env("PORT", address.port().to_string())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    wait_for(child.stderr.take().unwrap(), "listening on port");
    (Running(child), address)
}

/// A server of the 2026-07-28 form, without sessions.
fn server_without_sessions(packages: &Packages, home: &Path) -> (Running, SocketAddr) {
    let address = free_address();
    let mut child = packages
        .command(&packages.python.clone().into(), home)
        .arg(script("server.py"))
        .arg(address.port().to_string())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    wait_for(child.stderr.take().unwrap(), "running on");
    (Running(child), address)
}

fn proxy(log: &Path, upstream: SocketAddr) -> (Running, SocketAddr) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_tool-audit"))
        .args(["proxy", "--listen", "127.0.0.1:0", "--log"])
        .arg(log)
        .args(["--upstream", &format!("http://{upstream}/mcp")])
        .stdin(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let line = wait_for(child.stderr.take().unwrap(), "listening on http://");
    let address = line.trim().rsplit('/').next().unwrap().parse().unwrap();
    (Running(child), address)
}

/// The answers among what clients got, in the order of their ids. What else passes may come at any time.
fn answers(exchanges: &[Exchange]) -> Vec<String> {
    let all = exchanges
        .iter()
        .flat_map(|exchange| messages_of(&exchange.answer));
    let mut answers: Vec<(String, String)> = all
        .filter_map(|line| {
            let message: Value = serde_json::from_str(&line).unwrap();
            let is_answer = message.get("result").or(message.get("error")).is_some();
            // What a server seals for itself is new each time.
            let is_same = !line.contains("\"requestState\"");
            (is_answer && is_same).then(|| (format!("{:>9}", message["id"].to_string()), line))
        })
        .collect();
    answers.sort();
    answers.into_iter().map(|(_, line)| line).collect()
}

/// The calls among what clients posted, in the order of their ids.
fn calls(exchanges: &[Exchange]) -> Vec<Value> {
    let requests = exchanges.iter().map(|exchange| &exchange.request);
    let mut calls: Vec<Value> = requests
        .map(|request| serde_json::from_str(request).unwrap())
        .filter(|message: &Value| message["method"] == "tools/call")
        .collect();
    calls.sort_by_key(|call| call["id"].as_u64());
    calls
}

/// Runs a client against a server without us and through the proxy, and compares what passed.
fn compare(
    folder: &Path,
    server: SocketAddr,
    outcomes: &[&str],
    client: impl Fn(SocketAddr) -> Output,
) -> Output {
    let alone = Tap::before(server);
    let without = client(alone.address);

    let log = folder.join("log");
    let at_server = Tap::before(server);
    let (mut proxy, address) = proxy(&log, at_server.address);
    let at_client = Tap::before(address);
    let with = client(at_client.address);
    assert_eq!(proxy.terminate(), Some(0));

    // Whoever leaves does not wait for what nobody answers.
    let awaited = |tap: &Tap| -> Vec<Exchange> {
        let mut exchanges = tap.posted();
        exchanges.retain(|exchange| {
            let message: Value = serde_json::from_str(&exchange.request).unwrap();
            message.get("method").and(message.get("id")).is_some()
        });
        exchanges
    };
    assert_eq!(awaited(&at_client), awaited(&at_server));
    assert_eq!(answers(&alone.posted()), answers(&at_client.posted()));
    assert_eq!(text(&without.stdout), text(&with.stdout));
    assert_eq!(without.status.code(), with.status.code());
    assert_recorded(&log, &calls(&at_client.posted()), outcomes);
    with
}

/// All calls in one session of the `mcp` package.
fn with_python(
    packages: &Packages,
    folder: &Path,
    server: SocketAddr,
    calls: &Value,
    outcomes: &[&str],
) {
    let plan = folder.join("plan.json");
    fs::write(&plan, calls.to_string()).unwrap();
    let output = compare(folder, server, outcomes, |address| {
        packages
            .command(&packages.python.clone().into(), folder)
            .arg(script("client.py"))
            .arg(&plan)
            .arg(format!("http://{address}/mcp"))
            .output()
            .unwrap()
    });
    expect_status(&output, 0);
}

#[test]
fn server_everything_answers_the_mcp_package_over_http_as_without_us() {
    let Some(packages) = packages() else { return };
    let folder = tempfile::tempdir().unwrap();
    let calls = json!([
        {"tool": "echo", "arguments": {"message": "h\u{e9}\u{2028}\u{0}\u{1F980}"}},
        {"tool": "get-tiny-image", "arguments": {}},
        {"tool": "get-sum", "arguments": {"a": "one"}},
        {"tool": "no-such-tool", "arguments": {}},
        {"tool": "trigger-sampling-request", "arguments": {"prompt": "say something"}},
        {"tool": "trigger-elicitation-request", "arguments": {}},
        [
            {"tool": "trigger-long-running-operation", "arguments": {"duration": 0.3, "steps": 3}, "progress": true},
            {"tool": "get-sum", "arguments": {"a": 1.5, "b": -2}},
            {"tool": "echo", "arguments": {"message": "at once"}}
        ],
        {"tool": "trigger-long-running-operation", "arguments": {"duration": 600, "steps": 1}, "timeout": 0.3},
        {"tool": "echo", "arguments": {"message": "after it"}}
    ]);
    let outcomes = [
        "success",
        "success",
        "tool_error",
        "tool_error",
        "success",
        "success",
        "success",
        "success",
        "success",
        "cancelled",
        "success",
    ];
    let (_running, server) = server_everything(&packages, folder.path());
    with_python(&packages, folder.path(), server, &calls, &outcomes);
}

#[test]
fn a_server_without_sessions_answers_the_mcp_package_over_http_as_without_us() {
    let Some(packages) = packages() else { return };
    let folder = tempfile::tempdir().unwrap();
    let order = json!({"order_id": "ORD-1"});
    let calls = json!([
        {"tool": "get_order", "arguments": order},
        {"tool": "cancel_order", "arguments": order},
        {"tool": "refund", "arguments": order},
        {"tool": "break_protocol", "arguments": {}},
        {"tool": "no_such_tool", "arguments": {}}
    ]);
    // The refund asks back first, and the client calls again with the answer.
    let outcomes = [
        "success",
        "tool_error",
        "input_required",
        "success",
        "service_error",
        "tool_error",
    ];
    let (_running, server) = server_without_sessions(&packages, folder.path());
    with_python(&packages, folder.path(), server, &calls, &outcomes);
}

#[test]
fn server_everything_answers_the_inspector_over_http_as_without_us() {
    let Some(packages) = packages() else { return };
    // Its status for a result with isError is 5.
    for (tool, argument, outcome, status) in [
        ("echo", "message=h\u{e9}llo", "success", 0),
        ("get-sum", "a=1", "tool_error", 5),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let (_running, server) = server_everything(&packages, folder.path());
        let output = compare(folder.path(), server, &[outcome], |address| {
            let inspector: OsString = packages.node_program("mcp-inspector");
            packages
                .command(&inspector, folder.path())
                .args(["--cli", &format!("http://{address}/mcp")])
                .args(["--transport", "http", "--method", "tools/call"])
                .args(["--tool-name", tool, "--tool-arg", argument])
                .output()
                .unwrap()
        });
        expect_status(&output, status);
    }
}
