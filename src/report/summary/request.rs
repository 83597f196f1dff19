use chrono::{DateTime, Utc};
use serde_json::Value;

use crate::log::verify::Head;
use crate::query::instant;

/// What is summed up.
///
/// ```
/// use tool_audit::report::SummaryRequest;
///
/// let july = SummaryRequest::new()
///     .from("2025-07-01T00:00:00Z".parse()?)
///     .to("2025-07-31T23:59:59.999999Z".parse()?);
/// # let _ = july;
/// # Ok::<(), chrono::ParseError>(())
/// ```
#[derive(Debug, Clone)]
#[must_use]
pub struct SummaryRequest {
    pub(super) from: Option<DateTime<Utc>>,
    pub(super) to: Option<DateTime<Utc>>,
    pub(super) heads: Vec<Head>,
    pub(super) shown: usize,
}

impl Default for SummaryRequest {
    fn default() -> Self {
        Self::new()
    }
}

impl SummaryRequest {
    /// The most tools and users that can be shown.
    pub const MOST_SHOWN: usize = 100;

    /// All that there is, with the 20 tools and the 20 users that have the most calls.
    pub const fn new() -> Self {
        Self {
            from: None,
            to: None,
            heads: Vec::new(),
            shown: 20,
        }
    }

    /// Calls that began, and acts that were recorded, at this instant or later.
    pub fn from(mut self, instant: DateTime<Utc>) -> Self {
        self.from = Some(instant);
        self
    }

    /// Calls that began, and acts that were recorded, at this instant or before.
    pub fn to(mut self, instant: DateTime<Utc>) -> Self {
        self.to = Some(instant);
        self
    }

    /// Heads that were kept elsewhere, one of each log: see [`Head::read_all`].
    pub fn heads(mut self, heads: impl IntoIterator<Item = Head>) -> Self {
        self.heads.extend(heads);
        self
    }

    /// How many tools and users are shown, at most [`MOST_SHOWN`](Self::MOST_SHOWN) each; the others are counted.
    pub fn shown(mut self, most: usize) -> Self {
        self.shown = most.min(Self::MOST_SHOWN);
        self
    }

    /// The request as JSON, for the record of the reading.
    pub(super) fn describe(&self) -> Value {
        Value::Object(instant::ends(self.from, self.to))
    }

    /// Whether this instant, in microseconds, is in the range.
    pub(super) fn covers(&self, at: i64) -> bool {
        instant::is_within(at, self.from, self.to)
    }
}
