use std::net::{IpAddr, SocketAddr};

use http::HeaderMap;
use http::header::{FORWARDED, HeaderName};

/// In which header the proxies in front of the server say for whom they forward.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum ForwardedBy {
    /// `X-Forwarded-For`: addresses with commas between them.
    #[default]
    XForwardedFor,
    /// `Forwarded` (RFC 7239): its members `for`.
    Forwarded,
}

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

impl ForwardedBy {
    fn header(self) -> HeaderName {
        match self {
            Self::XForwardedFor => X_FORWARDED_FOR,
            Self::Forwarded => FORWARDED,
        }
    }
}

/// How many proxies of one's own stand between a client and the server, and in which header they say so.
///
/// A client may send such headers too, so what they say counts only as far as one's own proxies wrote it: the last
/// of `n` proxies is who connects, each of the others is named by the one behind it, and the address before them is
/// the client's. By default there is none, and who connects is the client.
///
/// ```
/// use tool_audit::adapt::http::{ForwardedBy, TrustedHops};
///
/// let behind_one_proxy = TrustedHops::new(1);
/// let behind_two_of_rfc_7239 = TrustedHops::new(2).header(ForwardedBy::Forwarded);
/// # let _ = (behind_one_proxy, behind_two_of_rfc_7239);
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct TrustedHops {
    hops: usize,
    by: ForwardedBy,
}

/// Whom a request comes from, as far as can be said.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Client {
    pub(super) address: Option<IpAddr>,
    /// One's own machines say so, and not the client.
    pub(super) is_verified: bool,
}

impl TrustedHops {
    /// So many proxies, which write `X-Forwarded-For`.
    #[must_use]
    pub fn new(hops: usize) -> Self {
        Self {
            hops,
            by: ForwardedBy::default(),
        }
    }

    /// Names the header that the proxies write. The other one is a client's, whatever it says.
    #[must_use]
    pub fn header(mut self, by: ForwardedBy) -> Self {
        self.by = by;
        self
    }

    /// The client, where `peer` connects.
    ///
    /// A request that names fewer proxies than there are came another way: then who connects is all that is known, and
    /// it is not verified.
    pub(super) fn client(self, peer: Option<IpAddr>, headers: &HeaderMap) -> Client {
        let Some(before_last) = self.hops.checked_sub(1) else {
            return Client {
                address: peer,
                is_verified: peer.is_some(),
            };
        };
        let named = headers
            .get_all(self.by.header())
            .into_iter()
            .rev()
            // What cannot be read has its place all the same: passed over, what a client wrote before it would count.
            .flat_map(|line| from_end(line.as_bytes(), b',', self.by == ForwardedBy::Forwarded))
            .nth(before_last)
            .and_then(|element| match self.by {
                ForwardedBy::XForwardedFor => address(std::str::from_utf8(element).ok()?),
                ForwardedBy::Forwarded => address(forwarded_for(element)?),
            });
        Client {
            address: named.or(peer),
            is_verified: named.is_some(),
        }
    }
}

/// What an element of `Forwarded` says in its member `for`.
fn forwarded_for(element: &[u8]) -> Option<&str> {
    from_end(element, b';', true).find_map(|member| {
        let (name, value) = std::str::from_utf8(member).ok()?.split_once('=')?;
        name.trim()
            .eq_ignore_ascii_case("for")
            .then(|| value.trim().trim_matches('"'))
    })
}

/// The parts between marks, the last one first. Where quotes count, what is quoted is not parted: a proxy repeats there
/// what a client wrote. From the end, since a client may have left a quote open before the proxies' words.
fn from_end(text: &[u8], mark: u8, quotes_count: bool) -> impl Iterator<Item = &[u8]> {
    let mut rest = Some(text);
    std::iter::from_fn(move || {
        let text = rest?;
        let mut is_quoted = false;
        let cut = (0..text.len()).rev().find(|&at| {
            if quotes_count && text[at] == b'"' {
                let slashes = text[..at].iter().rev().take_while(|byte| **byte == b'\\');
                is_quoted = !is_quoted || slashes.count() % 2 == 1;
            }
            !is_quoted && text[at] == mark
        });
        rest = cut.map(|at| &text[..at]);
        Some(&text[cut.map_or(0, |at| at + 1)..])
    })
}

/// An address, with a port or brackets or without.
fn address(text: &str) -> Option<IpAddr> {
    let text = text.trim();
    let bare = text
        .strip_prefix('[')
        .and_then(|text| text.strip_suffix(']'))
        .unwrap_or(text);
    bare.parse()
        .ok()
        .or_else(|| Some(text.parse::<SocketAddr>().ok()?.ip()))
        .map(|address: IpAddr| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    const PEER: &str = "10.0.0.1";

    fn client(hops: TrustedHops, lines: &[(&'static str, &str)]) -> (Option<String>, bool) {
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.append(*name, value.parse().expect("a header's value"));
        }
        let found = hops.client(PEER.parse().ok(), &headers);
        (
            found.address.map(|address| address.to_string()),
            found.is_verified,
        )
    }

    fn verified(address: &str) -> (Option<String>, bool) {
        (Some(address.to_owned()), true)
    }

    fn unverified(address: &str) -> (Option<String>, bool) {
        (Some(address.to_owned()), false)
    }

    #[test]
    fn without_proxies_who_connects_is_the_client_whatever_headers_say() {
        let claims = [("x-forwarded-for", "1.1.1.1"), ("forwarded", "for=1.1.1.1")];
        assert_eq!(client(TrustedHops::default(), &claims), verified(PEER));
    }

    #[test]
    fn what_a_client_puts_before_the_proxies_words_is_passed_over() {
        let lines = [("x-forwarded-for", "6.6.6.6, 203.0.113.9, 10.0.0.2")];
        assert_eq!(client(TrustedHops::new(1), &lines), verified("10.0.0.2"));
        assert_eq!(client(TrustedHops::new(2), &lines), verified("203.0.113.9"));
    }

    #[test]
    fn several_lines_are_one_list() {
        let lines = [
            ("x-forwarded-for", "6.6.6.6"),
            ("x-forwarded-for", "203.0.113.9,10.0.0.2"),
        ];
        assert_eq!(client(TrustedHops::new(2), &lines), verified("203.0.113.9"));
        assert_eq!(client(TrustedHops::new(3), &lines), verified("6.6.6.6"));
    }

    #[test]
    fn a_request_that_came_another_way_has_no_verified_address() {
        assert_eq!(client(TrustedHops::new(1), &[]), unverified(PEER));
        let short = [("x-forwarded-for", "203.0.113.9")];
        assert_eq!(client(TrustedHops::new(2), &short), unverified(PEER));
        let unreadable = [("x-forwarded-for", "unknown")];
        assert_eq!(client(TrustedHops::new(1), &unreadable), unverified(PEER));
    }

    #[test]
    fn the_other_header_is_a_clients() {
        let hops = TrustedHops::new(1).header(ForwardedBy::Forwarded);
        let lines = [
            ("x-forwarded-for", "6.6.6.6"),
            (
                "forwarded",
                "for=1.1.1.1, proto=https;For=\"[2001:db8::7]:443\"",
            ),
        ];
        assert_eq!(client(hops, &lines), verified("2001:db8::7"));
    }

    #[test]
    fn what_a_proxy_repeats_in_quotes_is_not_its_own_word() {
        let hops = TrustedHops::new(1).header(ForwardedBy::Forwarded);
        for line in [
            r#"for=203.0.113.9;host="x,for=6.6.6.6""#,
            r#"host="x;for=6.6.6.6";for=203.0.113.9"#,
            r#"for=203.0.113.9;host="x;for=6.6.6.6""#,
            r#"for=203.0.113.9;host="\",for=6.6.6.6""#,
            r#"for=203.0.113.9;host="\\""#,
            r#"for=6.6.6.6;host=", for=203.0.113.9;host="x,y""#,
            r#"for=", for="203.0.113.9""#,
        ] {
            assert_eq!(
                client(hops, &[("forwarded", line)]),
                verified("203.0.113.9"),
                "{line}"
            );
        }
    }

    #[test]
    fn a_line_that_cannot_be_read_has_its_place() {
        let mut headers = HeaderMap::new();
        headers.append(X_FORWARDED_FOR, "6.6.6.6".parse().expect("a value"));
        let unreadable = http::HeaderValue::from_bytes(b"\xFF, 203.0.113.9").expect("a value");
        headers.append(X_FORWARDED_FOR, unreadable);
        let peer = PEER.parse().ok();
        let client = TrustedHops::new(1).client(peer, &headers);
        assert_eq!(client.address, "203.0.113.9".parse().ok());
        let client = TrustedHops::new(2).client(peer, &headers);
        assert_eq!((client.address, client.is_verified), (peer, false));
    }

    #[test]
    fn addresses_are_read_in_every_form() {
        for (text, expected) in [
            (" 203.0.113.9 ", "203.0.113.9"),
            ("203.0.113.9:4711", "203.0.113.9"),
            ("::ffff:203.0.113.9", "203.0.113.9"),
            ("2001:db8::7", "2001:db8::7"),
            ("[2001:db8::7]", "2001:db8::7"),
            ("[2001:db8::7]:443", "2001:db8::7"),
        ] {
            assert_eq!(
                address(text).map(|address| address.to_string()).as_deref(),
                Some(expected)
            );
        }
        for text in ["", "unknown", "_hidden", "203.0.113", "host.example:80"] {
            assert_eq!(address(text), None, "{text}");
        }
    }
}
