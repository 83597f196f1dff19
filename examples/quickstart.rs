//! A small agent's tools behind four layers, the log that they leave, and what shows when it is changed.
//!
//! `cargo run --example quickstart -- FOLDER` keeps the log in FOLDER; without it the log goes at the end.
#![allow(clippy::print_stdout)]

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use std::{fs, io};

use serde_json::{Value, json};
use tool_audit::log::verify::{Head, Report, VerifyError, VerifyOptions, verify};
use tool_audit::query::{Filter, scan, timeline};
use tool_audit::{AuditLayer, CallContext, HashChainSink, Recorder, ToolCall, ToolResult};
use tower::{BoxError, Service, ServiceBuilder, ServiceExt, service_fn};

const CONVERSATION: &str = "conv_abc123";

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let scratch = tempfile::tempdir()?;
    let log = std::env::args_os()
        .nth(1)
        .map_or_else(|| scratch.path().join("audit"), PathBuf::from);
    // The head is of use where whoever changes the log cannot change it too: another machine, another account.
    let head = scratch.path().join("head");

    title("1. An agent works for a support desk");
    println!(
        "Its tools stand behind four layers: audit › load_shed › rate_limit › timeout › tools.\n"
    );
    record_calls(&log, &head).await?;

    title("2. The timeline: one line for each call, as the log tells it");
    println!(
        "The error inside an Ok, the tool that was too slow, the call too many: all are there.\n"
    );
    for call in timeline(&log, CONVERSATION)? {
        println!("{}", call?);
    }

    title("3. Who asked, through what, and why");
    println!("Retries and follow-ups were inferred, since nobody declared them.\n");
    for call in timeline(&log, CONVERSATION)? {
        println!("{}", call?.entry.attribution.summary());
    }

    title("4. One record, whole");
    println!(
        "Of the card number the last four digits are left, the phone is a pseudonym; _hash and _previous_hash are the chain.\n"
    );
    println!("{:#}", record_of(&log, "create_return")?);

    title("5. The verdict on the log");
    println!(
        "Checked against the head, a line that is kept elsewhere and names the newest record.\n"
    );
    println!("{}", check(&log, Some(&head))?);

    title("6. In a copy, somebody makes a refund of 129.9 one of 29.9");
    let changed = copy(&log, &scratch.path().join("changed"))?;
    edit(&changed, |text| {
        text.replace(r#""amount":129.9"#, r#""amount":29.9"#)
    })?;
    print_faults(&check(&changed, None)?);

    title("7. In a copy, somebody cuts off the last records");
    let cut = copy(&log, &scratch.path().join("cut"))?;
    edit(&cut, |text| text.split_inclusive('\n').take(4).collect())?;
    println!("Without the head, since what is left is a whole chain:");
    print_faults(&check(&cut, None)?);
    println!("With the head:");
    print_faults(&check(&cut, Some(&head))?);

    if log.starts_with(scratch.path()) {
        println!("\nTo keep the log and look into it: cargo run --example quickstart -- my-log");
    } else {
        println!("\nThe log is in {}", log.display());
    }
    Ok(())
}

/// Sends eight calls of three turns through the layers, and closes the log.
async fn record_calls(log: &Path, head: &Path) -> Result<(), BoxError> {
    let recorder = Recorder::new(HashChainSink::builder(log).head(head).build()?);
    let mut tools = ServiceBuilder::new()
        .layer(AuditLayer::new(recorder.clone()))
        .load_shed()
        .rate_limit(7, Duration::from_secs(60))
        .timeout(Duration::from_millis(100))
        .service(service_fn(tool));

    let session = CallContext::new(CONVERSATION, "usr_98765")
        .role("support_agent")
        .model("gpt-4.1")
        .metadata("client_ip", "10.0.1.5");
    let order = json!({"order_id": "ORD-456"});
    let refund = json!({
        "order_id": "ORD-456", "amount": 129.90, "phone": "+1 555 0100",
        "credit_card": "4111 1111 1111 1111"
    });
    let turns = [
        (
            "Where is my order?",
            vec![
                ("get_customer", json!({"customer_id": "CUST-7"})),
                ("get_order", order.clone()),
                ("track_parcel", order.clone()),
            ],
        ),
        (
            "Cancel it, please.",
            vec![
                ("cancel_order", order.clone()),
                ("cancel_order", order.clone()),
            ],
        ),
        (
            "Then I send it back.",
            vec![
                ("create_return", refund),
                ("get_order", order.clone()),
                ("get_order", order),
            ],
        ),
    ];
    for (number, (words, calls)) in (1..).zip(turns) {
        println!("[Turn {number}] customer: {words}");
        let turn = Arc::new(session.clone().turn(number));
        for (name, arguments) in calls {
            let call = ToolCall::new(name, arguments).context(Arc::clone(&turn));
            match tools.ready().await?.call(call).await {
                Ok(_) => println!("         agent: {name} → Ok"),
                Err(error) => println!("         agent: {name} → Err: {error}"),
            }
        }
    }
    recorder.close().await?;
    Ok(())
}

/// The tools. One answers with an error, one takes too long.
async fn tool(call: ToolCall) -> Result<ToolResult, BoxError> {
    Ok(match call.tool_name.as_str() {
        "get_customer" => ToolResult::success(json!({
            "customer_id": "CUST-7", "name": "Ada Example", "phone": "+1 555 0100"
        })),
        "get_order" => ToolResult::success(json!({
            "order_id": "ORD-456", "status": "shipped", "amount": 129.90
        })),
        // The service returns `Ok`, and yet the tool failed.
        "cancel_order" => ToolResult::success(json!({"error": "Cannot cancel shipped order"})),
        "track_parcel" => std::future::pending().await,
        "create_return" => ToolResult::success(json!({
            "return_id": "RET-31", "order_id": "ORD-456", "old_status": "shipped", "status": "returning"
        })),
        _ => ToolResult::failure("no such tool"),
    })
}

/// The first record of a tool's calls, as it stands in the log.
fn record_of(log: &Path, tool: &str) -> Result<Value, BoxError> {
    let mut records = scan(log, &Filter::new().tool(tool))?;
    let record = records.next().ok_or("the log has no such call")??;
    Ok(serde_json::from_str(record.line())?)
}

/// Verifies the log, against its head where that is at hand.
fn check(log: &Path, head: Option<&Path>) -> Result<Report, VerifyError> {
    let mut options = VerifyOptions::new();
    if let Some(head) = head {
        options = options.head(Head::read(head)?);
    }
    verify(log, &options)
}

fn print_faults(report: &Report) {
    let word = if report.is_intact() {
        "intact"
    } else {
        "DAMAGED"
    };
    println!("  {word}: {} records looked at", report.records());
    for fault in report.logs.iter().flat_map(|log| &log.faults) {
        println!("  {fault}");
    }
}

/// Copies a folder, to do to the copy what should not be done to a log.
fn copy(from: &Path, to: &Path) -> io::Result<PathBuf> {
    fs::create_dir(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(to.to_owned())
}

/// Changes the text of the copy's segment.
fn edit(log: &Path, change: impl FnOnce(String) -> String) -> Result<(), BoxError> {
    let segment = log.join("general/00000000000000000000.jsonl");
    fs::write(&segment, change(fs::read_to_string(&segment)?))?;
    Ok(())
}

fn title(text: &str) {
    println!("\n── {text}\n");
}
