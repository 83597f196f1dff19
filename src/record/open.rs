use std::borrow::Cow;
use std::cmp::Ordering;
use std::collections::HashSet;
use std::hash::{DefaultHasher, Hasher};
use std::time::Duration;

use zeroize::Zeroize;

use super::limits;
use super::policy::{CompiledPolicy, ToolPolicy};
use crate::call::IdentitySlot;
use crate::canonical;
use crate::entry::{CallTrigger, TriggerBasis};
use crate::fingerprint::Fingerprint;
use crate::sanitize::{Echo, Sanitized, Sanitizer};
use crate::sink::Durability;

/// A sanitized piece of JSON in [`Open::bytes`]; empty where nothing was said.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Span {
    start: u32,
    end: u32,
}

impl Span {
    pub(super) fn is_empty(self) -> bool {
        self.start == self.end
    }

    pub(super) fn of(self, bytes: &[u8]) -> &[u8] {
        bytes
            .get(self.start as usize..self.end as usize)
            .unwrap_or_default()
    }

    /// A name with its value behind it, where both stand in `bytes` as they do in a record.
    pub(super) fn with_value(self, value: Self, bytes: &[u8]) -> Option<&[u8]> {
        let is_member = self.end.checked_add(1) == Some(value.start)
            && bytes.get(self.end as usize) == Some(&COLON);
        is_member.then(|| {
            let (start, end) = (self.start as usize, value.end as usize);
            bytes.get(start..end).unwrap_or_default()
        })
    }

    pub(super) fn of_mut(self, bytes: &mut [u8]) -> &mut [u8] {
        bytes
            .get_mut(self.start as usize..self.end as usize)
            .unwrap_or_default()
    }
}

/// What stands between a member's name and its value, in [`Open::bytes`] too: so that both are copied as one.
pub(super) const COLON: u8 = b':';

/// Members that may have to be shortened, in the order in which their names are sorted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Member {
    Arguments,
    Attribution,
    Continues,
    ConversationId,
    Emergency,
    Model,
    Purpose,
    Result,
    ResultSummary,
    RetryOf,
    Server,
    SessionMetadata,
    SpanId,
    Subjects,
    ToolCallId,
    ToolName,
    TraceId,
    UserId,
}

pub(super) const MEMBER_NAMES: [&str; 18] = [
    "arguments",
    "attribution",
    "continues",
    "conversation_id",
    "emergency",
    "model",
    "purpose",
    "result",
    "result_summary",
    "retry_of",
    "server",
    "session_metadata",
    "span_id",
    "subjects",
    "tool_call_id",
    "tool_name",
    "trace_id",
    "user_id",
];

/// The sanitized pieces of a call, as JSON.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Pieces {
    pub(super) arguments: Span,
    pub(super) tool_name: Span,
    pub(super) conversation_id: Span,
    pub(super) user_id: Span,
    pub(super) user_role: Span,
    pub(super) model: Span,
    /// A list.
    pub(super) via: Span,
    pub(super) via_cut: bool,
    pub(super) approved_by: Span,
    pub(super) rule: Span,
    pub(super) purpose: Span,
    pub(super) emergency: Span,
    pub(super) server: Span,
    pub(super) trace_id: Span,
    pub(super) span_id: Span,
    pub(super) tool_call_id: Span,
    pub(super) retry_of: Span,
    pub(super) continues: Span,
    pub(super) error: Span,
    pub(super) error_type: Span,
    pub(super) result: Span,
    /// The items of a list.
    pub(super) fields: Span,
}

impl Pieces {
    /// All pieces, and the members in which they stand.
    pub(super) fn each(&mut self) -> [(Member, &mut Span); 21] {
        [
            (Member::Arguments, &mut self.arguments),
            (Member::ToolName, &mut self.tool_name),
            (Member::ConversationId, &mut self.conversation_id),
            (Member::UserId, &mut self.user_id),
            (Member::SessionMetadata, &mut self.user_role),
            (Member::Model, &mut self.model),
            (Member::Attribution, &mut self.via),
            (Member::Attribution, &mut self.approved_by),
            (Member::Attribution, &mut self.rule),
            (Member::Purpose, &mut self.purpose),
            (Member::Emergency, &mut self.emergency),
            (Member::Server, &mut self.server),
            (Member::TraceId, &mut self.trace_id),
            (Member::SpanId, &mut self.span_id),
            (Member::ToolCallId, &mut self.tool_call_id),
            (Member::RetryOf, &mut self.retry_of),
            (Member::Continues, &mut self.continues),
            (Member::ResultSummary, &mut self.error),
            (Member::ResultSummary, &mut self.error_type),
            (Member::ResultSummary, &mut self.fields),
            (Member::Result, &mut self.result),
        ]
    }
}

/// A call between its beginning and its end. Boxed and pooled: in steady state none is allocated.
#[derive(Debug)]
pub(super) struct Open {
    /// All sanitized pieces, in the order in which they came.
    pub(super) bytes: Vec<u8>,
    /// The entry as it is put together.
    pub(super) line: Vec<u8>,
    /// A text that is told in pieces.
    #[cfg(feature = "axum")]
    pub(super) joined: String,
    pub(super) call_id: String,
    pub(super) pieces: Pieces,
    /// The tool's name, where it stands in the record as it was told; else nothing.
    tool_text: String,
    /// Names and values of the session's metadata, in the order of the names as they stand in the record.
    pub(super) metadata: Vec<(Span, Span)>,
    pub(super) metadata_bytes: usize,
    pub(super) verified: Vec<Span>,
    pub(super) subjects: Vec<Span>,
    pub(super) subjects_bytes: usize,
    /// Hashes of the subjects, so that each is compared with those alone that may be the same.
    subject_hashes: HashSet<u64>,
    pub(super) subjects_cut: bool,
    /// Names and values of a result's identifiers, in the order of the names as they stand in the record.
    pub(super) identifiers: Vec<(Span, Span)>,
    pub(super) result_size: u64,
    pub(super) rows: Option<u64>,
    pub(super) redactions: u32,
    /// How many pieces the sanitizer failed at.
    pub(super) failures: u32,
    /// What was replaced for its name, until the call has ended.
    pub(super) echo: Echo,
    /// The rules of the call's tool, where they are not those of all tools.
    pub(super) sanitizer: Option<Sanitizer>,
    shortened: u32,
    pub(super) number: u64,
    pub(super) turn_number: u64,
    pub(super) declared: Option<CallTrigger>,
    pub(super) trigger: CallTrigger,
    pub(super) basis: TriggerBasis,
    /// Calls of the same recorder that inference found.
    pub(super) inferred_retry_of: Option<u64>,
    pub(super) inferred_continues: Option<u64>,
    pub(super) tool: Option<ToolPolicy>,
    /// The class that the call's first entry went to.
    pub(super) class: Option<usize>,
    pub(super) durability: Durability,
    pub(super) is_emergency: bool,
    pub(super) is_destructive: bool,
    /// The call came over MCP.
    #[cfg(feature = "opentelemetry")]
    pub(super) is_mcp: bool,
    /// Whether the trace that the request came with is sampled, where it says so.
    #[cfg(feature = "opentelemetry")]
    pub(super) is_sampled: Option<bool>,
    /// What the MCP session is called.
    #[cfg(feature = "opentelemetry")]
    pub(super) session: Span,
    /// The code of the JSON-RPC error that the client got.
    #[cfg(feature = "opentelemetry")]
    pub(super) response_code: Option<i64>,
    /// Hashes of what the sanitizer changed or cut, so that what only looks alike is not taken for the same.
    pub(super) unsanitized_conversation: Option<u64>,
    pub(super) unsanitized_arguments: Option<Fingerprint>,
    pub(super) identity: IdentitySlot,
    /// Names of what a layer inside, or the connection itself, established.
    pub(super) found: [&'static str; 3],
    /// The arguments are told while the call runs.
    pub(super) arguments_come_later: bool,
    pub(super) started_micros: i64,
    pub(super) started: Duration,
    /// When it began, where that was before it was recorded.
    pub(super) began: Option<Duration>,
}

impl Open {
    pub(super) fn new() -> Self {
        Self {
            bytes: Vec::with_capacity(1024),
            line: Vec::with_capacity(2048),
            #[cfg(feature = "axum")]
            joined: String::new(),
            call_id: String::with_capacity(40),
            pieces: Pieces::default(),
            tool_text: String::new(),
            metadata: Vec::new(),
            metadata_bytes: 0,
            verified: Vec::new(),
            subjects: Vec::new(),
            subjects_bytes: 0,
            subject_hashes: HashSet::new(),
            subjects_cut: false,
            identifiers: Vec::new(),
            result_size: 0,
            rows: None,
            redactions: 0,
            failures: 0,
            echo: Echo::default(),
            sanitizer: None,
            shortened: 0,
            number: 0,
            turn_number: 0,
            declared: None,
            trigger: CallTrigger::default(),
            basis: TriggerBasis::default(),
            inferred_retry_of: None,
            inferred_continues: None,
            tool: None,
            class: None,
            durability: Durability::default(),
            is_emergency: false,
            is_destructive: false,
            #[cfg(feature = "opentelemetry")]
            is_mcp: false,
            #[cfg(feature = "opentelemetry")]
            is_sampled: None,
            #[cfg(feature = "opentelemetry")]
            session: Span::default(),
            #[cfg(feature = "opentelemetry")]
            response_code: None,
            unsanitized_conversation: None,
            unsanitized_arguments: None,
            identity: IdentitySlot::default(),
            found: [""; 3],
            arguments_come_later: false,
            started_micros: 0,
            started: Duration::ZERO,
            began: None,
        }
    }

    pub(super) fn reset(&mut self) {
        self.bytes.clear();
        self.line.clear();
        self.call_id.clear();
        self.pieces = Pieces::default();
        self.tool_text.clear();
        self.metadata.clear();
        self.metadata_bytes = 0;
        self.verified.clear();
        self.subjects.clear();
        self.subjects_bytes = 0;
        self.subject_hashes.clear();
        self.subjects_cut = false;
        self.redactions = 0;
        self.failures = 0;
        self.echo.clear();
        self.sanitizer = None;
        self.shortened = 0;
        self.turn_number = 0;
        self.declared = None;
        self.inferred_retry_of = None;
        self.inferred_continues = None;
        self.tool = None;
        self.class = None;
        self.is_emergency = false;
        self.is_destructive = false;
        #[cfg(feature = "opentelemetry")]
        {
            self.is_mcp = false;
            self.is_sampled = None;
            self.session = Span::default();
            self.response_code = None;
        }
        self.unsanitized_conversation = None;
        self.unsanitized_arguments = None;
        self.identity = IdentitySlot::default();
        self.found = [""; 3];
        self.arguments_come_later = false;
        self.began = None;
        self.forget_result();
    }

    /// True where the call leaves a record of intent.
    pub(super) fn wants_intent(&self, policy: &CompiledPolicy) -> bool {
        self.is_emergency
            || self.tool.is_some_and(|tool| tool.intent)
            || (self.is_destructive && policy.intent_for_destructive)
    }

    /// How much memory it takes, in bytes: itself, and what grows with what was told.
    #[cfg(feature = "mcp")]
    pub(super) fn memory(&self) -> usize {
        size_of::<Self>() + self.bytes.capacity() + self.line.capacity()
    }

    /// Takes back what was said of the answer.
    pub(super) fn forget_result(&mut self) {
        self.identifiers.clear();
        self.result_size = 0;
        self.rows = None;
        self.pieces.result = Span::default();
        self.pieces.fields = Span::default();
    }

    /// Takes back what was said of the call's end.
    pub(super) fn forget_end(&mut self) {
        self.forget_result();
        self.pieces.error = Span::default();
        self.pieces.error_type = Span::default();
        #[cfg(feature = "opentelemetry")]
        {
            self.response_code = None;
        }
    }

    /// Adds a subject that `write` writes, where there is room and it is not there.
    pub(super) fn add_subject(&mut self, write: impl FnOnce(&mut Self) -> Span) {
        if self.subjects.len() >= limits::SUBJECTS || self.subjects_bytes >= limits::SUBJECTS_BYTES
        {
            self.subjects_cut = true;
            return;
        }
        let from = self.bytes.len();
        let (redactions, echoed) = (self.redactions, write(self));
        let json = echoed.of(&self.bytes);
        let mut hasher = DefaultHasher::new();
        hasher.write(json);
        let is_known = !self.subject_hashes.insert(hasher.finish())
            && self
                .subjects
                .iter()
                .any(|other| other.of(&self.bytes) == json);
        if is_known {
            self.take_back(echoed);
            self.redactions = redactions;
        } else {
            self.subjects_bytes += self.bytes.len() - from + 1;
            self.subjects.push(echoed);
        }
    }

    /// Appends a piece that `write` writes, and counts what the sanitizer did to it.
    pub(super) fn piece(
        &mut self,
        member: Member,
        write: impl FnOnce(&mut Vec<u8>, &mut Echo) -> Sanitized,
    ) -> Span {
        self.piece_as_told(member, write).0
    }

    /// Like [`piece`](Self::piece), and says what the sanitizer did.
    pub(super) fn piece_as_told(
        &mut self,
        member: Member,
        write: impl FnOnce(&mut Vec<u8>, &mut Echo) -> Sanitized,
    ) -> (Span, Sanitized) {
        let start = self.bytes.len() as u32;
        let did = write(&mut self.bytes, &mut self.echo);
        self.redactions = self.redactions.saturating_add(did.redactions);
        self.failures += u32::from(did.failed);
        if did.shortened {
            self.shorten(member);
        }
        let span = Span {
            start,
            end: self.bytes.len() as u32,
        };
        (span, did)
    }

    /// Sets the names of a result's fields, which went through the sanitizer before.
    pub(super) fn append_fields(&mut self, list: &[u8]) {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(list);
        self.set_fields(start);
    }

    /// Says that the names of a result's fields are what stands from `start` on.
    pub(super) fn set_fields(&mut self, start: usize) {
        self.pieces.fields = Span {
            start: start as u32,
            end: self.bytes.len() as u32,
        };
    }

    /// Takes back the last piece, so that what is told again and again takes no room.
    pub(super) fn take_back(&mut self, piece: Span) {
        if piece.end as usize == self.bytes.len() {
            self.bytes.truncate(piece.start as usize);
        }
    }

    /// Says that authentication established the member of this name.
    pub(super) fn verify(&mut self, name: &'static str) {
        if self.verified.iter().any(|claim| self.text(*claim) == name) {
            return;
        }
        if let Some(place) = self.found.iter_mut().find(|place| place.is_empty()) {
            *place = name;
        }
    }

    /// Sets the tool's name: `piece`, which the sanitizer made of `told`.
    pub(super) fn set_tool_name(&mut self, piece: Span, did: Sanitized, told: &str) {
        self.pieces.tool_name = piece;
        self.tool_text.clear();
        let json = within_quotes(piece.of(&self.bytes));
        // Mostly nothing was changed or escaped, and then nobody has to read the piece again.
        if did == Sanitized::default() && json == told.as_bytes() {
            self.tool_text.push_str(told);
        }
    }

    /// Takes other pieces in place of those that were.
    pub(super) fn replace_pieces(&mut self, pieces: Pieces) {
        if pieces.tool_name != self.pieces.tool_name {
            self.tool_text.zeroize();
        }
        self.pieces = pieces;
    }

    pub(super) fn tool_name(&self) -> Cow<'_, str> {
        if !self.tool_text.is_empty() {
            Cow::Borrowed(&self.tool_text)
        } else if self.pieces.tool_name.is_empty() {
            Cow::Borrowed(crate::call::UNKNOWN)
        } else {
            self.text(self.pieces.tool_name)
        }
    }

    pub(super) fn shorten(&mut self, member: Member) {
        self.shortened |= 1 << member as u8;
    }

    pub(super) fn is_shortened(&self, member: Member) -> bool {
        self.shortened & 1 << member as u8 != 0
    }

    pub(super) fn is_any_shortened(&self) -> bool {
        self.shortened != 0
    }

    pub(super) fn shortened(&self) -> impl Iterator<Item = &'static str> + use<> {
        let shortened = self.shortened;
        MEMBER_NAMES
            .iter()
            .enumerate()
            .filter(move |(at, _)| shortened & (1 << at) != 0)
            .map(|(_, name)| *name)
    }

    /// Puts a member in its place. Names that are the same once they are sanitized get numbers from 2.
    pub(super) fn insert_member(
        &mut self,
        members: &mut Vec<(Span, Span)>,
        name: Span,
        value: Span,
    ) {
        let mut unique = name;
        let mut number = 2_u32;
        loop {
            match self.place_of(members, unique) {
                Err(place) => return members.insert(place, (unique, value)),
                Ok(_) => {
                    let shown = format!("{}#{number}", self.text(name));
                    unique = self.append(|out| canonical::write_string(out, &shown));
                    number += 1;
                }
            }
        }
    }

    /// Appends what went through the sanitizer before.
    pub(super) fn append(&mut self, write: impl FnOnce(&mut Vec<u8>)) -> Span {
        let start = self.bytes.len() as u32;
        write(&mut self.bytes);
        let end = self.bytes.len() as u32;
        Span { start, end }
    }

    /// The place of a name in a list that is in the order of its names, or where it belongs.
    #[inline]
    pub(super) fn place_of(&self, members: &[(Span, Span)], name: Span) -> Result<usize, usize> {
        let name = within_quotes(name.of(&self.bytes));
        let compare =
            |(other, _): &(Span, Span)| compare_escaped(within_quotes(other.of(&self.bytes)), name);
        // Mostly they come in order.
        match members.last().map(compare) {
            None | Some(Ordering::Less) => Err(members.len()),
            Some(_) => members.binary_search_by(compare),
        }
    }

    /// Whether a result has an identifier of this name, which is given as it stands in JSON.
    pub(super) fn has_identifier(&self, name: &[u8]) -> bool {
        self.identifiers
            .iter()
            .any(|(known, _)| known.of(&self.bytes) == name)
    }

    /// Whether the name that a piece is stands before `own`, which needs no escape.
    #[inline]
    pub(super) fn is_before(&self, name: Span, own: &[u8]) -> bool {
        let json = name.of(&self.bytes);
        match (json.get(1), own.first()) {
            // The first letters mostly tell; the quote behind no letters comes before all of ours.
            (Some(one), Some(other)) if one != other && is_plain(*one) => one < other,
            _ => compare_escaped(within_quotes(json), own).is_lt(),
        }
    }

    /// The text of a piece that is a JSON string.
    pub(super) fn text(&self, span: Span) -> Cow<'_, str> {
        text_of(span.of(&self.bytes))
    }
}

fn within_quotes(json: &[u8]) -> &[u8] {
    json.get(1..json.len().saturating_sub(1))
        .unwrap_or_default()
}

/// Whether a byte of a JSON string stands for itself alone.
#[inline]
fn is_plain(byte: u8) -> bool {
    byte.is_ascii() && byte != b'\\'
}

/// Compares what two JSON strings without their quotes stand for, as the order of members asks.
#[inline]
fn compare_escaped(one: &[u8], other: &[u8]) -> Ordering {
    let mut pairs = one.iter().zip(other);
    match pairs.find(|(one, other)| one != other || **one == b'\\') {
        None => one.len().cmp(&other.len()),
        // The greater part of all names: two letters of ASCII differ before any escape.
        Some((one, other)) if is_plain(*one) && is_plain(*other) => one.cmp(other),
        Some(_) => compare_unescaped(one, other),
    }
}

#[cold]
fn compare_unescaped(one: &[u8], other: &[u8]) -> Ordering {
    canonical::compare_key_bytes(&unescaped(one), &unescaped(other))
}

/// The text that a JSON string stands for.
pub(super) fn text_of(json: &[u8]) -> Cow<'_, str> {
    match unescaped(within_quotes(json)) {
        Cow::Borrowed(bytes) => Cow::Borrowed(std::str::from_utf8(bytes).unwrap_or_default()),
        Cow::Owned(bytes) => Cow::Owned(String::from_utf8(bytes).unwrap_or_default()),
    }
}

/// The UTF-8 that a JSON string without its quotes stands for; as a rule the same bytes.
fn unescaped(inner: &[u8]) -> Cow<'_, [u8]> {
    // Names are short: a look at every byte is quicker than a search that ends at the first.
    let has_escapes = inner
        .iter()
        .fold(false, |found, byte| found | (*byte == b'\\'));
    if !has_escapes {
        return Cow::Borrowed(inner);
    }
    let json = [b"\"", inner, b"\""].concat();
    serde_json::from_slice::<String>(&json)
        .map_or(Cow::Borrowed(b""), |text| Cow::Owned(text.into_bytes()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn json(text: &str) -> Vec<u8> {
        let mut json = Vec::new();
        canonical::write_string(&mut json, text);
        json
    }

    proptest! {
        #[test]
        fn names_are_compared_as_what_they_stand_for(
            front in "[a_\"\\\\\n\u{1}é]{0,3}",
            one in "[ab_ \"\\\\/\n\t\u{1}é\u{FB33}\u{1F600}]{0,4}",
            other in "[ab_ \"\\\\/\n\t\u{1}é\u{FB33}\u{1F600}]{0,4}",
        ) {
            let (one, other) = (front.clone() + &one, front + &other);
            prop_assert_eq!(
                compare_escaped(within_quotes(&json(&one)), within_quotes(&json(&other))),
                canonical::compare_keys(&one, &other)
            );
        }
    }

    proptest! {
        #[test]
        fn a_name_stands_before_one_of_ours_as_its_text_does(
            front in "(|c|su|success|fields|_t)",
            back in "[a_s\"\\\\\n\u{1}é\u{FB33}\u{1F600}]{0,3}",
        ) {
            let mut open = Open::new();
            let name = front + &back;
            let piece = open.append(|out| canonical::write_string(out, &name));
            for own in ["_truncated", "count", "fields", "success", "user_role"] {
                prop_assert_eq!(
                    open.is_before(piece, own.as_bytes()),
                    canonical::compare_keys(&name, own).is_lt()
                );
            }
        }
    }

    #[test]
    fn a_name_and_its_value_are_one_piece_only_where_a_colon_stands_between_them() {
        let bytes = br#""a":1"b"2"c""#;
        let span = |start, end| Span { start, end };
        let member = |name: Span, value| name.with_value(value, bytes).map(<[u8]>::to_vec);
        assert_eq!(member(span(0, 3), span(4, 5)), Some(br#""a":1"#.to_vec()));
        assert_eq!(member(span(5, 8), span(8, 9)), None);
        assert_eq!(member(span(5, 7), span(8, 9)), None);
        assert_eq!(member(span(5, 8), span(4, 5)), None);
        assert_eq!(member(span(0, 3), Span::default()), None);
    }

    #[test]
    fn the_tool_has_the_name_that_stands_in_the_record() {
        let mut open = Open::new();
        for (told, shown) in [("plain", "plain"), ("a\"b", "a\"b"), ("é", "é")] {
            let piece = open.append(|out| canonical::write_string(out, told));
            open.set_tool_name(piece, Sanitized::default(), told);
            assert_eq!(open.tool_name(), shown);
        }
        let piece = open.append(|out| canonical::write_string(out, "[REDACTED:x]"));
        open.replace_pieces(Pieces {
            tool_name: piece,
            ..open.pieces
        });
        assert_eq!(open.tool_name(), "[REDACTED:x]");
        open.reset();
        assert_eq!(open.tool_name(), crate::call::UNKNOWN);
    }
}
