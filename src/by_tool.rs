//! What is said of tools by their names, or by patterns of names.

use std::collections::HashMap;

use crate::glob;

/// What holds for the tools of a name or a pattern.
#[derive(Debug, Clone)]
pub(crate) struct ByTool<T> {
    exact: HashMap<String, T>,
    /// Those with the most letters first.
    patterns: Vec<(String, T)>,
}

impl<T> Default for ByTool<T> {
    fn default() -> Self {
        Self {
            exact: HashMap::new(),
            patterns: Vec::new(),
        }
    }
}

impl<T: Copy> ByTool<T> {
    /// Takes the place of what was said of the same name before.
    pub(crate) fn insert(&mut self, tool: &str, value: T) {
        if !tool.contains('*') {
            self.exact.insert(tool.to_owned(), value);
            return;
        }
        self.patterns.retain(|(pattern, _)| pattern != tool);
        let letters = |pattern: &str| pattern.bytes().filter(|byte| *byte != b'*').count();
        let place = self
            .patterns
            .partition_point(|(pattern, _)| letters(pattern) > letters(tool));
        self.patterns.insert(place, (tool.to_owned(), value));
    }

    /// What was said of just this name or pattern.
    pub(crate) fn get(&self, tool: &str) -> Option<T> {
        let pattern = || self.patterns.iter().find(|(pattern, _)| pattern == tool);
        let exact = self.exact.get(tool);
        exact.or_else(|| pattern().map(|(_, value)| value)).copied()
    }

    pub(crate) fn find(&self, tool: &str) -> Option<T> {
        let fits = || {
            let mut patterns = self.patterns.iter();
            patterns.find(|(pattern, _)| glob::matches(pattern.as_bytes(), tool.as_bytes()))
        };
        let exact = self.exact.get(tool);
        exact.or_else(|| fits().map(|(_, value)| value)).copied()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.exact.is_empty() && self.patterns.is_empty()
    }
}
