use chrono::{DateTime, Utc};
use memchr::memmem::{self, Finder};

use super::fields::Fields;
use super::{instant, members};
use crate::call::Outcome;
use crate::canonical;
use crate::entry::{AuditEntry, CallTrigger};

/// Which records are wanted.
///
/// Said twice, a method means "one of these"; different methods all have to hold. A filter that names
/// nothing lets every record through, of whatever kind. Records that are no calls have no conversation,
/// user, tool, model, outcome and trigger, so a filter that asks for one passes them over.
///
/// ```
/// use tool_audit::AuditEntry;
/// use tool_audit::query::Filter;
///
/// let filter = Filter::new().conversation("conv_abc123").failures();
/// let mut entry = AuditEntry::default();
/// entry.conversation_id = "conv_abc123".into();
/// entry.outcome = Some(tool_audit::Outcome::TimedOut);
/// assert!(filter.matches(&entry));
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    conversations: Vec<String>,
    users: Vec<String>,
    tools: Vec<String>,
    models: Vec<String>,
    outcomes: Vec<Outcome>,
    triggers: Vec<CallTrigger>,
    kinds: Vec<String>,
    failures: bool,
    since: Option<i64>,
    until: Option<i64>,
}

impl Filter {
    /// A filter that lets every record through.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Asks for the calls of this conversation.
    #[must_use]
    pub fn conversation(mut self, id: impl Into<String>) -> Self {
        self.conversations.push(id.into());
        self
    }

    /// Asks for the calls of this user, by the name that stands in the record: a pseudonym, where the
    /// policy writes one.
    #[must_use]
    pub fn user(mut self, id: impl Into<String>) -> Self {
        self.users.push(id.into());
        self
    }

    /// Asks for the calls of this tool.
    #[must_use]
    pub fn tool(mut self, name: impl Into<String>) -> Self {
        self.tools.push(name.into());
        self
    }

    /// Asks for the calls that this model chose.
    #[must_use]
    pub fn model(mut self, name: impl Into<String>) -> Self {
        self.models.push(name.into());
        self
    }

    /// Asks for the calls that ended like this.
    #[must_use]
    pub fn outcome(mut self, outcome: Outcome) -> Self {
        self.outcomes.push(outcome);
        self
    }

    /// Asks for the calls made for this reason.
    #[must_use]
    pub fn trigger(mut self, trigger: CallTrigger) -> Self {
        self.triggers.push(trigger);
        self
    }

    /// Asks for the records of this kind (FORMAT section 4), such as `tool_call`.
    #[must_use]
    pub fn kind(mut self, kind: impl Into<String>) -> Self {
        self.kinds.push(kind.into());
        self
    }

    /// Asks for the calls that ended neither well nor with an interim answer. An outcome that this version
    /// does not know counts as a failure.
    #[must_use]
    pub fn failures(mut self) -> Self {
        self.failures = true;
        self
    }

    /// Asks for records whose `timestamp`, when the call began, is at or after this instant. Compared to
    /// whole microseconds.
    #[must_use]
    pub fn since(mut self, instant: DateTime<Utc>) -> Self {
        self.since = Some(instant.timestamp_micros());
        self
    }

    /// Asks for records whose `timestamp` is at or before this instant.
    #[must_use]
    pub fn until(mut self, instant: DateTime<Utc>) -> Self {
        self.until = Some(instant.timestamp_micros());
        self
    }

    /// Whether an entry in memory is wanted, such as one of a
    /// [`MemorySink`](crate::sink).
    ///
    /// An entry whose `timestamp` cannot be read is not wanted where the filter has a bound in time.
    #[must_use]
    pub fn matches(&self, entry: &AuditEntry) -> bool {
        self.takes_kind(&entry.kind)
            && one_of(&self.conversations, Some(&entry.conversation_id))
            && one_of(&self.users, Some(&entry.user_id))
            && one_of(&self.tools, Some(&entry.tool_name))
            && one_of(&self.models, Some(&entry.model))
            && (self.triggers.is_empty() || self.triggers.contains(&entry.call_trigger))
            && self.takes_outcome(entry.outcome.map(Outcome::as_str))
            && (!self.has_times()
                || instant::parse(&entry.timestamp).is_some_and(|at| self.takes_time(at)))
    }

    /// As [`matches`](Self::matches), for the members of a record.
    pub(crate) fn confirms(&self, kind: &str, fields: &Fields<'_>, timestamp: i64) -> bool {
        self.takes_kind(kind)
            && one_of(&self.conversations, fields.conversation())
            && one_of(&self.users, fields.user())
            && one_of(&self.tools, fields.tool())
            && one_of(&self.models, fields.model())
            && (self.triggers.is_empty()
                || fields
                    .trigger()
                    .is_some_and(|word| self.triggers.iter().any(|one| one.as_str() == word)))
            && self.takes_outcome(fields.outcome())
            && self.takes_time(timestamp)
    }

    pub(crate) fn takes_kind(&self, kind: &str) -> bool {
        self.kinds.is_empty() || self.kinds.iter().any(|one| one == kind)
    }

    fn takes_outcome(&self, outcome: Option<&str>) -> bool {
        let wanted = self.outcomes.is_empty()
            || outcome.is_some_and(|word| self.outcomes.iter().any(|one| one.as_str() == word));
        wanted && (!self.failures || outcome.is_some_and(says_failure))
    }

    fn has_times(&self) -> bool {
        self.since.is_some() || self.until.is_some()
    }

    fn takes_time(&self, at: i64) -> bool {
        self.since.is_none_or(|since| at >= since) && self.until.is_none_or(|until| at <= until)
    }
}

fn one_of(wanted: &[String], found: Option<&str>) -> bool {
    wanted.is_empty() || found.is_some_and(|found| wanted.iter().any(|one| one == found))
}

fn says_failure(outcome: &str) -> bool {
    outcome != Outcome::Success.as_str() && outcome != Outcome::InputRequired.as_str()
}

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
    pub(crate) fn new(filter: &Filter) -> Self {
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
        Self {
            filter: filter.clone(),
            needles,
        }
    }

    /// False where the line is surely not wanted.
    pub(crate) fn may_match(&self, kind: &str, line: &[u8], members_at: usize) -> bool {
        self.filter.takes_kind(kind)
            && self
                .needles
                .iter()
                .all(|words| words.iter().any(|word| word.find(line).is_some()))
            && (!self.filter.failures || may_be_failure(line))
            // A timestamp that cannot be read goes on to be reported.
            && (!self.filter.has_times()
                || members::timestamp(line, members_at).is_none_or(|at| self.filter.takes_time(at)))
    }

    pub(crate) fn confirms(&self, kind: &str, fields: &Fields<'_>, timestamp: i64) -> bool {
        self.filter.confirms(kind, fields, timestamp)
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

/// Whether a member `outcome` somewhere in the line names a failure.
fn may_be_failure(line: &[u8]) -> bool {
    const NAME: &[u8] = br#""outcome":""#;
    memmem::find_iter(line, NAME).any(|at| {
        let word = &line[at + NAME.len()..];
        !word.starts_with(br#"success""#) && !word.starts_with(br#"input_required""#)
    })
}
