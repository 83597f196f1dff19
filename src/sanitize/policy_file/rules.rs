use std::collections::HashMap;
use std::ops::Range;

use toml::Spanned;
use toml::de::DeTable;

use super::error::PolicyFileError;
use super::reader::{Document, Members, Value};
use crate::sanitize::SanitizerError;
use crate::sanitize::action::Action;
use crate::sanitize::additions::Additions;
use crate::sanitize::keys;
use crate::sanitize::rule_set::{self, RuleSet};

/// The sections in which rules stand, for all tools or for some.
pub(super) const SECTIONS: [&str; 4] = ["detectors", "keys", "path", "pattern"];

/// Reads rules, each of which is tried alone so that an error tells its place.
struct Rules<'d, 't> {
    document: &'d Document<'t>,
    rules: RuleSet,
    /// What becomes of each name, by its letters.
    keys: HashMap<Vec<u8>, Action>,
    /// Patterns and paths until now.
    additions: Additions,
}

/// Takes the rules out of `members`.
pub(super) fn read<'t>(
    document: &Document<'t>,
    members: &mut Members<'t>,
) -> Result<RuleSet, PolicyFileError> {
    let mut rules = Rules {
        document,
        rules: RuleSet::default(),
        keys: HashMap::new(),
        additions: Additions::default(),
    };
    if let Some(keys) = members.take("keys") {
        rules.keys(document.table(keys)?)?;
    }
    if let Some(detectors) = members.take("detectors") {
        rules.detectors(document.table(detectors)?)?;
    }
    if let Some(patterns) = members.take("pattern") {
        for pattern in document.list(patterns, "tables: write [[pattern]]")? {
            rules.pattern(pattern)?;
        }
    }
    if let Some(paths) = members.take("path") {
        for path in document.list(paths, "tables: write [[path]]")? {
            rules.path(path)?;
        }
    }
    Ok(rules.rules)
}

impl<'t> Rules<'_, 't> {
    fn keys(&mut self, table: DeTable<'t>) -> Result<(), PolicyFileError> {
        const KNOWN: [&str; 5] = ["drop", "keep", "mask", "pseudonymize", "redact"];
        let mut members = self.document.members(table, &KNOWN)?;
        for (list, action) in [
            ("redact", Action::Redact),
            ("mask", Action::Mask),
            ("drop", Action::Drop),
            ("keep", Action::Keep),
        ] {
            let Some(names) = members.take(list) else {
                continue;
            };
            for name in self.document.list(names, "member names")? {
                let name = self.document.text_of(name)?;
                self.key(&name.span(), name.get_ref(), action.clone())?;
            }
        }
        if let Some(classes) = members.take("pseudonymize") {
            for (name, class) in self.document.table(classes)? {
                let class = self.document.text_of(class)?.into_inner();
                self.key(&name.span(), name.get_ref(), Action::Pseudonymize(class))?;
            }
        }
        Ok(())
    }

    fn key(
        &mut self,
        span: &Range<usize>,
        name: &str,
        action: Action,
    ) -> Result<(), PolicyFileError> {
        let mut alone = RuleSet::default();
        alone.key(name.to_owned(), action.clone());
        let tried = alone.added_names().map(drop);
        self.tried(span, tried)?;
        let letters = keys::letters(name);
        if let Some(other) = self.keys.get(&letters)
            && *other != action
        {
            let name = keys::snake_case(name);
            return Err(self
                .document
                .rule_error(span, SanitizerError::ConflictingRules { name }));
        }
        self.keys.insert(letters, action.clone());
        self.rules.key(name.to_owned(), action);
        Ok(())
    }

    fn detectors(&mut self, table: DeTable<'t>) -> Result<(), PolicyFileError> {
        for (name, value) in table {
            let mut alone = RuleSet::default();
            alone.detector(name.get_ref().to_string(), Action::Keep);
            let tried = alone.set_detectors(&mut rule_set::default_detectors());
            self.tried(&name.span(), tried)?;
            // The class of what a detector finds is called as the detector is.
            let action = self.choose(value, name.get_ref())?;
            self.rules.detector(name.get_ref().to_string(), action);
        }
        Ok(())
    }

    fn pattern(&mut self, value: Value<'t>) -> Result<(), PolicyFileError> {
        let whole = value.span();
        let table = self.document.table(value)?;
        let known = ["action", "class", "name", "regex"];
        let mut members = self.document.members(table, &known)?;
        let name = self.required(&mut members, "name", &whole)?;
        let regex = self.required(&mut members, "regex", &whole)?;
        let action = self.action(&mut members, &whole)?;
        let mut alone = RuleSet::default();
        alone.pattern(
            name.get_ref().clone(),
            regex.get_ref().clone(),
            action.clone(),
        );
        let tried = alone.add_to(&mut self.additions);
        let span = match tried {
            Err(SanitizerError::InvalidRuleName { .. }) => name.span(),
            _ => regex.span(),
        };
        self.tried(&span, tried)?;
        self.rules
            .pattern(name.into_inner(), regex.into_inner(), action);
        Ok(())
    }

    fn path(&mut self, value: Value<'t>) -> Result<(), PolicyFileError> {
        let whole = value.span();
        let table = self.document.table(value)?;
        let known = ["action", "class", "path"];
        let mut members = self.document.members(table, &known)?;
        let path = self.required(&mut members, "path", &whole)?;
        let action = self.action(&mut members, &whole)?;
        let mut alone = RuleSet::default();
        alone.path(path.get_ref().clone(), action.clone());
        let tried = alone.add_to(&mut self.additions);
        self.tried(&path.span(), tried)?;
        self.rules.path(path.into_inner(), action);
        Ok(())
    }

    /// The members `action` and `class`.
    fn action(
        &self,
        members: &mut Members<'t>,
        whole: &Range<usize>,
    ) -> Result<Action, PolicyFileError> {
        let class = members.take("class");
        let Some(value) = members.take("action") else {
            return Err(self.missing("action", whole));
        };
        let span = value.span();
        // The class is not known yet.
        let action = self.choose(value, "class")?;
        match (action, class) {
            (Action::Pseudonymize(_), Some(class)) => {
                let class = self.document.text_of(class)?;
                let action = Action::pseudonymize(class.get_ref().as_str());
                self.tried(&class.span(), action.treatment().map(drop))?;
                Ok(action)
            }
            (Action::Pseudonymize(_), None) => Err(self.document.error(
                &span,
                "pseudonyms need a class: write class = \"…\" beside it",
            )),
            (_, Some(class)) => Err(self.document.error(
                &class.span(),
                "only pseudonyms have a class: remove it, or write action = \"pseudonymize\"",
            )),
            (action, None) => Ok(action),
        }
    }

    fn choose(&self, value: Value<'t>, class: &str) -> Result<Action, PolicyFileError> {
        let actions = actions(class);
        let choices: Vec<(&str, &Action)> = actions
            .iter()
            .map(|(name, action)| (*name, action))
            .collect();
        self.document.choice(value, &choices).cloned()
    }

    fn required(
        &self,
        members: &mut Members<'t>,
        name: &str,
        whole: &Range<usize>,
    ) -> Result<Spanned<String>, PolicyFileError> {
        match members.take(name) {
            Some(value) => self.document.text_of(value),
            None => Err(self.missing(name, whole)),
        }
    }

    fn missing(&self, name: &str, whole: &Range<usize>) -> PolicyFileError {
        let problem = format!("{name} is missing here: write {name} = \"…\"");
        self.document.error(whole, problem)
    }

    fn tried(
        &self,
        span: &Range<usize>,
        tried: Result<(), SanitizerError>,
    ) -> Result<(), PolicyFileError> {
        tried.map_err(|source| self.document.rule_error(span, source))
    }
}

fn actions(class: &str) -> [(&'static str, Action); 5] {
    [
        ("redact", Action::Redact),
        ("mask", Action::Mask),
        ("drop", Action::Drop),
        ("keep", Action::Keep),
        ("pseudonymize", Action::pseudonymize(class)),
    ]
}
