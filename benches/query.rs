//! What it costs to ask a log, by plain scans: beside `grep`, and in memory.
//!
//! ```text
//! cargo bench --all-features --bench query                # 1,000,000 records, two minutes, 1.4 GB of disk
//! cargo bench --all-features --bench query -- --quick     # 50,000 records
//! ```
//!
//! The log is written by the audit layer itself: ten calls to a conversation, those of many conversations mixed. The
//! program is started anew for each question, and so is `grep -c -F`, which looks for the same conversation in the same
//! files; rounds interleave them, and the median of the ratios within a round is judged. The files are in the system's
//! cache for both. What a question holds in memory is the kernel's figure, asked for by GNU `time`.
#![allow(
    clippy::print_stdout,
    reason = "the results are for people at a terminal"
)]

#[allow(dead_code, reason = "the other benches' measurements of a process")]
#[path = "workload/machine.rs"]
mod machine;

use std::convert::Infallible;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Instant;

use serde_json::json;
use tool_audit::{AuditLayer, CallContext, HashChainSink, Policy, Recorder, ToolCall, ToolResult};
use tower::{Service, ServiceBuilder, ServiceExt, service_fn};

const PROGRAM: &str = env!("CARGO_BIN_EXE_tool-audit");
const CALLS_A_CONVERSATION: usize = 10;
/// How many conversations go on at the same time.
const AT_ONCE: usize = 50;
/// The most memory that a question may take, in KiB.
const MOST_MEMORY: u64 = 100 * 1024;

fn main() {
    let has = |flag: &str| std::env::args().any(|argument| argument == flag);
    if !has("--bench") {
        println!("SKIPPED: run it with `cargo bench --all-features --bench query`");
    } else if has("--quick") {
        compare(50_000, 5);
    } else {
        compare(1_000_000, 7);
    }
}

fn compare(records: usize, rounds: usize) {
    let folder = machine::folder();
    let store = folder.path().join("audit");
    write_store(&store, records);
    let segments = segments(&store.join("general"));
    let bytes: u64 = segments
        .iter()
        .filter_map(|segment| Some(fs::metadata(segment).ok()?.len()))
        .sum();
    println!(
        "{records} records, {:.0} MB in {} segments; medians of {rounds} rounds.\n",
        bytes as f64 / 1e6,
        segments.len()
    );
    let look_up_is_quick = compare_look_ups(&store, &segments, records, rounds);
    let memory_is_flat = compare_memory(&store);
    if !(look_up_is_quick && memory_is_flat) {
        println!("\nA target was missed. On a busy machine, run it again before believing it.");
    }
}

fn compare_look_ups(store: &Path, segments: &[PathBuf], records: usize, rounds: usize) -> bool {
    let conversation = conversation(records / CALLS_A_CONVERSATION / 2);
    let (mut searched, mut asked) = (Vec::new(), Vec::new());
    // The first round brings the files into the cache, and is forgotten.
    for round in 0..=rounds {
        let (found, grep) = timed(
            Command::new("grep")
                .args(["-c", "-h", "-F"])
                .arg(format!("\"conversation_id\":\"{conversation}\""))
                .args(segments),
        );
        let counts = found
            .lines()
            .filter_map(|count| count.parse::<usize>().ok());
        assert_eq!(counts.sum::<usize>(), CALLS_A_CONVERSATION);
        let (found, query) = timed(Command::new(PROGRAM).arg("query").arg(store).args([
            "--conversation",
            &conversation,
            "--json",
        ]));
        assert_eq!(found.lines().count(), CALLS_A_CONVERSATION);
        if round > 0 {
            searched.push(grep);
            asked.push(query);
        }
    }
    let ratio = middle(
        asked
            .iter()
            .zip(&searched)
            .map(|(asked, grep)| asked / grep),
    );
    println!("{:<34} {:>9.3} s", "grep -c -F", middle(searched));
    println!("{:<34} {:>9.3} s", "query --conversation", middle(asked));
    println!(
        "\n{}  one conversation: {ratio:.2} times `grep -c -F` (at most 3)\n",
        verdict(ratio <= 3.0)
    );
    ratio <= 3.0
}

fn compare_memory(store: &Path) -> bool {
    let questions: [&[&str]; 7] = [
        &["stats"],
        &["query", "--contains", "express"],
        &["export", "--format", "jsonl"],
        &["export", "--format", "csv"],
        &["export", "--format", "ocsf"],
        &["export", "--format", "fhir-r4"],
        &["export", "--format", "fhir-r5"],
    ];
    let mut all_met = true;
    for question in questions {
        let [verb, rest @ ..] = question else {
            continue;
        };
        let began = Instant::now();
        let time = Command::new("/usr/bin/time")
            .args(["-f", "%M", PROGRAM, verb])
            .arg(store)
            .args(rest)
            .stdout(Stdio::null())
            .output();
        let Ok(time) = time else {
            println!("SKIPPED: memory is measured with GNU time, and /usr/bin/time is not there");
            return true;
        };
        assert!(time.status.success(), "{question:?} failed");
        let said = String::from_utf8_lossy(&time.stderr);
        let peak: u64 = said
            .lines()
            .last()
            .and_then(|line| line.trim().parse().ok())
            .expect("GNU time says a number");
        let met = peak < MOST_MEMORY;
        all_met &= met;
        println!(
            "{}  {:<28} {:>6.1} s, {peak} KiB at most (under {MOST_MEMORY})",
            verdict(met),
            question.join(" "),
            began.elapsed().as_secs_f64(),
        );
    }
    all_met
}

fn verdict(met: bool) -> &'static str {
    if met { "PASS" } else { "FAIL" }
}

/// What a program says, and how many seconds it took from its start to its end.
fn timed(command: &mut Command) -> (String, f64) {
    let began = Instant::now();
    let output = command
        .stderr(Stdio::inherit())
        .output()
        .expect("the program can be started");
    let taken = began.elapsed().as_secs_f64();
    assert!(
        matches!(output.status.code(), Some(0 | 1)),
        "{command:?} failed"
    );
    (String::from_utf8_lossy(&output.stdout).into_owned(), taken)
}

fn middle(values: impl IntoIterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.into_iter().collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn segments(log: &Path) -> Vec<PathBuf> {
    let mut segments: Vec<_> = fs::read_dir(log)
        .expect("the log is there")
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "jsonl")
        })
        .collect();
    segments.sort_unstable();
    segments
}

fn conversation(number: usize) -> String {
    format!("conv_{number:08}")
}

fn call(conversation_number: usize, turn: usize) -> ToolCall {
    let user = format!("usr_{:04}", conversation_number * 7 % 997);
    let context = CallContext::new(conversation(conversation_number), user)
        .turn(turn as u64)
        .role("support_agent")
        .model("gpt-4.1");
    let tools = [
        "get_order",
        "update_order_status",
        "find_customer",
        "issue_refund",
    ];
    let order = format!("ORD-{}", conversation_number * CALLS_A_CONVERSATION + turn);
    let arguments = json!({
        "order_id": order,
        "items": [{"sku": "SKU-88121", "quantity": turn}, {"sku": "SKU-90233", "quantity": 1}],
        "note": "Leave it with a neighbour if need be",
        "express": true
    });
    ToolCall::new(tools[(conversation_number + turn) % tools.len()], arguments)
        .context(Arc::new(context))
}

fn write_store(store: &Path, records: usize) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .expect("a runtime on this thread");
    runtime.block_on(async {
        let sink = HashChainSink::open(store).expect("the bench's folder is ours");
        let recorder = Recorder::builder(sink).policy(Policy::new()).build();
        let mut service = ServiceBuilder::new()
            .layer(AuditLayer::new(recorder.clone()))
            .service(service_fn(async |call: ToolCall| {
                let answer = json!({"order_id": call.arguments["order_id"], "status": "shipped"});
                Ok::<_, Infallible>(ToolResult::success(answer))
            }));
        let conversations = records / CALLS_A_CONVERSATION;
        for first in (0..conversations).step_by(AT_ONCE) {
            for turn in 1..=CALLS_A_CONVERSATION {
                for number in first..conversations.min(first + AT_ONCE) {
                    let ready = service.ready().await.expect("the log takes calls");
                    ready
                        .call(call(number, turn))
                        .await
                        .expect("the tool answers");
                }
            }
        }
        recorder.close().await.expect("the log can be closed");
    });
}
