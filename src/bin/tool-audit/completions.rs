use std::io::Write;

use clap::{Args, CommandFactory};
use clap_complete::{Shell, generate};

use crate::output::Output;
use crate::verdict::{Failure, Verdict};

/// Prints a shell's script that completes this program's verbs and options
#[derive(Debug, Args)]
#[command(after_help = "\
Example: for bash, in the folder that it looks in
  tool-audit completions bash > ~/.local/share/bash-completion/completions/tool-audit")]
pub(crate) struct Arguments {
    /// The shell
    shell: Shell,
}

pub(crate) fn run(arguments: &Arguments, out: &mut Output) -> Result<Verdict, Failure> {
    let mut command = crate::Arguments::command();
    let mut script = Vec::new();
    generate(arguments.shell, &mut command, "tool-audit", &mut script);
    out.write_all(&script)?;
    Ok(Verdict::Fine)
}
