//! Members' names that hold what must not be written.

use std::collections::BTreeSet;

use crate::tree::{Members, Tree};

use super::containers::Member;
use super::shapes::Said;
use super::strings::{MAX_SEARCHES, is_harmless};
use super::{Pass, persons};
use crate::canonical::compare_keys;
use crate::sanitize::known_names::{About, Verdict};
use crate::sanitize::names;
use crate::sanitize::replace::replacement;
use crate::sanitize::rule::{Extent, Rule};
use crate::sanitize::sweep::sweep;
use crate::sanitize::value_shape::Shape;
use crate::sanitize::{detect, marker, text};

/// From so many digits on a name under a rule's name is a value itself: `{"mrn": {"57875448": …}}`.
const LEAST_DIGITS: usize = 5;

/// A name as it is written.
pub(super) struct ShownName<'a> {
    pub(super) text: String,
    /// What was replaced in it.
    pub(super) rules: Vec<&'a Rule>,
    pub(super) shortened: bool,
}

impl<'a> Pass<'a> {
    /// The name with what the rules find in it replaced; `None` where that is nothing.
    #[inline(never)]
    pub(super) fn replaced_name(
        &self,
        name: &str,
        under: Option<&'a Rule>,
    ) -> Option<(String, Vec<&'a Rule>)> {
        let searched = match name.rsplit_once('#') {
            // The number is the sanitizer's own.
            Some((before, _)) if marker::is_at_end(name.as_bytes()) => before,
            _ => name,
        };
        if marker::is_whole(searched) {
            return None;
        }
        if let Some(rule) = under
            && (digits(name) >= LEAST_DIGITS || self.is_a_persons(rule, name))
            && !rule.spares(name)
            && !marker::is_at_end(name.as_bytes())
        {
            return Some((replacement(self.rules, rule, name), vec![rule]));
        }
        if is_harmless(name, sweep(name.as_bytes())) && self.rules.additions.patterns.is_empty() {
            return None;
        }
        let rules: &'a _ = self.rules;
        let mut spans = detect::find(rules, searched, 0);
        let (mut replaced, mut found) = (name.to_owned(), Vec::new());
        for _ in 0..MAX_SEARCHES {
            if spans.is_empty() {
                break;
            }
            replaced = text::replace(rules, &replaced, &spans);
            found.extend(spans.iter().map(|span| span.rule));
            // What was replaced may have hidden what stood beside it.
            spans = detect::find(rules, &replaced, 0);
        }
        (!found.is_empty()).then_some((replaced, found))
    }

    /// True for the name of a person under a rule for such: `{"next_of_kin": {"Ada Lovelace": "sister"}}`.
    fn is_a_persons(&self, rule: &Rule, name: &str) -> bool {
        rule.extent == Extent::Name
            && name.contains(' ')
            && Shape::PersonName.fits(name)
            // `First Name`
            && self.rules.of_member(name).is_none()
    }

    pub(super) fn shown_name(&self, name: &str, under: Option<&'a Rule>) -> ShownName<'a> {
        let (text, rules) = self
            .replaced_name(name, under)
            .unwrap_or_else(|| (name.to_owned(), Vec::new()));
        let shown = names::shorten(self.rules, &text);
        let shortened = *shown != *text;
        ShownName {
            text: shown.into_owned(),
            rules,
            shortened,
        }
    }

    /// Writes members of which names are too long or not to be written as they are, in the order of those that are
    /// written.
    #[cold]
    #[inline(never)]
    pub(super) fn members_sorted(
        &mut self,
        members: Members<'_>,
        said: &Said<'a>,
        about: Option<About>,
        under: Option<&'a Rule>,
        depth: usize,
    ) {
        let mut sorted: Vec<_> = members
            .iter()
            .map(|(name, value)| (self.shown_name(name, under), name, value))
            .collect();
        sorted.sort_by(|(one, a, _), (next, b, _)| {
            compare_keys(&one.text, &next.text).then_with(|| a.cmp(b))
        });
        if sorted
            .windows(2)
            .any(|pair| pair[0].0.text == pair[1].0.text)
        {
            number_alike(&mut sorted);
        }
        let last = sorted.len().saturating_sub(1);
        for (at, (shown, name, value)) in sorted.iter().enumerate() {
            self.done.shortened |= shown.shortened;
            let mut verdict = self.verdict_of(shown, name);
            if let Some(alias) = persons::alias(self.rules, name, members, about) {
                verdict.rule = self.rules.verdict(alias).rule;
            }
            verdict.about = verdict
                .about
                .or_else(|| persons::held_beside(name, members));
            verdict.rule = verdict.rule.or_else(|| said.rule_of_placeholder(name));
            if verdict.rule.is_some()
                && under.is_none()
                && self.is_only_told(&verdict, value, members, said, about)
            {
                verdict.rule = None;
            }
            let member = Member {
                name,
                value,
                siblings: members,
                said,
                shown: &shown.text,
                replaced: &shown.rules,
                kinds: sweep(shown.text.as_bytes()),
                verdict: &verdict,
                first: at == 0,
                more: at < last,
            };
            if !self.member(&member, under, depth) {
                break;
            }
        }
    }

    /// What is known of a name, be it replaced or not.
    fn verdict_of(&self, shown: &ShownName<'a>, name: &str) -> Verdict {
        let verdict = self.rules.verdict(name);
        // Who reads what is written sees no name there, and takes the value for one of the rule around it.
        let goes_whole = |(rule, _): (&Rule, bool)| rule.replaces_all();
        if marker::is_whole(&shown.text) && !self.rules.of_verdict(&verdict).is_some_and(goes_whole)
        {
            return Verdict {
                about: verdict.about,
                ..self.rules.verdict(&shown.text)
            };
        }
        verdict
    }
}

/// How many digits of a name are its own.
fn digits(name: &str) -> usize {
    let count = |name: &str| name.bytes().filter(u8::is_ascii_digit).count();
    match count(name) {
        LEAST_DIGITS.. => count(&marker::without(name)),
        fewer => fewer,
    }
}

/// Gives names that came out alike a number behind them, and all names their order again.
fn number_alike(sorted: &mut [(ShownName<'_>, &str, &Tree<'_>)]) {
    let mut taken: BTreeSet<String> = sorted
        .iter()
        .map(|(shown, _, _)| shown.text.clone())
        .collect();
    let (mut first, mut number) = (0, 1);
    for at in 1..sorted.len() {
        if sorted[at].0.text != sorted[first].0.text {
            (first, number) = (at, 1);
            continue;
        }
        let base = &sorted[first].0.text;
        // None up to the last one is free: who chose the names could have all of them looked up for each.
        let numbered = loop {
            number += 1;
            let numbered = format!("{base}#{number}");
            if taken.insert(numbered.clone()) {
                break numbered;
            }
        };
        sorted[at].0.text = numbered;
    }
    sorted.sort_by(|(one, _, _), (next, _, _)| compare_keys(&one.text, &next.text));
}

#[cfg(test)]
mod tests {
    use serde_json::{Map, Value, json};

    use crate::sanitize::Sanitizer;

    #[test]
    fn names_that_come_out_alike_get_the_numbers_that_no_other_name_has() {
        let token = |number: u32| format!("sk_live_4eC39HqLyjWDarjtT1{number:06}");
        let value = json!({
            "[REDACTED:vendor_token]#2": "a",
            "[REDACTED:vendor_token]#4": "b",
            token(1): 1,
            token(2): 2,
            token(3): 3,
        });
        let mut out = Vec::new();
        Sanitizer::default().write_value(&mut out, &value, 1024);
        let expected = r##"{"[REDACTED:vendor_token]":1,"[REDACTED:vendor_token]#2":"a","[REDACTED:vendor_token]#3":2,"[REDACTED:vendor_token]#4":"b","[REDACTED:vendor_token]#5":3}"##;
        assert_eq!(String::from_utf8_lossy(&out), expected);
    }

    /// With a look at all numbers for each name this would take many minutes.
    #[test]
    fn many_names_that_come_out_alike_among_many_that_have_their_numbers_get_theirs() {
        const ALIKE: u32 = 20_000;
        let mut members = Map::new();
        // It is not written before all names are known.
        members.insert("A".to_owned(), json!({}));
        for at in 0..ALIKE {
            let number = at + 2;
            members.insert(format!("[REDACTED:vendor_token]#{number}"), json!(1));
            members.insert(format!("sk_live_4eC39HqLyjWDarjtT1{at:06}"), json!(1));
        }
        let mut out = Vec::new();
        Sanitizer::default().write_value(&mut out, &Value::from(members), 1024);
        let text = String::from_utf8_lossy(&out);
        assert!(crate::canonical::check(&out).is_ok(), "{text}");
        let expected = r##"{"A":{},"[REDACTED:vendor_token]":1,"[REDACTED:vendor_token]#10":1,"##;
        assert!(text.starts_with(expected), "{text}");
    }
}
