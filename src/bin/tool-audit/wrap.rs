use std::ffi::OsString;
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use tool_audit::adapt::mcp::{McpSession, OnUnrecordable, Relay, wrap};
use tool_audit::log::LogError;
use tool_audit::query::escape;
use tool_audit::{CallContext, HashChainSink, Policy, Recorder, Sanitizer};

use crate::output::note;
use crate::reader::user;
use crate::verdict::{Failure, Verdict};

/// Audits an MCP server that talks over standard input and output, in any language
///
/// Put it before the server's command in the client's configuration. Bytes pass unchanged in both directions, and every
/// tools/call becomes a record in the store LOG/<server>-0, or -1, -2 … while another process writes the former. Signals
/// are passed on to the server, its standard error is left alone, and the exit status is the server's: 128 and the
/// signal's number where a signal ended it, 2 where it could not be started.
#[derive(Debug, Args)]
#[command(after_help = "\
Example: what a client starts in place of `npx -y @modelcontextprotocol/server-everything`
  tool-audit wrap --log /var/audit -- npx -y @modelcontextprotocol/server-everything
and then
  tool-audit query /var/audit")]
pub(crate) struct Arguments {
    /// The folder of the stores, made where there is none
    #[arg(long, value_name = "LOG")]
    log: PathBuf,
    /// The store's name; else it is the server's, as its command says it
    #[arg(long, value_name = "NAME", value_parser = store_name)]
    name: Option<String>,
    /// Who uses the client; else it is the operating system's user
    #[arg(long, value_name = "ID")]
    user: Option<String>,
    /// The role in which the user acts
    #[arg(long, value_name = "ROLE")]
    role: Option<String>,
    /// The model that the client asks
    #[arg(long, value_name = "NAME")]
    model: Option<String>,
    /// Sanitize by the rules in this file, and not by the default ones
    #[arg(long, value_name = "FILE.toml")]
    policy: Option<PathBuf>,
    /// Where a call cannot be recorded, answer with an error and do not make it; else it is made and counted as lost
    #[arg(long)]
    refuse: bool,
    /// Record these tools' calls before they are made too: exact names, or patterns with *
    #[arg(long, value_name = "TOOL")]
    intent: Vec<String>,
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
    let name = arguments
        .name
        .clone()
        .unwrap_or_else(|| name_of(&arguments.command));
    let sanitizer = match &arguments.policy {
        Some(path) => Sanitizer::from_policy_file(path).map_err(Failure::unable)?,
        None => Sanitizer::default(),
    };
    let (sink, store) = open(&arguments.log, &name)?;
    let recorder = Recorder::builder(sink)
        .sanitizer(sanitizer)
        .policy(Policy::new().intent(arguments.intent.iter().cloned()))
        .build();
    let on_unrecordable = if arguments.refuse {
        OnUnrecordable::Refuse
    } else {
        OnUnrecordable::PassOn
    };
    let session = McpSession::new(recorder.clone(), context(arguments)?);
    let relay = Relay::new(recorder.clone(), session, on_unrecordable);

    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .map_err(Failure::unable)?;
    let (ended, closed) = runtime.block_on(async {
        let ended = wrap(&relay, program, rest).await;
        (ended, recorder.close().await)
    });
    // A thread may still wait for the client's input.
    runtime.shutdown_background();
    drop(store);

    let seen = relay.session().stats();
    if seen.unreadable_from_server > 0 {
        note(&format!(
            "{} lines of the server could not be read: answers among them are not in the log",
            seen.unreadable_from_server
        ));
    }
    let stats = recorder.stats();
    if stats.lost > 0 {
        note(&format!(
            "{} calls are not in the log: it could not take them",
            stats.lost
        ));
    }
    if let Err(error) = closed {
        note(&format!("the log was not closed: {error}"));
    }
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
    let user = arguments.user.clone().unwrap_or_else(user);
    let mut context =
        CallContext::new(format!("mcp-{number:016x}"), user).metadata("transport", "stdio");
    if let Some(role) = &arguments.role {
        context = context.role(role);
    }
    if let Some(model) = &arguments.model {
        context = context.model(model);
    }
    Ok(context)
}

/// Opens the first store of the server's that nobody writes to, and holds it: clients often start a server twice.
fn open(log: &Path, name: &str) -> Result<(HashChainSink, File), Failure> {
    for number in 0..MOST_STORES {
        let store = log.join(format!("{name}-{number}"));
        let folder = hold(&store).map_err(|error| {
            Failure::Unable(format!(
                "opening {}: {error}: check who may write there",
                escape(&store.to_string_lossy())
            ))
        })?;
        let Some(folder) = folder else {
            continue;
        };
        let opened = HashChainSink::builder(&store)
            .service(name)
            .instance(format!("{name}-{number}"))
            .lock_wait(Duration::ZERO)
            .build();
        match opened {
            Ok(sink) => return Ok((sink, folder)),
            Err(LogError::Locked { .. }) => {}
            Err(error) => return Err(Failure::unable(error)),
        }
    }
    Err(Failure::Unable(format!(
        "{MOST_STORES} stores of {name} are written to in {}: give another --name or --log",
        escape(&log.to_string_lossy())
    )))
}

const MOST_STORES: u32 = 1000;

/// The store's folder, locked; none where another process has it.
fn hold(store: &Path) -> io::Result<Option<File>> {
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(store)?;
    let folder = File::open(store)?;
    match folder.try_lock() {
        Ok(()) => Ok(Some(folder)),
        Err(fs::TryLockError::WouldBlock) => Ok(None),
        Err(fs::TryLockError::Error(error)) => Err(error),
    }
}

/// What starts servers and is none.
const LAUNCHERS: [&str; 14] = [
    "npx", "bunx", "pnpm", "dlx", "uvx", "uv", "run", "pipx", "python", "python3", "node", "deno",
    "docker", "bun",
];

/// The server's name, as its command says it: the first word that is neither option nor launcher.
fn name_of(command: &[OsString]) -> String {
    let words = command.iter().map(|word| word.to_string_lossy());
    let named = words
        .map(|word| last_part(&word).to_owned())
        .find(|word| !word.starts_with('-') && !LAUNCHERS.contains(&word.as_str()));
    let name: String = named
        .unwrap_or_default()
        .chars()
        .map(|letter| {
            if letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_' | '.') {
                letter
            } else {
                '-'
            }
        })
        .take(64)
        .collect();
    let name = name.trim_matches(['.', '-']);
    if name.is_empty() { "server" } else { name }.to_owned()
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

fn store_name(text: &str) -> Result<String, String> {
    let fits = !text.is_empty()
        && text.len() <= 64
        && !text.starts_with('.')
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'));
    if fits {
        Ok(text.to_owned())
    } else {
        Err("give letters, digits, '-', '_' and '.', at most 64".to_owned())
    }
}
