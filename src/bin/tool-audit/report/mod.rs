mod access;
mod answer;
mod summary;

use clap::{Args, Subcommand};

use crate::output::Output;
use crate::verdict::{Failure, Verdict};

/// Makes reports for people
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    report: Report,
}

#[derive(Debug, Subcommand)]
enum Report {
    Access(access::Arguments),
    Summary(summary::Arguments),
}

pub(crate) fn run(arguments: &Arguments, out: &mut Output) -> Result<Verdict, Failure> {
    match &arguments.report {
        Report::Access(arguments) => access::run(arguments, out),
        Report::Summary(arguments) => summary::run(arguments, out),
    }
}
