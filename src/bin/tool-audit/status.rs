use std::io::Write;
use std::path::PathBuf;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use clap::Args;
use serde::Serialize;
use serde_json::json;
use tool_audit::query::{LogSummary, StoreStatus, escape, status};

use crate::output::{Colour, Output, note, note_passed_over};
use crate::reader::Reader;
use crate::times;
use crate::verdict::{Failure, Verdict};

/// Shows how a log is doing
///
/// Age of the newest record, lost entries, calls without a recorded end, emergencies that nobody has reviewed, size and
/// growth, whether a writer holds the log, and legal holds. Exit status 1 also where a log's last
/// record lies in the future.
#[derive(Debug, Args)]
#[command(after_help = "\
Example: for a monitor, exit status 1 where nothing was recorded for a quarter of an hour
  tool-audit status /var/audit --max-silence 15m")]
pub(crate) struct Arguments {
    /// A log's folder, a store, or a folder of stores
    log: PathBuf,
    /// Exit with 1 where the newest record is older: a whole number and s, m, h or d
    #[arg(long, value_name = "TIME", value_parser = times::length)]
    max_silence: Option<Duration>,
    /// Give one JSON object
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    reader: Reader,
}

/// All logs taken together, and each.
#[derive(Serialize)]
struct Answer<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    silent_seconds: Option<i64>,
    silent_too_long: bool,
    clock_ahead: bool,
    lost_entries: u64,
    unknown_outcomes: u64,
    unreviewed_emergencies: u64,
    holds: usize,
    bytes: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    bytes_a_day: Option<u64>,
    replayed: bool,
    bad_lines: u64,
    logs: &'a [LogSummary],
}

pub(crate) fn run(arguments: &Arguments, out: &mut Output) -> Result<Verdict, Failure> {
    let now = Utc::now();
    let found = status(&arguments.log)?;
    let reader = &arguments.reader;
    let records = found.logs.iter().map(|log| log.records).sum();
    let recorded = reader.record(&arguments.log, "status", json!({}), Some(records));
    out.mark(recorded, arguments.json)?;
    let holds = holds(&arguments.log)?;
    let silence = found.last_record().map(|last| now - last);
    let too_long = arguments.max_silence.is_some_and(|most| {
        silence.is_none_or(|silence| silence.to_std().is_ok_and(|silence| silence > most))
    });
    if found.is_replayed() {
        out.say_replayed(arguments.json)?;
    }
    if arguments.json {
        let answer = Answer {
            silent_seconds: silence.map(|silence| silence.num_seconds().max(0)),
            silent_too_long: too_long,
            clock_ahead: found.is_clock_ahead(),
            lost_entries: found.lost_entries(),
            unknown_outcomes: found.unknown_outcomes(),
            unreviewed_emergencies: found.unreviewed_emergencies(),
            holds,
            bytes: found.bytes(),
            bytes_a_day: found.bytes_a_day(),
            replayed: found.is_replayed(),
            bad_lines: found.passed_over().bad_lines,
            logs: &found.logs,
        };
        out.json_answer(&recorded.json(&answer)?)?;
    } else {
        print(&found, now, out)?;
        if holds > 0 {
            writeln!(out, "legal holds in force: {holds}")?;
        }
    }
    if too_long {
        note(&match silence {
            Some(silence) => format!(
                "nothing was recorded for {}: see whether the service runs and can write",
                times::spoken(silence)
            ),
            None => {
                "nothing was ever recorded: see whether the service runs and can write".to_owned()
            }
        });
    }
    for log in &found.logs {
        if let Some(seconds) = log.clock_ahead_seconds {
            note(&format!(
                "the last record of {} lies {} in the future: see whether the clocks are right",
                log.folder.display(),
                times::spoken(TimeDelta::seconds(seconds))
            ));
        }
    }
    let readable = note_passed_over(&arguments.log, found.passed_over());
    Ok(Verdict::bad_if(too_long || found.is_clock_ahead()).and(readable))
}

/// How many legal holds are in force; a log that stands in no store has none.
#[cfg(unix)]
fn holds(log: &std::path::Path) -> Result<usize, Failure> {
    use tool_audit::admin::{AdminError, holds};

    match holds(log) {
        Ok(holds) => Ok(holds.len()),
        Err(AdminError::NoStore { .. }) => Ok(0),
        Err(error) => Err(Failure::unable(error)),
    }
}

#[cfg(not(unix))]
fn holds(_log: &std::path::Path) -> Result<usize, Failure> {
    Ok(0)
}

fn print(found: &StoreStatus, now: DateTime<Utc>, out: &mut Output) -> Result<(), Failure> {
    for log in &found.logs {
        writeln!(out, "{}", escape(&log.folder.to_string_lossy()))?;
        let last = log.last_record.map_or("none".to_owned(), |last| {
            format!(
                "{} ({} ago)",
                last.format("%Y-%m-%dT%H:%M:%SZ"),
                times::spoken((now - last).max(TimeDelta::zero()))
            )
        });
        let writer = match log.writer {
            Some(true) => "holds the log",
            Some(false) => "none",
            None => "not known: the lock cannot be read",
        };
        let growth = log.bytes_a_day.map_or("not known yet".to_owned(), |bytes| {
            format!("{} a day", size(bytes))
        });
        line(out, "last record", &last, None)?;
        line(out, "records", &log.records.to_string(), None)?;
        line(
            out,
            "lost entries",
            &log.lost_entries.to_string(),
            red_if(log.lost_entries),
        )?;
        line(
            out,
            "unknown ends",
            &log.unknown_outcomes.to_string(),
            red_if(log.unknown_outcomes),
        )?;
        if log.unreviewed_emergencies > 0 {
            let count = log.unreviewed_emergencies;
            line(out, "unreviewed", &count.to_string(), red_if(count))?;
        }
        if log.running_calls > 0 {
            line(out, "running calls", &log.running_calls.to_string(), None)?;
        }
        line(out, "size", &size(log.bytes), None)?;
        line(out, "growth", &growth, None)?;
        line(out, "writer", writer, None)?;
    }
    Ok(())
}

fn red_if(count: u64) -> Option<Colour> {
    (count > 0).then_some(Colour::Red)
}

fn line(out: &mut Output, name: &str, value: &str, colour: Option<Colour>) -> Result<(), Failure> {
    let value = out.paint(colour, value);
    writeln!(out, "  {name:<14}{value}")?;
    Ok(())
}

/// A size in its greatest unit, to one decimal.
fn size(bytes: u64) -> String {
    let mut amount = bytes as f64;
    for unit in ["B", "KiB", "MiB", "GiB"] {
        if amount < 1024.0 {
            let decimals = usize::from(unit != "B");
            return format!("{amount:.decimals$} {unit}");
        }
        amount /= 1024.0;
    }
    format!("{amount:.1} TiB")
}
