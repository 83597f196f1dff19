//! `tool-audit wrap` between clients and servers that other people wrote: the same bytes, and an entry for every call.
#![cfg(unix)]

mod real_peers;

use std::ffi::OsString;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::Output;

use real_peers::{Packages, assert_recorded, entries, expect_status, packages, script, text};
use serde_json::{Value, json};

/// A command that keeps in `folder` what passes between its caller and `command`.
fn recorded(packages: &Packages, folder: &Path, command: Vec<OsString>) -> Vec<OsString> {
    let mut recorder = vec![packages.python.clone().into(), script("recorder.py")];
    recorder.push(folder.into());
    recorder.extend(command);
    recorder
}

/// `tool-audit wrap`, before a server's command. Without `--`: the inspector takes it for itself.
fn wrapped(log: &Path, command: Vec<OsString>) -> Vec<OsString> {
    let mut wrap: Vec<OsString> = vec![env!("CARGO_BIN_EXE_tool-audit").into(), "wrap".into()];
    wrap.extend(["--log".into(), log.into()]);
    wrap.extend(command);
    wrap
}

/// A recorded stream's messages.
fn messages(file: &Path) -> Vec<Value> {
    let lines = fs::read(file).unwrap();
    lines
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty())
        .map(|line| serde_json::from_slice(line).unwrap())
        .collect()
}

/// A recorded stream's lines that are answers, as they are, in the order of their ids.
fn answers(file: &Path) -> Vec<String> {
    let stream = fs::read_to_string(file).unwrap();
    let mut answers: Vec<(String, String)> = stream
        .lines()
        .filter_map(|line| {
            let message: Value = serde_json::from_str(line).unwrap();
            let is_answer = message.get("result").or(message.get("error")).is_some();
            is_answer.then(|| (format!("{:>9}", message["id"].to_string()), line.to_owned()))
        })
        .collect();
    answers.sort();
    answers.into_iter().map(|(_, line)| line).collect()
}

/// The calls among what a client sent.
fn calls(file: &Path) -> Vec<Value> {
    let mut calls = messages(file);
    calls.retain(|message| message["method"] == "tools/call");
    calls
}

/// A server and what it is asked.
struct Case {
    server: Vec<OsString>,
    /// What it writes, made anew for each run.
    writes: PathBuf,
    environment: Vec<(&'static str, OsString)>,
    plan: Value,
    outcomes: Vec<&'static str>,
}

/// A run of a client with a server.
struct Run {
    output: Output,
    /// What the client sent and got.
    at_client: PathBuf,
    /// What the server got and sent, where something was between them.
    at_server: PathBuf,
    log: PathBuf,
}

/// Makes the calls of a case, through the program or without it.
fn run(
    packages: &Packages,
    case: &Case,
    folder: &Path,
    is_wrapped: bool,
    client: impl Fn(Vec<OsString>) -> Output,
) -> Run {
    let name = if is_wrapped { "with" } else { "without" };
    let place = |what: &str| folder.join(format!("{name}-{what}"));
    let (at_client, at_server, log) = (place("client"), place("server"), folder.join("log"));
    if case.writes.exists() {
        fs::remove_dir_all(&case.writes).unwrap();
    }
    fs::create_dir_all(&case.writes).unwrap();
    let mut command = case.server.clone();
    if is_wrapped {
        command = wrapped(&log, recorded(packages, &at_server, command));
    }
    let output = client(recorded(packages, &at_client, command));
    Run {
        output,
        at_client,
        at_server,
        log,
    }
}

/// Not a byte was changed on its way, and the client got and the user saw what they would have without the program.
fn assert_same(without: &Run, with: &Run) {
    for stream in ["in", "out"] {
        let (client, server) = (with.at_client.join(stream), with.at_server.join(stream));
        assert!(
            fs::read(&client).unwrap() == fs::read(&server).unwrap(),
            "{stream}:\n{}\n{}",
            fs::read_to_string(client).unwrap(),
            fs::read_to_string(server).unwrap()
        );
    }
    // What the server seals for itself is new each time.
    let plain = |run: &Run| {
        let mut answers = answers(&run.at_client.join("out"));
        answers.retain(|answer| !answer.contains("\"requestState\""));
        answers
    };
    assert_eq!(plain(without), plain(with));
    assert_eq!(text(&without.output.stdout), text(&with.output.stdout));
    assert_eq!(text(&without.output.stderr), text(&with.output.stderr));
    assert_eq!(without.output.status.code(), with.output.status.code());
}

/// All calls of the case in one session of the `mcp` package.
fn with_python(packages: &Packages, case: &Case, folder: &Path) {
    let plan = folder.join("plan.json");
    fs::write(&plan, case.plan.to_string()).unwrap();
    let client = |command: Vec<OsString>| {
        packages
            .command(&packages.python.clone().into(), folder)
            .envs(case.environment.iter().cloned())
            .arg(script("client.py"))
            .arg(&plan)
            .args(command)
            .output()
            .unwrap()
    };
    let without = run(packages, case, folder, false, client);
    let with = run(packages, case, folder, true, client);
    expect_status(&with.output, 0);
    assert_same(&without, &with);
    assert_recorded(
        &with.log,
        &calls(&with.at_client.join("in")),
        &case.outcomes,
    );
    let entries = entries(&with.log);
    assert!(
        entries.iter().all(
            |entry| entry["conversation_id"] == entries[0]["conversation_id"]
                && entry["session_metadata"]["client_name"] == "mcp"
                && entry["server"].is_string()
        ),
        "{entries:?}"
    );
}

/// One call in a session of the inspector's.
fn with_inspector(packages: &Packages, case: &Case, folder: &Path, status: i32) {
    let call = &case.plan[0];
    let client = |command: Vec<OsString>| {
        let mut inspector = packages.command(&packages.node_program("mcp-inspector"), folder);
        inspector.arg("--cli");
        for (name, value) in &case.environment {
            let value = value.to_str().unwrap();
            inspector.args(["-e", &format!("{name}={value}")]);
        }
        inspector.args(command).args(["--method", "tools/call"]);
        inspector.args(["--tool-name", call["tool"].as_str().unwrap()]);
        for (name, value) in call["arguments"].as_object().unwrap() {
            let value = value.as_str().map_or(value.to_string(), str::to_owned);
            inspector.args(["--tool-arg", &format!("{name}={value}")]);
        }
        inspector.output().unwrap()
    };
    let without = run(packages, case, folder, false, client);
    let with = run(packages, case, folder, true, client);
    expect_status(&with.output, status);
    // It asks a task how it is, which says when that was.
    if call["task"] == true {
        assert_eq!(text(&without.output.stderr), text(&with.output.stderr));
    } else {
        assert_same(&without, &with);
    }
    assert_recorded(
        &with.log,
        &calls(&with.at_client.join("in")),
        &case.outcomes,
    );
}

fn everything(packages: &Packages, folder: &Path, plan: Value, outcomes: &[&'static str]) -> Case {
    Case {
        server: vec![packages.node_program("mcp-server-everything")],
        writes: folder.join("writes"),
        environment: Vec::new(),
        plan,
        outcomes: outcomes.to_vec(),
    }
}

#[test]
fn server_everything_answers_the_mcp_package_as_without_us() {
    let Some(packages) = packages() else { return };
    let folder = tempfile::tempdir().unwrap();
    let plan = json!([
        {"tool": "echo", "arguments": {"message": "h\u{e9}\u{2028}\u{0}\u{1F980}"}},
        {"tool": "get-tiny-image", "arguments": {}},
        {"tool": "get-structured-content", "arguments": {"location": "Chicago"}},
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
    let case = everything(&packages, folder.path(), plan, &outcomes);
    with_python(&packages, &case, folder.path());
}

#[test]
fn server_filesystem_answers_the_mcp_package_as_without_us() {
    let Some(packages) = packages() else { return };
    let folder = tempfile::tempdir().unwrap();
    let root = fs::canonicalize(folder.path()).unwrap().join("files");
    let file = |name: &str| root.join(name).to_str().unwrap().to_owned();
    let long = "0123456789abcdef\n".repeat(20_000);
    let plan = json!([
        {"tool": "write_file", "arguments": {"path": file("a.txt"), "content": "one\ntwo\n"}},
        {"tool": "read_text_file", "arguments": {"path": file("a.txt")}},
        {"tool": "edit_file", "arguments": {"path": file("a.txt"), "edits": [{"oldText": "two", "newText": "three"}]}},
        {"tool": "write_file", "arguments": {"path": file("long.txt"), "content": long}},
        {"tool": "read_text_file", "arguments": {"path": file("long.txt")}},
        {"tool": "list_directory", "arguments": {"path": file("")}},
        {"tool": "read_text_file", "arguments": {"path": "/etc/passwd"}},
        {"tool": "read_text_file", "arguments": {"path": file("none.txt")}},
        {"tool": "list_allowed_directories", "arguments": {}}
    ]);
    let case = Case {
        server: vec![
            packages.node_program("mcp-server-filesystem"),
            root.clone().into(),
        ],
        writes: root,
        environment: Vec::new(),
        plan,
        outcomes: vec![
            "success",
            "success",
            "success",
            "success",
            "success",
            "success",
            "tool_error",
            "tool_error",
            "success",
        ],
    };
    with_python(&packages, &case, folder.path());
}

fn memory(packages: &Packages, folder: &Path, plan: Value, outcomes: &[&'static str]) -> Case {
    let writes = folder.join("memory");
    Case {
        server: vec![packages.node_program("mcp-server-memory")],
        environment: vec![("MEMORY_FILE_PATH", writes.join("graph.jsonl").into())],
        writes,
        plan,
        outcomes: outcomes.to_vec(),
    }
}

#[test]
fn server_memory_answers_the_mcp_package_as_without_us() {
    let Some(packages) = packages() else { return };
    let folder = tempfile::tempdir().unwrap();
    let ann = json!([{"name": "Tower", "entityType": "building", "observations": ["tall", "old"]}]);
    let plan = json!([
        {"tool": "create_entities", "arguments": {"entities": ann}},
        {"tool": "read_graph", "arguments": {}},
        {"tool": "add_observations", "arguments": {"observations": [{"entityName": "Nowhere", "contents": ["x"]}]}},
        {"tool": "search_nodes", "arguments": {"query": "tall"}},
        {"tool": "delete_entities", "arguments": {"entityNames": ["Tower"]}},
        {"tool": "open_nodes", "arguments": {"names": ["Tower"]}}
    ]);
    let outcomes = [
        "success",
        "success",
        "tool_error",
        "success",
        "success",
        "success",
    ];
    let case = memory(&packages, folder.path(), plan, &outcomes);
    with_python(&packages, &case, folder.path());
}

#[test]
fn a_server_without_handshakes_answers_the_mcp_package_as_without_us() {
    let Some(packages) = packages() else { return };
    let folder = tempfile::tempdir().unwrap();
    let order = json!({"order_id": "ORD-1"});
    let plan = json!([
        {"tool": "get_order", "arguments": order},
        {"tool": "cancel_order", "arguments": order},
        {"tool": "refund", "arguments": order},
        {"tool": "break_protocol", "arguments": {}},
        {"tool": "no_such_tool", "arguments": {}}
    ]);
    let case = Case {
        server: vec![packages.python.clone().into(), script("server.py")],
        writes: folder.path().join("writes"),
        environment: Vec::new(),
        plan,
        // The refund asks back first, and the client calls again with the answer.
        outcomes: vec![
            "success",
            "tool_error",
            "input_required",
            "success",
            "service_error",
            "tool_error",
        ],
    };
    with_python(&packages, &case, folder.path());
    let log = folder.path().join("log");
    let entries = entries(&log);
    assert!(entries.iter().all(|entry| entry["server"] == "orders"));
    assert_eq!(entries[4]["result_summary"]["error_type"], "-32003");
}

#[test]
fn servers_answer_the_inspector_as_without_us() {
    let Some(packages) = packages() else { return };
    let graph = json!([{"name": "Tower", "entityType": "building", "observations": ["tall"]}]);
    let echo = json!([{"tool": "echo", "arguments": {"message": "h\u{e9}llo"}}]);
    let fails = json!([{"tool": "get-sum", "arguments": {"a": 1}}]);
    let remember = json!([{"tool": "create_entities", "arguments": {"entities": graph}}]);
    // Its status for a result with isError.
    let (fine, failed) = (0, 5);
    let folder = || tempfile::tempdir().unwrap();
    let here = folder();
    let case = everything(&packages, here.path(), echo, &["success"]);
    with_inspector(&packages, &case, here.path(), fine);
    let here = folder();
    let case = everything(&packages, here.path(), fails, &["tool_error"]);
    with_inspector(&packages, &case, here.path(), failed);
    let here = folder();
    let case = memory(&packages, here.path(), remember, &["success"]);
    with_inspector(&packages, &case, here.path(), fine);
    let here = folder();
    let root = fs::canonicalize(here.path()).unwrap().join("files");
    let path = root.join("a.txt");
    let case = Case {
        server: vec![
            packages.node_program("mcp-server-filesystem"),
            root.clone().into(),
        ],
        writes: root,
        environment: Vec::new(),
        plan: json!([{"tool": "write_file", "arguments": {"path": path, "content": "text"}}]),
        outcomes: vec!["success"],
    };
    with_inspector(&packages, &case, here.path(), fine);
}

#[test]
fn a_call_that_server_everything_makes_a_task_is_one_entry_when_the_task_has_ended() {
    let Some(packages) = packages() else { return };
    let folder = tempfile::tempdir().unwrap();
    let plan = json!([{"tool": "simulate-research-query", "arguments": {"topic": "towers"}, "task": true}]);
    let case = everything(&packages, folder.path(), plan, &["success"]);
    with_inspector(&packages, &case, folder.path(), 0);
    // Four stages of a second each.
    let entries = entries(&folder.path().join("log"));
    assert!(entries[0]["duration_ms"].as_f64().unwrap() > 3000.0);
}

#[test]
fn two_clients_that_start_the_same_server_get_a_log_each() {
    let Some(packages) = packages() else { return };
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("log");
    let server = || wrapped(&log, vec![packages.node_program("mcp-server-memory")]);
    let mut both: Vec<_> = ["first", "second"]
        .into_iter()
        .map(|name| {
            let plan = folder.path().join(format!("{name}.json"));
            let call = json!({"tool": "search_nodes", "arguments": {"query": name}});
            fs::write(&plan, json!([call]).to_string()).unwrap();
            packages
                .command(&packages.python.clone().into(), folder.path())
                .env("MEMORY_FILE_PATH", folder.path().join(name))
                .env("STAY", "yes")
                .arg(script("client.py"))
                .arg(plan)
                .args(server())
                .spawn()
                .unwrap()
        })
        .collect();
    for client in &mut both {
        let mut answer = String::new();
        BufReader::new(client.stdout.as_mut().unwrap())
            .read_line(&mut answer)
            .unwrap();
        assert!(answer.contains("\"isError\":false"), "{answer}");
    }
    for client in both {
        expect_status(&client.wait_with_output().unwrap(), 0);
    }
    for store in ["mcp-server-memory-0", "mcp-server-memory-1"] {
        assert_eq!(entries(&log.join(store)).len(), 1, "{store}");
    }
    assert_eq!(log.read_dir().unwrap().count(), 2);
}

#[test]
fn signals_end_server_everything_as_without_us() {
    let Some(packages) = packages() else { return };
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("log");
    let server = vec![packages.node_program("mcp-server-everything")];
    // It ends well on SIGINT, and knows nothing of SIGTERM.
    for (signal, status) in [("-INT", 0), ("-TERM", 128 + 15)] {
        let command = wrapped(&log, server.clone());
        let mut child = packages
            .command(&command[0], folder.path())
            .args(&command[1..])
            .spawn()
            .unwrap();
        let mut said = String::new();
        let mut errors = BufReader::new(child.stderr.take().unwrap());
        errors.read_line(&mut said).unwrap();
        assert_eq!(said, "Starting default (STDIO) server...\n");
        // Its handlers are there when it answers.
        let ping = b"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}\n";
        std::io::Write::write_all(child.stdin.as_mut().unwrap(), ping).unwrap();
        let mut answer = String::new();
        let mut answers = BufReader::new(child.stdout.take().unwrap());
        answers.read_line(&mut answer).unwrap();
        let number = child.id().to_string();
        let killed = std::process::Command::new("kill")
            .args([signal, &number])
            .status()
            .unwrap();
        assert!(killed.success());
        let stays = child.stdin.take();
        assert_eq!(child.wait().unwrap().code(), Some(status), "{signal}");
        drop(stays);
    }
}
