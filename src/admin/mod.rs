//! Acts upon a store, recorded in its log `admin` (FORMAT section 4): who read it, what is held, what was reviewed.
//!
//! The log is locked for the time of one record only, so that any process may add to it while a service writes the
//! store's other logs.

pub(crate) mod act;
pub(crate) mod acts;
mod damage;
pub(crate) mod hold;
mod process_user;
mod read;
mod review;
mod scope;

pub use self::damage::{DamageSeen, acknowledge_damage};
pub use self::hold::{
    Hold, HoldScope, NewHold, holds, release_hold, release_hold_asserted, set_hold,
};
pub use self::process_user::process_user;
pub use self::read::{LogRead, record_read};
pub use self::review::{Review, record_review};

use std::error::Error;
use std::fmt;
use std::path::PathBuf;

use crate::log::LogError;
use crate::log::verify::VerifyError;
use crate::query::{QueryError, escape, quote};

/// Why an act could not be recorded.
#[derive(Debug)]
#[non_exhaustive]
pub enum AdminError {
    /// There is no log to act upon.
    Query(QueryError),
    /// The log `admin` could not be written.
    Log(LogError),
    /// The log could not be verified.
    Verify(VerifyError),
    /// There is not one log by itself at the path.
    NotOneLog {
        /// The path.
        path: PathBuf,
    },
    /// None of these records is damaged.
    NoDamage {
        /// The log.
        log: PathBuf,
        /// The first record.
        from_seq: u64,
        /// The last one.
        through_seq: u64,
    },
    /// The log stands in no store, so that there is no `admin` beside it.
    NoStore {
        /// The log.
        log: PathBuf,
    },
    /// A record of `admin` says nothing that this version understands.
    Unreadable {
        /// The log `admin`.
        log: PathBuf,
        /// The record's number.
        seq: u64,
    },
    /// A hold of that name is in force already.
    HoldInForce {
        /// The hold.
        hold_id: String,
    },
    /// No hold of that name is in force.
    NoHold {
        /// The hold.
        hold_id: String,
    },
    /// Who set a hold may not release it.
    SameActor {
        /// The hold.
        hold_id: String,
        /// Who set it.
        actor: String,
    },
    /// No record holds a name like that as it is.
    NotNameable {
        /// What was named.
        what: &'static str,
    },
    /// There is no call of that name; none where none was named.
    NoCall {
        /// The call.
        call_id: Option<String>,
    },
}

impl fmt::Display for AdminError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Query(error) => fmt::Display::fmt(error, formatter),
            Self::Log(error) => fmt::Display::fmt(error, formatter),
            Self::Verify(error) => fmt::Display::fmt(error, formatter),
            Self::NotOneLog { path } => write!(
                formatter,
                "{} is not one log: give the folder of the damaged one",
                escape(&path.to_string_lossy())
            ),
            Self::NoDamage {
                log,
                from_seq,
                through_seq,
            } => write!(
                formatter,
                "no record from {from_seq} to {through_seq} of {} is damaged: `tool-audit verify` shows which are",
                escape(&log.to_string_lossy())
            ),
            Self::NoStore { log } => write!(
                formatter,
                "{} is a log by itself, in no store with an admin log",
                escape(&log.to_string_lossy())
            ),
            Self::Unreadable { log, seq } => write!(
                formatter,
                "record {seq} of {} cannot be read: run `tool-audit verify` on it, or use a newer tool-audit",
                escape(&log.to_string_lossy())
            ),
            Self::HoldInForce { hold_id } => write!(
                formatter,
                "the hold {} is in force already: give another name",
                quote(hold_id)
            ),
            Self::NoHold { hold_id } => write!(
                formatter,
                "no hold {} is in force: `tool-audit hold list` shows those that are",
                quote(hold_id)
            ),
            Self::SameActor { hold_id, actor } => write!(
                formatter,
                "{} set the hold {}: somebody else has to release it",
                quote(actor),
                quote(hold_id)
            ),
            Self::NotNameable { what } => write!(
                formatter,
                "the {what} stands in no record under this name: give the one in the records, or the policy or key that made it"
            ),
            Self::NoCall { call_id: None } => formatter
                .write_str("no call is named: give the call_id of each call that was reviewed"),
            Self::NoCall { call_id: Some(id) } => write!(
                formatter,
                "there is no call {}: `tool-audit query --unreviewed --json` shows those that nobody has looked at",
                quote(id)
            ),
        }
    }
}

impl Error for AdminError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Query(error) => error.source(),
            Self::Log(error) => error.source(),
            Self::Verify(error) => error.source(),
            _ => None,
        }
    }
}
