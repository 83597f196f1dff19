use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Waker};
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::time::{Instant, sleep_until};

use crate::sink::wakers::WakerSet;

/// Says when a time has passed, and wakes all who asked by then.
///
/// A timer of tokio's wakes only the task that polled it last, so a task of its own rings for everybody.
#[derive(Debug, Default)]
pub(super) struct Alarm {
    /// Whether there is something to take back, so that taking back nothing takes no lock.
    set: AtomicBool,
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    at: Option<Instant>,
    waiting: WakerSet,
    ringing: bool,
}

impl Alarm {
    /// True once `limit` has passed since the first time this was asked; else wakes the task then.
    ///
    /// Outside a tokio runtime nobody is woken.
    pub(super) fn is_over(&self, limit: Duration, context: &mut Context<'_>) -> bool {
        let mut stale = Vec::new();
        let mut state = lock(&self.state);
        let now = Instant::now();
        let at = state.at.or_else(|| now.checked_add(limit));
        // A limit beyond the clock's end is none.
        let Some(at) = at else {
            return false;
        };
        state.at = Some(at);
        self.set.store(true, Ordering::Release);
        if now >= at {
            return true;
        }
        state.waiting.register(context.waker(), &mut stale);
        let runtime = if state.ringing {
            None
        } else {
            Handle::try_current().ok()
        };
        state.ringing |= runtime.is_some();
        drop(state);
        stale.into_iter().for_each(Waker::wake);
        if let Some(runtime) = runtime {
            let ringer = Ringer(Arc::clone(&self.state));
            drop(runtime.spawn(ringer.ring()));
        }
        false
    }

    /// Takes the alarm back: the next question starts a new time.
    pub(super) fn clear(&self) {
        if self.set.load(Ordering::Acquire) {
            let mut state = lock(&self.state);
            state.at = None;
            self.set.store(false, Ordering::Release);
        }
    }
}

/// The task that rings when it ends, also where it is dropped because its runtime was shut down.
struct Ringer(Arc<Mutex<State>>);

impl Ringer {
    async fn ring(self) {
        loop {
            let at = lock(&self.0).at;
            let Some(at) = at else {
                return;
            };
            sleep_until(at).await;
            // It may have been taken back and set again meanwhile.
            if lock(&self.0).at.is_some_and(|at| at <= Instant::now()) {
                return;
            }
        }
    }
}

impl Drop for Ringer {
    fn drop(&mut self) {
        let mut ready = Vec::new();
        let mut state = lock(&self.0);
        state.ringing = false;
        // Who still has to wait polls again, and so sets a new one going.
        state.waiting.take(&mut ready);
        drop(state);
        ready.into_iter().for_each(Waker::wake);
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}
