use std::borrow::Cow;
use std::time::SystemTime;

use serde_json::{Map, Value, json};

use super::{LogError, LogWriter, WRITER};
use crate::canonical;
use crate::clock::civil;
use crate::log::chain::Chain;
use crate::log::options::Retention;
use crate::log::record::{FORMAT, LogId};
use crate::log::storage::Storage;

/// So many days from now there are still dates of four digits for the year.
const MOST_DAYS: u32 = 2_000_000;

/// `open_calls` fills at most so many bytes of a record.
const MOST_OPEN_CALLS: usize = 200 * 1024;

/// The most characters that a log says of a name its operator chose.
const MAX_NAME: usize = 256;

/// A name as the log's own records have it.
pub(crate) fn shortened(name: &str) -> Cow<'_, str> {
    match name.char_indices().nth(MAX_NAME) {
        Some((end, _)) => Cow::Borrowed(&name[..end]),
        None => Cow::Borrowed(name),
    }
}

/// RFC 3339 in UTC, `Z`, six decimals (FORMAT section 3).
pub(crate) fn timestamp(time: SystemTime) -> String {
    text(|out| civil::write_instant(out, civil::micros(time)))
}

/// The day of `time` and so many days more, `YYYY-MM-DD`.
fn retain_until(time: SystemTime, days: u32) -> String {
    let until = civil::days(civil::micros(time)).saturating_add(i64::from(days.min(MOST_DAYS)));
    text(|out| civil::write_date(out, until))
}

fn text(write: impl FnOnce(&mut Vec<u8>)) -> String {
    let mut out = Vec::with_capacity(32);
    write(&mut out);
    String::from_utf8(out).unwrap_or_default()
}

/// Members in canonical form and order, without braces.
fn members_text(members: Map<String, Value>) -> Vec<u8> {
    let mut text = Vec::with_capacity(512);
    canonical::write_value(&mut text, &Value::Object(members));
    text.pop();
    text.remove(0);
    text
}

/// The records that a log writes about itself.
impl<S: Storage> LogWriter<S> {
    /// Begins a log that has no record yet.
    pub(super) fn begin(&mut self) -> Result<(), LogError> {
        if self.chain.is_some() {
            return Ok(());
        }
        let mut name = [0; 16];
        getrandom::fill(&mut name).map_err(|error| {
            LogError::io(
                "naming the log",
                self.storage.place(),
                std::io::Error::other(error),
            )
        })?;
        self.chain = Some(Chain::after(LogId(name), None, self.first_seq));
        self.seal_own("log_created", self.opening_members())?;
        self.opening_due = false;
        if self.torn.is_some() {
            self.seal_resumed(false)?;
        }
        Ok(())
    }

    /// What `log_created` and `segment_opened` say of the writer.
    pub(super) fn opening_members(&self) -> Map<String, Value> {
        let mut members = Map::new();
        let mut put = |name: &str, value: Value| members.insert(name.to_owned(), value);
        put("boot_id", json!(self.boot_id));
        put("format", json!(FORMAT));
        put("instance", json!(shortened(&self.options.instance)));
        put("policy_id", json!(self.policy_id));
        put("pseudonym_key_id", json!(self.pseudonym_key_id));
        put("service", json!(shortened(&self.options.service)));
        put("source", json!(self.options.source.as_str()));
        put("writer", json!(WRITER));
        members
    }

    pub(super) fn seal_opening(&mut self) -> Result<(), LogError> {
        let mut members = self.opening_members();
        let mut call_ids = Vec::with_capacity(self.calls.len());
        let (mut length, mut text) = (0, Vec::new());
        for (call_id, _) in self.calls.iter() {
            text.clear();
            canonical::write_string(&mut text, call_id);
            length += text.len() + 1;
            if length > MOST_OPEN_CALLS {
                // A restart reads back to the segment that names the others.
                members.insert("shortened".to_owned(), json!(["open_calls"]));
                break;
            }
            call_ids.push(json!(call_id));
        }
        members.insert("open_calls".to_owned(), Value::Array(call_ids));
        self.seal_own("segment_opened", members)?;
        self.opening_due = false;
        Ok(())
    }

    /// The members, and those that every record of the log's own has, as text.
    pub(super) fn own_members(&self, mut members: Map<String, Value>) -> Vec<u8> {
        let now = self.options.clock.now();
        if let Retention::Days(days) = self.options.retention {
            let until = Value::String(retain_until(now, days));
            members.insert("retain_until".to_owned(), until);
        }
        let class = Value::String(self.options.retention_class.clone());
        members.insert("retention_class".to_owned(), class);
        members.insert("timestamp".to_owned(), Value::String(timestamp(now)));
        members_text(members)
    }

    /// Seals a record of the writer's own, without looking whether there is room.
    pub(super) fn seal_own(
        &mut self,
        kind: &'static str,
        members: Map<String, Value>,
    ) -> Result<u64, LogError> {
        let members = self.own_members(members);
        self.seal(kind, &members)
    }

    /// What a log tells first behind a restart.
    pub(super) fn seal_resumed(&mut self, clean: bool) -> Result<(), LogError> {
        let mut members = Map::new();
        members.insert("boot_id".to_owned(), json!(self.boot_id));
        members.insert("clean".to_owned(), json!(clean));
        members.insert(
            "torn_bytes".to_owned(),
            json!(self.torn.map_or(0, |torn| torn.bytes)),
        );
        if let Some(torn) = self.torn {
            members.insert("torn_sha256".to_owned(), json!(torn.sha256.to_string()));
        }
        self.seal_own("log_resumed", members).map(|_| ())
    }

    pub(super) fn seal_unknown_outcomes(&mut self) -> Result<(), LogError> {
        // Each is open until its record is sealed: a segment that is begun meanwhile names those that are left.
        for (call_id, started_seq) in self.calls.clone().iter() {
            let mut members = Map::new();
            members.insert("call_id".to_owned(), json!(call_id));
            if let Some(seq) = started_seq {
                members.insert("started_seq".to_owned(), json!(seq));
            }
            self.make_room(0)?;
            self.seal_own("outcome_unknown", members)?;
            self.calls.ended(call_id);
        }
        Ok(())
    }
}
