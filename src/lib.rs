//! Records every call of an AI agent's tools: who asked, which tool, how it ended; sanitized, in a log
//! whose every change shows.
#![cfg_attr(docsrs, feature(doc_cfg))]

pub mod call;
pub mod canonical;
pub mod clock;
pub mod entry;
pub mod layer;
pub mod log;
pub mod query;
pub mod record;
#[cfg(feature = "cli")]
#[cfg_attr(docsrs, doc(cfg(feature = "cli")))]
pub mod replay;
pub mod sanitize;
pub mod sink;

#[doc(inline)]
pub use crate::call::{
    CallContext, Classify, ClassifyErrors, ClassifyResponses, Describe, DescribeToolCall,
    Emergency, Identity, IdentitySlot, Outcome, ToolCall, ToolResponse, ToolResult,
};
#[doc(inline)]
pub use crate::entry::{
    AttributionChain, AuditEntry, CallTrigger, ResultSummary, TriggerBasis, build_attribution,
};
#[doc(inline)]
pub use crate::layer::{
    AuditFuture, AuditLayer, AuditLayerBuilder, AuditService, DurableAuditFuture,
    DurableAuditLayer, DurableAuditService, GoOn, OnUnavailable, OnUndurable, PassOn,
};
#[doc(inline)]
pub use crate::record::{
    Admission, CallBuilder, Commit, EntryBuf, EntryBuilder, OutcomeBuilder, Policy, Recorder,
    RecorderBuilder, RecorderStats, Recording, Refusal, Results, RetentionClass,
};
#[doc(inline)]
pub use crate::sanitize::Sanitizer;
#[doc(inline)]
pub use crate::sink::{
    AuditSink, Durability, EntryHead, EntryKind, EntryWriter, FanOut, Filter, HashChainSink, Loss,
    Member, MemberStatus, MemorySink, PolicyInForce, Queued, QueuedBuilder, SanitizedEntry,
    SinkError, SinkStatus, Ticket, TracingSink,
};
#[cfg(unix)]
#[doc(inline)]
pub use crate::sink::{FileSink, FileSinkBuilder};
