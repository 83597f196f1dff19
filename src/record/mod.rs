//! Records calls: sanitizer, summary, policies and sink in one, usable without tower.
//!
//! A [`Recorder`] makes a [`Recording`] for each call: a guard that is armed before the tool begins and
//! writes the call's one end record, from its `Drop` if nothing else ends it. What request and result say
//! goes through a [`CallBuilder`] and an [`OutcomeBuilder`], which sanitize at once and keep nothing else.

mod assemble;
mod call_builder;
#[cfg(feature = "opentelemetry")]
mod call_span;
mod commit;
mod compact;
mod described;
mod echoes;
mod entry_builder;
mod entry_class;
mod escaped;
#[cfg(test)]
mod faults;
mod fields;
mod gate;
mod gate_state;
mod hand_over;
mod identifiers;
mod identity;
mod limits;
mod member_order;
mod name_set;
mod open;
mod outcome_builder;
mod people;
mod pieces;
mod policy;
mod pool;
mod recorder;
mod recording;
mod retention;
mod size;
mod span;
mod stats;
mod subject_names;
mod subjects;
mod summary;
mod too_long;
mod trigger;

pub use self::call_builder::CallBuilder;
#[cfg(feature = "opentelemetry")]
#[cfg_attr(docsrs, doc(cfg(feature = "opentelemetry")))]
pub use self::call_span::CallSpans;
pub use self::commit::Commit;
pub(crate) use self::commit::CommitInTime;
pub(crate) use self::described::Described;
pub use self::entry_builder::{EntryBuf, EntryBuilder};
pub(crate) use self::gate::Gate;
pub use self::gate::{Admission, Refusal};
pub use self::outcome_builder::OutcomeBuilder;
pub(crate) use self::policy::SUBJECT_MEMBERS;
pub use self::policy::{Policy, Results};
#[cfg(feature = "axum")]
pub(crate) use self::recorder::Moment;
pub use self::recorder::{Recorder, RecorderBuilder};
pub use self::recording::Recording;
pub use self::retention::{RetentionClass, RetentionPeriod};
pub use self::stats::RecorderStats;
