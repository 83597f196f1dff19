use std::ops::Range;
use std::path::Path;

use toml::Spanned;
use toml::de::{DeString, DeTable, DeValue};

use super::error::{Place, PolicyFileError};
use crate::sanitize::SanitizerError;
use crate::sanitize::error::{nearest, quotable};

/// The text that is read, for telling places in it.
pub(crate) struct Document<'t> {
    text: &'t str,
    origin: &'t Path,
}

/// A value, and where it stands.
pub(crate) type Value<'t> = Spanned<DeValue<'t>>;

/// The members of a table, all of which are known.
pub(crate) struct Members<'t> {
    table: DeTable<'t>,
}

impl<'t> Document<'t> {
    pub(crate) fn new(text: &'t str, origin: &'t Path) -> Self {
        Self { text, origin }
    }

    pub(crate) fn origin(&self) -> &'t Path {
        self.origin
    }

    pub(crate) fn place(&self, span: &Range<usize>) -> Place {
        let before = self.text.get(..span.start).unwrap_or(self.text);
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        Place {
            origin: self.origin.to_owned(),
            line: before.bytes().filter(|byte| *byte == b'\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
        }
    }

    pub(crate) fn error(&self, span: &Range<usize>, problem: impl Into<String>) -> PolicyFileError {
        PolicyFileError::Invalid {
            place: self.place(span),
            problem: problem.into(),
        }
    }

    pub(crate) fn rule_error(
        &self,
        span: &Range<usize>,
        source: SanitizerError,
    ) -> PolicyFileError {
        PolicyFileError::Rule {
            place: self.place(span),
            source,
        }
    }

    /// The members of `table`, where all of them are `known`.
    pub(crate) fn members(
        &self,
        table: DeTable<'t>,
        known: &[&'static str],
    ) -> Result<Members<'t>, PolicyFileError> {
        let unknown = table
            .keys()
            .filter(|key| !known.contains(&key.get_ref().as_ref()))
            .min_by_key(|key| key.span().start);
        if let Some(key) = unknown {
            return Err(self.unknown(key, known));
        }
        Ok(Members { table })
    }

    fn unknown(&self, key: &Spanned<DeString<'_>>, known: &[&'static str]) -> PolicyFileError {
        let name = key.get_ref();
        let remedy = if !known.contains(&"preset") && super::MEMBERS.contains(&name.as_ref()) {
            "write it before the first [section], or in a section of its own".to_owned()
        } else {
            format!("did you mean {}?", nearest(name, known.iter().copied()))
        };
        let problem = format!("there is no member {:?} here: {remedy}", quotable(name));
        self.error(&key.span(), problem)
    }

    pub(crate) fn table(&self, value: Value<'t>) -> Result<DeTable<'t>, PolicyFileError> {
        let span = value.span();
        match value.into_inner() {
            DeValue::Table(table) => Ok(table),
            _ => Err(self.error(
                &span,
                "this is no table: write it as [section] or { member = … }",
            )),
        }
    }

    pub(crate) fn text_of(&self, value: Value<'t>) -> Result<Spanned<String>, PolicyFileError> {
        let span = value.span();
        match value.into_inner() {
            DeValue::String(text) => Ok(Spanned::new(span, text.into_owned())),
            _ => Err(self.error(&span, "this is no string: put it in quotes")),
        }
    }

    /// A list, or its one item.
    pub(crate) fn list(
        &self,
        value: Value<'t>,
        of: &str,
    ) -> Result<impl Iterator<Item = Value<'t>> + use<'t>, PolicyFileError> {
        let span = value.span();
        match value.into_inner() {
            DeValue::Array(items) => Ok(items.into_iter()),
            _ => Err(self.error(
                &span,
                format!("this is no list of {of}: put it in brackets"),
            )),
        }
    }

    /// The one of `choices` that a string names.
    pub(crate) fn choice<T: Copy>(
        &self,
        value: Value<'t>,
        choices: &[(&str, T)],
    ) -> Result<T, PolicyFileError> {
        let text = self.text_of(value)?;
        let found = choices.iter().find(|(name, _)| name == text.get_ref());
        found.map(|(_, choice)| *choice).ok_or_else(|| {
            let names: Vec<&str> = choices.iter().map(|(name, _)| *name).collect();
            let said = quotable(text.get_ref());
            let problem = format!(
                "{said:?} is not known here: write one of {}",
                names.join(", ")
            );
            self.error(&text.span(), problem)
        })
    }
}

impl<'t> Members<'t> {
    pub(crate) fn take(&mut self, name: &str) -> Option<Value<'t>> {
        self.table.remove(name)
    }
}
