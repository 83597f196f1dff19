use std::fmt;
use std::net::SocketAddr;

use axum::extract::{ConnectInfo, OriginalUri};
use http::header::HeaderName;
use http::request::Parts;
use http::{Method, Uri};
use serde_json::{Map, Value};

use super::tool_name::{Parameters, matched_route};
use super::{AuditHandle, HttpOrigin, ToolNaming, TrustedHops, arguments};
use crate::call::Describe;
use crate::record::CallBuilder;
use crate::tree::Tree;

const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// A request's head, while it is described.
#[derive(Debug)]
pub struct Head {
    pub(super) parts: Parts,
    pub(super) handle: AuditHandle,
    /// It has a body, and that is to be copied.
    pub(super) copies_body: bool,
    /// What goes with the body into the arguments.
    pub(super) parameters: Map<String, Value>,
}

impl Head {
    pub(super) fn new(mut parts: Parts, hops: TrustedHops, copies_body: bool) -> Self {
        let handle = handle(&mut parts, hops);
        Self {
            parts,
            handle,
            copies_body,
            parameters: Map::new(),
        }
    }
}

/// The request's handle: a new one, unless the audit stands around this place already.
pub(super) fn handle(parts: &mut Parts, hops: TrustedHops) -> AuditHandle {
    if let Some(handle) = parts.extensions.get::<AuditHandle>() {
        return handle.clone();
    }
    let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>();
    let peer = peer.map(|ConnectInfo(address)| address.ip().to_canonical());
    let handle = AuditHandle::new(HttpOrigin::new(peer, &parts.headers, hops));
    parts.extensions.insert(handle.clone());
    handle
}

/// Says what the head of every request says, and then what `more` has to add.
pub struct DescribeHead<D> {
    pub(super) naming: ToolNaming,
    pub(super) hops: TrustedHops,
    /// The most bytes of a body that are looked at.
    pub(super) request_limit: usize,
    pub(super) answer_limit: usize,
    pub(super) durable_intents: bool,
    pub(super) more: D,
}

impl<D> fmt::Debug for DescribeHead<D> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("DescribeHead")
            .field("naming", &self.naming)
            .field("hops", &self.hops)
            .finish_non_exhaustive()
    }
}

impl<D> Describe<Head> for DescribeHead<D>
where
    D: Describe<Parts>,
{
    fn describe(&self, head: &mut Head, call: &mut CallBuilder<'_>) {
        let parameters = Parameters::of(&mut head.parts);
        let parts = &mut head.parts;
        let route = matched_route(parts);
        // First: the rules for this tool hold for all that follows.
        call.tool_name(&self.naming.name(parts, route, &parameters));
        let origin = head.handle.origin();
        origin.describe(call, |call| {
            describe_place(&parts.method, route, whole_uri(parts), call);
        });
        if let Some(id) = parts.headers.get(X_REQUEST_ID)
            && let Ok(id) = id.to_str()
        {
            call.tool_call_id(id);
        }
        call.identity(&head.handle.identity());
        self.more.describe(parts, call);
        if call.has_arguments() {
            head.copies_body = false;
            return;
        }
        let of_route = parameters
            .iter()
            .filter(|(name, _)| !self.naming.is_name(name));
        let parameters = arguments::parameters(of_route, parts);
        if !head.copies_body {
            if !parameters.is_empty() {
                call.arguments(&Value::Object(parameters));
            }
            return;
        }
        call.arguments_come_later();
        head.parameters = parameters;
        if call.leaves_intent() && !head.parameters.is_empty() {
            call.arguments(&Value::Object(head.parameters.clone()));
        }
    }
}

/// The request's URI as it came: routers of routers take off what they have matched.
pub(super) fn whole_uri(parts: &Parts) -> &Uri {
    let original = parts.extensions.get::<OriginalUri>();
    original.map_or(&parts.uri, |OriginalUri(uri)| uri)
}

/// Says where the request went: the route that matched, or the path where none did.
pub(super) fn describe_place(
    method: &Method,
    route: Option<&str>,
    uri: &Uri,
    call: &mut CallBuilder<'_>,
) {
    match route {
        Some(route) => call.metadata_joined("http_route", [method.as_str(), " ", route]),
        None => {
            // A caller may write what it likes there, secrets as well: it is not joined in memory that the next call
            // uses. A short one in which nothing was found stays among the texts that are known.
            let place = [method.as_str(), uri.path()].join(" ");
            call.metadata_tree("http_path", &Tree::String(&place));
        }
    }
}

/// Adds nothing to what a request's head says by itself.
#[derive(Debug, Clone, Copy, Default)]
pub struct HeadAlone;

impl Describe<Parts> for HeadAlone {
    fn describe(&self, _parts: &mut Parts, _call: &mut CallBuilder<'_>) {}
}
