use std::fmt;

use crate::call::Describe;
use crate::record::{Admission, CallBuilder, Recorder, Recording};

/// A recorder and the four callbacks of a layer, shared by all of its services and calls.
///
/// It is named only to spell out a service's type: `AuditService<S, Callbacks<D, C, U, N>>`.
pub struct Callbacks<D, C, U, N> {
    pub(super) recorder: Recorder,
    pub(super) describe: D,
    pub(super) classify: C,
    pub(super) on_unavailable: U,
    pub(super) on_undurable: N,
}

impl<D, C, U, N> Callbacks<D, C, U, N> {
    /// Begins the recording of a call that was let in.
    pub(super) fn start<Request>(&self, admission: &Admission, request: &mut Request) -> Recording
    where
        D: Describe<Request>,
    {
        let describe = |call: &mut CallBuilder<'_>| self.describe.describe(request, call);
        self.recorder.start_admitted(admission, describe)
    }
}

impl<D, C, U, N> fmt::Debug for Callbacks<D, C, U, N> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Callbacks")
            .field("recorder", &self.recorder)
            .finish_non_exhaustive()
    }
}
