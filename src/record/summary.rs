use crate::tree::{Members, Tree, parse, with_arena};

use super::fields::{self, Source};
use super::limits;
use super::open::{COLON, Member, Open};
use super::recorder::Inner;

/// Keeps of a tool's answer what FORMAT section 5 names beside its size: identifiers, number of rows, names of fields.
pub(super) fn summarize(open: &mut Open, inner: &Inner, result: &Tree<'_>) {
    match *result {
        Tree::Object(members) => summarize_object(open, inner, members),
        Tree::Array(rows) => {
            open.rows = Some(rows.len() as u64);
            fields::note(open, inner, Source::Rows(rows));
        }
        Tree::String(text) => {
            summarize_json_text(open, inner, text);
        }
        Tree::Null | Tree::Bool(_) | Tree::Number(_) => {}
    }
}

fn summarize_object(open: &mut Open, inner: &Inner, members: Members<'_>) {
    add_identifiers(open, inner, members);
    let Some(content) = mcp_content(members) else {
        add_rows(open, members);
        fields::note(open, inner, Source::Object(members));
        return;
    };
    // An MCP answer is an envelope: what the tool said lies in its structured content, or in its only text.
    let structured = members.get("structuredContent");
    if let Some(structured) = structured.filter(|payload| !payload.is_null()) {
        summarize_payload(open, inner, structured);
        return;
    }
    let text = match content {
        [item] => item.get("text").and_then(Tree::as_str),
        _ => None,
    };
    if !text.is_some_and(|text| summarize_json_text(open, inner, text)) {
        fields::note(open, inner, Source::Object(members));
    }
}

fn summarize_payload(open: &mut Open, inner: &Inner, payload: &Tree<'_>) {
    match *payload {
        Tree::Object(members) => {
            add_identifiers(open, inner, members);
            add_rows(open, members);
            fields::note(open, inner, Source::Object(members));
        }
        Tree::Array(rows) => {
            open.rows = Some(rows.len() as u64);
            fields::note(open, inner, Source::Rows(rows));
        }
        _ => {}
    }
}

/// Like [`summarize`], for an answer that is a text; false for one that is no JSON object or list.
pub(super) fn summarize_json_text(open: &mut Open, inner: &Inner, text: &str) -> bool {
    let trimmed = text.trim_start();
    if !trimmed.starts_with(['{', '[']) || text.len() > limits::JSON_TEXT {
        return false;
    }
    with_arena(|arena| {
        let parsed = parse(text.as_bytes(), false, arena);
        if parsed.is_whole {
            summarize_payload(open, inner, &parsed.tree);
        }
        parsed.is_whole
    })
}

/// The items of an MCP tool result: a list of objects that have a `type` each. A list of none is one only
/// where another member of MCP's stands beside it.
fn mcp_content<'t>(members: Members<'t>) -> Option<&'t [Tree<'t>]> {
    let content = members.get("content")?.as_array()?;
    let typed = content
        .iter()
        .all(|item| item.get("type").is_some_and(Tree::is_string));
    let sure = !content.is_empty()
        || members.contains_key("isError")
        || members.contains_key("structuredContent");
    (typed && sure).then_some(content)
}

fn add_identifiers(open: &mut Open, inner: &Inner, members: Members<'_>) {
    let own = open.sanitizer.clone();
    let sanitizer = own.as_ref().unwrap_or(&inner.sanitizer);
    let (mut shown, mut others_are_named) = (false, false);
    for (name, value) in members.iter() {
        if !inner.policy.is_identifier(name) {
            others_are_named |= sanitizer.names_member(name);
            continue;
        }
        let scalar = matches!(value, Tree::String(_) | Tree::Number(_) | Tree::Bool(_));
        if !scalar || is_own(name) {
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
        open.bytes.push(COLON);
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
    if shown && others_are_named {
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
fn add_rows(open: &mut Open, members: Members<'_>) {
    let mut lists = members.values().filter_map(|value| value.as_array());
    if let (Some(rows), None) = (lists.next(), lists.next()) {
        open.rows = Some(rows.len() as u64);
    }
}
