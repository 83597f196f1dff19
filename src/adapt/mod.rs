//! Other people's protocols, made into calls that a [`Recorder`](crate::Recorder) records.
//!
//! It knows recorder and calls, and nothing of a log's insides.

#[cfg(feature = "axum")]
#[cfg_attr(docsrs, doc(cfg(feature = "axum")))]
pub mod http;
#[cfg(feature = "mcp")]
#[cfg_attr(docsrs, doc(cfg(feature = "mcp")))]
pub mod mcp;
#[cfg(any(feature = "mcp", feature = "rmcp"))]
mod meta;
#[cfg(feature = "rmcp")]
#[cfg_attr(docsrs, doc(cfg(feature = "rmcp")))]
pub mod rmcp;
#[cfg(any(feature = "axum", feature = "mcp", feature = "rmcp"))]
mod trace_context;
