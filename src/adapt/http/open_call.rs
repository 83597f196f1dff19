use std::any::Any;
use std::sync::Arc;

use serde_json::{Map, Value};

use super::AuditHandle;
use super::arguments::{self, Media};
use super::request_body::BodyCopy;
use crate::call::Identity;
use crate::record::{Commit, OutcomeBuilder, Recording};

/// A call between its head and the end of its answer: the recording, and what it is still to be told.
///
/// Dropped, it tells what is known and records the call as its recording does.
#[derive(Debug)]
pub(super) struct OpenCall {
    recording: Option<Recording>,
    body: Option<CopiedRequest>,
    handle: AuditHandle,
    asks_for_head: bool,
}

/// A request's body as it was read, and what goes with it into the arguments.
#[derive(Debug)]
pub(super) struct CopiedRequest {
    pub(super) copy: Arc<BodyCopy>,
    pub(super) media: Media,
    pub(super) parameters: Map<String, Value>,
}

impl OpenCall {
    /// `asks_for_head` says that the method is `HEAD`.
    pub(super) fn new(
        recording: Recording,
        body: Option<CopiedRequest>,
        handle: AuditHandle,
        asks_for_head: bool,
    ) -> Self {
        Self {
            recording: Some(recording),
            body,
            handle,
            asks_for_head,
        }
    }

    pub(super) fn asks_for_head(&self) -> bool {
        self.asks_for_head
    }

    pub(super) fn identify(&self, identity: Identity) {
        self.handle.identify(identity);
    }

    /// The recording, for who decides whether the call goes on.
    pub(super) fn take_recording(&mut self) -> Option<Recording> {
        self.recording.take()
    }

    /// The call goes on.
    pub(super) fn go_on(&mut self, recording: Recording) {
        self.recording = Some(recording);
    }

    /// Runs something of the tool's in the call's span, where it has one.
    pub(super) fn in_span<T>(&self, run: impl FnOnce() -> T) -> T {
        match &self.recording {
            Some(recording) => recording.in_span(run),
            None => run(),
        }
    }

    /// Says that the tool is called only now.
    pub(super) fn restart_timer(&mut self) {
        if let Some(recording) = &mut self.recording {
            recording.restart_timer();
        }
    }

    /// Says that the tool begins now.
    pub(super) fn begin(&mut self) {
        if let Some(recording) = &mut self.recording {
            recording.begin();
        }
    }

    /// Says that the tool did not panic, though the thread unwinds.
    pub(super) fn unwinds_anyway(&mut self) {
        if let Some(recording) = &mut self.recording {
            recording.unwinds_anyway();
        }
    }

    pub(super) fn finish(mut self, judge: impl FnOnce(&mut OutcomeBuilder<'_>)) -> Commit {
        match self.told() {
            Some(recording) => recording.finish(judge),
            None => Commit::done(),
        }
    }

    pub(super) fn panicked(mut self, payload: &(dyn Any + Send)) {
        if let Some(recording) = self.told() {
            // Nobody is left to wait for the record.
            drop(recording.panicked(payload));
        }
    }

    /// The recording, which has been told the arguments; none where somebody further inside records the call.
    fn told(&mut self) -> Option<Recording> {
        let mut recording = self.recording.take()?;
        if self.handle.is_claimed() {
            recording = recording.withdraw()?;
        }
        if let Some(body) = self.body.take() {
            recording.describe(|call| {
                arguments::tell(&body.copy.take(), body.media, body.parameters, call);
            });
        }
        Some(recording)
    }
}

impl Drop for OpenCall {
    fn drop(&mut self) {
        drop(self.told());
    }
}
