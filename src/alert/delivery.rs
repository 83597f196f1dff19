use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

use tokio::sync::mpsc;

use super::{Alert, AlertStatus};

type Callback = Box<dyn FnMut(&Alert) + Send>;

/// So many alerts wait for the callback.
const CALLBACK_QUEUE: usize = 1024;

/// To whom alerts are told. Nothing here blocks whoever tells.
#[derive(Default)]
pub(super) struct Delivery {
    callbacks: Vec<SyncSender<Alert>>,
    channels: Vec<mpsc::Sender<Alert>>,
    tracing: bool,
    status: AlertStatus,
}

impl Delivery {
    pub(super) fn status(&self) -> &AlertStatus {
        &self.status
    }

    pub(super) fn add_tracing(&mut self) {
        self.tracing = true;
    }

    pub(super) fn add_channel(&mut self, channel: mpsc::Sender<Alert>) {
        self.channels.push(channel);
    }

    /// A callback gets a thread of its own, so that one which takes its time holds up nobody else.
    pub(super) fn add_callback(&mut self, callback: Callback) {
        let (sender, receiver) = sync_channel(CALLBACK_QUEUE);
        let status = self.status.clone();
        let spawned = thread::Builder::new()
            .name("tool-audit-alerts".to_owned())
            .spawn(move || call_back(&receiver, callback, &status));
        if let Err(error) = spawned {
            tracing::error!(target: "tool_audit::sink", %error, "no thread could be started for the callback of alerts: it is not called");
        }
        self.callbacks.push(sender);
    }

    pub(super) fn tell(&self, alert: &Alert) {
        self.status.fired();
        if self.tracing {
            tracing::warn!(
                target: "tool_audit",
                kind = "alert",
                rule = alert.rule,
                severity = alert.severity.as_str(),
                call_ids = ?alert.call_ids,
            );
        }
        for channel in &self.channels {
            if channel.try_send(alert.clone()).is_err() {
                self.status.undelivered();
            }
        }
        for callback in &self.callbacks {
            if callback.try_send(alert.clone()).is_err() {
                self.status.undelivered();
            }
        }
    }
}

/// Ends when nobody can tell anything any more.
fn call_back(alerts: &Receiver<Alert>, mut callback: Callback, status: &AlertStatus) {
    for alert in alerts {
        if catch_unwind(AssertUnwindSafe(|| callback(&alert))).is_err() {
            status.panicked();
            tracing::error!(target: "tool_audit::sink", rule = alert.rule, "the callback of alerts panicked");
        }
    }
}

impl fmt::Debug for Delivery {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Delivery")
            .field("callbacks", &self.callbacks.len())
            .field("channels", &self.channels.len())
            .field("tracing", &self.tracing)
            .finish_non_exhaustive()
    }
}
