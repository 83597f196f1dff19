use serde_json::{Map, Value};

use super::open::{Member, Open};
use super::recorder::Inner;
use super::{limits, size};
use crate::canonical;

/// Keeps of a tool's answer what FORMAT section 5 names: size, identifiers, number of rows, names of fields.
pub(super) fn summarize(open: &mut Open, inner: &Inner, result: &Value) {
    open.result_size = size::of_value(result);
    match result {
        Value::Object(members) => summarize_object(open, inner, members),
        Value::Array(rows) => {
            open.rows = Some(rows.len() as u64);
            add_fields_of_rows(open, inner, None, rows);
        }
        Value::String(text) => summarize_json_text(open, inner, text),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Like [`summarize`], for an answer that is a text.
pub(super) fn summarize_text(open: &mut Open, inner: &Inner, text: &str) {
    open.result_size = size::of_text(text);
    summarize_json_text(open, inner, text);
}

fn summarize_object(open: &mut Open, inner: &Inner, members: &Map<String, Value>) {
    add_identifiers(open, inner, members);
    let Some(content) = mcp_content(members) else {
        add_rows(open, members);
        add_fields(open, inner, members);
        return;
    };
    // An MCP answer is an envelope: what the tool said lies in its structured content, or in its only text.
    let structured = members.get("structuredContent");
    if let Some(structured) = structured.filter(|payload| !payload.is_null()) {
        summarize_payload(open, inner, structured);
    } else if let [item] = content
        && let Some(text) = item.get("text").and_then(Value::as_str)
        && let Some(payload) = parse(text)
    {
        summarize_payload(open, inner, &payload);
    } else {
        add_fields(open, inner, members);
    }
}

fn summarize_payload(open: &mut Open, inner: &Inner, payload: &Value) {
    match payload {
        Value::Object(members) => {
            add_identifiers(open, inner, members);
            add_rows(open, members);
            add_fields(open, inner, members);
        }
        Value::Array(rows) => {
            open.rows = Some(rows.len() as u64);
            add_fields_of_rows(open, inner, None, rows);
        }
        _ => {}
    }
}

fn summarize_json_text(open: &mut Open, inner: &Inner, text: &str) {
    if let Some(payload) = parse(text) {
        summarize_payload(open, inner, &payload);
    }
}

/// The tree of a text that is a JSON object or list.
fn parse(text: &str) -> Option<Value> {
    let trimmed = text.trim_start();
    if !trimmed.starts_with(['{', '[']) || text.len() > limits::JSON_TEXT {
        return None;
    }
    serde_json::from_str(text).ok()
}

/// The items of an MCP tool result: a list of objects that have a `type` each. A list of none is one only
/// where another member of MCP's stands beside it.
fn mcp_content(members: &Map<String, Value>) -> Option<&[Value]> {
    let content = members.get("content")?.as_array()?;
    let typed = content
        .iter()
        .all(|item| item.get("type").is_some_and(Value::is_string));
    let sure = !content.is_empty()
        || members.contains_key("isError")
        || members.contains_key("structuredContent");
    (typed && sure).then_some(content.as_slice())
}

fn add_identifiers(open: &mut Open, inner: &Inner, members: &Map<String, Value>) {
    let own = open.sanitizer.clone();
    let sanitizer = own.as_ref().unwrap_or(&inner.sanitizer);
    let mut shown = false;
    for (name, value) in members {
        let scalar = matches!(value, Value::String(_) | Value::Number(_) | Value::Bool(_));
        if !scalar || !inner.policy.is_identifier(name) || is_own(name) {
            continue;
        }
        if open.identifiers.len() >= limits::IDENTIFIERS || name.len() > limits::IDENTIFIER / 6 {
            open.shorten(Member::ResultSummary);
            continue;
        }
        let key = open.piece(Member::ResultSummary, |out, _| {
            sanitizer.write_key(out, name)
        });
        // What the envelope says of an identifier counts, not what lies in it.
        let Err(place) = open.place_of(&open.identifiers, key) else {
            open.take_back(key);
            continue;
        };
        shown |= value.is_string();
        let value = open.piece(Member::ResultSummary, |out, echo| {
            sanitizer.write_value_at_echoing(
                out,
                &["result", name],
                value,
                limits::IDENTIFIER,
                echo,
            )
        });
        open.identifiers.insert(place, (key, value));
    }
    if shown {
        // What stands beside them is not written, but an identifier may repeat it.
        let others = members
            .iter()
            .filter(|(name, _)| !inner.policy.is_identifier(name));
        for (name, value) in others {
            sanitizer.remember_member(name, value, &mut open.echo);
        }
    }
}

/// Members that a summary has of its own.
fn is_own(name: &str) -> bool {
    matches!(
        name,
        "success" | "error" | "error_type" | "fields" | "_result_size" | "_truncated"
    )
}

/// The number of rows, where the object holds exactly one list.
fn add_rows(open: &mut Open, members: &Map<String, Value>) {
    let mut lists = members.values().filter_map(Value::as_array);
    if let (Some(rows), None) = (lists.next(), lists.next()) {
        open.rows = Some(rows.len() as u64);
    }
}

/// Names of members, and of the members of those, as `customer` and `customer.email`.
fn add_fields(open: &mut Open, inner: &Inner, members: &Map<String, Value>) {
    let mut sorted;
    let mut in_order = members.iter();
    let mut reordered;
    let is_sorted = members
        .keys()
        .is_sorted_by(|a, b| canonical::compare_keys(a, b).is_lt());
    let names: &mut dyn Iterator<Item = (&String, &Value)> = if is_sorted {
        &mut in_order
    } else {
        sorted = members.iter().collect::<Vec<_>>();
        sorted.sort_unstable_by(|a, b| canonical::compare_keys(a.0, b.0));
        reordered = sorted.into_iter();
        &mut reordered
    };
    for (name, value) in names {
        add_field(open, inner, None, name);
        match value {
            Value::Object(inner_members) => add_names(open, inner, Some(name), inner_members),
            Value::Array(rows) => add_fields_of_rows(open, inner, Some(name), rows),
            _ => {}
        }
    }
}

/// How many rows of a list are asked for the names of their members.
const ROWS_ASKED: usize = 16;

fn add_fields_of_rows(open: &mut Open, inner: &Inner, parent: Option<&str>, rows: &[Value]) {
    let mut before: Option<&Map<String, Value>> = None;
    for row in rows.iter().take(ROWS_ASKED) {
        let Value::Object(members) = row else {
            continue;
        };
        // Rows mostly have the same members, which are then known already.
        if before.is_none_or(|before| !before.keys().eq(members.keys())) {
            add_names(open, inner, parent, members);
        }
        before = Some(members);
    }
}

fn add_names(open: &mut Open, inner: &Inner, parent: Option<&str>, members: &Map<String, Value>) {
    if members
        .keys()
        .is_sorted_by(|a, b| canonical::compare_keys(a, b).is_lt())
    {
        for name in members.keys() {
            add_field(open, inner, parent, name);
        }
    } else {
        let mut names: Vec<_> = members.keys().collect();
        names.sort_unstable_by(|a, b| canonical::compare_keys(a, b));
        for name in names {
            add_field(open, inner, parent, name);
        }
    }
}

fn add_field(open: &mut Open, inner: &Inner, parent: Option<&str>, name: &str) {
    if open.fields.len() >= limits::FIELDS || open.fields_bytes >= limits::FIELDS_BYTES {
        return;
    }
    let own = open.sanitizer.clone();
    let sanitizer = own.as_ref().unwrap_or(&inner.sanitizer);
    let before = open.bytes.len();
    let span = open.piece(Member::ResultSummary, |out, echo| match parent {
        None => sanitizer.write_text_echoing(out, name, limits::FIELD, echo),
        Some(parent) => {
            let mut did = sanitizer.write_text_echoing(out, parent, limits::FIELD / 2, echo);
            if out.last() == Some(&b'"') {
                out.pop();
            }
            out.push(b'.');
            let from = out.len();
            did.add(sanitizer.write_text_echoing(out, name, limits::FIELD / 2, echo));
            if out.get(from) == Some(&b'"') {
                out.remove(from);
            }
            did
        }
    });
    let known = open
        .fields
        .iter()
        .any(|other| other.of(&open.bytes) == span.of(&open.bytes));
    if known {
        open.take_back(span);
    } else {
        open.fields_bytes += open.bytes.len() - before + 1;
        open.fields.push(span);
    }
}
