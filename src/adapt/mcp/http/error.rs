use std::error::Error;
use std::fmt;
use std::io;
use std::net::SocketAddr;

/// Why a proxy does not serve.
#[derive(Debug)]
#[non_exhaustive]
pub enum ProxyError {
    /// The server's URL is none that requests can go to. It is not repeated here: it may hold a password.
    Upstream {
        /// What is wrong with it.
        why: &'static str,
    },
    /// The system's certificates cannot be read, and without them no server's can be trusted.
    Roots(io::Error),
    /// The address can be reached from other machines, and nobody said that it may be.
    BeyondLoopback(SocketAddr),
    /// No connections can be taken.
    Listen(io::Error),
}

impl fmt::Display for ProxyError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Upstream { why } => write!(
                formatter,
                "the server's URL cannot be used: {why}: give one such as https://example.com/mcp"
            ),
            Self::Roots(error) => write!(
                formatter,
                "reading the system's certificates: {error}: install them, or name a file of them in SSL_CERT_FILE"
            ),
            Self::BeyondLoopback(address) => write!(
                formatter,
                "{address} can be reached from other machines: listen on 127.0.0.1, or say that they may ask"
            ),
            Self::Listen(error) => write!(
                formatter,
                "taking connections: {error}: check the address to listen on"
            ),
        }
    }
}

impl Error for ProxyError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Roots(error) | Self::Listen(error) => Some(error),
            Self::Upstream { .. } | Self::BeyondLoopback(_) => None,
        }
    }
}
