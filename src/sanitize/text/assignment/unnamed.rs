//! Values behind words that no rule names: `login: ada / x`, `Patient: Ada Roe`.

use super::{Scan, person};
use crate::sanitize::detect::{Detector, account, labelled_secret};
use crate::sanitize::reference;
use crate::sanitize::rule::Extent;

impl Scan<'_, '_, '_> {
    /// `login: ada / x`, `router login ada:x`, `Patient: Ada Roe`: behind words that no rule names.
    pub(super) fn told_of_person(
        &mut self,
        name: &[u8],
        operator: usize,
        after: usize,
    ) -> Option<usize> {
        let text = self.findings.text;
        let rules = self.findings.rules;
        let mut words = name.rsplit(|byte| *byte == b' ');
        let last = words.next().unwrap_or_default();
        let before = words.next().unwrap_or_default();
        let is_user = account::is_label(before);
        let is_refused = matches!(last, b"failed" | b"denied" | b"rejected")
            && (is_user || matches!(before, b"auth" | b"authentication" | b"bind"));
        let secret = if is_refused || account::is_label(last) {
            account::secret_at(text, after)
        } else if is_user && operator + 1 == after {
            account::secret_word(text, after)
        } else {
            None
        };
        if let Some(secret) = secret {
            let rule = rules.for_detector(Detector::LabelledSecret)?;
            return Some(self.take(rule, secret, after));
        }
        let start = self.findings.reader.skip_blanks(after);
        if let Some(rule) = labelled_secret::rule_for_number(rules, last, &text.as_bytes()[start..])
        {
            let value = self
                .findings
                .reader
                .value(rules, after, Extent::Digits, None)?;
            return Some(self.take(rule, value, after));
        }
        if labelled_secret::is_key_of_network(&name[..name.len() - last.len()], last) {
            let rule = rules.for_detector(Detector::LabelledSecret)?;
            let value = self
                .findings
                .reader
                .value(rules, after, Extent::Word, None)?;
            let word = text.get(value.start..value.end)?;
            return reference::looks_secret(word).then(|| self.take(rule, value, after));
        }
        if person::is_patient(name) {
            let (rule, ..) = rules.for_name_at_end(b"patient_name")?;
            let found = person::full_name(text, start)?;
            return Some(self.take(rule, found, after));
        }
        None
    }
}
