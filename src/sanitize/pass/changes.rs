//! Both sides of a change, of which another member says what was changed: `{"field": "password", "from": …, "to": …}`.

use crate::tree::{Members, Tree};

use super::containers::Member;
use super::endings::Endings;
use super::labels;
use super::likeness;
use super::{Pass, Written};
use crate::sanitize::reference;
use crate::sanitize::rule::{Group, Rule};

/// The members that tell what was before a change, and what is behind it.
const CHANGES: &[(&str, &str)] = &[
    ("from", "to"),
    ("before", "after"),
    ("old", "new"),
    ("previous", "current"),
    ("was", "now"),
    ("original", "updated"),
];
/// The members that tell what was changed.
static CHANGED: Endings = Endings::of(&[
    "field",
    "path",
    "property",
    "prop",
    "attribute",
    "attr",
    "column",
    "setting",
    "param",
    "parameter",
    "variable",
    "name",
    "key",
]);
/// Those among them that stand beside other things too.
static NAMES: Endings = Endings::of(&["path", "name", "key"]);
static COLUMNS: Endings = Endings::of(&["column"]);

/// True for what was before a change, and for what is behind it.
pub(super) fn is_side(name: &str) -> bool {
    CHANGES
        .iter()
        .any(|(old, new)| name == *old || name == *new)
}

/// The other side of a change.
fn other_side<'m>(name: &str, siblings: Members<'m>) -> Option<&'m Tree<'m>> {
    CHANGES.iter().find_map(|(old, new)| match name {
        _ if name == *old => siblings.get(new),
        _ if name == *new => siblings.get(old),
        _ => None,
    })
}

impl<'a> Pass<'a> {
    /// Writes one side of a change.
    pub(super) fn changed(
        &mut self,
        member: &Member<'_, 'a>,
        under: Option<&'a Rule>,
        depth: usize,
    ) -> Written {
        let rules = self.rules;
        let ruled = labels::named_by(member.siblings, &CHANGED, |label| {
            labels::rule_of_changed(rules, label)
        })
        .filter(|(sibling, label, (rule, _))| is_of(member, sibling, label, rule))
        .map(|(.., ruled)| ruled);
        self.ruled_or_named(ruled, member, under, depth)
    }
}

/// True for a side of the change of what the `label` in the member `sibling` says.
fn is_of(member: &Member<'_, '_>, sibling: &str, label: &str, rule: &Rule) -> bool {
    let value = member.value;
    // `/users/0/token` and `user.token` are paths within data, `src/auth/token` is that of a file.
    let is_within_data = label.starts_with(['/', '$']) || !label.contains('/');
    let is_name = NAMES.end(sibling) && !(is_path(sibling) && is_within_data);
    let Some(other) = other_side(member.name, member.siblings) else {
        return rule.group() == Some(Group::Secret)
            && (!is_name || matches!(member.name, "old" | "new"))
            && likeness::fits(rule, value);
    };
    let is_weak = is_name && (is_path(sibling) || matches!(member.name, "from" | "to"));
    if is_weak {
        return likeness::fits(rule, value);
    }
    // Of a column the type may change.
    let is_type = |side: &Tree<'_>| side.as_str().is_some_and(reference::is_type);
    !(COLUMNS.end(sibling) && (is_type(value) || is_type(other)) && !likeness::fits(rule, value))
}

fn is_path(sibling: &str) -> bool {
    labels::ends_in(sibling, &["path"])
}
