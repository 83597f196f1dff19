//! The log on disk, format 1: records, segments, writer, recovery, verifier.
//!
//! It knows nothing of tower and of sinks. The bytes are laid down in [`mod@format`].

mod boot;
mod calls;
mod chain;
mod damage;
mod error;
pub(crate) mod frontier;
mod head;
pub(crate) mod lock;
mod options;
pub(crate) mod prune;
pub mod read;
pub mod record;
mod recovery;
pub mod segment;
mod status;
mod storage;
pub mod store;
pub mod verify;
mod writer;

pub use self::damage::Damage;
pub use self::error::LogError;
pub use self::options::{LogOptions, Retention, Source};
pub use self::record::{LogId, RecordHash, RecordHead};
pub(crate) use self::recovery::days_between;
pub use self::status::LogStatus;
#[cfg(unix)]
pub use self::storage::{Access, FolderStorage};
pub use self::storage::{MemorySegment, MemoryStorage, Storage};
#[cfg(unix)]
pub(crate) use self::writer::timestamp;
pub use self::writer::{LogWriter, NewRecord};

#[doc = include_str!("../docs/format.md")]
pub mod format {}
