use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::Arc;

use super::action::Action;
use super::additions::Additions;
use super::detect::Detector;
use super::error::{nearest, quotable};
use super::rule::{self, Rule, Treatment};
use super::rules::Names;
use super::{SanitizerError, error, keys};

/// Rules as they are asked for, before anything is looked at.
#[derive(Debug, Clone, Default)]
pub(super) struct RuleSet {
    keys: Vec<(String, Action)>,
    patterns: Vec<Wanted>,
    paths: Vec<(String, Action)>,
    detectors: Vec<(String, Action)>,
}

#[derive(Debug, Clone)]
struct Wanted {
    name: String,
    regex: String,
    action: Action,
}

impl RuleSet {
    pub(super) fn key(&mut self, name: String, action: Action) {
        self.keys.push((name, action));
    }

    pub(super) fn pattern(&mut self, name: String, regex: String, action: Action) {
        self.patterns.push(Wanted {
            name,
            regex,
            action,
        });
    }

    pub(super) fn path(&mut self, path: String, action: Action) {
        self.paths.push((path, action));
    }

    pub(super) fn detector(&mut self, name: String, action: Action) {
        self.detectors.push((name, action));
    }

    /// The rules for member names beside `names`, in whose place they stand where they are called the same.
    pub(super) fn names(&self, names: &Arc<Names>) -> Result<Arc<Names>, SanitizerError> {
        let added = self.added_names()?;
        if added.is_empty() {
            return Ok(Arc::clone(names));
        }
        let all = rule::with_added(names.rules().to_vec(), added);
        Ok(Arc::new(Names::new(all)))
    }

    /// The rules for member names.
    pub(super) fn added_names(&self) -> Result<Vec<Rule>, SanitizerError> {
        let mut added: BTreeMap<Vec<u8>, Rule> = BTreeMap::new();
        for (name, action) in &self.keys {
            let treatment = action.treatment()?;
            let Some(folded) = rule::fold_rule_name(name) else {
                let name = quotable(name);
                return Err(SanitizerError::InvalidRuleName { name });
            };
            match added.entry(keys::letters(&folded)) {
                Entry::Vacant(place) => {
                    place.insert(Rule::added(&folded, treatment));
                }
                Entry::Occupied(rule) if rule.get().treatment == treatment => {}
                Entry::Occupied(_) => {
                    return Err(SanitizerError::ConflictingRules { name: folded });
                }
            }
        }
        Ok(added.into_values().collect())
    }

    /// Changes what detectors do.
    pub(super) fn set_detectors(&self, detectors: &mut Detectors) -> Result<(), SanitizerError> {
        for (name, action) in &self.detectors {
            let Some(detector) = Detector::ALL.into_iter().find(|known| known.name() == name)
            else {
                return Err(SanitizerError::UnknownDetector {
                    name: error::quotable(name),
                    nearest: nearest(name, Detector::ALL.map(Detector::name)),
                });
            };
            detectors[detector as usize] = action.treatment()?;
        }
        Ok(())
    }

    /// Adds patterns and paths.
    pub(super) fn add_to(&self, additions: &mut Additions) -> Result<(), SanitizerError> {
        for wanted in &self.patterns {
            let treatment = wanted.action.treatment()?;
            additions
                .patterns
                .add(&wanted.name, &wanted.regex, treatment)?;
        }
        for (path, action) in &self.paths {
            additions.paths.add(path, action.treatment()?)?;
        }
        Ok(())
    }
}

/// What each detector does, in the order of [`Detector::ALL`].
pub(super) type Detectors = [Treatment; Detector::ALL.len()];

pub(super) fn default_detectors() -> Detectors {
    Detector::ALL.map(Detector::treatment)
}

/// The methods by which rules are added, to all tools or to some.
macro_rules! rule_methods {
    () => {
        /// Replaces the values of members called `name` by `[REDACTED:<name>]`.
        pub fn redact_key(mut self, name: impl Into<String>) -> Self {
            self.rules.key(name.into(), Action::Redact);
            self
        }

        /// Replaces the strings and numbers in members called `name` by pseudonyms of `class`, 1 to 32
        /// lower-case letters, digits and `_`, a letter first.
        ///
        /// Values of the classes `phone` and `ssn` are compared by their digits alone, those of `address` and
        /// of classes that end in `name` without regard to case and spacing.
        pub fn pseudonymize_key(
            mut self,
            name: impl Into<String>,
            class: impl Into<String>,
        ) -> Self {
            self.rules.key(name.into(), Action::pseudonymize(class));
            self
        }

        /// Replaces the strings and numbers in members called `name` by `[MASKED:<name>:<last four>]`; those
        /// of fewer than nine letters and digits by `[REDACTED:<name>]`.
        pub fn mask_key(mut self, name: impl Into<String>) -> Self {
            self.rules.key(name.into(), Action::Mask);
            self
        }

        /// Replaces the values of members called `name` by `[DROPPED:<name>]`.
        pub fn drop_key(mut self, name: impl Into<String>) -> Self {
            self.rules.key(name.into(), Action::Drop);
            self
        }

        /// Leaves members alone that are called `name` and not by a longer name that a rule names: with
        /// `session token` kept, `sessionToken` stays and `token` does not. Detectors look at them all the same.
        pub fn keep_key(mut self, name: impl Into<String>) -> Self {
            self.rules.key(name.into(), Action::Keep);
            self
        }

        /// Looks for a regular expression of the crate [`regex`](https://docs.rs/regex) in every text and
        /// number, and does `action` to what matches: to the group called `value` where there is one.
        ///
        /// At most 64 patterns of 1 KiB, each of at most 1 MiB once compiled. One that can match nothing
        /// finds nothing. A text with more than 1,024 matches of one pattern is replaced whole.
        pub fn pattern(
            mut self,
            name: impl Into<String>,
            regex: impl Into<String>,
            action: Action,
        ) -> Self {
            self.rules.pattern(name.into(), regex.into(), action);
            self
        }

        /// Does `action` to what stands at a place, such as `arguments.user.*.note`.
        ///
        /// The first step is `arguments`, `result` or `session_metadata`. A step is the exact name of a member
        /// (in double quotes where it holds a dot, a bracket or a `*`), `*` for any one member or item, or
        /// `**` for any number of them, none among them; `[]` behind a step is any item of that list. Places
        /// within JSON in strings count too. The rule stands before that for the member's name; of two
        /// paths to one place the one that was added last holds. At most 64 paths of 32 steps.
        pub fn path(mut self, path: impl Into<String>, action: Action) -> Self {
            self.rules.path(path.into(), action);
            self
        }

        /// Does `action` to what the detector `name` finds; [`Action::Keep`] switches it off.
        ///
        /// The detectors are `vendor_token`, `jwt`, `private_key`, `url_credentials`, `url_secret`,
        /// `authorization`, `cookie`, `secret`, `one_time_code`, `base64`, `card`, `iban`, `account_number`,
        /// `ssn`, `nhs_number`, `national_id`,
        /// `email`, `phone` and `echo`.
        pub fn detector(mut self, name: impl Into<String>, action: Action) -> Self {
            self.rules.detector(name.into(), action);
            self
        }
    };
}

pub(super) use rule_methods;

/// Rules for some tools, which stand before those for all: see
/// [`SanitizerBuilder::for_tool`](super::SanitizerBuilder::for_tool).
#[derive(Debug, Default)]
#[must_use]
pub struct ToolRules {
    pub(super) rules: RuleSet,
}

impl ToolRules {
    rule_methods!();
}
