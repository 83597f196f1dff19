//! Reads logs: filters, scans, statistics, timelines.
//!
//! It knows nothing of tower and of the writer, changes nothing, and works on a live log: every scan reads
//! a log as it stood when the scan was opened. A log that cannot be read in part is read in the rest, and
//! [`PassedOver`] counts what was not: nothing goes missing in silence. Nothing is verified here either;
//! that is [`log`](crate::log)'s part.

mod chunks;
mod compiled;
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
mod memory;
mod own;
pub(crate) mod parts;
mod passed_over;
mod plan;
mod position;
mod readable;
mod record;
mod repeats;
mod reverse;
mod reviews;
mod scan;
mod snapshot;
mod statistics;
mod status;
mod timeline;
mod workers;

pub(crate) use self::compiled::Compiled;
pub(crate) use self::cursor::LogCursor;
#[cfg(feature = "cli")]
pub(crate) use self::lines::{Lines, Step};
pub(crate) use self::reviews::ADMIN;
pub(crate) use self::timeline::calls_without_end_in;

pub use self::error::QueryError;
pub use self::filter::Filter;
pub use self::follow::Follow;
pub use self::memory::{MemoryScan, scan_memory, scan_memory_reverse};
pub use self::passed_over::{BadLine, PassedOver};
pub use self::position::{Cursor, CursorError};
pub use self::readable::{escape, escape_json, quote};
pub use self::record::Record;
pub use self::reverse::{ReverseScan, scan_reverse};
pub use self::scan::{Scan, scan};
pub use self::snapshot::LogSnapshot;
pub use self::statistics::{Statistics, ToolStatistics, statistics};
pub use self::status::{LogSummary, StoreStatus, status};
pub use self::timeline::{Timeline, TimelineCall, calls_without_end, timeline, timeline_line};
