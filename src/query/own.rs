//! Members of a record that only some filters ask for, read when they do.

use serde_json::Value;

use super::members;
use crate::canonical;

/// A record's line, and where the members begin that are not its place in the log.
#[derive(Clone, Copy)]
pub(crate) struct Own<'a> {
    pub(crate) line: &'a [u8],
    pub(crate) members_at: usize,
}

impl<'a> Own<'a> {
    /// The member of this name where it is a list of texts; nothing of it otherwise.
    pub(crate) fn texts(self, name: &str) -> Vec<String> {
        members::find(self.line, self.members_at, name)
            .and_then(|json| serde_json::from_slice(json).ok())
            .unwrap_or_default()
    }

    /// The member of this name as it stands.
    pub(crate) fn member(self, name: &str) -> Option<&'a [u8]> {
        members::find(self.line, self.members_at, name)
    }

    pub(crate) fn is_emergency(self) -> bool {
        members::find(self.line, self.members_at, "emergency")
            .is_some_and(|json| json.starts_with(b"{"))
    }
}

/// True where one of the texts stands in a string, a number or a name of this record, its place in the log
/// aside.
pub(crate) fn contains(line: &[u8], texts: &[String]) -> bool {
    let Ok(Value::Object(members)) = serde_json::from_slice(line) else {
        return false;
    };
    let own = members.iter().filter(|(name, _)| !name.starts_with('_'));
    own.into_iter()
        .any(|(name, value)| holds(texts, name) || stands_in(value, texts))
}

fn stands_in(value: &Value, texts: &[String]) -> bool {
    match value {
        Value::String(text) => holds(texts, text),
        Value::Array(items) => items.iter().any(|item| stands_in(item, texts)),
        Value::Object(members) => members
            .iter()
            .any(|(name, value)| holds(texts, name) || stands_in(value, texts)),
        other => {
            let mut text = Vec::new();
            canonical::write_value(&mut text, other);
            holds(texts, &String::from_utf8_lossy(&text))
        }
    }
}

fn holds(texts: &[String], found: &str) -> bool {
    texts.iter().any(|text| found.contains(text.as_str()))
}
