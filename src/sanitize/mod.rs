//! The sanitizer: rules compiled once, applied in the one pass that also writes canonical JSON.
//!
//! It knows nothing of calls, entries or sinks. Values and texts go in, canonical bytes come out.
//!
//! # What it finds
//! **Members by their names.** The values of `password`, `token`, `api_key`, `secret`, `credit_card` and
//! `authorization` become `[REDACTED:<rule>]`, whatever they are, with all that is in them. The strings and numbers
//! in `ssn`, `patient_name`, `date_of_birth`, `address` and `phone` become pseudonyms. A null stays, and so do true
//! and false. Names are folded: `apiKey`, `API-KEY`, `Api Key`, `x.api.key`, `apikey2` and `api_keys` are `api_key`, for
//! the last words of a name decide. Words are never matched in part, so `token_count`, `secretary` and
//! `password_policy_id` stay; a few names that only look alike, such as `next_page_token`, `max_tokens` and `bind_address`, are
//! excepted. A plural with a number is a count and stays. [`SanitizerBuilder`] adds names.
//!
//! **JSON in strings.** A string that holds an object, a list or another string is opened, up to 4 levels deep,
//! and written anew where anything in it was changed. Deeper levels are searched as text.
//!
//! **Assignments in text**: `password=…`, `api key: …`, `"token": "…"` (also in cut or escaped JSON), `secret => …`,
//! `--password …`, `Authorization: Bearer …`, by the same names. A value that only refers to a secret, such as
//! `${{ secrets.TOKEN }}`, `$DB_PASSWORD` or `os.environ["DB_PASSWORD"]`, stays.
//!
//! # What it does not find
//! A sensitive value under a harmless name, in prose, or standing alone: there are no detectors of values yet. Tokens known
//! by their prefix, JWTs, private keys, card numbers, IBANs, e-mail addresses and credentials in URLs pass; so do
//! names of other kinds (`passwd`, `cvv`, `email` …), `{"name": "password", "value": …}` pairs, options given as separate
//! items of a list, base64, XML, names in full-width or look-alike letters, and what stands in member names
//! themselves. In text, an unquoted secret ends at the first space.
//!
//! # Pseudonyms are personal data
//! `pn:<class>:<key id>:<26 base32 characters>` is 128 bits of a keyed hash: the same value has the same pseudonym
//! under the same key, so that a log can be searched for one person without naming that person. For whoever has the
//! key a pseudonym is as good as the value, and what one pseudonym did can be joined without it.
//!
//! # Bounds
//! Containers nested more than 64 deep become `[SHORTENED: depth]`; a pass looks at 10,000 values; one string is
//! written with at most 64 KiB and is looked at as far as 1 MiB before it is cut, so that nothing is written that was not
//! looked at. What passes the bound that the caller sets is left out, whole members and items at a time,
//! and a string is cut between characters, in no marker.
//!
//! A fault within the sanitizer lets nothing through: the value becomes `[REDACTION FAILED]`. A program built
//! with `panic = "abort"` ends there instead.

mod bounded;
mod builder;
mod canonical_value;
mod default_rules;
mod detect;
mod error;
mod extent;
mod fold;
mod key_fold;
mod keys;
mod marker;
mod names;
mod pass;
mod pseudonym;
mod pseudonym_key;
mod reference;
mod replace;
mod rule_counts;
mod rules;
mod sweep;
mod text;

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use serde_json::Value;

use self::pass::Pass;
use self::pseudonym::Pseudonyms;
use self::rules::Rules;
use crate::canonical;

pub use self::builder::SanitizerBuilder;
pub use self::error::SanitizerError;
pub use self::pseudonym::SmallClasses;
pub use self::pseudonym_key::PseudonymKey;
pub use self::rule_counts::RuleCounts;

/// Compiled rules, shared by cheap clones.
///
/// The default one has the rules of the [module](self) and makes pseudonyms with a random key that all
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
pub struct Sanitizer(Arc<Rules>);

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
    /// Begins a sanitizer with the default rules, rules of one's own, and a key.
    pub fn builder() -> SanitizerBuilder {
        SanitizerBuilder::default()
    }

    fn of(rules: Rules) -> Self {
        Self(Arc::new(rules))
    }

    /// Appends the sanitized `value` in canonical form, in at most `limit` bytes.
    ///
    /// What is appended is always one whole JSON value. A limit below 64 counts as 64.
    pub fn write_value(&self, out: &mut Vec<u8>, value: &Value, limit: usize) -> Sanitized {
        fail_closed(out, |out| Pass::new(&self.0, out, limit).whole_value(value))
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
            Pass::new(&self.0, out, limit)
                .counting(counts)
                .whole_value(value)
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
            Pass::new(&self.0, out, limit).whole_member_value(name, value)
        })
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
        if pass::fits_harmless(text, limit) {
            pass::write_unescaped(out, text);
            return Sanitized::default();
        }
        fail_closed(out, |out| Pass::new(&self.0, out, limit).whole_text(text))
    }

    /// Appends the name of a member as a JSON string.
    ///
    /// A name is searched as a text is, and what is found in it replaced: two names may come out alike. Of one longer than
    /// 1 KiB only the beginning is written, and a keyed hash that keeps it apart from others.
    pub fn write_key(&self, out: &mut Vec<u8>, name: &str) -> Sanitized {
        fail_closed(out, |out| {
            Pass::new(&self.0, out, usize::MAX).whole_name(name)
        })
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

    /// The pseudonym that stands for `value` in a log written with these rules and this key, to look for it.
    ///
    /// A class is that of the rule, such as `ssn` or `phone`; a text that can be none is folded into one. Where the
    /// operating system gave no random bytes for a key of the process, there are no pseudonyms, and this
    /// is the marker of the class.
    ///
    /// ```
    /// let sanitizer = tool_audit::Sanitizer::default();
    /// let pseudonym = sanitizer.pseudonym("phone", "+1 555 010-7788");
    /// assert!(pseudonym.starts_with("pn:phone:eph:"));
    /// assert_eq!(pseudonym, sanitizer.pseudonym("phone", "15550107788"));
    /// ```
    #[must_use]
    pub fn pseudonym(&self, class: &str, value: &str) -> String {
        let class = pseudonym::to_class(class);
        let made = self.0.pseudonyms.make(&class, value);
        made.unwrap_or_else(|| format!("[REDACTED:{class}]"))
    }

    /// The pseudonyms of `value` under the key that pseudonyms are made with and under each older one, in this
    /// order, to look for it in a log that outlived a key.
    ///
    /// There are none where there is no key. A class whose pseudonyms are made
    /// [otherwise](SmallClasses) cannot be looked for.
    ///
    /// ```
    /// let sanitizer = tool_audit::Sanitizer::default();
    /// let all = sanitizer.pseudonyms_of("phone", "+1 555 010-7788");
    /// assert_eq!(all, [sanitizer.pseudonym("phone", "15550107788")]);
    /// ```
    #[must_use]
    pub fn pseudonyms_of(&self, class: &str, value: &str) -> Vec<String> {
        self.0.pseudonyms.all(&pseudonym::to_class(class), value)
    }
}

impl Default for Sanitizer {
    fn default() -> Self {
        Self::of(Rules::new(
            default_rules::defaults(),
            Pseudonyms::ephemeral(),
        ))
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

/// Runs a pass; where it panics, a placeholder stands for all that it wrote.
fn fail_closed(out: &mut Vec<u8>, pass: impl FnOnce(&mut Vec<u8>) -> Sanitized) -> Sanitized {
    let start = out.len();
    // What the pass may leave half done is `out` alone, and that is taken back.
    catch_unwind(AssertUnwindSafe(|| pass(out))).unwrap_or_else(|_| {
        out.truncate(start);
        canonical::write_string(out, marker::FAILED);
        Sanitized {
            redactions: 1,
            shortened: false,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::{Sanitized, fail_closed};

    #[test]
    fn a_fault_within_a_pass_leaves_a_placeholder_and_nothing_of_the_value() {
        let mut out = b"kept:".to_vec();
        let done = fail_closed(&mut out, |out| {
            out.extend_from_slice(b"\"hunter2");
            // A fault such as an index out of bounds would be.
            std::panic::resume_unwind(Box::new("hunter2"));
        });
        assert_eq!(out, b"kept:\"[REDACTION FAILED]\"");
        assert_eq!(
            done,
            Sanitized {
                redactions: 1,
                shortened: false
            }
        );
    }
}
