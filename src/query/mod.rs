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
pub(crate) mod instant;
pub(crate) mod lines;
pub(crate) mod members;
mod memory;
mod own;
pub(crate) mod parts;
mod passed_over;
mod plan;
mod position;
mod readable;
mod record;
pub(crate) mod repeats;
mod reverse;
pub(crate) mod reviews;
mod scan;
mod snapshot;
mod statistics;
mod status;
mod timeline;
#[cfg(all(feature = "index", unix))]
mod wanted;
mod workers;

pub(crate) use self::compiled::Compiled;
pub(crate) use self::cursor::LogCursor;
pub(crate) use self::distinct::Distinct;
pub(crate) use self::fields::Fields;
pub(crate) use self::filter::{ALERT, says_failure};
#[cfg(any(feature = "evidence", all(feature = "index", unix)))]
pub(crate) use self::folders::find as find_logs;
pub(crate) use self::instant::parse as parse_instant;
#[cfg(feature = "cli")]
pub(crate) use self::lines::{Lines, Step};
pub(crate) use self::own::Own;
pub(crate) use self::reviews::ADMIN;
pub(crate) use self::scan::shared;
#[cfg(any(feature = "evidence", all(feature = "index", unix)))]
pub(crate) use self::snapshot::Segment;
pub(crate) use self::statistics::{Counted, Tally, count};
pub(crate) use self::timeline::calls_without_end_in;
#[cfg(all(feature = "index", unix))]
pub(crate) use self::{
    cursor::{Found, end, examine},
    plan::{Piece, PlannedLog, SegmentPlan},
    record::Place,
    snapshot::read_from,
    wanted::{Member, words_of},
};

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
pub use self::statistics::{Statistics, ToolStatistics, statistics, statistics_of};
pub use self::status::{LogSummary, StoreStatus, status};
pub use self::timeline::{Timeline, TimelineCall, calls_without_end, timeline, timeline_line};
