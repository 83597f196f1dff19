use std::path::Path;

use super::logs::Logs;
use super::writer::ChainWriter;
use crate::alert::{Alert, Alerts, Watching};
use crate::clock::civil;
use crate::log::LogError;

/// So many alerts wait at most for logs that cannot take them.
const MOST_UNRECORDED: usize = 1000;

/// Alerts of what a store's logs take.
impl<L: Logs> ChainWriter<L> {
    /// Watches what is written; `store` is where the logs of the past are, if anywhere.
    pub(super) fn watch(&mut self, alerts: Option<Alerts>, store: Option<&Path>) {
        let Some(alerts) = alerts else {
            return;
        };
        let mut watching = Watching::new(alerts);
        let missed = store.map_or_else(Vec::new, |store| watching.read_back(store));
        self.alerts = Some(watching);
        self.take_alerts(missed);
        self.watch_damage();
    }

    /// Records alerts, each in the log of the class that it comes from.
    pub(super) fn take_alerts(&mut self, alerts: Vec<Alert>) {
        self.unrecorded.extend(alerts);
        // What a disk that fails keeps waiting has a bound; the alerts were told all the same.
        while self.unrecorded.len() > MOST_UNRECORDED {
            self.unrecorded.pop_front();
        }
        while let Some(alert) = self.unrecorded.pop_front() {
            match self.record_alert(&alert) {
                Ok(()) => {
                    if let Some(alerts) = &self.alerts {
                        alerts.recorded();
                    }
                }
                Err(error @ LogError::RecordTooLong { .. }) => {
                    tracing::error!(target: "tool_audit::sink", rule = alert.rule, %error, "an alert cannot be recorded");
                }
                Err(error) => {
                    tracing::warn!(target: "tool_audit::sink", rule = alert.rule, %error, "an alert could not be recorded yet");
                    self.unrecorded.push_front(alert);
                    break;
                }
            }
        }
    }

    fn record_alert(&mut self, alert: &Alert) -> Result<(), LogError> {
        let class = self.class_of(&alert.retention_class).to_owned();
        let index = self.log_of(&class)?;
        if let Some(log) = self.open.get_mut(index) {
            log.writer.append_own("alert", alert.members())?;
        }
        Ok(())
    }

    /// Tells of damage that the writers of the logs found since.
    pub(super) fn watch_damage(&mut self) {
        let Some(alerts) = &mut self.alerts else {
            return;
        };
        alerts.publish();
        let at = civil::micros(self.options.clock.now());
        let mut fired = Vec::new();
        for log in &mut self.open {
            let status = log.writer.status();
            for damage in status.damage.iter().skip(log.damage_told) {
                let class = &log.retention_class;
                fired.extend(alerts.observe_damage(status.log, class, damage.as_str(), at));
            }
            log.damage_told = status.damage.len();
        }
        self.take_alerts(fired);
    }
}
