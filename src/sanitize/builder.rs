use super::default_rules;
use super::pseudonym::{self, Pseudonyms};
use super::rules::{self, Rule, Rules, Treatment};
use super::{PseudonymKey, Sanitizer, SanitizerError};

/// Adds rules to the default ones, and the key for pseudonyms.
///
/// A name is given in any spelling; `session id`, `sessionId` and `SESSION_ID` are one rule. It matches as
/// the default names do: where the last words of a member's name are its words, never as a part of a
/// word. An added rule stands before a default one of the same name and has none of its exceptions.
///
/// ```
/// use serde_json::json;
/// use tool_audit::sanitize::Sanitizer;
///
/// let sanitizer = Sanitizer::builder()
///     .redact_key("pin")
///     .pseudonymize_key("customer number", "customer")
///     .build()?;
/// let mut out = Vec::new();
/// sanitizer.write_value(&mut out, &json!({"newPin": 1234, "spinner": "dots"}), 1024);
/// assert_eq!(out, br#"{"newPin":"[REDACTED:pin]","spinner":"dots"}"#);
/// # Ok::<(), tool_audit::sanitize::SanitizerError>(())
/// ```
#[derive(Debug, Default)]
#[must_use]
pub struct SanitizerBuilder {
    key: Option<PseudonymKey>,
    redacted: Vec<String>,
    /// Name and class.
    pseudonymized: Vec<(String, String)>,
}

impl SanitizerBuilder {
    /// Makes pseudonyms with `key`. Without one they are made with a random key that dies with the
    /// process, so pseudonyms of two runs cannot be joined.
    pub fn pseudonym_key(mut self, key: PseudonymKey) -> Self {
        self.key = Some(key);
        self
    }

    /// Replaces the values of members called `name` by `[REDACTED:<name>]`.
    pub fn redact_key(mut self, name: impl Into<String>) -> Self {
        self.redacted.push(name.into());
        self
    }

    /// Replaces the strings and numbers in members called `name` by pseudonyms of `class`, 1 to 32
    /// lower-case letters, digits and `_`, a letter first.
    ///
    /// Values of the classes `phone` and `ssn` are compared by their digits alone, those of `address` and of
    /// classes that end in `name` without regard to case and spacing.
    pub fn pseudonymize_key(mut self, name: impl Into<String>, class: impl Into<String>) -> Self {
        self.pseudonymized.push((name.into(), class.into()));
        self
    }

    /// Compiles the rules.
    ///
    /// # Errors
    /// Where a name has no letter or digit or more than 48, a class is not of its form, or two added
    /// rules contradict each other.
    pub fn build(self) -> Result<Sanitizer, SanitizerError> {
        let mut added: Vec<Rule> = Vec::new();
        let redacted = self
            .redacted
            .into_iter()
            .map(|name| (name, Treatment::Redact));
        let pseudonymized = self.pseudonymized.into_iter().map(|(name, class)| {
            let class = class.into();
            (name, Treatment::Pseudonymize { class })
        });
        for (name, treatment) in redacted.chain(pseudonymized) {
            if let Treatment::Pseudonymize { class } = &treatment
                && !pseudonym::is_class(class)
            {
                let class = class.to_string();
                return Err(SanitizerError::InvalidClass { class });
            }
            let Some(folded) = rules::fold_rule_name(&name) else {
                return Err(SanitizerError::InvalidRuleName { name });
            };
            match added.iter().find(|rule| rule.is_called(&folded)) {
                None => added.push(Rule::added(folded, treatment)),
                Some(rule) if rule.treatment == treatment => {}
                Some(_) => return Err(SanitizerError::ConflictingRules { name: folded }),
            }
        }
        let all = rules::with_added(default_rules::defaults(), added);
        let pseudonyms = self
            .key
            .map_or_else(Pseudonyms::ephemeral, Pseudonyms::with_key);
        Ok(Sanitizer::of(Rules::new(all, pseudonyms)))
    }
}
