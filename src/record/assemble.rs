use super::limits;
use super::open::Open;
use super::policy::ClassName;
use super::span::{COLON, Span};
use crate::call::{Outcome, UNKNOWN};
use crate::canonical;
use crate::clock::civil;
use crate::sink::EntryKind;

/// What is known only when the entry is put together.
pub(super) struct Facts<'a> {
    pub(super) kind: EntryKind,
    /// The recorder's part of every `call_id`.
    pub(super) prefix: &'a str,
    pub(super) class: ClassName<'a>,
    /// The last day on which the record is kept, in days since 1970; none for ever.
    pub(super) until: Option<i64>,
    /// The end, and how long the call took in microseconds; none in a record of intent.
    pub(super) end: Option<(Outcome, u64)>,
}

/// A member's name with all that stands about it, and [`UNKNOWN_JSON`] as its value: whatever of this stands before a
/// value is written in one go.
#[derive(Clone, Copy)]
struct Name(&'static str);

impl Name {
    /// Of a text that ends in [`UNKNOWN_JSON`], since its length is what is taken off.
    const fn with(text: &'static str) -> Self {
        let (bytes, mut back) = (text.as_bytes(), UNKNOWN_JSON.len());
        while back > 0 {
            assert!(bytes[bytes.len() - back] == UNKNOWN_JSON[UNKNOWN_JSON.len() - back]);
            back -= 1;
        }
        Self(text)
    }

    /// The name itself.
    #[inline(always)]
    fn text(self) -> &'static [u8] {
        &self.0.as_bytes()[2..self.0.len() - UNKNOWN_JSON.len() - 2]
    }

    #[inline(always)]
    fn before_json(self) -> &'static [u8] {
        &self.0.as_bytes()[..self.0.len() - UNKNOWN_JSON.len()]
    }

    /// With the quote that opens a text.
    #[inline(always)]
    fn before_text(self) -> &'static [u8] {
        &self.0.as_bytes()[..self.0.len() - UNKNOWN_JSON.len() + 1]
    }

    #[inline(always)]
    fn with_unknown(self) -> &'static [u8] {
        self.0.as_bytes()
    }
}

/// The name of a member of our own, which needs no escape.
macro_rules! name {
    ($name:literal) => {
        const { Name::with(concat!(",\"", $name, "\":\"unknown\"")) }
    };
}

/// Writes members in the order of their names.
///
/// All begin with a comma: so every name is one constant, which the compiler copies without a call. That of the first
/// member becomes the brace that opens the object.
struct Object<'a> {
    out: &'a mut Vec<u8>,
    start: usize,
}

impl<'a> Object<'a> {
    fn new(out: &'a mut Vec<u8>) -> Self {
        let start = out.len();
        Self { out, start }
    }

    #[inline(always)]
    fn name(&mut self, name: Name) -> &mut Vec<u8> {
        self.out.extend_from_slice(name.before_json());
        self.out
    }

    /// A piece, where it is there.
    #[inline(always)]
    fn piece(&mut self, name: Name, piece: Span, bytes: &[u8]) {
        if !piece.is_empty() {
            self.name(name).extend_from_slice(piece.of(bytes));
        }
    }

    /// A piece of which something stands in every record.
    #[inline(always)]
    fn known(&mut self, name: Name, piece: Span, bytes: &[u8]) {
        if piece.is_empty() {
            self.out.extend_from_slice(name.with_unknown());
        } else {
            self.name(name).extend_from_slice(piece.of(bytes));
        }
    }

    /// `text` needs no escape.
    #[inline(always)]
    fn word(&mut self, name: Name, text: &str) {
        self.out.extend_from_slice(name.before_text());
        self.out.extend_from_slice(text.as_bytes());
        self.out.push(b'"');
    }

    #[inline(always)]
    fn boolean(&mut self, name: Name, value: bool) {
        let out = self.name(name);
        if value {
            out.extend_from_slice(b"true");
        } else {
            out.extend_from_slice(b"false");
        }
    }

    fn number(&mut self, name: Name, value: u64) {
        canonical::write_u64(self.name(name), value);
    }

    fn list<'s>(&mut self, name: Name, items: impl Iterator<Item = &'s [u8]>) {
        let out = self.name(name);
        out.push(b'[');
        for (at, item) in items.enumerate() {
            if at > 0 {
                out.push(b',');
            }
            out.extend_from_slice(item);
        }
        out.push(b']');
    }

    fn end(self) {
        match self.out.get_mut(self.start) {
            Some(first) => *first = b'{',
            None => self.out.push(b'{'),
        }
        self.out.push(b'}');
    }
}

/// Puts the entry together in `line`, as FORMAT section 5 orders its members.
pub(super) fn assemble(line: &mut Vec<u8>, open: &Open, facts: &Facts<'_>) {
    line.clear();
    let bytes = open.bytes.as_slice();
    let pieces = &open.pieces;
    let trigger = open.trigger.as_str();

    let mut entry = Object::new(line);
    entry.word(name!("_kind"), facts.kind.as_str());
    let out = entry.name(name!("arguments"));
    if pieces.arguments.is_empty() {
        out.extend_from_slice(b"{}");
    } else {
        out.extend_from_slice(pieces.arguments.of(bytes));
    }

    entry.name(name!("attribution"));
    let mut attribution = Object::new(entry.out);
    attribution.piece(name!("approved_by"), pieces.approved_by, bytes);
    attribution.known(name!("initiator"), pieces.user_id, bytes);
    attribution.piece(name!("initiator_role"), pieces.user_role, bytes);
    attribution.known(name!("model"), pieces.model, bytes);
    attribution.piece(name!("rule"), pieces.rule, bytes);
    attribution.known(name!("tool_name"), pieces.tool_name, bytes);
    attribution.word(name!("trigger"), trigger);
    if !open.verified.is_empty() || !open.found[0].is_empty() {
        write_verified(attribution.name(name!("verified")), open);
    }
    if !pieces.via.is_empty() {
        attribution.list(name!("via"), std::iter::once(pieces.via.of(bytes)));
    }
    if pieces.via_cut {
        attribution.boolean(name!("via_cut"), true);
    }
    attribution.end();

    entry.word(name!("call_id"), &open.call_id);
    entry.word(name!("call_trigger"), trigger);
    write_link(
        &mut entry,
        name!("continues"),
        (pieces.continues, bytes),
        open.inferred_continues,
        facts,
    );
    entry.known(name!("conversation_id"), pieces.conversation_id, bytes);
    if let Some((_, micros)) = facts.end {
        write_millis(entry.name(name!("duration_ms")), micros);
    }
    entry.piece(name!("emergency"), pieces.emergency, bytes);
    entry.known(name!("model"), pieces.model, bytes);
    if let Some((outcome, _)) = facts.end {
        entry.word(name!("outcome"), outcome.as_str());
    }
    if pieces.purpose.is_empty() && !open.subjects.is_empty() {
        entry.word(name!("purpose"), "unspecified");
    } else {
        entry.piece(name!("purpose"), pieces.purpose, bytes);
    }
    entry.number(name!("redactions"), u64::from(open.redactions));
    if let Some((outcome, _)) = facts.end {
        entry.piece(name!("result"), pieces.result, bytes);
        entry.name(name!("result_summary"));
        write_summary(entry.out, open, outcome);
    }
    if let Some(until) = facts.until {
        let out = entry.name(name!("retain_until"));
        out.push(b'"');
        civil::write_date(out, until);
        out.push(b'"');
    }
    let out = entry.name(name!("retention_class"));
    out.extend_from_slice(facts.class.json);
    write_link(
        &mut entry,
        name!("retry_of"),
        (pieces.retry_of, bytes),
        open.inferred_retry_of,
        facts,
    );
    entry.piece(name!("server"), pieces.server, bytes);
    entry.name(name!("session_metadata"));
    write_metadata(entry.out, open);
    if open.is_any_shortened() {
        let out = entry.name(name!("shortened"));
        let mut separator = b'[';
        for name in open.shortened() {
            out.push(separator);
            separator = b',';
            write_word(out, name);
        }
        out.push(b']');
    }
    entry.piece(name!("span_id"), pieces.span_id, bytes);
    if !open.subjects.is_empty() {
        entry.list(
            name!("subjects"),
            open.subjects.iter().map(|subject| subject.of(bytes)),
        );
    }
    if open.subjects_cut {
        entry.boolean(name!("subjects_truncated"), true);
    }
    if let Some((outcome, _)) = facts.end {
        entry.boolean(name!("success"), outcome.is_success());
    }
    let out = entry.name(name!("timestamp"));
    out.push(b'"');
    civil::write_instant(out, open.started_micros);
    out.push(b'"');
    entry.piece(name!("tool_call_id"), pieces.tool_call_id, bytes);
    entry.known(name!("tool_name"), pieces.tool_name, bytes);
    entry.piece(name!("trace_id"), pieces.trace_id, bytes);
    entry.word(name!("trigger_basis"), open.basis.as_str());
    entry.number(name!("turn_number"), open.turn_number);
    entry.known(name!("user_id"), pieces.user_id, bytes);
    entry.end();
}

/// [`UNKNOWN`], as it stands in records.
pub(super) const UNKNOWN_JSON: &[u8] = b"\"unknown\"";

const _: () = {
    let ([b'"', json @ .., b'"'], text) = (UNKNOWN_JSON, UNKNOWN.as_bytes()) else {
        panic!("no string");
    };
    assert!(json.len() == text.len());
    let mut at = 0;
    while at < text.len() {
        assert!(json[at] == text[at]);
        at += 1;
    }
};

/// Appends a text that needs no escape.
fn write_word(out: &mut Vec<u8>, text: &str) {
    out.push(b'"');
    out.extend_from_slice(text.as_bytes());
    out.push(b'"');
}

pub(super) fn write_call_id(out: &mut String, prefix: &str, number: u64) {
    out.push_str(prefix);
    out.push('-');
    // By hand: every call has an id, and the formatting machinery takes five times as long.
    let mut digits = [0; 20];
    let mut first = digits.len();
    let mut rest = number;
    loop {
        first -= 1;
        digits[first] = b'0' + (rest % 10) as u8;
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    out.push_str(std::str::from_utf8(&digits[first..]).unwrap_or_default());
}

#[inline(always)]
fn write_link(
    entry: &mut Object<'_>,
    name: Name,
    (declared, bytes): (Span, &[u8]),
    inferred: Option<u64>,
    facts: &Facts<'_>,
) {
    if !declared.is_empty() {
        entry.piece(name, declared, bytes);
    } else if let Some(number) = inferred {
        let out = entry.name(name);
        out.push(b'"');
        out.extend_from_slice(facts.prefix.as_bytes());
        out.push(b'-');
        canonical::write_u64(out, number);
        out.push(b'"');
    }
}

/// Milliseconds with at most three decimals, in the form of RFC 8785.
fn write_millis(out: &mut Vec<u8>, micros: u64) {
    canonical::write_u64(out, micros / 1000);
    let fraction = micros % 1000;
    let zeros = match (fraction, fraction % 100, fraction % 10) {
        (0, _, _) => return,
        (_, 0, _) => 2,
        (_, _, 0) => 1,
        _ => 0,
    };
    let digit = |value: u64| b'0' + (value % 10) as u8;
    let decimals = [digit(fraction / 100), digit(fraction / 10), digit(fraction)];
    out.push(b'.');
    out.extend_from_slice(&decimals);
    out.truncate(out.len() - zeros);
}

fn write_verified(out: &mut Vec<u8>, open: &Open) {
    let mut separator = b'[';
    for name in open.found.iter().filter(|name| !name.is_empty()) {
        out.push(separator);
        separator = b',';
        write_word(out, name);
    }
    for name in &open.verified {
        out.push(separator);
        separator = b',';
        out.extend_from_slice(name.of(&open.bytes));
    }
    out.push(b']');
}

/// An object's own members, and between them, in the order of all names, those whose names came from outside.
struct Mixed<'a> {
    object: Object<'a>,
    open: &'a Open,
    /// What is not written yet.
    foreign: &'a [(Span, Span)],
}

impl<'a> Mixed<'a> {
    fn new(out: &'a mut Vec<u8>, open: &'a Open, foreign: &'a [(Span, Span)]) -> Self {
        Self {
            object: Object::new(out),
            open,
            foreign,
        }
    }

    /// The object, in which all members stand that come before its own one of this name.
    #[inline(always)]
    fn at(&mut self, own: Name) -> &mut Object<'a> {
        let own = own.text();
        while let [(name, value), later @ ..] = self.foreign
            && self.open.is_before(*name, own)
        {
            write_foreign(*name, *value, &self.open.bytes, self.object.out);
            self.foreign = later;
        }
        &mut self.object
    }

    fn end(self) {
        for (name, value) in self.foreign {
            write_foreign(*name, *value, &self.open.bytes, self.object.out);
        }
        self.object.end();
    }
}

#[inline(always)]
fn write_foreign(name: Span, value: Span, bytes: &[u8], out: &mut Vec<u8>) {
    out.push(b',');
    if let Some(member) = name.with_value(value, bytes) {
        out.extend_from_slice(member);
    } else {
        out.extend_from_slice(name.of(bytes));
        out.push(COLON);
        out.extend_from_slice(value.of(bytes));
    }
}

fn write_metadata(out: &mut Vec<u8>, open: &Open) {
    let mut metadata = Mixed::new(out, open, &open.metadata);
    let user_role = open.pieces.user_role;
    if !user_role.is_empty() {
        // It stands among what the caller adds.
        let name = name!("user_role");
        metadata.at(name).piece(name, user_role, &open.bytes);
    }
    metadata.end();
}

/// The members of a summary that are its own, in order; identifiers stand between them.
fn write_summary(out: &mut Vec<u8>, open: &Open, outcome: Outcome) {
    let bytes = open.bytes.as_slice();
    let pieces = &open.pieces;
    let mut summary = Mixed::new(out, open, &open.identifiers);
    if open.result_size > limits::RESULT_SIZE {
        let name = name!("_result_size");
        summary.at(name).number(name, open.result_size);
        let name = name!("_truncated");
        summary.at(name).boolean(name, true);
    }
    if let Some(rows) = open.rows.filter(|_| !open.has_identifier(b"\"count\"")) {
        let name = name!("count");
        summary.at(name).number(name, rows);
    }
    if !pieces.error.is_empty() {
        let name = name!("error");
        summary.at(name).piece(name, pieces.error, bytes);
    }
    if !pieces.error_type.is_empty() {
        let name = name!("error_type");
        summary.at(name).piece(name, pieces.error_type, bytes);
    }
    if !pieces.fields.is_empty() {
        let name = name!("fields");
        let fields = std::iter::once(pieces.fields.of(bytes));
        summary.at(name).list(name, fields);
    }
    let name = name!("success");
    summary.at(name).boolean(name, outcome.is_success());
    summary.end();
}
