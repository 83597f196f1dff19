use std::io::Write;

use clap::{Args, CommandFactory};
use clap_mangen::Man;

use crate::output::Output;
use crate::verdict::{Failure, Verdict};

/// Prints a page of the manual, for `man` to show
#[derive(Debug, Args)]
#[command(after_help = "\
Example: read the page about one verb; make all pages for a package
  tool-audit man verify | man -l -
  for verb in '' verify query; do tool-audit man $verb > tool-audit${verb:+-$verb}.1; done")]
pub(crate) struct Arguments {
    /// The verb whose page it is; without one it is the page of the program
    verb: Option<String>,
}

pub(crate) fn run(arguments: &Arguments, out: &mut Output) -> Result<Verdict, Failure> {
    let mut program = crate::Arguments::command();
    program.build();
    let page = match &arguments.verb {
        None => Man::new(program),
        Some(verb) => {
            let known = program.find_subcommand(verb);
            let command = known.ok_or_else(|| {
                Failure::unable(format!(
                    "there is no verb {verb:?}: see `tool-audit --help` for those that there are"
                ))
            })?;
            Man::new(command.clone())
        }
    };
    let mut text = Vec::new();
    page.render(&mut text)?;
    out.write_all(&text)?;
    Ok(Verdict::Fine)
}
