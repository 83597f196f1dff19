use std::collections::HashMap;
use std::ops::Range;

use toml::de::{DeTable, DeValue};

use super::error::PolicyFileError;
use super::reader::{Document, Value};
use crate::record::{Policy, RetentionClass};
use crate::sanitize::error::quotable;

const MEMBERS: [&str; 3] = ["class", "default", "subject_class"];
const OF_CLASS: [&str; 4] = ["days", "forever", "tools", "years"];

/// A thousand years, of which a date of four digits for the year can still be made.
const MOST_YEARS: u32 = 1_000;
const MOST_DAYS: u32 = 365_250;

/// What a policy file says of how long records are kept.
#[derive(Debug, Clone, Default)]
pub(super) struct Retention {
    classes: Vec<RetentionClass>,
    default: Option<String>,
    subject_class: Option<String>,
}

impl Retention {
    /// Adds the classes to a policy.
    pub(super) fn add_to(&self, mut policy: Policy) -> Policy {
        for class in &self.classes {
            policy = if self.default.as_deref() == Some(class.name()) {
                policy.default_class(class.clone())
            } else {
                policy.class(class.clone())
            };
        }
        match &self.subject_class {
            Some(class) => policy.subject_class(class),
            None => policy,
        }
    }
}

pub(super) fn read<'t>(
    document: &Document<'t>,
    section: Value<'t>,
) -> Result<Retention, PolicyFileError> {
    let mut members = document.members(document.table(section)?, &MEMBERS)?;
    let mut reading = Reading {
        document,
        tools: HashMap::new(),
        retention: Retention::default(),
    };
    if let Some(classes) = members.take("class") {
        for (name, table) in document.table(classes)? {
            let place = name.span();
            reading.class(&place, name.get_ref(), document.table(table)?)?;
        }
    }
    reading.retention.default = members
        .take("default")
        .map(|name| reading.named(name))
        .transpose()?;
    reading.retention.subject_class = members
        .take("subject_class")
        .map(|name| reading.named(name))
        .transpose()?;
    Ok(reading.retention)
}

struct Reading<'d, 't> {
    document: &'d Document<'t>,
    /// Which class has a tool.
    tools: HashMap<String, String>,
    retention: Retention,
}

impl<'t> Reading<'_, 't> {
    fn class(
        &mut self,
        place: &Range<usize>,
        name: &str,
        table: DeTable<'t>,
    ) -> Result<(), PolicyFileError> {
        let document = self.document;
        let mut letters = name.bytes();
        let is_name = name.len() <= 64
            && name != "admin"
            && letters
                .next()
                .is_some_and(|first| first.is_ascii_lowercase())
            && letters.all(|letter| {
                letter.is_ascii_lowercase()
                    || letter.is_ascii_digit()
                    || matches!(letter, b'-' | b'_')
            });
        if !is_name {
            let problem = format!(
                "{:?} can name no log: write lower-case letters, digits, - and _, at most 64, a letter first, and not admin",
                quotable(name)
            );
            return Err(document.error(place, problem));
        }
        let mut members = document.members(table, &OF_CLASS)?;
        let mut class = RetentionClass::new(name);
        let forever = members.take("forever").map(|value| self.is_true(value));
        let forever = forever.transpose()?.unwrap_or(false);
        let days = members.take("days");
        let years = members.take("years");
        if forever == (days.is_some() || years.is_some()) {
            let problem = if forever {
                "this class is kept forever, and says days or years: leave one of them out"
            } else {
                "this class says neither days nor years: say how long its records are kept, or forever = true"
            };
            return Err(document.error(place, problem));
        }
        if let Some(days) = days {
            class = class.days(self.number(days, MOST_DAYS)?);
        }
        if let Some(years) = years {
            class = class.years(self.number(years, MOST_YEARS)?);
        }
        if let Some(tools) = members.take("tools") {
            for tool in document.list(tools, "names of tools")? {
                let tool = document.text_of(tool)?;
                let place = tool.span();
                let tool = tool.into_inner();
                if tool.is_empty() {
                    return Err(document.error(&place, "this tool has no name: name it"));
                }
                let other = self.tools.insert(tool.clone(), name.to_owned());
                if let Some(other) = other.filter(|other| other != name) {
                    let problem = format!(
                        "the class {other} has the tool {:?} too: leave it to one of them",
                        quotable(&tool)
                    );
                    return Err(document.error(&place, problem));
                }
                class = class.tools([tool]);
            }
        }
        self.retention.classes.push(class);
        Ok(())
    }

    fn is_true(&self, value: Value<'t>) -> Result<bool, PolicyFileError> {
        let place = value.span();
        match value.into_inner() {
            DeValue::Boolean(is_true) => Ok(is_true),
            _ => Err(self
                .document
                .error(&place, "this is neither true nor false: write one of them")),
        }
    }

    fn number(&self, value: Value<'t>, most: u32) -> Result<u32, PolicyFileError> {
        let place = value.span();
        let number = match value.into_inner() {
            DeValue::Integer(digits) => u32::from_str_radix(digits.as_str(), digits.radix()).ok(),
            _ => None,
        };
        number.filter(|number| *number <= most).ok_or_else(|| {
            let problem = format!("this is no whole number from 0 to {most}: write one");
            self.document.error(&place, problem)
        })
    }

    /// The name of a class that is there.
    fn named(&self, value: Value<'t>) -> Result<String, PolicyFileError> {
        let name = self.document.text_of(value)?;
        let classes = &self.retention.classes;
        if !classes.iter().any(|class| class.name() == name.get_ref()) {
            let problem = format!(
                "there is no class {:?} here: write [retention.class.…] for it",
                quotable(name.get_ref())
            );
            return Err(self.document.error(&name.span(), problem));
        }
        Ok(name.into_inner())
    }
}
