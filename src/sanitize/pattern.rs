//! Patterns of one's own: regular expressions of the crate `regex`, which take time linear in the text.

use std::ops::Range;

use regex::{Regex, RegexBuilder};

use super::SanitizerError;
use super::marker;
use super::rule::{self, Rule, Treatment};
use super::text::Span;

/// The most patterns.
pub(super) const MAX_PATTERNS: usize = 64;
/// The longest pattern, in bytes.
const MAX_LENGTH: usize = 1024;
/// The most bytes that a compiled pattern takes, and the most that its search caches.
const MAX_SIZE: usize = 1024 * 1024;
/// The group that says which part of a match is meant.
const VALUE: &str = "value";
/// The most matches of one pattern in one text. Each search may look at the whole rest of a text, so what has
/// more is replaced whole.
const MAX_MATCHES: usize = 1024;

/// All patterns.
#[derive(Debug, Default)]
pub(super) struct Patterns(Vec<Pattern>);

#[derive(Debug)]
struct Pattern {
    regex: Regex,
    has_value: bool,
    accepts: fn(&str) -> Option<usize>,
    rule: Rule,
}

impl Patterns {
    pub(super) fn add(
        &mut self,
        name: &str,
        regex: &str,
        treatment: Treatment,
    ) -> Result<(), SanitizerError> {
        self.add_accepted(name, regex, treatment, |found| Some(found.len()))
    }

    /// A pattern of which `accepts` says how much of a match counts.
    pub(super) fn add_accepted(
        &mut self,
        name: &str,
        regex: &str,
        treatment: Treatment,
        accepts: fn(&str) -> Option<usize>,
    ) -> Result<(), SanitizerError> {
        let Some(name) = rule::fold_rule_name(name) else {
            let name = super::error::quotable(name);
            return Err(SanitizerError::InvalidRuleName { name });
        };
        let invalid = |problem| SanitizerError::InvalidPattern {
            name: name.clone(),
            problem,
        };
        if treatment == Treatment::Keep {
            return Err(invalid(
                "cannot keep, for it would spare what detectors find: keep a detector, a key or a path",
            ));
        }
        if self.0.len() >= MAX_PATTERNS {
            return Err(SanitizerError::TooMany {
                what: "patterns",
                most: MAX_PATTERNS,
            });
        }
        if regex.is_empty() || regex.len() > MAX_LENGTH {
            return Err(invalid("is empty or longer than 1 KiB: split it"));
        }
        let regex = RegexBuilder::new(regex)
            .size_limit(MAX_SIZE)
            .dfa_size_limit(MAX_SIZE)
            .build()
            .map_err(|error| match error {
                regex::Error::CompiledTooBig(_) => {
                    invalid("takes more than 1 MiB once compiled: repeat less often")
                }
                _ => invalid(
                    "is no regular expression of the crate regex, which has no look-around and no back-references: correct it",
                ),
            })?;
        self.0.push(Pattern {
            has_value: regex.capture_names().any(|name| name == Some(VALUE)),
            regex,
            accepts,
            rule: Rule::added(&name, treatment),
        });
        Ok(())
    }

    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// True where one of them is called `name`.
    pub(super) fn has_rule(&self, name: &str) -> bool {
        self.0.iter().any(|pattern| pattern.rule.name() == name)
    }

    /// What names these rules among others.
    pub(super) fn describe(&self, text: &mut String) {
        use std::fmt::Write;
        for pattern in &self.0 {
            let (name, treatment) = (pattern.rule.name(), &pattern.rule.treatment);
            let _ = write!(
                text,
                "\npattern {name} {:?} {treatment:?}",
                pattern.regex.as_str()
            );
        }
    }

    /// Adds what must be replaced in `text`, in no order.
    pub(super) fn find<'r>(&'r self, text: &str, spans: &mut Vec<Span<'r>>) {
        for pattern in &self.0 {
            let mut matches = 0;
            let mut add = |range: Range<usize>| {
                matches += 1;
                if matches > MAX_MATCHES {
                    spans.push(Span {
                        range: 0..text.len(),
                        rule: &pattern.rule,
                    });
                    return false;
                }
                if let Some(range) = outside_markers(text, range) {
                    spans.push(Span {
                        range,
                        rule: &pattern.rule,
                    });
                }
                true
            };
            if pattern.has_value {
                let mut found = pattern.regex.captures_iter(text);
                found.all(|groups| groups.name(VALUE).is_none_or(|value| add(value.range())));
            } else {
                let mut found = pattern.regex.find_iter(text);
                found.all(|found| match (pattern.accepts)(found.as_str()) {
                    Some(length) => add(found.start()..found.start() + length),
                    None => true,
                });
            }
        }
    }

    /// The rule of the first pattern that is found in a number's text.
    pub(super) fn for_number(&self, number: &str) -> Option<&Rule> {
        let mut spans = Vec::new();
        self.find(number, &mut spans);
        spans.first().map(|span| span.rule)
    }
}

/// The range with the whole of a marker that it cuts; `None` for one within a marker, which stays.
fn outside_markers(text: &str, mut range: Range<usize>) -> Option<Range<usize>> {
    if range.is_empty() {
        return None;
    }
    let bytes = text.as_bytes();
    let marker_over = |place: usize| {
        (place.saturating_sub(marker::MAX_LENGTH)..=place).find_map(|at| {
            let end = at + marker::length_at(bytes, at)?;
            (end > place).then_some(at..end)
        })
    };
    if let Some(marker) = marker_over(range.start) {
        if range.end <= marker.end {
            return None;
        }
        range.start = marker.start;
    }
    if let Some(marker) = marker_over(range.end - 1) {
        range.end = range.end.max(marker.end);
    }
    Some(range)
}

#[cfg(test)]
mod tests {
    #![allow(
        clippy::single_range_in_vec_init,
        reason = "lists of ranges are compared"
    )]

    use super::*;

    fn ranges(regex: &str, text: &str) -> Vec<Range<usize>> {
        let mut patterns = Patterns::default();
        patterns
            .add("own", regex, Treatment::Redact)
            .expect("a pattern");
        let mut spans = Vec::new();
        patterns.find(text, &mut spans);
        spans.into_iter().map(|span| span.range).collect()
    }

    #[test]
    fn a_match_or_its_value_is_found() {
        assert_eq!(ranges(r"EMP-\d+", "by EMP-12, EMP-7"), [3..9, 11..16]);
        assert_eq!(ranges(r"badge (?<value>\d+)", "badge 12 badge x"), [6..8]);
        assert!(ranges("x*", "abc").is_empty());
    }

    #[test]
    fn what_the_sanitizer_wrote_is_left_alone_or_taken_whole() {
        assert!(ranges("[A-Z]+", "[REDACTED:token]").is_empty());
        assert_eq!(ranges(r"\S+", "a[REDACTED:token]"), [0..17]);
        assert_eq!(ranges(r"token\] b", "[REDACTED:token] b"), [0..18]);
        assert_eq!(ranges(r"b \[RE", "b [REDACTED:token]"), [0..18]);
    }

    #[test]
    fn a_text_full_of_matches_goes_whole() {
        let text = "7 ".repeat(2000);
        assert!(ranges(r"\d", &text).contains(&(0..text.len())));
    }

    #[test]
    fn patterns_are_bounded() {
        let mut patterns = Patterns::default();
        for regex in ["", "(", r"\w{500}{500}", r"(a)\1", &"a".repeat(1025)] {
            let error = patterns.add("own", regex, Treatment::Redact);
            assert!(error.is_err(), "{regex}");
        }
        assert!(patterns.add("own", "a", Treatment::Keep).is_err());
        for _ in 0..MAX_PATTERNS {
            patterns
                .add("own", "a", Treatment::Redact)
                .expect("one more");
        }
        assert!(patterns.add("own", "a", Treatment::Redact).is_err());
    }
}
