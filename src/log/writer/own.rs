use std::borrow::Cow;
use std::time::SystemTime;

use chrono::{DateTime, Days, SecondsFormat, Utc};
use serde_json::{Map, Value};

use crate::canonical;

/// A number of days after which nothing is due any more: some 27,000 years.
const MOST_DAYS: u32 = 10_000_000;

/// The most characters that a log says of a name its operator chose.
const MAX_NAME: usize = 256;

/// A name as the log's own records have it.
pub(crate) fn shortened(name: &str) -> Cow<'_, str> {
    match name.char_indices().nth(MAX_NAME) {
        Some((end, _)) => Cow::Borrowed(&name[..end]),
        None => Cow::Borrowed(name),
    }
}

/// RFC 3339 in UTC, `Z`, six decimals (FORMAT section 3).
pub(crate) fn timestamp(time: SystemTime) -> String {
    DateTime::<Utc>::from(time).to_rfc3339_opts(SecondsFormat::Micros, true)
}

/// The day of `time` and so many days more, `YYYY-MM-DD`.
pub(super) fn retain_until(time: SystemTime, days: u32) -> Option<String> {
    let day = DateTime::<Utc>::from(time).date_naive();
    let until = day.checked_add_days(Days::new(u64::from(days.min(MOST_DAYS))))?;
    Some(until.to_string())
}

/// Members in canonical form and order, without braces.
pub(super) fn members_text(members: Map<String, Value>) -> Vec<u8> {
    let mut text = Vec::with_capacity(512);
    canonical::write_value(&mut text, &Value::Object(members));
    text.pop();
    text.remove(0);
    text
}
