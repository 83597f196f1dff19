use std::borrow::Cow;
use std::time::SystemTime;

use serde_json::{Map, Value};

use crate::canonical;
use crate::clock::civil;

/// So many days from now there are still dates of four digits for the year.
const MOST_DAYS: u32 = 2_000_000;

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
    text(|out| civil::write_instant(out, civil::micros(time)))
}

/// The day of `time` and so many days more, `YYYY-MM-DD`.
pub(super) fn retain_until(time: SystemTime, days: u32) -> String {
    let until = civil::days(civil::micros(time)).saturating_add(i64::from(days.min(MOST_DAYS)));
    text(|out| civil::write_date(out, until))
}

fn text(write: impl FnOnce(&mut Vec<u8>)) -> String {
    let mut out = Vec::with_capacity(32);
    write(&mut out);
    String::from_utf8(out).unwrap_or_default()
}

/// Members in canonical form and order, without braces.
pub(super) fn members_text(members: Map<String, Value>) -> Vec<u8> {
    let mut text = Vec::with_capacity(512);
    canonical::write_value(&mut text, &Value::Object(members));
    text.pop();
    text.remove(0);
    text
}
