use std::fmt;

use serde_json::{Map, Value};

use super::open::Open;
use super::pieces::Member;
use super::recorder::Inner;
use super::span::{COLON, Span};
use super::{limits, people, subjects};
use crate::call::{CallContext, Emergency, IdentitySlot, ToolCall, ToolEffect};
use crate::canonical;
use crate::clock::civil;
use crate::entry::{CallTrigger, MAX_VIA};
use crate::sanitize::{Sanitized, Sanitizer};
use crate::tree::Tree;

/// Takes what a request says of its call. Everything is sanitized as it is handed over, and nothing kept
/// unsanitized; what is said twice stands as it was said last.
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

/// What stands before arguments that are no object (FORMAT section 2).
const VALUE_OPENING: &[u8] = br#"{"_value":"#;

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

    /// What the tool is called with. What is no object stands as `{"_value": …}`, and null as no arguments.
    pub fn arguments(&mut self, arguments: &Value) -> &mut Self {
        Tree::with(arguments, |arguments| self.arguments_tree(arguments));
        self
    }

    pub(crate) fn arguments_tree(&mut self, arguments: &Tree<'_>) {
        let sanitizer = self.sanitizer;
        self.open
            .echo
            .watch(self.inner.triggers.begin_fingerprint());
        let (piece, did) = self.open.piece_as_told(Member::Arguments, |out, echo| {
            if arguments.is_null() {
                out.extend_from_slice(b"{}");
                return Sanitized::default();
            }
            let start = out.len();
            let did = sanitizer.write_value_at_echoing(
                out,
                &["arguments"],
                arguments,
                limits::ARGUMENTS,
                echo,
            );
            // A marker of the sanitizer's may stand for an object too.
            if out.get(start) != Some(&b'{') {
                out.splice(start..start, VALUE_OPENING.iter().copied());
                out.push(b'}');
            }
            did
        });
        self.open.pieces.arguments = piece;
        let told = self.open.echo.watched();
        // Two different secrets look alike once they are redacted: they are compared too. Where something was cut
        // the tree itself has to be.
        self.open.unsanitized_arguments = if did.shortened || did.failed {
            let mut all = self.inner.triggers.begin_fingerprint();
            all.add_value(arguments);
            Some(all)
        } else {
            told.filter(|_| did.redactions > 0)
        };
        subjects::note(self.open, self.inner, "arguments", arguments);
    }

    /// Says that the arguments are told while the call runs: [`Recording::describe`](super::Recording::describe) takes them.
    ///
    /// A record of intent has those that were told before it. Why the call is made is inferred only at its end.
    pub fn arguments_come_later(&mut self) -> &mut Self {
        self.open.arguments_come_later = true;
        self
    }

    /// Says that the arguments that were told are not all: the record names them in `shortened`, and says where it
    /// may lack a subject.
    pub fn arguments_are_cut(&mut self) -> &mut Self {
        self.open.shorten(Member::Arguments);
        subjects::miss(self.open, self.inner);
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

    /// True where arguments were told.
    #[cfg(feature = "axum")]
    pub(crate) fn has_arguments(&self) -> bool {
        !self.open.pieces.arguments.is_empty()
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
        /// W3C span id.
        span_id: SpanId;
        /// The protocol's own id of this call.
        tool_call_id: ToolCallId;
        /// The `call_id` of the call that this one repeats.
        retry_of: RetryOf;
        /// The `call_id` of the interim answer that this call continues.
        continues: Continues;
    }

    /// W3C trace id. Whether the trace is sampled is to be said after it.
    pub fn trace_id(&mut self, text: &str) -> &mut Self {
        #[cfg(feature = "opentelemetry")]
        {
            self.open.is_sampled = None;
        }
        self.open.pieces.trace_id = self.text(Member::TraceId, text, limits::NAME);
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
        add_subject(self.open, self.sanitizer, subject);
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

    /// A break-glass declaration. It asks for a record of intent and for synced durability.
    pub fn emergency(&mut self, emergency: &Emergency) -> &mut Self {
        let sanitizer = self.sanitizer;
        let defect = defect(emergency, self.open.started_micros);
        self.open.is_emergency = true;
        self.open.pieces.emergency = self.open.piece(Member::Emergency, |out, echo| {
            let mut did = Sanitized::default();
            let members = [
                ("declared_by", emergency.declared_by.as_deref()),
                ("defect", defect),
                ("expires_at", emergency.expires_at.as_deref()),
                ("reason", emergency.reason.as_deref()),
                ("scope", emergency.scope.as_deref()),
                ("urgency", emergency.urgency.as_deref()),
            ];
            let mut separator = b'{';
            for (name, text) in members {
                let Some(text) = text else { continue };
                out.push(separator);
                separator = b',';
                canonical::write_string(out, name);
                out.push(b':');
                did.add(if name == "declared_by" {
                    people::write_user(sanitizer, out, echo, text, limits::EMERGENCY)
                } else {
                    sanitizer.write_text_echoing(out, text, limits::EMERGENCY, echo)
                });
            }
            if separator == b'{' {
                out.push(b'{');
            }
            out.push(b'}');
            did
        });
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
        if let Some(sampled) = context.sampled {
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

    /// Adds a member to the session's metadata: client, device, whatever is known of the session.
    ///
    /// `user_role` has a place of its own, and stands in the attribution too.
    pub fn metadata(&mut self, name: &str, value: &Value) -> &mut Self {
        Tree::with(value, |value| self.metadata_tree(name, value));
        self
    }

    pub(crate) fn metadata_tree(&mut self, name: &str, value: &Tree<'_>) {
        match value {
            Tree::String(role) if name == USER_ROLE => {
                self.user_role(role);
            }
            Tree::Null if name == USER_ROLE => {}
            _ if name == USER_ROLE => self.role_value(value),
            _ => self.bounded_member(name, value, limits::METADATA),
        }
    }

    /// Like [`metadata`](Self::metadata), for a text in pieces that holds no secret.
    #[cfg(feature = "axum")]
    pub(crate) fn metadata_joined(&mut self, name: &str, pieces: [&str; 3]) {
        let mut joined = std::mem::take(&mut self.open.joined);
        joined.clear();
        joined.extend(pieces);
        self.metadata_tree(name, &Tree::String(&joined));
        // One that is long was an exception.
        if joined.capacity() <= limits::METADATA {
            self.open.joined = joined;
        }
    }

    /// Adds a member that a request claims. One of its name that was told before stands, and a claim takes no more room
    /// than a name does, so that none leaves out what is told of the session after it.
    #[cfg(any(feature = "mcp", feature = "rmcp"))]
    pub(crate) fn claim(&mut self, name: &'static str, claimed: &Value) -> &mut Self {
        let open = &*self.open;
        let known = open.metadata.iter().map(|(key, _)| key);
        // What is said to be verified is none of a claim's either.
        let mut known = known.chain(&open.verified);
        if !known.any(|key| open.text(*key) == name) {
            Tree::with(claimed, |claimed| {
                self.bounded_member(name, claimed, limits::NAME);
            });
        }
        self
    }

    fn all_metadata(&mut self, members: &Map<String, Value>) {
        for (name, value) in members {
            self.metadata(name, value);
        }
    }

    /// A role that is no text stands as its JSON, which has a bound as all others have.
    fn role_value(&mut self, role: &Tree<'_>) {
        let sanitizer = self.sanitizer;
        let mut json = Vec::new();
        self.open.pieces.user_role = self.open.piece(Member::SessionMetadata, |out, echo| {
            let did = sanitizer.write_value_echoing(&mut json, role, limits::NAME / 2, echo);
            canonical::write_string(out, &String::from_utf8_lossy(&json));
            did
        });
    }

    fn bounded_member(&mut self, name: &str, value: &Tree<'_>, limit: usize) {
        // Every byte of a name may take six, and there is room for the shortest value.
        let used = self.open.metadata_bytes + name.len() * 6 + 128;
        let Some(room) = limits::METADATA.checked_sub(used) else {
            self.open.shorten(Member::SessionMetadata);
            return;
        };
        let sanitizer = self.sanitizer;
        let from = self.open.bytes.len();
        let mut has_rule = true;
        let (key, did) = self.open.piece_as_told(Member::SessionMetadata, |out, _| {
            let (did, rule) = sanitizer.write_member_name(out, name);
            has_rule = rule;
            did
        });
        self.open.bytes.push(COLON);
        let value = self.open.piece(Member::SessionMetadata, |out, echo| {
            let member = (name, has_rule, value);
            people::write_metadata_value(sanitizer, out, echo, member, limit.min(room + 64))
        });
        // Names may be changed, and so be out of order or the same, once they are sanitized.
        let mut metadata = std::mem::take(&mut self.open.metadata);
        match self.open.place_of(&metadata, key) {
            Err(place) => metadata.insert(place, (key, value)),
            // Said twice: it stands as it was said last.
            Ok(place) if did == Sanitized::default() => metadata[place] = (key, value),
            Ok(_) => self.open.insert_member(&mut metadata, key, value),
        }
        self.open.metadata = metadata;
        // With a comma.
        self.open.metadata_bytes += self.open.bytes.len() - from + 1;
    }
}

pub(super) const USER_ROLE: &str = "user_role";

pub(super) fn add_subject(open: &mut Open, sanitizer: &Sanitizer, subject: &str) {
    open.add_subject(|open| {
        open.piece(Member::Subjects, |out, echo| {
            sanitizer.write_text_echoing(out, subject, limits::SUBJECT, echo)
        })
    });
}

/// What is wrong with a declaration, if anything is.
fn defect(emergency: &Emergency, now_micros: i64) -> Option<&'static str> {
    let is_missing =
        |text: &Option<String>| text.as_deref().is_none_or(|text| text.trim().is_empty());
    if is_missing(&emergency.reason) {
        return Some("no reason was given");
    }
    if is_missing(&emergency.declared_by) {
        return Some("nobody is named who declared it");
    }
    let expires_at = emergency.expires_at.as_deref()?;
    match chrono::DateTime::parse_from_rfc3339(expires_at) {
        Err(_) => Some("its end is no RFC 3339 time"),
        Ok(end) if civil::micros(end.into()) < now_micros => Some("it had expired"),
        Ok(_) => None,
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
