//! A server on loopback, and a client of either version of the protocol.

use std::net::SocketAddr;

use axum::Router;
use axum::body::Body;
use axum::response::Response;
use http::Request;
use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tool_audit::{AuditEntry, AuditSink, SanitizedEntry, Ticket};

/// Serves on a free port until the runtime ends.
pub async fn serve(app: Router) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let service = app.into_make_service_with_connect_info::<SocketAddr>();
    tokio::spawn(async move { axum::serve(listener, service).await });
    address
}

/// One connection.
pub enum Client {
    Http1(http1::SendRequest<Body>),
    Http2(http2::SendRequest<Body>),
}

impl Client {
    pub async fn http1(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).await.expect("a server");
        let (sender, connection) = http1::handshake(TokioIo::new(stream))
            .await
            .expect("a connection");
        tokio::spawn(connection);
        Self::Http1(sender)
    }

    pub async fn http2(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).await.expect("a server");
        let (sender, connection) = http2::handshake(TokioExecutor::new(), TokioIo::new(stream))
            .await
            .expect("a connection");
        tokio::spawn(connection);
        Self::Http2(sender)
    }

    pub async fn send(&mut self, request: Request<Body>) -> Response {
        let answer = match self {
            Self::Http1(sender) => {
                sender.ready().await.expect("a free connection");
                sender.send_request(request).await
            }
            Self::Http2(sender) => {
                sender.ready().await.expect("a connection");
                sender.send_request(request).await
            }
        };
        answer.expect("an answer").map(Body::new)
    }
}

/// A sink that hands every entry to whoever waits for it.
pub struct Told(UnboundedSender<String>);

pub struct Entries(UnboundedReceiver<String>);

pub fn told() -> (Told, Entries) {
    let (sender, entries) = unbounded_channel();
    (Told(sender), Entries(entries))
}

impl AuditSink for Told {
    fn record(&self, entry: &SanitizedEntry<'_>) -> Ticket {
        let _ = self.0.send(entry.as_json().to_owned());
        Ticket::DONE
    }
}

impl Entries {
    pub async fn next(&mut self) -> AuditEntry {
        let line = self.0.recv().await.expect("an entry");
        serde_json::from_str(&line).expect("an entry")
    }

    /// True where no other entry is there.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
