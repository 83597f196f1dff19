//! Watches the stream of entries, and says when a rule fires.
//!
//! [`Rules`] are built in code or read from a TOML file (feature `policy`); a [`Detector`]
//! looks at one canonical record after the other, so that the same rules run over live entries, over a log that
//! is read back, and over several logs merged by time ([`run`]).
//!
//! [`Alerts`] goes to a log's writer ([`HashChainBuilder::alerts`](crate::sink::HashChainBuilder::alerts)): what
//! fires is recorded as `alert` in the log of the retention class that made it fire, and told to a callback, a channel or
//! `tracing`. All of it runs behind the writer, never on a caller's path. When a store is opened, memory is
//! rebuilt from what its logs hold, so that a restart makes no rule forget, and none fire twice.
//! [`Alerts::into_sink`] is for those who keep no such log.
//!
//! Alerts decide nothing: who reads them does, and says so in a `reviewed` record. Until then
//! [`Filter::unreviewed`](crate::query::Filter::unreviewed) finds them.

#[allow(
    clippy::module_inception,
    reason = "the file holds what the room is named after"
)]
mod alert;
mod alerts;
mod delivery;
mod detector;
mod facts;
mod history;
#[cfg(feature = "time-zones")]
mod hours;
mod missed;
mod rule;
#[cfg(feature = "policy")]
mod rules_file;
mod run;
mod stats;
mod table;
mod watch;

pub use self::alert::{Alert, Severity};
pub(crate) use self::alerts::Watching;
pub use self::alerts::{AlertWriter, Alerts};
pub use self::detector::Detector;
#[cfg(feature = "time-zones")]
#[cfg_attr(docsrs, doc(cfg(feature = "time-zones")))]
pub use self::hours::WorkingHours;
pub use self::rule::{Grouping, Rule, RuleError, Rules};
#[cfg(feature = "policy")]
#[cfg_attr(docsrs, doc(cfg(feature = "policy")))]
pub use self::rules_file::RulesFileError;
pub use self::run::{Run, run};
pub use self::stats::{AlertStats, AlertStatus, DetectorStats};
