//! Names that stand in values: of form fields, headers, variables, columns.

use crate::tree::{Members, Tree};

use super::endings::Endings;
use super::identifiers;
use crate::sanitize::marker;
use crate::sanitize::reference::looks_secret;
use crate::sanitize::rule::{Group, Rule};
use crate::sanitize::rules::Rules;

/// The most bytes of a label; a longer text is none.
const MAX_LABEL: usize = 128;

/// Words that say what kind of thing a label belongs to, or what to do with it.
const WORDS_OF_FORMS: &[&str] = &[
    "field",
    "input",
    "box",
    "textbox",
    "text",
    "entry",
    "edit",
    "textfield",
    "textarea",
    "control",
    "element",
    "label",
    "value",
    "required",
    "optional",
    "here",
    "again",
    "confirmation",
    "below",
];

/// First words of titles that speak about what they name.
const WORDS_ABOUT: &[&str] = &[
    "about",
    "change",
    "changing",
    "choose",
    "choosing",
    "forgot",
    "forgotten",
    "how",
    "manage",
    "managing",
    "lost",
    "reset",
    "resetting",
    "rotate",
    "rotating",
    "show",
    "toggle",
    "why",
    "when",
    "where",
];

/// The last words of names whose values are names.
static NAMES: Endings = Endings::of(&[
    "name",
    "key",
    "header",
    "field",
    "param",
    "parameter",
    "label",
    "variable",
    "var",
    "env",
    "attribute",
    "attr",
    "property",
    "prop",
    "control",
    "id",
    "system",
    "title",
    "question",
    "selector",
    "locator",
    "element",
    "placeholder",
    "column",
    "setting",
    "option",
    "type",
    "target",
    "xpath",
    "css",
    "into",
    "k",
]);

/// The last words of names whose values say where on a page a field is.
static LOCATORS: Endings = Endings::of(&[
    "locator", "selector", "element", "target", "xpath", "css", "into", "textbox", "ref",
]);
/// The members that say in what way the value beside them tells a field.
const WAYS_OF_LOCATING: &[&str] = &["by", "using", "strategy"];

/// The last words of names whose values ask for what another member is.
static QUESTIONS: Endings = Endings::of(&["prompt", "expect", "q", "message"]);
/// The words before `text` in names of what is shown with a field.
const SHOWN: &[&str] = &[
    "alt",
    "button",
    "caption",
    "description",
    "error",
    "heading",
    "help",
    "helper",
    "hint",
    "info",
    "instruction",
    "instructions",
    "label",
    "legend",
    "link",
    "message",
    "placeholder",
    "prompt",
    "reader",
    "subtitle",
    "title",
    "tooltip",
    "warning",
];
/// The operations of a JSON patch (RFC 6902) that have a value.
const PATCHES: &[&str] = &["add", "replace", "test"];

/// Names in an account that say nothing of its number.
const OF_ACCOUNTS: &[&str] = &[
    "amount", "balance", "brand", "country", "count", "currency", "expiry", "four", "issuer",
    "last4", "last_4", "limit", "month", "network", "scheme", "source", "status", "total", "type",
    "year",
];

/// True for a member whose value names what another member is.
pub(super) fn is_name(member: &str) -> bool {
    NAMES.end(member)
}

/// True for a member whose value says where on a page a field is.
pub(super) fn is_locator(member: &str) -> bool {
    LOCATORS.end(member)
}

/// True for the value of `{"by": "css selector", "value": …}`, which says where a field is.
pub(super) fn is_located(member: &str, siblings: Members<'_>) -> bool {
    member == "value"
        && WAYS_OF_LOCATING
            .iter()
            .any(|way| siblings.contains_key(way))
}

/// True for a file or a resource, a style sheet and a table: what is written to it is not what its name says.
pub(super) fn is_place(member: &str, value: &Tree<'_>) -> bool {
    let Some(text) = value.as_str() else {
        return false;
    };
    match member {
        "target" => text.contains('/'),
        "css" => text.contains('{'),
        "into" => !text.contains(['#', '[', '=', ' ']),
        _ => false,
    }
}

/// True for a member whose value asks for what another member is: `Password:`.
pub(super) fn is_question(member: &str, value: &Tree<'_>) -> bool {
    QUESTIONS.end(member)
        && value
            .as_str()
            .is_some_and(|text| text.trim_end().ends_with([':', '?']))
}

/// True for `help_text` and `screenReaderText`, which are shown with a field and not in it.
pub(super) fn is_shown_text(member: &str) -> bool {
    const TEXT: &str = "text";
    let Some(before) = member.len().checked_sub(TEXT.len()) else {
        return false;
    };
    ends_in(member, &[TEXT])
        && member.get(..before).is_some_and(|before| {
            ends_in(
                before.trim_end_matches(|letter: char| !letter.is_ascii_alphanumeric()),
                SHOWN,
            )
        })
}

/// True for the members of a JSON patch, whose path ends in the name of what the value is for.
pub(super) fn is_patch(siblings: Members<'_>) -> bool {
    siblings
        .get("op")
        .and_then(Tree::as_str)
        .is_some_and(|operation| PATCHES.contains(&operation))
}

/// True for amounts and kinds, which stay in an account whose number does not.
pub(super) fn tells_of_account(member: &str) -> bool {
    ends_in(member, OF_ACCOUNTS)
}

/// True for the id of a record of an account, as in `"id": "card_1Nv0FGQ9"`, which begins with what it is one of.
pub(super) fn is_record_id(member: &str, value: &Tree<'_>) -> bool {
    let begins_with_kind = |id: &str| {
        let kind = id.bytes().take_while(u8::is_ascii_lowercase).count();
        kind >= 2 && id.as_bytes().get(kind) == Some(&b'_')
    };
    ends_in(member, &["id"]) && value.as_str().is_some_and(begins_with_kind)
}

/// True for `"accounts": ["0x…"]` with as many digits as a private key has, and an address has not.
pub(super) fn are_private_keys(member: &str, items: &[Tree<'_>]) -> bool {
    let is_key = |item: &Tree<'_>| {
        let digits = item.as_str().and_then(|text| text.strip_prefix("0x"));
        digits.is_some_and(|digits| {
            digits.len() == 64 && digits.bytes().all(|byte| byte.is_ascii_hexdigit())
        })
    };
    items.first().is_some_and(is_key) && ends_in(member, &["accounts"])
}

/// True for the key that `{"keyName": "key1", "value": …}` holds, as stores of Azure list theirs.
pub(super) fn is_named_key(member: &str, value: &Tree<'_>, siblings: Members<'_>) -> bool {
    const LEAST: usize = 40;
    member == "value"
        && ["keyName", "key_name", "KeyName"]
            .iter()
            .any(|name| siblings.contains_key(name))
        && value.as_str().is_some_and(|text| {
            text.len() >= LEAST
                && looks_secret(text)
                && text
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || b"+/=_-".contains(&byte))
        })
}

/// True where the last word of `member` is one of `words`, however it is spelled.
pub(super) fn ends_in(member: &str, words: &[&str]) -> bool {
    let bytes = member.as_bytes();
    words.iter().any(|word| {
        let Some(at) = bytes.len().checked_sub(word.len()) else {
            return false;
        };
        let end = &bytes[at..];
        // The first letter rules out most words; those of other alphabets have no bit for capitals.
        let begins = (end.first(), word.as_bytes().first());
        if !matches!(begins, (Some(one), Some(other)) if one | 0x20 == *other || one == other)
            || !end.eq_ignore_ascii_case(word.as_bytes())
        {
            return false;
        }
        let Some(&before) = at.checked_sub(1).and_then(|at| bytes.get(at)) else {
            return true;
        };
        !before.is_ascii_alphanumeric()
            || bytes[at].is_ascii_uppercase() && !before.is_ascii_uppercase()
    })
}

/// The rule for what a label names: of a form field, a selector, a question, the address of a code system.
pub(super) fn rule_of<'r>(rules: &'r Rules, label: &str) -> Option<(&'r Rule, bool)> {
    if label.len() > MAX_LABEL {
        return None;
    }
    if let Some(named) = identifiers::name_of_system(label) {
        return rules.for_member(named);
    }
    let parts = label.split(|letter: char| {
        letter.is_ascii()
            && !letter.is_ascii_alphanumeric()
            && !matches!(letter, '_' | '-' | '.' | ' ' | '\'' | ':')
    });
    let mut found: Option<(&Rule, bool)> = None;
    for part in parts {
        let Some(rule) = rule_of_part(rules, part) else {
            continue;
        };
        if rule.0.group() <= Some(Group::Card) || found.is_none() {
            found = Some(rule);
        }
    }
    // A text in which something was replaced had its value in itself.
    found.filter(|_| !marker::is_in(label))
}

fn rule_of_part<'r>(rules: &'r Rules, part: &str) -> Option<(&'r Rule, bool)> {
    let first = part.split_whitespace().next()?;
    if WORDS_ABOUT
        .iter()
        .any(|word| first.eq_ignore_ascii_case(word))
    {
        return None;
    }
    // `Password for the archive`
    let before = [" for ", " in ", " on "]
        .iter()
        .find_map(|word| Some(part.split_once(word)?.0));
    if let Some(before) = before {
        return rule_of_part(rules, before);
    }
    let mut rest = part.trim_end_matches([' ', ':', '.', '\'', '-', '_']);
    loop {
        if let Some(found) = rules.for_member(rest) {
            return Some(found);
        }
        let word = WORDS_OF_FORMS
            .iter()
            .find(|word| ends_in(rest, &[**word]))?;
        rest = rest
            .get(..rest.len() - word.len())?
            .trim_end_matches([' ', ':', '.', '\'', '-', '_']);
    }
}

/// The first of the siblings with one of these endings whose text names a rule: what it is called, the text and the rule.
pub(super) fn named_by<'m, 'r>(
    siblings: Members<'m>,
    endings: &Endings,
    rule_of: impl Fn(&str) -> Option<(&'r Rule, bool)>,
) -> Option<(&'m str, &'m str, (&'r Rule, bool))> {
    siblings
        .iter()
        .filter(|(sibling, _)| endings.end(sibling))
        .find_map(|(sibling, label)| {
            let label = label.as_str()?;
            Some((sibling, label, rule_of(label)?))
        })
}

/// The rule for what a value names, be it a label or an object that holds one.
pub(super) fn rule_of_value<'r>(rules: &'r Rules, value: &Tree<'_>) -> Option<(&'r Rule, bool)> {
    match *value {
        Tree::String(label) => rule_of(rules, label),
        Tree::Object(members) => members.iter().find_map(|(name, value)| match *value {
            Tree::String(label) if is_name(name) || matches!(name, "text" | "display") => {
                rule_of(rules, label)
            }
            Tree::String(code) if name == "code" => rule_of_code(rules, code),
            // As FHIR says of what type an identifier is.
            Tree::Array(codings) if name == "coding" => codings
                .iter()
                .find_map(|coding| coding.is_object().then(|| rule_of_value(rules, coding))?),
            _ => None,
        }),
        _ => None,
    }
}

/// The rule for a type of identifier by its code (HL7 v2 table 0203).
fn rule_of_code<'r>(rules: &'r Rules, code: &str) -> Option<(&'r Rule, bool)> {
    rules.for_member(match code {
        "MR" => "mrn",
        "SS" => "ssn",
        "PPN" => "passport",
        "DL" => "drivers_license",
        "NI" => "national_id",
        "TAX" => "tax_id",
        "MC" => "medicare_id",
        "MB" => "member_id",
        _ => return None,
    })
}

/// The rule for what a change is of: a name, or a path that ends in one, as in `patient.lastName` and `/users/0/token`.
pub(super) fn rule_of_changed<'r>(rules: &'r Rules, label: &str) -> Option<(&'r Rule, bool)> {
    if label.len() > MAX_LABEL {
        return None;
    }
    let last = label.trim_end_matches([']', '"', '\'']);
    let last = last.rsplit(['/', '[']).next()?;
    let named = rules.for_member(last.trim_matches(['"', '\'']));
    // A text in which something was replaced had its value in itself.
    named.filter(|_| !marker::is_in(label))
}

/// Comparisons, as lists of a name, one of them and a value have them.
const COMPARISONS: &[&str] = &[
    "=",
    "==",
    "===",
    "!=",
    "<>",
    "<",
    ">",
    "<=",
    ">=",
    "=?",
    "~",
    "~*",
    "=~",
    "eq",
    "ne",
    "neq",
    "equals",
    "equal",
    "like",
    "ilike",
    "=like",
    "=ilike",
    "not like",
    "not ilike",
    "in",
    "not in",
    "contains",
    "startswith",
    "starts_with",
    "endswith",
    "ends_with",
    "match",
    "matches",
    "array-contains",
];

/// The rule for the last item of `["password", "=", …]`.
pub(super) fn rule_of_comparison<'r>(
    rules: &'r Rules,
    items: &[Tree<'_>],
) -> Option<(&'r Rule, bool)> {
    let [Tree::String(name), Tree::String(comparison), _] = items else {
        return None;
    };
    let is_comparison = COMPARISONS
        .iter()
        .any(|known| known.eq_ignore_ascii_case(comparison));
    is_comparison
        .then(|| rule_of_changed(rules, name))
        .flatten()
}

/// The rule for what a secret's name tells of: `["password", "old", "new"]`.
pub(super) fn rule_of_both_sides<'r>(
    rules: &'r Rules,
    items: &[Tree<'_>],
) -> Option<(&'r Rule, bool)> {
    let [Tree::String(name), old, new] = items else {
        return None;
    };
    let is_secret = |side: &Tree<'_>| {
        side.text_as_written()
            .is_some_and(|text| looks_secret(&text))
    };
    let may_be_secrets = match (is_secret(old), is_secret(new)) {
        (true, true) => true,
        (true, false) => new.is_null(),
        (false, true) => old.is_null(),
        (false, false) => false,
    };
    may_be_secrets
        .then(|| rule_of_changed(rules, name))
        .flatten()
        .filter(|(rule, _)| rule.group() == Some(Group::Secret))
}

/// The rule for the last part of a path that a patch of JSON sets (RFC 6902).
pub(super) fn rule_of_patch<'r>(
    rules: &'r Rules,
    members: Members<'_>,
) -> Option<(&'r Rule, bool)> {
    members.get("op")?.as_str()?;
    let (_, last) = members.get("path")?.as_str()?.rsplit_once('/')?;
    rules.for_member(last)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_name_has_an_ending_where_it_ends_in_one_of_its_words(
            name in "[a-zA-Z_.0-9-]{0,4}(name|Key|PROP|_k|Q|x[pP]ath|promp?t)?",
        ) {
            for endings in [&NAMES, &QUESTIONS] {
                prop_assert_eq!(endings.end(&name), ends_in(&name, endings.words));
            }
        }
    }
}
