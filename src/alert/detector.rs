use serde_json::{Map, Value, json};

use super::facts::{self, Facts};
use super::missed::Missed;
use super::rule::{Condition, Rules};
use super::watch::{SET_BACK, Watch, key_text};
use super::{Alert, DetectorStats};
use crate::log::LogId;
use crate::query::instant;

/// Rules, and what they remember of the records that went by.
///
/// It is given canonical records one after the other, as they are written, as a log holds them, or as several
/// logs merged by time give them, and says which rules fire. Its memory is bounded, as
/// [`Rule::most_keys`](super::Rule::most_keys) describes. It goes by the records' own time, and reads neither clock nor file.
///
/// ```
/// use std::time::Duration;
/// use tool_audit::alert::{Detector, Rule, Rules};
/// use tool_audit::{CallContext, EntryBuilder, Sanitizer};
///
/// let rules = Rules::new([Rule::same_subject("often", 3, Duration::from_secs(3600))])?;
/// let mut detector = Detector::new(&rules);
/// let call = EntryBuilder::new("get_patient").context(CallContext::new("c", "usr_9").subject("P-7"));
/// let fired: Vec<usize> = (0..5)
///     .map(|_| detector.observe(call.clone().build(&Sanitizer::default()).as_json()).len())
///     .collect();
/// assert_eq!(fired, [0, 0, 1, 0, 0]);
/// # Ok::<(), tool_audit::alert::RuleError>(())
/// ```
#[derive(Debug)]
pub struct Detector {
    watches: Vec<Watch>,
    /// The latest end of a call until now, and the first time that was seen.
    now: i64,
    since: Option<i64>,
    fired: u64,
}

impl Detector {
    /// Watches for these rules, and remembers nothing yet.
    #[must_use]
    pub fn new(rules: &Rules) -> Self {
        Self {
            watches: rules.iter().map(Watch::new).collect(),
            now: i64::MIN,
            since: None,
            fired: 0,
        }
    }

    /// Looks at one record, or at an entry that no log holds yet, as canonical JSON; gives the alerts of the rules that
    /// fire, in the order of the rules.
    ///
    /// What is no record is passed over, and so are records of kinds that no rule is about, `alert` among them.
    pub fn observe(&mut self, record: &str) -> Vec<Alert> {
        self.observe_bytes(record.as_bytes())
    }

    /// What it remembers, and what it had to forget.
    #[must_use]
    pub fn stats(&self) -> DetectorStats {
        DetectorStats {
            keys: self.watches.iter().map(|watch| watch.table.len()).sum(),
            forgotten: self.watches.iter().map(|watch| watch.table.forgotten).sum(),
            fired: self.fired,
        }
    }

    pub(crate) fn observe_bytes(&mut self, record: &[u8]) -> Vec<Alert> {
        let facts = Facts::of(record);
        facts.map_or_else(Vec::new, |facts| self.observe_facts(&facts))
    }

    fn observe_facts(&mut self, facts: &Facts<'_>) -> Vec<Alert> {
        match facts.kind {
            "tool_call" | "tool_call_started" => self.observe_call(facts),
            "entries_lost" => {
                let count = serde_json::from_slice(facts.count).unwrap_or(0);
                let reason = facts::text(facts.reason);
                let class = facts::text(facts.retention_class);
                self.observe_loss(facts.log, &class, (count, &reason), facts.end)
            }
            _ => Vec::new(),
        }
    }

    /// A log could not take `count` entries; `at` in microseconds since 1970.
    pub(crate) fn observe_loss(
        &mut self,
        log: Option<LogId>,
        class: &str,
        (count, reason): (u64, &str),
        at: i64,
    ) -> Vec<Alert> {
        self.move_on(at);
        let mut detail = Map::new();
        detail.insert("count".to_owned(), json!(count));
        detail.insert("reason".to_owned(), json!(reason));
        let is_about = |on: &Condition| matches!(on, Condition::EntriesLost);
        self.about_log(is_about, log, class, &detail, at)
    }

    /// A log was found damaged; `damage` says in a word or two how.
    pub(crate) fn observe_damage(
        &mut self,
        log: Option<LogId>,
        class: &str,
        damage: &str,
        at: i64,
    ) -> Vec<Alert> {
        self.move_on(at);
        let mut detail = Map::new();
        detail.insert("damage".to_owned(), json!(damage));
        let is_about = |on: &Condition| matches!(on, Condition::ChainDamaged);
        self.about_log(is_about, log, class, &detail, at)
    }

    /// Takes a record of the past into memory: nothing comes of it here. The alerts that the rules would have
    /// given stay in `missed` until a record says that they were given.
    pub(super) fn remember(&mut self, record: &[u8], missed: &mut Missed) {
        let Some(facts) = Facts::of(record) else {
            return;
        };
        if facts.kind == "alert" {
            self.remember_alert(&facts, missed);
            return;
        }
        let fired = self.fired;
        for alert in self.observe_facts(&facts) {
            if missed.is_full() {
                missed.keep(|alert| self.is_due(alert));
            }
            if self.is_due(&alert) {
                missed.add(alert);
            }
        }
        self.fired = fired;
    }

    fn remember_alert(&mut self, facts: &Facts<'_>, missed: &mut Missed) {
        let id = facts::text(facts.rule);
        let detail: Map<String, Value> = serde_json::from_slice(facts.detail).unwrap_or_default();
        missed.forget(&id, &detail);
        let at = detail.get("at").and_then(Value::as_str);
        let at = at.and_then(instant::parse);
        let at = at.unwrap_or(facts.begin);
        let Some(watch) = self.watches.iter_mut().find(|watch| watch.rule.id == id) else {
            return;
        };
        if let Some(key) = watch.rule.condition.key_of(&detail) {
            let oldest = at.saturating_sub(watch.window);
            watch.table.with(&key, at, oldest, |slot| {
                slot.fired = slot.fired.max(Some(at));
            });
        }
    }

    /// Whether an alert of the past still matters: not after its window, and a first use of long ago never.
    fn is_due(&self, alert: &Alert) -> bool {
        let watch = self.watches.iter().find(|one| one.rule.id == alert.rule);
        watch.is_some_and(|watch| {
            !matches!(watch.rule.condition, Condition::FirstUse { .. })
                && watch.window_at(self.now).holds(alert.at.timestamp_micros())
        })
    }

    /// Those of the missed alerts that still matter, the oldest first; they count as given.
    pub(super) fn give_missed(&mut self, missed: Missed) -> Vec<Alert> {
        let mut due: Vec<Alert> = missed.into_alerts();
        due.retain(|alert| self.is_due(alert));
        due.sort_by(|left, right| (left.at, &left.rule).cmp(&(right.at, &right.rule)));
        self.fired += due.len() as u64;
        due
    }

    fn move_on(&mut self, at: i64) {
        self.since.get_or_insert(at);
        if at > self.now || at < self.now.saturating_sub(SET_BACK) {
            self.now = at;
        }
    }

    fn observe_call(&mut self, facts: &Facts<'_>) -> Vec<Alert> {
        self.move_on(facts.end);
        let tool = facts::text(facts.tool_name);
        let learned_for = facts.end.saturating_sub(self.since.unwrap_or(facts.end));
        let mut alerts = Vec::new();
        for watch in &mut self.watches {
            if watch.is_about(&tool) {
                let window = watch.window_at(self.now);
                watch.observe_call(facts, window, learned_for, &mut alerts);
            }
        }
        self.fired += alerts.len() as u64;
        alerts
    }

    fn about_log(
        &mut self,
        is_about: impl Fn(&Condition) -> bool,
        log: Option<LogId>,
        class: &str,
        detail: &Map<String, Value>,
        at: i64,
    ) -> Vec<Alert> {
        let log = log.map(|log| log.to_string());
        let key = key_text(log.as_deref().unwrap_or(class));
        let mut alerts = Vec::new();
        for watch in &mut self.watches {
            if !is_about(&watch.rule.condition) {
                continue;
            }
            let window = watch.window_at(self.now);
            let mut detail = detail.clone();
            let name = log.as_deref().unwrap_or(class);
            detail.insert("log".to_owned(), json!(name));
            alerts.extend(watch.fire(&key, window, at, class, (Vec::new(), detail)));
        }
        self.fired += alerts.len() as u64;
        alerts
    }
}
