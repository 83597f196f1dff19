//! One rule: which names of members are sensitive, and what becomes of their values.

use std::fmt::Write;

use super::complaint;
use super::generalize::Generalization;
use super::keys::{self, Key, KeyForm};
use super::spared::Spared;
use super::value_shape::Shape;
use crate::tree::Tree;

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

/// What is said of tokens and keys in general: `"HttpTokens": "required"`.
const SWITCHES: &[&str] = &["allowed", "disabled", "enabled", "optional", "required"];

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
        self.spared.is_spared(text) || self.hears_complaints() && complaint::is_one(text)
    }

    /// True for a value under one of the rule's names that is looked through as if it had none.
    pub(super) fn spares_value(&self, value: &Tree<'_>, plural: bool) -> bool {
        self.spared.is_spared_value(value, plural)
            || plural && value.as_str().is_some_and(|text| SWITCHES.contains(&text))
            // Of texts it is asked where one is met.
            || !value.is_string() && self.hears_complaints() && complaint::is_told(value)
    }

    /// True where what validators say may stand under the rule's names, which is theirs by default.
    pub(super) fn hears_complaints(&self) -> bool {
        // A recovery phrase is made of such words itself.
        self.group.is_some() && *self.name != *"recovery_code"
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

    /// True for what persons alone have: a plain "name" beside it is a person's.
    pub(super) fn is_of_persons_alone(&self) -> bool {
        matches!(
            &*self.name,
            "date_of_birth"
                | "drivers_license"
                | "medicare_id"
                | "national_id"
                | "nhs_number"
                | "passport"
                | "ssn"
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
        matches!(self.spared, Spared::Containers | Spared::Messages)
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

/// All that tells one rule from another, in one line.
pub(super) fn describe(rule: &Rule) -> String {
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

/// A member name in the form in which rules bear it, where it can name one.
pub(super) fn fold_rule_name(name: &str) -> Option<String> {
    let letters = keys::letters(name).len();
    let folded = keys::snake_case(name);
    let fits = (1..=keys::MAX_LETTERS).contains(&letters)
        && (1..=super::marker::MAX_RULE_NAME).contains(&folded.len());
    fits.then_some(folded)
}
