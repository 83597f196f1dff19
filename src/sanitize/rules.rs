//! The rules: which member names are sensitive, and what becomes of their values.

use std::fmt::Write;
use std::sync::Arc;

use sha2::{Digest, Sha256};

use super::additions::Additions;
use super::detect::Detector;
use super::generalize::Generalization;
use super::keys::{self, Key, KeyForm, KeyMatch, KeyTable};
use super::known_names::{Known, KnownNames, Verdict};
use super::known_texts::Identity;
use super::pseudonym::{Pseudonyms, SmallClasses};
use super::record_rules::RecordRules;
use super::rule_set::Detectors;
use super::spared::Spared;
use super::value_shape::Shape;
use super::{marker, pass};
use crate::tree::Tree;

/// Changes whenever the same value may come out otherwise although the table of rules is the same.
const REVISION: &str = "tool-audit rules 4";

/// What becomes of a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Treatment {
    /// The whole value becomes `[REDACTED:<rule>]`.
    Redact,
    /// Every string and number in the value becomes a pseudonym of this class.
    Pseudonymize { class: Box<str> },
    /// Every string and number in the value becomes `[MASKED:<rule>:<last four digits>]`.
    Mask,
    /// The whole value becomes `[DROPPED:<rule>]`: not even its type or length may be kept.
    Drop,
    /// Every string and number in the value becomes coarser, or `[REDACTED:<rule>]` where it is not known how.
    Generalize(Generalization),
    /// Nothing: the name is exempt from shorter names' rules. Texts in the value are searched all the same.
    Keep,
}

/// What kind of data a rule is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Group {
    /// What grants access.
    Secret,
    /// What may not be stored after a card payment was authorised (PCI DSS 3.3).
    Card,
    /// Numbers of cards and accounts.
    Financial,
    /// What tells of a person.
    Personal,
}

/// How far an unquoted value reaches in plain text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Extent {
    /// One word: a password, a token.
    Word,
    /// The credentials of an HTTP header: a scheme and what belongs to it.
    Credentials,
    /// Digits with the punctuation of telephone and identity numbers.
    Digits,
    /// The same where it begins with a digit, and one word otherwise.
    Identity,
    /// Words up to the end of the line or the next assignment: an address, a plate.
    Phrase,
    /// The same, but a person's name ends before words that none consists of.
    Name,
    /// A date; what is none that is known reaches as far as words do.
    Date,
}

/// One rule.
#[derive(Debug, Clone)]
pub(super) struct Rule {
    name: Box<str>,
    marker: Box<str>,
    pub(super) treatment: Treatment,
    pub(super) extent: Extent,
    group: Option<Group>,
    keys: Vec<Key>,
    spared: Spared,
    /// Words that, standing before the rule's own, make the name harmless.
    harmless_after: &'static [&'static str],
    /// Objects under the rule's names hold more than what the rule is about.
    opened: bool,
}

impl Rule {
    /// A rule that somebody added; `name` is folded already.
    pub(super) fn added(name: &str, treatment: Treatment) -> Self {
        let extent = match treatment {
            Treatment::Redact | Treatment::Keep => Extent::Word,
            Treatment::Mask | Treatment::Drop | Treatment::Generalize(Generalization::Zip) => {
                Extent::Digits
            }
            Treatment::Pseudonymize { .. } | Treatment::Generalize(_) => Extent::Phrase,
        };
        let rule = Self::new(name, None, treatment, extent);
        rule.called(&[name])
    }

    /// A rule that goes by no name yet.
    pub(super) fn new(
        name: &str,
        group: Option<Group>,
        treatment: Treatment,
        extent: Extent,
    ) -> Self {
        Self {
            marker: match treatment {
                Treatment::Drop => format!("[DROPPED:{name}]"),
                _ => format!("[REDACTED:{name}]"),
            }
            .into(),
            name: name.into(),
            treatment,
            extent,
            group,
            keys: Vec::new(),
            spared: Spared::Nothing,
            harmless_after: &[],
            opened: false,
        }
    }

    /// Adds names of members; `=name` stands for a name before which no word may stand, `~name` for one
    /// that is one word.
    pub(super) fn called(mut self, names: &[&str]) -> Self {
        self.keys.extend(names.iter().map(|name| {
            let (form, name) = match name.as_bytes().first() {
                Some(b'=') => (KeyForm::Alone, &name[1..]),
                Some(b'~') => (KeyForm::OneWord, &name[1..]),
                _ => (KeyForm::Ending, *name),
            };
            let letters = keys::letters(name).into();
            Key { letters, form }
        }));
        self
    }

    /// Adds the names of numbers of these things, with each word for "number" that is usual.
    pub(super) fn numbered(self, things: &[&str]) -> Self {
        things.iter().fold(self, |rule, thing| {
            let names = ["number", "no", "num"].map(|word| format!("{thing}_{word}"));
            rule.called(&names.each_ref().map(String::as_str))
        })
    }

    /// Adds the names of keys for these purposes.
    pub(super) fn keys_for(self, purposes: &[&str]) -> Self {
        purposes.iter().fold(self, |rule, purpose| {
            rule.called(&[&format!("{purpose}_key")])
        })
    }

    pub(super) fn harmless_after(mut self, words: &'static [&'static str]) -> Self {
        self.harmless_after = words;
        self
    }

    pub(super) fn sparing(mut self, spared: Spared) -> Self {
        self.spared = spared;
        self
    }

    /// Of objects under the rule's names that stays which only describes them.
    pub(super) fn opened(mut self) -> Self {
        self.opened = true;
        self
    }

    /// The folded name.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// What the rule is about; nothing is known of an added one.
    pub(super) fn group(&self) -> Option<Group> {
        self.group
    }

    /// The names of members that the rule is for.
    pub(super) fn keys(&self) -> &[Key] {
        &self.keys
    }

    /// True where one of the members' names that the rule is for is `name`.
    pub(super) fn is_called(&self, name: &str) -> bool {
        let letters = keys::letters(name);
        self.keys.iter().any(|key| *key.letters == *letters)
    }

    /// What stands for a redacted value.
    pub(super) fn marker(&self) -> &str {
        &self.marker
    }

    pub(super) fn is_harmless_after(&self, word: &[u8]) -> bool {
        self.harmless_after
            .iter()
            .any(|harmless| harmless.as_bytes() == word)
    }

    /// True for a text under one of the rule's names that is not what the rule is about.
    pub(super) fn spares(&self, text: &str) -> bool {
        self.spared.is_spared(text)
    }

    /// True for a value under one of the rule's names that is looked through as if it had none.
    pub(super) fn spares_value(&self, value: &Tree<'_>, plural: bool) -> bool {
        self.spared.is_spared_value(value, plural)
    }

    /// True where what a value looks like decides whether it is what the rule is about.
    pub(super) fn judges_values(&self) -> bool {
        matches!(self.spared, Spared::Unlike(_))
    }

    /// True where a value may be the name of a person by its capitals alone, as places and things have them, too.
    pub(super) fn judges_capitals(&self) -> bool {
        matches!(
            self.spared,
            Spared::Unlike(Shape::PersonName | Shape::Surname)
        )
    }

    /// True where of objects under the rule's names that stays which only describes them.
    pub(super) fn is_opened(&self) -> bool {
        self.opened
    }

    /// True where settings under the rule's names tell how to authenticate.
    pub(super) fn is_of_schemes(&self) -> bool {
        self.spared == Spared::Schemes
    }

    /// True where one marker stands for whatever is under the rule's names.
    pub(super) fn replaces_all(&self) -> bool {
        matches!(self.treatment, Treatment::Redact | Treatment::Drop)
            && self.spared == Spared::Nothing
            && !self.opened
    }

    /// True where containers under the rule's names are looked through for themselves.
    pub(super) fn spares_containers(&self) -> bool {
        self.spared == Spared::Containers
    }
}

/// The default rules and those that were added: an added one takes its name from the default rule that
/// had it.
pub(super) fn with_added(mut rules: Vec<Rule>, added: Vec<Rule>) -> Vec<Rule> {
    for rule in &mut rules {
        rule.keys.retain(|key| {
            !added
                .iter()
                .any(|new| new.keys.iter().any(|taken| taken.letters == key.letters))
        });
    }
    rules.retain(|rule| !rule.keys.is_empty());
    rules.extend(added);
    rules
}

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
        rules.sort_by(|a, b| a.name.cmp(&b.name));
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

    /// What a pass has to know of the member `name`, of which nothing is known so far; from here on it is, where there is
    /// room.
    #[inline(never)]
    pub(super) fn find_out(&self, name: &str) -> Verdict {
        let found = self.names.find(name.as_bytes());
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

/// All that tells one rule from another, in one line.
fn describe(rule: &Rule) -> String {
    let Rule {
        name,
        marker: _,
        treatment,
        extent,
        group,
        keys,
        spared,
        harmless_after,
        opened,
    } = rule;
    let mut line =
        format!("{name} {treatment:?} {extent:?} {group:?} {spared:?} {harmless_after:?} {opened}");
    for Key { letters, form } in keys {
        let _ = write!(line, " {:?} {form:?}", letters.escape_ascii().to_string());
    }
    line
}

fn hexadecimal(hash: Sha256) -> String {
    let mut id = String::with_capacity(32);
    for byte in &hash.finalize()[..16] {
        let _ = write!(id, "{byte:02x}");
    }
    id
}

/// A member name in the form in which rules bear it, where it can name one.
pub(super) fn fold_rule_name(name: &str) -> Option<String> {
    let letters = keys::letters(name).len();
    let folded = keys::snake_case(name);
    let fits = (1..=keys::MAX_LETTERS).contains(&letters)
        && (1..=super::marker::MAX_RULE_NAME).contains(&folded.len());
    fits.then_some(folded)
}
