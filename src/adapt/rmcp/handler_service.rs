use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use rmcp::model::{CallToolResponse, ClientCapabilities, ContentBlock, ErrorCode, ProtocolVersion};
use rmcp::service::RequestContext;
use rmcp::{ErrorData, RoleServer, ServerHandler};
use tower_service::Service;

use super::cancellation::Inquiry;
use super::{ToolFailure, ToolReply, ToolRequest};

/// A handler's tools as a tower service: what stands innermost in a [`LayeredHandler`](super::LayeredHandler).
pub struct HandlerService<H>(Arc<H>);

impl<H> HandlerService<H> {
    pub(super) fn new(handler: Arc<H>) -> Self {
        Self(handler)
    }

    /// The handler.
    #[must_use]
    pub fn get_ref(&self) -> &H {
        &self.0
    }
}

impl<H: ServerHandler> Service<ToolRequest> for HandlerService<H> {
    type Response = ToolReply;
    type Error = ToolFailure;
    /// Boxed: the future of a handler's method has no name.
    type Future = Pin<Box<dyn Future<Output = Result<ToolReply, ToolFailure>> + Send>>;

    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: ToolRequest) -> Self::Future {
        let handler = Arc::clone(&self.0);
        Box::pin(async move {
            let ToolRequest {
                params,
                context,
                tool,
                cancellations,
                ..
            } = request;
            let inquiry = Inquiry::new(cancellations, &context);
            let token = context.ct.clone();
            let understands = Understands::of(&context);
            let answer = handler.call_tool(params, context).await;
            let answer = answer.and_then(|response| understands.only(response));
            let cancellation = if token.is_cancelled() {
                Some(inquiry.answer().await)
            } else {
                None
            };
            match answer {
                Ok(response) => Ok(ToolReply {
                    has_bad_arguments: tool.is_known && has_bad_arguments(&response),
                    response,
                    cancellation,
                }),
                Err(error) => Err(ToolFailure {
                    is_unknown_tool: !tool.is_known && is_unknown_tool(&error),
                    error,
                    cancellation,
                }),
            }
        })
    }
}

/// Which interim answers a client understands. rmcp gives it an error in place of others, after the stack has seen
/// them: so that what the stack sees is what the client gets, the same is done here.
struct Understands {
    tasks: bool,
    input_required: bool,
}

impl Understands {
    fn of(context: &RequestContext<RoleServer>) -> Self {
        let capabilities = context.client_capabilities();
        let version = context.protocol_version();
        Self {
            tasks: capabilities.is_some_and(|capabilities| capabilities.supports_tasks()),
            input_required: version
                .is_some_and(|version| version.as_str() >= ProtocolVersion::V_2026_07_28.as_str()),
        }
    }

    fn only(&self, response: CallToolResponse) -> Result<CallToolResponse, ErrorData> {
        match response {
            CallToolResponse::Task(_) if !self.tasks => {
                let required = ClientCapabilities::builder().enable_tasks().build();
                Err(ErrorData::missing_required_client_capability(required))
            }
            CallToolResponse::InputRequired(_) if !self.input_required => {
                Err(ErrorData::invalid_request(
                    "InputRequiredResult requires negotiated protocol version 2026-07-28 or newer",
                    None,
                ))
            }
            response => Ok(response),
        }
    }
}

/// Whether rmcp's router says that the arguments are not what the tool asks for: it does so in a tool's own words.
fn has_bad_arguments(response: &CallToolResponse) -> bool {
    let CallToolResponse::Complete(result) = response else {
        return false;
    };
    let [ContentBlock::Text(text)] = result.content.as_slice() else {
        return false;
    };
    result.is_error == Some(true) && text.text.starts_with("failed to deserialize parameters:")
}

/// Whether the error says that there is no such tool: as rmcp's router, its trait's documentation, or the
/// specification does.
fn is_unknown_tool(error: &ErrorData) -> bool {
    error.code == ErrorCode::METHOD_NOT_FOUND
        || (error.code == ErrorCode::INVALID_PARAMS
            && ["tool not found", "unknown tool"].iter().any(|said| {
                let begins = error.message.get(..said.len());
                begins.is_some_and(|text| text.eq_ignore_ascii_case(said))
            }))
}

/// By hand: the handler need not be `Clone`.
impl<H> Clone for HandlerService<H> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<H> fmt::Debug for HandlerService<H> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("HandlerService")
            .finish_non_exhaustive()
    }
}
