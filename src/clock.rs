//! What time it is: for timestamps, and for durations that no change of the wall clock can bend.

use std::time::{Duration, Instant, SystemTime};

/// Tells the time. Tests and replays bring their own.
///
/// ```
/// use std::time::{Duration, SystemTime};
/// use tool_audit::clock::Clock;
///
/// /// Always the same moment.
/// struct Still;
///
/// impl Clock for Still {
///     fn now(&self) -> SystemTime {
///         SystemTime::UNIX_EPOCH + Duration::from_secs(1_751_811_780)
///     }
///     fn monotonic(&self) -> Duration {
///         Duration::ZERO
///     }
/// }
/// ```
pub trait Clock: Send + Sync {
    /// The wall clock: it may jump, forwards and back.
    fn now(&self) -> SystemTime;

    /// Time since some fixed moment of this process; it never goes back.
    fn monotonic(&self) -> Duration;
}

/// The operating system's clocks.
#[derive(Debug, Clone, Copy)]
pub struct SystemClock {
    started: Instant,
}

impl SystemClock {
    /// A clock whose [`monotonic`](Clock::monotonic) counts from now.
    #[must_use]
    pub fn new() -> Self {
        Self {
            started: Instant::now(),
        }
    }
}

impl Default for SystemClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for SystemClock {
    fn now(&self) -> SystemTime {
        SystemTime::now()
    }

    fn monotonic(&self) -> Duration {
        self.started.elapsed()
    }
}
