use std::fmt;
use std::sync::OnceLock;

use axum::body::Bytes;
use axum::response::Response;
use http::{HeaderMap, StatusCode};
use http_body::Frame;
use serde_json::Value;

use super::arguments::Media;
use crate::call::{Classify, Outcome, ToolResponse, describe_tree};
use crate::record::OutcomeBuilder;
use crate::tree::{Arena, Parsed, Seen, Tree, parse, with_arena};

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
#[derive(Clone)]
pub struct Answer {
    status: StatusCode,
    media: Media,
    /// What was kept of the body.
    kept: Bytes,
    bytes: u64,
    is_cut: bool,
    /// What the body says, for who asks.
    content: OnceLock<Content>,
}

/// What a body says, where it can be read.
#[derive(Clone)]
enum Content {
    Json(Value),
    Text(String),
    /// Neither, or nothing was kept of it.
    Other,
}

/// The same, as it is read in place.
enum Said<'t> {
    Json(Tree<'t>, Seen),
    Text(&'t str),
    Other,
}

impl Answer {
    /// An answer of which only the head is known.
    pub(super) fn head(status: StatusCode) -> Self {
        Self::new(status, Media::Other, Bytes::new(), 0, true)
    }

    /// An answer of whose body `passed` bytes were seen, and the beginning was `kept`; `is_whole` where nothing came behind
    /// them.
    fn new(status: StatusCode, media: Media, kept: Bytes, passed: u64, is_whole: bool) -> Self {
        let is_cut = !is_whole || (kept.len() as u64) < passed;
        Self {
            status,
            media,
            kept,
            bytes: passed,
            is_cut,
            content: OnceLock::new(),
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
        match self.content() {
            Content::Json(value) => Some(value),
            Content::Text(_) | Content::Other => None,
        }
    }

    /// The body, where it is a text and no JSON; its beginning where [`is_cut`](Self::is_cut).
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        match self.content() {
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

    /// The bytes again of which it was made.
    pub(super) fn into_kept(self) -> Bytes {
        self.kept
    }

    fn content(&self) -> &Content {
        self.content.get_or_init(|| {
            with_arena(|arena| match self.said(arena) {
                Said::Json(tree, _) => Content::Json(tree.to_value()),
                Said::Text(text) => Content::Text(text.to_owned()),
                Said::Other => Content::Other,
            })
        })
    }

    fn said<'t>(&'t self, arena: &'t Arena) -> Said<'t> {
        match self.media {
            _ if self.kept.is_empty() => Said::Other,
            Media::Json | Media::Untold => {
                let parsed = parse(&self.kept, self.is_cut, arena);
                let Parsed {
                    tree,
                    is_whole,
                    seen,
                } = parsed;
                if is_whole || self.is_cut && !tree.is_null() {
                    Said::Json(tree, seen)
                } else if self.media == Media::Json {
                    self.said_in_text()
                } else {
                    Said::Other
                }
            }
            Media::Text | Media::Form => self.said_in_text(),
            Media::Unopened | Media::Other => Said::Other,
        }
    }

    fn said_in_text(&self) -> Said<'_> {
        // A character that was cut through is left out.
        let valid = match std::str::from_utf8(&self.kept) {
            Ok(text) => Some(text),
            Err(error) if self.is_cut && error.error_len().is_none() => self
                .kept
                .get(..error.valid_up_to())
                .and_then(|kept| std::str::from_utf8(kept).ok()),
            Err(_) => None,
        };
        valid.map_or(Said::Other, Said::Text)
    }

    /// What is kept of the body, and not how the call ended.
    pub(super) fn summarize(&self, outcome: &mut OutcomeBuilder<'_>) {
        with_arena(|arena| self.summarize_said(&self.said(arena), outcome));
    }

    fn summarize_said(&self, said: &Said<'_>, outcome: &mut OutcomeBuilder<'_>) {
        match said {
            Said::Json(beginning, _) if self.is_cut => {
                outcome.result_tree_cut(beginning, self.bytes);
            }
            Said::Json(tree, seen) => outcome.result_tree(tree, Some((self.kept.len(), seen))),
            Said::Text(text) if !self.is_cut => {
                outcome.result_text(text);
            }
            _ if self.may_name_somebody(said) => outcome.result_tree_cut(&Tree::Null, self.bytes),
            Said::Text(_) | Said::Other => {
                outcome.result_bytes(self.bytes);
            }
        }
    }

    /// True where it may have members of which nothing could be read.
    fn may_name_somebody(&self, said: &Said<'_>) -> bool {
        let has_members = match (self.media, said) {
            (Media::Unopened, _) => true,
            (Media::Json, _) => self.is_cut,
            (_, Said::Text(text)) => self.is_cut && text.trim_start().starts_with(['{', '[']),
            _ => false,
        };
        has_members && self.bytes > 0
    }
}

/// Two that say the same in other bytes differ.
impl PartialEq for Answer {
    fn eq(&self, other: &Self) -> bool {
        let facts = |answer: &Self| (answer.status, answer.media, answer.bytes, answer.is_cut);
        facts(self) == facts(other) && self.kept == other.kept
    }
}

/// By the status; of one that is no failure by the body, as [`Value`] is judged.
impl ToolResponse for Answer {
    fn describe_outcome(&self, outcome: &mut OutcomeBuilder<'_>) {
        with_arena(|arena| {
            let said = self.said(arena);
            let is_failure = is_failure(self.status);
            match &said {
                Said::Json(tree, seen) if !is_failure && !self.is_cut => {
                    describe_tree(tree, Some((self.kept.len(), seen)), outcome);
                }
                _ => self.summarize_said(&said, outcome),
            }
            if is_failure {
                describe_failure(self.status, &said, outcome);
            }
        });
    }
}

fn is_failure(status: StatusCode) -> bool {
    status.is_client_error() || status.is_server_error()
}

fn describe_failure(status: StatusCode, said: &Said<'_>, outcome: &mut OutcomeBuilder<'_>) {
    let answers_in_json = matches!(said, Said::Json(Tree::Object(_), _));
    outcome
        .outcome(outcome_of(status, answers_in_json))
        .error_type(&format!("http_{}", status.as_u16()));
    match said {
        Said::Json(tree, _) if describe_error(tree, outcome) => {}
        Said::Text(text) if !text.trim().is_empty() => {
            outcome.error(text);
        }
        _ => {
            outcome.error(&status);
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

fn describe_error(answer: &Tree<'_>, outcome: &mut OutcomeBuilder<'_>) -> bool {
    let said = ERROR_MEMBERS
        .iter()
        .find_map(|member| answer.get(member).filter(|error| !error.is_null()));
    if let Some(error) = said {
        outcome.error_tree(error);
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
        is_failure(self.status)
    }

    pub(super) fn answer(self) -> Answer {
        self.said(true)
    }

    /// The answer of which no more comes, though it is not all.
    pub(super) fn broken_off(self) -> Answer {
        self.said(false)
    }

    fn said(self, is_whole: bool) -> Answer {
        let kept = Bytes::from(self.kept);
        Answer::new(self.status, self.media, kept, self.passed, is_whole)
    }

    /// The answer whose body is this, which need not be copied.
    pub(super) fn of_whole(&self, data: Bytes) -> Answer {
        let length = data.len() as u64;
        Answer::new(self.status, self.media, data, length, true)
    }

    /// The answer whose body is this one frame.
    pub(super) fn of_last(&self, frame: &Frame<Bytes>) -> Answer {
        self.of_whole(frame.data_ref().cloned().unwrap_or_default())
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
