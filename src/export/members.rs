use serde_json::{Map, Value};

use crate::canonical;
use crate::query::escape_json;

/// An object under construction: what is not known gets no member.
#[derive(Debug, Default)]
pub(super) struct Members(Map<String, Value>);

impl Members {
    pub(super) fn new() -> Self {
        Self::default()
    }

    pub(super) fn put(&mut self, name: &str, value: impl Into<Value>) -> &mut Self {
        self.0.insert(name.to_owned(), value.into());
        self
    }

    pub(super) fn put_some(&mut self, name: &str, value: Option<impl Into<Value>>) -> &mut Self {
        if let Some(value) = value {
            self.put(name, value);
        }
        self
    }

    /// An object or list that is empty counts as not known.
    pub(super) fn put_filled(&mut self, name: &str, value: impl Into<Value>) -> &mut Self {
        let value = value.into();
        let empty = match &value {
            Value::Array(items) => items.is_empty(),
            Value::Object(members) => members.is_empty(),
            Value::String(text) => text.is_empty(),
            _ => false,
        };
        if !empty {
            self.put(name, value);
        }
        self
    }

    /// The object as one line, with escapes for what would act on a terminal or could pass for the end of a line.
    pub(super) fn into_line(self) -> Vec<u8> {
        let json = json_text(&self.into());
        let mut line = escape_json(&json).into_owned();
        line.push('\n');
        line.into_bytes()
    }
}

impl From<Members> for Value {
    fn from(members: Members) -> Self {
        Self::Object(members.0)
    }
}

/// A value as a text of canonical JSON.
pub(super) fn json_text(value: &Value) -> String {
    let mut bytes = Vec::new();
    canonical::write_value(&mut bytes, value);
    String::from_utf8(bytes).unwrap_or_default()
}
