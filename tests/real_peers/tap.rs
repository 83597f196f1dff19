//! What passes over HTTP/1.1 between a client and a server.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

/// Passes connections on to a server, and keeps the bytes.
pub(crate) struct Tap {
    pub(crate) address: SocketAddr,
    connections: Arc<Mutex<Vec<Connection>>>,
}

#[derive(Clone, Default)]
struct Connection {
    from_client: Arc<Mutex<Vec<u8>>>,
    from_server: Arc<Mutex<Vec<u8>>>,
}

/// The bodies of a request that has been answered, and of its answer.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Exchange {
    pub(crate) request: String,
    pub(crate) answer: String,
}

impl Tap {
    pub(crate) fn before(server: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let connections = Arc::<Mutex<Vec<Connection>>>::default();
        let seen = Arc::clone(&connections);
        thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                let connection = Connection::default();
                seen.lock().unwrap().push(connection.clone());
                let server = TcpStream::connect(server).unwrap();
                let (client_too, server_too) =
                    (client.try_clone().unwrap(), server.try_clone().unwrap());
                let Connection {
                    from_client,
                    from_server,
                } = connection;
                thread::spawn(move || copy(client, server, &from_client));
                thread::spawn(move || copy(server_too, client_too, &from_server));
            }
        });
        Self {
            address,
            connections,
        }
    }

    /// What clients posted and got, sorted: not every one has as many connections.
    pub(crate) fn posted(&self) -> Vec<Exchange> {
        let mut exchanges = Vec::new();
        for connection in &*self.connections.lock().unwrap() {
            let from_client = connection.from_client.lock().unwrap().clone();
            let from_server = connection.from_server.lock().unwrap().clone();
            let requests = messages(&from_client);
            let answers = messages(&from_server);
            for ((head, request), (_, answer)) in requests.into_iter().zip(answers) {
                if head.starts_with("POST ") {
                    exchanges.push(Exchange { request, answer });
                }
            }
        }
        exchanges.sort();
        exchanges
    }
}

fn copy(mut from: TcpStream, mut to: TcpStream, kept: &Mutex<Vec<u8>>) {
    let mut piece = [0; 65536];
    while let Ok(length @ 1..) = from.read(&mut piece) {
        kept.lock().unwrap().extend_from_slice(&piece[..length]);
        if to.write_all(&piece[..length]).is_err() {
            break;
        }
    }
    // The other side may be closed already.
    let _ = to.shutdown(Shutdown::Write);
}

/// Heads and bodies of the messages in a stream, of which the last may be cut.
fn messages(stream: &[u8]) -> VecDeque<(String, String)> {
    let mut stream = BufReader::new(stream);
    let mut messages = VecDeque::new();
    loop {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            if stream.read_line(&mut head).unwrap() == 0 {
                return messages;
            }
        }
        let field = |name: &str| {
            let lower = head.to_ascii_lowercase();
            let line = lower
                .lines()
                .find_map(|line| line.strip_prefix(name).map(str::to_owned));
            line.map(|value| value.trim().to_owned())
        };
        let mut body = Vec::new();
        if field("transfer-encoding:").as_deref() == Some("chunked") {
            loop {
                let mut size = String::new();
                stream.read_line(&mut size).unwrap();
                let length = u64::from_str_radix(size.trim(), 16).unwrap_or(0);
                (&mut stream).take(length).read_to_end(&mut body).unwrap();
                stream.read_line(&mut size).unwrap();
                if length == 0 {
                    break;
                }
            }
        } else {
            let length = field("content-length:").map_or(0, |length| length.parse().unwrap());
            (&mut stream).take(length).read_to_end(&mut body).unwrap();
        }
        messages.push_back((head, String::from_utf8(body).unwrap()));
    }
}

/// The JSON-RPC messages of a body: the one that it is, or those of its events.
pub(crate) fn messages_of(body: &str) -> Vec<String> {
    if body.starts_with(['{', '[']) {
        return vec![body.to_owned()];
    }
    let data = body.lines().filter_map(|line| line.strip_prefix("data:"));
    let data = data.map(|data| data.trim_start().to_owned());
    data.filter(|data| !data.is_empty()).collect()
}
