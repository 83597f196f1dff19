use std::fmt;

use serde_json::Value;

use super::limits;
use super::open::Open;
use super::pieces::Member;
use super::policy::Results;
use super::recorder::Inner;
use super::{size, subjects, summary};
use crate::call::Outcome;
use crate::sanitize::Sanitizer;
use crate::tree::{Members, Seen, Tree};

/// Takes what a result says of its call. Everything is sanitized as it is handed over, and nothing kept
/// unsanitized; what is said twice stands as it was said last.
///
/// # Bounds
///
/// What takes more room than there is is cut, or left out by whole members and items, and the record's `shortened` names
/// where. In bytes of JSON, quotes included:
///
/// | | bytes | how many |
/// |---|--:|--:|
/// | [`error`](Self::error), [`error_value`](Self::error_value) | 8,192 | |
/// | [`error_type`](Self::error_type) | 1,024 | |
/// | names of the result's fields | 256 each, 8,192 together | 64, of two levels |
/// | its identifiers, under names of at most 42 bytes | 256 a value | 32 |
/// | its preview, where the policy asks for one | 1,024 | |
///
/// A result that is a text is opened as JSON up to 65,536 bytes.
///
/// ```
/// use serde_json::json;
/// use tool_audit::{MemorySink, Outcome, Recorder};
///
/// let sink = MemorySink::new();
/// let recorder = Recorder::new(sink.clone());
/// let recording = recorder.start(|call| {
///     call.tool_name("issue_refund");
/// });
/// recording.finish(|outcome| {
///     outcome.outcome(Outcome::Denied).error("over the limit").error_type("refund_limit");
/// });
/// let entry = &sink.entries()[0];
/// assert_eq!(entry.outcome, Some(Outcome::Denied));
/// assert_eq!(entry.result_summary.as_ref().unwrap().error.as_deref(), Some("over the limit"));
/// ```
pub struct OutcomeBuilder<'a> {
    open: &'a mut Open,
    inner: &'a Inner,
    /// The rules of the call's tool, where they are not those of all tools.
    own_rules: Option<Sanitizer>,
    outcome: Outcome,
}

impl<'a> OutcomeBuilder<'a> {
    pub(super) fn new(open: &'a mut Open, inner: &'a Inner) -> Self {
        let own_rules = open.sanitizer.clone();
        Self {
            open,
            inner,
            own_rules,
            outcome: Outcome::Success,
        }
    }

    pub(super) fn said(&self) -> Outcome {
        self.outcome
    }

    /// How the call ended; a success where nothing is said.
    pub fn outcome(&mut self, outcome: Outcome) -> &mut Self {
        self.outcome = outcome;
        self
    }

    /// What went wrong, for people.
    pub fn error<E: fmt::Display + ?Sized>(&mut self, error: &E) -> &mut Self {
        // The text has to be whole before it is sanitized: a secret may lie across two writes.
        let text = error.to_string();
        self.error_text(&text)
    }

    fn error_text(&mut self, text: &str) -> &mut Self {
        let sanitizer = self.own_rules.as_ref().unwrap_or(&self.inner.sanitizer);
        self.open.pieces.error = self.open.piece(Member::ResultSummary, |out, echo| {
            sanitizer.write_text_echoing(out, text, limits::ERROR, echo)
        });
        self
    }

    /// What went wrong, as a tool's own member `error` says it: a text, an object with a `message`, or any
    /// other value, which is then kept as its sanitized JSON.
    pub fn error_value(&mut self, error: &Value) -> &mut Self {
        Tree::with(error, |error| self.error_tree(error));
        self
    }

    pub(crate) fn error_tree(&mut self, error: &Tree<'_>) {
        if let Some(text) = error.as_str().or_else(|| error.get("message")?.as_str()) {
            // What stands beside a message is not written, but the message may repeat it.
            let sanitizer = self.own_rules.as_ref().unwrap_or(&self.inner.sanitizer);
            for (name, value) in error.as_object().into_iter().flat_map(Members::iter) {
                sanitizer.remember_member(name, value, &mut self.open.echo);
            }
            self.error_text(text);
            return;
        }
        let sanitizer = self.own_rules.as_ref().unwrap_or(&self.inner.sanitizer);
        let mut json = Vec::new();
        self.open.pieces.error = self.open.piece(Member::ResultSummary, |out, echo| {
            let did = sanitizer.write_value_at_echoing(
                &mut json,
                &["result", "error"],
                error,
                limits::ERROR / 2,
                echo,
            );
            // Every quote in it takes one byte more, so a half of the room is enough.
            crate::canonical::write_string(out, &String::from_utf8_lossy(&json));
            did
        });
    }

    /// A short stable name of the kind of failure.
    pub fn error_type(&mut self, error_type: &str) -> &mut Self {
        let sanitizer = self.own_rules.as_ref().unwrap_or(&self.inner.sanitizer);
        self.open.pieces.error_type = self.open.piece(Member::ResultSummary, |out, echo| {
            sanitizer.write_text_echoing(out, error_type, limits::NAME, echo)
        });
        self
    }

    /// The code of the JSON-RPC error that the client gets: only the call's span has it.
    #[cfg(any(feature = "mcp", feature = "rmcp"))]
    pub(crate) fn response_code(&mut self, code: i64) -> &mut Self {
        #[cfg(feature = "opentelemetry")]
        {
            self.open.response_code = Some(code);
        }
        #[cfg(not(feature = "opentelemetry"))]
        let _ = code;
        self
    }

    /// What the tool answered. The record keeps its summary, and by policy a preview.
    pub fn result(&mut self, result: &Value) -> &mut Self {
        Tree::with(result, |result| self.result_tree(result, None));
        self
    }

    /// `read` says how many bytes of JSON it was read from, where it was, and what was seen of them.
    pub(crate) fn result_tree(&mut self, result: &Tree<'_>, read: Option<(usize, &Seen)>) {
        self.open.forget_result();
        // A size up to the bound is not recorded, and so mostly need not be known.
        if !read.is_some_and(|(read, seen)| size::is_within(seen, read, limits::RESULT_SIZE)) {
            self.open.result_size = size::of_value(result);
        }
        summary::summarize(self.open, self.inner, result);
        let seen = read.map(|(_, seen)| seen);
        subjects::note(self.open, self.inner, "result", result, seen);
        self.preview(result);
    }

    /// Like [`result`](Self::result), for an answer that is a text. It is looked into where it is JSON.
    pub fn result_text(&mut self, text: &str) -> &mut Self {
        self.open.forget_result();
        self.open.result_size = size::of_text(text);
        summary::summarize_json_text(self.open, self.inner, text);
        subjects::note_text(self.open, self.inner, "result", text);
        if self.inner.results == Results::Preview {
            let sanitizer = self.own_rules.as_ref().unwrap_or(&self.inner.sanitizer);
            self.open.pieces.result = self.open.piece(Member::Result, |out, echo| {
                sanitizer.write_text_at_echoing(out, "result", text, limits::RESULT, echo)
            });
        }
        self
    }

    /// Like [`result`](Self::result), for an answer of so many bytes of which only a beginning was kept: `beginning` is
    /// what could be read of it, null where nothing could.
    ///
    /// No rows are counted, and the record says where it may lack a subject.
    pub fn result_cut(&mut self, beginning: &Value, bytes: u64) -> &mut Self {
        Tree::with(beginning, |beginning| {
            self.result_tree_cut(beginning, bytes);
        });
        self
    }

    pub(crate) fn result_tree_cut(&mut self, beginning: &Tree<'_>, bytes: u64) {
        self.open.forget_result();
        summary::summarize(self.open, self.inner, beginning);
        self.open.rows = None;
        self.open.result_size = bytes;
        subjects::note(self.open, self.inner, "result", beginning, None);
        subjects::miss(self.open, self.inner);
    }

    /// The tool answered with so many bytes that are neither JSON nor a text: nothing else is kept of them.
    pub fn result_bytes(&mut self, bytes: u64) -> &mut Self {
        self.open.forget_result();
        self.open.result_size = bytes;
        self
    }

    fn preview(&mut self, result: &Tree<'_>) {
        // Members are left out, never null (FORMAT section 3).
        if self.inner.results != Results::Preview || result.is_null() {
            return;
        }
        let sanitizer = self.own_rules.as_ref().unwrap_or(&self.inner.sanitizer);
        self.open.pieces.result = self.open.piece(Member::Result, |out, echo| {
            sanitizer.write_value_at_echoing(out, &["result"], result, limits::RESULT, echo)
        });
    }

    /// Adds somebody or something that the result is about.
    pub fn subject(&mut self, subject: &str) -> &mut Self {
        let sanitizer = self.own_rules.as_ref().unwrap_or(&self.inner.sanitizer);
        subjects::add(self.open, sanitizer, subject);
        self
    }
}

impl fmt::Debug for OutcomeBuilder<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("OutcomeBuilder")
            .field("outcome", &self.outcome)
            .finish_non_exhaustive()
    }
}
