//! The one who appends to a log.

mod home;
mod own;
mod prune;
mod record;
mod window;

use std::fmt;
use std::path::Path;
use std::time::{Duration, SystemTime};

use serde_json::{Map, Value, json};

use self::home::Home;
pub(crate) use self::own::{shortened, timestamp};
use self::prune::Held;
pub use self::record::NewRecord;
use self::window::Window;
use super::boot;
use super::calls::OpenCalls;
use super::chain::Chain;
use super::damage::Damage;
use super::error::LogError;
use super::head;
use super::lock;
use super::options::{LogOptions, Retention};
use super::prune::Pruned;
use super::record::{LogId, RecordHash};
use super::recovery::{self, Recovered, Torn};
use super::status::LogStatus;
use super::storage::Storage;
use super::verify::Head;

/// What a log's records say of the program that wrote them.
pub(crate) const WRITER: &str = concat!("tool-audit/", env!("CARGO_PKG_VERSION"));

/// No more than so many bytes are sealed and unwritten, or kept until they are synced. Both together, and
/// a segment's first record, are less than the 1 MiB that no batch may exceed (FORMAT section 6).
const MOST_BYTES: usize = 384 * 1024;

/// A head file is written at most so often.
const HEAD_EVERY: Duration = Duration::from_secs(1);

/// Appends records to a log, and is the only one who does (FORMAT sections 1 to 6).
///
/// Opening takes the log's lock, reads the last segment, cuts off and keeps what a crash left torn, and
/// goes on in the chain. [`append`](Self::append) seals a record in memory, [`flush`](Self::flush) hands
/// what was sealed to the operating system, [`sync`](Self::sync) brings it onto the disk.
///
/// A segment that could not be synced is never synced again: what waits is written once more, byte for
/// byte, to a new segment, and so it is where the open segment was removed or renamed.
///
/// Dropping a writer gives the lock back and writes nothing: what was not flushed is gone, as in a crash.
/// [`close`](Self::close) ends in good order.
///
/// ```
/// use tool_audit::log::{LogOptions, LogWriter, MemoryStorage};
///
/// let storage = MemoryStorage::new();
/// let mut log = LogWriter::open(storage.clone(), LogOptions::new("general"))?;
/// let seq = log.append("alert", br#""detail":"try","rule":"first""#)?;
/// log.sync()?;
/// assert_eq!(log.status().durable.map(|(durable, _)| durable), Some(seq));
///
/// // What a crash leaves behind its last whole record is cut off and kept.
/// drop(log);
/// let mut bytes = storage.segment_bytes()[0].1.clone();
/// bytes.extend_from_slice(b"{\"_hash\":\"77");
/// storage.set_segment(0, bytes);
/// let log = LogWriter::open(storage.clone(), LogOptions::new("general"))?;
/// assert_eq!(log.status().torn_bytes, 12);
/// # Ok::<(), tool_audit::log::LogError>(())
/// ```
pub struct LogWriter<S: Storage> {
    storage: S,
    options: LogOptions,
    boot_id: String,
    policy_id: String,
    pseudonym_key_id: String,
    /// None before the log's first record.
    chain: Option<Chain>,
    /// The number that the first record of a new log gets: not 0 where a segment without any record that
    /// could be read has that name.
    first_seq: u64,
    home: Option<Home<S::Segment>>,
    /// Whether the next segment has yet to say what it is.
    opening_due: bool,
    /// A segment that was not born, and could not be removed.
    unborn: Option<u64>,
    window: Window,
    calls: OpenCalls,
    segments: u64,
    durable: Option<(u64, RecordHash)>,
    /// The record that the head file names, and when it was written.
    head: Option<(u64, Duration)>,
    torn: Option<Torn>,
    damage: Vec<Damage>,
    last_error: Option<String>,
    /// A prune whose segments are not all removed yet.
    unfinished: Option<Pruned>,
    ending: Ending,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ending {
    Open,
    /// `log_closed` is sealed.
    Closing,
    Closed,
}

impl<S: Storage> LogWriter<S> {
    /// Opens the log in `storage`, and goes on behind its last good record.
    ///
    /// A log that is there is told of the restart at once; a new one begins with its first record.
    ///
    /// # Errors
    ///
    /// [`LogError::Locked`] where another writer holds the log, [`LogError::OtherSource`] where live
    /// and replayed calls would be mixed, [`LogError::OtherFormat`], and what the operating system says. A
    /// damaged log is no error: see [`LogStatus::damage`].
    pub fn open(storage: S, options: LogOptions) -> Result<Self, LogError> {
        let mut writer = Self::open_quietly(storage, options)?;
        writer.tell_of_restart()?;
        Ok(writer)
    }

    /// [`open`](Self::open), but what the log tells of the restart goes out with what is appended first: nothing is written
    /// where nothing follows. What recovery found is told at once.
    pub(crate) fn open_quietly(mut storage: S, options: LogOptions) -> Result<Self, LogError> {
        lock::acquire(&mut storage, options.lock_wait)?;
        let boot_id = options.boot_id.clone().unwrap_or_else(boot::current);
        let recovered = recovery::recover(&mut storage, &options, &boot_id)?;
        let mut writer = Self {
            storage,
            options,
            boot_id,
            policy_id: "unknown".to_owned(),
            pseudonym_key_id: "unknown".to_owned(),
            chain: None,
            first_seq: 0,
            home: None,
            opening_due: false,
            unborn: None,
            window: Window::default(),
            calls: OpenCalls::default(),
            segments: 0,
            durable: None,
            head: None,
            torn: None,
            damage: Vec::new(),
            last_error: None,
            unfinished: None,
            ending: Ending::Open,
        };
        writer.go_on(recovered)?;
        Ok(writer)
    }

    fn go_on(&mut self, recovered: Recovered<S::Segment>) -> Result<(), LogError> {
        let state = recovered.state;
        for damage in recovered.damage {
            self.report(damage);
        }
        self.torn = recovered.torn;
        self.segments = recovered.segments;
        self.first_seq = recovered.next_seq;
        self.opening_due = !recovered.segment.as_ref().is_some_and(|at| at.opens);
        self.home = recovered.segment.map(Home::from);
        let Some((log, (_, hash))) = state.log.zip(state.newest) else {
            return Ok(());
        };
        if let Some(opened) = state.opened {
            if self.options.retention == Retention::AsBefore {
                self.options.retention = opened
                    .retention_days()
                    .map_or(Retention::Forever, Retention::Days);
            }
            self.policy_id = opened.policy_id;
            self.pseudonym_key_id = opened.pseudonym_key_id;
        }
        self.calls = state.calls;
        self.chain = Some(Chain::after(log, Some(hash), recovered.next_seq));
        if self.home.is_none() {
            self.move_in()?;
        } else if self.opening_due {
            self.seal_opening()?;
        }
        self.seal_resumed(state.closed && self.torn.is_none())?;
        self.seal_unknown_outcomes()?;
        self.unfinished = state.pruned;
        if self.torn.is_some() || !self.damage.is_empty() {
            self.sync()?;
        }
        Ok(())
    }

    fn tell_of_restart(&mut self) -> Result<(), LogError> {
        self.sync()?;
        if let Err(error) = self.finish_prune(Held::Unknown) {
            tracing::warn!(%error, "segments that were pruned are not removed yet");
        }
        Ok(())
    }

    /// Seals one record behind all others, and returns its `_seq`. It is in memory until
    /// [`flush`](Self::flush).
    ///
    /// `members` are the record's own in canonical form and order, without braces: the caller answers for
    /// them. The record counts as waiting for a sync; [`append_record`](Self::append_record) says
    /// more.
    ///
    /// # Errors
    ///
    /// The record was not taken: it is too long, or 384 KiB wait already and cannot be written.
    pub fn append(&mut self, kind: &'static str, members: &[u8]) -> Result<u64, LogError> {
        self.append_record(&NewRecord::new(kind, members))
    }

    /// Seals one record behind all others, and returns its `_seq`.
    ///
    /// # Errors
    ///
    /// As [`append`](Self::append).
    pub fn append_record(&mut self, record: &NewRecord<'_>) -> Result<u64, LogError> {
        if self.ending != Ending::Open {
            return Err(LogError::Closed);
        }
        self.begin()?;
        self.make_room(record.members.len() + 320)?;
        let seq = self.seal(record.kind, record.members)?;
        self.window.awaited |= record.is_awaited;
        let begins_call = record.kind == "tool_call_started";
        // Mostly no call is open, and then none can end.
        if (begins_call || !self.calls.is_empty())
            && let Some(call_id) = record.call_id()
        {
            if begins_call {
                self.calls.started(&call_id, Some(seq));
            } else {
                self.calls.ended(&call_id);
            }
        }
        Ok(seq)
    }

    /// Appends a record of the log about itself or its store, and returns its `_seq`: to `members` come
    /// `retain_until`, `retention_class` and `timestamp`.
    ///
    /// # Errors
    ///
    /// As [`append`](Self::append).
    pub fn append_own(
        &mut self,
        kind: &'static str,
        members: Map<String, Value>,
    ) -> Result<u64, LogError> {
        let members = self.own_members(members);
        self.append(kind, &members)
    }

    /// Says which policy is in force from the next record on.
    ///
    /// Where another one was, that is recorded; a log without records says it in its first one.
    ///
    /// # Errors
    ///
    /// As [`append`](Self::append).
    pub fn policy_in_force(
        &mut self,
        policy_id: &str,
        pseudonym_key_id: &str,
    ) -> Result<(), LogError> {
        if self.policy_id == policy_id && self.pseudonym_key_id == pseudonym_key_id {
            return Ok(());
        }
        if self.chain.is_some() {
            let mut members = Map::new();
            members.insert("policy_id".to_owned(), json!(policy_id));
            members.insert("pseudonym_key_id".to_owned(), json!(pseudonym_key_id));
            self.append_own("policy_changed", members)?;
        }
        policy_id.clone_into(&mut self.policy_id);
        pseudonym_key_id.clone_into(&mut self.pseudonym_key_id);
        Ok(())
    }

    /// Records that `count` entries were not recorded, since `since`, because of `reason`.
    ///
    /// # Errors
    ///
    /// As [`append`](Self::append).
    pub fn entries_lost(
        &mut self,
        count: u64,
        reason: &str,
        since: SystemTime,
    ) -> Result<u64, LogError> {
        let mut members = Map::new();
        members.insert("count".to_owned(), json!(count));
        members.insert("reason".to_owned(), json!(reason));
        members.insert("since".to_owned(), json!(timestamp(since)));
        self.append_own("entries_lost", members)
    }

    /// How long the log's own records are kept from now on.
    pub fn set_retention(&mut self, retention: Retention) {
        self.options.retention = retention;
    }

    /// How long the log's own records are kept.
    #[must_use]
    pub fn retention(&self) -> Retention {
        self.options.retention
    }

    /// Bytes that were sealed and are not yet with the operating system.
    #[must_use]
    pub fn unflushed(&self) -> usize {
        self.window.unwritten().len()
    }

    /// Looks after the log, about once a second: whether the files are still in their place, and whether
    /// the head file can move on, for which it syncs what is new.
    ///
    /// # Errors
    ///
    /// What is wrong; [`damage`](LogStatus::damage) says what was noticed, also where the log goes on.
    pub fn look_after(&mut self) -> Result<(), LogError> {
        if self.ending == Ending::Closed {
            return Ok(());
        }
        // The segment first: of a folder that is gone the open file takes records still, and nobody finds them.
        self.check_home()?;
        self.check_place()?;
        if self.home.is_none() && self.chain.is_some() {
            self.sync()?;
        }
        if self.options.head.is_some() {
            if self.durable != self.newest() {
                self.sync()?;
            }
            self.write_head(false)?;
        }
        self.go_on_with_prune()
    }

    /// Ends the log in good order: `log_closed`, everything on the disk, the head file, the lock given
    /// back when the writer is dropped. After an error it can be called again.
    ///
    /// # Errors
    ///
    /// Something could not be brought onto the disk.
    pub fn close(&mut self) -> Result<(), LogError> {
        if self.chain.is_none() {
            self.ending = Ending::Closed;
        }
        if self.ending == Ending::Open {
            self.seal_own("log_closed", Map::new())?;
            self.ending = Ending::Closing;
        }
        if self.ending == Ending::Closing {
            self.sync()?;
            self.write_head(true)?;
            self.ending = Ending::Closed;
        }
        Ok(())
    }

    /// How the log does.
    #[must_use]
    pub fn status(&self) -> LogStatus {
        let mut status = LogStatus::default();
        self.tell_status(&mut status);
        status
    }

    /// Says in `status` how the log does: what stands in it already is not allocated again.
    pub(crate) fn tell_status(&self, status: &mut LogStatus) {
        let LogStatus {
            place,
            retention_class,
            log,
            segments,
            last,
            durable,
            open_calls,
            torn_bytes,
            damage,
            last_error,
        } = status;
        self.place().clone_into(place);
        retention_class.clone_from(&self.options.retention_class);
        *log = self.log();
        *segments = self.segments;
        *last = self.newest();
        *durable = self.durable;
        *open_calls = self.calls.len();
        *torn_bytes = self.torn.map_or(0, |torn| torn.bytes);
        damage.clone_from(&self.damage);
        last_error.clone_from(&self.last_error);
    }

    /// The log's name; none before its first record.
    pub(crate) fn log(&self) -> Option<LogId> {
        self.chain.as_ref().map(Chain::log)
    }

    /// Where the log lies.
    #[must_use]
    pub fn place(&self) -> &Path {
        self.storage.place()
    }

    fn newest(&self) -> Option<(u64, RecordHash)> {
        self.chain.as_ref().and_then(Chain::newest)
    }

    fn seal(&mut self, kind: &'static str, members: &[u8]) -> Result<u64, LogError> {
        let Some(chain) = &mut self.chain else {
            return Err(LogError::Closed);
        };
        let seq = chain.next_seq();
        chain.seal(self.window.place_for(seq), kind, members)
    }

    fn report(&mut self, damage: Damage) {
        tracing::error!(log = %self.storage.place().display(), %damage, "the audit log is damaged, and goes on in a new segment");
        if !self.damage.contains(&damage) {
            self.damage.push(damage);
        }
    }

    fn failed(&mut self, error: LogError) -> LogError {
        self.last_error = Some(error.to_string());
        error
    }

    /// Writes the head file where it can move on; not more than once a second, unless `now`.
    fn write_head(&mut self, now: bool) -> Result<(), LogError> {
        let (Some(path), Some((seq, hash)), Some(chain)) =
            (&self.options.head, self.durable, &self.chain)
        else {
            return Ok(());
        };
        let time = self.options.clock.monotonic();
        if let Some((named, written)) = self.head
            && (named == seq || (!now && time.saturating_sub(written) < HEAD_EVERY))
        {
            return Ok(());
        }
        let head = Head {
            hash,
            log: chain.log(),
            seq,
        };
        match head::write(path, &head) {
            Ok(()) => {
                self.head = Some((seq, time));
                Ok(())
            }
            Err(error) => {
                let error = LogError::io("writing the head file", path, error);
                Err(self.failed(error))
            }
        }
    }
}

impl<S: Storage> fmt::Debug for LogWriter<S> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("LogWriter")
            .field("status", &self.status())
            .finish_non_exhaustive()
    }
}
