//! A clock that is wrong must not make records expire (FORMAT section 7).

use std::path::Path;

use serde::Deserialize;

use super::RetentionError;
use super::options::PruneOptions;
use super::segments::Segments;
use crate::clock::civil;
use crate::log::read::{Line, LineReader};
use crate::log::{LogError, RecordHead, timestamp};
use crate::query::parse_instant;

/// So far may the clock be ahead of the newest call.
const MOST_AHEAD: i64 = 7 * 86_400_000_000;

/// When the newest records were made, in microseconds.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Newest {
    any: Option<i64>,
    /// What a log or its store says of itself is no call: it is written at every restart and every look at the store,
    /// also where the clock is wrong.
    call: Option<i64>,
}

#[derive(Deserialize)]
struct Timed {
    timestamp: String,
}

impl Newest {
    pub(super) fn of(log: &mut impl Segments) -> Result<Self, LogError> {
        let mut newest = Self::default();
        for name in log.names()?.into_iter().rev() {
            log.read(name, &mut |reader| {
                let mut lines = LineReader::new(reader);
                while let Some(line) = lines.next_line()? {
                    let Line::Whole(line) = line else { continue };
                    let Some(head) = RecordHead::parse(line) else {
                        continue;
                    };
                    let timed: Option<Timed> = serde_json::from_slice(line).ok();
                    let at = timed.and_then(|timed| parse_instant(&timed.timestamp));
                    newest.any = newest.any.max(at);
                    if matches!(head.kind, "tool_call" | "tool_call_started") {
                        newest.call = newest.call.max(at);
                    }
                }
                Ok(())
            })?;
            if newest.call.is_some() {
                break;
            }
        }
        Ok(newest)
    }

    pub(super) fn and(self, other: Self) -> Self {
        Self {
            any: self.any.max(other.any),
            call: self.call.max(other.call),
        }
    }

    /// Refuses a clock that is far from the newest record, unless somebody says that it is right.
    pub(super) fn check(self, store: &Path, options: &PruneOptions) -> Result<(), RetentionError> {
        let now = civil::micros(options.clock.now());
        let Some(any) = self.any.filter(|_| !options.is_clock_checked()) else {
            return Ok(());
        };
        let call = self.call.unwrap_or(any);
        let store = store.to_owned();
        let text = |micros: i64| {
            let mut out = Vec::with_capacity(27);
            civil::write_instant(&mut out, micros);
            String::from_utf8(out).unwrap_or_default()
        };
        let shown = timestamp(options.clock.now());
        if now < any {
            return Err(RetentionError::ClockBehind {
                store,
                now: shown,
                newest: text(any),
            });
        }
        if now.saturating_sub(call) > MOST_AHEAD {
            return Err(RetentionError::ClockAhead {
                store,
                now: shown,
                newest: text(call),
            });
        }
        Ok(())
    }
}
