use std::collections::HashSet;

use chrono::{DateTime, Utc};
use serde_json::{Map, Value};

use super::fields::Fields;
use super::own::Own;
use super::{instant, own, reviews};
use crate::call::Outcome;
use crate::entry::{AuditEntry, CallTrigger};
use crate::identifiers;
use crate::record::SUBJECT_MEMBERS;
use crate::sanitize::Sanitizer;

/// Which records are wanted.
///
/// Said twice, a method means "one of these"; different methods all have to hold. A filter that names
/// nothing lets every record through, of whatever kind. Records that are no calls have no conversation,
/// user, tool, subject, model, outcome and trigger, so a filter that asks for one passes them over.
///
/// It asks for what stands in the records: where the policy writes a pseudonym, that is what to look for
/// ([`Sanitizer::pseudonyms_of`](crate::Sanitizer::pseudonyms_of)), or what
/// [`subject_in_clear`](Self::subject_in_clear) and [`user_in_clear`](Self::user_in_clear) look for.
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
    pub(super) conversations: Vec<String>,
    pub(super) users: Vec<String>,
    pub(super) tools: Vec<String>,
    pub(super) models: Vec<String>,
    pub(super) outcomes: Vec<Outcome>,
    pub(super) triggers: Vec<CallTrigger>,
    pub(super) kinds: Vec<String>,
    pub(super) subjects: Vec<String>,
    pub(super) texts: Vec<String>,
    pub(super) failures: bool,
    pub(super) emergency: bool,
    pub(super) unreviewed: bool,
    reviewed: HashSet<String>,
    pub(super) since: Option<i64>,
    pub(super) until: Option<i64>,
    /// Identifiers in clear, of which pseudonyms among the users and subjects say whom they name.
    in_clear: HashSet<String>,
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

    /// Asks for the calls about this person or thing, by what stands in the record's `subjects`.
    #[must_use]
    pub fn subject(mut self, subject: impl Into<String>) -> Self {
        self.subjects.push(subject.into());
        self
    }

    /// [`subject`](Self::subject) by an identifier in clear: it is looked for as it is, and by the pseudonyms that these
    /// rules and keys, old ones too, make of it. Forms that others may share, such as `[REDACTED:…]`, find nothing.
    ///
    /// A pseudonym depends on what its value is called: `members` are the names under which subjects stand in arguments and
    /// results, and where none is given `patient_id`, `mrn` and `medical_record_number`.
    ///
    /// ```
    /// use tool_audit::query::Filter;
    /// use tool_audit::sanitize::{PseudonymKey, Sanitizer};
    ///
    /// let key = PseudonymKey::from_bytes("k2026", &[7; 32])?;
    /// let sanitizer = Sanitizer::builder().pseudonym_key(key).build()?;
    /// let filter = Filter::new().subject_in_clear(&sanitizer, &[], "MRN-001234");
    /// // Who reads this learns no more than the log says.
    /// let subjects = filter.describe()["subjects"].to_string();
    /// assert!(subjects.contains("pn:mrn:k2026:") && !subjects.contains("001234"));
    /// # Ok::<(), tool_audit::sanitize::SanitizerError>(())
    /// ```
    #[must_use]
    pub fn subject_in_clear(
        mut self,
        sanitizer: &Sanitizer,
        members: &[String],
        identifier: &str,
    ) -> Self {
        let forms = if members.is_empty() {
            let members = SUBJECT_MEMBERS.map(str::to_owned);
            identifiers::subject_forms(sanitizer, &members, identifier)
        } else {
            identifiers::subject_forms(sanitizer, members, identifier)
        };
        let all = self.forms(identifier, forms);
        self.subjects.extend(all);
        self
    }

    /// [`user`](Self::user) by an identifier in clear, as [`subject_in_clear`](Self::subject_in_clear) looks for one.
    #[must_use]
    pub fn user_in_clear(mut self, sanitizer: &Sanitizer, identifier: &str) -> Self {
        let forms = identifiers::user_forms(sanitizer, identifier);
        let all = self.forms(identifier, forms);
        self.users.extend(all);
        self
    }

    /// The identifier, and those of its forms that stand for it alone.
    fn forms(&mut self, identifier: &str, mut forms: Vec<String>) -> Vec<String> {
        forms.retain(|form| form != identifier && identifiers::is_exact(form, identifier));
        if forms.iter().any(|form| form.starts_with("pn:")) {
            self.in_clear.insert(identifier.to_owned());
        }
        forms.push(identifier.to_owned());
        forms
    }

    /// Asks for records in which this text stands: in a string, a number or the name of a member, whole or in
    /// part, at any depth; the members of a record's place in its log (`_hash` and the like) aside. Upper and
    /// lower case differ. An empty text asks for nothing.
    #[must_use]
    pub fn contains(mut self, text: impl Into<String>) -> Self {
        let text = text.into();
        if !text.is_empty() {
            self.texts.push(text);
        }
        self
    }

    /// Asks for calls that were made with a break-glass declaration, whole or defective.
    #[must_use]
    pub fn emergency(mut self) -> Self {
        self.emergency = true;
        self
    }

    /// Asks for emergency calls and alerts that nobody has looked at: no `reviewed` record names the call, or
    /// one of the alert's calls. An alert that names no call stays unreviewed.
    ///
    /// Scans find the `reviewed` records in the `admin` of each store that they read, also where they are given a
    /// single log of it; [`reviewed`](Self::reviewed) adds others.
    #[must_use]
    pub fn unreviewed(mut self) -> Self {
        self.unreviewed = true;
        self
    }

    /// Calls that count as looked at, by their `call_id`, for [`unreviewed`](Self::unreviewed).
    #[must_use]
    pub fn reviewed<I>(mut self, call_ids: I) -> Self
    where
        I: IntoIterator,
        I::Item: Into<String>,
    {
        self.reviewed.extend(call_ids.into_iter().map(Into::into));
        self
    }

    /// Asks for records whose `timestamp`, when the call began, is at or after this instant. Compared to
    /// whole microseconds.
    #[must_use]
    pub fn since(mut self, instant: DateTime<Utc>) -> Self {
        self.since = Some(instant.timestamp_micros());
        self
    }

    /// Asks for records whose `timestamp` is at or before this instant. Where it lies before
    /// [`since`](Self::since), reading a log gives [`QueryError::Period`](super::QueryError::Period).
    #[must_use]
    pub fn until(mut self, instant: DateTime<Utc>) -> Self {
        self.until = Some(instant.timestamp_micros());
        self
    }

    /// What the filter asks for, one member for each thing; empty where it asks for nothing. Identifiers in clear that have
    /// pseudonyms stand there by these alone.
    ///
    /// ```
    /// use tool_audit::query::Filter;
    ///
    /// let filter = Filter::new().tool("get_order").failures();
    /// assert_eq!(filter.describe().to_string(), r#"{"failures":true,"tools":["get_order"]}"#);
    /// ```
    #[must_use]
    pub fn describe(&self) -> Value {
        let mut members = Map::new();
        let outcomes: Vec<String> = self
            .outcomes
            .iter()
            .map(|one| one.as_str().to_owned())
            .collect();
        let triggers: Vec<String> = self
            .triggers
            .iter()
            .map(|one| one.as_str().to_owned())
            .collect();
        for (name, words) in [
            ("conversations", &self.conversations),
            ("users", &self.users),
            ("tools", &self.tools),
            ("subjects", &self.subjects),
            ("models", &self.models),
            ("outcomes", &outcomes),
            ("triggers", &triggers),
            ("kinds", &self.kinds),
            ("contains", &self.texts),
        ] {
            if !words.is_empty() {
                let shown = words.iter().filter(|word| !self.in_clear.contains(*word));
                members.insert(name.to_owned(), shown.cloned().collect());
            }
        }
        for (name, is_asked) in [
            ("failures", self.failures),
            ("emergency", self.emergency),
            ("unreviewed", self.unreviewed),
        ] {
            if is_asked {
                members.insert(name.to_owned(), true.into());
            }
        }
        for (name, bound) in [("since", self.since), ("until", self.until)] {
            if let Some(at) = bound.and_then(instant::to_date_time) {
                members.insert(name.to_owned(), instant::to_text(at).into());
            }
        }
        Value::Object(members)
    }

    /// Whether an entry in memory is wanted.
    ///
    /// Nobody has looked at an emergency call whose review this filter was not [told](Self::reviewed) of. An entry whose `timestamp` cannot be read is not wanted where the filter has a bound in time.
    #[must_use]
    pub fn matches(&self, entry: &AuditEntry) -> bool {
        self.takes_kind(&entry.kind)
            && one_of(&self.conversations, Some(&entry.conversation_id))
            && one_of(&self.users, Some(&entry.user_id))
            && one_of(&self.tools, Some(&entry.tool_name))
            && one_of(&self.models, Some(&entry.model))
            && (self.triggers.is_empty() || self.triggers.contains(&entry.call_trigger))
            && self.takes_subject(|wanted| entry.subjects.iter().any(|one| one == wanted))
            && (!self.emergency || entry.emergency.is_some())
            && (!self.unreviewed
                || entry.emergency.is_some() && !self.reviewed.contains(&entry.call_id))
            && self.takes_outcome(entry.outcome.map(Outcome::as_str))
            && (!self.has_times()
                || instant::parse(&entry.timestamp).is_some_and(|at| self.takes_time(at)))
            && (self.texts.is_empty() || own::contains(entry.to_json().as_bytes(), &self.texts))
    }

    /// As [`matches`](Self::matches), for the members of a record.
    pub(crate) fn confirms(
        &self,
        kind: &str,
        fields: &Fields<'_>,
        own: Own<'_>,
        timestamp: i64,
    ) -> bool {
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
            && (self.subjects.is_empty() || {
                let subjects = own.texts("subjects");
                self.takes_subject(|wanted| subjects.iter().any(|one| one == wanted))
            })
            && (!self.emergency || own.is_emergency())
            && (!self.unreviewed
                || reviews::is_unreviewed(&self.reviewed, kind, fields.call_id(), own))
            && (self.texts.is_empty() || own::contains(own.line, &self.texts))
    }

    fn takes_subject(&self, has: impl Fn(&str) -> bool) -> bool {
        self.subjects.is_empty() || self.subjects.iter().any(|wanted| has(wanted))
    }

    /// Whether the calls that somebody has looked at make a difference.
    pub(crate) fn asks_for_reviews(&self) -> bool {
        self.unreviewed
    }

    pub(crate) fn takes_kind(&self, kind: &str) -> bool {
        self.kinds.is_empty() || self.kinds.iter().any(|one| one == kind)
    }

    fn takes_outcome(&self, outcome: Option<&str>) -> bool {
        let wanted = self.outcomes.is_empty()
            || outcome.is_some_and(|word| self.outcomes.iter().any(|one| one.as_str() == word));
        wanted && (!self.failures || outcome.is_some_and(says_failure))
    }

    pub(super) fn has_times(&self) -> bool {
        self.since.is_some() || self.until.is_some()
    }

    /// Whether the filter asks for what may stand in the record of a call's beginning and not in that of its end.
    pub(super) fn may_part_calls(&self) -> bool {
        !self.texts.is_empty() || !self.subjects.is_empty() || self.emergency || self.unreviewed
    }

    /// Whether no instant lies in the filter's bounds.
    pub(super) fn is_of_no_time(&self) -> bool {
        self.since
            .is_some_and(|since| self.until.is_some_and(|until| until < since))
    }

    pub(super) fn takes_time(&self, at: i64) -> bool {
        self.since.is_none_or(|since| at >= since) && self.until.is_none_or(|until| at <= until)
    }
}

/// The kind of a record that says that a detector fired.
pub(crate) const ALERT: &str = "alert";

fn one_of(wanted: &[String], found: Option<&str>) -> bool {
    wanted.is_empty() || found.is_some_and(|found| wanted.iter().any(|one| one == found))
}

pub(crate) fn says_failure(outcome: &str) -> bool {
    outcome != Outcome::Success.as_str() && outcome != Outcome::InputRequired.as_str()
}
