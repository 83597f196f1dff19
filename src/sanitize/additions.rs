use super::path::Paths;
use super::pattern::Patterns;
use super::tools::Tools;

/// What a policy has beside rules for member names and detectors.
#[derive(Debug, Default)]
pub(super) struct Additions {
    pub(super) patterns: Patterns,
    pub(super) paths: Paths,
    pub(super) tools: Tools,
}

impl Additions {
    /// True where one of the rules is called `name`.
    pub(super) fn has_rule(&self, name: &str) -> bool {
        self.patterns.has_rule(name) || self.paths.has_rule(name)
    }

    /// What tells these rules from others; empty where there are none.
    pub(super) fn describe(&self) -> String {
        let mut text = String::new();
        self.patterns.describe(&mut text);
        self.paths.describe(&mut text);
        self.tools.describe(&mut text);
        text
    }
}
