use std::io;
use std::path::Path;

use tokio::sync::mpsc;

use super::delivery::Delivery;
use super::{Alert, AlertStatus, Detector, Rules, history};
use crate::clock::civil;
use crate::log::LogId;
use crate::sink::{EntryWriter, Loss, Queued, SanitizedEntry};

/// Rules, and to whom it is told that one fires.
///
/// ```
/// use std::time::Duration;
/// use tool_audit::alert::{Alerts, Rule, Rules};
/// use tool_audit::{HashChainSink, Recorder};
///
/// let folder = tempfile::tempdir()?;
/// let rules = Rules::new([
///     Rule::same_subject("record-opened-often", 10, Duration::from_secs(3600)),
///     Rule::break_glass("break-glass"),
/// ])?;
/// let alerts = Alerts::new(rules).callback(|alert| eprintln!("{alert}")).tracing();
/// let status = alerts.status();
/// let sink = HashChainSink::builder(folder.path().join("audit")).alerts(alerts).build()?;
/// let recorder = Recorder::new(sink);
/// assert_eq!(status.get().fired, 0);
/// # drop(recorder);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
#[must_use]
pub struct Alerts {
    rules: Rules,
    delivery: Delivery,
}

impl Alerts {
    /// Watches for these rules. What fires is recorded where there is a log, and told to nobody yet.
    pub fn new(rules: Rules) -> Self {
        Self {
            rules,
            delivery: Delivery::default(),
        }
    }

    /// Calls this for each alert, one after the other, on a thread of its own.
    ///
    /// At most 1,024 alerts wait for it; more are counted as [`undelivered`](super::AlertStats::undelivered). A panic is
    /// caught, and counted.
    pub fn callback(mut self, callback: impl FnMut(&Alert) + Send + 'static) -> Self {
        self.delivery.add_callback(Box::new(callback));
        self
    }

    /// Sends each alert to this channel. One that is full is not waited for: the alert is counted as
    /// [`undelivered`](super::AlertStats::undelivered).
    pub fn channel(mut self, channel: mpsc::Sender<Alert>) -> Self {
        self.delivery.add_channel(channel);
        self
    }

    /// Emits a `tracing` event for each alert, at `WARN` under the target `tool_audit`, with `rule`, `severity` and
    /// `call_ids`, and nothing of what was found.
    pub fn tracing(mut self) -> Self {
        self.delivery.add_tracing();
        self
    }

    /// Tells how the alerts do, also after they went to a writer.
    #[must_use]
    pub fn status(&self) -> AlertStatus {
        self.delivery.status().clone()
    }

    /// A sink that watches, on a thread of its own, and records nothing: for those who keep their entries
    /// elsewhere, as an optional member of a [`FanOut`](crate::FanOut). It remembers nothing across restarts.
    ///
    /// ```
    /// use tool_audit::alert::{Alerts, Rule, Rules};
    /// use tool_audit::{FanOut, Member, MemorySink};
    ///
    /// let alerts = Alerts::new(Rules::new([Rule::break_glass("break-glass")])?).tracing();
    /// let sink = FanOut::new([
    ///     Member::required("log", MemorySink::new()),
    ///     Member::optional("alerts", alerts.into_sink()),
    /// ]);
    /// # drop(sink);
    /// # Ok::<(), tool_audit::alert::RuleError>(())
    /// ```
    #[must_use]
    pub fn into_sink(self) -> Queued<AlertWriter> {
        let writer = AlertWriter(Watching::new(self));
        Queued::builder(writer)
            .thread_name("tool-audit-alerts")
            .build()
    }
}

/// Watches entries in place of writing them; from [`Alerts::into_sink`].
#[derive(Debug)]
pub struct AlertWriter(Watching);

impl EntryWriter for AlertWriter {
    fn write(&mut self, entry: &SanitizedEntry<'_>) -> io::Result<()> {
        self.0.observe(entry);
        Ok(())
    }

    fn look_after(&mut self) -> io::Result<()> {
        self.0.publish();
        Ok(())
    }

    fn close(&mut self) -> io::Result<()> {
        self.look_after()
    }

    fn entries_lost(&mut self, loss: &Loss) -> io::Result<()> {
        let at = civil::micros(loss.since);
        self.0.observe_loss(None, "general", loss, at);
        Ok(())
    }
}

/// A detector at work on live entries.
#[derive(Debug)]
pub(crate) struct Watching {
    detector: Detector,
    rules: Rules,
    delivery: Delivery,
}

impl Watching {
    pub(crate) fn new(alerts: Alerts) -> Self {
        Self {
            detector: Detector::new(&alerts.rules),
            rules: alerts.rules,
            delivery: alerts.delivery,
        }
    }

    /// Rebuilds memory from the logs of a store, and gives the alerts that were due and are on no record.
    pub(crate) fn read_back(&mut self, store: &Path) -> Vec<Alert> {
        match history::read_back(store, &self.rules, &mut self.detector) {
            Ok(alerts) => self.tell(alerts),
            Err(error) => {
                tracing::warn!(target: "tool_audit::sink", %error, "the past could not be read: rules begin without memory");
                Vec::new()
            }
        }
    }

    pub(crate) fn observe(&mut self, entry: &SanitizedEntry<'_>) -> Vec<Alert> {
        let alerts = self.detector.observe_bytes(entry.as_bytes());
        self.tell(alerts)
    }

    pub(crate) fn observe_loss(
        &mut self,
        log: Option<LogId>,
        class: &str,
        loss: &Loss,
        at: i64,
    ) -> Vec<Alert> {
        let what = (loss.count, loss.reason);
        let alerts = self.detector.observe_loss(log, class, what, at);
        self.tell(alerts)
    }

    pub(crate) fn observe_damage(
        &mut self,
        log: Option<LogId>,
        class: &str,
        damage: &str,
        at: i64,
    ) -> Vec<Alert> {
        let alerts = self.detector.observe_damage(log, class, damage, at);
        self.tell(alerts)
    }

    /// Tells what had to be forgotten, also where nothing fires.
    pub(crate) fn publish(&self) {
        let forgotten = self.detector.stats().forgotten;
        self.delivery.status().forgotten(forgotten);
    }

    /// An alert of these was recorded.
    pub(crate) fn recorded(&self) {
        self.delivery.status().recorded();
    }

    fn tell(&self, alerts: Vec<Alert>) -> Vec<Alert> {
        for alert in &alerts {
            self.delivery.tell(alert);
        }
        alerts
    }
}
