use std::io::Write;
use std::path::PathBuf;

use clap::{Args, Subcommand};
use serde_json::json;
use tool_audit::admin::{Hold, NewHold, holds, release_hold, release_hold_asserted, set_hold};
use tool_audit::query::quote;

use crate::keys;
use crate::output::Output;
use crate::reader::Reader;
use crate::times::{Date, Zone};
use crate::verdict::{Failure, Verdict};

/// Keeps records from being pruned: legal holds
///
/// What a hold covers stays, however long ago it expired, until somebody else than the one who set it releases it.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    act: Act,
}

#[derive(Debug, Subcommand)]
enum Act {
    Set(Box<Set>),
    Release(Release),
    List(List),
}

/// Sets a hold, and prints its name
///
/// An option given twice covers both its values; different options all have to hold of a call. Without any the hold covers
/// everything.
#[derive(Debug, Args)]
#[command(after_help = "\
Example: all calls about a patient, whose number comes from standard input
  tool-audit hold set /var/audit --reason 'claim 4711' --subject - --policy policy.toml < mrn.txt")]
struct Set {
    /// A log's folder, a store, or a folder of stores
    log: PathBuf,
    /// Why
    #[arg(long, value_name = "TEXT")]
    reason: String,
    /// A name for the hold, such as the number of a matter; else one is made
    #[arg(long, value_name = "NAME")]
    id: Option<String>,
    /// Calls from this day or RFC 3339 instant on
    #[arg(long, value_name = "DATE")]
    from: Option<Date>,
    /// Calls up to this day or RFC 3339 instant, inclusive
    #[arg(long, value_name = "DATE")]
    to: Option<Date>,
    #[command(flatten)]
    zone: Zone,
    /// Calls about this person; - reads identifiers from standard input, one a line
    #[arg(long, value_name = "ID")]
    subject: Vec<String>,
    /// Calls of this user; - reads identifiers from standard input
    #[arg(long, value_name = "ID")]
    user: Vec<String>,
    /// Calls of this conversation
    #[arg(long, value_name = "ID")]
    conversation: Vec<String>,
    /// Calls of this tool, or of those that fit a pattern with *
    #[arg(long, value_name = "NAME")]
    tool: Vec<String>,
    /// The policy file with which the log was written, with its keys
    #[arg(long, value_name = "FILE", conflicts_with = "pseudonym_key")]
    policy: Option<PathBuf>,
    /// A key that pseudonyms were made with, several times for older ones
    #[arg(long, value_name = "FILE")]
    pseudonym_key: Vec<PathBuf>,
    /// The name of a member that holds subjects, in place of patient_id, mrn and medical_record_number
    #[arg(long, value_name = "NAME")]
    member: Vec<String>,
    #[command(flatten)]
    reader: Reader,
}

/// Releases a hold that somebody else set
#[derive(Debug, Args)]
struct Release {
    /// A log's folder, a store, or a folder of stores
    log: PathBuf,
    /// The hold's name
    hold: String,
    /// Why
    #[arg(long, value_name = "TEXT")]
    reason: String,
    #[command(flatten)]
    reader: Reader,
}

/// Lists the holds in force
#[derive(Debug, Args)]
struct List {
    /// A log's folder, a store, or a folder of stores
    log: PathBuf,
    #[command(flatten)]
    reader: Reader,
    /// Give one JSON object a line
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(arguments: &Arguments, out: &mut Output) -> Result<Verdict, Failure> {
    match &arguments.act {
        Act::Set(arguments) => set(arguments, out),
        Act::Release(arguments) => release(arguments),
        Act::List(arguments) => list(arguments, out),
    }
}

fn set(arguments: &Set, out: &mut Output) -> Result<Verdict, Failure> {
    let (actor, asserted) = arguments.reader.actor();
    let mut hold = NewHold::new(actor, &arguments.reason);
    if asserted {
        hold = hold.asserted();
    }
    if let Some(id) = &arguments.id {
        hold = hold.hold_id(id);
    }
    if let Some(from) = arguments.from {
        hold = hold.from(arguments.zone.since(from));
    }
    if let Some(to) = arguments.to {
        hold = hold.to(arguments.zone.until(to));
    }
    if !arguments.subject.is_empty() {
        for identifier in keys::identifiers(&arguments.subject)? {
            hold = hold.subject(identifier);
        }
    }
    if !arguments.user.is_empty() {
        for identifier in keys::identifiers(&arguments.user)? {
            hold = hold.user(identifier);
        }
    }
    for id in &arguments.conversation {
        hold = hold.conversation(id);
    }
    for name in &arguments.tool {
        hold = hold.tool(name);
    }
    if !arguments.member.is_empty() {
        hold = hold.subject_members(&arguments.member);
    }
    let sanitizer = keys::sanitizer(arguments.policy.as_deref(), &arguments.pseudonym_key)?;
    if let Some(sanitizer) = sanitizer {
        hold = hold.sanitizer(sanitizer);
    }
    let hold_id = set_hold(&arguments.log, &hold).map_err(Failure::unable)?;
    writeln!(out, "{}", quote(&hold_id))?;
    Ok(Verdict::Fine)
}

fn release(arguments: &Release) -> Result<Verdict, Failure> {
    let (actor, asserted) = arguments.reader.actor();
    let release = if asserted {
        release_hold_asserted
    } else {
        release_hold
    };
    release(&arguments.log, &arguments.hold, &actor, &arguments.reason).map_err(Failure::unable)?;
    Ok(Verdict::Fine)
}

fn list(arguments: &List, out: &mut Output) -> Result<Verdict, Failure> {
    let found = holds(&arguments.log).map_err(Failure::unable)?;
    let count = Some(found.len() as u64);
    let reader = &arguments.reader;
    let recorded = reader.record(&arguments.log, "hold list", json!({}), count);
    out.mark(recorded, arguments.json)?;
    for hold in &found {
        if arguments.json {
            let json = serde_json::to_string(hold).map_err(Failure::unable)?;
            out.json_line(&json)?;
        } else {
            print(hold, out)?;
        }
    }
    Ok(Verdict::Fine)
}

fn print(hold: &Hold, out: &mut Output) -> Result<(), Failure> {
    let claimed = if hold.actor_asserted {
        " (claimed)"
    } else {
        ""
    };
    writeln!(
        out,
        "{} since {} by {}{claimed}: {}",
        quote(&hold.hold_id),
        quote(&hold.since),
        quote(&hold.actor),
        quote(&hold.reason)
    )?;
    let scope = serde_json::to_string(&hold.scope).map_err(Failure::unable)?;
    out.write_all(b"  ")?;
    out.json_line(&scope)?;
    Ok(())
}
