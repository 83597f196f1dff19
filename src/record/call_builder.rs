use std::fmt;

use serde_json::Value;

use super::limits;
use super::open::{Member, Open, Span};
use super::recorder::Inner;
use crate::call::{CallContext, Emergency, IdentitySlot, ToolCall};
use crate::canonical;
use crate::clock::civil;
use crate::entry::{CallTrigger, MAX_VIA};
use crate::sanitize::{Sanitized, Sanitizer};

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
}

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
        Self { open, inner }
    }

    fn text(&mut self, member: Member, text: &str, limit: usize) -> Span {
        let sanitizer = &self.inner.sanitizer;
        self.open
            .piece(member, |out| sanitizer.write_text(out, text, limit))
    }

    fn optional(&mut self, member: Member, text: Option<&str>) -> Span {
        text.map_or_else(Span::default, |text| self.text(member, text, limits::NAME))
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
    pub fn tool_name(&mut self, name: &str) -> &mut Self {
        self.open.tool = Some(self.inner.policy.of(name));
        self.open.pieces.tool_name = self.text(Member::ToolName, name, limits::NAME);
        self
    }

    /// What the tool is called with. What is no object stands as `{"_value": …}`.
    pub fn arguments(&mut self, arguments: &Value) -> &mut Self {
        let sanitizer = &self.inner.sanitizer;
        let before = self.open.redactions;
        self.open.pieces.arguments = self.open.piece(Member::Arguments, |out| match arguments {
            Value::Object(_) => sanitizer.write_value(out, arguments, limits::ARGUMENTS),
            Value::Null => {
                out.extend_from_slice(b"{}");
                Sanitized::default()
            }
            _ => {
                out.extend_from_slice(br#"{"_value":"#);
                let did = sanitizer.write_value(out, arguments, limits::ARGUMENTS);
                out.push(b'}');
                did
            }
        });
        // Two different secrets look alike once they are redacted: then the tree itself has to be compared.
        self.open.unsanitized_arguments =
            (self.open.redactions > before).then(|| self.inner.triggers.fingerprint(arguments));
        self
    }

    texts! {
        /// The conversation or session.
        conversation_id: ConversationId;
        /// The user who asks.
        user_id: UserId;
        /// The role in which the user acts.
        user_role: SessionMetadata;
        /// The model that chose the call.
        model: Model;
        /// Who approved the call.
        approved_by: Attribution;
        /// The automated rule that made the call.
        rule: Attribution;
        /// Why the data are used.
        purpose: Purpose;
        /// Which tool server answers.
        server: Server;
        /// W3C trace id.
        trace_id: TraceId;
        /// W3C span id.
        span_id: SpanId;
        /// The protocol's own id of this call.
        tool_call_id: ToolCallId;
        /// The `call_id` of the call that this one repeats.
        retry_of: RetryOf;
        /// The `call_id` of the interim answer that this call continues.
        continues: Continues;
    }

    /// The conversation's turn, from 1; 0 where nobody says.
    pub fn turn_number(&mut self, turn: u64) -> &mut Self {
        self.open.turn_number = turn;
        self
    }

    /// Declares why the call is made; else it is inferred.
    pub fn trigger(&mut self, trigger: CallTrigger) -> &mut Self {
        self.open.declared = Some(trigger);
        self
    }

    /// Where a layer inside writes who the caller is; it is read when the call ends.
    pub fn identity(&mut self, slot: &IdentitySlot) -> &mut Self {
        self.open.identity = slot.clone();
        self
    }

    /// Adds somebody or something that the call is about.
    pub fn subject(&mut self, subject: &str) -> &mut Self {
        add_subject(self.open, &self.inner.sanitizer, subject);
        self
    }

    /// The agents between user and tool, outermost first. At most 10 are recorded.
    pub fn via(&mut self, agents: &[String]) -> &mut Self {
        self.open.pieces.via_cut = agents.len() > MAX_VIA;
        self.open.pieces.via = self.list(agents, MAX_VIA);
        self
    }

    /// Names of the members that authentication established.
    pub fn verified(&mut self, members: &[String]) -> &mut Self {
        if members.len() > limits::VERIFIED {
            self.open.shorten(Member::Attribution);
        }
        self.open.pieces.verified = self.list(members, limits::VERIFIED);
        self
    }

    /// A list without its brackets; empty where there is nothing in it.
    fn list(&mut self, texts: &[String], most: usize) -> Span {
        let sanitizer = &self.inner.sanitizer;
        self.open.piece(Member::Attribution, |out| {
            let mut did = Sanitized::default();
            for (at, text) in texts.iter().take(most).enumerate() {
                if at > 0 {
                    out.push(b',');
                }
                did.add(sanitizer.write_text(out, text, limits::SHORT_NAME));
            }
            did
        })
    }

    /// A break-glass declaration. It asks for a record of intent and for synced durability.
    pub fn emergency(&mut self, emergency: &Emergency) -> &mut Self {
        let sanitizer = &self.inner.sanitizer;
        let defect = defect(emergency, self.open.started_micros);
        self.open.is_emergency = true;
        self.open.pieces.emergency = self.open.piece(Member::Emergency, |out| {
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
                did.add(sanitizer.write_text(out, text, limits::EMERGENCY));
            }
            if separator == b'{' {
                out.push(b'{');
            }
            out.push(b'}');
            did
        });
        self
    }

    /// All that a [`CallContext`] says.
    pub fn context(&mut self, context: &CallContext) -> &mut Self {
        let role = context.user_role.as_deref();
        let role = role.or_else(|| context.session_metadata.get(USER_ROLE)?.as_str());
        let pieces = [
            (Member::ConversationId, context.conversation_id.as_deref()),
            (Member::UserId, context.user_id.as_deref()),
            (Member::SessionMetadata, role),
            (Member::Model, context.model.as_deref()),
            (Member::Attribution, context.approved_by.as_deref()),
            (Member::Attribution, context.rule.as_deref()),
            (Member::Purpose, context.purpose.as_deref()),
            (Member::Server, context.server.as_deref()),
            (Member::TraceId, context.trace_id.as_deref()),
            (Member::SpanId, context.span_id.as_deref()),
        ]
        .map(|(member, text)| self.optional(member, text));
        let [
            conversation,
            user,
            role,
            model,
            approver,
            rule,
            purpose,
            server,
            trace,
            span,
        ] = pieces;
        let all = &mut self.open.pieces;
        all.conversation_id = conversation;
        all.user_id = user;
        all.user_role = role;
        all.model = model;
        all.approved_by = approver;
        all.rule = rule;
        all.purpose = purpose;
        all.server = server;
        all.trace_id = trace;
        all.span_id = span;
        self.open.turn_number = context.turn_number;
        self.via(&context.via)
            .verified(&context.verified)
            .metadata(context);
        for subject in &context.subjects {
            self.subject(subject);
        }
        if let Some(emergency) = &context.emergency {
            self.emergency(emergency);
        }
        self
    }

    /// The session's metadata, in two parts: `user_role` has its place between them.
    fn metadata(&mut self, context: &CallContext) {
        let members = &context.session_metadata;
        self.open.pieces.metadata_before = Span::default();
        self.open.pieces.metadata_after = Span::default();
        if members.is_empty() {
            return;
        }
        let mut sorted: Vec<(&String, &Value)> = Vec::new();
        let in_order = members
            .keys()
            .is_sorted_by(|a, b| canonical::compare_keys(a, b).is_lt());
        if !in_order {
            sorted.extend(members);
            sorted.sort_unstable_by(|a, b| canonical::compare_keys(a.0, b.0));
        }
        let sanitizer = &self.inner.sanitizer;
        let mut part = |before: bool| {
            let belongs = |name: &str| match canonical::compare_keys(name, USER_ROLE) {
                std::cmp::Ordering::Less => before,
                std::cmp::Ordering::Greater => !before,
                // The role has a place of its own.
                std::cmp::Ordering::Equal => false,
            };
            self.open.piece(Member::SessionMetadata, |out| {
                if in_order {
                    let members = members.iter().filter(|(name, _)| belongs(name));
                    write_members(out, sanitizer, members)
                } else {
                    let members = sorted.iter().copied().filter(|(name, _)| belongs(name));
                    write_members(out, sanitizer, members)
                }
            })
        };
        let (before, after) = (part(true), part(false));
        self.open.pieces.metadata_before = before;
        self.open.pieces.metadata_after = after;
    }
}

pub(super) const USER_ROLE: &str = "user_role";

fn write_members<'a>(
    out: &mut Vec<u8>,
    sanitizer: &Sanitizer,
    members: impl Iterator<Item = (&'a String, &'a Value)>,
) -> Sanitized {
    let mut did = Sanitized::default();
    let start = out.len();
    for (name, value) in members {
        let used = out.len() - start;
        // Half for each part, and room for the shortest value.
        let Some(room) = (limits::METADATA / 2).checked_sub(used + name.len() * 6 + 128) else {
            did.shortened = true;
            continue;
        };
        if used > 0 {
            out.push(b',');
        }
        did.add(sanitizer.write_key(out, name));
        out.push(b':');
        did.add(sanitizer.write_member_value(out, name, value, room.max(64)));
    }
    did
}

pub(super) fn add_subject(open: &mut Open, sanitizer: &Sanitizer, subject: &str) {
    if open.subjects.len() >= limits::SUBJECTS || open.subjects_bytes >= limits::SUBJECTS_BYTES {
        open.subjects_cut = true;
        return;
    }
    let from = open.bytes.len();
    let span = open.piece(Member::Subjects, |out| {
        sanitizer.write_text(out, subject, limits::SUBJECT)
    });
    open.subjects_bytes += open.bytes.len() - from + 1;
    open.subjects.push(span);
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
