use std::fmt;
use std::sync::Arc;

use rmcp::RoleServer;
use rmcp::model::{CallToolRequestParams, Tool};
use rmcp::service::RequestContext;

use super::cancellation::{Cancellations, SESSION_ID};
use crate::call::{IdentitySlot, ToolEffect};

/// One `tools/call` on its way through a tower stack to the [`HandlerService`](super::HandlerService) inside.
#[derive(Clone)]
#[non_exhaustive]
pub struct ToolRequest {
    /// The tool's name and arguments. Their own `_meta` is empty: it stands in the context.
    pub params: CallToolRequestParams,
    /// The request's id, its `_meta`, the parts of the HTTP request that it came in, and the client.
    pub context: RequestContext<RoleServer>,
    /// Where a layer inside the audit layer writes who the caller is.
    pub identity: IdentitySlot,
    pub(super) tool: ToolFacts,
    /// What the server calls itself.
    pub(super) server: Arc<str>,
    pub(super) cancellations: Arc<Cancellations>,
}

/// What the handler says of the tool.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct ToolFacts {
    pub(super) is_known: bool,
    pub(super) effect: Option<ToolEffect>,
}

impl ToolFacts {
    pub(super) fn new(tool: Option<&Tool>) -> Self {
        Self {
            is_known: tool.is_some(),
            effect: tool.and_then(effect),
        }
    }
}

/// What the tool's annotations say that it does; nothing where they say neither.
fn effect(tool: &Tool) -> Option<ToolEffect> {
    let annotations = tool.annotations.as_ref()?;
    match (annotations.read_only_hint, annotations.destructive_hint) {
        (Some(true), _) => Some(ToolEffect::ReadOnly),
        (_, Some(false)) => Some(ToolEffect::Additive),
        // The specification's default for a tool that says that it is not read-only.
        (_, Some(true)) | (Some(false), None) => Some(ToolEffect::Destructive),
        (None, None) => None,
    }
}

impl ToolRequest {
    /// What the tool's annotations say that it does to its surroundings, where they say it.
    #[must_use]
    pub fn effect(&self) -> Option<ToolEffect> {
        self.tool.effect
    }

    /// The HTTP request that the message came in, without its body; none over stdio.
    ///
    /// Its extensions are those that layers around rmcp's HTTP service have put there.
    #[must_use]
    pub fn http_parts(&self) -> Option<&http::request::Parts> {
        self.context.extensions.get()
    }

    /// The id of the HTTP session, as secret as the session is.
    pub(super) fn session_id(&self) -> Option<&str> {
        self.header(SESSION_ID)
    }

    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.http_parts()?.headers.get(name)?.to_str().ok()
    }
}

/// Shows nothing that the client says, which nobody has sanitized yet.
impl fmt::Debug for ToolRequest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("ToolRequest")
            .field("effect", &self.tool.effect)
            .finish_non_exhaustive()
    }
}
