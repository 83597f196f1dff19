use std::path::PathBuf;

use clap::Args;
use tool_audit::admin::{Review, record_review};

use crate::output::Output;
use crate::reader::Reader;
use crate::verdict::{Failure, Verdict};

/// Records that somebody looked at emergency calls, alerts or calls of unknown outcome
#[derive(Debug, Args)]
#[command(after_help = "\
Example: what nobody has looked at, and that somebody did
  tool-audit query /var/audit --unreviewed --json
  tool-audit review /var/audit --call 8f14e45f-1 --finding 'justified: the patient was unconscious'")]
pub(crate) struct Arguments {
    /// A log's folder, a store, or a folder of stores
    log: PathBuf,
    /// The call_id of a call that was looked at, several times for several
    #[arg(long, value_name = "ID", required = true)]
    call: Vec<String>,
    /// What was found
    #[arg(long, value_name = "TEXT")]
    finding: String,
    #[command(flatten)]
    reader: Reader,
}

pub(crate) fn run(arguments: &Arguments, _out: &mut Output) -> Result<Verdict, Failure> {
    let (actor, asserted) = arguments.reader.actor();
    let mut review = Review::new(actor, &arguments.finding);
    if asserted {
        review = review.asserted();
    }
    for call in &arguments.call {
        review = review.call(call);
    }
    record_review(&arguments.log, &review).map_err(Failure::unable)?;
    Ok(Verdict::Fine)
}
