use std::io::Write;
use std::path::{Path, PathBuf};

use clap::Args;
use tool_audit::Policy;
use tool_audit::index::Index;
use tool_audit::query::escape;
use tool_audit::retention::{LogPrune, PruneOptions, plan_prune, prune};
use tool_audit::sanitize::PolicyFile;

use crate::output::{Colour, Output, note};
use crate::reader::Reader;
use crate::verdict::{Failure, Verdict};

/// Removes segments whose records have all expired
///
/// What a hold covers, emergencies and calls of unknown outcome that nobody has reviewed, and damaged segments stay, and all
/// behind them. Each log records what went. A log that a service writes is pruned by that service alone.
#[derive(Debug, Args)]
#[command(after_help = "\
Example: what would go, and what keeps the rest
  tool-audit prune /var/audit --dry-run --policy retention.toml")]
pub(crate) struct Arguments {
    /// A log's folder, a store, or a folder of stores
    log: PathBuf,
    /// Only say what would go, and what keeps expired segments
    #[arg(long)]
    dry_run: bool,
    /// A policy file: where its classes are kept longer than the records say, that holds
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
    /// Who made sure that the clock is right, where it is far from the newest call
    #[arg(long, value_name = "NAME")]
    clock_checked_by: Option<String>,
    #[command(flatten)]
    reader: Reader,
    /// Give one JSON object
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(arguments: &Arguments, out: &mut Output) -> Result<Verdict, Failure> {
    let (actor, asserted) = arguments.reader.actor();
    let mut options = PruneOptions::new(actor);
    if asserted {
        options = options.asserted();
    }
    if let Some(path) = &arguments.policy {
        let file = PolicyFile::read(path).map_err(Failure::unable)?;
        options = options.policy(file.retention(Policy::new()));
    }
    if let Some(name) = &arguments.clock_checked_by {
        options = options.clock_checked_by(name);
    }
    let report = if arguments.dry_run {
        plan_prune(&arguments.log, &options)
    } else {
        prune(&arguments.log, &options)
    };
    let report = report.map_err(Failure::unable)?;
    if !arguments.dry_run {
        clean_indexes(&arguments.log);
    }
    if arguments.json {
        let json = serde_json::to_string(&report).map_err(Failure::unable)?;
        out.json_line(&json)?;
    } else {
        for log in &report.logs {
            print(log, arguments.dry_run, out)?;
        }
    }
    match report.failed().and_then(|log| log.error.as_ref()) {
        Some(error) => Err(Failure::unable(error)),
        None => Ok(Verdict::Fine),
    }
}

/// Lets the stores' indexes forget what went. Where that fails, the next look at the index does it.
fn clean_indexes(log: &Path) {
    for store in tool_audit::index::stores(log).unwrap_or_default() {
        if !store.join("index.sqlite").is_file() {
            continue;
        }
        let cleaned = Index::open(&store).and_then(|mut index| index.catch_up());
        if let Err(error) = cleaned {
            note(&format!("the index was not cleaned: {error}"));
        }
    }
}

fn print(log: &LogPrune, dry_run: bool, out: &mut Output) -> Result<(), Failure> {
    writeln!(out, "{}", escape(&log.folder.to_string_lossy()))?;
    if let Some(error) = &log.error {
        let text = out.paint(Some(Colour::Red), &escape(&error.to_string()));
        writeln!(out, "  not pruned: {text}")?;
        return Ok(());
    }
    let verb = if dry_run { "would go" } else { "gone" };
    match log.through_seq {
        Some(through) => writeln!(
            out,
            "  {verb}: {} records in {} segments, {} bytes, up to _seq {through}",
            log.records,
            log.segments.len(),
            log.bytes
        )?,
        None => writeln!(out, "  {verb}: nothing")?,
    }
    for segment in &log.kept {
        for pin in &segment.pins {
            let pin = escape(&pin.to_string()).into_owned();
            writeln!(out, "  kept: segment {}: {pin}", segment.first_seq)?;
        }
    }
    Ok(())
}
