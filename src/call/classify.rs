use std::any::Any;
use std::error::Error;
use std::fmt::Display;
use std::io;

use serde_json::Value;

use super::{Outcome, ToolResult};
use crate::record::OutcomeBuilder;
use crate::tree::{Seen, Tree};

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

fn classify_error<E: Display + 'static>(error: &E, outcome: &mut OutcomeBuilder<'_>) {
    let any: &dyn Any = error;
    let (seen, name) = match unboxed(any) {
        Some(error) => (Some(error), "error"),
        None => (known_type(any), std::any::type_name::<E>()),
    };
    match seen {
        Some(error) => describe_error(error, outcome),
        None => {
            outcome.error(error);
        }
    }
    let found = seen.and_then(find_in_chain);
    let (kind, name) = found.unwrap_or((Outcome::ServiceError, name));
    outcome.outcome(kind).error_type(name);
}

/// The error in a box of one of the usual types.
fn unboxed(any: &dyn Any) -> Option<&(dyn Error + 'static)> {
    if let Some(error) = any.downcast_ref::<Box<dyn Error + Send + Sync>>() {
        return Some(&**error);
    }
    if let Some(error) = any.downcast_ref::<Box<dyn Error + Send>>() {
        return Some(&**error);
    }
    any.downcast_ref::<Box<dyn Error>>().map(|error| &**error)
}

/// An error of a type that means something to [`find_in_chain`].
fn known_type(any: &dyn Any) -> Option<&(dyn Error + 'static)> {
    macro_rules! first_of {
        ($($(#[$cfg:meta])* $type:ty,)*) => {$(
            $(#[$cfg])*
            if let Some(error) = any.downcast_ref::<$type>() {
                return Some(error);
            }
        )*};
    }
    first_of! {
        tokio::time::error::Elapsed,
        io::Error,
        #[cfg(feature = "tower")]
        tower::timeout::error::Elapsed,
        #[cfg(feature = "tower")]
        tower::load_shed::error::Overloaded,
        #[cfg(feature = "tower")]
        tower::buffer::error::Closed,
        #[cfg(feature = "tower")]
        tower::buffer::error::ServiceError,
    }
    None
}

/// How many links of a source chain are followed, so that a chain that loops ends.
const MAX_CHAIN: usize = 16;

fn chain<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |link| {
        let link: &'a (dyn Error + 'static) = *link;
        // An I/O error passes over the error that it was made from: its source is that one's source.
        match link
            .downcast_ref::<io::Error>()
            .and_then(io::Error::get_ref)
        {
            Some(inner) => Some(inner),
            None => link.source(),
        }
    })
    .take(MAX_CHAIN)
}

fn find_in_chain(error: &(dyn Error + 'static)) -> Option<(Outcome, &'static str)> {
    // A failed buffer is named only where the failure inside it has no name of its own.
    chain(error)
        .find_map(meaning)
        .or_else(|| chain(error).find_map(failed_buffer))
}

fn meaning(link: &(dyn Error + 'static)) -> Option<(Outcome, &'static str)> {
    #[cfg(feature = "tower")]
    {
        if link.is::<tower::timeout::error::Elapsed>() {
            return Some(TIMEOUT);
        }
        if link.is::<tower::load_shed::error::Overloaded>() {
            return Some((Outcome::Rejected, "overloaded"));
        }
        if link.is::<tower::buffer::error::Closed>() {
            return Some((Outcome::ServiceError, "buffer_closed"));
        }
    }
    if link.is::<tokio::time::error::Elapsed>() {
        return Some(TIMEOUT);
    }
    match link.downcast_ref::<io::Error>()?.kind() {
        io::ErrorKind::TimedOut => Some((Outcome::TimedOut, "io_timed_out")),
        io::ErrorKind::PermissionDenied => Some((Outcome::Denied, "io_permission_denied")),
        _ => None,
    }
}

#[cfg(feature = "tower")]
fn failed_buffer(link: &(dyn Error + 'static)) -> Option<(Outcome, &'static str)> {
    link.is::<tower::buffer::error::ServiceError>()
        .then_some((Outcome::ServiceError, "buffer_service_error"))
}

#[cfg(not(feature = "tower"))]
fn failed_buffer(_link: &(dyn Error + 'static)) -> Option<(Outcome, &'static str)> {
    None
}

const TIMEOUT: (Outcome, &str) = (Outcome::TimedOut, "timeout");

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
        Tree::with(self, |result| describe_tree(result, None, outcome));
    }
}

/// Like [`Value::describe_outcome`](ToolResponse::describe_outcome); `read` says how many bytes of JSON the result was
/// read from, where it was, and what was seen of them.
pub(crate) fn describe_tree(
    result: &Tree<'_>,
    read: Option<(usize, &Seen)>,
    outcome: &mut OutcomeBuilder<'_>,
) {
    outcome.result_tree(result, read);
    let Tree::Object(members) = result else {
        return;
    };
    // One walk costs less than as many look-ups.
    let (mut result_type, mut is_error, mut content, mut error) = (None, false, None, None);
    for (name, value) in members.iter() {
        match name {
            "resultType" => result_type = value.as_str(),
            "isError" => is_error = matches!(value, Tree::Bool(true)),
            "content" => content = value.as_array(),
            "error" => error = Some(value),
            _ => {}
        }
    }
    if result_type == Some("input_required") {
        outcome.outcome(Outcome::InputRequired);
        return;
    }
    if is_error {
        outcome.outcome(Outcome::ToolError).error_type("tool_error");
        let text = content.and_then(|content| {
            content
                .iter()
                .find_map(|item| item.get("text").and_then(Tree::as_str))
        });
        if let Some(text) = text {
            outcome.error(text);
        }
        return;
    }
    if let Some(error) = error.filter(|error| says_failure(error)) {
        outcome.outcome(Outcome::ToolError).error_type("tool_error");
        outcome.error_tree(error);
    }
}

fn says_failure(error: &Tree<'_>) -> bool {
    match *error {
        Tree::Null | Tree::Bool(false) => false,
        Tree::Bool(true) | Tree::Number(_) => true,
        Tree::String(text) => !text.is_empty(),
        Tree::Array(items) => !items.is_empty(),
        Tree::Object(members) => !members.is_empty(),
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
