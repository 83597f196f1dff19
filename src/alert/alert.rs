use std::fmt;

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Map, Value, json};

use crate::canonical;
use crate::query::{instant, quote};

/// How bad it is that a rule fired.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Severity {
    /// Worth knowing.
    Low,
    /// Worth a look.
    Medium,
    /// Somebody should look today.
    High,
    /// Somebody should look now.
    Critical,
}

impl Severity {
    /// Every severity, the lowest first.
    pub const ALL: [Self; 4] = [Self::Low, Self::Medium, Self::High, Self::Critical];

    /// The word that stands in a record.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }

    /// The severity that a word names.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.as_str() == name)
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// A rule fired.
///
/// Its strings come from records and went through the sanitizer: subjects are pseudonyms where the policy
/// writes them.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Alert {
    /// The rule's id.
    pub rule: String,
    /// The rule's severity.
    pub severity: Severity,
    /// The class whose record made it fire; its log takes the record of the alert.
    pub retention_class: String,
    /// When it fired, in the time of the records: the end of the call that made it fire.
    pub at: DateTime<Utc>,
    /// The calls that it is about, the newest last: at most [`Alert::MOST_CALLS`], and none where it is about no call.
    pub call_ids: Vec<String>,
    /// What was found: members of the records (`subject`, `user_id`, `tool_name` …) and numbers, by the rule's kind.
    pub detail: Map<String, Value>,
}

impl Alert {
    /// How many calls an alert names; `calls` or `accesses` in its detail says how many there were.
    pub const MOST_CALLS: usize = 100;

    /// The members of its record (FORMAT section 4), with [`at`](Self::at) in `detail`.
    pub(crate) fn members(&self) -> Map<String, Value> {
        let mut detail = self.detail.clone();
        detail.insert("at".to_owned(), json!(self.at_text()));
        let mut members = Map::new();
        members.insert("call_ids".to_owned(), json!(self.call_ids));
        members.insert("detail".to_owned(), Value::Object(detail));
        members.insert("rule".to_owned(), json!(self.rule));
        members.insert("severity".to_owned(), json!(self.severity.as_str()));
        members
    }

    /// The alert as one object of canonical JSON: the members of its record, and `retention_class`.
    #[must_use]
    pub fn to_json(&self) -> String {
        let mut members = self.members();
        let class = json!(self.retention_class);
        members.insert("retention_class".to_owned(), class);
        let mut json = Vec::new();
        canonical::write_value(&mut json, &Value::Object(members));
        String::from_utf8(json).unwrap_or_default()
    }

    fn at_text(&self) -> String {
        instant::to_text(self.at)
    }

    pub(super) fn instant(micros: i64) -> DateTime<Utc> {
        instant::to_date_time(micros).unwrap_or_default()
    }
}

/// One line for people: when, how bad, which rule, and what was found. It can be printed on a terminal.
impl fmt::Display for Alert {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = self.at.to_rfc3339_opts(SecondsFormat::Secs, true);
        write!(formatter, "{at} {} {}:", self.severity, self.rule)?;
        for (name, value) in &self.detail {
            let value = match value {
                Value::String(text) => quote(text).into_owned(),
                other => quote(&other.to_string()).into_owned(),
            };
            write!(formatter, " {}={value}", quote(name))?;
        }
        match self.call_ids.last() {
            Some(last) if !self.detail.contains_key("call_id") => {
                write!(formatter, " call_id={}", quote(last))
            }
            _ => Ok(()),
        }
    }
}
