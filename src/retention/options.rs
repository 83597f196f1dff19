use std::sync::Arc;

use crate::admin::{act, process_user};
use crate::clock::{Clock, SystemClock};
use crate::log::prune::PrunedBy;
use crate::record::Policy;

/// Who prunes, by which policy and clock.
///
/// ```
/// use tool_audit::retention::PruneOptions;
/// use tool_audit::{Policy, RetentionClass};
///
/// let policy = Policy::new().class(RetentionClass::healthcare());
/// let options = PruneOptions::new("records manager").policy(policy);
/// # let _ = options;
/// ```
#[derive(Debug, Clone)]
#[must_use]
pub struct PruneOptions {
    actor: String,
    actor_asserted: bool,
    clock_checked_by: Option<String>,
    pub(super) policy: Option<Policy>,
    pub(super) clock: Arc<dyn Clock>,
    has_clock: bool,
}

impl PruneOptions {
    /// In the name of this actor, by what the records say of themselves.
    pub fn new(actor: impl Into<String>) -> Self {
        Self {
            actor: actor.into(),
            actor_asserted: false,
            clock_checked_by: None,
            policy: None,
            clock: Arc::new(SystemClock),
            has_clock: false,
        }
    }

    /// The actor's name is a claim that nobody checked: the operating system's user is recorded beside it.
    pub fn asserted(mut self) -> Self {
        self.actor_asserted = true;
        self
    }

    /// Keeps records of a class as long as this policy keeps the class, where that is longer than the records themselves
    /// say. Where it is shorter, it changes nothing.
    pub fn policy(mut self, policy: Policy) -> Self {
        self.policy = Some(policy);
        self
    }

    /// Who made sure that the clock is right, though it is far from the newest record; it is recorded.
    pub fn clock_checked_by(mut self, actor: impl Into<String>) -> Self {
        self.clock_checked_by = Some(actor.into());
        self
    }

    /// Where the time comes from by which records expire.
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self.has_clock = true;
        self
    }

    pub(super) fn is_clock_checked(&self) -> bool {
        self.clock_checked_by.is_some()
    }

    /// The same with another clock, where none was named.
    pub(crate) fn default_clock(mut self, clock: &Arc<dyn Clock>) -> Self {
        if !self.has_clock {
            self.clock = Arc::clone(clock);
        }
        self
    }

    pub(super) fn by(&self) -> PrunedBy {
        PrunedBy {
            actor: act::name(&self.actor),
            actor_asserted: self.actor_asserted,
            process_user: self.actor_asserted.then(|| act::name(&process_user())),
            clock_checked_by: self.clock_checked_by.as_deref().map(act::name),
        }
    }
}
