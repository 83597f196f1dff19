use std::any::Any;
use std::error::Error;
use std::fmt::Display;
use std::io;

use serde_json::Value;

use super::{Outcome, ToolResult};
use crate::record::OutcomeBuilder;

/// Judges how a call ended, and says what of the answer belongs into the record.
///
/// A tool's failure often comes as an `Ok`: that is why judging is a trait of its own. Three
/// implementations are ready: [`ClassifyResponses`] (the default), [`ClassifyErrors`] for typed errors
/// whose source chain matters, and closures over `(&Response, &mut OutcomeBuilder<'_>)`, which see the
/// response and leave errors to the default.
///
/// # When it is called
///
/// Once, when the inner future is ready, on the thread that polled it. It is not called for a panic or a
/// dropped future.
///
/// # Panics
///
/// A panic in here is caught: the answer passes through, and the record says `service_error` with the
/// error type `classifier_panicked`.
pub trait Classify<Response, E> {
    /// Hands over to `outcome` what the result says.
    fn classify(&self, result: Result<&Response, &E>, outcome: &mut OutcomeBuilder<'_>);
}

impl<F, Response, E> Classify<Response, E> for F
where
    F: Fn(&Response, &mut OutcomeBuilder<'_>),
    E: Display + 'static,
{
    fn classify(&self, result: Result<&Response, &E>, outcome: &mut OutcomeBuilder<'_>) {
        match result {
            Ok(response) => self(response, outcome),
            Err(error) => classify_error(error, outcome),
        }
    }
}

/// A response that says by itself how the call ended.
pub trait ToolResponse {
    /// Hands over to `outcome` what the response says. A success where nothing is said.
    fn describe_outcome(&self, outcome: &mut OutcomeBuilder<'_>);
}

/// Judges responses by [`ToolResponse`], and errors of any type that can be displayed.
///
/// A boxed error's source chain is searched for the errors of tower (feature `tower`), tokio and the
/// standard library that mean a timeout, a refusal or a lack of capacity.
#[derive(Debug, Clone, Copy, Default)]
pub struct ClassifyResponses;

impl<Response, E> Classify<Response, E> for ClassifyResponses
where
    Response: ToolResponse,
    E: Display + 'static,
{
    fn classify(&self, result: Result<&Response, &E>, outcome: &mut OutcomeBuilder<'_>) {
        match result {
            Ok(response) => response.describe_outcome(outcome),
            Err(error) => classify_error(error, outcome),
        }
    }
}

/// Like [`ClassifyResponses`], for errors that implement [`Error`]: their source chain is searched too.
#[derive(Debug, Clone, Copy, Default)]
pub struct ClassifyErrors;

impl<Response, E> Classify<Response, E> for ClassifyErrors
where
    Response: ToolResponse,
    E: Error + 'static,
{
    fn classify(&self, result: Result<&Response, &E>, outcome: &mut OutcomeBuilder<'_>) {
        match result {
            Ok(response) => response.describe_outcome(outcome),
            Err(error) => {
                describe_error(error, outcome);
                let (kind, name) = find_in_chain(error)
                    .unwrap_or((Outcome::ServiceError, std::any::type_name::<E>()));
                outcome.outcome(kind).error_type(name);
            }
        }
    }
}

type Boxed = Box<dyn Error>;
type BoxedSend = Box<dyn Error + Send>;
type BoxedSync = Box<dyn Error + Send + Sync>;

fn classify_error<E: Display + 'static>(error: &E, outcome: &mut OutcomeBuilder<'_>) {
    let any: &dyn Any = error;
    let boxed: Option<&(dyn Error + 'static)> = if let Some(error) = any.downcast_ref::<BoxedSync>()
    {
        Some(&**error)
    } else if let Some(error) = any.downcast_ref::<BoxedSend>() {
        Some(&**error)
    } else if let Some(error) = any.downcast_ref::<Boxed>() {
        Some(&**error)
    } else {
        None
    };
    let found = match boxed {
        Some(error) => {
            describe_error(error, outcome);
            find_in_chain(error).unwrap_or((Outcome::ServiceError, "error"))
        }
        None => {
            outcome.error(error);
            find_typed(any).unwrap_or((Outcome::ServiceError, std::any::type_name::<E>()))
        }
    };
    outcome.outcome(found.0).error_type(found.1);
}

/// How many links of a source chain are followed, so that a chain that loops ends.
const MAX_CHAIN: usize = 16;

fn chain<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |link| {
        let link: &'a (dyn Error + 'static) = *link;
        link.source()
    })
    .take(MAX_CHAIN)
}

fn find_in_chain(error: &(dyn Error + 'static)) -> Option<(Outcome, &'static str)> {
    chain(error).find_map(|link| {
        #[cfg(feature = "tower")]
        {
            if link.is::<tower::timeout::error::Elapsed>() {
                return Some(TIMEOUT);
            }
            if link.is::<tower::load_shed::error::Overloaded>() {
                return Some(OVERLOADED);
            }
            if link.is::<tower::buffer::error::Closed>() {
                return Some(BUFFER_CLOSED);
            }
            // A failed buffer is named only where the failure inside it has no name of its own.
            if let Some(failed) = link.downcast_ref::<tower::buffer::error::ServiceError>() {
                return failed
                    .source()
                    .and_then(find_in_chain)
                    .or(Some(BUFFER_FAILED));
            }
        }
        if link.is::<tokio::time::error::Elapsed>() {
            return Some(TIMEOUT);
        }
        link.downcast_ref::<io::Error>().and_then(of_io_error)
    })
}

fn find_typed(error: &dyn Any) -> Option<(Outcome, &'static str)> {
    #[cfg(feature = "tower")]
    {
        if error.is::<tower::timeout::error::Elapsed>() {
            return Some(TIMEOUT);
        }
        if error.is::<tower::load_shed::error::Overloaded>() {
            return Some(OVERLOADED);
        }
        if error.is::<tower::buffer::error::Closed>() {
            return Some(BUFFER_CLOSED);
        }
        if error.is::<tower::buffer::error::ServiceError>() {
            return Some(BUFFER_FAILED);
        }
    }
    if error.is::<tokio::time::error::Elapsed>() {
        return Some(TIMEOUT);
    }
    error.downcast_ref::<io::Error>().and_then(of_io_error)
}

const TIMEOUT: (Outcome, &str) = (Outcome::TimedOut, "timeout");
#[cfg(feature = "tower")]
const OVERLOADED: (Outcome, &str) = (Outcome::Rejected, "overloaded");
#[cfg(feature = "tower")]
const BUFFER_CLOSED: (Outcome, &str) = (Outcome::ServiceError, "buffer_closed");
#[cfg(feature = "tower")]
const BUFFER_FAILED: (Outcome, &str) = (Outcome::ServiceError, "buffer_service_error");

fn of_io_error(error: &io::Error) -> Option<(Outcome, &'static str)> {
    match error.kind() {
        io::ErrorKind::TimedOut => Some((Outcome::TimedOut, "io_timed_out")),
        io::ErrorKind::PermissionDenied => Some((Outcome::Denied, "io_permission_denied")),
        _ => None,
    }
}

/// The error's own text and those of its sources, outermost first.
fn describe_error(error: &(dyn Error + 'static), outcome: &mut OutcomeBuilder<'_>) {
    if error.source().is_none() {
        outcome.error(error);
        return;
    }
    let mut text = String::new();
    for link in chain(error) {
        let message = link.to_string();
        // Many errors already repeat their source in their own text.
        if text.ends_with(&message) {
            continue;
        }
        if !text.is_empty() {
            text.push_str(": ");
        }
        text.push_str(&message);
    }
    outcome.error(&text);
}

impl ToolResponse for () {
    fn describe_outcome(&self, _outcome: &mut OutcomeBuilder<'_>) {}
}

impl ToolResponse for String {
    fn describe_outcome(&self, outcome: &mut OutcomeBuilder<'_>) {
        // Only for the summary, which takes a tree; the text itself is not copied into the record.
        outcome.result_text(self);
    }
}

/// A member `error` that is not null, false or empty is a failure, so is MCP's `isError: true`; MCP's
/// `resultType: "input_required"` is an interim answer.
impl ToolResponse for Value {
    fn describe_outcome(&self, outcome: &mut OutcomeBuilder<'_>) {
        outcome.result(self);
        let Value::Object(members) = self else { return };
        if members.get("resultType").and_then(Value::as_str) == Some("input_required") {
            outcome.outcome(Outcome::InputRequired);
            return;
        }
        if members.get("isError") == Some(&Value::Bool(true)) {
            outcome.outcome(Outcome::ToolError).error_type("tool_error");
            let text = members
                .get("content")
                .and_then(Value::as_array)
                .and_then(|content| {
                    content
                        .iter()
                        .find_map(|item| item.get("text").and_then(Value::as_str))
                });
            if let Some(text) = text {
                outcome.error(text);
            }
            return;
        }
        if let Some(error) = members.get("error").filter(|error| says_failure(error)) {
            outcome.outcome(Outcome::ToolError).error_type("tool_error");
            outcome.error_value(error);
        }
    }
}

fn says_failure(error: &Value) -> bool {
    match error {
        Value::Null | Value::Bool(false) => false,
        Value::Bool(true) | Value::Number(_) => true,
        Value::String(text) => !text.is_empty(),
        Value::Array(items) => !items.is_empty(),
        Value::Object(members) => !members.is_empty(),
    }
}

impl ToolResponse for ToolResult {
    fn describe_outcome(&self, outcome: &mut OutcomeBuilder<'_>) {
        match self {
            Self::Success(value) => value.describe_outcome(outcome),
            Self::Failure { error, error_type } => {
                outcome.outcome(Outcome::ToolError).error(error);
                outcome.error_type(error_type.as_deref().unwrap_or("tool_error"));
            }
            Self::Denied { reason } => {
                outcome
                    .outcome(Outcome::Denied)
                    .error(reason)
                    .error_type("denied");
            }
            Self::InputRequired(value) => {
                outcome.result(value);
                outcome.outcome(Outcome::InputRequired);
            }
        }
    }
}
