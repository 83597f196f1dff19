use std::time::SystemTime;

use serde::Deserialize;

use crate::log::calls::OpenCalls;
use crate::log::options::Source;
use crate::log::prune::Pruned;
use crate::log::record::{LogId, Previous, RecordHash, RecordHead};

/// What a log's records say up to some place: all that a writer needs to go on behind it.
#[derive(Debug, Clone, Default)]
pub(crate) struct State {
    pub(crate) log: Option<LogId>,
    /// The newest record.
    pub(crate) newest: Option<(u64, RecordHash)>,
    /// Whether the newest record is `log_closed`.
    pub(crate) closed: bool,
    pub(crate) boot_id: Option<String>,
    pub(crate) calls: OpenCalls,
    /// Whether calls may be open that stand in earlier segments alone.
    pub(crate) misses_calls: bool,
    /// What the last `log_created` or `segment_opened` says.
    pub(crate) opened: Option<Opened>,
    /// The newest prune.
    pub(crate) pruned: Option<Pruned>,
    /// A record whose hash is wanted, and the hash where it was met.
    pub(crate) watched: Option<(u64, Option<RecordHash>)>,
}

/// The members of `log_created` and `segment_opened` that a writer goes on from.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(crate) struct Opened {
    boot_id: Option<String>,
    pub(crate) format: u64,
    pub(crate) instance: String,
    open_calls: Vec<String>,
    pub(crate) policy_id: String,
    pub(crate) pseudonym_key_id: String,
    retain_until: Option<String>,
    pub(crate) service: String,
    shortened: Vec<String>,
    pub(crate) source: Option<Source>,
    timestamp: String,
    pub(crate) writer: String,
}

impl Opened {
    /// When the record was made.
    pub(crate) fn at(&self) -> Option<SystemTime> {
        let at: chrono::DateTime<chrono::Utc> = self.timestamp.parse().ok()?;
        Some(at.into())
    }

    /// For how many days the record is kept, where not for ever.
    pub(crate) fn retention_days(&self) -> Option<u32> {
        days_between(&self.timestamp, self.retain_until.as_deref()?)
    }
}

/// The whole days from the day of a timestamp to a date.
pub(crate) fn days_between(timestamp: &str, until: &str) -> Option<u32> {
    let day = |text: &str| text.get(..10)?.parse::<chrono::NaiveDate>().ok();
    let days = day(until)?
        .signed_duration_since(day(timestamp)?)
        .num_days();
    u32::try_from(days).ok()
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Told {
    boot_id: Option<String>,
    call_id: Option<String>,
    policy_id: Option<String>,
    pseudonym_key_id: Option<String>,
}

impl State {
    /// Whether a record stands in its place behind the newest one. `first` in a segment, it may repeat
    /// records of the segment before (FORMAT section 6), and nothing may be known of those before it.
    pub(crate) fn is_followed_by(&self, head: &RecordHead<'_>, first: bool) -> bool {
        if self.log.is_some_and(|log| log != head.log) {
            return false;
        }
        match self.newest {
            Some((seq, _)) if first && head.seq <= seq => true,
            Some((seq, hash)) => {
                seq.checked_add(1) == Some(head.seq) && head.previous == Previous::Hash(hash)
            }
            None => first && (head.seq == 0) == (head.previous == Previous::Genesis),
        }
    }

    /// Takes in a good record.
    pub(crate) fn observe(&mut self, head: &RecordHead<'_>, line: &[u8]) {
        self.log = Some(head.log);
        self.newest = Some((head.seq, head.hash));
        self.closed = head.kind == "log_closed";
        if let Some((seq, hash)) = &mut self.watched
            && *seq == head.seq
        {
            *hash = Some(head.hash);
        }
        match head.kind {
            "log_created" | "segment_opened" => {
                if let Ok(mut opened) = serde_json::from_slice::<Opened>(line) {
                    self.boot_id = opened.boot_id.take();
                    let open_calls = std::mem::take(&mut opened.open_calls);
                    if opened.shortened.iter().any(|name| name == "open_calls") {
                        self.misses_calls |= self.opened.is_none();
                        self.calls.add(open_calls);
                    } else {
                        self.misses_calls = false;
                        self.calls.set(open_calls);
                    }
                    self.opened = Some(opened);
                }
            }
            "tool_call_started" => {
                if let Some(call_id) = call_id(line) {
                    self.calls.started(&call_id, Some(head.seq));
                }
            }
            "tool_call" | "outcome_unknown" if !self.calls.is_empty() => {
                if let Some(call_id) = call_id(line) {
                    self.calls.ended(&call_id);
                }
            }
            "log_resumed" => self.boot_id = told(line).boot_id.or(self.boot_id.take()),
            "policy_changed" => {
                let told = told(line);
                if let Some(opened) = &mut self.opened {
                    opened.policy_id = told.policy_id.unwrap_or_default();
                    opened.pseudonym_key_id = told.pseudonym_key_id.unwrap_or_default();
                }
            }
            Pruned::KIND => self.pruned = Pruned::read(head, line).or(self.pruned.take()),
            _ => {}
        }
    }
}

/// The `call_id` of a record.
pub(crate) fn call_id(line: &[u8]) -> Option<String> {
    told(line).call_id
}

fn told(line: &[u8]) -> Told {
    serde_json::from_slice(line).unwrap_or_default()
}
