use std::collections::BTreeSet;
use std::fmt;

use chrono::{DateTime, Utc};
use serde_json::{Map, Value};

use super::ReportError;
use crate::glob;
use crate::identifiers;
use crate::log::verify::Head;
use crate::query::instant;
use crate::record::SUBJECT_MEMBERS;
use crate::sanitize::Sanitizer;

/// Which accesses a report is about, and what it knows besides the logs.
///
/// ```
/// use tool_audit::report::AccessRequest;
///
/// let of_patient = AccessRequest::of_subject("P-1042").identifier("MRN-001234");
/// let of_employee = AccessRequest::of_user("dr_9");
/// # let _ = (of_patient, of_employee);
/// ```
#[derive(Clone)]
#[must_use]
pub struct AccessRequest {
    pub(super) of: Of,
    pub(super) identifiers: Vec<String>,
    pub(super) from: Option<DateTime<Utc>>,
    pub(super) to: Option<DateTime<Utc>>,
    pub(super) heads: Vec<Head>,
    members: Vec<String>,
    sanitizer: Option<Sanitizer>,
    tools: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Of {
    Subject,
    User,
}

impl AccessRequest {
    fn new(of: Of, identifier: String) -> Self {
        Self {
            of,
            identifiers: vec![identifier],
            from: None,
            to: None,
            heads: Vec::new(),
            members: SUBJECT_MEMBERS.into_iter().map(str::to_owned).collect(),
            sanitizer: None,
            tools: Vec::new(),
        }
    }

    /// Who saw this person's records.
    pub fn of_subject(identifier: impl Into<String>) -> Self {
        Self::new(Of::Subject, identifier.into())
    }

    /// What this user saw.
    pub fn of_user(identifier: impl Into<String>) -> Self {
        Self::new(Of::User, identifier.into())
    }

    /// Another identifier of the same person.
    pub fn identifier(mut self, identifier: impl Into<String>) -> Self {
        self.identifiers.push(identifier.into());
        self
    }

    /// Calls that began at this instant or later.
    pub fn from(mut self, instant: DateTime<Utc>) -> Self {
        self.from = Some(instant);
        self
    }

    /// Calls that began at this instant or before.
    pub fn to(mut self, instant: DateTime<Utc>) -> Self {
        self.to = Some(instant);
        self
    }

    /// The rules and keys that the logs were written with, old keys too: an identifier in clear is then found where
    /// a pseudonym stands for it.
    pub fn sanitizer(mut self, sanitizer: Sanitizer) -> Self {
        self.sanitizer = Some(sanitizer);
        self
    }

    /// The names of members that hold subjects, in place of [`Policy::subject_members`]'s own: a pseudonym depends on
    /// what its value is called.
    ///
    /// [`Policy::subject_members`]: crate::Policy::subject_members
    pub fn subject_members<I>(mut self, names: I) -> Self
    where
        I: IntoIterator,
        I::Item: Into<String>,
    {
        self.members = names.into_iter().map(Into::into).collect();
        self
    }

    /// A head that one of the logs must reach ([`Head::read_all`] reads those of a store). Without heads a cut tail and
    /// a removed log do not show.
    pub fn head(mut self, head: Head) -> Self {
        self.heads.push(head);
        self
    }

    /// [`head`](Self::head) for several.
    pub fn heads(mut self, heads: impl IntoIterator<Item = Head>) -> Self {
        self.heads.extend(heads);
        self
    }

    /// Tools whose calls are about somebody, with `*` for any letters: a call of theirs that names nobody is counted as
    /// not attributable also where the logs never show that the tool names people.
    pub fn subject_tools<I>(mut self, names: I) -> Self
    where
        I: IntoIterator,
        I::Item: Into<String>,
    {
        self.tools.extend(names.into_iter().map(Into::into));
        self
    }

    /// Whether somebody said of this tool that its calls are about people.
    pub(super) fn declares(&self, tool: &str) -> bool {
        let mut tools = self.tools.iter();
        tools.any(|declared| glob::matches(declared.as_bytes(), tool.as_bytes()))
    }

    /// Whether this instant, in microseconds, is in the period.
    pub(super) fn covers(&self, at: i64) -> bool {
        instant::is_within(at, self.from, self.to)
    }

    /// What was asked for, as it may stand in a record of the reading: identifiers as the logs have them, where they
    /// have them, else by their pseudonyms; any others are counted alone.
    pub(super) fn describe(&self, names: &Names, found: &BTreeSet<String>) -> Value {
        let mut named = BTreeSet::new();
        let mut not_found = 0_u64;
        for forms in &names.exact {
            let mut known: Vec<&String> =
                forms.iter().filter(|form| found.contains(*form)).collect();
            if known.is_empty() {
                known.extend(forms.iter().filter(|form| form.starts_with("pn:")));
            }
            not_found += u64::from(known.is_empty());
            named.extend(known.into_iter().cloned());
        }
        let whom = match self.of {
            Of::Subject => "subjects",
            Of::User => "users",
        };
        let mut members = Map::new();
        members.insert(whom.to_owned(), named.into_iter().collect());
        if not_found > 0 {
            members.insert("not_found".to_owned(), not_found.into());
        }
        members.extend(instant::ends(self.from, self.to));
        Value::Object(members)
    }

    /// How the sanitizer may have written an identifier.
    fn forms(&self, identifier: &str) -> Vec<String> {
        let Some(sanitizer) = &self.sanitizer else {
            return Vec::new();
        };
        match self.of {
            Of::Subject => identifiers::subject_forms(sanitizer, &self.members, identifier),
            Of::User => identifiers::user_forms(sanitizer, identifier),
        }
    }

    /// All that may stand in a record for the person.
    pub(super) fn names(&self) -> Result<Names, ReportError> {
        let mut names = Names::default();
        let mut is_lost = self.sanitizer.is_some();
        for identifier in &self.identifiers {
            if identifier.is_empty() {
                return Err(ReportError::Nobody);
            }
            if !identifiers::identifies(identifier) {
                return Err(ReportError::NotIdentifying);
            }
            let forms = self.forms(identifier);
            let (exact, shared): (Vec<String>, Vec<String>) = forms
                .into_iter()
                .partition(|form| identifiers::is_exact(form, identifier));
            is_lost &= exact.is_empty();
            names.shared.extend(shared);
            let own = std::iter::once(identifier.clone());
            names.exact.push(own.chain(exact).collect());
        }
        names.is_lost = is_lost;
        Ok(names)
    }
}

/// All that may stand in a record for the person.
#[derive(Debug, Default)]
pub(super) struct Names {
    /// Of each identifier what stands for this person alone.
    pub(super) exact: Vec<BTreeSet<String>>,
    /// What may stand for others too.
    pub(super) shared: BTreeSet<String>,
    /// Whether the rules leave nothing of any identifier that stands for this person alone.
    pub(super) is_lost: bool,
}

impl Names {
    pub(super) fn are(&self, name: &str) -> bool {
        self.exact.iter().any(|forms| forms.contains(name))
    }

    pub(super) fn may_be(&self, name: &str) -> bool {
        self.shared.contains(name)
    }
}

/// Shows nobody's identifiers.
impl fmt::Debug for AccessRequest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("AccessRequest")
            .field("of", &self.of)
            .field("from", &self.from)
            .field("to", &self.to)
            .finish_non_exhaustive()
    }
}
