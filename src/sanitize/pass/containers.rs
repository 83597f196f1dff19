use crate::tree::{Members, Tree};

use super::shapes::Said;
use super::strings::begins_like_json;
use super::{Original, Pass, Written, arguments, generated, labels, persons};
use crate::canonical;
use crate::sanitize::known_names::{Known, Siblings, Verdict};
use crate::sanitize::names;
use crate::sanitize::pseudonym::{self, SmallClasses, Subject};
use crate::sanitize::rule::{Rule, Treatment};
use crate::sanitize::sweep;

/// A member of an object.
pub(super) struct Member<'m, 'a> {
    pub(super) name: &'m str,
    pub(super) value: &'m Tree<'m>,
    /// All members of its object.
    pub(super) siblings: Members<'m>,
    /// What those say of each other.
    pub(super) said: &'m Said<'a>,
    /// The name as it is written, the rules that changed it, and the kinds of byte in it.
    pub(super) shown: &'m str,
    pub(super) replaced: &'m [&'a Rule],
    pub(super) kinds: u8,
    /// What is known of the name.
    pub(super) verdict: &'m Verdict,
    pub(super) first: bool,
    /// Whether another one comes after it.
    pub(super) more: bool,
}

/// What an item that does not fit is taken back to.
#[derive(Clone, Copy)]
struct Before {
    length: usize,
    redactions: u32,
    hits: usize,
}

impl<'a> Pass<'a> {
    #[inline(never)]
    pub(super) fn list(
        &mut self,
        items: &[Tree<'_>],
        under: Option<&'a Rule>,
        depth: usize,
    ) -> Written {
        match items.first() {
            Some(Tree::Array(first)) if labels::rule_of_comparison(self.rules, first).is_none() => {
                if let Some(layout) = self.layout(items) {
                    return self.rows(items, &layout, under, depth);
                }
            }
            Some(Tree::String(_)) if under.is_none() && arguments::has_options(items) => {
                return self.arguments(items, depth);
            }
            Some(Tree::String(_))
                if items.len() == 3
                    && let Some(rule) = labels::rule_of_comparison(self.rules, items) =>
            {
                let (rule, plural) = rule;
                return self.items(items, depth, |pass, at, item| match at {
                    2 => pass.ruled_value(rule, plural, item, under, depth + 1),
                    _ => pass.value(item, under, depth + 1),
                });
            }
            Some(Tree::String(_))
                if items.len() == 3
                    && let Some((rule, plural)) = labels::rule_of_both_sides(self.rules, items) =>
            {
                return self.items(items, depth, |pass, at, item| match at {
                    0 => pass.value(item, under, depth + 1),
                    _ => pass.ruled_value(rule, plural, item, under, depth + 1),
                });
            }
            Some(Tree::String(command))
                if matches!(*command, "AUTH" | "HELLO")
                    && let Some(place) = arguments::login_place(items)
                    && let Some((rule, _)) = self.rules.for_member("password") =>
            {
                return self.items(items, depth, |pass, at, item| match at == place {
                    true => pass.ruled_value(rule, false, item, under, depth + 1),
                    false => pass.value(item, under, depth + 1),
                });
            }
            Some(Tree::String(_) | Tree::Number(_))
                if under.is_none() && self.names_next(items) =>
            {
                return self.list_with_names(items, depth);
            }
            _ => {}
        }
        let about = self.about;
        self.items(items, depth, |pass, _, item| {
            pass.about = about;
            pass.value(item, under, depth + 1)
        })
    }

    /// Writes a list whose items `write` writes, each with its place.
    #[inline(always)]
    pub(super) fn items(
        &mut self,
        items: &[Tree<'_>],
        depth: usize,
        mut write: impl FnMut(&mut Self, usize, &Tree<'_>) -> Written,
    ) -> Written {
        self.open(b'[')?;
        for (at, item) in items.iter().enumerate() {
            let before = self.before();
            if at > 0 {
                self.out.push(b',');
            }
            let written = if self.trail.is_some() {
                self.placed_item(item, depth + 1, |pass| write(pass, at, item))
            } else {
                write(self, at, item)
            };
            if !self.goes_on(&written, before, at + 1 < items.len()) {
                break;
            }
        }
        self.close(b']');
        Ok(())
    }

    #[inline(never)]
    pub(super) fn object(
        &mut self,
        members: Members<'_>,
        under: Option<&'a Rule>,
        depth: usize,
    ) -> Written {
        #[cfg(test)]
        tests::BEGUN.set(tests::BEGUN.get() + 1);
        self.open(b'{')?;
        let about = self.about.take();
        let outer = self.subject;
        if self.rules.small_classes() == SmallClasses::PerSubject {
            self.subject = self.subject_of(members);
        }
        self.members += members.len();
        let said = Said::under(self.columns.take(), self.placeholders.take());
        let start = (self.before(), self.nodes, self.members);
        let is_bare = under.is_none()
            && self.trail.is_none()
            && self.hits.is_none()
            && !self.in_password
            && !said.is_of_placeholders()
            && self.rules.additions.patterns.is_empty();
        let in_password = self.in_password;
        let mut are_looked_at = false;
        for (at, (name, value)) in members.iter().enumerate() {
            let (first, more) = (at == 0, at + 1 < members.len());
            let mut some_name_is_shown_otherwise = false;
            // What holds others is not written before all names are known: to write it twice at each depth would take
            // two to the power of the depth.
            if !are_looked_at && may_hold_others(value) {
                are_looked_at = true;
                let mut names = members.keys().skip(at);
                some_name_is_shown_otherwise =
                    names.any(|name| self.is_shown_otherwise(name, under));
            }
            let known = self.rules.known(name);
            if let Some(known) = known
                && known.is_plain
                && is_bare
                && !some_name_is_shown_otherwise
                && !value.is_array()
            {
                // The greater part of all members.
                if self.plain_member(known, value, first, more, depth) {
                    continue;
                }
                break;
            }
            let mut verdict = match known {
                Some(known) => known.verdict,
                None => self.rules.find_out(name),
            };
            if verdict.may_be_a_persons {
                if let Some(alias) = persons::alias(self.rules, name, members, about) {
                    verdict.rule = self.rules.verdict(alias).rule;
                }
                verdict.about = verdict
                    .about
                    .or_else(|| persons::held_beside(name, members));
            }
            verdict.rule = verdict.rule.or_else(|| said.rule_of_placeholder(name));
            if in_password && generated::is_password(name) {
                verdict.rule = self.rules.verdict("password").rule;
            }
            if verdict.rule.is_some()
                && under.is_none()
                && self.is_only_told(&verdict, value, members, &said, about)
            {
                verdict.rule = None;
            }
            let kinds = verdict.kinds;
            some_name_is_shown_otherwise |= !are_looked_at && self.is_shown_otherwise(name, under);
            if some_name_is_shown_otherwise {
                // Such a name may have its place before names that were written already.
                let before;
                (before, self.nodes, self.members) = start;
                self.take_back(before);
                self.members_sorted(members, &said, about, under, depth);
                break;
            }
            let member = Member {
                name,
                value,
                siblings: members,
                said: &said,
                shown: name,
                replaced: &[],
                kinds,
                verdict: &verdict,
                first,
                more,
            };
            self.in_password = in_password || generated::holds_password(name, members);
            let goes_on = self.member(&member, under, depth);
            self.in_password = in_password;
            if !goes_on {
                break;
            }
        }
        self.subject = outer;
        self.close(b'}');
        Ok(())
    }

    /// True for a name that is not written as it is.
    pub(super) fn is_shown_otherwise(&self, name: &str, under: Option<&'a Rule>) -> bool {
        let is_searched = || {
            under.is_some()
                || !self.rules.additions.patterns.is_empty()
                || !self.rules.is_harmless_name(name)
        };
        name.len() > names::MAX_LENGTH || is_searched() && self.replaced_name(name, under).is_some()
    }

    /// Whom the members belong to, by the identifiers among them.
    #[cold]
    fn subject_of(&self, members: Members<'_>) -> Option<Subject> {
        let mut identifiers: Vec<(&str, String)> = members
            .iter()
            .filter_map(|(name, value)| {
                let (rule, _) = self.rules.for_member(name)?;
                let Treatment::Pseudonymize { class } = &rule.treatment else {
                    return None;
                };
                let text = match *value {
                    Tree::String(text) => text.to_owned(),
                    Tree::Number(number) => number.to_text(),
                    _ => return None,
                };
                pseudonym::identifies(class).then_some((&**class, text))
            })
            .collect();
        self.rules.pseudonyms.subject(&mut identifiers)
    }

    /// Writes a member whose name is written as it is and says nothing of its value, which is no list, where nobody
    /// counts; tells whether another one may follow.
    ///
    /// The same as [`member`](Self::member) without all that does not apply.
    #[inline(always)]
    fn plain_member(
        &mut self,
        known: &Known,
        value: &Tree<'_>,
        first: bool,
        more: bool,
        depth: usize,
    ) -> bool {
        let before = Before {
            length: self.out.len(),
            redactions: self.done.redactions,
            hits: 0,
        };
        known.form.write_member(self.out, first);
        if value.is_object() {
            self.about = known.verdict.about;
        }
        let written = match self.fits() {
            Ok(()) => self.value(value, None, depth + 1),
            Err(overflow) => Err(overflow),
        };
        self.about = None;
        self.goes_on(&written, before, more)
    }

    /// Writes a member; tells whether another one may follow.
    #[inline(always)]
    pub(super) fn member(
        &mut self,
        member: &Member<'_, 'a>,
        mut under: Option<&'a Rule>,
        depth: usize,
    ) -> bool {
        let before = self.before();
        if member.kinds & sweep::ESCAPE == 0 {
            if member.first {
                self.out.push(b'"');
            } else {
                self.out.extend_from_slice(b",\"");
            }
            self.out.extend_from_slice(member.shown.as_bytes());
            self.out.extend_from_slice(b"\":");
        } else {
            if !member.first {
                self.out.push(b',');
            }
            canonical::write_string(self.out, member.shown);
            self.out.push(b':');
        }
        if !member.replaced.is_empty() {
            self.count(member.replaced, Original::Text(member.name));
        }
        self.about = member
            .verdict
            .about
            .filter(|_| matches!(member.value, Tree::Object(_) | Tree::Array(_)));
        let written = match self.fits() {
            Ok(()) => {
                if let Tree::Array(items) = member.value
                    && let Some(Tree::String(_)) = items.first()
                {
                    self.program = arguments::program_beside(items, member.siblings);
                    if labels::are_private_keys(member.name, items)
                        && let Some((rule, _)) = self.rules.for_member("private_key")
                    {
                        under = Some(rule);
                    }
                }
                if member.verdict.siblings != Siblings::Apart {
                    self.value_among_siblings(member, under, depth + 1)
                } else {
                    self.member_value(member.name, member.verdict, member.value, under, depth + 1)
                }
            }
            Err(overflow) => Err(overflow),
        };
        self.about = None;
        self.goes_on(&written, before, member.more)
    }

    pub(super) fn open(&mut self, bracket: u8) -> Written {
        self.out.push(bracket);
        // Not less than zero: `out` has a byte, and `end` counts it.
        self.end = self.end.saturating_sub(1);
        let fits = self.fits();
        if fits.is_err() {
            self.end = self.end.saturating_add(1);
        }
        fits
    }

    pub(super) fn close(&mut self, bracket: u8) {
        self.end = self.end.saturating_add(1);
        self.out.push(bracket);
    }

    #[inline]
    fn before(&self) -> Before {
        Before {
            length: self.out.len(),
            redactions: self.done.redactions,
            hits: self.hits.as_ref().map_or(0, Vec::len),
        }
    }

    fn take_back(&mut self, before: Before) {
        self.out.truncate(before.length);
        self.done.redactions = before.redactions;
        if let Some(hits) = &mut self.hits {
            hits.truncate(before.hits);
        }
    }

    /// After an item or a member: takes it back where it did not fit, and tells whether to go on.
    #[inline]
    fn goes_on(&mut self, written: &Written, before: Before, more: bool) -> bool {
        if written.is_ok() && !self.full {
            return true;
        }
        if written.is_err() {
            self.take_back(before);
            self.full = true;
        }
        self.done.shortened |= written.is_err() || more;
        false
    }
}

/// A list of so few items is looked through.
const FEW_ITEMS: usize = 8;

/// True for what has objects in it, be it a text that may be opened as one, and for long lists.
#[inline]
fn may_hold_others(value: &Tree<'_>) -> bool {
    match value {
        Tree::Object(_) => true,
        Tree::Array(items) => {
            items.len() > FEW_ITEMS
                || items.iter().any(|item| match item {
                    Tree::Array(_) | Tree::Object(_) => true,
                    Tree::String(text) => begins_like_json(text),
                    Tree::Null | Tree::Bool(_) | Tree::Number(_) => false,
                })
        }
        Tree::String(text) => begins_like_json(text),
        Tree::Null | Tree::Bool(_) | Tree::Number(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use proptest::prelude::*;
    use serde_json::{Map, Value, json};

    use crate::sanitize::{Action, Sanitizer, SanitizerBuilder, SmallClasses};

    thread_local! {
        /// How many objects this thread began to write, those that were taken back among them.
        pub(super) static BEGUN: Cell<usize> = const { Cell::new(0) };
    }

    fn value() -> impl Strategy<Value = Value> {
        let scalar = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<u64>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            "[ -~]{0,40}".prop_map(Value::from),
            Just(json!("a text that is not short, of words alone")),
            Just(json!("password=hunter2")),
        ];
        let name = prop_oneof![
            "[a-zA-Z_.-]{1,26}",
            Just("name".to_owned()),
            Just("customer".to_owned()),
            Just("password".to_owned()),
            Just("note".to_owned()),
            Just("items".to_owned()),
            Just("value".to_owned()),
            Just("sk_live_4eC39HqLyjWDarjtT1zdp7dc".to_owned()),
        ];
        scalar.prop_recursive(4, 40, 6, move |inner| {
            let members = prop::collection::vec((name.clone(), inner.clone()), 0..6);
            prop_oneof![
                prop::collection::vec(inner, 0..4).prop_map(Value::from),
                members.prop_map(|members| Value::from(members.into_iter().collect::<Map<_, _>>())),
            ]
        })
    }

    #[test]
    fn names_stand_in_canonical_order_where_one_is_too_long_and_one_is_replaced() {
        for first in ["abc", "a\u{1F600}"] {
            let long = "n".repeat(1100);
            let value = json!({first: 1, long: 2, "sk_live_4eC39HqLyjWDarjtT1zdp7dc": 3});
            let mut out = Vec::new();
            let sanitizer = Sanitizer::builder().build().expect("rules");
            sanitizer.write_value(&mut out, &value, 64 * 1024);
            let text = String::from_utf8_lossy(&out);
            assert!(crate::canonical::check(&out).is_ok(), "{text}");
            assert!(text.starts_with(r#"{"[REDACTED:"#), "{text}");
        }
    }

    #[test]
    fn members_before_a_name_that_is_shown_otherwise_are_written_once_at_every_depth() {
        // At which twice at each still comes to an end.
        const DEPTH: usize = 12;
        let in_object: fn(Value) -> Value = |value| value;
        let in_list: fn(Value) -> Value = |value| json!([value]);
        let long = "n".repeat(1025);
        let build = |more: fn(SanitizerBuilder) -> SanitizerBuilder| {
            more(Sanitizer::builder()).build().expect("rules")
        };
        for sanitizer in [
            build(|builder| builder),
            build(|builder| builder.path("**.none", Action::Redact)),
            build(|builder| builder.small_classes(SmallClasses::PerSubject)),
        ] {
            for name in [long.as_str(), "sk_live_4eC39HqLyjWDarjtT1zdp7dc"] {
                for within in [in_object, in_list] {
                    let value =
                        (0..DEPTH).fold(json!(1), |value, _| json!({"a": within(value), name: 1}));
                    let in_text = json!({"s": value.to_string()});
                    for (value, objects) in [(value, DEPTH), (in_text, DEPTH + 1)] {
                        let mut out = Vec::new();
                        BEGUN.set(0);
                        sanitizer.write_value(&mut out, &value, 1024 * 1024);
                        assert_eq!(BEGUN.get(), objects);
                        assert!(crate::canonical::check(&out).is_ok());
                        assert!(!String::from_utf8_lossy(&out).contains("sk_live"));
                    }
                }
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]

        #[test]
        fn names_that_are_known_are_written_as_those_that_are_met_first(
            value in value(),
            limits in prop::collection::vec(64..600_usize, 4),
        ) {
            for limit in limits {
                // Which knows no name yet.
                let sanitizer = Sanitizer::builder().build().expect("rules");
                let (mut first, mut again) = (Vec::new(), Vec::new());
                let done = sanitizer.write_value(&mut first, &value, limit);
                prop_assert_eq!(sanitizer.write_value(&mut again, &value, limit), done);
                prop_assert_eq!(first, again);
            }
        }
    }
}
