use crate::tree::{Members, Tree, parse, with_arena};

use super::fields::{self, Source};
use super::open::Open;
use super::recorder::Inner;
use super::{identifiers, limits};

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
    let Some(content) = mcp_content(members) else {
        summarize_members(open, inner, members);
        return;
    };
    identifiers::add(open, inner, members);
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

fn summarize_members(open: &mut Open, inner: &Inner, members: Members<'_>) {
    add_rows(open, members);
    fields::note_with_identifiers(open, inner, members);
}

fn summarize_payload(open: &mut Open, inner: &Inner, payload: &Tree<'_>) {
    match *payload {
        Tree::Object(members) => summarize_members(open, inner, members),
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

/// The number of rows, where the object holds exactly one list.
fn add_rows(open: &mut Open, members: Members<'_>) {
    let mut lists = members.values().filter_map(|value| value.as_array());
    if let (Some(rows), None) = (lists.next(), lists.next()) {
        open.rows = Some(rows.len() as u64);
    }
}
