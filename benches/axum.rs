//! What the HTTP layer costs a JSON tool behind axum: requests a second, and processor time.
//!
//! ```text
//! cargo bench --features axum --bench axum               # about two minutes
//! cargo bench --features axum --bench axum -- --quick    # some twenty seconds, coarser
//! cargo bench --features axum --bench axum -- --traced   # with a trace context, a request id and a browser's user agent
//! ```
//!
//! Two servers of one route each run in processes of their own, one without the layer and one with it, which writes a
//! hash chain. The load comes over loopback from this process: requests that are bytes already, on connections that are
//! kept, each of which sends the next one when its answer was found. The servers take turns in every round; ratios and
//! differences are taken within a round, and medians over the rounds are shown. Processor time is that of all of a
//! server's threads, until the last record is written.
#![allow(
    clippy::print_stdout,
    reason = "the results are for people at a terminal"
)]

mod workload;

use std::ffi::OsStr;
use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::ops::Range;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::Value;
use tokio::net::TcpListener;
use tool_audit::adapt::http::HttpAuditLayer;
use tool_audit::{HashChainSink, Recorder};
use workload::machine;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let has = |flag: &str| arguments.iter().any(|argument| argument == flag);
    if has("--serve-bare") {
        serve(None);
    } else if let [flag, folder] = arguments.as_slice()
        && flag == "--serve-audited"
    {
        let sink = HashChainSink::open(Path::new(folder).join("audit"));
        serve(Some(Recorder::new(sink.expect("the folder is ours"))));
    } else if has("--bench") {
        let scale = [("--tiny", TINY), ("--quick", QUICK)];
        let chosen = scale.into_iter().find(|(flag, _)| has(flag));
        compare(
            chosen.map_or(FULL, |(_, scale)| scale),
            Requests::new(has("--traced")),
        );
    } else {
        println!("SKIPPED: run it with `cargo bench --features axum --bench axum`");
    }
}

/// How much is measured.
#[derive(Clone, Copy)]
struct Scale {
    rounds: usize,
    /// Requests of each server in each round.
    requests: u64,
}

const FULL: Scale = Scale {
    rounds: 15,
    requests: 100_000,
};
const QUICK: Scale = Scale {
    rounds: 5,
    requests: 30_000,
};
/// To see that it runs.
const TINY: Scale = Scale {
    rounds: 2,
    requests: 320,
};

/// Connections at once.
const CONNECTIONS: u64 = 32;

const ROUTE: &str = "/tools/update_order_status";

// ---- a server, in a process of its own ----

fn serve(recorder: Option<Recorder>) {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime can start");
    runtime.block_on(async {
        let tool = async |Json(arguments): Json<Value>| {
            drop(std::hint::black_box(arguments));
            Json(workload::result())
        };
        let mut app = Router::new().route(ROUTE, post(tool));
        if let Some(recorder) = recorder.clone() {
            app = app.layer(HttpAuditLayer::new(recorder));
        }
        let spent = async move || {
            if let Some(recorder) = recorder {
                recorder.flush().await.expect("the disk has room");
            }
            machine::cpu_time().as_nanos().to_string()
        };
        let app = app.route("/spent", get(spent));
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        println!("{}", listener.local_addr().expect("an address"));
        let service = app.into_make_service_with_connect_info::<SocketAddr>();
        axum::serve(listener, service).await.expect("a server");
    });
}

/// A server that ends with this program.
struct Server {
    process: Child,
    address: SocketAddr,
}

impl Server {
    fn start<S: AsRef<OsStr>>(arguments: impl IntoIterator<Item = S>) -> Self {
        let mut process = Command::new(std::env::current_exe().expect("this program has a path"))
            .args(arguments)
            .stdout(Stdio::piped())
            .spawn()
            .expect("this program can start itself");
        let mut line = String::new();
        let output = process.stdout.take().expect("its output is piped");
        BufReader::new(output)
            .read_line(&mut line)
            .expect("it says its address");
        let address = line.trim().parse().expect("an address");
        Self { process, address }
    }

    /// Processor time that it has spent, in nanoseconds, when all records are written.
    fn spent(&self) -> f64 {
        let mut stream = TcpStream::connect(self.address).expect("a server");
        let request = b"GET /spent HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
        stream.write_all(request).expect("a server");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("an answer");
        let body = answer.rsplit("\r\n").next().unwrap_or_default();
        body.parse().expect("a number")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

// ---- the load, and the comparison ----

/// What one server did in one round.
struct Turn {
    /// Requests a second.
    rate: f64,
    /// Processor time for each, in nanoseconds.
    cpu: f64,
    /// How often the load rested: it was waiting for the server then.
    rests: u64,
}

fn turn(server: &Server, kind: &mut Requests, requests: u64) -> Turn {
    let before = server.spent();
    let began = Instant::now();
    let (made, rests) = load(server.address, kind, requests);
    let taken = began.elapsed().as_secs_f64();
    Turn {
        rate: made / taken,
        cpu: (server.spent() - before) / made,
        rests,
    }
}

/// The requests, one after the other.
struct Requests {
    bytes: Vec<u8>,
    /// Where ids stand that are others in each request.
    ids: Vec<Range<usize>>,
    number: u64,
}

const TRACEPARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
const REQUEST_ID: &str = "f47ac10b-58cc-4372-a567-0e02b2c3d479";
const USER_AGENT: &str = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36";

impl Requests {
    fn new(is_traced: bool) -> Self {
        let body = workload::arguments().to_string();
        let head = if is_traced {
            format!(
                "User-Agent: {USER_AGENT}\r\nTraceparent: {TRACEPARENT}\r\nX-Request-Id: {REQUEST_ID}\r\n"
            )
        } else {
            "User-Agent: load/1\r\n".to_owned()
        };
        let text = format!(
            "POST {ROUTE} HTTP/1.1\r\nHost: localhost\r\n{head}Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        let ids = ["4bf92f35", "00f067aa", "f47ac10b"].into_iter();
        let ids = ids.filter_map(|id| text.find(id).map(|at| at..at + id.len()));
        Self {
            ids: ids.collect(),
            bytes: text.into_bytes(),
            number: 0,
        }
    }

    fn next(&mut self) -> &[u8] {
        self.number += 1;
        // Spread over all digits, as ids are that are drawn at random.
        let mut digits = self.number.wrapping_mul(0x9E37_79B9_7F4A_7C15);
        for id in &self.ids {
            for place in &mut self.bytes[id.clone()] {
                *place = b"0123456789abcdef"[(digits % 16) as usize];
                digits = digits.rotate_right(4);
            }
        }
        &self.bytes
    }
}

/// A connection on which one request after the other is sent.
struct Connection {
    stream: TcpStream,
    answer: Vec<u8>,
    /// How many requests are still to be answered.
    left: u64,
}

/// How long the load rests when it has found no answer on any connection.
const REST: Duration = Duration::from_micros(50);

/// Sends requests on all connections, and says how many were answered and how often it rested.
///
/// It looks at its connections by itself and is not woken by answers: to wake another process of the same machine
/// costs who answers some microseconds, and the slower it is the oftener it does, which no server pays whose clients
/// are elsewhere.
fn load(address: SocketAddr, kind: &mut Requests, requests: u64) -> (f64, u64) {
    let end = workload::result().to_string().into_bytes();
    let each = requests / CONNECTIONS;
    let mut connections: Vec<Connection> = (0..CONNECTIONS)
        .map(|_| Connection::open(address, each, kind.next()))
        .collect();
    let mut rests = 0;
    while !connections.is_empty() {
        let mut has_found = false;
        for connection in &mut connections {
            if connection.is_answered(&end) {
                has_found = true;
                connection.go_on(kind.next());
            }
        }
        connections.retain(|connection| connection.left > 0);
        if !has_found {
            rests += 1;
            std::thread::sleep(REST);
        }
    }
    ((each * CONNECTIONS) as f64, rests)
}

impl Connection {
    fn open(address: SocketAddr, requests: u64, request: &[u8]) -> Self {
        let mut stream = TcpStream::connect(address).expect("a server");
        stream.set_nodelay(true).expect("a socket");
        stream.set_nonblocking(true).expect("a socket");
        stream.write_all(request).expect("a server");
        Self {
            stream,
            answer: Vec::with_capacity(4096),
            left: requests,
        }
    }

    fn is_answered(&mut self, end: &[u8]) -> bool {
        let mut part = [0; 4096];
        match self.stream.read(&mut part) {
            Ok(0) => panic!("the server has closed the connection"),
            Ok(read) => self.answer.extend_from_slice(&part[..read]),
            Err(error) if error.kind() == ErrorKind::WouldBlock => return false,
            Err(error) => panic!("an answer: {error}"),
        }
        self.answer.ends_with(end)
    }

    fn go_on(&mut self, request: &[u8]) {
        assert!(self.answer.starts_with(b"HTTP/1.1 200"), "not answered");
        self.answer.clear();
        self.left -= 1;
        if self.left > 0 {
            // As short as it is, it always has room.
            self.stream.write_all(request).expect("a server");
        }
    }
}

fn compare(scale: Scale, mut kind: Requests) {
    let folder = machine::folder();
    let bare = Server::start(["--serve-bare"]);
    let audited = Server::start([OsStr::new("--serve-audited"), folder.path().as_os_str()]);
    // The first turns warm up, and are forgotten.
    turn(&bare, &mut kind, scale.requests / 4);
    turn(&audited, &mut kind, scale.requests / 4);
    let (mut ratios, mut added) = (Vec::new(), Vec::new());
    let (mut rates, mut spent) = (Vec::new(), Vec::new());
    let mut rested = true;
    for round in 0..scale.rounds {
        let (without, with) = if round % 2 == 0 {
            let without = turn(&bare, &mut kind, scale.requests);
            (without, turn(&audited, &mut kind, scale.requests))
        } else {
            let with = turn(&audited, &mut kind, scale.requests);
            (turn(&bare, &mut kind, scale.requests), with)
        };
        ratios.push(with.rate / without.rate);
        added.push((with.cpu - without.cpu) / 1e3);
        rates.push(without.rate);
        spent.push(without.cpu / 1e3);
        rested &= without.rests > 0;
    }
    println!(
        "\nA JSON tool behind axum, {CONNECTIONS} connections, {} requests in each of {} rounds; medians.",
        scale.requests, scale.rounds
    );
    println!(
        "Without the layer: {:.0} requests a second, {:.1} µs of processor time each.\n",
        middle(rates),
        middle(spent)
    );
    if !rested {
        println!("The load never waited for a server: it is the load whose limit is shown.\n");
    }
    let ratio = middle(ratios);
    let added = middle(added);
    let targets = [
        (
            ratio >= 0.8,
            format!("requests a second: {ratio:.3} of those without the layer (at least 0.80)"),
        ),
        (
            added <= 5.0,
            format!("CPU of all threads: {added:.2} µs more a request (at most 5)"),
        ),
    ];
    for (met, text) in &targets {
        println!("{}  {text}", if *met { "PASS" } else { "FAIL" });
    }
    if !targets.iter().all(|(met, _)| *met) {
        println!("\nA target was missed. On a busy machine, run it again before believing it.");
    }
}

fn middle(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
