//! A call between its beginning and its end: all that was told of it so far.

use std::borrow::Cow;
use std::collections::HashSet;
use std::hash::{DefaultHasher, Hasher};
use std::time::Duration;

use zeroize::Zeroize;

use super::escaped::{text_of, within_quotes};
use super::limits;
use super::pieces::{MEMBER_NAMES, Member, Pieces};
use super::policy::{CompiledPolicy, ToolPolicy};
use super::span::Span;
use crate::call::IdentitySlot;
use crate::entry::{CallTrigger, TriggerBasis};
use crate::fingerprint::Fingerprint;
use crate::sanitize::{Echo, Sanitized, Sanitizer};
use crate::sink::Durability;

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
    pub(super) fn memory(&self) -> usize {
        let spans = self.verified.capacity() + self.subjects.capacity();
        let members = self.metadata.capacity() + self.identifiers.capacity();
        // A hash and its mark, with the room that a table leaves.
        let hashes = self.subject_hashes.capacity() * 2 * (size_of::<u64>() + 1);
        let texts = self.call_id.capacity() + self.tool_text.capacity();
        #[cfg(feature = "axum")]
        let texts = texts + self.joined.capacity();
        size_of::<Self>()
            + self.bytes.capacity()
            + self.line.capacity()
            + (spans + members * 2) * size_of::<Span>()
            + hashes
            + texts
            + self.echo.memory()
    }

    /// Takes back what was said of the answer.
    pub(super) fn forget_result(&mut self) {
        self.identifiers.clear();
        self.result_size = 0;
        self.rows = None;
        self.pieces.result = Span::default();
        self.pieces.fields = Span::default();
        self.forget_shortened(Member::Result);
        if self.pieces.error.is_empty() && self.pieces.error_type.is_empty() {
            self.forget_shortened(Member::ResultSummary);
        }
    }

    /// Takes back what was said of the call's end.
    pub(super) fn forget_end(&mut self) {
        self.pieces.error = Span::default();
        self.pieces.error_type = Span::default();
        self.forget_result();
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

    /// Nothing of the member stands in the record any more: what is told next may be all of it.
    pub(super) fn forget_shortened(&mut self, member: Member) {
        self.shortened &= !(1 << member as u8);
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

    /// Appends what went through the sanitizer before.
    pub(super) fn append(&mut self, write: impl FnOnce(&mut Vec<u8>)) -> Span {
        let start = self.bytes.len() as u32;
        write(&mut self.bytes);
        let end = self.bytes.len() as u32;
        Span { start, end }
    }

    /// The text of a piece that is a JSON string.
    pub(super) fn text(&self, span: Span) -> Cow<'_, str> {
        text_of(span.of(&self.bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::canonical;

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
