use std::time::Duration;

use hyper::header::{HOST, LOCATION};
use hyper::http::uri::{Authority, PathAndQuery, Scheme};
use hyper::{HeaderMap, Request, Response, Uri, body::Incoming};
use hyper_rustls::MaybeHttpsStream;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::{Client, Error};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::net::TcpStream;
use tower::BoxError;
use tower::timeout::Timeout;
use tower::util::BoxCloneSyncService;

use super::ProxyError;
use super::request_body::RequestBody;

/// The server that the requests go to.
pub(super) struct Upstream {
    scheme: Scheme,
    authority: Authority,
    endpoint: PathAndQuery,
    client: Over,
}

/// Whether what is between is encrypted.
enum Over {
    Plain(Client<HttpConnector, RequestBody>),
    Tls(Client<TlsConnector, RequestBody>),
}

type TlsConnector = BoxCloneSyncService<Uri, MaybeHttpsStream<TokioIo<TcpStream>>, BoxError>;

impl Upstream {
    pub(super) fn new(url: &str, connect_wait: Duration) -> Result<Self, ProxyError> {
        let wrong = |why| ProxyError::Upstream { why };
        let uri: Uri = url.parse().map_err(|_| wrong("it is no URL"))?;
        let parts = uri.into_parts();
        let (Some(scheme), Some(authority)) = (parts.scheme, parts.authority) else {
            return Err(wrong("it has no scheme and host"));
        };
        if authority.as_str().contains('@') {
            return Err(wrong("it has a user's name or password in it"));
        }
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        connector.set_connect_timeout(Some(connect_wait));
        connector.enforce_http(false);
        let mut builder = Client::builder(TokioExecutor::new());
        builder
            .timer(TokioTimer::new())
            .pool_timer(TokioTimer::new());
        let client = if scheme == Scheme::HTTP {
            Over::Plain(builder.build(connector))
        } else if scheme == Scheme::HTTPS {
            let provider = rustls::crypto::ring::default_provider();
            let tls = hyper_rustls::HttpsConnectorBuilder::new()
                .with_provider_and_native_roots(provider)
                .map_err(ProxyError::Roots)?
                .https_only()
                .enable_all_versions()
                .wrap_connector(connector);
            // The connector's own bound ends with the connection, before a word is said of encryption.
            let in_time = Timeout::new(tls, connect_wait);
            Over::Tls(builder.build(TlsConnector::new(in_time)))
        } else {
            return Err(wrong("its scheme is neither http nor https"));
        };
        let endpoint = parts
            .path_and_query
            .unwrap_or_else(|| PathAndQuery::from_static("/"));
        Ok(Self {
            scheme,
            authority,
            endpoint,
            client,
        })
    }

    /// Host and port, as the URL says them.
    pub(super) fn authority(&self) -> &str {
        self.authority.as_str()
    }

    /// Whether messages are expected at this path: at the URL's own one; anywhere, where it has none.
    pub(super) fn is_endpoint(&self, path: &str) -> bool {
        path == "/" || self.endpoint.path() == "/" || path == self.endpoint.path()
    }

    /// Makes a request one to the server. The path `/` stands for the URL's own; others are the server's, as they are. To
    /// the URL's own path its query belongs, where the client says none.
    pub(super) fn direct<B>(&self, request: &mut Request<B>) {
        let asked = request.uri().path_and_query();
        let path = match asked {
            Some(asked) if asked.path() == "/" || asked.path() == self.endpoint.path() => {
                let query = asked.query();
                query.and_then(|query| format!("{}?{query}", self.endpoint.path()).parse().ok())
            }
            asked => asked.cloned(),
        };
        let mut parts = hyper::http::uri::Parts::default();
        parts.scheme = Some(self.scheme.clone());
        parts.authority = Some(self.authority.clone());
        parts.path_and_query = Some(path.unwrap_or_else(|| self.endpoint.clone()));
        // The client names the host by the URL.
        request.headers_mut().remove(HOST);
        *request.uri_mut() = Uri::from_parts(parts).unwrap_or_default();
    }

    /// A redirection to the server itself would lead the client round the log: it stays here.
    pub(super) fn keep_redirection(&self, headers: &mut HeaderMap) {
        let here = headers.get(LOCATION).and_then(|location| {
            let uri: Uri = location.to_str().ok()?.parse().ok()?;
            let host = uri.authority()?;
            let is_own = host.host().eq_ignore_ascii_case(self.authority.host())
                && port(host) == port(&self.authority);
            is_own.then_some(())?;
            uri.path_and_query()?.as_str().parse().ok()
        });
        if let Some(here) = here {
            headers.insert(LOCATION, here);
        }
    }

    pub(super) async fn send(
        &self,
        request: Request<RequestBody>,
    ) -> Result<Response<Incoming>, Error> {
        match &self.client {
            Over::Plain(client) => client.request(request).await,
            Over::Tls(client) => client.request(request).await,
        }
    }
}

/// The port, where it is not the scheme's own one.
fn port(authority: &Authority) -> Option<u16> {
    authority
        .port_u16()
        .filter(|port| !matches!(port, 80 | 443))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use hyper::Request;

    use super::Upstream;

    #[test]
    fn the_query_of_the_url_goes_with_its_path_where_the_client_says_none() {
        let server = Upstream::new("http://localhost:1/mcp?key=k", Duration::ZERO).unwrap();
        for (asked, sent) in [
            ("/", "/mcp?key=k"),
            ("/mcp", "/mcp?key=k"),
            ("/mcp?a=1", "/mcp?a=1"),
            ("/?a=1", "/mcp?a=1"),
            ("/mcp/", "/mcp/"),
            ("/token", "/token"),
        ] {
            let mut request = Request::get(asked).body(()).unwrap();
            server.direct(&mut request);
            let target = request.uri().path_and_query().unwrap().as_str();
            assert_eq!(target, sent, "{asked}");
        }
    }
}
