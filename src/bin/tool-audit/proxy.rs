use std::net::SocketAddr;
use std::time::Duration;

use clap::Args;
use tool_audit::CallContext;
use tool_audit::adapt::mcp::MAX_MESSAGE;
use tool_audit::adapt::mcp::http::{Proxy, ProxyError, stop_signal};

use crate::output::note;
use crate::recording::{self, RecordingArguments};
use crate::verdict::{Failure, Verdict};

/// Audits an MCP server that talks over HTTP
///
/// Clients use the proxy's address in place of the server's, with the same path. Bodies pass unchanged and at once in both
/// directions, and every tools/call becomes a record in the store LOG/<host>-0, or -1, -2 … while another process writes
/// the former. Headers that hold credentials pass too, and are recorded nowhere; of a session's id there is a pseudonym.
/// It runs until SIGTERM, SIGINT or SIGHUP; then open calls may end, and the log is closed.
#[derive(Debug, Args)]
#[command(after_help = "\
Example: before a server at http://127.0.0.1:3001/mcp, for clients that then use http://127.0.0.1:8080/mcp
  tool-audit proxy --log /var/audit --listen 127.0.0.1:8080 --upstream http://127.0.0.1:3001/mcp
and then
  tool-audit query /var/audit")]
pub(crate) struct Arguments {
    #[command(flatten)]
    recording: RecordingArguments,
    /// The address that clients connect to; with port 0 the system chooses one, and it is said on standard error
    #[arg(long, value_name = "ADDRESS:PORT")]
    listen: SocketAddr,
    /// The server's URL; its certificate must be one that the system trusts, or SSL_CERT_FILE
    #[arg(long, value_name = "URL")]
    upstream: String,
    /// Listen on an address that other machines reach: whoever reaches it can use the server
    #[arg(long)]
    beyond_loopback: bool,
    /// Serve requests with this name in Host, beside those of the loopback
    #[arg(long, value_name = "NAME")]
    allow_host: Vec<String>,
    /// Serve web pages of this origin, such as https://app.example, beside those of the loopback
    #[arg(long, value_name = "ORIGIN")]
    allow_origin: Vec<String>,
    /// The most bytes of a request's body
    #[arg(long, value_name = "BYTES", default_value_t = MAX_MESSAGE)]
    max_body: usize,
    /// How long the server may take until its answer begins; 0 is for ever
    #[arg(long, value_name = "SECONDS", default_value_t = 600)]
    answer_wait: u64,
    /// How long open calls may go on when the proxy is stopped
    #[arg(long, value_name = "SECONDS", default_value_t = 10)]
    close_wait: u64,
}

pub(crate) fn run(arguments: &Arguments) -> Result<Verdict, Failure> {
    let log = recording::open(&arguments.recording, || name_of(&arguments.upstream))?;
    let mut context = CallContext::default();
    context.user_id.clone_from(&arguments.recording.user);
    let answer_wait = Some(arguments.answer_wait).filter(|seconds| *seconds > 0);
    let mut builder = Proxy::builder(log.recorder.clone(), &arguments.upstream)
        .context(arguments.recording.describe(context))
        .on_unrecordable(arguments.recording.mode())
        .max_body(arguments.max_body)
        .answer_wait(answer_wait.map(Duration::from_secs))
        .close_wait(Duration::from_secs(arguments.close_wait));
    if arguments.beyond_loopback {
        builder = builder.listen_beyond_loopback();
    }
    for name in &arguments.allow_host {
        builder = builder.allow_host(name);
    }
    for origin in &arguments.allow_origin {
        builder = builder.allow_origin(origin);
    }
    let proxy = builder.build().map_err(Failure::unable)?;

    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(Failure::unable)?;
    let (served, closed) = runtime.block_on(async {
        let served = serve(&proxy, arguments.listen).await;
        (served, log.recorder.close().await)
    });
    drop(runtime);
    let seen = proxy.stats();
    if seen.turned_away > 0 {
        note(&format!(
            "{} requests were turned away for their Host or Origin: see --allow-host and --allow-origin",
            seen.turned_away
        ));
    }
    log.note_end(closed, seen.sessions);
    served.map_err(Failure::unable)?;
    Ok(Verdict::Fine)
}

async fn serve(proxy: &Proxy, address: SocketAddr) -> Result<(), ProxyError> {
    let stop = stop_signal().map_err(ProxyError::Listen)?;
    let listener = tokio::net::TcpListener::bind(address)
        .await
        .map_err(ProxyError::Listen)?;
    let address = listener.local_addr().map_err(ProxyError::Listen)?;
    proxy.check(address)?;
    note(&format!("listening on http://{address}"));
    proxy.serve(listener, stop).await
}

/// The server's name, as its URL says it: its host.
fn name_of(url: &str) -> String {
    // What stands before it may be a password, and such a URL is refused.
    if url.contains('@') {
        return recording::name_from("");
    }
    let host = url.split("://").nth(1).unwrap_or(url);
    let host = host.split(['/', '?', '#']).next().unwrap_or(host);
    recording::name_from(host)
}
