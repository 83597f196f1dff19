//! An rmcp server in a process of its own, whose client talks to it over standard input and output.
//!
//! The process is this test program: libtest prints a few lines before it runs a test, so a line says when the
//! server begins.

mod rmcp_support;

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use rmcp::ServiceExt;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::runtime::Runtime;
use tool_audit::log::verify::{VerifyOptions, verify};
use tool_audit::query::{Filter, scan};
use tool_audit::{AuditEntry, HashChainSink, Outcome, Recorder};

use rmcp_support::{Client, Tools, begin, call_of, end, end_of, server, soon};

const LOG: &str = "TOOL_AUDIT_TEST_SERVES_STDIO_WITH_LOG";
const TIMEOUT_MS: &str = "TOOL_AUDIT_TEST_TIMEOUT_MS";
const BEGINS: &str = "the server begins";

#[test]
#[allow(clippy::print_stdout)]
fn serves_over_standard_input_and_output_where_another_test_asks_for_it() {
    let Some(log) = std::env::var_os(LOG) else {
        return;
    };
    let timeout = std::env::var(TIMEOUT_MS).expect("a timeout");
    let timeout = Duration::from_millis(timeout.parse().expect("a number"));
    let recorder = Recorder::new(HashChainSink::open(log).expect("a log"));
    let runtime = Runtime::new().expect("a runtime");
    let server = server(&Tools::default(), recorder.clone(), timeout);
    println!("\n{BEGINS}");
    runtime.block_on(async move {
        let transport = (tokio::io::stdin(), tokio::io::stdout());
        let running = server.serve(transport).await.expect("a session");
        running.waiting().await.expect("served");
    });
    // What still runs goes with it.
    runtime.shutdown_background();
    let closing = Runtime::new().expect("a runtime");
    closing.block_on(recorder.close()).expect("closed");
    // Nobody reads what libtest would say.
    std::process::exit(0);
}

/// A server that records into `log`, and a client of it.
async fn connect(log: &Path, timeout: Duration) -> (Child, Client) {
    let mut child = Command::new(std::env::current_exe().expect("this program"))
        .args(["--exact", "--nocapture", "--test-threads=1"])
        .arg("serves_over_standard_input_and_output_where_another_test_asks_for_it")
        .env(LOG, log)
        .env(TIMEOUT_MS, timeout.as_millis().to_string())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .expect("a server");
    let mut output = BufReader::new(child.stdout.take().expect("piped"));
    let mut line = String::new();
    while line.trim_end() != BEGINS {
        line.clear();
        assert_ne!(soon(output.read_line(&mut line)).await.expect("a line"), 0);
    }
    let input = child.stdin.take().expect("piped");
    let client = soon(().serve((output, input))).await.expect("a session");
    (child, client)
}

/// How the calls ended that the log holds once the server has ended, by the names of their tools.
fn ends(log: &Path) -> Vec<(String, Outcome, String)> {
    let report = verify(log, &VerifyOptions::default()).expect("verified");
    assert!(report.is_intact(), "{report}");
    let entries = scan(log, &Filter::new()).expect("a log");
    let entries = entries.map(|found| found.expect("a record").entry().expect("readable"));
    let ended = entries.filter(|entry: &AuditEntry| entry.outcome.is_some());
    let mut ends: Vec<_> = ended.map(|entry| end_of(&entry)).collect();
    ends.sort();
    ends
}

#[tokio::test]
async fn every_end_of_a_call_is_in_the_log_of_a_server_in_a_process_of_its_own() {
    let folder = TempDir::new().expect("a folder");
    let log = folder.path().join("audit");
    let (mut child, client) = connect(&log, Duration::from_secs(3600)).await;
    for tool in ["works", "fails", "breaks", "no_such_tool"] {
        drop(soon(client.call_tool(call_of(tool))).await);
    }
    let unanswered = begin(&client, "panics").await;
    let cancelled = begin(&client, "heeds").await;
    soon(cancelled.cancel(Some("enough".to_owned())))
        .await
        .expect("sent");
    soon(client.call_tool(call_of("works")))
        .await
        .expect("an answer");
    drop((unanswered, soon(client.cancel()).await));
    assert!(soon(child.wait()).await.expect("ended").success());
    assert_eq!(
        ends(&log),
        [
            end("breaks", Outcome::ServiceError, "-32603"),
            end("fails", Outcome::ToolError, "tool_error"),
            end("heeds", Outcome::Cancelled, "cancelled_by_client"),
            end("no_such_tool", Outcome::ServiceError, "unknown_tool"),
            end("panics", Outcome::Panicked, "panic"),
            end("works", Outcome::Success, ""),
            end("works", Outcome::Success, ""),
        ]
    );
}

#[tokio::test]
async fn a_timeout_and_a_client_that_leaves_are_in_the_log_too() {
    let folder = TempDir::new().expect("a folder");
    let log = folder.path().join("audit");
    let (mut child, client) = connect(&log, Duration::from_millis(50)).await;
    let answer = soon(client.call_tool(call_of("never_answers"))).await;
    assert_eq!(answer.expect("an answer").is_error, Some(true));
    drop(soon(client.cancel()).await);
    assert!(soon(child.wait()).await.expect("ended").success());

    let (mut child, client) = connect(&log, Duration::from_secs(3600)).await;
    let unanswered = begin(&client, "never_answers").await;
    // Once it is answered, the server has got both.
    soon(client.call_tool(call_of("works")))
        .await
        .expect("an answer");
    drop((unanswered, soon(client.cancel()).await));
    assert!(soon(child.wait()).await.expect("ended").success());
    assert_eq!(
        ends(&log),
        [
            end("never_answers", Outcome::TimedOut, "timeout"),
            end("never_answers", Outcome::Cancelled, ""),
            end("works", Outcome::Success, ""),
        ]
    );
}
