use std::fs;
use std::io::Write;
use std::path::PathBuf;

use clap::Args;
use serde_json::json;
use tool_audit::alert::{Alert, Rules, Severity, run as run_rules};
use tool_audit::query::LogSnapshot;

use crate::output::{Colour, Output, note, note_passed_over};
use crate::reader::{Reader, Recorded};
use crate::verdict::{Failure, Verdict};

/// Runs rules over what is there, and shows where they fire
///
/// Several logs, or stores, are merged by time. Alerts that a log holds already make no difference: what the rules say of
/// the calls is shown. Exit status 1 says that a rule fired.
#[derive(Debug, Args)]
#[command(after_help = "\
Example: whose records were opened how often, over the stores of two machines
  tool-audit alerts /var/audit/tools-0 /var/audit/tools-1 --rules alerts.toml
The crate's examples/alerts.toml has a rule of each kind.")]
pub(crate) struct Arguments {
    /// Logs' folders, stores, or folders of stores
    #[arg(required = true, value_name = "LOG")]
    logs: Vec<PathBuf>,
    /// The rules, a TOML file
    #[arg(long, value_name = "FILE")]
    rules: PathBuf,
    /// Give one JSON object a line for each alert
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    reader: Reader,
}

pub(crate) fn run(arguments: &Arguments, out: &mut Output) -> Result<Verdict, Failure> {
    let rules = Rules::from_file(&arguments.rules).map_err(Failure::unable)?;
    let mut alerts = run_rules(&arguments.logs, &rules)?;
    let snapshots: Vec<LogSnapshot> = alerts.logs().cloned().collect();
    let ids: Vec<&str> = rules.iter().map(|rule| rule.id()).collect();
    let mut recorded = Recorded(true);
    for log in &arguments.logs {
        let asked = json!({"rules": ids});
        recorded = recorded.and(arguments.reader.record(log, "alerts", asked, None));
    }
    out.introduce(snapshots.iter(), recorded, arguments.json)?;
    let mut fired = 0_u64;
    for alert in &mut alerts {
        let alert = alert?;
        fired += 1;
        let printed = if arguments.json {
            out.json_line(&alert.to_json())
        } else {
            let line = out.paint(colour(&alert), &alert.to_string());
            writeln!(out, "{line}")
        };
        // Also where nobody reads on, a rule fired.
        printed.map_err(|error| match Failure::from(error) {
            Failure::ClosedPipe(_) => Failure::ClosedPipe(Verdict::Bad),
            other @ Failure::Unable(_) => other,
        })?;
    }
    if fired == 0 && !arguments.json {
        writeln!(out, "no rule fired")?;
    }
    let forgotten = alerts.stats().forgotten;
    if forgotten > 0 {
        note(&format!(
            "rules forgot {forgotten} keys because there were too many, and may have missed something: raise their most_keys"
        ));
    }
    let passed = alerts.passed_over();
    let is_below = |log: &&PathBuf| {
        // A segment's path is canonical.
        let log = fs::canonicalize(log).unwrap_or_else(|_| log.to_path_buf());
        let first = passed.first.first();
        first.is_some_and(|line| line.segment.starts_with(log))
    };
    let named = arguments.logs.iter().find(is_below);
    // Also what no line can be named for is said.
    let readable = match named.or(arguments.logs.first()) {
        Some(log) => note_passed_over(log, &passed),
        None => Verdict::Fine,
    };
    Ok(Verdict::bad_if(fired > 0).and(readable))
}

fn colour(alert: &Alert) -> Option<Colour> {
    match alert.severity {
        Severity::Critical | Severity::High => Some(Colour::Red),
        Severity::Medium => Some(Colour::Yellow),
        _ => None,
    }
}
