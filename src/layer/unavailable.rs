use crate::record::Refusal;
use crate::sink::SinkError;

/// Decides what is answered when the log cannot take a call: the tool has not run.
///
/// It is implemented for closures `Fn(&Refusal) -> Result<Response, E>`, which refuse, and for [`GoOn`].
///
/// # Panics
///
/// A panic in here is the caller's, who gets no other answer; the call counts as refused.
pub trait OnUnavailable<Response, E> {
    /// The answer that stands for the tool's, or none to let the call go on without the log.
    fn on_unavailable(&self, refusal: &Refusal) -> Option<Result<Response, E>>;
}

/// Lets calls go on without the log. What it cannot take is counted, and recorded as `entries_lost`.
#[derive(Debug, Clone, Copy, Default)]
pub struct GoOn;

impl<Response, E> OnUnavailable<Response, E> for GoOn {
    fn on_unavailable(&self, _refusal: &Refusal) -> Option<Result<Response, E>> {
        None
    }
}

impl<F, Response, E> OnUnavailable<Response, E> for F
where
    F: Fn(&Refusal) -> Result<Response, E>,
{
    fn on_unavailable(&self, refusal: &Refusal) -> Option<Result<Response, E>> {
        Some(self(refusal))
    }
}

/// Decides what is answered when the tool ran and its record is not as durable as the policy asks.
///
/// It is implemented for closures `Fn(Result<Response, E>, &SinkError) -> Result<Response, E>`, and for
/// [`PassOn`].
///
/// # Panics
///
/// A panic in here is the caller's, who gets no other answer; the call is recorded as the tool ended it.
pub trait OnUndurable<Response, E> {
    /// The answer that the caller gets in place of the tool's own, which is `result`.
    fn on_undurable(&self, result: Result<Response, E>, error: &SinkError) -> Result<Response, E>;
}

/// Passes the tool's answer on, durable record or not.
#[derive(Debug, Clone, Copy, Default)]
pub struct PassOn;

impl<Response, E> OnUndurable<Response, E> for PassOn {
    fn on_undurable(&self, result: Result<Response, E>, _error: &SinkError) -> Result<Response, E> {
        result
    }
}

impl<F, Response, E> OnUndurable<Response, E> for F
where
    F: Fn(Result<Response, E>, &SinkError) -> Result<Response, E>,
{
    fn on_undurable(&self, result: Result<Response, E>, error: &SinkError) -> Result<Response, E> {
        self(result, error)
    }
}
