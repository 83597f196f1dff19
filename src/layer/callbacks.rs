use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use super::{LetPass, OnEmergency, OnUnavailable};
use crate::call::{Classify, Describe, Outcome};
use crate::record::{Admission, CallBuilder, Described, Recorder, Recording, Refusal};
use crate::sink::SinkError;

/// What a record of intent waits for.
pub(crate) const INTENT: &str = "making the record of intent durable";

/// A recorder and the five callbacks of a layer, shared by all of its services and calls.
///
/// Services and calls are counted beside it, in every call by whichever processor: what is only read stands in other cache
/// lines than the count. It is named only to spell out a service's type: `AuditService<S, Callbacks<D, C, U, N>>`.
#[repr(align(128))]
pub struct Callbacks<D, C, U, N, G = LetPass> {
    pub(crate) recorder: Recorder,
    pub(crate) describe: D,
    pub(crate) classify: C,
    pub(crate) on_unavailable: U,
    pub(crate) on_undurable: N,
    pub(crate) on_emergency: G,
}

impl<D, C, U, N, G> Callbacks<D, C, U, N, G> {
    /// Begins the recording of the next call, or answers it.
    pub(crate) fn enter<Request, T, E>(
        &self,
        admission: Option<Admission>,
        request: &mut Request,
    ) -> Result<Recording, Result<T, E>>
    where
        D: Describe<Request>,
        C: Classify<T, E>,
        U: OnUnavailable<T, E>,
        G: OnEmergency<T, E>,
    {
        let describe = |call: &mut CallBuilder<'_>| self.describe.describe(request, call);
        let mut described = self.recorder.describe(describe);
        let admission = match admission {
            Some(Admission::Unavailable(refusal)) => {
                let (admission, same) = self.let_in(refusal, described)?;
                described = same;
                admission
            }
            // It was let in, and the log was closed before the call came.
            _ if self.recorder.is_closed() => {
                let refusal = Refusal::new(SinkError::closed());
                let (admission, same) = self.let_in(refusal, described)?;
                described = same;
                admission
            }
            _ => Admission::Admitted,
        };
        let recording = self.recorder.start_described(&admission, described);
        if recording.is_emergency() {
            return self.look_at_emergency(recording);
        }
        Ok(recording)
    }

    /// Decides what becomes of a call that the log cannot take. An emergency takes one of the places that are
    /// kept for it.
    #[cold]
    fn let_in<T, E>(
        &self,
        refusal: Refusal,
        described: Described,
    ) -> Result<(Admission, Described), Result<T, E>>
    where
        U: OnUnavailable<T, E>,
    {
        if described.is_emergency() && self.recorder.has_room_for_emergency() {
            return Ok((Admission::Admitted, described));
        }
        let hook = AssertUnwindSafe(|| self.on_unavailable.on_unavailable(&refusal));
        match catch_unwind(hook) {
            Ok(None) => Ok((Admission::Unavailable(refusal), described)),
            Ok(Some(answer)) => {
                described.discard();
                self.recorder.count_refused();
                Err(answer)
            }
            Err(panic) => {
                described.discard();
                self.recorder.count_refused();
                resume_unwind(panic)
            }
        }
    }

    /// Decides what becomes of a call whose record of intent was waited for: it goes on, or is answered.
    pub(crate) fn after_intent<T, E>(
        &self,
        mut recording: Recording,
        intent: Result<(), SinkError>,
    ) -> Result<Recording, Result<T, E>>
    where
        U: OnUnavailable<T, E>,
    {
        let Err(error) = intent else {
            recording.restart_timer();
            return Ok(recording);
        };
        let refusal = Refusal::new(error);
        let refuse = |mut recording: Recording| {
            recording.restart_timer();
            drop(recording.finish(|outcome| {
                outcome
                    .outcome(Outcome::Rejected)
                    .error_type("audit_log_unavailable");
                outcome.error(&refusal);
            }));
        };
        let hook = AssertUnwindSafe(|| self.on_unavailable.on_unavailable(&refusal));
        match catch_unwind(hook) {
            Ok(None) => {
                self.recorder.count_undurable();
                recording.restart_timer();
                Ok(recording)
            }
            Ok(Some(answer)) => {
                refuse(recording);
                Err(answer)
            }
            Err(panic) => {
                refuse(recording);
                resume_unwind(panic)
            }
        }
    }

    /// Asks the hook whether an emergency's call is refused, and records that it was.
    #[cold]
    fn look_at_emergency<T, E>(&self, recording: Recording) -> Result<Recording, Result<T, E>>
    where
        C: Classify<T, E>,
        G: OnEmergency<T, E>,
    {
        let emergency = recording.emergency().unwrap_or_default();
        let hook = AssertUnwindSafe(|| self.on_emergency.on_emergency(&emergency));
        let answer = match catch_unwind(hook) {
            Ok(None) => return Ok(recording),
            Ok(Some(answer)) => answer,
            Err(panic) => {
                drop(recording.denied("the hook for emergencies panicked"));
                resume_unwind(panic)
            }
        };
        drop(recording.finish(|outcome| {
            self.classify.classify(answer.as_ref(), outcome);
            outcome
                .outcome(Outcome::Denied)
                .error_type("emergency_refused");
        }));
        Err(answer)
    }
}

impl<D, C, U, N, G> fmt::Debug for Callbacks<D, C, U, N, G> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Callbacks")
            .field("recorder", &self.recorder)
            .finish_non_exhaustive()
    }
}
