//! What the sanitizer says that it did.

/// What one pass over a value did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Sanitized {
    /// How many values were changed.
    pub redactions: u32,
    /// Whether something was left out to stay within the bound.
    pub shortened: bool,
    /// Whether a fault stopped the pass: a placeholder stands for the whole value.
    pub failed: bool,
}

impl Sanitized {
    pub(super) const FAILED: Self = Self {
        redactions: 1,
        shortened: false,
        failed: true,
    };

    /// Adds what another pass did.
    pub fn add(&mut self, other: Self) {
        self.redactions = self.redactions.saturating_add(other.redactions);
        self.shortened |= other.shortened;
        self.failed |= other.failed;
    }
}
