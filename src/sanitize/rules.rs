//! The rules together, compiled: those for names of members, those of detectors, and what a policy adds.

use std::fmt::Write;
use std::sync::Arc;

use sha2::{Digest, Sha256};

use super::additions::Additions;
use super::detect::Detector;
use super::keys::{KeyMatch, KeyTable};
use super::known_names::{Known, KnownNames, Verdict};
use super::known_texts::Identity;
use super::pseudonym::{Pseudonyms, SmallClasses};
use super::record_rules::RecordRules;
use super::rule::{Extent, Group, Rule, Treatment, describe};
use super::rule_set::Detectors;
use super::{marker, pass};

/// Changes whenever the same value may come out otherwise although the table of rules is the same.
const REVISION: &str = "tool-audit rules 5";

/// Rules outside the table: those of places without a name, of typed fields, and of a client's address.
const OTHER_RULES: &[&str] = &["path", "sensitive", "client_ip"];

/// The rules for names of members, compiled. They are many: sanitizers that have the same ones share them.
pub(super) struct Names {
    rules: Vec<Rule>,
    keys: KeyTable,
    /// What tells the rules from others, in order.
    lines: Vec<String>,
    /// The name of rules that have these and nothing else of their own.
    id: String,
}

impl Names {
    pub(super) fn new(mut rules: Vec<Rule>) -> Self {
        rules.sort_by(|a, b| a.name().cmp(b.name()));
        let mut lines: Vec<String> = rules.iter().map(describe).collect();
        lines.sort();
        let keys = KeyTable::new(&rules);
        let id = identify(&lines, &default_detectors(), SmallClasses::default());
        Self {
            rules,
            keys,
            lines,
            id,
        }
    }

    pub(super) fn rules(&self) -> &[Rule] {
        &self.rules
    }

    #[inline]
    fn find(&self, name: &[u8]) -> Option<KeyMatch> {
        self.keys.find(&self.rules, name)
    }
}

/// By [`Detector`]; none where it is switched off.
type DetectorRules = [Option<Rule>; Detector::ALL.len()];

fn default_detectors() -> DetectorRules {
    Detector::ALL.map(|detector| {
        let treatment = detector.treatment();
        let group = match treatment {
            Treatment::Mask => Group::Financial,
            Treatment::Pseudonymize { .. } => Group::Personal,
            _ => Group::Secret,
        };
        Some(Rule::new(
            detector.name(),
            Some(group),
            treatment,
            Extent::Word,
        ))
    })
}

/// Compiled rules and the key for pseudonyms: all that a pass needs.
pub(super) struct Rules {
    names: Arc<Names>,
    detectors: DetectorRules,
    pub(super) pseudonyms: Pseudonyms,
    pub(super) record_rules: RecordRules,
    pub(super) additions: Additions,
    small_classes: SmallClasses,
    known_names: KnownNames,
    pub(super) identity: Identity,
    id: String,
}

impl Rules {
    pub(super) fn new(names: Arc<Names>, pseudonyms: Pseudonyms) -> Self {
        Self {
            id: names.id.clone(),
            names,
            detectors: default_detectors(),
            pseudonyms,
            record_rules: RecordRules::default(),
            additions: Additions::default(),
            small_classes: SmallClasses::default(),
            known_names: KnownNames::new(),
            identity: Identity::new(),
        }
    }

    /// The rules for names of members.
    pub(super) fn names(&self) -> &[Rule] {
        self.names.rules()
    }

    /// With what a policy says of detectors, and its own rules that are none for names.
    pub(super) fn configured(
        mut self,
        detectors: &Detectors,
        record_rules: RecordRules,
        additions: Additions,
    ) -> Self {
        for (detector, treatment) in Detector::ALL.into_iter().zip(detectors) {
            if *treatment == detector.treatment() {
                continue;
            }
            let group = self.for_detector(detector).and_then(Rule::group);
            let rule = (*treatment != Treatment::Keep)
                .then(|| Rule::new(detector.name(), group, treatment.clone(), Extent::Word));
            self = self.with_detector(detector, rule);
        }
        let mut text = additions.describe();
        if record_rules != RecordRules::default() {
            let _ = write!(text, "\n{record_rules:?}");
        }
        if !text.is_empty() {
            self.id = hexadecimal(Sha256::new().chain_update(&self.id).chain_update(text));
        }
        self.record_rules = record_rules;
        self.additions = additions;
        self
    }

    /// Replaces what becomes of what a detector finds; `None` switches it off.
    pub(super) fn with_detector(mut self, detector: Detector, rule: Option<Rule>) -> Self {
        self.detectors[detector as usize] = rule;
        self.identified()
    }

    /// Says how values of classes that have few are treated.
    pub(super) fn with_small_classes(mut self, small_classes: SmallClasses) -> Self {
        if small_classes == self.small_classes {
            return self;
        }
        self.small_classes = small_classes;
        self.identified()
    }

    pub(super) fn small_classes(&self) -> SmallClasses {
        self.small_classes
    }

    /// What is known of the member `name`, if it is among those that come again and again.
    #[inline(always)]
    pub(super) fn known(&self, name: &str) -> Option<&Known> {
        self.known_names.get(name)
    }

    /// What a pass has to know of the member `name`.
    #[inline]
    pub(super) fn verdict(&self, name: &str) -> Verdict {
        match self.known(name) {
            Some(known) => known.verdict,
            None => self.find_out(name),
        }
    }

    /// True for a member's name in which nothing is what a detector finds.
    #[inline(always)]
    pub(super) fn is_harmless_name(&self, name: &str) -> bool {
        match self.known(name) {
            Some(known) => known.verdict.is_harmless,
            None => self.find_out(name).is_harmless,
        }
    }

    /// What a pass has to know of the member `name`, of which nothing is known so far; from here on it is, where there is
    /// room.
    #[inline(never)]
    pub(super) fn find_out(&self, name: &str) -> Verdict {
        let found = self.names.find(name.as_bytes());
        // `@auth/*`: folders by another name.
        let found = found.filter(|_| !(name.starts_with('@') && name.ends_with("/*")));
        let rule = found.and_then(|found| Some((u32::try_from(found.rule).ok()?, found.plural)));
        let verdict = pass::verdict(name, rule);
        self.known_names.keep(name, verdict);
        verdict
    }

    /// The rule that a verdict names, be it one that keeps the value, and whether the name is its plural.
    #[inline]
    pub(super) fn of_verdict(&self, verdict: &Verdict) -> Option<(&Rule, bool)> {
        let (place, plural) = verdict.rule?;
        Some((&self.names.rules[place as usize], plural))
    }

    /// The rule for the member `name`, be it one that keeps the value, and whether the name is its plural.
    #[inline]
    pub(super) fn of_member(&self, name: &str) -> Option<(&Rule, bool)> {
        let found = self.names.find(name.as_bytes())?;
        Some((&self.names.rules[found.rule], found.plural))
    }

    /// The rule for the member `name` that changes its value, and whether the name is its plural.
    pub(super) fn for_member(&self, name: &str) -> Option<(&Rule, bool)> {
        self.of_member(name)
            .filter(|(rule, _)| rule.treatment != Treatment::Keep)
    }

    /// The rule for the name at the end of `text`, whether the name is its plural, and where in `text`
    /// the name's words begin.
    pub(super) fn for_name_at_end(&self, text: &[u8]) -> Option<(&Rule, bool, usize)> {
        let found = self.names.find(text)?;
        let rule = &self.names.rules[found.rule];
        (rule.treatment != Treatment::Keep).then_some((rule, found.plural, found.start))
    }

    /// The rule for what is a person's name where it looks like one, and else that of a company or a thing.
    pub(super) fn for_name_of_person_or_company(&self) -> Option<&Rule> {
        let (rule, ..) = self.for_name_at_end(b"holder_name")?;
        Some(rule)
    }

    /// False for most texts that no rule's name stands at the end of, without a closer look.
    #[inline]
    pub(super) fn may_name_at_end(&self, text: &[u8]) -> bool {
        self.names.keys.may_match(text)
    }

    /// What becomes of what a detector finds; `None` where it is switched off.
    pub(super) fn for_detector(&self, detector: Detector) -> Option<&Rule> {
        self.detectors[detector as usize].as_ref()
    }

    pub(super) fn id(&self) -> &str {
        &self.id
    }

    /// True for a text that is nothing but a marker, a placeholder or a pseudonym, and tells no rule but a known one:
    /// what stands in another's brackets may be the secret itself.
    pub(super) fn may_have_written(&self, text: &str) -> bool {
        marker::is_whole(text)
            && marker::rule_name(text).is_none_or(|name| {
                self.names().iter().any(|rule| rule.name() == name)
                    || Detector::ALL.iter().any(|known| known.name() == name)
                    || OTHER_RULES.contains(&name)
                    || self.additions.has_rule(name)
            })
    }

    fn identified(mut self) -> Self {
        self.id = identify(&self.names.lines, &self.detectors, self.small_classes);
        self
    }
}

/// Names rules by all that tells them from others.
fn identify(names: &[String], detectors: &DetectorRules, small_classes: SmallClasses) -> String {
    let mut hash = Sha256::new();
    hash.update(format!("{REVISION}\n{small_classes:?}"));
    let detectors = detectors.iter().zip(Detector::ALL).map(|(rule, detector)| {
        let rule = rule.as_ref().map(describe).unwrap_or_default();
        format!("{} {rule}", detector.name())
    });
    for line in names.iter().cloned().chain(detectors) {
        hash.update(b"\n");
        hash.update(line);
    }
    hexadecimal(hash)
}

fn hexadecimal(hash: Sha256) -> String {
    let mut id = String::with_capacity(32);
    for byte in &hash.finalize()[..16] {
        let _ = write!(id, "{byte:02x}");
    }
    id
}
