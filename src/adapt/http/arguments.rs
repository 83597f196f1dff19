//! A call's arguments: what stands in the body, and the parameters of route and query.

use http::header::CONTENT_TYPE;
use http::request::Parts;
use serde_json::{Map, Value};

use super::request_body::{Copied, Progress};
use crate::record::CallBuilder;
use crate::tree::{Arena, Parsed, Seen, Tree, parse, with_arena};

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
        // The greater part of all bodies.
        if told.as_bytes() == b"application/json" {
            return Self::Json;
        }
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

/// Tells a call its arguments, which stand in a body as far as it was read, and in `parameters`.
pub(super) fn tell(
    copied: &Copied,
    media: Media,
    parameters: Map<String, Value>,
    call: &mut CallBuilder<'_>,
) {
    with_arena(|arena| {
        let (body, why) = read(copied, media, arena);
        match (body, why) {
            // The greater part of all calls.
            (Body::Tree(tree @ Tree::Object(_), seen), None) if parameters.is_empty() => {
                call.arguments_tree(&tree, seen.as_ref());
            }
            (body, _) => {
                let mut members = match body {
                    Body::Form(members) => members,
                    Body::Tree(Tree::Null, _) => Map::new(),
                    Body::Tree(tree, _) => match tree.to_value() {
                        Value::Object(members) => members,
                        other => Map::from_iter([(VALUE.to_owned(), other)]),
                    },
                };
                if let Some(why) = why {
                    add_own(&mut members, BODY, why.into());
                    add_own(&mut members, BODY_BYTES, copied.passed.into());
                }
                call.arguments(&Value::Object(merged(members, parameters, "_parameters")));
            }
        }
        // What nobody read was no argument, and what has no members names nobody.
        let are_cut = why.is_some_and(|why| match why {
            "unread" => false,
            "not_recorded" => media == Media::Unopened,
            _ => true,
        });
        if are_cut {
            call.arguments_are_cut();
        }
    });
}

/// What could be read of a body.
enum Body<'t> {
    /// With what was seen of it, where it was read from JSON.
    Tree(Tree<'t>, Option<Seen>),
    Form(Map<String, Value>),
}

/// Reads a body; says as well why it is not, or not all, among the arguments.
fn read<'t>(
    copied: &'t Copied,
    media: Media,
    arena: &'t Arena,
) -> (Body<'t>, Option<&'static str>) {
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
    let mut seen = None;
    let tree = match media {
        _ if bytes.is_empty() => Tree::Null,
        Media::Json | Media::Untold => {
            let parsed = parse(bytes, !is_all, arena);
            let Parsed { tree, is_whole, .. } = parsed;
            seen = Some(parsed.seen);
            if is_all && !is_whole {
                why = Some("not_json");
            }
            tree
        }
        Media::Form => {
            // The last pair may have been cut through.
            let end = match is_all {
                true => bytes.len(),
                false => bytes.iter().rposition(|byte| *byte == b'&').unwrap_or(0),
            };
            return (Body::Form(form(&bytes[..end])), why);
        }
        Media::Text if is_all => std::str::from_utf8(bytes).map_or(Tree::Null, Tree::String),
        Media::Text | Media::Unopened | Media::Other => Tree::Null,
    };
    let is_left_out = tree.is_null() && !bytes.is_empty() && bytes.as_slice() != b"null";
    if is_left_out && why.is_none() {
        why = Some("not_recorded");
    }
    (Body::Tree(tree, seen), why)
}
