use std::collections::BTreeMap;

/// How often each rule replaced something.
///
/// ```
/// use serde_json::json;
/// use tool_audit::sanitize::{RuleCounts, Sanitizer};
///
/// let mut counts = RuleCounts::default();
/// let value = json!({"password": "hunter2"});
/// Sanitizer::default().write_value_counting(&mut Vec::new(), &value, 1024, &mut counts);
/// assert_eq!(counts.get("password"), 1);
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RuleCounts(BTreeMap<Box<str>, u64>);

impl RuleCounts {
    /// How often the rule of this name replaced something.
    #[must_use]
    pub fn get(&self, rule: &str) -> u64 {
        self.0.get(rule).copied().unwrap_or(0)
    }

    /// True where no rule replaced anything.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The rules that replaced something, in the order of their names, and how often.
    pub fn iter(&self) -> impl Iterator<Item = (&str, u64)> {
        self.0.iter().map(|(rule, count)| (&**rule, *count))
    }

    /// Adds other counts.
    pub fn add(&mut self, other: &Self) {
        for (rule, count) in other.iter() {
            self.add_count(rule, count);
        }
    }

    pub(super) fn add_count(&mut self, rule: &str, count: u64) {
        match self.0.get_mut(rule) {
            Some(sum) => *sum = sum.saturating_add(count),
            None => {
                self.0.insert(rule.into(), count);
            }
        }
    }
}
