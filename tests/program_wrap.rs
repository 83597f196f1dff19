//! `tool-audit wrap`: a server in any language behind it, with its bytes, its standard error, signals and exit status.
#![cfg(unix)]

use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use serde_json::Value;

/// Answers each request with its own id, and says on standard error that it has begun.
const SERVER: &str = r#"
echo ready >&2
while IFS= read -r line; do
  id=$(printf '%s' "$line" | sed -n 's/.*"id":\([0-9]*\).*/\1/p')
  printf '{"jsonrpc":"2.0","id":%s,"result":{"content":[{"type":"text","text":"ok"}]}}\n' "$id"
done
"#;

fn wrap(log: &Path, command: &[&str]) -> Child {
    wrap_with(log, &[], command)
}

fn wrap_with(log: &Path, options: &[&str], command: &[&str]) -> Child {
    Command::new(env!("CARGO_BIN_EXE_tool-audit"))
        .args(["wrap", "--log"])
        .arg(log)
        .args(options)
        .arg("--")
        .args(command)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

fn call(id: u64) -> String {
    format!(
        r#"{{"jsonrpc":"2.0","id":{id},"method":"tools/call","params":{{"name":"get_order","arguments":{{"order_id":"ORD-{id}"}}}}}}"#
    )
}

/// The calls in a store, or in all stores of a folder.
fn calls(log: &Path) -> Vec<Value> {
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

fn verify(log: &Path) -> Output {
    Command::new(env!("CARGO_BIN_EXE_tool-audit"))
        .arg("verify")
        .arg(log)
        .output()
        .unwrap()
}

#[test]
fn a_servers_calls_are_in_a_log_that_verifies() {
    let folder = tempfile::tempdir().unwrap();
    let mut child = wrap_with(
        folder.path(),
        &[
            "--name", "orders", "--user", "usr_9", "--role", "agent", "--model", "gpt-4.1",
        ],
        &["sh", "-c", SERVER],
    );
    let mut input = child.stdin.take().unwrap();
    let mut answers = BufReader::new(child.stdout.take().unwrap());
    for id in 1..=3 {
        writeln!(input, "{}", call(id)).unwrap();
        // It comes at once, not only when the client has no more to say.
        let mut answer = String::new();
        answers.read_line(&mut answer).unwrap();
        assert!(answer.contains(&format!("\"id\":{id},")), "{answer}");
    }
    drop(input);
    let mut said = String::new();
    child
        .stderr
        .take()
        .unwrap()
        .read_to_string(&mut said)
        .unwrap();
    assert!(child.wait().unwrap().success());
    assert!(said.starts_with("ready\n"), "{said}");

    let store = folder.path().join("orders-0");
    let calls = calls(&store);
    assert_eq!(calls.len(), 3);
    assert_eq!(calls[0]["tool_name"], "get_order");
    assert_eq!(calls[0]["user_id"], "usr_9");
    assert_eq!(calls[0]["model"], "gpt-4.1");
    assert_eq!(calls[0]["attribution"]["initiator_role"], "agent");
    assert_eq!(calls[0]["outcome"], "success");
    assert_eq!(calls[0]["conversation_id"], calls[2]["conversation_id"]);
    let verified = verify(&store);
    assert!(verified.status.success(), "{verified:?}");
}

#[test]
fn what_is_behind_the_servers_command_is_its_own_with_and_without_dashes_before_it() {
    let folder = tempfile::tempdir().unwrap();
    for dashes in [&["--"][..], &[]] {
        let output = Command::new(env!("CARGO_BIN_EXE_tool-audit"))
            .args(["wrap", "--log"])
            .arg(folder.path())
            .args(dashes)
            .args(["printf", "%s.", "--name", "-x", "--", "--log"])
            .output()
            .unwrap();
        assert_eq!(output.stdout, b"--name.-x.--.--log.", "{output:?}");
    }
    // A misspelt option of our own is no server.
    let output = Command::new(env!("CARGO_BIN_EXE_tool-audit"))
        .args(["wrap", "--nmae", "x", "printf"])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2), "{output:?}");
}

/// The names of all that is in a folder, and what is in its files.
fn all_in(folder: &Path) -> String {
    let mut all = String::new();
    for entry in folder.read_dir().unwrap() {
        let path = entry.unwrap().path();
        all.push_str(&path.to_string_lossy());
        if path.is_dir() {
            all.push_str(&all_in(&path));
        } else {
            all.push_str(&String::from_utf8_lossy(&std::fs::read(&path).unwrap()));
        }
    }
    all
}

#[test]
fn a_secret_on_the_command_line_is_no_name() {
    for (command, store) in [
        (
            "docker run -i --rm -e GITHUB_TOKEN=sesame ghcr.io/github/github-mcp-server",
            "github-mcp-server-0",
        ),
        ("npx --api-key sesame-7 @example/orders@1.2", "orders-0"),
        ("npx -y --api-key=sesame-7 orders", "orders-0"),
        ("env TOKEN=sesame uvx orders", "orders-0"),
        ("npx git+https://sesame@example.com", "server-0"),
        ("npx https://example.com/mcp?sesame", "server-0"),
        (
            "python3 -m mcp_server_git --repository /sesame",
            "mcp_server_git-0",
        ),
        ("node --import sesame", "server-0"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        // None of the launchers is started: there is no path to any.
        let output = Command::new(env!("CARGO_BIN_EXE_tool-audit"))
            .args(["wrap", "--log"])
            .arg(folder.path())
            .arg("--")
            .args(command.split(' '))
            .env("PATH", folder.path())
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(2), "{output:?}");
        assert!(folder.path().join(store).is_dir(), "{command}");
        let all = all_in(folder.path());
        assert!(!all.contains("sesame"), "{command}: {all}");
    }
}

#[test]
fn the_exit_status_is_the_servers() {
    let folder = tempfile::tempdir().unwrap();
    let status = |command: &[&str]| {
        let child = wrap(folder.path(), command);
        child.wait_with_output().unwrap().status.code()
    };
    assert_eq!(status(&["sh", "-c", "exit 7"]), Some(7));
    assert_eq!(status(&["sh", "-c", "kill -9 $$"]), Some(137));
    let child = wrap(folder.path(), &["/no/such/server"]);
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("/no/such/server"), "{said}");
}

#[test]
fn a_server_that_ends_with_a_call_in_hand_has_failed_it() {
    let folder = tempfile::tempdir().unwrap();
    let mut child = wrap(folder.path(), &["sh", "-c", "read line; exit 3"]);
    // The client stays: waiting for a child closes its input, where it has not been taken.
    let mut input = child.stdin.take().unwrap();
    writeln!(input, "{}", call(1)).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(3));
    drop(input);
    let calls = calls(folder.path());
    assert_eq!(calls.len(), 1);
    assert_eq!(calls[0]["outcome"], "service_error");
    assert_eq!(calls[0]["result_summary"]["error_type"], "server_ended");
}

#[test]
fn signals_reach_the_server_and_it_may_end_in_its_own_way() {
    let folder = tempfile::tempdir().unwrap();
    let server = "trap 'echo stopped; exit 5' TERM; echo started; while :; do read -r line || sleep 0.01; done";
    let mut child = wrap(folder.path(), &["sh", "-c", server]);
    let mut answers = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    answers.read_line(&mut line).unwrap();
    assert_eq!(line, "started\n");
    let number = child.id().to_string();
    // A shell that waits for input handles a signal when the next line comes.
    assert!(
        Command::new("kill")
            .args(["-TERM", &number])
            .status()
            .unwrap()
            .success()
    );
    drop(child.stdin.take());
    line.clear();
    answers.read_line(&mut line).unwrap();
    assert_eq!(line, "stopped\n");
    assert_eq!(child.wait().unwrap().code(), Some(5));
}

#[test]
fn two_that_start_the_same_server_get_a_log_each() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    let mut both: Vec<Child> = (0..2)
        .map(|_| wrap(path, &["sh", "-c", SERVER, "/opt/servers/stock.sh"]))
        .collect();
    for child in &mut both {
        let input = child.stdin.as_mut().unwrap();
        writeln!(input, "{}", call(1)).unwrap();
        let mut answer = [0; 1];
        child
            .stdout
            .as_mut()
            .unwrap()
            .read_exact(&mut answer)
            .unwrap();
    }
    for child in both {
        assert!(child.wait_with_output().unwrap().status.success());
    }
    let mut stores: Vec<String> = path
        .read_dir()
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    stores.sort();
    assert_eq!(stores, ["sh-0", "sh-1"]);
    assert_eq!(calls(path).len(), 2);
    // Both are free again.
    let child = wrap(path, &["sh", "-c", "exit 0"]);
    assert!(child.wait_with_output().unwrap().status.success());
    assert_eq!(path.read_dir().unwrap().count(), 2);
}

#[test]
fn bytes_that_are_no_messages_pass_unchanged() {
    let folder = tempfile::tempdir().unwrap();
    let mut child = wrap(folder.path(), &["cat"]);
    let sent: Vec<u8> = (0..=255).cycle().take(300_000).collect();
    let mut input = child.stdin.take().unwrap();
    let expected = sent.clone();
    let writer = std::thread::spawn(move || input.write_all(&sent).unwrap());
    let mut came = Vec::new();
    child.stdout.take().unwrap().read_to_end(&mut came).unwrap();
    writer.join().unwrap();
    assert!(came == expected, "{} bytes came", came.len());
    assert!(child.wait().unwrap().success());
}
