use crate::call::Emergency;

/// Decides whether a call that declares an emergency is refused: the tool has not run.
///
/// Auditing decides no access, so without such a hook every declaration passes, a defective one too: it is
/// recorded with its defect. Whoever wants more sets one, which is implemented for closures
/// `Fn(&Emergency) -> Option<Result<Response, E>>`, and for [`LetPass`]. A call that it refuses is recorded as
/// `denied`, with the error type `emergency_refused`.
///
/// ```
/// use tool_audit::{AuditLayer, Emergency, MemorySink, Recorder, ToolResult};
/// use tower::BoxError;
///
/// let layer = AuditLayer::builder(Recorder::new(MemorySink::new()))
///     .on_emergency(|emergency: &Emergency| {
///         let defect = emergency.defect.as_deref()?;
///         Some(Err::<ToolResult, BoxError>(defect.into()))
///     })
///     .build();
/// # drop(layer);
/// ```
///
/// # Panics
///
/// A panic in here is the caller's, who gets no other answer; the call is recorded as `denied`.
pub trait OnEmergency<Response, E> {
    /// The answer that stands for the tool's, or none to let the call pass.
    ///
    /// `emergency` is what stands in the records: sanitized, with what is wrong with it in
    /// [`defect`](Emergency::defect).
    fn on_emergency(&self, emergency: &Emergency) -> Option<Result<Response, E>>;
}

/// Lets every emergency pass. What is wrong with its declaration is recorded.
#[derive(Debug, Clone, Copy, Default)]
pub struct LetPass;

impl<Response, E> OnEmergency<Response, E> for LetPass {
    fn on_emergency(&self, _emergency: &Emergency) -> Option<Result<Response, E>> {
        None
    }
}

impl<F, Response, E> OnEmergency<Response, E> for F
where
    F: Fn(&Emergency) -> Option<Result<Response, E>>,
{
    fn on_emergency(&self, emergency: &Emergency) -> Option<Result<Response, E>> {
        self(emergency)
    }
}
