use std::io::Write;
use std::path::PathBuf;

use clap::Args;
use serde_json::json;
use tool_audit::Policy;
use tool_audit::query::quote;
use tool_audit::retention::{ClassHolding, retention};
use tool_audit::sanitize::PolicyFile;

use crate::output::{Output, note_passed_over};
use crate::reader::Reader;
use crate::rows::{Row, Rows};
use crate::verdict::{Failure, Verdict};

/// Shows what each retention class holds, from when and until when
///
/// And which tools fell to a class because no class of the policy names them. The class admin holds acts upon the store.
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  tool-audit retention /var/audit --policy retention.toml")]
pub(crate) struct Arguments {
    /// A log's folder, a store, or a folder of stores
    log: PathBuf,
    /// The policy file whose classes name tools; without one none does
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
    #[command(flatten)]
    reader: Reader,
    /// Give one JSON object
    #[arg(long)]
    json: bool,
}

const HEADER: [&str; 8] = [
    "CLASS",
    "RECORDS",
    "SEGMENTS",
    "BYTES",
    "FROM",
    "TO",
    "KEPT UNTIL",
    "FOR EVER",
];

pub(crate) fn run(arguments: &Arguments, out: &mut Output) -> Result<Verdict, Failure> {
    let mut policy = Policy::new();
    if let Some(path) = &arguments.policy {
        policy = PolicyFile::read(path)
            .map_err(Failure::unable)?
            .retention(policy);
    }
    let holdings = retention(&arguments.log, &policy)?;
    let reader = &arguments.reader;
    let records = holdings.classes.iter().map(|class| class.records).sum();
    let recorded = reader.record(&arguments.log, "retention", json!({}), Some(records));
    out.mark(recorded, arguments.json)?;
    if holdings.replayed {
        out.say_replayed(arguments.json)?;
    }
    if arguments.json {
        out.json_line(&recorded.json(&holdings)?)?;
    } else {
        let mut rows = Rows::new(&HEADER);
        for class in &holdings.classes {
            rows.push(row(class), out)?;
        }
        rows.settle(out)?;
        for class in &holdings.classes {
            if !class.default_tools.is_empty() {
                let tools: Vec<_> = class.default_tools.iter().map(|tool| quote(tool)).collect();
                writeln!(
                    out,
                    "in {} by default: {}",
                    quote(&class.class),
                    tools.join(", ")
                )?;
            }
        }
    }
    Ok(note_passed_over(&arguments.log, holdings.passed_over()))
}

fn row(class: &ClassHolding) -> Row {
    let text = |text: &Option<String>| match text {
        Some(text) => quote(text).into_owned(),
        None => "-".to_owned(),
    };
    let until = match (&class.first_retain_until, &class.last_retain_until) {
        (Some(first), Some(last)) if first != last => {
            format!("{} to {}", quote(first), quote(last))
        }
        (first, _) => text(first),
    };
    Row {
        cells: vec![
            quote(&class.class).into_owned(),
            class.records.to_string(),
            class.segments.to_string(),
            class.bytes.to_string(),
            text(&class.first_record),
            text(&class.last_record),
            until,
            class.forever.to_string(),
        ],
        colour: None,
    }
}
