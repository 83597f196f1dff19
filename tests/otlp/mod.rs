//! A collector that takes spans over OTLP, and an exporter that sends them there: the real protocol, in one process.

use std::io::{self, BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

use opentelemetry::trace::TracerProvider as _;
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::trace::v1::Span;
use opentelemetry_sdk::trace::{SdkTracer, SdkTracerProvider};
use prost::Message;

/// Stands in for a collector: takes `POST /v1/traces` with protobuf, and keeps the spans.
pub(crate) struct Collector {
    address: SocketAddr,
    spans: Receiver<Span>,
}

impl Collector {
    pub(crate) fn start() -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?;
        let (sender, spans) = channel();
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                if take(stream, &sender).is_err() {
                    break;
                }
            }
        });
        Ok(Self { address, spans })
    }

    /// The spans that came until now, in the order in which they ended.
    pub(crate) fn spans(&self) -> Vec<Span> {
        self.spans.try_iter().collect()
    }

    /// What exports to the collector each span as it ends.
    pub(crate) fn provider(&self) -> Result<SdkTracerProvider, Box<dyn std::error::Error>> {
        let exporter = SpanExporter::builder()
            .with_http()
            .with_http_client(Client)
            .with_protocol(Protocol::HttpBinary)
            .with_endpoint(format!("http://{}/v1/traces", self.address))
            .build()?;
        Ok(SdkTracerProvider::builder()
            .with_simple_exporter(exporter)
            .build())
    }
}

pub(crate) fn tracer(provider: &SdkTracerProvider) -> SdkTracer {
    provider.tracer("tool-audit")
}

/// Takes one request, and answers it.
fn take(stream: TcpStream, spans: &Sender<Span>) -> Result<(), Box<dyn std::error::Error>> {
    let mut stream = BufReader::new(stream);
    let (head, body) = message(&mut stream)?;
    if !head.starts_with("POST /v1/traces ") || !head.contains("application/x-protobuf") {
        return Err(format!("not OTLP: {head}").into());
    }
    let request = ExportTraceServiceRequest::decode(body.as_slice())?;
    let scopes = request.resource_spans.into_iter();
    for span in scopes
        .flat_map(|resource| resource.scope_spans)
        .flat_map(|scope| scope.spans)
    {
        if spans.send(span).is_err() {
            return Err("nobody asks for spans any more".into());
        }
    }
    let answer =
        "HTTP/1.1 200 OK\r\ncontent-type: application/x-protobuf\r\ncontent-length: 0\r\n\r\n";
    stream.get_mut().write_all(answer.as_bytes())?;
    Ok(())
}

/// The head of an HTTP message, its names in lower case, and the body.
fn message(stream: &mut impl BufRead) -> io::Result<(String, Vec<u8>)> {
    let mut head = String::new();
    let mut length = 0;
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line)? <= 2 {
            break;
        }
        if let Some((name, value)) = line.split_once(':')
            && name.eq_ignore_ascii_case("content-length")
        {
            length = value.trim().parse().map_err(io::Error::other)?;
        }
        head.push_str(&line);
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body)?;
    Ok((head, body))
}

/// The least HTTP client that can send a request; programs take one of `opentelemetry-otlp`'s.
#[derive(Debug)]
struct Client;

#[async_trait::async_trait]
impl HttpClient for Client {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let authority = request.uri().authority().ok_or("no address")?;
        let mut stream = TcpStream::connect(authority.as_str())?;
        write!(
            stream,
            "{} {} HTTP/1.1\r\nhost: {authority}\r\ncontent-length: {}\r\nconnection: close\r\n",
            request.method(),
            request.uri().path(),
            request.body().len()
        )?;
        for (name, value) in request.headers() {
            write!(stream, "{name}: {}\r\n", value.to_str()?)?;
        }
        stream.write_all(b"\r\n")?;
        stream.write_all(request.body())?;
        let (head, body) = message(&mut BufReader::new(stream))?;
        let status = head.split(' ').nth(1).ok_or("no status")?;
        Ok(Response::builder().status(status).body(body.into())?)
    }
}

/// An attribute's text.
pub(crate) fn attribute<'s>(span: &'s Span, name: &str) -> Option<&'s str> {
    let attribute = span.attributes.iter().find(|pair| pair.key == name)?;
    match attribute.value.as_ref()?.value.as_ref()? {
        Value::StringValue(text) => Some(text),
        _ => None,
    }
}

/// An id as records have it.
pub(crate) fn hex(id: &[u8]) -> String {
    id.iter().map(|byte| format!("{byte:02x}")).collect()
}
