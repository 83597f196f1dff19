use std::fmt;

use axum::response::Response;
use http::{HeaderMap, StatusCode};
use serde_json::Value;

use super::arguments::Media;
use super::partial_json;
use crate::call::{Classify, Outcome, ToolResponse};
use crate::record::OutcomeBuilder;

/// An HTTP answer, as far as the audit has looked at it: what a [`Classify`] judges.
///
/// By default it judges itself, and a closure can begin with that:
///
/// ```
/// use tool_audit::adapt::http::{Answer, HttpAuditLayer};
/// use tool_audit::call::ToolResponse;
/// use tool_audit::{MemorySink, Outcome, OutcomeBuilder, Recorder};
///
/// let layer = HttpAuditLayer::builder(Recorder::new(MemorySink::new()))
///     .classify(|answer: &Answer, outcome: &mut OutcomeBuilder<'_>| {
///         answer.describe_outcome(outcome);
///         if answer.status() == http::StatusCode::CONFLICT {
///             outcome.outcome(Outcome::Denied);
///         }
///     })
///     .build();
/// # let _ = layer;
/// ```
#[derive(Clone, PartialEq)]
pub struct Answer {
    status: StatusCode,
    media: Media,
    content: Content,
    bytes: u64,
    is_cut: bool,
}

/// What a body says, where it can be read.
#[derive(Clone, PartialEq)]
enum Content {
    Json(Value),
    Text(String),
    /// Neither, or nothing was kept of it.
    Other,
}

impl Answer {
    /// An answer of which only the head is known.
    pub(super) fn head(status: StatusCode) -> Self {
        Self {
            status,
            media: Media::Other,
            content: Content::Other,
            bytes: 0,
            is_cut: false,
        }
    }

    /// An answer of whose body `passed` bytes were seen, and the beginning was `kept`; `is_whole` where nothing came behind
    /// them.
    fn new(status: StatusCode, media: Media, kept: &[u8], passed: u64, is_whole: bool) -> Self {
        let is_cut = !is_whole || (kept.len() as u64) < passed;
        Self {
            status,
            media,
            content: content(media, kept, is_cut),
            bytes: passed,
            is_cut,
        }
    }

    /// The status that the client got.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// The body, where it is JSON; its beginning where [`is_cut`](Self::is_cut).
    #[must_use]
    pub fn json(&self) -> Option<&Value> {
        match &self.content {
            Content::Json(value) => Some(value),
            Content::Text(_) | Content::Other => None,
        }
    }

    /// The body, where it is a text and no JSON; its beginning where [`is_cut`](Self::is_cut).
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        match &self.content {
            Content::Text(text) => Some(text),
            Content::Json(_) | Content::Other => None,
        }
    }

    /// How many bytes of the body went to the client.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// True where the body was longer than what is looked at of one, or broke off.
    #[must_use]
    pub fn is_cut(&self) -> bool {
        self.is_cut
    }

    /// What is kept of the body, and not how the call ended.
    pub(super) fn summarize(&self, outcome: &mut OutcomeBuilder<'_>) {
        match &self.content {
            Content::Json(beginning) if self.is_cut => outcome.result_cut(beginning, self.bytes),
            Content::Json(value) => outcome.result(value),
            Content::Text(text) if !self.is_cut => outcome.result_text(text),
            _ if self.may_name_somebody() => outcome.result_cut(&Value::Null, self.bytes),
            Content::Text(_) | Content::Other => outcome.result_bytes(self.bytes),
        };
    }

    /// True where it may have members of which nothing could be read.
    fn may_name_somebody(&self) -> bool {
        let has_members = match (self.media, &self.content) {
            (Media::Unopened, _) => true,
            (Media::Json, _) => self.is_cut,
            (_, Content::Text(text)) => self.is_cut && text.trim_start().starts_with(['{', '[']),
            _ => false,
        };
        has_members && self.bytes > 0
    }
}

fn content(media: Media, kept: &[u8], is_cut: bool) -> Content {
    let text = || {
        // A character that was cut through is left out.
        let valid = match std::str::from_utf8(kept) {
            Ok(text) => Some(text),
            Err(error) if is_cut && error.error_len().is_none() => kept
                .get(..error.valid_up_to())
                .and_then(|kept| std::str::from_utf8(kept).ok()),
            Err(_) => None,
        };
        valid.map_or(Content::Other, |text| Content::Text(text.to_owned()))
    };
    match media {
        _ if kept.is_empty() => Content::Other,
        Media::Json | Media::Untold => {
            let read = partial_json::read(kept, is_cut);
            if read.is_whole || is_cut && !read.value.is_null() {
                Content::Json(read.value)
            } else if media == Media::Json {
                text()
            } else {
                Content::Other
            }
        }
        Media::Text | Media::Form => text(),
        Media::Unopened | Media::Other => Content::Other,
    }
}

/// By the status; of one that is no failure by the body, as [`Value`] is judged.
impl ToolResponse for Answer {
    fn describe_outcome(&self, outcome: &mut OutcomeBuilder<'_>) {
        let is_failure = self.status.is_client_error() || self.status.is_server_error();
        match &self.content {
            Content::Json(value) if !is_failure && !self.is_cut => {
                value.describe_outcome(outcome);
                return;
            }
            _ => self.summarize(outcome),
        }
        if !is_failure {
            return;
        }
        let answers_in_json = matches!(self.content, Content::Json(Value::Object(_)));
        outcome
            .outcome(outcome_of(self.status, answers_in_json))
            .error_type(&format!("http_{}", self.status.as_u16()));
        match &self.content {
            Content::Json(value) if describe_error(value, outcome) => {}
            Content::Text(text) if !text.trim().is_empty() => {
                outcome.error(text);
            }
            _ => {
                outcome.error(&self.status);
            }
        }
    }
}

/// How a call ended that was answered with a failure (FORMAT section 5). An answer in JSON is the tool's own; one without
/// is as a rule made by whatever stands before it.
fn outcome_of(status: StatusCode, answers_in_json: bool) -> Outcome {
    match status.as_u16() {
        401 | 403 | 407 => Outcome::Denied,
        429 | 503 => Outcome::Rejected,
        408 | 504 => Outcome::TimedOut,
        _ if answers_in_json => Outcome::ToolError,
        _ => Outcome::ServiceError,
    }
}

/// Members in which an answer says what went wrong: tools' own, and those of RFC 9457 and OAuth.
const ERROR_MEMBERS: [&str; 5] = ["error", "detail", "message", "error_description", "title"];

fn describe_error(answer: &Value, outcome: &mut OutcomeBuilder<'_>) -> bool {
    let said = ERROR_MEMBERS
        .iter()
        .find_map(|member| answer.get(member).filter(|error| !error.is_null()));
    if let Some(error) = said {
        outcome.error_value(error);
    }
    said.is_some()
}

/// Judges an answer's head alone, where the audit itself or a hook made it.
pub struct ByHead<C>(pub(super) C);

impl<C, E> Classify<Response, E> for ByHead<C>
where
    C: Classify<Answer, E>,
{
    fn classify(&self, result: Result<&Response, &E>, outcome: &mut OutcomeBuilder<'_>) {
        match result {
            Ok(response) => {
                let answer = Answer::head(response.status());
                self.0.classify(Ok(&answer), outcome);
            }
            Err(error) => self.0.classify(Err(error), outcome),
        }
    }
}

impl<C> fmt::Debug for ByHead<C> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("ByHead").finish_non_exhaustive()
    }
}

/// The beginning of an answer's body, as it goes to the client.
#[derive(Debug)]
pub(super) struct AnswerCopy {
    status: StatusCode,
    media: Media,
    kept: Vec<u8>,
    passed: u64,
    limit: usize,
}

impl AnswerCopy {
    pub(super) fn new(status: StatusCode, headers: &HeaderMap, limit: usize) -> Self {
        let media = Media::of(headers);
        Self {
            status,
            media,
            kept: Vec::new(),
            passed: 0,
            // What is not looked into need not be kept.
            limit: match media {
                Media::Unopened | Media::Other => 0,
                _ => limit,
            },
        }
    }

    pub(super) fn add(&mut self, data: &[u8]) {
        self.passed += data.len() as u64;
        let room = self.limit.saturating_sub(self.kept.len());
        self.kept.extend_from_slice(&data[..data.len().min(room)]);
    }

    pub(super) fn passed(&self) -> u64 {
        self.passed
    }

    pub(super) fn is_failure(&self) -> bool {
        self.status.is_client_error() || self.status.is_server_error()
    }

    pub(super) fn answer(&self) -> Answer {
        Answer::new(self.status, self.media, &self.kept, self.passed, true)
    }

    /// The answer of which no more comes, though it is not all.
    pub(super) fn broken_off(&self) -> Answer {
        Answer::new(self.status, self.media, &self.kept, self.passed, false)
    }

    /// The answer whose body is this one frame, which need not be copied.
    pub(super) fn of_one_frame(&self, data: &[u8]) -> Answer {
        Answer::new(self.status, self.media, data, data.len() as u64, true)
    }
}

/// Shows nothing of the body.
impl fmt::Debug for Answer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Answer")
            .field("status", &self.status)
            .field("bytes", &self.bytes)
            .field("is_cut", &self.is_cut)
            .finish_non_exhaustive()
    }
}
