//! What `Debug` shows of values that nobody has sanitized.

use std::fmt;

use serde_json::Value;

use crate::sanitize::Sanitizer;

/// The most bytes of a text that are shown.
const SHOWN: usize = 256;

/// Shows what kind of value there is, and nothing that is in it.
pub(crate) struct Outline<'a>(pub(crate) &'a Value);

impl fmt::Debug for Outline<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Value::Null => formatter.write_str("null"),
            Value::Bool(_) => formatter.write_str("<boolean>"),
            Value::Number(_) => formatter.write_str("<number>"),
            Value::String(_) => formatter.write_str("<string>"),
            Value::Array(items) => write!(formatter, "<list of {}>", items.len()),
            Value::Object(members) => write!(formatter, "<object of {}>", members.len()),
        }
    }
}

/// Shows a name or an id as a record would by the default rules.
pub(crate) struct Sanitary<'a>(pub(crate) Option<&'a str>);

impl fmt::Debug for Sanitary<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(text) = self.0 else {
            return formatter.write_str("None");
        };
        let mut json = Vec::new();
        Sanitizer::default().write_text(&mut json, text, SHOWN);
        formatter.write_str(&String::from_utf8_lossy(&json))
    }
}
