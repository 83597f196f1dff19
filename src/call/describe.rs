use super::ToolCall;
use crate::record::CallBuilder;

/// Tells the audit layer what a request asks for.
///
/// It is implemented for closures over `(&mut Request, &mut CallBuilder<'_>)`; for [`ToolCall`] there is
/// [`DescribeToolCall`], which needs no wiring.
///
/// # When it is called
///
/// Once for each call, before the inner service's `call`, on the caller's thread. Strings and arguments
/// are sanitized as they are handed over, so nothing has to be cloned. The request is lent mutably so
/// that a place for a later [`Identity`](super::Identity) can be put into its extensions.
///
/// # Panics
///
/// A panic in here is caught: the call goes on, and its record says what had been told until then.
pub trait Describe<Request> {
    /// Hands what the request says over to `call`.
    fn describe(&self, request: &mut Request, call: &mut CallBuilder<'_>);
}

impl<F, Request> Describe<Request> for F
where
    F: Fn(&mut Request, &mut CallBuilder<'_>),
{
    fn describe(&self, request: &mut Request, call: &mut CallBuilder<'_>) {
        self(request, call);
    }
}

/// Describes a [`ToolCall`].
#[derive(Debug, Clone, Copy, Default)]
pub struct DescribeToolCall;

impl Describe<ToolCall> for DescribeToolCall {
    fn describe(&self, request: &mut ToolCall, call: &mut CallBuilder<'_>) {
        call.tool_call(request);
    }
}
