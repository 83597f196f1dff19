use std::io::Write;
use std::path::PathBuf;

use clap::Args;
use tool_audit::query::{Filter, LogSnapshot, QueryError, quote};

use crate::lookup::LookupArguments;
use crate::output::{Colour, Output, note, note_passed_over};
use crate::reader::Reader;
use crate::times::Zone;
use crate::verdict::{Failure, Verdict};

/// Shows a conversation, one line a call
///
/// ✅ is a success, ❌ a failure, ⏸ an interim answer, and ? a call whose end is not recorded. Long arguments
/// and answers are cut; --json gives them whole.
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  tool-audit timeline /var/audit --conversation conv_abc123
  [Turn 3] ❌ update_order_status({\"order_id\":\"ORD-456\"}) → {\"error\":\"Cannot cancel shipped order\",\"success\":false} [38ms]")]
pub(crate) struct Arguments {
    /// A log's folder, a store, or a folder of stores
    log: PathBuf,
    /// The conversation
    #[arg(long, value_name = "ID")]
    conversation: String,
    #[command(flatten)]
    zone: Zone,
    #[command(flatten)]
    lookup: LookupArguments,
    #[command(flatten)]
    reader: Reader,
    /// Give the records as they stand, one JSON object a line
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(arguments: &Arguments, out: &mut Output) -> Result<Verdict, Failure> {
    let mut calls = arguments
        .lookup
        .timeline(&arguments.log, &arguments.conversation)?;
    let snapshots: Vec<LogSnapshot> = calls.logs().cloned().collect();
    let asked = Filter::new().conversation(&arguments.conversation);
    let reader = &arguments.reader;
    let recorded = reader.record(&arguments.log, "timeline", asked.describe(), None);
    out.introduce(snapshots.iter(), recorded, arguments.json)?;
    let mut verdict = Verdict::Fine;
    let mut any = false;
    for call in &mut calls {
        any = true;
        let mut call = match call {
            Ok(call) => call,
            // One call of a later version does not hide the others.
            Err(error @ QueryError::Entry { .. }) => {
                note(&error.to_string());
                verdict = Verdict::Bad;
                continue;
            }
            Err(error) => return Err(error.into()),
        };
        if arguments.json {
            out.json_line(call.record.line())?;
            continue;
        }
        if let Some(zone) = arguments.zone.named() {
            call.entry.timestamp = zone.show(call.record.timestamp());
        }
        let colour = if call.entry.is_failure() {
            Some(Colour::Red)
        } else {
            call.entry.outcome.is_none().then_some(Colour::Yellow)
        };
        let line = out.paint(colour, &call.to_string());
        writeln!(out, "{line}")?;
    }
    if !any {
        note(&format!(
            "no call of conversation {} is in {}: look the name up with `tool-audit query`",
            quote(&arguments.conversation),
            arguments.log.display()
        ));
    }
    Ok(verdict.and(note_passed_over(&arguments.log, &calls.passed_over())))
}
