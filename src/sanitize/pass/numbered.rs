//! Numbers of which the members beside them say what they are numbers of: a paper's kind, an account's bank.

use crate::tree::Tree;

use super::containers::Member;
use super::endings::Endings;
use super::labels;
use super::{Pass, Written};
use crate::sanitize::rule::{Group, Rule};
use crate::sanitize::value_shape::is_date;

/// The members that tell of what kind a paper is whose number stands beside them.
static KINDS: Endings = Endings::of(&["type", "kind", "category"]);
/// The members that tell of which bank an account is that stands beside them.
const BANKS: &[&str] = &[
    "aba",
    "bank",
    "bank_code",
    "bank_name",
    "bic",
    "bsb",
    "clabe",
    "ifsc",
    "routing",
    "routing_number",
    "sort_code",
    "sortcode",
    "swift",
    "transit",
];
/// True for the number of a bank and its code (ISO 9362).
fn names_a_bank(value: &Tree<'_>) -> bool {
    let is_of_code = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit();
    match *value {
        Tree::String(text) => {
            is_number_of_account(text)
                || matches!(text.len(), 8 | 11) && text.bytes().all(is_of_code)
        }
        Tree::Number(_) => true,
        _ => false,
    }
}

/// The fewest digits of an account's number.
const LEAST_OF_ACCOUNT: usize = 6;

/// True for digits, with what may stand between them.
fn is_number_of_account(text: &str) -> bool {
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    digits >= LEAST_OF_ACCOUNT
        && !is_date(text)
        && text
            .bytes()
            .all(|byte| byte.is_ascii_digit() || matches!(byte, b' ' | b'-' | b'.'))
}

impl<'a> Pass<'a> {
    /// Writes the number of a paper or an account: `{"documentType": "PASSPORT", "number": …}`.
    pub(super) fn numbered(
        &mut self,
        member: &Member<'_, 'a>,
        under: Option<&'a Rule>,
        depth: usize,
    ) -> Written {
        let rules = self.rules;
        if member.name == "account" {
            let is_number = match *member.value {
                Tree::String(text) => is_number_of_account(text),
                Tree::Number(number) => is_number_of_account(&number.to_text()),
                _ => false,
            };
            let mut siblings = member.siblings.iter();
            let is_banks = is_number
                && siblings.any(|(name, value)| BANKS.contains(&name) && names_a_bank(value));
            let ruled = is_banks
                .then(|| rules.for_member("account_number"))
                .flatten();
            return self.ruled_or_named(ruled, member, under, depth);
        }
        let ruled = labels::named_by(member.siblings, &KINDS, |kind| labels::rule_of(rules, kind))
            // A token's number is not the token.
            .filter(|(.., (rule, _))| !rule.replaces_all() && rule.group() != Some(Group::Secret))
            .map(|(.., (rule, _))| (rule, false));
        self.ruled_or_named(ruled, member, under, depth)
    }
}
