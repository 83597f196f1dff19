use std::collections::BTreeSet;
use std::error::Error;
use std::fmt;
use std::time::Duration;

use super::Severity;
#[cfg(feature = "time-zones")]
use super::WorkingHours;
use crate::call::Outcome;

/// What a rule fires at.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Condition {
    SameSubject {
        count: u32,
    },
    ManySubjects {
        count: u32,
    },
    FailureRate {
        rate: f64,
        least_calls: u32,
    },
    FirstUse {
        learn_for: Duration,
    },
    #[cfg(feature = "time-zones")]
    OutsideHours(WorkingHours),
    Burst {
        count: u32,
        outcomes: Vec<Outcome>,
        by: Grouping,
    },
    BreakGlass,
    EntriesLost,
    ChainDamaged,
}

/// Whose calls a burst is counted over.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Grouping {
    /// Each user's by themselves.
    #[default]
    User,
    /// Each tool's by themselves.
    Tool,
    /// All together.
    Everybody,
}

/// One thing to watch for.
///
/// Windows are in the time of the records, not that of the machine which reads them, so a rule says the same
/// of live entries and of a log that is read back. Within its window a rule fires once for the same
/// subject, user, tool, call or log, whatever it counts by.
///
/// ```
/// use std::time::Duration;
/// use tool_audit::alert::{Rule, Rules, Severity};
///
/// let rules = Rules::new([
///     Rule::same_subject("record-opened-often", 10, Duration::from_secs(3600))
///         .tools(["get_patient", "search_*"]),
///     Rule::break_glass("break-glass").severity(Severity::Critical),
/// ])?;
/// # Ok::<(), tool_audit::alert::RuleError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
#[must_use]
pub struct Rule {
    pub(super) id: String,
    pub(super) severity: Severity,
    pub(super) window: Duration,
    pub(super) tools: Vec<String>,
    pub(super) most_keys: usize,
    pub(super) condition: Condition,
}

const DAY: Duration = Duration::from_secs(86_400);
const HOUR: Duration = Duration::from_secs(3600);
const MOST_WINDOW: Duration = Duration::from_secs(366 * 86_400);
const MOST_COUNT: u32 = 1000;
const MOST_KEYS: usize = 1_000_000;
const MOST_RULES: usize = 200;

impl Rule {
    /// How many keys (subjects, users, tools …) a rule remembers where nothing else is said.
    pub const KEYS: usize = 10_000;

    fn new(id: impl Into<String>, severity: Severity, window: Duration, on: Condition) -> Self {
        Self {
            id: id.into(),
            severity,
            window,
            tools: Vec::new(),
            most_keys: Self::KEYS,
            condition: on,
        }
    }

    /// The same subject is accessed `count` times within `window`, by whomever: ten in an hour fires at the
    /// tenth. A call that the tool never saw (`denied`, `rejected`, `never_polled`) and an interim answer are no access.
    pub fn same_subject(id: impl Into<String>, count: u32, window: Duration) -> Self {
        Self::new(id, Severity::High, window, Condition::SameSubject { count })
    }

    /// One user accesses `count` different subjects within `window`.
    pub fn many_subjects(id: impl Into<String>, count: u32, window: Duration) -> Self {
        Self::new(
            id,
            Severity::High,
            window,
            Condition::ManySubjects { count },
        )
    }

    /// Of the calls of a tool within `window`, at least `least_calls`, the part `rate` (0.5 is a half) ended neither
    /// well nor with an interim answer. The window is kept in sixtieths, so it is exact to that.
    pub fn failure_rate(
        id: impl Into<String>,
        rate: f64,
        least_calls: u32,
        window: Duration,
    ) -> Self {
        let condition = Condition::FailureRate { rate, least_calls };
        Self::new(id, Severity::Medium, window, condition)
    }

    /// A user calls a tool for the first time within `window`, as far as is remembered: a new log remembers
    /// nothing, so that every first call fires; [`learn_for`](Self::learn_for) gives it time.
    pub fn first_use(id: impl Into<String>, window: Duration) -> Self {
        let learn_for = Duration::ZERO;
        Self::new(id, Severity::Low, window, Condition::FirstUse { learn_for })
    }

    /// A user's call begins outside working hours. It fires once an hour for a user;
    /// [`window`](Self::window) changes that.
    #[cfg(feature = "time-zones")]
    #[cfg_attr(docsrs, doc(cfg(feature = "time-zones")))]
    pub fn outside_hours(id: impl Into<String>, hours: WorkingHours) -> Self {
        Self::new(id, Severity::Medium, HOUR, Condition::OutsideHours(hours))
    }

    /// `count` calls of one user ended `denied`, `rejected` or `cancelled` within `window`;
    /// [`outcomes`](Self::outcomes) and [`by`](Self::by) change what is counted.
    pub fn burst(id: impl Into<String>, count: u32, window: Duration) -> Self {
        let condition = Condition::Burst {
            count,
            outcomes: vec![Outcome::Denied, Outcome::Rejected, Outcome::Cancelled],
            by: Grouping::User,
        };
        Self::new(id, Severity::Medium, window, condition)
    }

    /// A call declares an emergency. It fires at the record of intent, before the tool has answered, once for each call.
    pub fn break_glass(id: impl Into<String>) -> Self {
        Self::new(id, Severity::Critical, DAY, Condition::BreakGlass)
    }

    /// A log could not take entries, and calls went on without it. It fires once an hour for a log.
    pub fn entries_lost(id: impl Into<String>) -> Self {
        Self::new(id, Severity::High, HOUR, Condition::EntriesLost)
    }

    /// A log is damaged: what its writer finds while it runs, or the verifier over stored logs. It fires once
    /// a day for a log.
    pub fn chain_damaged(id: impl Into<String>) -> Self {
        Self::new(id, Severity::Critical, DAY, Condition::ChainDamaged)
    }

    /// Changes the severity.
    pub fn severity(mut self, severity: Severity) -> Self {
        self.severity = severity;
        self
    }

    /// Changes the window, in which the rule counts and does not fire twice for the same key.
    pub fn window(mut self, window: Duration) -> Self {
        self.window = window;
        self
    }

    /// Watches the calls of these tools alone: names, or patterns with `*`. Losses and damage are no
    /// tool's.
    pub fn tools<I>(mut self, tools: I) -> Self
    where
        I: IntoIterator,
        I::Item: Into<String>,
    {
        self.tools.extend(tools.into_iter().map(Into::into));
        self
    }

    /// How many keys the rule remembers: subjects, users, tools. The default is [`Rule::KEYS`].
    ///
    /// Where there are more, the eighth that was not seen for the longest time is forgotten, and counted
    /// ([`DetectorStats::forgotten`](super::DetectorStats::forgotten)): what was counted of them begins anew. All keys
    /// of a rule together remember at most 100,000 calls, so that it takes some 20 MB at the worst.
    pub fn most_keys(mut self, keys: usize) -> Self {
        self.most_keys = keys;
        self
    }

    /// For so long after the first record a rule about a first use learns, and does not fire. It changes
    /// nothing for other rules.
    pub fn learn_for(mut self, time: Duration) -> Self {
        if let Condition::FirstUse { learn_for } = &mut self.condition {
            *learn_for = time;
        }
        self
    }

    /// Which ends of calls make a burst. It changes nothing for other rules.
    pub fn outcomes(mut self, counted: impl IntoIterator<Item = Outcome>) -> Self {
        if let Condition::Burst { outcomes, .. } = &mut self.condition {
            *outcomes = counted.into_iter().collect();
        }
        self
    }

    /// Whose calls make a burst. It changes nothing for other rules.
    pub fn by(mut self, grouping: Grouping) -> Self {
        if let Condition::Burst { by, .. } = &mut self.condition {
            *by = grouping;
        }
        self
    }

    /// The rule's id.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// What is wrong with the rule, and what to do.
    pub(super) fn problem(&self) -> Option<String> {
        let is_plain =
            |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
        if self.id.is_empty() || self.id.len() > 64 || !self.id.bytes().all(is_plain) {
            return Some(
                "an id is 1 to 64 letters, digits, '-', '_' and '.': choose another".to_owned(),
            );
        }
        if self.window < Duration::from_secs(1) || self.window > MOST_WINDOW {
            return Some("its window is shorter than a second or longer than 366 days".to_owned());
        }
        if self.most_keys == 0 || self.most_keys > MOST_KEYS {
            return Some(format!(
                "it remembers 1 to {MOST_KEYS} keys: choose another number"
            ));
        }
        let wrong_count = |count: u32| {
            let wrong = !(1..=MOST_COUNT).contains(&count);
            wrong.then(|| format!("its count is not from 1 to {MOST_COUNT}: choose another"))
        };
        match &self.condition {
            Condition::SameSubject { count } | Condition::ManySubjects { count } => {
                wrong_count(*count)
            }
            Condition::FailureRate { rate, .. } => {
                let wrong = !(*rate > 0.0 && *rate <= 1.0);
                wrong.then(|| "its rate is not above 0 and at most 1: 0.5 is a half".to_owned())
            }
            Condition::FirstUse { learn_for } => (*learn_for > self.window)
                .then(|| "it learns for longer than its window: shorten it".to_owned()),
            Condition::Burst {
                count, outcomes, ..
            } => {
                let no_outcome = || "it counts no outcome: name one at least".to_owned();
                wrong_count(*count).or_else(|| outcomes.is_empty().then(no_outcome))
            }
            #[cfg(feature = "time-zones")]
            Condition::OutsideHours(_) => None,
            Condition::BreakGlass | Condition::EntriesLost | Condition::ChainDamaged => None,
        }
    }
}

/// A set of rules that can be watched for.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Rules(Vec<Rule>);

impl Rules {
    /// These rules, at most 200.
    ///
    /// # Errors
    ///
    /// A rule cannot hold as it is (its text says why), two have the same id, or there are too many.
    pub fn new(rules: impl IntoIterator<Item = Rule>) -> Result<Self, RuleError> {
        let rules: Vec<Rule> = rules.into_iter().collect();
        let mut ids = BTreeSet::new();
        for rule in &rules {
            let twice = || "another rule has this id: choose another".to_owned();
            let problem = rule
                .problem()
                .or_else(|| (!ids.insert(rule.id.as_str())).then(twice));
            if let Some(problem) = problem {
                return Err(RuleError::new(&rule.id, problem));
            }
        }
        if let Some(rule) = rules.get(MOST_RULES) {
            let problem = format!("there are more than {MOST_RULES} rules: leave some out");
            return Err(RuleError::new(&rule.id, problem));
        }
        Ok(Self(rules))
    }

    /// The rules in their order.
    pub fn iter(&self) -> impl Iterator<Item = &Rule> {
        self.0.iter()
    }

    /// How far back logs have to be read so that every rule knows what it would have known had it run all the time.
    pub(super) fn longest_window(&self) -> Duration {
        let windows = self.0.iter().map(|rule| rule.window);
        windows.max().unwrap_or_default()
    }
}

/// Why rules cannot be watched for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleError {
    id: String,
    problem: String,
}

impl RuleError {
    pub(super) fn new(id: &str, problem: String) -> Self {
        Self {
            id: id.to_owned(),
            problem,
        }
    }

    /// The rule's id.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// What is wrong, and what to do.
    #[must_use]
    pub fn problem(&self) -> &str {
        &self.problem
    }
}

impl fmt::Display for RuleError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "the rule {:?}: {}", self.id, self.problem)
    }
}

impl Error for RuleError {}
