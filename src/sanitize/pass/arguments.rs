//! Lists of a command's arguments, in which an option and its value are two items.

use crate::tree::{Members, Tree};

use super::{Original, Pass, Written, labels};
use crate::sanitize::detect::program::{Takes, taken_by, value_in};
use crate::sanitize::reference;
use crate::sanitize::rule::{Group, Rule};

/// The rule for what a program's own short option takes.
const PASSWORD: &str = "password";
/// The rule for the lines of a private key.
const PRIVATE_KEY: &str = "private_key";
/// The most bytes of an item that names the next one.
const MAX_NAME: usize = 64;
/// The fewest bytes of an item that another one names.
const LEAST_NAMED: usize = 8;

/// What of an option's value is no secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kept {
    Nothing,
    /// A user and this sign.
    Through(char),
    /// This beginning; a value without it is none.
    Prefix(&'static str),
}

/// A program whose options do not tell by their names that they take a secret.
#[derive(Debug, Clone, Copy)]
pub(super) struct Program(&'static [Takes]);

/// Members whose values are programs, beside their arguments.
const COMMANDS: &[&str] = &[
    "command",
    "cmd",
    "program",
    "executable",
    "exe",
    "binary",
    "bin",
    "exec",
    "path",
    "file",
    "name",
    "tool",
];

/// What the next item is.
enum Expected<'a> {
    Anything,
    Ruled(&'a Rule),
    Taken(Kept),
    /// A line of a private key.
    KeyLine(&'a Rule),
}

/// True for a list that may hold an option and its value.
#[inline]
pub(super) fn has_options(items: &[Tree<'_>]) -> bool {
    items
        .iter()
        .any(|item| matches!(item, Tree::String(text) if text.starts_with('-')))
}

/// The place of the password in a command of Redis: `["AUTH", "ada", "x"]`, `["HELLO", "3", "AUTH", "ada", "x"]`.
pub(super) fn login_place(items: &[Tree<'_>]) -> Option<usize> {
    let is_auth = |item: &Tree<'_>| item.as_str() == Some("AUTH");
    let place = match items {
        [first, _] if is_auth(first) => 1,
        [first, _, _] if is_auth(first) => 2,
        [_, _, third, _, _, ..] if is_auth(third) => 4,
        _ => return None,
    };
    let password = items.get(place)?.as_str()?;
    // Lists of labels begin with that word, too.
    let is_no_label = password.len() >= LEAST_NAMED
        && password.bytes().any(|byte| byte.is_ascii_lowercase())
        && reference::looks_secret(password);
    (is_no_label || place == 4).then_some(place)
}

/// The program that the list `items` are the arguments of, where a sibling of the list names it.
pub(super) fn program_beside(items: &[Tree<'_>], siblings: Members<'_>) -> Option<Program> {
    if !has_options(items) {
        return None;
    }
    COMMANDS
        .iter()
        .filter_map(|name| siblings.get(name)?.as_str())
        .find_map(|command| program(command.split_whitespace().next()?))
}

/// The program called `name`, a path or not.
fn program(name: &str) -> Option<Program> {
    let taken = taken_by(name);
    (!taken.is_empty()).then_some(Program(taken))
}

/// The items of a list, and which words that a program has to be told are among them.
struct Told<'v> {
    items: &'v [Tree<'v>],
    known: Vec<(&'static str, bool)>,
}

impl Told<'_> {
    fn has(&mut self, word: &'static str) -> bool {
        let known = self.known.iter().find(|(known, _)| *known == word);
        known.map(|(_, has)| *has).unwrap_or_else(|| {
            let has = self.items.iter().any(|item| item.as_str() == Some(word));
            self.known.push((word, has));
            has
        })
    }
}

impl Program {
    /// What is kept of the value of the option that is or begins `item`, and where it begins if it stands in the item.
    fn option(self, item: &str, told: &mut Told<'_>) -> Option<(Kept, Option<usize>)> {
        self.0.iter().find_map(|takes| {
            let (option, kept, word) = match *takes {
                Takes::Option(option) | Takes::Attached(option) => (option, Kept::Nothing, None),
                Takes::Login(option) => (option, Kept::Nothing, Some("login")),
                Takes::Told(word, option) => (option, Kept::Nothing, Some(word)),
                Takes::After(option, sign) => (option, Kept::Through(sign), None),
                Takes::ToldAfter(word, option, sign) => (option, Kept::Through(sign), Some(word)),
                Takes::Prefixed(option, prefix) => (option, Kept::Prefix(prefix), None),
                Takes::Connection
                | Takes::Behind(..)
                | Takes::MadeBehind(..)
                | Takes::Batch
                | Takes::LastBehind(_)
                | Takes::NamedBy(..) => return None,
            };
            let is_alone = item == option;
            let from = match is_alone {
                true if matches!(takes, Takes::Attached(_)) => return None,
                true => None,
                false => Some(value_in(item, option)?),
            };
            word.is_none_or(|word| told.has(word))
                .then_some((kept, from))
        })
    }
}

impl<'a> Pass<'a> {
    /// Writes a list of arguments.
    #[inline(never)]
    pub(super) fn arguments(&mut self, items: &[Tree<'_>], depth: usize) -> Written {
        let mut program_now = self.program.take();
        let mut told = Told {
            items,
            known: Vec::new(),
        };
        let mut expected = Expected::Anything;
        self.items(items, depth, |pass, at, item| {
            let Tree::String(text) = item else {
                return match std::mem::replace(&mut expected, Expected::Anything) {
                    Expected::Ruled(rule) => pass.ruled_value(rule, false, item, None, depth + 1),
                    _ => pass.value(item, None, depth + 1),
                };
            };
            match std::mem::replace(&mut expected, Expected::Anything) {
                Expected::KeyLine(rule) if !text.starts_with("-----") => {
                    expected = Expected::KeyLine(rule);
                    return pass.ruled_value(rule, false, item, None, depth + 1);
                }
                Expected::Ruled(rule) if !is_option(text) => {
                    return pass.ruled_value(rule, false, item, None, depth + 1);
                }
                Expected::Taken(kept) if !is_option(text) => {
                    return pass.taken(kept, "", text, item, depth + 1);
                }
                _ => {}
            }
            if text.starts_with("-----BEGIN ") && text.trim_end().ends_with("PRIVATE KEY-----") {
                let rules = pass.rules;
                if let Some((rule, _)) = rules.for_member(PRIVATE_KEY) {
                    expected = Expected::KeyLine(rule);
                }
                return pass.value(item, None, depth + 1);
            }
            if !text.starts_with('-') {
                program_now = program(text).or(program_now);
                if let Some(rule) = pass.named_next(items.get(at + 1), text) {
                    expected = Expected::Ruled(rule);
                }
                return pass.value(item, None, depth + 1);
            }
            let option = program_now.and_then(|program| program.option(text, &mut told));
            if let Some((kept, from)) = option {
                if let Some(from) = from {
                    let (name, value) = text.split_at(from);
                    return pass.taken(kept, name, value, item, depth + 1);
                }
                expected = Expected::Taken(kept);
            } else {
                let name = text.trim_start_matches('-');
                let rules = pass.rules;
                if !name.contains(['=', ':', ' ', '\n'])
                    && let Some((rule, false)) = rules.for_member(name)
                {
                    expected = Expected::Ruled(rule);
                }
            }
            pass.value(item, None, depth + 1)
        })
    }

    /// True for a list in which an item names the next one: `["user", "ada", "password", "x7Tq…"]`.
    #[inline]
    pub(super) fn names_next(&self, items: &[Tree<'_>]) -> bool {
        items.iter().enumerate().any(|(at, item)| {
            item.as_str()
                .is_some_and(|text| self.named_next(items.get(at + 1), text).is_some())
        })
    }

    /// Writes a list in which items name the ones behind them.
    #[inline(never)]
    pub(super) fn list_with_names(&mut self, items: &[Tree<'_>], depth: usize) -> Written {
        let mut named = None;
        self.items(items, depth, |pass, at, item| {
            let rule = named.take();
            named = item
                .as_str()
                .and_then(|text| pass.named_next(items.get(at + 1), text));
            match rule {
                Some(rule) => pass.ruled_value(rule, false, item, None, depth + 1),
                None => pass.value(item, None, depth + 1),
            }
        })
    }

    /// The rule for the item behind `text`: a secret's name, perhaps with an operator behind it, and then what looks
    /// like one. In lists of names a name stands behind it, and such a list stays.
    fn named_next(&self, next: Option<&Tree<'_>>, text: &str) -> Option<&'a Rule> {
        if text.len() > MAX_NAME {
            return None;
        }
        let rules = self.rules;
        let next = next?;
        let (name, is_assigned) = match text.trim_end().strip_suffix([':', '=', '|', '>']) {
            Some(name) => (name.trim_end_matches([':', ' ', '-']), true),
            None => (text, false),
        };
        let (rule, _) = match name.trim_start().strip_prefix('#') {
            Some(id) => rules.for_member(id),
            None if name.ends_with(']') => labels::rule_of(rules, name),
            None => rules.for_member(name),
        }?;
        if rule.group() != Some(Group::Secret) {
            return None;
        }
        let is_secret = |text: &str| {
            !text.contains(char::is_whitespace)
                && if is_assigned {
                    !text.ends_with(':')
                        && reference::looks_secret(text)
                        && !reference::is_exempt(rules, text, false)
                } else {
                    is_made(text)
                }
        };
        if let Some(text) = next.text_as_written() {
            return is_secret(text.trim()).then_some(rule);
        }
        match next {
            Tree::Object(members) if !is_assigned => members
                .values()
                .any(|value| value.as_str().is_some_and(is_secret))
                .then_some(rule),
            _ => None,
        }
    }

    /// Writes the value of a program's option, with `before` in front of it.
    fn taken(
        &mut self,
        kept: Kept,
        before: &str,
        value: &str,
        item: &Tree<'_>,
        depth: usize,
    ) -> Written {
        let rules = self.rules;
        let kept = match kept {
            Kept::Nothing => 0,
            Kept::Through(sign) => value
                .find(sign)
                .map_or(value.len(), |at| at + sign.len_utf8()),
            Kept::Prefix(prefix) if value.starts_with(prefix) => prefix.len(),
            Kept::Prefix(_) => value.len(),
        };
        let (kept, secret) = value.split_at(kept);
        let Some((rule, _)) = rules.for_member(PASSWORD) else {
            return self.value(item, None, depth);
        };
        if secret.is_empty() || rules.may_have_written(secret) {
            return self.value(item, None, depth);
        }
        self.nodes += 1;
        if let Some(echo) = &mut self.echo {
            echo.remember(secret, rule.marker(), true);
        }
        let shown = format!("{before}{kept}{}", rule.marker());
        self.replacement(rule, &shown, Original::Text(secret))
    }
}

/// True for a text that is no name and no word: digits or signs among letters in more than one place.
fn is_made(text: &str) -> bool {
    let turns = text
        .as_bytes()
        .windows(2)
        .filter(|pair| {
            pair[0].is_ascii_digit() != pair[1].is_ascii_digit()
                || pair[0].is_ascii_lowercase() && pair[1].is_ascii_uppercase()
        })
        .count();
    // A number with an exponent, which canonical JSON may hold in a string, has turns as well.
    let is_number = || text.parse::<f64>().is_ok();
    text.len() >= LEAST_NAMED && turns >= 3 && reference::looks_secret(text) && !is_number()
        || text.split_once(' ').is_some_and(|(scheme, token)| {
            scheme.eq_ignore_ascii_case("bearer") && reference::looks_secret(token)
        })
}

/// True for an item that is an option rather than the value of the one before it.
fn is_option(text: &str) -> bool {
    match text.as_bytes() {
        [b'-', letter] => letter.is_ascii_alphabetic(),
        [b'-', b'-', letter, ..] => letter.is_ascii_alphabetic(),
        _ => false,
    }
}
