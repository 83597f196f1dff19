use std::sync::Arc;

use super::action::Action;
use super::additions::Additions;
use super::preset::Preset;
use super::pseudonym::{Pseudonyms, SmallClasses};
use super::record_rules::{ClientIpPolicy, RecordRules, UserIdPolicy};
use super::rule_set::{self, RuleSet, ToolRules, rule_methods};
use super::rules::Rules;
use super::{PseudonymKey, Sanitizer, SanitizerError, card_numbers};

/// Adds rules to those of a [`Preset`], and the key for pseudonyms.
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
///     .redact_key("badge")
///     .pseudonymize_key("customer number", "customer")
///     .build()?;
/// let mut out = Vec::new();
/// sanitizer.write_value(&mut out, &json!({"newBadge": 1234, "badgeless": "dots"}), 1024);
/// assert_eq!(out, br#"{"badgeless":"dots","newBadge":"[REDACTED:badge]"}"#);
/// # Ok::<(), tool_audit::sanitize::SanitizerError>(())
/// ```
#[derive(Debug, Default)]
#[must_use]
pub struct SanitizerBuilder {
    preset: Preset,
    key: Option<PseudonymKey>,
    old_keys: Vec<PseudonymKey>,
    pub(super) rules: RuleSet,
    /// By the pattern of their names.
    tools: Vec<(String, ToolRules)>,
    user_id: UserIdPolicy,
    /// The preset's where nobody says.
    client_ip: Option<ClientIpPolicy>,
    small_classes: SmallClasses,
}

impl SanitizerBuilder {
    /// Begins with these rules in place of the default ones.
    pub fn preset(mut self, preset: Preset) -> Self {
        self.preset = preset;
        self
    }

    /// Makes pseudonyms with `key`. Without one they are made with a random key that dies with the
    /// process, so pseudonyms of two runs cannot be joined.
    pub fn pseudonym_key(mut self, key: PseudonymKey) -> Self {
        self.key = Some(key);
        self
    }

    /// Adds a key that pseudonyms were made with before: no more are, but
    /// [`Sanitizer::pseudonyms_of`] gives those that stand in older logs.
    pub fn old_pseudonym_key(mut self, key: PseudonymKey) -> Self {
        self.old_keys.push(key);
        self
    }

    /// What becomes of values of which there are few, such as birth dates: whoever has the key can try them all.
    pub fn small_classes(mut self, small_classes: SmallClasses) -> Self {
        self.small_classes = small_classes;
        self
    }

    /// What becomes of the calling user's id. By default it stands in clear.
    pub fn user_id(mut self, policy: UserIdPolicy) -> Self {
        self.user_id = policy;
        self
    }

    /// What becomes of the client's address in `session_metadata`. By default it is kept, and under
    /// [`Preset::Hipaa`] it becomes a pseudonym.
    pub fn client_ip(mut self, policy: ClientIpPolicy) -> Self {
        self.client_ip = Some(policy);
        self
    }

    rule_methods!();

    /// Adds rules for the tools that `tools` names: a tool's name as the call has it, or a pattern in which
    /// `*` stands for any number of any characters. [`Sanitizer::for_tool`] says which hold.
    ///
    /// They are added to the rules for all tools, in whose place they stand where they name the same.
    pub fn for_tool(
        mut self,
        tools: impl Into<String>,
        rules: impl FnOnce(ToolRules) -> ToolRules,
    ) -> Self {
        self.tools.push((tools.into(), rules(ToolRules::default())));
        self
    }

    /// Compiles the rules.
    ///
    /// # Errors
    /// Where a name has no letter or digit or more than 48, a class is not of its form, two added rules
    /// contradict each other, a pattern or a path is none, a detector is not known, there are too many of
    /// one kind, two keys share an id, or a rule would make pseudonyms of card numbers that another masks
    /// (with [`Preset::Pci`]).
    pub fn build(self) -> Result<Sanitizer, SanitizerError> {
        let names = self.rules.names(self.preset.names())?;
        let mut detectors = rule_set::default_detectors();
        self.preset.change_detectors(&mut detectors);
        self.rules.set_detectors(&mut detectors)?;

        let pseudonyms = self.pseudonyms()?;
        let mut additions = self.additions(None)?;
        let record_rules = RecordRules {
            user_id: self.user_id,
            client_ip: self.client_ip.unwrap_or(self.preset.client_ip()),
        };
        let mut all = vec![(Arc::clone(&names), detectors.clone())];
        for (pattern, tool) in &self.tools {
            let names = tool.rules.names(&names)?;
            let mut detectors = detectors.clone();
            tool.rules.set_detectors(&mut detectors)?;
            all.push((Arc::clone(&names), detectors.clone()));
            let own = self.additions(Some(&tool.rules))?;
            let rules = Rules::new(names, pseudonyms.clone())
                .with_small_classes(self.small_classes)
                .configured(&detectors, record_rules, own);
            additions.tools.add(pattern, Sanitizer::of(rules))?;
        }
        if self.preset == Preset::Pci {
            card_numbers::check(&all)?;
        }
        let rules = Rules::new(names, pseudonyms)
            .with_small_classes(self.small_classes)
            .configured(&detectors, record_rules, additions);
        Ok(Sanitizer::of(rules))
    }

    /// All but rules for names and detectors; with those of a tool.
    fn additions(&self, tool: Option<&RuleSet>) -> Result<Additions, SanitizerError> {
        let mut additions = Additions::default();
        self.preset.add_to(&mut additions)?;
        self.rules.add_to(&mut additions)?;
        if let Some(rules) = tool {
            rules.add_to(&mut additions)?;
        }
        Ok(additions)
    }

    fn pseudonyms(&self) -> Result<Pseudonyms, SanitizerError> {
        let keys: Vec<&PseudonymKey> = self.key.iter().chain(&self.old_keys).collect();
        for (at, key) in keys.iter().enumerate() {
            if keys.iter().skip(at + 1).any(|other| other.id() == key.id()) {
                let id = key.id().to_owned();
                return Err(SanitizerError::KeyIdTwice { id });
            }
        }
        let old = self.old_keys.clone();
        Ok(match &self.key {
            Some(key) => Pseudonyms::with_keys(key.clone(), old),
            None => Pseudonyms::ephemeral().with_retired(old),
        })
    }
}
