use std::net::IpAddr;

use hyper::Uri;
use hyper::header::{HOST, ORIGIN};
use hyper::http::request::Parts;
use hyper::http::uri::Authority;

/// Who may ask: what keeps a web page that has had its name pointed to this address (DNS rebinding) away from the server.
#[derive(Debug, Clone, Default)]
pub(super) struct Friends {
    /// Names by which the proxy may be asked, beside those of the loopback.
    pub(super) hosts: Vec<String>,
    /// Origins of web pages that may ask, beside those of the loopback.
    pub(super) origins: Vec<String>,
    /// It is reachable from other machines, by any of its addresses. No name can be pointed to what is no name.
    pub(super) any_address: bool,
}

impl Friends {
    /// Why a request is not served; none where it is.
    pub(super) fn objection(&self, request: &Parts) -> Option<&'static str> {
        let mut hosts = request.headers.get_all(HOST).iter();
        let host = hosts.next().map(|host| host.to_str().unwrap_or_default());
        if hosts.next().is_some() {
            return Some("there are two Host headers");
        }
        let target = request.uri.authority().map(Authority::as_str);
        if host.is_none() && target.is_none() {
            return Some("there is no Host header");
        }
        if !host.into_iter().chain(target).all(|name| self.is_own(name)) {
            return Some("its Host is none of the proxy's names");
        }
        let mut origins = request.headers.get_all(ORIGIN).iter();
        let is_friend = |origin: &str| {
            self.origins
                .iter()
                .any(|friend| friend.eq_ignore_ascii_case(origin))
                || self.is_own_page(origin)
        };
        if !origins.all(|origin| origin.to_str().is_ok_and(is_friend)) {
            return Some("its Origin is none that may ask");
        }
        None
    }

    fn is_own(&self, authority: &str) -> bool {
        let Ok(authority) = authority.parse::<Authority>() else {
            return false;
        };
        let host = authority.host();
        self.is_named(host) || address(host).is_some_and(|_| self.any_address)
    }

    fn is_own_page(&self, origin: &str) -> bool {
        let uri = origin.parse::<Uri>().ok();
        uri.as_ref()
            .filter(|uri| uri.scheme().is_some())
            .and_then(Uri::host)
            .is_some_and(|host| self.is_named(host))
    }

    fn is_named(&self, host: &str) -> bool {
        host.eq_ignore_ascii_case("localhost")
            || address(host).is_some_and(|address| address.is_loopback())
            || self.hosts.iter().any(|own| own.eq_ignore_ascii_case(host))
    }
}

fn address(host: &str) -> Option<IpAddr> {
    host.trim_start_matches('[')
        .trim_end_matches(']')
        .parse()
        .ok()
}

#[cfg(test)]
mod tests {
    use super::Friends;
    use hyper::Request;

    fn objects(friends: &Friends, host: &str, origin: Option<&str>) -> bool {
        let mut request = Request::builder().uri("/mcp").header("host", host);
        if let Some(origin) = origin {
            request = request.header("origin", origin);
        }
        let (parts, ()) = request.body(()).unwrap().into_parts();
        friends.objection(&parts).is_some()
    }

    #[test]
    fn only_the_loopback_and_what_is_named_may_ask() {
        let mut friends = Friends::default();
        for host in [
            "localhost",
            "LOCALHOST:8080",
            "127.0.0.1:1",
            "127.9.9.9",
            "[::1]:80",
        ] {
            assert!(!objects(&friends, host, None), "{host}");
        }
        for host in [
            "evil.example",
            "localhost.evil.example",
            "127.0.0.1.evil.example:80",
            "10.0.0.7",
            "user@localhost@evil",
            "",
        ] {
            assert!(objects(&friends, host, None), "{host}");
        }
        for origin in [
            "http://localhost:6274",
            "http://127.0.0.1",
            "https://[::1]:3",
        ] {
            assert!(!objects(&friends, "localhost", Some(origin)), "{origin}");
        }
        for origin in [
            "null",
            "http://evil.example",
            "http://10.0.0.7",
            "localhost",
            "file://",
        ] {
            assert!(objects(&friends, "localhost", Some(origin)), "{origin}");
        }
        friends.hosts.push("audit.example".to_owned());
        friends.origins.push("https://app.example".to_owned());
        assert!(!objects(
            &friends,
            "audit.example:8080",
            Some("https://app.example")
        ));
        assert!(objects(
            &friends,
            "audit.example",
            Some("https://app.example:8443")
        ));
        friends.any_address = true;
        assert!(!objects(&friends, "10.0.0.7:8080", None));
        assert!(objects(&friends, "10.0.0.7", Some("http://10.0.0.8")));
    }

    #[test]
    fn two_hosts_or_none_are_no_host() {
        let friends = Friends::default();
        let none = Request::builder().uri("/").body(()).unwrap().into_parts().0;
        assert!(friends.objection(&none).is_some());
        let two = Request::builder()
            .header("host", "localhost")
            .header("host", "localhost");
        assert!(
            friends
                .objection(&two.body(()).unwrap().into_parts().0)
                .is_some()
        );
        let both = Request::builder()
            .uri("http://evil.example/mcp")
            .header("host", "localhost");
        assert!(
            friends
                .objection(&both.body(()).unwrap().into_parts().0)
                .is_some()
        );
    }
}
