//! The rules: which member names are sensitive, and what becomes of their values.

use std::fmt::Write;

use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use super::additions::Additions;
use super::detect::Detector;
use super::generalize::Generalization;
use super::keys::{self, KeyTable};
use super::pseudonym::Pseudonyms;
use super::record_rules::RecordRules;
use super::rule_set::{self, Detectors};

/// Changes whenever the same value may come out otherwise although the table of rules is the same.
const REVISION: &str = "tool-audit rules 1";

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
    /// The value is left alone, though a rule with a shorter name would not.
    Keep,
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
    /// Words up to the end of the line or the next assignment: a name, an address, a date.
    Phrase,
}

/// One rule.
#[derive(Debug, Clone)]
pub(super) struct Rule {
    name: Box<str>,
    marker: Box<str>,
    pub(super) treatment: Treatment,
    pub(super) extent: Extent,
    /// Words that, standing before the rule's own, make the name harmless.
    harmless_after: &'static [&'static str],
}

impl Rule {
    /// A rule that somebody added; `name` is folded already.
    pub(super) fn added(name: String, treatment: Treatment) -> Self {
        let extent = match treatment {
            Treatment::Redact => Extent::Word,
            Treatment::Mask | Treatment::Drop | Treatment::Generalize(Generalization::Zip) => {
                Extent::Digits
            }
            Treatment::Pseudonymize { .. } | Treatment::Generalize(_) | Treatment::Keep => {
                Extent::Phrase
            }
        };
        Self::new(name, treatment, extent, &[])
    }

    fn new(
        name: String,
        treatment: Treatment,
        extent: Extent,
        harmless_after: &'static [&'static str],
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
            harmless_after,
        }
    }

    /// The folded name.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// True where a rule called `name` would match the same members.
    pub(super) fn is_called(&self, name: &str) -> bool {
        keys::letters(&self.name) == keys::letters(name)
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
}

/// The rules that stand without being asked for.
pub(super) fn defaults() -> Vec<Rule> {
    let redact = |name: &str, extent, harmless_after| {
        Rule::new(name.to_owned(), Treatment::Redact, extent, harmless_after)
    };
    let pseudonymize = |name: &str, extent, harmless_after| {
        let class = name.into();
        let treatment = Treatment::Pseudonymize { class };
        Rule::new(name.to_owned(), treatment, extent, harmless_after)
    };
    vec![
        redact("password", Extent::Word, &[]),
        redact("token", Extent::Word, NO_SECRET_TOKEN),
        redact("api_key", Extent::Word, &[]),
        redact("secret", Extent::Word, &[]),
        redact("credit_card", Extent::Digits, &[]),
        redact("authorization", Extent::Credentials, NO_CREDENTIALS),
        pseudonymize("ssn", Extent::Digits, &[]),
        pseudonymize("patient_name", Extent::Phrase, &[]),
        pseudonymize("date_of_birth", Extent::Phrase, &[]),
        pseudonymize("address", Extent::Phrase, NO_PLACE_TO_LIVE),
        pseudonymize("phone", Extent::Digits, &[]),
    ]
}

/// Page cursors, counts of a language model, and what a parser says.
const NO_SECRET_TOKEN: &[&str] = &[
    "page",
    "next",
    "continuation",
    "sync",
    "max",
    "min",
    "prompt",
    "completion",
    "total",
    "input",
    "output",
    "used",
    "unexpected",
];

/// What an insurer or a card issuer grants.
const NO_CREDENTIALS: &[&str] = &["prior", "pre"];

/// Addresses of machines, memory and contracts.
const NO_PLACE_TO_LIVE: &[&str] = &[
    "bind",
    "listen",
    "memory",
    "contract",
    "wallet",
    "ip",
    "ipv4",
    "ipv6",
    "mac",
    "server",
    "remote",
    "local",
    "peer",
    "socket",
    "network",
    "gateway",
    "broadcast",
    "loopback",
    "subnet",
    "base",
    "virtual",
    "hardware",
    "bluetooth",
    "url",
    "web",
];

/// Compiled rules and the key for pseudonyms: all that a pass needs.
pub(super) struct Rules {
    rules: Vec<Rule>,
    keys: KeyTable,
    /// By [`Detector`]; none where it is switched off.
    detectors: [Option<Rule>; Detector::ALL.len()],
    pub(super) pseudonyms: Pseudonyms,
    pub(super) record_rules: RecordRules,
    pub(super) additions: Additions,
    id: String,
    /// serde_json's maps come in the order of their bytes: no other crate in the build switched
    /// `preserve_order` on.
    pub(super) maps_are_sorted: bool,
}

impl Rules {
    pub(super) fn new(mut rules: Vec<Rule>, pseudonyms: Pseudonyms) -> Self {
        rules.sort_by(|a, b| a.name.cmp(&b.name));
        let keys = KeyTable::new(&rules);
        let id = identify(&rules);
        Self {
            rules,
            keys,
            detectors: Detector::ALL.map(|detector| {
                let name = detector.name().to_owned();
                Some(Rule::added(name, detector.treatment()))
            }),
            pseudonyms,
            record_rules: RecordRules::default(),
            additions: Additions::default(),
            id,
            maps_are_sorted: maps_are_sorted(),
        }
    }

    /// With detectors and additions of a policy's own.
    pub(super) fn configured(
        mut self,
        detectors: &Detectors,
        record_rules: RecordRules,
        additions: Additions,
    ) -> Self {
        let mut text = additions.describe();
        if record_rules != RecordRules::default() {
            let _ = write!(text, "\n{record_rules:?}");
        }
        if *detectors != rule_set::default_detectors() {
            let _ = write!(text, "\n{detectors:?}");
        }
        if !text.is_empty() {
            self.id = hexadecimal(Sha256::new().chain_update(&self.id).chain_update(text));
        }
        self.detectors = Detector::ALL.map(|detector| {
            let treatment = detectors[detector as usize].clone();
            (treatment != Treatment::Keep)
                .then(|| Rule::added(detector.name().to_owned(), treatment))
        });
        self.record_rules = record_rules;
        self.additions = additions;
        self
    }

    /// The rule for the member `name`, and whether the name is its plural.
    pub(super) fn for_member(&self, name: &str) -> Option<(&Rule, bool)> {
        let found = self.keys.find(&self.rules, name.as_bytes())?;
        Some((self.unless_kept(found.rule)?, found.plural))
    }

    fn unless_kept(&self, rule: usize) -> Option<&Rule> {
        Some(&self.rules[rule]).filter(|rule| rule.treatment != Treatment::Keep)
    }

    /// The rule for the name at the end of `text`, whether the name is its plural, and where in `text`
    /// the name's words begin.
    pub(super) fn for_name_at_end(&self, text: &[u8]) -> Option<(&Rule, bool, usize)> {
        let found = self.keys.find(&self.rules, text)?;
        Some((self.unless_kept(found.rule)?, found.plural, found.start))
    }

    /// What becomes of what a detector finds; `None` where it is switched off.
    pub(super) fn for_detector(&self, detector: Detector) -> Option<&Rule> {
        self.detectors[detector as usize].as_ref()
    }

    pub(super) fn id(&self) -> &str {
        &self.id
    }
}

fn maps_are_sorted() -> bool {
    let names = ["b", "a"].map(|name| (name.to_owned(), Value::Null));
    Map::from_iter(names).keys().is_sorted()
}

fn identify(rules: &[Rule]) -> String {
    let mut hash = Sha256::new();
    let mut line = String::from(REVISION);
    for rule in rules {
        hash.update(line.as_bytes());
        line.clear();
        let class = match &rule.treatment {
            Treatment::Redact => "",
            Treatment::Pseudonymize { class } => class,
            Treatment::Mask => "mask",
            Treatment::Drop => "drop",
            Treatment::Generalize(Generalization::Year) => "year",
            Treatment::Generalize(Generalization::Age) => "age",
            Treatment::Generalize(Generalization::Zip) => "zip",
            Treatment::Keep => "keep",
        };
        let _ = write!(
            line,
            "\n{} {class} {:?} {:?}",
            rule.name, rule.extent, rule.harmless_after
        );
    }
    hash.update(line.as_bytes());
    hexadecimal(hash)
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
