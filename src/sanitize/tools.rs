//! Rules of some tools alone.

use std::collections::HashMap;

use super::{Sanitizer, SanitizerError, error};
use crate::glob;

/// The most tools and patterns of tools that have rules of their own.
pub(super) const MAX_TOOLS: usize = 256;

/// The sanitizers of tools with rules of their own.
#[derive(Debug, Default)]
pub(super) struct Tools {
    exact: HashMap<Box<str>, Sanitizer>,
    /// Those with the most letters first.
    globs: Vec<(Box<str>, Sanitizer)>,
}

impl Tools {
    pub(super) fn add(
        &mut self,
        pattern: &str,
        sanitizer: Sanitizer,
    ) -> Result<(), SanitizerError> {
        if self.exact.len() + self.globs.len() >= MAX_TOOLS {
            return Err(SanitizerError::TooMany {
                what: "tools with rules",
                most: MAX_TOOLS,
            });
        }
        let twice = if pattern.contains('*') {
            let known = self.globs.iter().any(|(glob, _)| **glob == *pattern);
            self.globs.push((pattern.into(), sanitizer));
            let letters = |glob: &str| glob.bytes().filter(|byte| *byte != b'*').count();
            self.globs
                .sort_by(|(a, _), (b, _)| (letters(b), a).cmp(&(letters(a), b)));
            known
        } else {
            self.exact.insert(pattern.into(), sanitizer).is_some()
        };
        if twice || pattern.is_empty() {
            return Err(SanitizerError::InvalidTool {
                pattern: error::quotable(pattern),
            });
        }
        Ok(())
    }

    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        self.exact.is_empty() && self.globs.is_empty()
    }

    /// The sanitizer of a tool that has one.
    pub(super) fn find(&self, tool: &str) -> Option<&Sanitizer> {
        self.exact.get(tool).or_else(|| {
            let mut globs = self.globs.iter();
            globs
                .find(|(glob, _)| glob::matches(glob.as_bytes(), tool.as_bytes()))
                .map(|(_, sanitizer)| sanitizer)
        })
    }

    /// What names these rules among others.
    pub(super) fn describe(&self, text: &mut String) {
        use std::fmt::Write;
        let exact = self.exact.iter();
        let globs = self.globs.iter().map(|(glob, sanitizer)| (glob, sanitizer));
        let mut all: Vec<_> = exact.chain(globs).collect();
        all.sort_by_key(|(pattern, _)| *pattern);
        for (pattern, sanitizer) in all {
            let _ = write!(text, "\ntool {pattern:?} {}", sanitizer.rules_id());
        }
    }
}
