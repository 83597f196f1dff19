use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use serde_json::{Map, Value, json};
use tool_audit::query::escape;
use tool_audit::replay::{Progress, Replay, ReplayError, Summary};
use tool_audit::sanitize::PolicyFile;
use tool_audit::{Durability, Policy, Results, Sanitizer};

use crate::output::{Output, note};
use crate::progress::ProgressLine;
use crate::verdict::{Failure, Verdict};

/// Sends recorded calls through the audit layer, around a tool that does what they say
///
/// One JSON object a line; only tool_name is required: conversation_id, turn_number, user_id, user_role,
/// model, tool_name, arguments, call_trigger, purpose, subjects, tool_call_id, session_metadata, emergency,
/// latency_ms, and one of result, error (the tool fails with this text) and panic. The store says for ever
/// that its calls were replayed.
#[derive(Debug, Args)]
#[command(after_help = "\
Example: try it on one call, and look at the log
  echo '{\"tool_name\":\"get_order\",\"error\":\"no such order\"}' | tool-audit replay - --log /tmp/audit
  tool-audit query /tmp/audit
What would a policy do to recorded calls? It is counted by rule:
  tool-audit replay calls.jsonl --log /tmp/tried --policy policy.toml")]
pub(crate) struct Arguments {
    /// The file of calls; - reads standard input
    calls: PathBuf,
    /// The store's folder, made where there is none; a store of real calls is refused
    #[arg(long, value_name = "LOG")]
    log: PathBuf,
    /// How safe each record must be before the next call is sent
    #[arg(long, value_enum, default_value = "buffered")]
    durability: DurabilityWord,
    /// Send so many calls at once; calls of one conversation keep their order
    #[arg(long, value_name = "COUNT", default_value_t = 1, value_parser = concurrency)]
    concurrency: usize,
    /// What a record keeps of a result: its summary, or the sanitized result too, cut to 1 KiB
    #[arg(long, value_enum, default_value = "summary")]
    results: ResultsWord,
    /// Sanitize by the rules in this file, and not by the default ones
    #[arg(long, value_name = "FILE.toml")]
    policy: Option<PathBuf>,
    /// Print what was done as JSON
    #[arg(long)]
    json: bool,
    /// Report bad lines and go on
    #[arg(long)]
    keep_going: bool,
    /// Let each call take its latency_ms
    #[arg(long)]
    real_time: bool,
    /// Let members pass that are not known
    #[arg(long)]
    ignore_unknown: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum DurabilityWord {
    /// Handed to the operating system within 10 ms
    Buffered,
    /// Survives a kill
    Flushed,
    /// Survives power loss
    Synced,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum ResultsWord {
    Summary,
    Preview,
}

/// More at once than any log gains by.
fn concurrency(text: &str) -> Result<usize, String> {
    const MOST: usize = 1024;
    text.parse()
        .ok()
        .filter(|count| (1..=MOST).contains(count))
        .ok_or_else(|| format!("give a number from 1 to {MOST}"))
}

pub(crate) fn run(arguments: &Arguments, out: &mut Output) -> Result<Verdict, Failure> {
    let policy = Policy::new()
        .durability(match arguments.durability {
            DurabilityWord::Buffered => Durability::Buffered,
            DurabilityWord::Flushed => Durability::Flushed,
            DurabilityWord::Synced => Durability::Synced,
        })
        .results(match arguments.results {
            ResultsWord::Summary => Results::Summary,
            ResultsWord::Preview => Results::Preview,
        });
    let (policy, sanitizer) = match &arguments.policy {
        Some(path) => {
            let file = PolicyFile::read(path).map_err(Failure::unable)?;
            let policy = file.retention(policy);
            (policy, file.sanitizer().map_err(Failure::unable)?)
        }
        None => (policy, Sanitizer::default()),
    };
    let replay = Replay::new()
        .policy(policy)
        .sanitizer(sanitizer)
        .concurrency(arguments.concurrency)
        .keep_going(arguments.keep_going)
        .real_time(arguments.real_time)
        .ignore_unknown(arguments.ignore_unknown);
    let input = open(&arguments.calls)?;
    let name = input_name(&arguments.calls);
    let line = ProgressLine::new();
    let replayed = replay.run_into_store(input, &arguments.log, |progress| match progress {
        Progress::Bad(bad) => {
            line.clear();
            note(&format!("{name}, {bad}"));
        }
        Progress::Sent(count) => line.show(|| format!("{count} calls")),
        _ => {}
    });
    line.clear();
    let summary = replayed.map_err(|error| match error {
        ReplayError::Line(_) | ReplayError::Input { .. } => {
            Failure::Unable(format!("{name}, {error}"))
        }
        _ => Failure::unable(error),
    })?;
    if arguments.json {
        print_json(&summary, &arguments.log, out)?;
    } else {
        print(&summary, &arguments.log, out)?;
    }
    Ok(Verdict::bad_if(summary.bad_lines > 0))
}

fn open(calls: &Path) -> Result<Box<dyn Read>, Failure> {
    if calls == Path::new("-") {
        return Ok(Box::new(io::stdin().lock()));
    }
    match File::open(calls) {
        Ok(file) => Ok(Box::new(file)),
        Err(error) => Err(Failure::Unable(format!(
            "opening {}: {error}: check the path, or give - for standard input",
            calls.display()
        ))),
    }
}

fn input_name(calls: &Path) -> String {
    if calls == Path::new("-") {
        "standard input".to_owned()
    } else {
        calls.display().to_string()
    }
}

fn print(summary: &Summary, log: &Path, out: &mut Output) -> io::Result<()> {
    out.say_replayed(false)?;
    writeln!(
        out,
        "{} calls, {} failed",
        summary.calls,
        summary.failures()
    )?;
    for (outcome, count) in &summary.outcomes {
        writeln!(out, "  {:<16}{count}", outcome.as_str())?;
    }
    writeln!(out, "{} values redacted", summary.redactions)?;
    if !summary.rules.is_empty() {
        writeln!(out, "in arguments, results and errors, by rule:")?;
        for (rule, count) in summary.rules.iter() {
            writeln!(out, "  {:<24}{count}", escape(rule))?;
        }
    }
    if summary.bad_lines > 0 {
        writeln!(out, "{} bad lines left out", summary.bad_lines)?;
    }
    writeln!(out, "log: {}", escape(&log.to_string_lossy()))
}

fn print_json(summary: &Summary, log: &Path, out: &mut Output) -> io::Result<()> {
    out.say_replayed(true)?;
    let outcomes = summary.outcomes.iter();
    let outcomes: Map<String, Value> = outcomes
        .map(|(outcome, count)| (outcome.as_str().to_owned(), (*count).into()))
        .collect();
    let rules = summary.rules.iter();
    let rules: Map<String, Value> = rules
        .map(|(rule, count)| (rule.to_owned(), count.into()))
        .collect();
    let answer = json!({
        "bad_lines": summary.bad_lines,
        "calls": summary.calls,
        "failures": summary.failures(),
        "log": log.to_string_lossy(),
        "outcomes": outcomes,
        "redactions": summary.redactions,
        "rules": rules,
    });
    out.json_line(&answer.to_string())
}
