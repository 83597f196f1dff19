//! The sanitizer: rules compiled once, applied in the one pass that also writes canonical JSON.
//!
//! It knows nothing of calls, entries or sinks. Values and texts go in, canonical bytes come out.
//!
//! # What it finds
//! **Members by their names.** What grants access (passwords, tokens, keys, credentials, cookies, one-time codes, PINs) becomes
//! `[REDACTED:<rule>]`, whatever it is, with all that is in it. Security codes, track data and PIN blocks of cards become
//! `[DROPPED:<rule>]`. Numbers of cards and accounts become `[MASKED:<rule>:<last four>]`; amounts of money stay. Names, birth
//! dates, addresses, telephone numbers, e-mail addresses and numbers of people's papers and records become pseudonyms, string by
//! string. A null stays, and so do true and false.
//!
//! Names are folded: `apiKey`, `API-KEY`, `Api Key`, `x.api.key`, `apikey2` and `api_keys` are `api_key`, for the last words of
//! a name decide; so are names in full-width letters, in letters that only look like Latin ones, or with characters
//! in them that are not seen. Words are never matched in part, so `token_count`, `secretary` and
//! `password_policy_id` stay; names that only look alike, such as `next_page_token`, `max_tokens` and `bind_address`, are
//! excepted. A plural with a number is a count and stays. Names of users, ids, URLs and hosts stay. [`SanitizerBuilder`] adds names.
//!
//! What tells of a member and is not its value stays too: a schema of it (`{"type": "string", "description": …}`), the name of a
//! Kubernetes secret (`[{"name": …}]`), the name of a way to authenticate (`"auth": "oauth2"`), a path in a store of secrets
//! (`"SecretId": "prod/db"`).
//!
//! **Values by what stands beside them**, by the same names: `{"name": "password", "value": …}` in its many forms, rows of name and
//! value, rows under columns, `["--password", …]` and the like in lists of arguments, with the short options of programs that
//! take a password in one (`mysql -p`, `curl -u`, `docker login -p` …), and all data of a Kubernetes `Secret`.
//! A plain `name` is a person's in what is called `patient`, `person`, `customer` and the like, and in FHIR's resources of persons.
//!
//! **Members' names** are searched as texts are. Names that come out alike get `#2`, `#3` … behind them. Whole numbers are
//! searched for card numbers.
//!
//! **JSON in strings.** A string that holds an object, a list or another string is opened, up to 4 levels deep,
//! and written anew where anything in it was changed. Deeper levels are searched as text.
//!
//! **Assignments in text**: `password=…`, `api key: …`, `"token": "…"` (also in cut or escaped JSON), `secret => …`,
//! `--password …`, `Authorization: Bearer …`, by the same names. A value that only refers to a secret, such as
//! `${{ secrets.TOKEN }}`, `$DB_PASSWORD` or `os.environ["DB_PASSWORD"]`, stays.
//!
//! **Texts of a known form**, by the same names: CSV and other tables, XML and HTML, SQL, forms in parts (RFC 7578), what databases
//! say of rows that break a constraint, segments of HL7 version 2 about persons, tracks of magnetic stripes.
//!
//! **Values by what they look like**, wherever they stand, error texts and results too:
//!
//! | rule | what | becomes |
//! |---|---|---|
//! | `vendor_token` | tokens with a known prefix, of some 90 vendors and clouds | redacted |
//! | `jwt`, `private_key` | JSON Web Tokens; PEM and PGP private keys, cut ones too | redacted |
//! | `url_credentials`, `url_secret` | credentials before a host, query parameters and paths that grant access | redacted |
//! | `authorization`, `cookie` | credentials of HTTP, `Cookie` and `Set-Cookie` lines | redacted |
//! | `secret`, `one_time_code` | what follows its name in prose, options, SQL, markup and connection strings; codes in messages | redacted |
//! | `base64` | base64, hexadecimal digits and percent-encoding that hide one of the others | redacted |
//! | `card`, `iban` | card numbers by issuer and check digit, bank accounts by country and check digits | the last four stay |
//! | `ssn`, `nhs_number`, `email`, `phone` | by their numbering rules and what stands beside them | pseudonym |
//!
//! **The same secret elsewhere.** What was replaced for its name is looked for in all the rest of its call, in any letter case,
//! escaped, percent-encoded, in base64 and in hexadecimal digits, and replaced there too. Values of fewer than five
//! characters and common words are not looked for.
//!
//! # What it does not find
//! - A secret without a known prefix under a harmless name, or in prose that does not say that it is one.
//! - In prose, what is told under a name that a policy adds, or under one that is joined to another word (`the dbpassword
//!   is …`), unless a word such as "password" or a longer number stands in the same text. Behind an operator they count.
//! - Names of people, places and companies in prose, and dates of birth that nothing names.
//! - What is encrypted, compressed, or encoded more than four times over; secrets that are spread over several strings, and
//!   secrets that one call holds under a name and another one bare.
//! - Text within images and other binary data.
//! - Words of languages other than English as names of members, apart from a few.
//!
//! And it takes some for secret that are none: a member called `token` may hold a harmless number. What was replaced
//! cannot be had back from the log.
//!
//! # Policies
//! [`SanitizerBuilder`] begins with a [`Preset`] and adds names, patterns, places and rules of single tools; the feature
//! `policy` reads the same from a TOML file (`Sanitizer::from_policy_file`), and `tool-audit replay --policy` shows what it would do to
//! recorded calls. Fields of one's own types that must never be written are [`Sensitive`].
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

mod action;
mod additions;
mod bounded;
mod builder;
mod canonical_value;
mod card_numbers;
mod default_rules;
mod detect;
mod echo;
mod echoing;
mod error;
mod extent;
mod fold;
mod generalize;
mod harmless_words;
mod keys;
mod known_names;
mod known_texts;
mod marker;
mod names;
mod pass;
mod path;
mod pattern;
mod places;
#[cfg(feature = "policy")]
mod policy_file;
mod preset;
mod pseudonym;
mod pseudonym_key;
mod record_rules;
mod reference;
mod replace;
mod rule_counts;
mod rule_set;
mod rules;
mod sensitive;
mod spared;
mod sweep;
mod text;
mod tools;

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Once};

use serde_json::Value;

use self::pass::Pass;
use self::pseudonym::Pseudonyms;
use self::rules::Rules;
use crate::canonical;
use crate::tree::Tree;

pub use self::action::Action;
pub(crate) use self::echo::Echo;
#[cfg(unix)]
pub(crate) use self::marker::is_whole as is_marker;

pub use self::builder::SanitizerBuilder;
pub use self::error::SanitizerError;
#[cfg(feature = "policy")]
pub(crate) use self::policy_file::reader;
#[cfg(feature = "policy")]
#[cfg_attr(docsrs, doc(cfg(feature = "policy")))]
pub use self::policy_file::{Place, PolicyFile, PolicyFileError};
pub use self::preset::Preset;
pub use self::pseudonym::SmallClasses;
pub use self::pseudonym_key::PseudonymKey;
pub use self::record_rules::{ClientIpPolicy, RecordRules, UserIdPolicy};
pub use self::rule_counts::RuleCounts;
pub use self::rule_set::ToolRules;
pub use self::sensitive::Sensitive;

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
    /// Whether a fault stopped the pass: a placeholder stands for the whole value.
    pub failed: bool,
}

impl Sanitized {
    const FAILED: Self = Self {
        redactions: 1,
        shortened: false,
        failed: true,
    };

    /// Adds what another pass did.
    pub fn add(&mut self, other: Self) {
        self.redactions = self.redactions.saturating_add(other.redactions);
        self.shortened |= other.shortened;
        self.failed |= other.failed;
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

    /// Appends the name of a member as a JSON string.
    ///
    /// A name is searched as a text is, and what is found in it replaced: two names may come out alike. Of one longer than
    /// 1 KiB only the beginning is written, and a keyed hash that keeps it apart from others.
    #[inline]
    pub fn write_key(&self, out: &mut Vec<u8>, name: &str) -> Sanitized {
        match self.0.known(name) {
            Some(known) if known.verdict.is_harmless && self.0.additions.patterns.is_empty() => {
                known.form.write_name(out);
                Sanitized::default()
            }
            _ => self.write_new_key(out, name),
        }
    }

    /// Like [`write_key`](Self::write_key), and says [whether a rule names it](Self::names_member).
    pub(crate) fn write_member_name(&self, out: &mut Vec<u8>, name: &str) -> (Sanitized, bool) {
        match self.0.known(name) {
            Some(known) => {
                let has_rule = known.verdict.rule.is_some();
                if known.verdict.is_harmless && self.0.additions.patterns.is_empty() {
                    known.form.write_name(out);
                    (Sanitized::default(), has_rule)
                } else {
                    (self.write_new_key(out, name), has_rule)
                }
            }
            None => (self.write_new_key(out, name), self.names_new_member(name)),
        }
    }

    #[inline(never)]
    fn write_new_key(&self, out: &mut Vec<u8>, name: &str) -> Sanitized {
        if self.0.additions.patterns.is_empty() && pass::fits_harmless(name, names::MAX_LENGTH) {
            pass::write_unescaped(out, name);
            return Sanitized::default();
        }
        fail_closed(out, |out| {
            let pass = Pass::new(&self.0, out, usize::MAX);
            // A name that is JSON is opened as a text is.
            let is_json = name.len() <= names::MAX_LENGTH
                && name.trim_ascii_start().starts_with(['{', '[', '"']);
            if is_json {
                pass.whole_text(name)
            } else {
                pass.whole_name(name)
            }
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

    /// How `value` may stand in a log written with these rules as the member `name`, to look for it: as it is written now,
    /// and where that is a pseudonym, those under older keys too.
    ///
    /// An empty name is that of a text of its own.
    ///
    /// ```
    /// use tool_audit::sanitize::{PseudonymKey, Sanitizer};
    ///
    /// let sanitizer = Sanitizer::builder()
    ///     .pseudonym_key(PseudonymKey::from_bytes("k2027", &[8; 32])?)
    ///     .old_pseudonym_key(PseudonymKey::from_bytes("k2026", &[7; 32])?)
    ///     .build()?;
    /// let forms = sanitizer.forms_of("mrn", "MRN-001234");
    /// assert!(forms[0].starts_with("pn:mrn:k2027:") && forms[1].starts_with("pn:mrn:k2026:"));
    /// assert_eq!(sanitizer.forms_of("order_id", "ORD-1"), ["ORD-1"]);
    /// # Ok::<(), tool_audit::sanitize::SanitizerError>(())
    /// ```
    #[must_use]
    pub fn forms_of(&self, name: &str, value: &str) -> Vec<String> {
        const LIMIT: usize = 4096;
        let mut json = Vec::new();
        if name.is_empty() {
            self.write_text(&mut json, value, LIMIT);
        } else {
            self.write_member_value(&mut json, name, &Value::from(value), LIMIT);
        }
        let mut forms: Vec<String> = serde_json::from_slice(&json).into_iter().collect();
        let written = forms.first().and_then(|text| text.strip_prefix("pn:"));
        let class = written.and_then(|rest| rest.split(':').next());
        if let Some(class) = class.map(str::to_owned) {
            for pseudonym in self.pseudonyms_of(&class, value) {
                if !forms.contains(&pseudonym) {
                    forms.push(pseudonym);
                }
            }
        }
        forms
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
    let passed = catch_unwind(AssertUnwindSafe(|| {
        #[cfg(test)]
        fault::strike();
        pass(out)
    }));
    passed.unwrap_or_else(|_| {
        out.truncate(start);
        canonical::write_string(out, marker::FAILED);
        Sanitized::FAILED
    })
}

/// Makes passes fail, to see what becomes of a record then.
#[cfg(test)]
pub(crate) mod fault {
    use std::cell::Cell;

    thread_local! {
        static STRIKES: Cell<bool> = const { Cell::new(false) };
    }

    /// Every pass in `act` that is no plain copy fails.
    pub(crate) fn in_all_of<T>(act: impl FnOnce() -> T) -> T {
        STRIKES.set(true);
        let done = act();
        STRIKES.set(false);
        done
    }

    pub(super) fn strike() {
        if STRIKES.get() {
            // As a panic would unwind, without its message.
            std::panic::resume_unwind(Box::new("a fault"));
        }
    }
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
        assert_eq!(done, Sanitized::FAILED);
    }
}
