use std::collections::BTreeSet;
use std::fmt;

use chrono::{DateTime, Utc};
use serde_json::{Map, Value};

use super::{ReportError, integrity};
use crate::identifiers;
use crate::log::verify::Head;
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

    /// What is asked for, as it may stand in a record of the reading: identifiers by their pseudonyms where the keys give
    /// some.
    #[must_use]
    pub fn describe(&self) -> Value {
        let mut named = BTreeSet::new();
        for identifier in &self.identifiers {
            let forms = self.forms(identifier);
            let mut pseudonyms = forms
                .iter()
                .filter(|form| form.starts_with("pn:"))
                .peekable();
            if pseudonyms.peek().is_none() {
                named.insert(identifier.clone());
            }
            named.extend(pseudonyms.cloned());
        }
        let whom = match self.of {
            Of::Subject => "subjects",
            Of::User => "users",
        };
        let mut members = Map::new();
        members.insert(whom.to_owned(), named.into_iter().collect());
        for (name, bound) in [("from", self.from), ("to", self.to)] {
            if let Some(at) = bound {
                members.insert(name.to_owned(), integrity::instant(at).into());
            }
        }
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
    pub(super) fn names(&self) -> Result<BTreeSet<String>, ReportError> {
        let mut names = BTreeSet::new();
        for identifier in &self.identifiers {
            if identifier.is_empty() {
                return Err(ReportError::Nobody);
            }
            names.insert(identifier.clone());
            names.extend(self.forms(identifier));
        }
        // What says only that something was there is nobody's name.
        names.retain(|name| !name.starts_with("[REDACTED"));
        Ok(names)
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
