use crate::log::{LogId, RecordHead};
use crate::query::members;

/// What rules look at in a record: members as they stand in its canonical bytes, without a tree.
#[derive(Debug, Default)]
pub(super) struct Facts<'a> {
    pub(super) kind: &'a str,
    /// None for an entry that is in no log yet.
    pub(super) log: Option<LogId>,
    /// When the call began, and when it ended, in microseconds since 1970.
    pub(super) begin: i64,
    pub(super) end: i64,
    pub(super) call_id: &'a [u8],
    pub(super) user_id: &'a [u8],
    pub(super) tool_name: &'a [u8],
    pub(super) outcome: &'a [u8],
    pub(super) retention_class: &'a [u8],
    pub(super) subjects: &'a [u8],
    pub(super) emergency: &'a [u8],
    pub(super) rule: &'a [u8],
    pub(super) detail: &'a [u8],
    pub(super) count: &'a [u8],
    pub(super) reason: &'a [u8],
}

/// How an entry begins before a log gives it its place.
const ENTRY: &[u8] = br#"{"_kind":""#;

impl<'a> Facts<'a> {
    /// None where the line is no record.
    pub(super) fn of(line: &'a [u8]) -> Option<Self> {
        let mut facts = Self::default();
        let members_at = match RecordHead::parse(line) {
            Some(head) => {
                facts.kind = head.kind;
                facts.log = Some(head.log);
                head.members_at
            }
            None => {
                let kind = line.strip_prefix(ENTRY)?;
                let length = memchr::memchr(b'"', kind)?;
                facts.kind = std::str::from_utf8(kind.get(..length)?).ok()?;
                ENTRY.len() + length + 2
            }
        };
        members::each(line, members_at, |name, value| {
            let place = match name {
                b"call_id" => &mut facts.call_id,
                b"count" => &mut facts.count,
                b"detail" => &mut facts.detail,
                b"emergency" => &mut facts.emergency,
                b"outcome" => &mut facts.outcome,
                b"reason" => &mut facts.reason,
                b"retention_class" => &mut facts.retention_class,
                b"rule" => &mut facts.rule,
                b"subjects" => &mut facts.subjects,
                b"tool_name" => &mut facts.tool_name,
                b"user_id" => &mut facts.user_id,
                _ => return true,
            };
            *place = value;
            true
        });
        facts.begin = members::timestamp(line, members_at)?;
        let took = members::duration(facts.kind.as_bytes(), line, members_at);
        facts.end = facts.begin.saturating_add(took);
        Some(facts)
    }

    /// The outcome's word, without its quotes.
    pub(super) fn outcome(&self) -> &'a str {
        unquoted(self.outcome)
    }

    pub(super) fn is_emergency(&self) -> bool {
        self.emergency.first() == Some(&b'{')
    }

    /// Each subject as it stands, quotes included.
    pub(super) fn each_subject(&self) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        members::items(self.subjects)
    }
}

/// A string without its quotes, as far as it holds no escape.
fn unquoted(json: &[u8]) -> &str {
    json.strip_prefix(b"\"")
        .and_then(|json| json.strip_suffix(b"\""))
        .and_then(|text| std::str::from_utf8(text).ok())
        .unwrap_or_default()
}

/// The text of a member that is a string; nothing where it is none.
pub(super) fn text(json: &[u8]) -> String {
    serde_json::from_slice(json).unwrap_or_default()
}
