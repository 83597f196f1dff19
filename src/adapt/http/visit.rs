use std::any::Any;
use std::sync::Arc;

use axum::extract::MatchedPath;
use http::request::Parts;
use http::{HeaderMap, Method, StatusCode, Uri};

use super::endpoint::Settings;
use super::request::{self, describe_place};
use super::request_body::BodyCopy;
use super::{Answer, AuditHandle};
use crate::call::{Outcome, ToolResponse, UNKNOWN};
use crate::record::{Commit, Moment, Recorder, Recording};
use crate::tree::{Tree, parse, with_arena};

/// A request to an endpoint, as far as it is kept for the entry that may be made of it.
pub(super) struct Visit {
    settings: Arc<Settings>,
    handle: AuditHandle,
    began: Moment,
    method: Method,
    uri: Uri,
    route: Option<MatchedPath>,
    /// The tool that the headers name.
    named: Option<String>,
    body: Option<Arc<BodyCopy>>,
}

impl Visit {
    pub(super) fn new(settings: &Arc<Settings>, parts: &mut Parts) -> Self {
        Self {
            settings: Arc::clone(settings),
            handle: request::handle(parts, settings.hops),
            began: settings.recorder.moment(),
            method: parts.method.clone(),
            uri: request::whole_uri(parts).clone(),
            route: parts.extensions.get().cloned(),
            named: named_tool(&parts.headers),
            body: None,
        }
    }

    /// Where the request's body is copied to.
    pub(super) fn copy(&mut self) -> Arc<BodyCopy> {
        Arc::clone(self.body.get_or_insert_default())
    }

    /// True where an answer of this status leaves an entry here. That claims the request: an audit further outside makes
    /// none of its own.
    pub(super) fn leaves_entry(&self, status: StatusCode) -> bool {
        let is_refusal = matches!(
            status.as_u16(),
            400 | 401 | 403 | 404 | 406 | 408 | 413 | 415 | 429
        );
        (is_refusal || status.is_server_error()) && self.handle.claim()
    }

    pub(super) fn recorder(&self) -> &Recorder {
        &self.settings.recorder
    }

    /// Records the request as it was answered.
    pub(super) fn answered(&self, answer: &Answer) -> Commit {
        self.start()
            .finish(|outcome| answer.describe_outcome(outcome))
    }

    /// Records that what answers the request failed, unless somebody has claimed it.
    pub(super) fn failed(&self) {
        if self.handle.claim() {
            drop(self.start().finish(|outcome| {
                outcome
                    .outcome(Outcome::ServiceError)
                    .error_type("service_error");
            }));
        }
    }

    /// Records that what answers the request panicked, unless somebody has claimed it.
    pub(super) fn panicked(&self, payload: &(dyn Any + Send)) {
        if self.handle.claim() {
            self.record_panic(payload);
        }
    }

    /// Records that the answer panicked of which the entry would have been.
    pub(super) fn record_panic(&self, payload: &(dyn Any + Send)) {
        // Nobody is left to wait for the record.
        drop(self.start().panicked(payload));
    }

    fn start(&self) -> Recording {
        let Settings {
            recorder, context, ..
        } = &*self.settings;
        let admission = recorder.admission();
        let mut recording = recorder.start_admitted(&admission, |call| {
            let in_body = self
                .body
                .as_ref()
                .and_then(|body| tool_in(&body.take().bytes));
            let tool = in_body.as_deref().or(self.named.as_deref());
            call.began(self.began)
                .tool_name(tool.unwrap_or(UNKNOWN))
                .context(context);
            let route = self.route.as_ref().map(MatchedPath::as_str);
            self.handle.origin().describe(call, |call| {
                describe_place(&self.method, route, &self.uri, call);
            });
            call.identity(&self.handle.identity());
        });
        recording.begin();
        recording
    }
}

/// The tool that a request of the protocol from version 2026-07-28 on names in its head. A name that is encoded there is
/// none: rules for the tool, and for what stands in names, would not know it.
fn named_tool(headers: &HeaderMap) -> Option<String> {
    let of = |name| headers.get(name)?.to_str().ok();
    (of("mcp-method") == Some("tools/call"))
        .then(|| of("mcp-name"))
        .flatten()
        .filter(|name| !name.starts_with("=?base64?"))
        .map(str::to_owned)
}

/// The tool that a JSON-RPC message, of which this is the beginning, asks for.
fn tool_in(beginning: &[u8]) -> Option<String> {
    with_arena(|arena| {
        let message = parse(beginning, true, arena).tree;
        let is_call = message.get("method").and_then(Tree::as_str) == Some("tools/call");
        let name = message.get("params")?.get("name")?.as_str()?;
        is_call.then(|| name.to_owned())
    })
}
