//! What a request says of its call, taken piece by piece.

mod arguments;
mod emergency;
mod metadata;

use std::fmt;

use super::open::Open;
use super::pieces::Member;
use super::recorder::Inner;
use super::span::Span;
use super::{limits, people, subjects};
use crate::call::{CallContext, IdentitySlot, ToolCall, ToolEffect};
use crate::canonical;
use crate::entry::{CallTrigger, MAX_VIA};
use crate::sanitize::{Sanitized, Sanitizer};

/// Takes what a request says of its call. Everything is sanitized as it is handed over, and nothing kept
/// unsanitized, but ids of traces in their form; what is said twice stands as it was said last.
///
/// # Bounds
///
/// What takes more room than there is is cut, or left out by whole members and items, and the record's `shortened` names
/// where. In bytes of JSON, quotes included:
///
/// | | bytes | how many |
/// |---|--:|--:|
/// | a name or an id: tool, user, role, model, rule, trace and the like | 1,024 each | |
/// | [`via`](Self::via) | 512 each | 10, then `via_cut` |
/// | [`verified`](Self::verified) | 512 each | 16 |
/// | [`emergency`](Self::emergency) | 1,024 a member | |
/// | [`arguments`](Self::arguments) | 131,072 | 10,000 values, 64 deep |
/// | [`metadata`](Self::metadata), all together | 16,384 | |
/// | [`subject`](Self::subject) | 512 each, 57,344 together | 1,000, then `subjects_truncated` |
///
/// ```
/// use serde_json::json;
/// use tool_audit::{CallContext, MemorySink, Recorder};
///
/// let sink = MemorySink::new();
/// let recorder = Recorder::new(sink.clone());
/// let recording = recorder.start(|call| {
///     call.tool_name("get_order")
///         .arguments(&json!({"order_id": "ORD-1", "password": "hunter2"}))
///         .context(&CallContext::new("conv_1", "usr_9").turn(1));
/// });
/// recording.success(&json!({"status": "shipped"}));
/// assert!(!sink.lines()[0].contains("hunter2"));
/// ```
pub struct CallBuilder<'a> {
    open: &'a mut Open,
    inner: &'a Inner,
    /// The rules of the call's tool.
    sanitizer: &'a Sanitizer,
}

type Setter<'a> = for<'s, 't> fn(&'s mut CallBuilder<'a>, &'t str) -> &'s mut CallBuilder<'a>;

/// One setter for a text: they differ in name, place and documentation only.
macro_rules! texts {
    ($($(#[$doc:meta])* $method:ident: $member:ident;)*) => {$(
        $(#[$doc])*
        pub fn $method(&mut self, text: &str) -> &mut Self {
            self.open.pieces.$method = self.text(Member::$member, text, limits::NAME);
            self
        }
    )*};
}

impl<'a> CallBuilder<'a> {
    pub(super) fn new(open: &'a mut Open, inner: &'a Inner) -> Self {
        Self::with_rules(open, inner, &inner.sanitizer)
    }

    /// Goes on with a call whose tool, and so the rules for it, may be known already.
    pub(super) fn with_rules(
        open: &'a mut Open,
        inner: &'a Inner,
        sanitizer: &'a Sanitizer,
    ) -> Self {
        Self {
            open,
            inner,
            sanitizer,
        }
    }

    fn text(&mut self, member: Member, text: &str, limit: usize) -> Span {
        let sanitizer = self.sanitizer;
        self.open.piece(member, |out, echo| {
            sanitizer.write_text_echoing(out, text, limit, echo)
        })
    }

    /// What its form alone makes an id: some that are drawn at random are numbers that a card could have.
    fn hex_id<const DIGITS: usize>(&mut self, member: Member, id: &str) -> Span {
        let is_digit = |byte: &u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        let is_id = id.len() == DIGITS && id.as_bytes().iter().all(is_digit);
        if !is_id || self.sanitizer.has_patterns() {
            return self.text(member, id, limits::NAME);
        }
        self.open.append(|out| canonical::write_string(out, id))
    }

    fn user(&mut self, member: Member, user: &str) -> Span {
        let sanitizer = self.sanitizer;
        self.open.piece(member, |out, echo| {
            people::write_user(sanitizer, out, echo, user, limits::NAME)
        })
    }

    /// All that a [`ToolCall`] says.
    pub fn tool_call(&mut self, call: &ToolCall) -> &mut Self {
        self.tool_name(&call.tool_name)
            .arguments(&call.arguments)
            .context(&call.context);
        if let Some(id) = &call.tool_call_id {
            self.tool_call_id(id);
        }
        if let Some(trigger) = call.trigger {
            self.trigger(trigger);
        }
        if let Some(call_id) = &call.retry_of {
            self.retry_of(call_id);
        }
        if let Some(call_id) = &call.continues {
            self.continues(call_id);
        }
        self.identity(&call.identity)
    }

    /// The tool. The policy for it is looked up by this name, as it stands before the sanitizer.
    ///
    /// Where the sanitizer has rules for this tool, they hold for what is said from here on: it is best said first.
    pub fn tool_name(&mut self, name: &str) -> &mut Self {
        self.open.tool = Some(self.inner.policy.of(name));
        self.sanitizer = self.inner.sanitizer.for_tool(name);
        let is_own = !std::ptr::eq(self.sanitizer, &self.inner.sanitizer);
        self.open.sanitizer = is_own.then(|| self.sanitizer.clone());
        let sanitizer = self.sanitizer;
        let (piece, did) = self.open.piece_as_told(Member::ToolName, |out, echo| {
            sanitizer.write_text_echoing(out, name, limits::NAME, echo)
        });
        self.open.set_tool_name(piece, did, name);
        self
    }

    /// The conversation or session.
    pub fn conversation_id(&mut self, id: &str) -> &mut Self {
        let sanitizer = self.sanitizer;
        let (piece, did) = self
            .open
            .piece_as_told(Member::ConversationId, |out, echo| {
                sanitizer.write_text_echoing(out, id, limits::NAME, echo)
            });
        self.open.pieces.conversation_id = piece;
        self.open.unsanitized_conversation =
            (did != Sanitized::default()).then(|| self.inner.triggers.fingerprint_text(id));
        self
    }

    /// The session is the conversation, unless another is named after it. Whoever has its id can use it, so a pseudonym
    /// stands for it.
    #[cfg(feature = "rmcp")]
    pub(crate) fn session(&mut self, id: &str) -> &mut Self {
        let name = self.inner.sanitizer.pseudonym("session", id);
        self.session_called(&name).conversation_id(&name)
    }

    /// The pseudonym of the session's id.
    #[cfg(any(feature = "mcp", feature = "rmcp"))]
    pub(crate) fn session_called(&mut self, name: &str) -> &mut Self {
        #[cfg(feature = "opentelemetry")]
        {
            self.open.session = self.text(Member::ConversationId, name, limits::NAME);
        }
        #[cfg(not(feature = "opentelemetry"))]
        let _ = name;
        self
    }

    /// True where the call leaves a record of intent.
    #[cfg(feature = "axum")]
    pub(crate) fn leaves_intent(&self) -> bool {
        self.open.wants_intent(&self.inner.policy)
    }

    /// Says that the call began before it was recorded.
    #[cfg(feature = "axum")]
    pub(crate) fn began(&mut self, moment: super::Moment) -> &mut Self {
        self.open.started_micros = moment.wall_micros;
        self.open.began = Some(moment.monotonic);
        self
    }

    /// Says that the member of this name is no claim.
    #[cfg(feature = "axum")]
    pub(crate) fn established(&mut self, member: &'static str) -> &mut Self {
        self.open.verify(member);
        self
    }

    texts! {
        /// The role in which the user acts.
        user_role: SessionMetadata;
        /// The model that chose the call.
        model: Model;
        /// The automated rule that made the call.
        rule: Attribution;
        /// Why the data are used.
        purpose: Purpose;
        /// Which tool server answers.
        server: Server;
        /// The protocol's own id of this call.
        tool_call_id: ToolCallId;
        /// The `call_id` of the call that this one repeats.
        retry_of: RetryOf;
        /// The `call_id` of the interim answer that this call continues.
        continues: Continues;
    }

    /// W3C trace id, which stands as it is: 32 lower-case hex digits (W3C trace context, section 3.2.2.3). Another text is
    /// looked at like all others.
    ///
    /// Whether the trace is sampled is to be said after it.
    pub fn trace_id(&mut self, text: &str) -> &mut Self {
        #[cfg(feature = "opentelemetry")]
        {
            self.open.is_sampled = None;
        }
        self.open.pieces.trace_id = self.hex_id::<32>(Member::TraceId, text);
        self
    }

    /// W3C span id, which stands as it is: 16 lower-case hex digits (W3C trace context, section 3.2.2.4). Another text is
    /// looked at like all others.
    pub fn span_id(&mut self, text: &str) -> &mut Self {
        self.open.pieces.span_id = self.hex_id::<16>(Member::SpanId, text);
        self
    }

    /// Whether the trace is sampled that the request came with: the lowest bit of the W3C trace flags (W3C trace context,
    /// section 3.2.2.5.1).
    ///
    /// Only spans of calls go by it (feature `opentelemetry`), not records.
    pub fn sampled(&mut self, sampled: bool) -> &mut Self {
        #[cfg(feature = "opentelemetry")]
        {
            self.open.is_sampled = Some(sampled);
        }
        #[cfg(not(feature = "opentelemetry"))]
        let _ = sampled;
        self
    }

    /// The call came as MCP's `tools/call`: its [`tool_call_id`](Self::tool_call_id) is that of the JSON-RPC request.
    ///
    /// Only spans of calls say so (feature `opentelemetry`), not records.
    pub fn over_mcp(&mut self) -> &mut Self {
        #[cfg(feature = "opentelemetry")]
        {
            self.open.is_mcp = true;
        }
        self
    }

    /// The user who asks.
    pub fn user_id(&mut self, text: &str) -> &mut Self {
        self.open.pieces.user_id = self.user(Member::UserId, text);
        self
    }

    /// Who approved the call.
    pub fn approved_by(&mut self, text: &str) -> &mut Self {
        self.open.pieces.approved_by = self.user(Member::Attribution, text);
        self
    }

    /// The conversation's turn, from 1; 0 where nobody says.
    ///
    /// From 2^53 on, which no record can hold as a number, it stands as 2^53 − 1.
    pub fn turn_number(&mut self, turn: u64) -> &mut Self {
        self.open.turn_number = turn.min(canonical::MAX_SAFE_INTEGER);
        self
    }

    /// Declares why the call is made; else it is inferred.
    pub fn trigger(&mut self, trigger: CallTrigger) -> &mut Self {
        self.open.declared = Some(trigger);
        self
    }

    /// What the tool is said to do to its surroundings: the policy may ask for a record of intent.
    ///
    /// ```
    /// use tool_audit::{MemorySink, Recorder, ToolEffect};
    ///
    /// let sink = MemorySink::new();
    /// let recording = Recorder::new(sink.clone()).start(|call| {
    ///     call.tool_name("delete_order").effect(ToolEffect::Destructive);
    /// });
    /// assert_eq!(sink.entries()[0].kind, "tool_call_started");
    /// # drop(recording);
    /// ```
    pub fn effect(&mut self, effect: ToolEffect) -> &mut Self {
        self.open.is_destructive = effect == ToolEffect::Destructive;
        self
    }

    /// Where a layer inside writes who the caller is; it is read when the call ends.
    pub fn identity(&mut self, slot: &IdentitySlot) -> &mut Self {
        self.open.identity = slot.clone();
        self
    }

    /// Adds somebody or something that the call is about.
    pub fn subject(&mut self, subject: &str) -> &mut Self {
        subjects::add(self.open, self.sanitizer, subject);
        self
    }

    /// The agents between user and tool, outermost first. At most 10 are recorded.
    pub fn via(&mut self, agents: &[String]) -> &mut Self {
        let sanitizer = self.sanitizer;
        self.open.pieces.via_cut = agents.len() > MAX_VIA;
        self.open.pieces.via = self.open.piece(Member::Attribution, |out, echo| {
            let mut did = Sanitized::default();
            for (at, agent) in agents.iter().take(MAX_VIA).enumerate() {
                if at > 0 {
                    out.push(b',');
                }
                did.add(sanitizer.write_text_echoing(out, agent, limits::SHORT_NAME, echo));
            }
            did
        });
        self
    }

    /// Names of the members that authentication established.
    pub fn verified(&mut self, members: &[String]) -> &mut Self {
        if members.len() > limits::VERIFIED {
            self.open.shorten(Member::Attribution);
        }
        self.open.verified.clear();
        for member in members.iter().take(limits::VERIFIED) {
            let name = self.text(Member::Attribution, member, limits::SHORT_NAME);
            self.open.verified.push(name);
        }
        self
    }

    /// All that a [`CallContext`] says; of what it leaves out stands what was said before.
    pub fn context(&mut self, context: &CallContext) -> &mut Self {
        let said: [(&Option<String>, Setter<'a>); 9] = [
            (&context.conversation_id, Self::conversation_id),
            (&context.user_id, Self::user_id),
            (&context.model, Self::model),
            (&context.approved_by, Self::approved_by),
            (&context.rule, Self::rule),
            (&context.purpose, Self::purpose),
            (&context.server, Self::server),
            (&context.trace_id, Self::trace_id),
            (&context.span_id, Self::span_id),
        ];
        for (text, say) in said {
            if let Some(text) = text {
                say(self, text);
            }
        }
        // Without a trace of its own it would decide over one that was told before.
        if let Some(sampled) = context.sampled
            && context.trace_id.is_some()
        {
            self.sampled(sampled);
        }
        if context.turn_number > 0 {
            self.turn_number(context.turn_number);
        }
        if !context.via.is_empty() {
            self.via(&context.via);
        }
        if !context.verified.is_empty() {
            self.verified(&context.verified);
        }
        self.all_metadata(&context.session_metadata);
        if let Some(role) = &context.user_role {
            self.user_role(role);
        }
        for subject in &context.subjects {
            self.subject(subject);
        }
        if let Some(emergency) = &context.emergency {
            self.emergency(emergency);
        }
        self
    }
}

impl fmt::Debug for CallBuilder<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("CallBuilder")
            .field("tool_name", &self.open.text(self.open.pieces.tool_name))
            .finish_non_exhaustive()
    }
}
