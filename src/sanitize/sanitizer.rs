//! The sanitizer as its users have it: compiled rules, and what they make of values and texts.

use std::fmt;
use std::sync::{Arc, Once};

use serde_json::Value;

use super::fail_closed::fail_closed;
use super::pass::{self, Pass};
use super::pseudonym::Pseudonyms;
use super::rules::Rules;
use super::{Preset, RecordRules, RuleCounts, Sanitized, SanitizerBuilder, pseudonym_key};
use crate::tree::Tree;

/// Compiled rules, shared by cheap clones.
///
/// The default one has the rules of the [module](super) and makes pseudonyms with a random key that all
/// default sanitizers of the process share and that dies with it; its id is `eph`.
///
/// ```
/// use serde_json::json;
/// use tool_audit::Sanitizer;
///
/// let sanitizer = Sanitizer::default();
/// let mut out = Vec::new();
/// let done = sanitizer.write_value(
///     &mut out,
///     &json!({"user": "ada", "login": {"apiKey": "k-1", "max_tokens": 100}}),
///     1024,
/// );
/// assert_eq!(out, br#"{"login":{"apiKey":"[REDACTED:api_key]","max_tokens":100},"user":"ada"}"#);
/// assert_eq!(done.redactions, 1);
/// ```
#[derive(Clone)]
pub struct Sanitizer(pub(super) Arc<Rules>);

impl Sanitizer {
    /// Begins a sanitizer with the default rules, rules of one's own, and a key.
    pub fn builder() -> SanitizerBuilder {
        SanitizerBuilder::default()
    }

    pub(super) fn of(rules: Rules) -> Self {
        Self(Arc::new(rules))
    }

    /// Appends the sanitized `value` in canonical form, in at most `limit` bytes.
    ///
    /// What is appended is always one whole JSON value. A limit below 64 counts as 64.
    pub fn write_value(&self, out: &mut Vec<u8>, value: &Value, limit: usize) -> Sanitized {
        fail_closed(out, |out| {
            Tree::with(value, |tree| {
                Pass::new(&self.0, out, limit).whole_value(tree)
            })
        })
    }

    /// Appends the sanitized `value` as [`write_value`](Self::write_value) does, and adds to `counts` how
    /// often each rule replaced something in what was written.
    ///
    /// ```
    /// use serde_json::json;
    /// use tool_audit::sanitize::{RuleCounts, Sanitizer};
    ///
    /// let (mut out, mut counts) = (Vec::new(), RuleCounts::default());
    /// let value = json!({"token": "t-1", "users": [{"phone": "555-0100"}, {"phone": "555-0199"}]});
    /// Sanitizer::default().write_value_counting(&mut out, &value, 1024, &mut counts);
    /// assert_eq!(counts.iter().collect::<Vec<_>>(), [("phone", 2), ("token", 1)]);
    /// ```
    pub fn write_value_counting(
        &self,
        out: &mut Vec<u8>,
        value: &Value,
        limit: usize,
        counts: &mut RuleCounts,
    ) -> Sanitized {
        fail_closed(out, |out| {
            let pass = Pass::new(&self.0, out, limit).counting(counts);
            Tree::with(value, |tree| pass.whole_value(tree))
        })
    }

    /// Appends the sanitized `value` as [`write_value`](Self::write_value) does, as the member `name` of an object.
    ///
    /// The name is not written. Where a rule names it, the value is replaced as it would be in that object.
    ///
    /// ```
    /// use serde_json::json;
    ///
    /// let mut out = Vec::new();
    /// tool_audit::Sanitizer::default().write_member_value(&mut out, "token", &json!("t-1"), 1024);
    /// assert_eq!(out, br#""[REDACTED:token]""#);
    /// ```
    pub fn write_member_value(
        &self,
        out: &mut Vec<u8>,
        name: &str,
        value: &Value,
        limit: usize,
    ) -> Sanitized {
        fail_closed(out, |out| {
            let pass = Pass::new(&self.0, out, limit);
            Tree::with(value, |tree| pass.whole_member_value(name, tree))
        })
    }

    /// Appends the sanitized `value` as [`write_value`](Self::write_value) does, as what stands at `path` in a
    /// record: `["arguments"]`, `["result"]` or `["session_metadata", name]`, so that rules for places hold.
    ///
    /// The last name is looked at as [`write_member_value`](Self::write_member_value) does, and not written.
    pub fn write_value_at(
        &self,
        out: &mut Vec<u8>,
        path: &[&str],
        value: &Value,
        limit: usize,
    ) -> Sanitized {
        fail_closed(out, |out| {
            let pass = Pass::new(&self.0, out, limit);
            Tree::with(value, |tree| pass.whole_value_at(path, tree))
        })
    }

    /// The rules for a record's own members.
    #[must_use]
    pub fn record_rules(&self) -> RecordRules {
        self.0.record_rules
    }

    /// Says once that pseudonyms will be of no use to another process, where no key was given.
    pub(crate) fn warn_of_ephemeral_key(&self) {
        static WARNED: Once = Once::new();
        if self.0.pseudonyms.key_id() == pseudonym_key::EPHEMERAL {
            WARNED.call_once(|| {
                tracing::warn!(
                    target: "tool_audit::sanitize",
                    "pseudonyms are made with a random key that dies with this process, so nobody can look for a value in its logs: give the sanitizer a pseudonym_key"
                );
            });
        }
    }

    /// The sanitizer for calls of this tool: this one, or the one with the tool's own rules.
    ///
    /// The rules of a tool that is named exactly stand before those of a pattern, and of several patterns those
    /// of the one with the most letters hold.
    ///
    /// ```
    /// use serde_json::json;
    /// use tool_audit::sanitize::Sanitizer;
    ///
    /// let sanitizer = Sanitizer::builder()
    ///     .for_tool("refund_*", |rules| rules.redact_key("reason"))
    ///     .build()?;
    /// let mut out = Vec::new();
    /// let arguments = json!({"reason": "late"});
    /// sanitizer.for_tool("refund_order").write_value(&mut out, &arguments, 1024);
    /// sanitizer.for_tool("get_order").write_value(&mut out, &arguments, 1024);
    /// assert_eq!(out, br#"{"reason":"[REDACTED:reason]"}{"reason":"late"}"#);
    /// # Ok::<(), tool_audit::sanitize::SanitizerError>(())
    /// ```
    #[must_use]
    pub fn for_tool(&self, tool_name: &str) -> &Self {
        let tools = &self.0.additions.tools;
        if tools.is_empty() {
            return self;
        }
        tools.find(tool_name).unwrap_or(self)
    }

    /// Appends the sanitized `text` as a JSON string, in at most `limit` bytes, quotes included.
    ///
    /// ```
    /// let mut out = Vec::new();
    /// let text = "401 for Authorization: Bearer abc.def, retry";
    /// tool_audit::Sanitizer::default().write_text(&mut out, text, 1024);
    /// assert_eq!(out, br#""401 for Authorization: [REDACTED:authorization], retry""#);
    /// ```
    pub fn write_text(&self, out: &mut Vec<u8>, text: &str, limit: usize) -> Sanitized {
        if self.0.additions.patterns.is_empty() && pass::fits_harmless(text, limit) {
            pass::write_unescaped(out, text);
            return Sanitized::default();
        }
        fail_closed(out, |out| Pass::new(&self.0, out, limit).whole_text(text))
    }

    /// Both [`write_value_at`](Self::write_value_at) and [`write_value_counting`](Self::write_value_counting).
    #[cfg(feature = "cli")]
    pub(crate) fn write_value_at_counting(
        &self,
        out: &mut Vec<u8>,
        path: &[&str],
        value: &Value,
        limit: usize,
        counts: &mut RuleCounts,
    ) -> Sanitized {
        fail_closed(out, |out| {
            let pass = Pass::new(&self.0, out, limit).counting(counts);
            Tree::with(value, |tree| pass.whole_value_at(path, tree))
        })
    }

    /// True for a text that stands for another one already.
    pub(crate) fn is_marker(&self, text: &str) -> bool {
        self.0.may_have_written(text)
    }

    /// Names the rules: the same rules give the same 32 hexadecimal digits, in every process.
    ///
    /// The key for pseudonyms is no part of it.
    #[must_use]
    pub fn rules_id(&self) -> String {
        self.0.id().to_owned()
    }

    /// Names the key that pseudonyms are made with.
    #[must_use]
    pub fn pseudonym_key_id(&self) -> &str {
        self.0.pseudonyms.key_id()
    }
}

impl Default for Sanitizer {
    fn default() -> Self {
        let names = Arc::clone(Preset::Default.names());
        Self::of(Rules::new(names, Pseudonyms::ephemeral()))
    }
}

/// Names rules and key; nothing secret is in it.
impl fmt::Debug for Sanitizer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Sanitizer")
            .field("rules_id", &self.0.id())
            .field("pseudonym_key_id", &self.pseudonym_key_id())
            .finish_non_exhaustive()
    }
}
