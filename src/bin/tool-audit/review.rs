use std::path::PathBuf;

use clap::Args;
use tool_audit::admin::{DamageSeen, Review, acknowledge_damage, record_review};

use crate::output::Output;
use crate::reader::Reader;
use crate::verdict::{Failure, Verdict};

/// Records that somebody looked at emergency calls, alerts or calls of unknown outcome, or saw damage
///
/// To have seen damage mends nothing: the verdict goes on naming it, and counts what was acknowledged.
#[derive(Debug, Args)]
#[command(after_help = "\
Example: what nobody has looked at, and that somebody did
  tool-audit query /var/audit --unreviewed --json
  tool-audit review /var/audit --call 8f14e45f-1 --finding 'justified: the patient was unconscious'
Example: records 120 to 131 of a log are damaged
  tool-audit review /var/audit/general --from-seq 120 --through-seq 131 --finding 'the disk failed on 6 July'")]
pub(crate) struct Arguments {
    /// A log's folder, a store, or a folder of stores; of damage, the damaged log's own folder
    log: PathBuf,
    /// The call_id of a call that was looked at, several times for several
    #[arg(long, value_name = "ID", required_unless_present = "from_seq")]
    call: Vec<String>,
    /// The first damaged record that was seen
    #[arg(
        long,
        value_name = "SEQ",
        conflicts_with = "call",
        requires = "through_seq"
    )]
    from_seq: Option<u64>,
    /// The last one
    #[arg(long, value_name = "SEQ", requires = "from_seq")]
    through_seq: Option<u64>,
    /// What was found, or what became of the damaged records
    #[arg(long, value_name = "TEXT")]
    finding: String,
    #[command(flatten)]
    reader: Reader,
}

pub(crate) fn run(arguments: &Arguments, _out: &mut Output) -> Result<Verdict, Failure> {
    let (actor, asserted) = arguments.reader.actor();
    if let Some((from_seq, through_seq)) = arguments.from_seq.zip(arguments.through_seq) {
        let mut seen = DamageSeen::new(actor, &arguments.finding, from_seq, through_seq);
        if asserted {
            seen = seen.asserted();
        }
        acknowledge_damage(&arguments.log, &seen).map_err(Failure::unable)?;
        return Ok(Verdict::Fine);
    }
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
