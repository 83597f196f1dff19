//! Other people's protocols, made into calls that a [`Recorder`](crate::Recorder) records.
//!
//! It knows recorder and calls, and nothing of a log's insides.

pub mod mcp;
