//! The program `tool-audit`: argument parsing and printing, every verb one library call.

mod alerts;
mod completions;
mod evidence;
mod export;
mod filter;
#[cfg(unix)]
mod hold;
mod index;
mod keygen;
mod keys;
mod lookup;
mod man;
mod new_file;
mod output;
mod progress;
#[cfg(unix)]
mod proxy;
#[cfg(unix)]
mod prune;
mod query;
mod reader;
#[cfg(unix)]
mod recording;
mod replay;
mod report;
#[cfg(unix)]
mod retention;
#[cfg(unix)]
mod review;
mod rows;
mod stats;
mod status;
mod tail;
mod timeline;
mod times;
mod verdict;
mod verify;
#[cfg(unix)]
mod wrap;

use std::io::Write;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::output::Output;
use crate::verdict::{Failure, Verdict};

/// Records of AI agents' tool calls: verify, search and read them.
///
/// LOG is a log's folder, a store of logs, or any folder of stores. Reading verbs change nothing. Exit
/// status: 0 done and fine, 1 done and the answer is bad, 2 could not do it.
#[derive(Debug, Parser)]
#[command(name = "tool-audit", version, max_term_width = 100)]
struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    Replay(replay::Arguments),
    Verify(verify::Arguments),
    Query(query::Arguments),
    Timeline(timeline::Arguments),
    Stats(stats::Arguments),
    Status(status::Arguments),
    Tail(tail::Arguments),
    Evidence(evidence::Arguments),
    Export(export::Arguments),
    Report(report::Arguments),
    Index(index::Arguments),
    Alerts(alerts::Arguments),
    #[cfg(unix)]
    Wrap(wrap::Arguments),
    #[cfg(unix)]
    Proxy(proxy::Arguments),
    #[cfg(unix)]
    Retention(retention::Arguments),
    #[cfg(unix)]
    Prune(prune::Arguments),
    #[cfg(unix)]
    Hold(hold::Arguments),
    #[cfg(unix)]
    Review(review::Arguments),
    Keygen(keygen::Arguments),
    Completions(completions::Arguments),
    Man(man::Arguments),
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    // Standard output is the server's there, and nobody else may hold it.
    #[cfg(unix)]
    if let Verb::Wrap(arguments) = &arguments.verb {
        return exit_code(wrap::run(arguments).map_err(|failure| match failure {
            Failure::Unable(message) => message,
            Failure::ClosedPipe(_) => String::new(),
        }));
    }
    let mut out = Output::standard();
    let done = match &arguments.verb {
        Verb::Replay(arguments) => replay::run(arguments, &mut out),
        Verb::Verify(arguments) => verify::run(arguments, &mut out),
        Verb::Query(arguments) => query::run(arguments, &mut out),
        Verb::Timeline(arguments) => timeline::run(arguments, &mut out),
        Verb::Stats(arguments) => stats::run(arguments, &mut out),
        Verb::Status(arguments) => status::run(arguments, &mut out),
        Verb::Tail(arguments) => tail::run(arguments, &mut out),
        Verb::Evidence(arguments) => evidence::run(arguments, &mut out),
        Verb::Export(arguments) => export::run(arguments, &mut out),
        Verb::Report(arguments) => report::run(arguments, &mut out),
        Verb::Index(arguments) => index::run(arguments, &mut out),
        Verb::Alerts(arguments) => alerts::run(arguments, &mut out),
        #[cfg(unix)]
        Verb::Wrap(_) => Ok(Verdict::Fine),
        #[cfg(unix)]
        Verb::Proxy(arguments) => proxy::run(arguments),
        #[cfg(unix)]
        Verb::Retention(arguments) => retention::run(arguments, &mut out),
        #[cfg(unix)]
        Verb::Prune(arguments) => prune::run(arguments, &mut out),
        #[cfg(unix)]
        Verb::Hold(arguments) => hold::run(arguments, &mut out),
        #[cfg(unix)]
        Verb::Review(arguments) => review::run(arguments, &mut out),
        Verb::Keygen(arguments) => keygen::run(arguments, &mut out),
        Verb::Completions(arguments) => completions::run(arguments, &mut out),
        Verb::Man(arguments) => man::run(arguments, &mut out),
    };
    // What was printed before a failure stands before its message.
    let flushed = out.flush();
    let ended = match (done, flushed.map_err(Failure::from)) {
        (Err(Failure::ClosedPipe(verdict)), _)
        | (Ok(verdict), Ok(()) | Err(Failure::ClosedPipe(_))) => Ok(verdict),
        (Err(Failure::Unable(message)), _) | (Ok(_), Err(Failure::Unable(message))) => Err(message),
    };
    exit_code(ended)
}

fn exit_code(ended: Result<Verdict, String>) -> ExitCode {
    match ended {
        Ok(Verdict::Fine) => ExitCode::SUCCESS,
        Ok(Verdict::Bad) => ExitCode::from(1),
        #[cfg(unix)]
        Ok(Verdict::Status(status)) => ExitCode::from(status),
        Err(message) => {
            output::note(&message);
            ExitCode::from(2)
        }
    }
}
