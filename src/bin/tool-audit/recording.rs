use std::fs::{self, File};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use tool_audit::adapt::mcp::{McpStats, OnUnrecordable};
use tool_audit::log::LogError;
use tool_audit::query::escape;
use tool_audit::{CallContext, HashChainSink, Policy, Recorder, Sanitizer, SinkError};

use crate::output::note;
use crate::verdict::Failure;

// Where and how calls are recorded that pass through this process: a comment, lest it become the verb's own text.
#[derive(Debug, Args)]
pub(crate) struct RecordingArguments {
    /// The folder of the stores, made where there is none
    #[arg(long, value_name = "LOG")]
    pub(crate) log: PathBuf,
    /// The store's name; else it is the server's, as its command or URL says it
    #[arg(long, value_name = "NAME", value_parser = store_name)]
    name: Option<String>,
    /// Who uses the client; else wrap takes the operating system's user, and proxy says nobody
    #[arg(long, value_name = "ID")]
    pub(crate) user: Option<String>,
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
}

impl RecordingArguments {
    /// What becomes of a call that cannot be recorded.
    pub(crate) fn mode(&self) -> OnUnrecordable {
        if self.refuse {
            OnUnrecordable::Refuse
        } else {
            OnUnrecordable::PassOn
        }
    }

    /// Adds what is known of every call.
    pub(crate) fn describe(&self, mut context: CallContext) -> CallContext {
        if let Some(role) = &self.role {
            context = context.role(role);
        }
        if let Some(model) = &self.model {
            context = context.model(model);
        }
        context
    }
}

/// A log that this process writes.
pub(crate) struct Log {
    pub(crate) recorder: Recorder,
    /// The store's folder, held for as long as it is written.
    _store: File,
}

/// Opens the log that the arguments name; `server` is the server's name where they give none.
pub(crate) fn open(
    arguments: &RecordingArguments,
    server: impl FnOnce() -> String,
) -> Result<Log, Failure> {
    let name = arguments.name.clone().unwrap_or_else(server);
    let sanitizer = match &arguments.policy {
        Some(path) => Sanitizer::from_policy_file(path).map_err(Failure::unable)?,
        None => Sanitizer::default(),
    };
    let (sink, store) = open_store(&arguments.log, &name)?;
    let recorder = Recorder::builder(sink)
        .sanitizer(sanitizer)
        .policy(Policy::new().intent(arguments.intent.iter().cloned()))
        .build();
    Ok(Log {
        recorder,
        _store: store,
    })
}

impl Log {
    /// Says what is not in the log, once it is closed.
    pub(crate) fn note_end(&self, closed: Result<(), SinkError>, seen: McpStats) {
        if seen.unreadable_from_server > 0 {
            note(&format!(
                "{} messages of the server could not be read: answers among them are not in the log",
                seen.unreadable_from_server
            ));
        }
        let stats = self.recorder.stats();
        if stats.lost > 0 {
            note(&format!(
                "{} calls are not in the log: it could not take them",
                stats.lost
            ));
        }
        if let Err(error) = closed {
            note(&format!("the log was not closed: {error}"));
        }
    }
}

/// A name for a store, of what a command or a URL says.
pub(crate) fn name_from(text: &str) -> String {
    let name: String = text
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

/// Opens the first store of the server's that nobody writes to, and holds it: clients often start a server twice.
fn open_store(log: &Path, name: &str) -> Result<(HashChainSink, File), Failure> {
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
