use std::error::Error;
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::future::{Future, poll_fn};
use std::io;
use std::pin::pin;
use std::process::{ExitStatus, Stdio};
use std::task::Context;

use rustix::process::{Pid, Signal, kill_process};
use tokio::process::{Child, Command};
use tokio::signal::unix::{self, SignalKind};

use super::{End, Relay};

/// Starts an MCP server and stands between it and this process's standard input and output, until it ends.
///
/// The server's standard error is this process's. It is in a process group of its own, so that a signal from a terminal
/// comes once: SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1 and SIGUSR2 are passed on to it. When the client closes the
/// standard input, so is the server's.
///
/// The session is told how it ended; closing the recorder is the caller's. The exit status is the server's.
///
/// # Errors
///
/// [`WrapError::Start`] where the command cannot be started, [`WrapError::Io`] where its output cannot be passed on;
/// the server has then lost its output, and been waited for all the same.
///
/// # Panics
///
/// Outside a tokio runtime with I/O enabled.
pub async fn wrap(
    relay: &Relay,
    program: &OsStr,
    arguments: &[OsString],
) -> Result<ExitStatus, WrapError> {
    // Before there is a server: a signal that comes while it starts must not leave it alone.
    let mut signals = Signals::new().map_err(WrapError::Io)?;
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .process_group(0)
        .spawn()
        .map_err(|error| WrapError::Start {
            program: program.to_owned(),
            error,
        })?;
    let (Some(input), Some(output)) = (child.stdin.take(), child.stdout.take()) else {
        return Err(WrapError::Io(io::ErrorKind::BrokenPipe.into()));
    };
    signals.pass_to(&child);
    let ended = {
        let client = (tokio::io::stdin(), tokio::io::stdout());
        let mut relayed = pin!(relay.run(client, (output, input)));
        poll_fn(|cx| {
            signals.pass_on(cx);
            relayed.as_mut().poll(cx)
        })
        .await
    };
    let status = {
        let mut waited = pin!(child.wait());
        poll_fn(|cx| {
            signals.pass_on(cx);
            waited.as_mut().poll(cx)
        })
        .await
    };
    match (&ended, &status) {
        (Ok(End::ServerEnded), Ok(status)) => relay
            .session()
            .server_ended(&format!("the server ended: {status}")),
        _ => relay.session().client_left(),
    }
    ended.map_err(WrapError::Io)?;
    status.map_err(WrapError::Io)
}

/// The signals that are passed on, and to whom.
struct Signals {
    child: Option<Pid>,
    all: Vec<(unix::Signal, Signal)>,
}

impl Signals {
    fn new() -> io::Result<Self> {
        let all = [
            (SignalKind::interrupt(), Signal::INT),
            (SignalKind::terminate(), Signal::TERM),
            (SignalKind::hangup(), Signal::HUP),
            (SignalKind::quit(), Signal::QUIT),
            (SignalKind::user_defined1(), Signal::USR1),
            (SignalKind::user_defined2(), Signal::USR2),
        ];
        let all = all
            .into_iter()
            .map(|(kind, passed)| Ok((unix::signal(kind)?, passed)))
            .collect::<io::Result<_>>()?;
        Ok(Self { child: None, all })
    }

    fn pass_to(&mut self, child: &Child) {
        self.child = child
            .id()
            .and_then(|id| Pid::from_raw(i32::try_from(id).ok()?));
    }

    /// Passes on what has come. The child is not waited for yet, so that its number is nobody else's.
    fn pass_on(&mut self, cx: &mut Context<'_>) {
        for (received, passed) in &mut self.all {
            while received.poll_recv(cx).is_ready() {
                if let Some(child) = self.child {
                    // Where it has ended already, there is nobody to tell.
                    let _ = kill_process(child, *passed);
                }
            }
        }
    }
}

/// Why a server could not be wrapped.
#[derive(Debug)]
#[non_exhaustive]
pub enum WrapError {
    /// The server's command cannot be started.
    Start {
        /// The command's program.
        program: OsString,
        /// What the system says.
        error: io::Error,
    },
    /// What the server says cannot be passed on.
    Io(io::Error),
}

impl fmt::Display for WrapError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Start { program, error } => write!(
                formatter,
                "starting {}: {error}: check the command behind --",
                crate::query::escape(&program.to_string_lossy())
            ),
            Self::Io(error) => write!(formatter, "passing on what the server says: {error}"),
        }
    }
}

impl Error for WrapError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Start { error, .. } | Self::Io(error) => Some(error),
        }
    }
}
