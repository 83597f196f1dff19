//! Records every call of an AI agent's tools: who asked, which tool, with what, how it ended; sanitized, in a
//! tamper-evident log. It watches calls: it is no vulnerability scanner, and decides no access.
//!
//! [`AuditLayer`] goes around a tower service, [`Recorder`] works without tower. Both hand each call's end as
//! one entry to an [`AuditSink`], among them [`HashChainSink`], whose folder [`log::verify`] checks
//! record by record and [`query`] reads. The example `quickstart` shows it whole:
//!
//! ```text
//! cargo run --example quickstart
//! ```
//!
//! | to | see |
//! |---|---|
//! | put the layer around tools, and know what it measures | [`layer`] |
//! | say who asked and on whose behalf | [`CallContext`], [`ToolCall`] |
//! | judge results of other types | [`Classify`], [`Describe`] |
//! | choose what is recorded, how safely, for how long | [`Policy`] |
//! | choose what is redacted | [`sanitize`] |
//! | send entries elsewhere | [`AuditSink`] |
//! | read a log | [`query`], [`log::verify`], [`log::format`] |
//! | give records to other systems | [`export`] |
//! | answer who saw whose records, and what happened in a month | [`report`] |
//! | hand a log over | the feature `evidence` |
//! | record who read a log, hold records, review emergencies | [`admin`] |
//! | remove what has expired | [`retention`] |
//! | audit tools behind HTTP, on axum | `adapt::http` (feature `axum`) |
//! | audit an MCP server on `rmcp` | `adapt::rmcp` (feature `rmcp`) |
//! | audit an MCP server in any language | `adapt::mcp` (features `mcp`, `mcp-http`) |
//! | be told when a rule fires | [`alert`] |
//!
#![doc = include_str!("docs/architecture.md")]
#![warn(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    clippy::print_stderr
)]
#![cfg_attr(docsrs, feature(doc_cfg))]

/// Compiles what the README shows.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

#[cfg(any(feature = "axum", feature = "mcp", feature = "rmcp"))]
#[cfg_attr(
    docsrs,
    doc(cfg(any(feature = "axum", feature = "mcp", feature = "rmcp")))
)]
pub mod adapt;
#[cfg(unix)]
pub mod admin;
pub mod alert;
mod by_tool;
pub mod call;
pub mod canonical;
pub mod clock;
pub mod entry;
#[cfg(feature = "evidence")]
#[cfg_attr(docsrs, doc(cfg(feature = "evidence")))]
pub mod evidence;
pub mod export;
mod fingerprint;
mod glob;
mod identifiers;
#[cfg(all(feature = "index", unix))]
#[cfg_attr(docsrs, doc(cfg(feature = "index")))]
pub mod index;
pub mod layer;
pub mod log;
pub mod query;
pub mod record;
#[cfg(feature = "cli")]
#[cfg_attr(docsrs, doc(cfg(feature = "cli")))]
pub mod replay;
pub mod report;
#[cfg(unix)]
pub mod retention;
pub mod sanitize;
pub mod sink;
#[cfg(any(feature = "cli", feature = "mcp"))]
mod strict_json;
#[cfg(feature = "time-zones")]
mod time_zone;
mod tree;

#[doc(inline)]
pub use crate::call::{
    CallContext, Classify, ClassifyErrors, ClassifyResponses, Describe, DescribeToolCall,
    Emergency, Identity, IdentitySlot, Outcome, ToolCall, ToolEffect, ToolResponse, ToolResult,
};
#[doc(inline)]
pub use crate::entry::{
    AttributionChain, AuditEntry, CallTrigger, ResultSummary, TriggerBasis, build_attribution,
};
#[doc(inline)]
pub use crate::layer::{
    AuditFuture, AuditLayer, AuditLayerBuilder, AuditService, DurableAuditFuture,
    DurableAuditLayer, DurableAuditService, GoOn, LetPass, OnEmergency, OnUnavailable, OnUndurable,
    PassOn,
};
#[cfg(feature = "opentelemetry")]
#[cfg_attr(docsrs, doc(cfg(feature = "opentelemetry")))]
#[doc(inline)]
pub use crate::record::CallSpans;
#[doc(inline)]
pub use crate::record::{
    Admission, CallBuilder, Commit, EntryBuf, EntryBuilder, OutcomeBuilder, Policy, Recorder,
    RecorderBuilder, RecorderStats, Recording, Refusal, Results, RetentionClass, RetentionPeriod,
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
