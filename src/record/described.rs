//! A call that was described and is not recorded yet.

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::open::Open;
use super::recorder::Recorder;
use super::{CallBuilder, assemble, pool};
use crate::clock::civil;

/// A call as it was described, before anything is recorded of it.
pub(crate) struct Described(pub(super) Box<Open>);

impl Described {
    pub(super) fn new(recorder: &Recorder, describe: impl FnOnce(&mut CallBuilder<'_>)) -> Self {
        let inner = recorder.inner();
        let mut open = pool::take();
        open.number = recorder.next_number();
        assemble::write_call_id(&mut open.call_id, &inner.prefix, open.number);
        open.started_micros = civil::micros(inner.clock.now());
        caught(|| describe(&mut CallBuilder::new(&mut open, inner)));
        Self(open)
    }

    pub(crate) fn is_emergency(&self) -> bool {
        self.0.is_emergency
    }

    /// There is no such call: it was refused before it began.
    pub(crate) fn discard(self) {
        pool::give_back(self.0);
    }
}

/// Describes a call; a panic leaves what had been told until then.
pub(super) fn caught(describe: impl FnOnce()) {
    if catch_unwind(AssertUnwindSafe(describe)).is_err() {
        tracing::error!(target: "tool_audit", "describing a request panicked: its record says what had been told until then");
    }
}
