use std::fmt::{self, Write};
use std::net::IpAddr;

use http::header::{HeaderName, USER_AGENT};
use http::{HeaderMap, HeaderValue};

use super::TrustedHops;
use super::forwarded::Client;
use crate::adapt::trace_context::{self, TraceContext};
use crate::call::CallContext;
use crate::record::CallBuilder;
use crate::tree::Tree;

const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");

/// What the head of a request says of where it comes from: client address, user agent, trace context.
///
/// ```
/// use http::{HeaderMap, header};
/// use tool_audit::adapt::http::{HttpOrigin, TrustedHops};
///
/// let mut headers = HeaderMap::new();
/// headers.insert(header::USER_AGENT, "SupportDashboard/2.1".parse()?);
/// headers.insert("traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01".parse()?);
///
/// let origin = HttpOrigin::new(Some([10, 0, 1, 5].into()), &headers, TrustedHops::default());
/// assert_eq!(origin.context().session_metadata["client_ip"], "10.0.1.5");
/// assert_eq!(origin.context().verified, ["client_ip"]);
/// assert_eq!(origin.context().span_id.as_deref(), Some("00f067aa0ba902b7"));
/// # Ok::<(), http::header::InvalidHeaderValue>(())
/// ```
#[derive(Clone, Default)]
pub struct HttpOrigin {
    client_ip: Option<IpAddr>,
    is_verified: bool,
    user_agent: Option<HeaderValue>,
    traceparent: Option<HeaderValue>,
}

impl HttpOrigin {
    /// What `headers` say where `peer` connects, and so many proxies can be trusted.
    #[must_use]
    pub fn new(peer: Option<IpAddr>, headers: &HeaderMap, hops: TrustedHops) -> Self {
        let Client {
            address,
            is_verified,
        } = hops.client(peer, headers);
        // Two of them are none: nobody can say which is meant (W3C trace context, section 3.2).
        let mut traceparents = headers.get_all(TRACEPARENT).into_iter();
        let traceparent = traceparents
            .next()
            .filter(|_| traceparents.next().is_none());
        Self {
            client_ip: address,
            is_verified,
            user_agent: headers.get(USER_AGENT).cloned(),
            traceparent: traceparent.filter(|text| trace_of(text).is_some()).cloned(),
        }
    }

    /// The client's address; without the proxies' words that of who connects.
    #[must_use]
    pub fn client_ip(&self) -> Option<IpAddr> {
        self.client_ip
    }

    /// True where the connection, or the configured number of one's own proxies, gives the client's address.
    #[must_use]
    pub fn is_client_ip_verified(&self) -> bool {
        self.is_verified
    }

    /// What the client says that it is. Bytes that are no ASCII are left out.
    #[must_use]
    pub fn user_agent(&self) -> Option<&str> {
        self.user_agent.as_ref()?.to_str().ok()
    }

    /// The W3C trace id and span id, 32 and 16 hex digits.
    #[must_use]
    pub fn trace(&self) -> Option<(&str, &str)> {
        let context = self.trace_context()?;
        Some((context.trace_id, context.span_id))
    }

    fn trace_context(&self) -> Option<TraceContext<'_>> {
        trace_of(self.traceparent.as_ref()?)
    }

    /// Hands over to `call` what is known, and what `place` says of where the request went; with less work than by way of
    /// a context. Metadata cost least in the order of their names.
    pub(super) fn describe(
        &self,
        call: &mut CallBuilder<'_>,
        place: impl FnOnce(&mut CallBuilder<'_>),
    ) {
        if let Some(address) = self.client_ip {
            let address = AddressText::of(address);
            call.metadata_tree("client_ip", &Tree::String(address.as_str()));
        }
        if self.is_verified {
            call.established("client_ip");
        }
        place(call);
        if let Some(agent) = self.user_agent() {
            call.metadata_tree("user_agent", &Tree::String(agent));
        }
        if let Some(trace) = self.trace_context() {
            trace.tell(call);
        }
    }

    /// The same as a call's context: `client_ip` and `user_agent` in the session's metadata, trace and span.
    #[must_use]
    pub fn context(&self) -> CallContext {
        let mut context = CallContext::default();
        if let Some(address) = self.client_ip {
            context = context.metadata("client_ip", address.to_string());
        }
        if self.is_verified {
            context = context.verified("client_ip");
        }
        if let Some(agent) = self.user_agent() {
            context = context.metadata("user_agent", agent);
        }
        if let Some(trace) = self.trace_context() {
            context = trace.given_to(context);
        }
        context
    }
}

/// The longest that an address's text can be.
const LONGEST: usize = "ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255".len();

/// An address as text, on the stack: every request has one.
struct AddressText {
    text: [u8; LONGEST],
    length: usize,
}

impl AddressText {
    fn of(address: IpAddr) -> Self {
        let mut text = Self {
            text: [0; LONGEST],
            length: 0,
        };
        match address {
            IpAddr::V4(address) => text.push_octets(address.octets()),
            // It has room for whatever an address is written as.
            IpAddr::V6(address) => drop(write!(text, "{address}")),
        }
        text
    }

    /// By hand: the formatting machinery takes five times as long.
    fn push_octets(&mut self, octets: [u8; 4]) {
        for (at, octet) in octets.into_iter().enumerate() {
            if at > 0 {
                self.push(b'.');
            }
            if octet >= 100 {
                self.push(b'0' + octet / 100);
            }
            if octet >= 10 {
                self.push(b'0' + octet / 10 % 10);
            }
            self.push(b'0' + octet % 10);
        }
    }

    fn push(&mut self, byte: u8) {
        if let Some(place) = self.text.get_mut(self.length) {
            *place = byte;
            self.length += 1;
        }
    }

    fn as_str(&self) -> &str {
        std::str::from_utf8(&self.text[..self.length]).unwrap_or_default()
    }
}

impl fmt::Write for AddressText {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        text.bytes().for_each(|byte| self.push(byte));
        Ok(())
    }
}

fn trace_of(traceparent: &HeaderValue) -> Option<TraceContext<'_>> {
    trace_context::parse(traceparent.to_str().ok()?)
}

/// Shows nobody's address.
impl fmt::Debug for HttpOrigin {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("HttpOrigin")
            .field("is_client_ip_verified", &self.is_verified)
            .field("trace", &self.trace())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_address_is_written_as_it_is_formatted() {
        for octet in 0..=255 {
            for address in [[octet, 0, 99, 255], [10, octet, octet, octet]] {
                let address = IpAddr::from(address);
                assert_eq!(AddressText::of(address).as_str(), address.to_string());
            }
        }
        for address in [
            [0x2001, 0xDB8, 0, 0, 0, 0, 0, 7],
            [0xFFFF; 8],
            [0, 0, 0, 0, 0, 0xFFFF, 0xFFFF, 0xFFFF],
            [0; 8],
        ] {
            let address = IpAddr::from(address);
            assert_eq!(AddressText::of(address).as_str(), address.to_string());
        }
    }

    #[test]
    fn two_trace_contexts_are_none() {
        let mut headers = HeaderMap::new();
        let parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        headers.append("traceparent", HeaderValue::from_static(parent));
        let origin = HttpOrigin::new(None, &headers, TrustedHops::default());
        assert!(origin.trace().is_some());
        headers.append("traceparent", HeaderValue::from_static(parent));
        let origin = HttpOrigin::new(None, &headers, TrustedHops::default());
        assert_eq!(origin.trace(), None);
    }

    #[test]
    fn what_is_not_known_is_left_out_of_the_context() {
        let mut headers = HeaderMap::new();
        headers.insert("traceparent", HeaderValue::from_static("00-zz"));
        let agent = HeaderValue::from_bytes(b"caf\xE9").expect("a header's value");
        headers.insert(USER_AGENT, agent);
        let origin = HttpOrigin::new(None, &headers, TrustedHops::new(1));
        assert_eq!(origin.context(), CallContext::default());
    }
}
