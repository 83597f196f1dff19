//! What somebody has to look at: alerts, emergencies, losses.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::call::{Emergency, UNKNOWN};
use crate::query::{Fields, Own, count};

/// What detectors told in the range.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Alerts {
    /// How many there were.
    pub total: u64,
    /// How many of them nobody has looked at.
    pub unreviewed: u64,
    /// By rule and severity. Of more than 64 all others stand together under the rule `other`.
    pub by_rule: Vec<RuleAlerts>,
}

/// The alerts of one rule and severity.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct RuleAlerts {
    /// The rule that fired.
    pub rule: String,
    /// How severe it is.
    pub severity: String,
    /// How often.
    pub alerts: u64,
    /// How many of them nobody has looked at.
    pub unreviewed: u64,
    /// When the latest was recorded.
    pub last: String,
}

/// Calls of the range with a break-glass declaration.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Emergencies {
    /// How many there were.
    pub total: u64,
    /// How many of them nobody has looked at.
    pub unreviewed: u64,
    /// How many declarations lacked something or had expired.
    pub defective: u64,
    /// At most 100 of them: those first that nobody has looked at, then the newest.
    pub shown: Vec<EmergencyCall>,
}

/// A call with a break-glass declaration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct EmergencyCall {
    /// When the call began.
    pub timestamp: String,
    /// The call.
    pub call_id: String,
    /// Who made it.
    pub user: String,
    /// With what tool.
    pub tool: String,
    /// How it ended; `unknown` where that is not recorded.
    pub outcome: String,
    /// Why the access was urgent.
    pub reason: Option<String>,
    /// Who declared the emergency.
    pub declared_by: Option<String>,
    /// What was wrong with the declaration.
    pub defect: Option<String>,
    /// Whether somebody has looked at it.
    pub reviewed: bool,
}

/// Entries that the logs could not take.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct EntriesLost {
    /// How many.
    pub total: u64,
    /// How many by the reason that the log gives.
    pub by_reason: BTreeMap<String, u64>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct AlertMembers {
    rule: String,
    severity: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct LossMembers {
    count: u64,
    reason: String,
}

/// Which alerts are counted by themselves.
const MOST_RULES: usize = 64;

#[derive(Debug, Default)]
pub(super) struct AlertCounts {
    rules: BTreeMap<(String, String), RuleAlerts>,
}

impl AlertCounts {
    pub(super) fn add(&mut self, line: &str, timestamp: &str, unreviewed: bool) {
        let members: AlertMembers = serde_json::from_str(line).unwrap_or_default();
        self.take(RuleAlerts {
            rule: members.rule,
            severity: members.severity,
            alerts: 1,
            unreviewed: u64::from(unreviewed),
            last: timestamp.to_owned(),
        });
    }

    fn take(&mut self, mut more: RuleAlerts) {
        let mut key = (more.rule.clone(), more.severity.clone());
        if !self.rules.contains_key(&key) && self.rules.len() >= MOST_RULES {
            key = ("other".to_owned(), String::new());
            (more.rule, more.severity) = key.clone();
        }
        let known = self.rules.entry(key).or_insert_with(|| RuleAlerts {
            rule: more.rule,
            severity: more.severity,
            ..RuleAlerts::default()
        });
        known.alerts += more.alerts;
        known.unreviewed += more.unreviewed;
        if more.last > known.last {
            known.last = more.last;
        }
    }

    pub(super) fn merge(&mut self, other: Self) {
        for (_, more) in other.rules {
            self.take(more);
        }
    }

    pub(super) fn finish(self) -> Alerts {
        let by_rule: Vec<RuleAlerts> = self.rules.into_values().collect();
        Alerts {
            total: by_rule.iter().map(|rule| rule.alerts).sum(),
            unreviewed: by_rule.iter().map(|rule| rule.unreviewed).sum(),
            by_rule,
        }
    }
}

/// Reviewed ones last, older ones behind newer ones.
type Order = (bool, Reverse<String>, String);

#[derive(Debug, Default)]
pub(super) struct EmergencyCounts {
    total: u64,
    unreviewed: u64,
    defective: u64,
    shown: BTreeMap<Order, EmergencyCall>,
}

impl EmergencyCounts {
    const MOST_SHOWN: usize = 100;

    pub(super) fn add(&mut self, call: EmergencyCall) {
        self.total += 1;
        self.unreviewed += u64::from(!call.reviewed);
        self.defective += u64::from(call.defect.is_some());
        self.show(call);
    }

    fn show(&mut self, call: EmergencyCall) {
        let order = (
            call.reviewed,
            Reverse(call.timestamp.clone()),
            call.call_id.clone(),
        );
        self.shown.insert(order, call);
        if self.shown.len() > Self::MOST_SHOWN {
            self.shown.pop_last();
        }
    }

    pub(super) fn merge(&mut self, other: Self) {
        self.total += other.total;
        self.unreviewed += other.unreviewed;
        self.defective += other.defective;
        for call in other.shown.into_values() {
            self.show(call);
        }
    }

    pub(super) fn finish(self) -> Emergencies {
        Emergencies {
            total: self.total,
            unreviewed: self.unreviewed,
            defective: self.defective,
            shown: self.shown.into_values().collect(),
        }
    }
}

impl EmergencyCall {
    /// None where the record declares no emergency.
    pub(super) fn of(
        fields: &Fields<'_>,
        own: Own<'_>,
        unreviewed: impl FnOnce() -> bool,
    ) -> Option<Self> {
        let declared = own.member("emergency").filter(|_| own.is_emergency())?;
        let declared: Emergency = serde_json::from_slice(declared).unwrap_or_default();
        let text = |text: Option<&str>| text.unwrap_or(UNKNOWN).to_owned();
        Some(Self {
            timestamp: text(fields.timestamp_text()),
            call_id: text(fields.call_id()),
            user: text(fields.user()),
            tool: text(fields.tool()),
            outcome: text(fields.outcome()),
            reason: declared.reason,
            declared_by: declared.declared_by,
            defect: declared.defect,
            reviewed: !unreviewed(),
        })
    }
}

impl EntriesLost {
    pub(super) fn add(&mut self, line: &str) {
        let loss: LossMembers = serde_json::from_str(line).unwrap_or_default();
        self.take(&loss.reason, loss.count);
    }

    fn take(&mut self, reason: &str, entries: u64) {
        self.total = self.total.saturating_add(entries);
        let reason = if reason.is_empty() { UNKNOWN } else { reason };
        count(&mut self.by_reason, reason, entries);
    }

    pub(super) fn merge(&mut self, other: &Self) {
        for (reason, entries) in &other.by_reason {
            self.take(reason, *entries);
        }
    }
}
