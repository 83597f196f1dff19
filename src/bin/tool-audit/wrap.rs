use std::ffi::OsString;
use std::os::unix::process::ExitStatusExt;

use clap::Args;
use tool_audit::CallContext;
use tool_audit::adapt::mcp::{McpSession, Relay, wrap};

use crate::reader::user;
use crate::recording::{self, RecordingArguments};
use crate::verdict::{Failure, Verdict};

/// Audits an MCP server that talks over standard input and output, in any language
///
/// Put it before the server's command in the client's configuration. Bytes pass unchanged in both directions, and every
/// tools/call becomes a record in the store LOG/<server>-0, or -1, -2 … while another process writes the former. The name is
/// no word of the command that may be an option's value or a URL, and so a secret: where there is no other, it is `server`.
/// Signals are passed on to the server, its standard error is left alone, and the exit status is the server's: 128 and the
/// signal's number where a signal ended it, 2 where it could not be started.
#[derive(Debug, Args)]
#[command(after_help = "\
Example: what a client starts in place of `npx -y @modelcontextprotocol/server-everything`
  tool-audit wrap --log /var/audit -- npx -y @modelcontextprotocol/server-everything
and then
  tool-audit query /var/audit")]
pub(crate) struct Arguments {
    #[command(flatten)]
    recording: RecordingArguments,
    /// The server's command; all behind its first word is the server's. `--` before it may be left out: some clients eat it
    #[arg(trailing_var_arg = true, required = true, value_name = "COMMAND")]
    command: Vec<OsString>,
}

pub(crate) fn run(arguments: &Arguments) -> Result<Verdict, Failure> {
    let Some((program, rest)) = arguments.command.split_first() else {
        return Err(Failure::Unable(
            "no command: give the server's behind --".to_owned(),
        ));
    };
    let log = recording::open(&arguments.recording, || name_of(&arguments.command))?;
    let context = context(arguments)?;
    let session = McpSession::new(log.recorder.clone(), context);
    let relay = Relay::new(log.recorder.clone(), session, arguments.recording.mode());

    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .map_err(Failure::unable)?;
    let (ended, closed) = runtime.block_on(async {
        let ended = wrap(&relay, program, rest).await;
        (ended, log.recorder.close().await)
    });
    // A thread may still wait for the client's input.
    runtime.shutdown_background();
    log.note_end(closed, relay.session().stats());
    let status = ended.map_err(Failure::unable)?;
    let code = status
        .code()
        .or_else(|| status.signal().map(|signal| 128 + signal))
        .unwrap_or(1);
    Ok(Verdict::Status(u8::try_from(code).unwrap_or(u8::MAX)))
}

/// What is known of every call of the session.
fn context(arguments: &Arguments) -> Result<CallContext, Failure> {
    let number = getrandom::u64().map_err(Failure::unable)?;
    let user = arguments.recording.user.clone().unwrap_or_else(user);
    let context =
        CallContext::new(format!("mcp-{number:016x}"), user).metadata("transport", "stdio");
    Ok(arguments.recording.describe(context))
}

/// What starts servers and is none.
const LAUNCHERS: [&str; 17] = [
    "npx", "bunx", "pnpm", "dlx", "uvx", "uv", "run", "pipx", "python", "python3", "node", "deno",
    "docker", "podman", "bun", "exec", "env",
];

/// Options of launchers that take no value, or the server's name.
const FLAGS: [&str; 9] = [
    "-y", "--yes", "-i", "-t", "-it", "--rm", "--init", "-m", "--",
];

/// The server's name, as its command says it: the first word that is neither option nor launcher, and surely no secret.
///
/// What stands behind an option may be its value, and that a token; so may what stands behind `=`, and parts of a URL.
fn name_of(command: &[OsString]) -> String {
    let mut may_be_value = false;
    for word in command.iter().map(|word| word.to_string_lossy()) {
        let is_option = word.starts_with('-');
        let is_value = std::mem::replace(
            &mut may_be_value,
            is_option && !word.contains('=') && !FLAGS.contains(&&*word),
        );
        let name = last_part(&word);
        let may_tell = is_value || word.contains('=') || word.contains("://");
        if !is_option && !may_tell && !LAUNCHERS.contains(&name) {
            return recording::name_from(name);
        }
    }
    recording::name_from("")
}

/// Of a path or a package, what is behind the last slash, without a version.
fn last_part(word: &str) -> &str {
    let last = word
        .trim_end_matches('/')
        .rsplit('/')
        .next()
        .unwrap_or(word);
    match last.find('@') {
        Some(at) if at > 0 => &last[..at],
        _ => last,
    }
}
