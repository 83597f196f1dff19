use std::sync::Arc;

use memchr::memmem::{self, Finder};

use super::fields::Fields;
use super::filter::{ALERT, Filter};
use super::members;
use super::own::Own;
use super::{LogSnapshot, QueryError, reviews};
use crate::canonical;

/// How a declared emergency begins in a line.
const EMERGENCY: &[u8] = br#""emergency":{"#;

/// A filter made ready for many lines: what can be told from the bytes is told from them.
///
/// A wanted member stands in a record's line as its canonical bytes, so a line without them is passed over
/// unparsed. The same bytes may stand deeper in the record, so a line with them is parsed to be sure.
#[derive(Debug)]
pub(crate) struct Compiled {
    filter: Filter,
    /// For each member asked for, the byte strings of which one has to be there.
    needles: Vec<Vec<Finder<'static>>>,
}

impl Compiled {
    /// For these logs: what was reviewed stands in their stores.
    pub(crate) fn over(
        filter: &Filter,
        snapshots: &[Arc<LogSnapshot>],
    ) -> Result<Self, QueryError> {
        if filter.is_of_no_time() {
            return Err(QueryError::Period);
        }
        let mut filter = filter.clone();
        if filter.asks_for_reviews() {
            filter = filter.reviewed(reviews::of(snapshots)?);
        }
        Ok(Self::new(filter))
    }

    pub(crate) fn new(filter: Filter) -> Self {
        let mut needles = Vec::new();
        let mut add = |member: &str, words: Vec<&str>| {
            if !words.is_empty() {
                needles.push(words.iter().map(|word| needle(member, word)).collect());
            }
        };
        add("conversation_id", texts(&filter.conversations));
        add("user_id", texts(&filter.users));
        add("tool_name", texts(&filter.tools));
        add("model", texts(&filter.models));
        add(
            "outcome",
            filter.outcomes.iter().map(|one| one.as_str()).collect(),
        );
        add(
            "call_trigger",
            filter.triggers.iter().map(|one| one.as_str()).collect(),
        );
        if !filter.subjects.is_empty() {
            needles.push(filter.subjects.iter().map(|one| quoted(one)).collect());
        }
        if !filter.texts.is_empty() {
            needles.push(filter.texts.iter().map(|one| unquoted(one)).collect());
        }
        if filter.emergency {
            needles.push(vec![Finder::new(EMERGENCY)]);
        }
        Self { filter, needles }
    }

    /// False where the line is surely not wanted.
    pub(crate) fn may_match(&self, kind: &str, line: &[u8], members_at: usize) -> bool {
        self.filter.takes_kind(kind)
            && self
                .needles
                .iter()
                .all(|words| words.iter().any(|word| word.find(line).is_some()))
            && (!self.filter.failures || may_be_failure(line))
            && (!self.filter.unreviewed
                || kind == ALERT
                || memmem::find(line, EMERGENCY).is_some())
            // A timestamp that cannot be read goes on to be reported.
            && (!self.filter.has_times()
                || members::timestamp(line, members_at).is_none_or(|at| self.filter.takes_time(at)))
    }

    pub(crate) fn confirms(
        &self,
        kind: &str,
        fields: &Fields<'_>,
        own: Own<'_>,
        timestamp: i64,
    ) -> bool {
        self.filter.confirms(kind, fields, own, timestamp)
    }
}

fn texts(words: &[String]) -> Vec<&str> {
    words.iter().map(String::as_str).collect()
}

fn needle(member: &str, word: &str) -> Finder<'static> {
    let mut bytes = Vec::with_capacity(member.len() + word.len() + 8);
    canonical::write_string(&mut bytes, member);
    bytes.push(b':');
    canonical::write_string(&mut bytes, word);
    Finder::new(&bytes).into_owned()
}

fn quoted(word: &str) -> Finder<'static> {
    let mut bytes = Vec::with_capacity(word.len() + 8);
    canonical::write_string(&mut bytes, word);
    Finder::new(&bytes).into_owned()
}

/// A text as it stands within a string.
fn unquoted(text: &str) -> Finder<'static> {
    let mut bytes = Vec::with_capacity(text.len() + 8);
    canonical::write_string(&mut bytes, text);
    Finder::new(bytes.get(1..bytes.len() - 1).unwrap_or_default()).into_owned()
}

/// Whether a member `outcome` somewhere in the line names a failure.
fn may_be_failure(line: &[u8]) -> bool {
    const NAME: &[u8] = br#""outcome":""#;
    memmem::find_iter(line, NAME).any(|at| {
        let word = &line[at + NAME.len()..];
        !word.starts_with(br#"success""#) && !word.starts_with(br#"input_required""#)
    })
}
