//! The read side: what a record says, as plain data that queries and people's code deserialize.
//!
//! Records are written as bytes by the recorder, which alone sanitizes; an [`AuditEntry`] is what
//! comes back out of them. It can be changed at will and given to nobody's sink.

mod attribution;
mod audit_entry;
mod inference;
mod summary;
mod trigger;

pub(crate) use self::attribution::MAX_VIA;
pub use self::attribution::{AttributionChain, build_attribution};
pub use self::audit_entry::AuditEntry;
pub(crate) use self::audit_entry::role_of;
pub(crate) use self::inference::{CallKey, TriggerInference};
pub use self::summary::ResultSummary;
pub use self::trigger::{CallTrigger, TriggerBasis};
