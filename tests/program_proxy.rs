//! `tool-audit proxy`: a server over HTTP behind it, until it is told to stop.
#![cfg(unix)]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, ChildStderr, Command, Output, Stdio};
use std::sync::Arc;

use serde_json::Value;

/// The program, and what it says on standard error.
struct Program {
    child: Child,
    said: BufReader<ChildStderr>,
    address: String,
}

fn start(log: &Path, options: &[&str]) -> Child {
    start_trusting(log, options, None)
}

fn start_trusting(log: &Path, options: &[&str], certificates: Option<&Path>) -> Child {
    Command::new(env!("CARGO_BIN_EXE_tool-audit"))
        .args(["proxy", "--log"])
        .arg(log)
        .args(options)
        .envs(certificates.map(|file| ("SSL_CERT_FILE", file)))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

fn serve(log: &Path, upstream: &str, options: &[&str]) -> Program {
    let own = ["--listen", "127.0.0.1:0", "--upstream", upstream];
    begun(start(log, &[&own, options].concat()))
}

/// The program, once it says where it listens.
fn begun(mut child: Child) -> Program {
    let mut said = BufReader::new(child.stderr.take().unwrap());
    let mut address = None;
    let mut line = String::new();
    while address.is_none() {
        line.clear();
        assert!(said.read_line(&mut line).unwrap() > 0, "it did not begin");
        address = line
            .split("listening on http://")
            .nth(1)
            .map(|address| address.trim().to_owned());
    }
    Program {
        child,
        said,
        address: address.unwrap(),
    }
}

impl Program {
    fn signal(&self, name: &str) {
        let number = self.child.id().to_string();
        let sent = Command::new("kill").args([name, &number]).status().unwrap();
        assert!(sent.success());
    }

    /// What it said until its end, and its exit status.
    fn end(mut self) -> (String, Option<i32>) {
        let mut said = String::new();
        self.said.read_to_string(&mut said).unwrap();
        (said, self.child.wait().unwrap().code())
    }
}

fn read_head(stream: &mut impl Read) -> String {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") && stream.read(&mut byte).unwrap() > 0 {
        head.push(byte[0]);
    }
    String::from_utf8(head).unwrap()
}

/// Answers so many requests, each with the id 1.
fn server(requests: usize) -> (String, std::thread::JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let serving = std::thread::spawn(move || {
        for _ in 0..requests {
            answer_call(&mut listener.accept().unwrap().0);
        }
    });
    (format!("http://{address}/mcp"), serving)
}

/// Reads one request, and answers it with the id 1.
fn answer_call(stream: &mut (impl Read + Write)) {
    let head = read_head(stream);
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "))
        .map_or(0, |length| length.parse().unwrap());
    stream.read_exact(&mut vec![0; length]).unwrap();
    let body = r#"{"jsonrpc":"2.0","id":1,"result":{"content":[]}}"#;
    write!(
        stream,
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    )
    .unwrap();
    stream.flush().unwrap();
}

/// A certificate for `localhost` that nobody else has signed, and a server of TLS that has it.
fn certified() -> (String, rustls::ServerConfig) {
    let own = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let text = base64::Engine::encode(&base64::prelude::BASE64_STANDARD, own.cert.der());
    let pem = format!("-----BEGIN CERTIFICATE-----\n{text}\n-----END CERTIFICATE-----\n");
    let key = rustls::pki_types::PrivatePkcs8KeyDer::from(own.signing_key.serialize_der());
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![own.cert.der().clone()], key.into())
        .unwrap();
    (pem, config)
}

fn send(address: &str, host: &str, body: &str) -> TcpStream {
    let mut stream = TcpStream::connect(address).unwrap();
    write!(
        stream,
        "POST /mcp HTTP/1.1\r\nhost: {host}\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    )
    .unwrap();
    stream
}

fn answer(mut stream: TcpStream) -> String {
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

const CALL: &str = r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"get_order","arguments":{"order_id":"ORD-1"}}}"#;

fn verb(name: &str, log: &Path, options: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_tool-audit"))
        .arg(name)
        .arg(log)
        .args(options)
        .output()
        .unwrap()
}

fn calls(log: &Path) -> Vec<Value> {
    let output = verb("query", log, &["--json", "--kind", "tool_call"]);
    assert!(output.status.success(), "{output:?}");
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

#[test]
fn a_servers_calls_are_in_a_log_that_is_closed_when_it_is_told_to_stop() {
    let folder = tempfile::tempdir().unwrap();
    let (upstream, serving) = server(2);
    let options = [
        "--name", "orders", "--user", "usr_9", "--role", "agent", "--model", "gpt-4.1",
    ];
    let program = serve(folder.path(), &upstream, &options);
    for _ in 0..2 {
        let answer = answer(send(&program.address, "localhost", CALL));
        assert!(answer.starts_with("HTTP/1.1 200 OK"), "{answer}");
        assert!(answer.contains(r#""id":1,"result""#), "{answer}");
    }
    serving.join().unwrap();
    let turned_away = answer(send(&program.address, "evil.example", CALL));
    assert!(turned_away.starts_with("HTTP/1.1 403"), "{turned_away}");
    program.signal("-TERM");
    let (said, status) = program.end();
    assert_eq!(status, Some(0), "{said}");
    assert!(said.contains("1 requests were turned away"), "{said}");

    let store = folder.path().join("orders-0");
    let calls = calls(&store);
    assert_eq!(calls.len(), 2);
    assert_eq!(calls[0]["tool_name"], "get_order");
    assert_eq!(calls[0]["user_id"], "usr_9");
    assert_eq!(calls[0]["model"], "gpt-4.1");
    assert_eq!(calls[0]["attribution"]["initiator_role"], "agent");
    assert_eq!(calls[0]["outcome"], "success");
    let verified = verb("verify", &store, &[]);
    assert!(verified.status.success(), "{verified:?}");
    let records = verb("query", &store, &["--json", "--kind", "log_closed"]);
    assert!(!records.stdout.is_empty(), "{records:?}");
}

#[test]
fn a_call_that_is_open_at_the_end_is_recorded_once_its_time_is_over() {
    let folder = tempfile::tempdir().unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let upstream = format!("http://{}", listener.local_addr().unwrap());
    let program = serve(folder.path(), &upstream, &["--close-wait", "0"]);
    let client = send(&program.address, "localhost", CALL);
    let (mut asked, _) = listener.accept().unwrap();
    assert!(read_head(&mut asked).starts_with("POST /mcp"));
    asked.read_exact(&mut vec![0; CALL.len()]).unwrap();
    program.signal("-INT");
    let (said, status) = program.end();
    assert_eq!(status, Some(0), "{said}");
    drop(client);
    let calls = calls(folder.path());
    assert_eq!(calls.len(), 1);
    assert_eq!(calls[0]["outcome"], "cancelled");
    assert_eq!(calls[0]["result_summary"]["error_type"], "proxy_stopped");
}

#[test]
fn a_server_over_tls_is_asked_where_its_certificate_is_trusted_and_not_elsewhere() {
    let folder = tempfile::tempdir().unwrap();
    let (pem, config) = certified();
    let trusted = folder.path().join("trusted.pem");
    std::fs::write(&trusted, pem).unwrap();
    let other = folder.path().join("other.pem");
    std::fs::write(&other, certified().0).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let config = Arc::new(config);
    std::thread::spawn(move || {
        while let Ok((stream, _)) = listener.accept() {
            let connection = rustls::ServerConnection::new(Arc::clone(&config)).unwrap();
            let mut stream = rustls::StreamOwned::new(connection, stream);
            // Whoever does not trust the certificate says so and leaves.
            if stream.conn.complete_io(&mut stream.sock).is_ok() {
                answer_call(&mut stream);
                stream.conn.send_close_notify();
                let _ = stream.flush();
            }
        }
    });
    let upstream = format!("https://localhost:{port}/mcp");
    let options = ["--listen", "127.0.0.1:0", "--upstream", &upstream];
    let log = folder.path().join("log");
    for (certificates, status, outcome) in
        [(&trusted, 200, "success"), (&other, 502, "service_error")]
    {
        let program = begun(start_trusting(&log, &options, Some(certificates)));
        let answer = answer(send(&program.address, "localhost", CALL));
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {status}")),
            "{answer}"
        );
        program.signal("-TERM");
        assert_eq!(program.end().1, Some(0));
        assert_eq!(calls(&log).last().unwrap()["outcome"], outcome);
    }
}

#[test]
fn what_it_cannot_serve_it_says_in_one_line() {
    let folder = tempfile::tempdir().unwrap();
    let failed = |options: &[&str]| {
        let output = start(folder.path(), options).wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{output:?}");
        String::from_utf8(output.stderr).unwrap()
    };
    let beyond = failed(&["--listen", "0.0.0.0:0", "--upstream", "http://localhost"]);
    assert!(beyond.contains("other machines"), "{beyond}");
    assert_eq!(beyond.lines().count(), 1, "{beyond}");
    let secret = "http://user:hunter2@localhost/mcp";
    let url = failed(&["--listen", "127.0.0.1:0", "--upstream", secret]);
    assert!(
        url.contains("password") && !url.contains("hunter2"),
        "{url}"
    );
    // No part of a password becomes a store's name, wherever it ends.
    let secret = "ftp://user:hunter2/7@localhost/mcp";
    let url = failed(&["--listen", "127.0.0.1:0", "--upstream", secret]);
    let stores = folder.path().read_dir().unwrap();
    let names: Vec<_> = stores.map(|entry| entry.unwrap().file_name()).collect();
    let all = format!("{url} {names:?}");
    assert!(!all.contains("hunter2"), "{all}");
    let scheme = failed(&["--listen", "127.0.0.1:0", "--upstream", "ftp://localhost"]);
    assert!(scheme.contains("neither http nor https"), "{scheme}");
}
