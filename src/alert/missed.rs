use std::collections::HashMap;

use serde_json::{Map, Value};

use super::Alert;

/// Alerts of the past that no record says were given, by what identifies them.
#[derive(Debug, Default)]
pub(super) struct Missed {
    alerts: HashMap<Vec<u8>, Alert>,
}

/// So many are kept; the rest of a past that nobody watched is not told.
const MOST_MISSED: usize = 1000;

impl Missed {
    /// Forgets those of which `is_due` says no.
    pub(super) fn keep(&mut self, is_due: impl Fn(&Alert) -> bool) {
        self.alerts.retain(|_, alert| is_due(alert));
    }

    pub(super) fn into_alerts(self) -> Vec<Alert> {
        self.alerts.into_values().collect()
    }

    pub(super) fn is_full(&self) -> bool {
        self.alerts.len() >= MOST_MISSED
    }

    pub(super) fn add(&mut self, alert: Alert) {
        if !self.is_full() {
            self.alerts
                .insert(identity(&alert.rule, &alert.detail), alert);
        }
    }

    pub(super) fn forget(&mut self, rule: &str, detail: &Map<String, Value>) {
        self.alerts.remove(&identity(rule, detail));
    }
}

/// What an alert is about: the members of its detail that name somebody or something.
fn identity(rule: &str, detail: &Map<String, Value>) -> Vec<u8> {
    let mut identity = rule.as_bytes().to_vec();
    for name in ["call_id", "log", "subject", "tool_name", "user_id"] {
        identity.push(0);
        let text = detail.get(name).and_then(Value::as_str);
        identity.extend_from_slice(text.unwrap_or_default().as_bytes());
    }
    identity
}
