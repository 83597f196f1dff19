use std::borrow::Cow;
use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use axum::extract::{FromRequestParts, MatchedPath, RawPathParams};
use http::header::HeaderName;
use http::request::Parts;

use crate::call::UNKNOWN;

/// What a tool is called that an HTTP request asks for.
///
/// ```
/// use http::HeaderName;
/// use tool_audit::adapt::http::ToolNaming;
///
/// let by_route = ToolNaming::route(); // the default
/// let by_header = ToolNaming::header(HeaderName::from_static("x-tool-name"));
/// # let _ = (by_route, by_header);
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ToolNaming(Kind);

#[derive(Debug, Clone, Default, PartialEq, Eq)]
enum Kind {
    #[default]
    Route,
    WholeRoute,
    Header(HeaderName),
    Path,
}

/// Parameters of a route that name a tool.
const TOOL_PARAMETERS: [&str; 2] = ["tool", "tool_name"];

impl ToolNaming {
    /// By the route that axum matched: the value of a parameter `{tool}` or `{tool_name}`, else the route's last part,
    /// else, where that is a parameter too, the whole route.
    ///
    /// `/tools/get_order` is `get_order`, `/orders/{id}/refund` is `refund`, `/tools/{tool}` what was asked for, and
    /// `/orders/{id}` is `/orders/{id}`. Method and route stand in the metadata, as `http_route`. Where no route
    /// matched, or the layer stands around the whole router, which then has not looked at the request yet, the tool is
    /// `unknown`, and the path stands there.
    #[must_use]
    pub fn route() -> Self {
        Self(Kind::Route)
    }

    /// By the route that axum matched, as it was written: for routers in which several end alike.
    #[must_use]
    pub fn whole_route() -> Self {
        Self(Kind::WholeRoute)
    }

    /// By a header, and by the route where it is missing.
    ///
    /// A caller may write what it likes there: where a policy asks more of some tools than of others, name them by
    /// the route.
    #[must_use]
    pub fn header(name: HeaderName) -> Self {
        Self(Kind::Header(name))
    }

    /// By the last part of the request's path: for services that are no axum router.
    #[must_use]
    pub fn path() -> Self {
        Self(Kind::Path)
    }

    /// `route` is the one that matched.
    pub(super) fn name<'a>(
        &self,
        parts: &'a Parts,
        route: Option<&'a str>,
        parameters: &'a Parameters,
    ) -> Cow<'a, str> {
        match &self.0 {
            Kind::Header(header) => {
                let named = parts.headers.get(header);
                match named.and_then(|name| name.to_str().ok()) {
                    Some(name) if !name.is_empty() => Cow::Borrowed(name),
                    _ => by_route(route, parameters),
                }
            }
            Kind::Route => by_route(route, parameters),
            Kind::WholeRoute => Cow::Borrowed(route.unwrap_or(UNKNOWN)),
            Kind::Path => {
                let last = last_part(parts.uri.path());
                Cow::Borrowed(if last.is_empty() { UNKNOWN } else { last })
            }
        }
    }

    /// True for a parameter of the route that is no argument, since it names the tool.
    pub(super) fn is_name(&self, parameter: &str) -> bool {
        self.0 == Kind::Route && TOOL_PARAMETERS.contains(&parameter)
    }
}

fn by_route<'a>(route: Option<&'a str>, parameters: &'a Parameters) -> Cow<'a, str> {
    let Some(route) = route else {
        return Cow::Borrowed(UNKNOWN);
    };
    if let Some(name) = parameters.get(&TOOL_PARAMETERS) {
        return Cow::Borrowed(name);
    }
    let last = last_part(route);
    if last.is_empty() || parameters.are_there && last.contains('{') {
        return Cow::Borrowed(route);
    }
    Cow::Borrowed(last)
}

/// What stands behind the last slash, but for those at the end. Paths are short: a look at each byte is quicker than a
/// search that was made for long texts.
fn last_part(path: &str) -> &str {
    let bytes = path.as_bytes();
    let end = bytes.iter().rposition(|byte| *byte != b'/');
    let path = path.get(..end.map_or(0, |at| at + 1)).unwrap_or_default();
    let slash = path.bytes().rposition(|byte| byte == b'/');
    path.get(slash.map_or(0, |at| at + 1)..).unwrap_or_default()
}

/// The route that axum matched, as it was written.
pub(super) fn matched_route(parts: &Parts) -> Option<&str> {
    parts
        .extensions
        .get::<MatchedPath>()
        .map(MatchedPath::as_str)
}

/// The parameters of the route, decoded.
#[derive(Debug, Default)]
pub(super) struct Parameters {
    /// The route has some.
    are_there: bool,
    read: Option<RawPathParams>,
}

impl Parameters {
    pub(super) fn of(parts: &mut Parts) -> Self {
        // To look for them costs more than to see that there are none.
        if !matched_route(parts).is_some_and(|route| route.contains('{')) {
            return Self::default();
        }
        let extracting = pin!(RawPathParams::from_request_parts(parts, &()));
        // Nothing in it waits.
        let read = match extracting.poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(Ok(parameters)) => Some(parameters),
            Poll::Ready(Err(_)) | Poll::Pending => None,
        };
        Self {
            are_there: true,
            read,
        }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.read.iter().flat_map(RawPathParams::iter)
    }

    fn get(&self, names: &[&str]) -> Option<&str> {
        self.iter()
            .find(|(name, value)| names.contains(name) && !value.is_empty())
            .map(|(_, value)| value)
    }
}
