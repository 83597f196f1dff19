use std::io::Write;
use std::path::PathBuf;

use chrono::Utc;
use clap::Args;
use tool_audit::query::escape;
use tool_audit::sanitize::PseudonymKey;

use crate::output::Output;
use crate::verdict::{Failure, Verdict};

/// Makes a key, in a new file that only its owner may read
#[derive(Debug, Args)]
#[command(after_help = "\
Example: the key for the pseudonyms of a year
  tool-audit keygen --pseudonym /etc/audit/pseudonym-2026.key --id k2026
and in the policy file:
  [pseudonym_key]
  file = \"/etc/audit/pseudonym-2026.key\"")]
pub(crate) struct Arguments {
    /// The file for a key that pseudonyms are made with; one that is there already is left alone
    #[arg(long, value_name = "FILE")]
    pseudonym: PathBuf,
    /// What the key is called in pseudonyms: 1 to 16 lower-case letters and digits [default: the day, such as
    /// k20260131]
    #[arg(long)]
    id: Option<String>,
}

pub(crate) fn run(arguments: &Arguments, out: &mut Output) -> Result<Verdict, Failure> {
    let id = match &arguments.id {
        Some(id) => id.clone(),
        None => Utc::now().format("k%Y%m%d").to_string(),
    };
    let key = PseudonymKey::create_file(&arguments.pseudonym, &id).map_err(Failure::unable)?;
    let path = arguments.pseudonym.to_string_lossy();
    writeln!(out, "the key {} is in {}", key.id(), escape(&path))?;
    Ok(Verdict::Fine)
}
