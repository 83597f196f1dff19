use std::io::Write;
use std::path::PathBuf;

use clap::Args;
use tool_audit::evidence::{EvidenceRequest, pack_evidence};
use tool_audit::log::verify::Head;
use tool_audit::query::escape;

use crate::new_file::NewFile;
use crate::output::{Output, note};
use crate::reader::Reader;
use crate::times::{Date, Zone};
use crate::verdict::{Failure, Verdict};

/// Packs what is handed over into one archive
///
/// A tar archive of the segments that a range of time touches, byte for byte, with the checkpoints and torn pieces of their
/// logs, the store's admin, the verifier's verdict, the format's page, a README and SHA-256 sums. A log may be written
/// meanwhile: whole records are packed. Exit status: 0 the store is intact, 1 it is not, 2 there is no archive.
#[derive(Debug, Args)]
#[command(after_help = "\
Example: what happened in July, and how whoever gets it checks it
  tool-audit evidence /var/audit --from 2025-07-01 --to 2025-07-31 --output july.tar
  tar xf july.tar && sha256sum --check SHA256SUMS
  tool-audit verify store --start heads/start --head heads/head")]
pub(crate) struct Arguments {
    /// A log's folder, a store, or a folder of stores
    log: PathBuf,
    /// Records from this day or RFC 3339 instant on
    #[arg(long, value_name = "DATE")]
    from: Option<Date>,
    /// Records up to this day or RFC 3339 instant, inclusive
    #[arg(long, value_name = "DATE")]
    to: Option<Date>,
    #[command(flatten)]
    zone: Zone,
    /// A head file, for the verdict; those of the store's other logs beside it are taken too
    #[arg(long, value_name = "FILE")]
    head: Option<PathBuf>,
    #[command(flatten)]
    reader: Reader,
    /// The archive: a new file, which only its owner may read
    #[arg(long, value_name = "FILE")]
    output: PathBuf,
}

pub(crate) fn run(arguments: &Arguments, out: &mut Output) -> Result<Verdict, Failure> {
    let mut request = EvidenceRequest::by(arguments.reader.actor_in_words());
    if let Some(from) = arguments.from {
        request = request.from(arguments.zone.since(from));
    }
    if let Some(to) = arguments.to {
        request = request.to(arguments.zone.until(to));
    }
    if let Some(path) = &arguments.head {
        request = request.heads(Head::read_all(path).map_err(Failure::unable)?);
    }
    let mut file = NewFile::create(&arguments.output)?;
    // So the archive holds the record of its own making.
    let reader = &arguments.reader;
    let recorded = reader.record(&arguments.log, "evidence", request.describe(), None);
    out.mark(recorded, false)?;
    if !recorded.0 {
        request = request.reading_not_recorded();
    }
    let packed = pack_evidence(&arguments.log, &request, &mut file).map_err(Failure::unable)?;
    file.finish()?;
    if packed.replayed {
        out.say_replayed(false)?;
    }
    let name = arguments.output.to_string_lossy();
    let verdict = if packed.intact { "intact" } else { "DAMAGED" };
    writeln!(
        out,
        "{}: {} segments and {} other files, {} bytes; the store is {verdict}",
        escape(&name),
        packed.segments,
        packed.files - packed.segments,
        packed.bytes
    )?;
    if !packed.intact {
        let path = arguments.log.display();
        note(&format!(
            "the logs are not as they were written, and verdict.txt in the archive says how; run `tool-audit verify {path}`"
        ));
    }
    Ok(Verdict::bad_if(!packed.intact))
}
