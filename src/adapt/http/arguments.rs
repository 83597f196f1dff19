//! A call's arguments: what stands in the body, and the parameters of route and query.

use http::header::CONTENT_TYPE;
use http::request::Parts;
use serde_json::{Map, Value};

use super::partial_json::{self, Read};
use super::request_body::{Copied, Progress};

/// Says in a record why the body is not, or not all, among the arguments.
const BODY: &str = "_body";
/// How many bytes of the body have passed, where they are not all there.
const BODY_BYTES: &str = "_body_bytes";
/// A body that is neither an object nor a form (FORMAT section 2).
const VALUE: &str = "_value";

/// Kinds of [`Media::Unopened`].
const UNOPENED: [&str; 6] = [
    "multipart/form-data",
    "multipart/mixed",
    "text/event-stream",
    "application/x-ndjson",
    "application/jsonl",
    "application/json-seq",
];

/// What a body is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Media {
    Json,
    Form,
    Text,
    /// It has members, in a form that is not looked into: parts of a form, events, or many values of JSON.
    Unopened,
    Other,
    /// The head does not say.
    Untold,
}

impl Media {
    pub(super) fn of(headers: &http::HeaderMap) -> Self {
        let Some(told) = headers.get(CONTENT_TYPE) else {
            return Self::Untold;
        };
        let essence = told.to_str().unwrap_or_default();
        let essence = essence.split(';').next().unwrap_or_default().trim();
        let is = |other: &str| essence.eq_ignore_ascii_case(other);
        let ends = |end: &str| {
            let from = essence.len().checked_sub(end.len());
            from.and_then(|from| essence.get(from..))
                .is_some_and(|last| last.eq_ignore_ascii_case(end))
        };
        if is("application/json") || ends("+json") {
            Self::Json
        } else if is("application/x-www-form-urlencoded") {
            Self::Form
        } else if UNOPENED.iter().any(|unopened| is(unopened)) {
            Self::Unopened
        } else if essence
            .get(..5)
            .is_some_and(|start| start.eq_ignore_ascii_case("text/"))
        {
            Self::Text
        } else {
            Self::Other
        }
    }
}

/// Arguments as they are known when a call ends.
#[derive(Debug)]
pub(super) struct Arguments {
    pub(super) value: Value,
    /// Something is missing of them that the tool may have read.
    pub(super) are_cut: bool,
}

/// The parameters of route and query. Several values of one name are a list.
pub(super) fn parameters<'a>(
    route: impl Iterator<Item = (&'a str, &'a str)>,
    parts: &Parts,
) -> Map<String, Value> {
    let mut all = Map::new();
    for (name, value) in route {
        add(&mut all, name.to_owned(), value.to_owned());
    }
    let Some(query) = parts.uri.query() else {
        return all;
    };
    merged(all, form(query.as_bytes()), "_query")
}

fn form(text: &[u8]) -> Map<String, Value> {
    let mut members = Map::new();
    for (name, value) in form_urlencoded::parse(text) {
        add(&mut members, name.into_owned(), value.into_owned());
    }
    members
}

fn add(members: &mut Map<String, Value>, name: String, value: String) {
    match members.get_mut(&name) {
        None => {
            members.insert(name, Value::String(value));
        }
        Some(Value::Array(values)) => values.push(Value::String(value)),
        Some(first) => {
            let values = vec![first.take(), Value::String(value)];
            *first = Value::Array(values);
        }
    }
}

/// Adds others to members. One whose name is taken stands in an object of its own, called `apart`: two that are called
/// the same are not one.
fn merged(
    mut members: Map<String, Value>,
    others: Map<String, Value>,
    apart: &str,
) -> Map<String, Value> {
    let mut taken = Map::new();
    for (name, value) in others {
        if members.contains_key(&name) {
            taken.insert(name, value);
        } else {
            members.insert(name, value);
        }
    }
    if !taken.is_empty() {
        add_own(&mut members, apart, Value::Object(taken));
    }
    members
}

/// Adds what the audit has to say, under a name that nobody has taken: with as many `_` before it as it needs.
fn add_own(members: &mut Map<String, Value>, name: &str, value: Value) {
    let mut name = name.to_owned();
    while members.contains_key(&name) {
        name.insert(0, '_');
    }
    members.insert(name, value);
}

/// The arguments of a call with a body.
pub(super) fn with_body(
    copied: &Copied,
    media: Media,
    parameters: Map<String, Value>,
) -> Arguments {
    let Copied {
        bytes,
        passed,
        progress,
    } = copied;
    let is_cut = (bytes.len() as u64) < *passed;
    let is_all = *progress == Progress::Whole && !is_cut;
    let mut why = match progress {
        Progress::Unread => Some("unread"),
        Progress::Partly => Some("partly_read"),
        Progress::Failed => Some("failed"),
        Progress::Whole if is_cut => Some("cut"),
        Progress::Whole => None,
    };
    let value = match media {
        _ if bytes.is_empty() => Value::Null,
        Media::Json | Media::Untold => {
            let Read { value, is_whole } = partial_json::read(bytes, !is_all);
            if is_all && !is_whole {
                why = Some("not_json");
            }
            value
        }
        Media::Form if is_all => Value::Object(form(bytes)),
        // The last pair may have been cut through.
        Media::Form => {
            let whole = bytes.iter().rposition(|byte| *byte == b'&').unwrap_or(0);
            Value::Object(form(&bytes[..whole]))
        }
        Media::Text if is_all => std::str::from_utf8(bytes).map_or(Value::Null, Value::from),
        Media::Text | Media::Unopened | Media::Other => Value::Null,
    };
    let is_left_out = value.is_null() && !bytes.is_empty() && bytes.as_slice() != b"null";
    if is_left_out && why.is_none() {
        why = Some("not_recorded");
    }
    let mut members = match value {
        Value::Object(members) => members,
        Value::Null => Map::new(),
        other => Map::from_iter([(VALUE.to_owned(), other)]),
    };
    if let Some(why) = why {
        add_own(&mut members, BODY, why.into());
        add_own(&mut members, BODY_BYTES, (*passed).into());
    }
    Arguments {
        value: Value::Object(merged(members, parameters, "_parameters")),
        // What nobody read was no argument, and what has no members names nobody.
        are_cut: why.is_some_and(|why| match why {
            "unread" => false,
            "not_recorded" => media == Media::Unopened,
            _ => true,
        }),
    }
}
