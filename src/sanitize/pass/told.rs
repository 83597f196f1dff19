//! Members whose values only tell of a field, where those beside or around them say so: `{"errors": {"pin": "invalid"}}`.

use crate::tree::{Members, Tree};

use super::Pass;
use super::endings::Endings;
use super::labels;
use super::shapes::Said;
use crate::sanitize::known_names::{About, Verdict};
use crate::sanitize::rule::Rule;
use crate::sanitize::rules::Rules;
use crate::sanitize::{column_type, complaint};

/// The last words of names of what holds complaints by field.
static COMPLAINTS: Endings = Endings::of(&[
    "error",
    "errors",
    "failures",
    "messages",
    "problems",
    "validation",
    "violations",
]);
/// The last words of names of what holds types by field.
static TYPES: Endings = Endings::of(&["columns", "fields", "properties", "schema", "types"]);

/// What the members of a member of this name tell.
pub(super) fn told_in(name: &str) -> Option<About> {
    if COMPLAINTS.end(name) {
        return Some(About::Complaints);
    }
    TYPES.end(name).then_some(About::Types)
}

/// The members in which a complaint has its sentence.
const MESSAGES: &[&str] = &["message", "msg"];

/// The rule for the field that a complaint is about: `{"loc": ["body", "password"], "msg": …, "input": …}`.
pub(super) fn rule_of_field<'r>(
    rules: &'r Rules,
    name: &str,
    value: &Tree<'_>,
    siblings: Members<'_>,
) -> Option<(&'r Rule, bool)> {
    let is_field = matches!(name, "loc" | "path" | "instancePath" | "dataPath");
    if !is_field || !MESSAGES.iter().any(|name| siblings.contains_key(name)) {
        return None;
    }
    match *value {
        // The path of a file, beside what is said of a change to it.
        Tree::String(path) if name == "path" && path.contains('/') => None,
        Tree::String(path) => labels::rule_of_changed(rules, path),
        Tree::Array(parts) => {
            let last = parts.iter().rev().find_map(Tree::as_str)?;
            rules.for_member(last)
        }
        _ => None,
    }
}

/// True for what was sent as a whole, in which a field is missing.
pub(super) fn is_all_input(name: &str, value: &Tree<'_>, siblings: Members<'_>) -> bool {
    name == "input" && value.is_object() && siblings.contains_key("loc")
}

/// True for an object in which nothing else stands than complaints and types.
///
/// One value alone may be a password after all.
fn are_told(members: Members<'_>) -> bool {
    members.len() > 1
        && members
            .values()
            .all(|value| complaint::is_told_in_short(value) || column_type::is_one(value))
}

impl Pass<'_> {
    /// True for a value that is not what its member's name says, in an object that is `about` something.
    pub(super) fn is_only_told(
        &self,
        verdict: &Verdict,
        value: &Tree<'_>,
        members: Members<'_>,
        said: &Said<'_>,
        about: Option<About>,
    ) -> bool {
        let may_be_told = || {
            let rule = self.rules.of_verdict(verdict);
            rule.is_some_and(|(rule, _)| rule.hears_complaints())
        };
        // A sentence stays wherever it is met.
        let is_complaint = match *value {
            Tree::String(text) => complaint::is_in_short(text),
            _ => complaint::is_told_in_short(value),
        };
        let is_type = !is_complaint && column_type::is_one(value);
        let is_told = match about {
            Some(About::Complaints) if is_complaint => true,
            Some(About::Types) if is_type => true,
            _ => (is_complaint || is_type) && *said.told.get_or_init(|| are_told(members)),
        };
        is_told && may_be_told()
    }
}
