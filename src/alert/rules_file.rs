use std::error::Error;
use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::time::Duration;

use toml::de::{DeTable, DeValue};

use super::{Grouping, Rule, Rules, Severity};
#[cfg(feature = "time-zones")]
use super::{RuleError, WorkingHours};
use crate::call::Outcome;
use crate::sanitize::reader::{Document, Members, Value};
use crate::sanitize::{Place, PolicyFileError};

/// The largest file.
const MAX_BYTES: usize = 256 * 1024;

/// Members that every rule has.
const COMMON: [&str; 5] = ["id", "when", "severity", "window", "most_keys"];

/// What a rule is about, by the word in `when`, and the members of its own.
#[derive(Clone, Copy)]
enum When {
    SameSubject,
    ManySubjects,
    FailureRate,
    FirstUse,
    OutsideHours,
    Burst,
    BreakGlass,
    EntriesLost,
    ChainDamaged,
}

const WHEN: [(&str, When); 9] = [
    ("same_subject", When::SameSubject),
    ("many_subjects", When::ManySubjects),
    ("failure_rate", When::FailureRate),
    ("first_use", When::FirstUse),
    ("outside_hours", When::OutsideHours),
    ("burst", When::Burst),
    ("break_glass", When::BreakGlass),
    ("entries_lost", When::EntriesLost),
    ("chain_damaged", When::ChainDamaged),
];

impl When {
    fn members(self) -> &'static [&'static str] {
        match self {
            Self::SameSubject | Self::ManySubjects => &["count", "tools"],
            Self::FailureRate => &["rate", "least_calls", "tools"],
            Self::FirstUse => &["learn_for", "tools"],
            Self::OutsideHours => &["time_zone", "days", "from", "to", "tools"],
            Self::Burst => &["count", "outcomes", "by", "tools"],
            Self::BreakGlass => &["tools"],
            Self::EntriesLost | Self::ChainDamaged => &[],
        }
    }
}

impl Rules {
    /// Reads the rules in the text of a TOML file; errors name `origin`, its path.
    ///
    #[doc = include_str!("../docs/alerts.md")]
    /// ```toml
    #[doc = include_str!("../../examples/alerts.toml")]
    /// ```
    ///
    /// # From code
    /// ```
    /// use tool_audit::alert::Rules;
    ///
    /// let text = "[[rule]]\nid = \"often\"\nwhen = \"same_subject\"\ncount = 10\nwindow = \"1h\"\n";
    /// let rules = Rules::from_toml(text, "alerts.toml")?;
    /// assert_eq!(rules.iter().count(), 1);
    ///
    /// let error = Rules::from_toml("[[rule]]\nid = \"often\"\nwhen = \"often\"\n", "alerts.toml");
    /// assert!(error.unwrap_err().to_string().starts_with("alerts.toml, line 3, column 8: "));
    /// # Ok::<(), tool_audit::alert::RulesFileError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// The text is no TOML, has members or words that are not known, or rules that cannot hold; with line and column.
    pub fn from_toml(text: &str, origin: impl AsRef<Path>) -> Result<Self, RulesFileError> {
        let document = Document::new(text, origin.as_ref());
        if text.len() > MAX_BYTES {
            let problem = "the file is larger than 256 KiB: leave rules out";
            return Err(document.error(&(0..0), problem).into());
        }
        let table = DeTable::parse(text).map_err(|error| {
            let span = error.span().unwrap_or_default();
            let problem = format!("this is not TOML: {}: correct it", error.message());
            document.error(&span, problem)
        })?;
        let mut members = document.members(table.into_inner(), &["rule"])?;
        let Some(list) = members.take("rule") else {
            let problem = "there is no rule here: write one as [[rule]]";
            return Err(document.error(&(0..0), problem).into());
        };
        let mut rules = Vec::new();
        let mut places = Vec::new();
        for table in document.list(list, "rules")? {
            let span = table.span();
            let rule = rule(&document, table)?;
            if let Some(problem) = rule.problem() {
                return Err(document.error(&span, problem).into());
            }
            places.push((rule.id.clone(), span));
            rules.push(rule);
        }
        Self::new(rules).map_err(|error| {
            // Of two that have one id the later one is wrong.
            let place = places.iter().rfind(|(id, _)| id == error.id());
            let span = place.map(|(_, span)| span.clone()).unwrap_or_default();
            document.error(&span, error.problem()).into()
        })
    }

    /// Reads the rules in a TOML file: see [`from_toml`](Self::from_toml).
    ///
    /// # Errors
    ///
    /// It cannot be read, or as [`from_toml`](Self::from_toml) says.
    pub fn from_file(path: impl AsRef<Path>) -> Result<Self, RulesFileError> {
        let path = path.as_ref();
        let failed = |source| RulesFileError::Read {
            path: path.to_owned(),
            source,
        };
        let mut text = String::new();
        let most = MAX_BYTES as u64 + 1;
        File::open(path)
            .and_then(|file| file.take(most).read_to_string(&mut text))
            .map_err(failed)?;
        Self::from_toml(&text, path)
    }
}

fn rule<'t>(document: &Document<'t>, value: Value<'t>) -> Result<Rule, RulesFileError> {
    let whole = value.span();
    let table = document.table(value)?;
    let when = table.get("when").cloned();
    let Some(when) = when else {
        let words: Vec<&str> = WHEN.iter().map(|(word, _)| *word).collect();
        let problem = format!("this rule has no `when`: write one of {}", words.join(", "));
        return Err(document.error(&whole, problem).into());
    };
    let when = document.choice(when, &WHEN)?;
    let mut known = COMMON.to_vec();
    known.extend_from_slice(when.members());
    let mut members = document.members(table, &known)?;
    let mut reader = Reader {
        document,
        members: &mut members,
        whole: whole.clone(),
    };
    let id = reader.needed("id", "an id, such as \"opened-often\"")?;
    let id = document.text_of(id)?.into_inner();
    let mut rule = match when {
        When::SameSubject => Rule::same_subject(id, reader.count()?, reader.window()?),
        When::ManySubjects => Rule::many_subjects(id, reader.count()?, reader.window()?),
        When::FailureRate => {
            let rate = reader.rate()?;
            let least = reader.whole_number("least_calls")?.unwrap_or(20);
            Rule::failure_rate(id, rate, least, reader.window()?)
        }
        When::FirstUse => {
            let rule = Rule::first_use(id, reader.window()?);
            match reader.length("learn_for")? {
                Some(time) => rule.learn_for(time),
                None => rule,
            }
        }
        When::OutsideHours => reader.outside_hours(id)?,
        When::Burst => reader.burst(id)?,
        When::BreakGlass => Rule::break_glass(id),
        When::EntriesLost => Rule::entries_lost(id),
        When::ChainDamaged => Rule::chain_damaged(id),
    };
    if let Some(window) = reader.length("window")? {
        rule = rule.window(window);
    }
    if let Some(severity) = reader.members.take("severity") {
        let choices = Severity::ALL.map(|one| (one.as_str(), one));
        rule = rule.severity(document.choice(severity, &choices)?);
    }
    if let Some(keys) = reader.whole_number("most_keys")? {
        rule = rule.most_keys(keys as usize);
    }
    Ok(rule.tools(reader.texts("tools", "tools' names or patterns")?))
}

/// Reads the members of one rule.
struct Reader<'a, 't> {
    document: &'a Document<'t>,
    members: &'a mut Members<'t>,
    whole: Range<usize>,
}

impl<'t> Reader<'_, 't> {
    fn needed(&mut self, name: &str, what: &str) -> Result<Value<'t>, RulesFileError> {
        let value = self.members.take(name);
        value.ok_or_else(|| self.missing(name, what))
    }

    fn missing(&self, name: &str, what: &str) -> RulesFileError {
        let problem = format!("this rule has no `{name}`: give it {what}");
        self.document.error(&self.whole, problem).into()
    }

    fn error<T>(&self, span: &Range<usize>, problem: &str) -> Result<T, RulesFileError> {
        Err(self.document.error(span, problem).into())
    }

    fn whole_number(&mut self, name: &str) -> Result<Option<u32>, RulesFileError> {
        let Some(value) = self.members.take(name) else {
            return Ok(None);
        };
        let span = value.span();
        let number = match value.into_inner() {
            DeValue::Integer(number) => u32::from_str_radix(number.as_str(), number.radix()).ok(),
            _ => None,
        };
        match number {
            Some(number) => Ok(Some(number)),
            None => self.error(
                &span,
                "this is no whole number from 0 on: write one, such as 10",
            ),
        }
    }

    fn count(&mut self) -> Result<u32, RulesFileError> {
        let count = self.whole_number("count")?;
        count.ok_or_else(|| self.missing("count", "a number of times"))
    }

    fn rate(&mut self) -> Result<f64, RulesFileError> {
        let value = self.needed("rate", "a part of all calls, such as 0.5")?;
        let span = value.span();
        let rate = match value.into_inner() {
            DeValue::Float(number) => number.as_str().parse().ok(),
            DeValue::Integer(number) => number.as_str().parse().ok(),
            _ => None,
        };
        match rate {
            Some(rate) => Ok(rate),
            None => self.error(&span, "this is no number: write one, such as 0.5"),
        }
    }

    /// The window of a rule that has none of itself.
    fn window(&mut self) -> Result<Duration, RulesFileError> {
        let window = self.length("window")?;
        window.ok_or_else(|| self.missing("window", "a length of time, such as \"1h\""))
    }

    fn length(&mut self, name: &str) -> Result<Option<Duration>, RulesFileError> {
        let Some(value) = self.members.take(name) else {
            return Ok(None);
        };
        let text = self.document.text_of(value)?;
        match length(text.get_ref()) {
            Some(length) => Ok(Some(length)),
            None => self.error(
                &text.span(),
                "this is no length of time: write a whole number and s, m, h or d, such as \"15m\"",
            ),
        }
    }

    fn texts(&mut self, name: &str, of: &str) -> Result<Vec<String>, RulesFileError> {
        let Some(list) = self.members.take(name) else {
            return Ok(Vec::new());
        };
        let texts = self.document.list(list, of)?;
        texts
            .map(|text| Ok(self.document.text_of(text)?.into_inner()))
            .collect()
    }

    fn burst(&mut self, id: String) -> Result<Rule, RulesFileError> {
        let mut rule = Rule::burst(id, self.count()?, self.window()?);
        if let Some(list) = self.members.take("outcomes") {
            let choices = Outcome::ALL.map(|one| (one.as_str(), one));
            let mut outcomes = Vec::new();
            for outcome in self.document.list(list, "outcomes")? {
                outcomes.push(self.document.choice(outcome, &choices)?);
            }
            rule = rule.outcomes(outcomes);
        }
        if let Some(by) = self.members.take("by") {
            let choices = [
                ("user", Grouping::User),
                ("tool", Grouping::Tool),
                ("everybody", Grouping::Everybody),
            ];
            rule = rule.by(self.document.choice(by, &choices)?);
        }
        Ok(rule)
    }

    #[cfg(feature = "time-zones")]
    fn outside_hours(&mut self, id: String) -> Result<Rule, RulesFileError> {
        use chrono::Weekday;

        let zone = self.needed("time_zone", "an IANA name, such as \"Europe/Berlin\"")?;
        let zone = self.document.text_of(zone)?;
        let mut hours = WorkingHours::new(zone.get_ref())
            .map_err(|error| self.rule_error(&zone.span(), &error))?;
        if let Some(list) = self.members.take("days") {
            let choices = [
                ("mon", Weekday::Mon),
                ("tue", Weekday::Tue),
                ("wed", Weekday::Wed),
                ("thu", Weekday::Thu),
                ("fri", Weekday::Fri),
                ("sat", Weekday::Sat),
                ("sun", Weekday::Sun),
            ];
            let mut days = Vec::new();
            for day in self.document.list(list, "days")? {
                days.push(self.document.choice(day, &choices)?);
            }
            hours = hours.days(days);
        }
        let mut times = ["08:00".to_owned(), "18:00".to_owned()];
        for (name, time) in ["from", "to"].into_iter().zip(&mut times) {
            let Some(value) = self.members.take(name) else {
                continue;
            };
            let text = self.document.text_of(value)?;
            let span = text.span();
            *time = text.into_inner();
            // Each by itself, so that the error names the one that is wrong.
            hours = hours
                .hours(time, time)
                .map_err(|error| self.rule_error(&span, &error))?;
        }
        let [from, to] = times;
        let hours = hours
            .hours(&from, &to)
            .map_err(|error| self.rule_error(&self.whole, &error))?;
        Ok(Rule::outside_hours(id, hours))
    }

    #[cfg(feature = "time-zones")]
    fn rule_error(&self, span: &Range<usize>, error: &RuleError) -> RulesFileError {
        self.document.error(span, error.problem()).into()
    }

    #[cfg(not(feature = "time-zones"))]
    fn outside_hours(&mut self, _id: String) -> Result<Rule, RulesFileError> {
        self.error(
            &self.whole,
            "this program was built without time zones: build it with the feature `time-zones`",
        )
    }
}

/// A whole number and a unit.
fn length(text: &str) -> Option<Duration> {
    let unit = text.chars().next_back()?;
    let seconds = match unit {
        's' => 1,
        'm' => 60,
        'h' => 3600,
        'd' => 86_400,
        _ => return None,
    };
    let digits = text.get(..text.len() - 1)?;
    let plain = digits.bytes().all(|byte| byte.is_ascii_digit());
    let number: u64 = digits.parse().ok().filter(|_| plain)?;
    number.checked_mul(seconds).map(Duration::from_secs)
}

/// Why a file of rules could not be used.
///
/// Its text names the file, the line and the column, and says what is wrong and what to do.
#[derive(Debug)]
#[non_exhaustive]
pub enum RulesFileError {
    /// The file could not be read.
    Read {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// The text is no TOML, has a member or a word that means nothing, or a rule that cannot hold.
    Invalid {
        /// Where.
        place: Place,
        /// What is wrong there, and what to do.
        problem: String,
    },
}

impl fmt::Display for RulesFileError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Read { path, source } => write!(
                formatter,
                "reading the rules {}: {source}: check the path",
                path.display()
            ),
            Self::Invalid { place, problem } => write!(formatter, "{place}: {problem}"),
        }
    }
}

impl Error for RulesFileError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Read { source, .. } => Some(source),
            Self::Invalid { .. } => None,
        }
    }
}

/// What reads TOML tells of places in it as it does for policies.
impl From<PolicyFileError> for RulesFileError {
    fn from(error: PolicyFileError) -> Self {
        match error {
            PolicyFileError::Read { path, source } => Self::Read { path, source },
            PolicyFileError::Invalid { place, problem } => Self::Invalid { place, problem },
            PolicyFileError::Rule { place, source } => Self::Invalid {
                place,
                problem: source.to_string(),
            },
            PolicyFileError::Rules { origin, source } => Self::Invalid {
                place: Place::beginning(origin),
                problem: source.to_string(),
            },
        }
    }
}
