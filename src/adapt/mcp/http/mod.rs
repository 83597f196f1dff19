//! The Model Context Protocol over HTTP, watched by a proxy: the streamable HTTP transport, with sessions and without.

mod answer_body;
mod connections;
mod error;
mod events;
mod exchange;
mod foreign;
mod headers;
mod proxy;
mod request_body;
mod serve;
mod sessions;
mod settings;
#[cfg(unix)]
mod signals;
mod upstream;

pub use self::error::ProxyError;
pub use self::proxy::{Proxy, ProxyBuilder, ProxyStats};
#[cfg(unix)]
pub use self::signals::stop_signal;

/// The error type of calls that were open when the proxy was stopped.
const STOPPED: &str = "proxy_stopped";
