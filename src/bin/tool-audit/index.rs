use std::io::Write;
use std::path::{Path, PathBuf};

use clap::Args;

use crate::output::Output;
use crate::progress::ProgressLine;
use crate::verdict::{Failure, Verdict};

/// Builds the optional index of a store, or brings it to where the logs are
///
/// With an index `query` and `timeline` find a conversation, a user, a subject or a rare tool without reading the whole log.
/// It is a file index.sqlite in the store, holds offsets and digests only, is no evidence, and may be removed. What is not
/// indexed yet is read from the logs.
#[derive(Debug, Args)]
#[command(after_help = "\
Example: every five minutes, from cron
  */5 * * * *  tool-audit index /var/audit
Exit status of --check: 0 the index says what the logs say, 1 it does not.")]
pub(crate) struct Arguments {
    /// A store, or a folder of stores
    log: PathBuf,
    /// Throw away what stands there, also where it is damaged, and index all anew
    #[arg(long)]
    rebuild: bool,
    /// Read all logs and compare them with the index, which is left as it is
    #[arg(long, conflicts_with = "rebuild")]
    check: bool,
}

#[cfg(unix)]
pub(crate) fn run(arguments: &Arguments, out: &mut Output) -> Result<Verdict, Failure> {
    let mut verdict = Verdict::Fine;
    for store in tool_audit::index::stores(&arguments.log).map_err(Failure::unable)? {
        let done = if arguments.check {
            check(&store, out)?
        } else {
            fill(&store, arguments.rebuild, out)?;
            Verdict::Fine
        };
        verdict = verdict.and(done);
    }
    Ok(verdict)
}

#[cfg(not(unix))]
pub(crate) fn run(_arguments: &Arguments, _out: &mut Output) -> Result<Verdict, Failure> {
    Err(Failure::unable("an index stands beside logs on Unix alone"))
}

#[cfg(unix)]
fn fill(store: &Path, rebuild: bool, out: &mut Output) -> Result<(), Failure> {
    use tool_audit::index::Index;

    let opened = if rebuild {
        Index::rebuild(store)
    } else {
        Index::open(store)
    };
    let mut index = opened.map_err(Failure::unable)?;
    let progress = ProgressLine::new();
    let done = index.catch_up_while(|done| {
        progress.show(|| format!("{} MiB indexed", done.bytes >> 20));
        true
    });
    progress.clear();
    let done = done.map_err(Failure::unable)?;
    let path = index.path().to_string_lossy();
    let path = tool_audit::query::escape(&path);
    writeln!(
        out,
        "{path}: {} bytes of logs indexed, {} segments forgotten",
        done.bytes, done.forgotten
    )?;
    Ok(())
}

#[cfg(unix)]
fn check(store: &Path, out: &mut Output) -> Result<Verdict, Failure> {
    let checked = tool_audit::index::check(store).map_err(Failure::unable)?;
    let Some(checked) = checked else {
        let store = store.display();
        return Err(Failure::unable(format!(
            "{store} has no index: `tool-audit index {store}` builds it"
        )));
    };
    writeln!(out, "{checked}")?;
    Ok(Verdict::bad_if(!checked.is_sound()))
}
