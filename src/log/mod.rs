//! The log on disk, format 1: records, segments, writer, recovery, verifier.
//!
//! It knows nothing of tower and of sinks. The bytes are laid down in [`mod@format`].

pub mod read;
pub mod record;
pub mod segment;
pub mod store;
pub mod verify;

pub use self::record::{LogId, RecordHash, RecordHead};

#[doc = include_str!("../docs/format.md")]
pub mod format {}
