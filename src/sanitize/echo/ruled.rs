//! What is kept of a value that a rule replaced.

use super::remember::MAX_VALUES;
use super::{Echo, worth};
use crate::sanitize::detect::{self, Detector};
use crate::sanitize::replace::replacement;
use crate::sanitize::rule::{Rule, Treatment};
use crate::sanitize::rules::Rules;
use crate::sanitize::text::Span;
use crate::tree::Tree;

/// How deep in a value that was redacted as a whole others are looked for.
const MAX_DEPTH: usize = 8;

impl Echo {
    /// Looks for what stands in a value that `rule` replaced as a whole.
    ///
    /// Under a secret's name an object holds harmless members too: of it only what a rule names, or what looks
    /// like a key, is looked for.
    pub(in crate::sanitize) fn remember_tree(
        &mut self,
        rules: &Rules,
        value: &Tree<'_>,
        marker: &str,
    ) {
        self.remember_below(rules, value, marker, MAX_DEPTH);
    }

    /// Looks for what was replaced in a text because of what stands beside it.
    pub(in crate::sanitize) fn remember_spans(
        &mut self,
        rules: &Rules,
        text: &str,
        spans: &[Span<'_>],
    ) {
        for Span { range, rule } in spans {
            let value = text.get(range.clone()).unwrap_or_default();
            if is_found_alone(rules, rule, value) {
                continue;
            }
            let made = replacement(rules, rule, value);
            let is_secret = matches!(rule.treatment, Treatment::Redact | Treatment::Drop);
            self.remember(value, &made, is_secret);
            if rule.name() == Detector::UrlCredentials.name()
                && let Some((_, password)) = value.split_once(':')
            {
                self.remember(password, &made, is_secret);
            }
        }
    }

    /// Looks for the value of the member `name`, where a rule names it.
    pub(in crate::sanitize) fn remember_member(
        &mut self,
        rules: &Rules,
        name: &str,
        value: &Tree<'_>,
    ) {
        if let Some((rule, _)) = rules.for_member(name) {
            match (&rule.treatment, value) {
                (Treatment::Pseudonymize { .. } | Treatment::Mask, Tree::String(text)) => {
                    self.remember(text, &replacement(rules, rule, text), false);
                }
                _ => self.remember_tree(rules, value, rule.marker()),
            }
        }
    }

    fn remember_below(&mut self, rules: &Rules, value: &Tree<'_>, marker: &str, depth: usize) {
        if depth == 0 || self.values >= MAX_VALUES {
            return;
        }
        match *value {
            Tree::Null | Tree::Bool(_) => {}
            Tree::String(text) => self.remember(text, marker, true),
            Tree::Number(number) => self.remember(&number.to_text(), marker, true),
            Tree::Array(items) => {
                for item in items.iter().take(MAX_VALUES) {
                    self.remember_below(rules, item, marker, depth - 1);
                }
            }
            Tree::Object(members) => {
                for (name, value) in members.iter().take(2 * MAX_VALUES) {
                    match *value {
                        Tree::String(text)
                            if !worth::looks_random(text) && rules.for_member(name).is_none() => {}
                        Tree::Number(_) if rules.for_member(name).is_none() => {}
                        _ => self.remember_below(rules, value, marker, depth - 1),
                    }
                }
            }
        }
    }
}

/// True for a value that is found by what it looks like, wherever it stands: a label may have told of one that is not.
fn is_found_alone(rules: &Rules, rule: &Rule, value: &str) -> bool {
    if rule.name() == Detector::Base64.name() {
        return true;
    }
    let looks = [
        Detector::Card,
        Detector::Iban,
        Detector::Ssn,
        Detector::NhsNumber,
        Detector::Email,
        Detector::Phone,
    ];
    looks.iter().any(|detector| detector.name() == rule.name())
        && matches!(
            &detect::find(rules, value, 0)[..],
            [Span { range, .. }] if range.start == 0 && range.end == value.len()
        )
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::sanitize::Sanitizer;
    use crate::sanitize::echo::Echo;

    #[test]
    fn numbers_that_only_a_label_tells_of_go_elsewhere_too() {
        for (note, number) in [
            ("ssn: 123456789", "123456789"),
            ("phone: 06601234567", "06601234567"),
            ("iban: 12345678901", "12345678901"),
            ("nhs number: 9434765912", "9434765912"),
        ] {
            let sanitizer = Sanitizer::default();
            let mut echo = Echo::default();
            sanitizer.write_text_echoing(&mut Vec::new(), note, 1024, &mut echo);
            let result = json!(format!("row {number} found")).to_string();
            let mut out = Vec::new();
            sanitizer.write_without_echo(&mut out, result.as_bytes(), 1024, &echo, false);
            let out = String::from_utf8_lossy(&out);
            assert!(out.contains("found") && !out.contains(number), "{out}");
        }
    }
}
