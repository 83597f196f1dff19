//! What stands in a container that a rule names and is no secret itself: names, dates, and where something is kept.

use crate::tree::{Members, Tree};

use super::{Pass, Written, descriptions, labels};
use crate::sanitize::rule::{Group, Rule, Treatment};
use crate::sanitize::value_shape::Shape;

impl<'a> Pass<'a> {
    /// Writes the value of a member that no rule names, in a container that one does.
    #[inline(never)]
    pub(super) fn value_within(
        &mut self,
        rule: &'a Rule,
        name: &str,
        value: &Tree<'_>,
        depth: usize,
    ) -> Written {
        let is_kind = matches!(rule.treatment, Treatment::Pseudonymize { .. })
            && matches!(name, "use" | "system" | "resourceType" | "vr");
        let tells_that_it_stays = is_kind
            || rule.is_opened() && descriptions::only_describes(name, value)
            || rule.treatment == Treatment::Mask
                && (labels::tells_of_account(name) || labels::is_record_id(name, value));
        // A name that is shown otherwise tells nothing more.
        let stays = rule.spares_containers()
            || tells_that_it_stays && !self.is_shown_otherwise(name, Some(rule));
        self.value(value, (!stays).then_some(rule), depth)
    }

    /// True for what has more in it than credentials: an object of which something only tells of one, a list of such
    /// objects, and an object in which each member is one with a credential that has a name of its own.
    pub(super) fn tells_more(&self, rule: &'a Rule, value: &Tree<'_>) -> bool {
        let has_description = |members: Members<'_>| {
            let mut members = members.iter();
            members.any(|(name, value)| {
                descriptions::only_describes(name, value)
                    && !self.is_shown_otherwise(name, Some(rule))
            })
        };
        let has_credential = |value: &Tree<'_>| {
            value.as_object().is_some_and(|members| {
                let mut names = members.keys();
                names.any(|name| {
                    let verdict = self.rules.verdict(name);
                    let rule = self.rules.of_verdict(&verdict);
                    rule.is_some_and(|(rule, _)| rule.group() == Some(Group::Secret))
                })
            })
        };
        match *value {
            Tree::Object(members) => {
                has_description(members)
                    || !members.is_empty()
                        && members.iter().all(|(name, value)| {
                            // What is called by a token has the token for its name.
                            !Shape::Token.fits(name) && has_credential(value)
                        })
            }
            Tree::Array(items) => {
                let mut items = items.iter().map(Tree::as_object);
                items.len() > 0 && items.all(|item| item.is_some_and(has_description))
            }
            _ => false,
        }
    }
}
