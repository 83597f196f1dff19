//! Members of a record that only some filters ask for, read when they do.

use std::borrow::Cow;

use super::members;

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

    /// The member of this name where it is a text.
    pub(crate) fn text(self, name: &str) -> Option<String> {
        let json = members::find(self.line, self.members_at, name)?;
        serde_json::from_slice(json).ok()
    }

    pub(crate) fn is_emergency(self) -> bool {
        members::find(self.line, self.members_at, "emergency")
            .is_some_and(|json| json.starts_with(b"{"))
    }
}

/// True where one of the texts stands in a string, a number or a name of this record, its place in the log
/// aside. The line is walked without a tree, so that any depth will do.
pub(crate) fn contains(line: &[u8], texts: &[String]) -> bool {
    let holds = |found: &str| texts.iter().any(|text| found.contains(text.as_str()));
    let mut depth = 0_usize;
    let mut at = 0;
    while let Some(&byte) = line.get(at) {
        match byte {
            b'"' => {
                let Some(end) = members::skip_string(line, at) else {
                    return false;
                };
                let text = text_of(&line[at..end]);
                let is_name = line.get(end) == Some(&b':');
                at = end;
                if depth == 1 && is_name && text.starts_with('_') {
                    match members::skip_value(line, end + 1) {
                        Some(behind) => at = behind,
                        None => return false,
                    }
                } else if holds(&text) {
                    return true;
                }
                continue;
            }
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth = depth.saturating_sub(1),
            b',' | b':' => {}
            _ => {
                let length = line[at..]
                    .iter()
                    .position(|byte| matches!(byte, b',' | b'}' | b']'))
                    .unwrap_or(line.len() - at);
                if std::str::from_utf8(&line[at..at + length]).is_ok_and(holds) {
                    return true;
                }
                at += length;
                continue;
            }
        }
        at += 1;
    }
    false
}

/// What a JSON string says.
fn text_of(json: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(&json[1..json.len() - 1]) {
        Ok(text) if !text.contains('\\') => Cow::Borrowed(text),
        _ => Cow::Owned(serde_json::from_slice(json).unwrap_or_default()),
    }
}
