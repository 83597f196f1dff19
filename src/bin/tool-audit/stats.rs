use std::path::PathBuf;

use clap::Args;
use tool_audit::query::{LogSnapshot, ToolStatistics, quote, statistics_of};

use crate::filter::FilterArguments;
use crate::output::{Colour, Output, note_passed_over};
use crate::progress::ReadingLine;
use crate::reader::Reader;
use crate::rows::{Row, Rows};
use crate::verdict::{Failure, Verdict};

/// Counts calls, tool by tool
///
/// Interim answers are calls, and stand outside the success rate. So do calls that were started and have no end: they are
/// counted as unknown. Percentiles are exact up to 4,096 calls of a tool and within 0.4 % beyond, users up to 4,096 and
/// within about 2 % beyond. After a thousand tools, further ones are counted together; --tool asks for one of them.
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  tool-audit stats /var/audit --tool get_order --json")]
pub(crate) struct Arguments {
    /// A log's folder, a store, or a folder of stores
    log: PathBuf,
    /// Give one JSON object a line for each tool
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    reader: Reader,
    #[command(flatten)]
    filter: FilterArguments,
}

const HEADER: [&str; 10] = [
    "TOOL", "CALLS", "SUCCESS", "AVG MS", "P50 MS", "P95 MS", "P99 MS", "MAX MS", "USERS",
    "OUTCOMES",
];

pub(crate) fn run(arguments: &Arguments, out: &mut Output) -> Result<Verdict, Failure> {
    let filter = arguments.filter.to_filter()?;
    let logs = LogSnapshot::find(&arguments.log)?;
    let progress = ReadingLine::of(logs.clone());
    let found = statistics_of(logs, &filter);
    drop(progress);
    let found = found?;
    let reader = &arguments.reader;
    let counted = found.tools().chain(found.other_tools());
    let records = counted.map(|tool| tool.total_calls).sum();
    let recorded = reader.record(&arguments.log, "stats", filter.describe(), Some(records));
    out.introduce(found.logs().iter(), recorded, arguments.json)?;
    let wanted = arguments.filter.tools();
    // A tool that was asked for has an answer also where it was never called.
    let tools: Vec<ToolStatistics> = if wanted.is_empty() {
        found.tools().chain(found.other_tools()).collect()
    } else {
        wanted.iter().map(|tool| found.tool(tool)).collect()
    };
    let mut rows = Rows::new(&HEADER);
    for tool in &tools {
        if arguments.json {
            let json = serde_json::to_string(tool).map_err(Failure::unable)?;
            out.json_answer(&json)?;
        } else {
            rows.push(row(tool), out)?;
        }
    }
    rows.settle(out)?;
    Ok(note_passed_over(&arguments.log, found.passed_over()))
}

fn row(tool: &ToolStatistics) -> Row {
    let number = |value: Option<f64>| value.map_or("-".to_owned(), milliseconds);
    let users = match tool.unique_users {
        Some(users) if tool.unique_users_estimated => format!("~{users}"),
        Some(users) => users.to_string(),
        None => "-".to_owned(),
    };
    let outcomes: Vec<String> = tool
        .outcomes
        .iter()
        .map(|(outcome, count)| format!("{}:{count}", quote(outcome)))
        .collect();
    Row {
        cells: vec![
            match tool.other_tools {
                Some(1) => "(1 other tool)".to_owned(),
                Some(count) => format!("({count} other tools)"),
                None => quote(&tool.tool).into_owned(),
            },
            tool.total_calls.to_string(),
            tool.success_rate
                .map_or("-".to_owned(), |rate| format!("{rate:.3}")),
            number(tool.avg_duration_ms),
            number(tool.p50),
            number(tool.p95),
            number(tool.p99),
            number(tool.max_duration_ms),
            users,
            if outcomes.is_empty() {
                "-".to_owned()
            } else {
                outcomes.join(" ")
            },
        ],
        colour: tool
            .success_rate
            .filter(|rate| *rate < 0.5)
            .map(|_| Colour::Red),
    }
}

/// One decimal says enough of a call that takes milliseconds; a percentile of less needs all three.
fn milliseconds(value: f64) -> String {
    let decimals = if value < 1.0 { 3 } else { 1 };
    format!("{value:.decimals$}")
}
