//! Reads logs: filters, scans, statistics, timelines.
//!
//! It knows nothing of tower and of the writer, changes nothing, and works on a live log: every scan reads
//! a log as it stood when the scan was opened. A log that cannot be read in part is read in the rest, and
//! [`PassedOver`] counts what was not: nothing goes missing in silence. Nothing is verified here either;
//! that is [`log`](crate::log)'s part.

mod cursor;
mod distinct;
mod error;
mod fields;
mod filter;
mod folders;
mod follow;
mod histogram;
mod instant;
mod lines;
mod members;
mod passed_over;
mod readable;
mod record;
mod repeats;
mod reverse;
mod scan;
mod snapshot;
mod statistics;
mod status;
mod timeline;

#[cfg(feature = "cli")]
pub(crate) use self::lines::{Lines, Step};

pub use self::error::QueryError;
pub use self::filter::Filter;
pub use self::follow::Follow;
pub use self::passed_over::{BadLine, PassedOver};
pub use self::readable::{escape, escape_json, quote};
pub use self::record::Record;
pub use self::reverse::{ReverseScan, scan_reverse};
pub use self::scan::{Scan, scan};
pub use self::snapshot::LogSnapshot;
pub use self::statistics::{Statistics, ToolStatistics, statistics};
pub use self::status::{LogSummary, StoreStatus, status};
pub use self::timeline::{Timeline, TimelineCall, timeline, timeline_line};
