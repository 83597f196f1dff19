use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Read};
use std::path::Path;
use std::time::Duration;

use serde::Deserialize;
use serde::de::IgnoredAny;

use super::RetentionError;
use super::report::Pin;
use crate::admin::act::AdminLock;
use crate::admin::acts::Acts;
use crate::admin::hold::Covered;
use crate::log::read::{Line, LineReader};
use crate::log::segment;
use crate::log::verify::{VerifyOptions, verify};
use crate::log::{LogError, RecordHead};
use crate::query::{ADMIN, parse_instant};

/// The members of a record that decide whether it may go.
#[derive(Debug, Deserialize)]
pub(super) struct Members<'a> {
    #[serde(borrow)]
    pub(super) timestamp: Cow<'a, str>,
    pub(super) retain_until: Option<String>,
    pub(super) retention_class: Option<String>,
    pub(super) call_id: Option<String>,
    duration_ms: Option<f64>,
    #[serde(default)]
    subjects: Vec<String>,
    #[serde(default)]
    subjects_truncated: bool,
    user_id: Option<String>,
    conversation_id: Option<String>,
    tool_name: Option<String>,
    emergency: Option<IgnoredAny>,
}

impl<'a> Members<'a> {
    /// And when the record was made, in microseconds.
    pub(super) fn read(line: &'a [u8]) -> Option<(Self, i64)> {
        let members: Self = serde_json::from_slice(line).ok()?;
        let at = parse_instant(&members.timestamp)?;
        Some((members, at))
    }
}

/// What the holds and reviews of a store keep.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Keep(Acts);

impl Keep {
    /// As the store's `admin` says, which must be as it was written: a hold that was taken out of it must not be missed.
    pub(super) fn of_store(store: &Path) -> Result<Self, RetentionError> {
        let admin = store.join(ADMIN);
        let has_acts = segment::list(&admin).is_ok_and(|segments| !segments.is_empty());
        if has_acts && !verify(&admin, &VerifyOptions::new())?.is_intact() {
            return Err(RetentionError::AdminDamaged {
                store: store.to_owned(),
            });
        }
        Ok(Self(Acts::of_store(store)?))
    }

    /// What of a segment is held, one record for each hold. Where something is, a line that cannot be read may be held too.
    pub(super) fn holds_of(&self, reader: &mut dyn Read) -> io::Result<BTreeSet<Pin>> {
        let mut held = BTreeMap::new();
        let mut damaged = None;
        if self.0.holds.is_empty() {
            return Ok(BTreeSet::new());
        }
        let mut lines = LineReader::new(reader);
        while let Some(line) = lines.next_line()? {
            let read = match &line {
                Line::Whole(line) => RecordHead::parse(line).zip(Members::read(line)),
                Line::Unfinished(_) | Line::TooLong => None,
            };
            let Some((head, (members, begin))) = read else {
                damaged.get_or_insert(lines.number());
                continue;
            };
            self.held(&head, members, begin, |pin| {
                if let Pin::Hold { hold_id, .. } = &pin {
                    held.entry(hold_id.clone()).or_insert(pin);
                }
            });
        }
        let damaged = damaged.map(|line| Pin::Damaged { line });
        Ok(held.into_values().chain(damaged).collect())
    }

    pub(super) fn is_reviewed(&self, call_id: &str) -> bool {
        self.0.reviewed.contains(call_id)
    }

    /// What of a record keeps its segment. `begin` is its timestamp in microseconds.
    pub(super) fn pins(
        &self,
        head: &RecordHead<'_>,
        members: Members<'_>,
        begin: i64,
        mut found: impl FnMut(Pin),
    ) {
        let seq = head.seq;
        if let Some(call_id) = &members.call_id
            && !self.is_reviewed(call_id)
        {
            let call_id = call_id.clone();
            if members.emergency.is_some() {
                found(Pin::UnreviewedEmergency { call_id, seq });
            } else if head.kind == "outcome_unknown" {
                found(Pin::UnknownOutcome { call_id, seq });
            }
        }
        self.held(head, members, begin, found);
    }

    fn held(
        &self,
        head: &RecordHead<'_>,
        members: Members<'_>,
        begin: i64,
        mut found: impl FnMut(Pin),
    ) {
        if self.0.holds.is_empty() {
            return;
        }
        let seq = head.seq;
        let took = members.duration_ms.unwrap_or_default().clamp(0.0, 1e12);
        let text = |text: Option<String>| text.map(Cow::Owned);
        let call = Covered {
            begin,
            end: begin.saturating_add((took * 1000.0).round() as i64),
            user: text(members.user_id),
            conversation: text(members.conversation_id),
            tool: text(members.tool_name),
            subjects: members.subjects.into_iter().map(Cow::Owned).collect(),
            subjects_cut: members.subjects_truncated,
        };
        for hold in self.0.holds.iter().filter(|hold| hold.scope.covers(&call)) {
            let hold_id = hold.hold_id.clone();
            found(Pin::Hold { hold_id, seq });
        }
    }
}

/// The holds of a store, where nobody can set one meanwhile.
pub(crate) struct InForce {
    _lock: AdminLock,
    keep: Keep,
}

impl InForce {
    /// Waits for nobody: whoever acts upon the store is soon done.
    pub(crate) fn of_store(store: &Path) -> Result<Self, LogError> {
        let lock = AdminLock::acquire_within(store, Duration::ZERO)?;
        let keep = Keep::of_store(store).map_err(|error| error.of_holds(store))?;
        Ok(Self { _lock: lock, keep })
    }

    /// What keeps a segment, in words.
    pub(crate) fn keeps(&self, reader: &mut dyn Read) -> io::Result<Option<String>> {
        let first = self.keep.holds_of(reader)?.into_iter().next();
        Ok(first.map(|pin| pin.to_string()))
    }
}
