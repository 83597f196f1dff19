//! What may go, and what must stay: pruning of expired records (FORMAT section 7), and what each class holds.
//!
//! A segment goes when every record in it has expired and nothing pins it: no legal hold, no emergency and no call of
//! unknown outcome that nobody has looked at. A log loses whole segments from its beginning, never its newest one.
//!
//! ```
//! use tool_audit::retention::{PruneOptions, plan_prune, prune};
//! # use tool_audit::{AuditSink, EntryBuilder, HashChainSink, Sanitizer};
//! # let folder = tempfile::tempdir()?;
//! # let store = folder.path().join("audit");
//! # let sink = HashChainSink::in_memory();
//! # sink.record(&EntryBuilder::new("get_order").build(&Sanitizer::default()).as_entry());
//! # sink.to_folder(&store)?;
//!
//! let options = PruneOptions::new("records manager");
//! let would_go = plan_prune(&store, &options)?;
//! assert_eq!(would_go.records(), 0);
//! let gone = prune(&store, &options)?;
//! assert_eq!(gone.records(), 0);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod clock_check;
mod error;
mod former;
pub(crate) mod keep;
mod options;
mod overview;
mod prune;
mod report;
pub(crate) mod schedule;
mod segments;
mod sweep;

pub use self::error::RetentionError;
pub use self::options::PruneOptions;
pub use self::overview::{ClassHolding, Holdings, retention};
pub use self::prune::{plan_prune, prune, prune_log};
pub use self::report::{ExpiredSegment, LogPrune, Pin, PruneReport};
