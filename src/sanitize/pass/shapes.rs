//! Members whose values are what other members of the object say: pairs of name and value, rows under
//! columns, both sides of a change, the parameters of a statement, the data of a Kubernetes secret.

use std::cell::{Cell, OnceCell};
use std::rc::Rc;

use crate::tree::{Members, Tree};

use super::containers::Member;
use super::endings::Endings;
use super::labels;
use super::placeholders::{self, Placeholders};
use super::tables::Columns;
use super::{Pass, Written, changes, likeness, told, typed};
use crate::sanitize::detect::parameter;
use crate::sanitize::known_names::Siblings;
use crate::sanitize::rule::Rule;

/// The last words of names whose values a name beside them is for.
static VALUES: Endings = Endings::of(&[
    "value",
    "values",
    "val",
    "text",
    "content",
    "contents",
    "data",
    "answer",
    "default",
    "input",
    "send",
    "keys",
    "typed",
    "string",
    "response",
    "plaintext",
    "current",
    "v",
    "payload",
]);
/// The last words of names of tables' rows.
static ROWS: Endings = Endings::of(&[
    "rows", "row", "data", "values", "records", "record", "items", "tuples", "results", "body",
    "table", "cells",
]);
/// The last words of names of tables' columns.
static COLUMNS: Endings = Endings::of(&[
    "columns", "cols", "header", "headers", "fields", "names", "keys", "schema",
]);
/// Members in which tables say of what their columns are.
static ABOUT_TABLES: Endings = Endings::of(&["schema", "metadata", "meta"]);

/// The last words of names of what a statement's placeholders stand for.
static PARAMETERS: Endings =
    Endings::of(&["params", "parameters", "args", "bindings", "binds", "bind"]);
/// For so many members of an object its statements are read.
const MAX_NAMED: usize = 8;

/// What an object's members say of the values beside them.
///
/// It is found out once: who chose the names could have each member ask all others.
#[derive(Default)]
pub(super) struct Said<'a> {
    naming: OnceCell<Option<Naming<'a>>>,
    columns: OnceCell<Option<Columns<'a>>>,
    /// The rules for what a statement's placeholders stand for.
    parameters: OnceCell<Option<Columns<'a>>>,
    /// One of them says where on a page a field is.
    pub(super) located: OnceCell<bool>,
    /// All of them only tell of the fields that they are called after.
    pub(super) told: OnceCell<bool>,
    /// How many of them hold the values of placeholders that have names.
    named: Cell<usize>,
    /// What the members are values for, where they are those of a statement's placeholders.
    placeholders: Option<Rc<Placeholders>>,
}

impl<'a> Said<'a> {
    /// Of an object that is a row under these columns, or has the values of these placeholders.
    pub(super) fn under(
        columns: Option<Columns<'a>>,
        placeholders: Option<Rc<Placeholders>>,
    ) -> Self {
        let said = Self {
            placeholders,
            ..Self::default()
        };
        if columns.is_some() {
            let _ = said.columns.set(columns);
        }
        said
    }

    pub(super) fn is_of_placeholders(&self) -> bool {
        self.placeholders.is_some()
    }

    /// The place of the rule for what the member stands for in a statement, and whether that is in the plural.
    pub(super) fn rule_of_placeholder(&self, name: &str) -> Option<(u32, bool)> {
        self.placeholders.as_ref()?.get(name).copied()
    }
}

/// What names the values of other members.
#[derive(Clone, Copy)]
struct Naming<'a> {
    /// The place of the member that does; none where a patch's path does.
    place: Option<usize>,
    rule: (&'a Rule, bool),
}

/// What the members beside one of this name may say of its value.
pub(super) fn siblings(name: &str) -> Siblings {
    if changes::is_side(name) {
        // `current` is a value beside any name.
        return match name {
            "current" => Siblings::Value,
            _ => Siblings::Change,
        };
    }
    if matches!(name, "number" | "account") {
        return Siblings::Numbered;
    }
    if PARAMETERS.end(name) {
        return Siblings::Parameters;
    }
    if matches!(name, "d" | "p" | "q" | "k" | "v" | "V" | "dp" | "dq" | "qi") {
        return Siblings::Value;
    }
    if typed::is_typed(name) {
        return Siblings::Typed;
    }
    let is_value =
        VALUES.end(name) && !labels::is_shown_text(name) || matches!(name, "a" | "stringData");
    match (is_value, holds_rows(name)) {
        (false, false) => Siblings::Apart,
        (true, false) => Siblings::Value,
        (false, true) => Siblings::Rows,
        (true, true) => Siblings::ValueOrRows,
    }
}

/// True for a member in which rows of a table stand, or the cells of one.
pub(super) fn holds_rows(name: &str) -> bool {
    ROWS.end(name)
}

/// True for a member in which a statement stands.
fn is_statement(name: &str) -> bool {
    matches!(
        name,
        "sql" | "query" | "statement" | "stmt" | "text" | "cypher" | "cql" | "command"
    )
}

/// The statements among members.
fn statements<'m>(members: Members<'m>) -> impl Iterator<Item = &'m str> {
    members
        .iter()
        .filter(|(name, _)| is_statement(name))
        .filter_map(|(_, statement)| statement.as_str())
}

/// True for the private members of a JSON Web Key (RFC 7518 section 6).
fn is_private_in_key(name: &str) -> bool {
    matches!(name, "d" | "p" | "q" | "dp" | "dq" | "qi" | "k")
}

impl<'a> Pass<'a> {
    /// Writes a value that its siblings may tell more of than its own name does.
    #[inline(never)]
    pub(super) fn value_among_siblings(
        &mut self,
        member: &Member<'_, 'a>,
        under: Option<&'a Rule>,
        depth: usize,
    ) -> Written {
        if self.trail.is_some() {
            return self.placed(Some(member.name), member.value, depth, |pass| {
                pass.among_siblings(member, under, depth)
            });
        }
        self.among_siblings(member, under, depth)
    }

    fn among_siblings(
        &mut self,
        member: &Member<'_, 'a>,
        under: Option<&'a Rule>,
        depth: usize,
    ) -> Written {
        let Member {
            name,
            value,
            siblings,
            verdict,
            ..
        } = *member;
        // `send_keys` is what is typed, and the plural of a key; cells are those of a row.
        let is_ruled = verdict.rule.is_some_and(|(_, plural)| {
            !plural || !matches!(verdict.siblings, Siblings::Value | Siblings::Rows)
        });
        if siblings.len() < 2 || is_ruled {
            return self.named_value(name, verdict, value, under, depth);
        }
        let (is_value, may_be_rows) = match verdict.siblings {
            Siblings::Change => return self.changed(member, under, depth),
            Siblings::Parameters => return self.parameters(member, under, depth),
            Siblings::Numbered => return self.numbered(member, under, depth),
            Siblings::Typed => return self.typed(member, under, depth),
            Siblings::Value if name == "current" && siblings.contains_key("previous") => {
                return self.changed(member, under, depth);
            }
            Siblings::Apart => (false, false),
            Siblings::Value => (true, false),
            Siblings::Rows => (false, true),
            Siblings::ValueOrRows => (true, true),
        };
        let is_rows = value.is_array() && may_be_rows;
        if !(is_value || is_rows) {
            return self.named_value(name, verdict, value, under, depth);
        }
        if matches!(name, "data" | "stringData")
            && siblings
                .get("kind")
                .is_some_and(|kind| kind.as_str() == Some("Secret"))
            && let Some((rule, _)) = self.rules.for_member("secret")
        {
            return self.value(value, Some(rule), depth);
        }
        if is_private_in_key(name)
            && value.is_string()
            && siblings.get("kty").is_some_and(Tree::is_string)
            && let Some((rule, _)) = self.rules.for_member("private_key")
        {
            return self.ruled_value(rule, false, value, under, depth);
        }
        if is_private_in_key(name) {
            return self.named_value(name, verdict, value, under, depth);
        }
        if is_value
            && let Some((rule, plural)) = self.named_beside(member)
            && !likeness::is_no_value(rule, name, value)
            && !told::is_all_input(name, value, siblings)
        {
            return self.ruled_value(rule, plural, value, under, depth);
        }
        if is_value
            && labels::is_named_key(name, value, siblings)
            && let Some((rule, _)) = self.rules.for_member("access_key")
        {
            return self.ruled_value(rule, false, value, under, depth);
        }
        if is_rows
            && let Tree::Array(rows) = value
            && let Some(columns) = self
                .columns_beside(member)
                .or_else(|| self.columns_of_statement(member))
        {
            return self.table(rows, columns, under, depth);
        }
        self.named_value(name, verdict, value, under, depth)
    }

    /// Writes a value by the rule that its siblings tell, or by its own name where they tell none.
    pub(super) fn ruled_or_named(
        &mut self,
        ruled: Option<(&'a Rule, bool)>,
        member: &Member<'_, 'a>,
        under: Option<&'a Rule>,
        depth: usize,
    ) -> Written {
        match ruled {
            Some((rule, plural)) => self.ruled_value(rule, plural, member.value, under, depth),
            None => self.named_value(member.name, member.verdict, member.value, under, depth),
        }
    }

    /// Writes what the placeholders of a statement stand for: one list, or one for each time that it is run.
    fn parameters(
        &mut self,
        member: &Member<'_, 'a>,
        under: Option<&'a Rule>,
        depth: usize,
    ) -> Written {
        let named = match *member.value {
            Tree::Object(members) => self.named_placeholders(member, members),
            // Rows may leave out what is null in them.
            Tree::Array(rows) => rows
                .iter()
                .filter_map(Tree::as_object)
                .max_by_key(|members| members.len())
                .and_then(|members| self.named_placeholders(member, members)),
            _ => None,
        };
        if let Tree::Array(rows) = member.value
            && named.is_some()
        {
            return self.items(rows, depth, |pass, _, row| {
                pass.placeholders = named.clone().filter(|_| row.as_object().is_some());
                let written = pass.value(row, under, depth + 1);
                pass.placeholders = None;
                written
            });
        }
        if let Tree::Array(rows) = member.value
            && let Some(columns) = self.columns_of_statement(member)
        {
            return self.table(rows, columns, under, depth);
        }
        self.placeholders = named;
        let written = self.named_value(member.name, member.verdict, member.value, under, depth);
        self.placeholders = None;
        written
    }

    /// The rules for the members that a statement in one of the siblings has placeholders for.
    fn named_placeholders(
        &self,
        member: &Member<'_, 'a>,
        members: Members<'_>,
    ) -> Option<Rc<Placeholders>> {
        let named = &member.said.named;
        if named.get() >= MAX_NAMED {
            return None;
        }
        named.set(named.get() + 1);
        statements(member.siblings)
            .find_map(|statement| placeholders::rules_of_members(self.rules, statement, members))
    }

    /// The rules for the placeholders of a statement that stands in one of the siblings.
    fn columns_of_statement<'m>(&self, member: &Member<'m, 'a>) -> Option<&'m Columns<'a>> {
        let columns = member.said.parameters.get_or_init(|| {
            statements(member.siblings)
                .find_map(|statement| parameter::rules_of_placeholders(self.rules, statement))
        });
        columns.as_ref()
    }

    /// The rule for what a sibling of the member names.
    pub(super) fn named_beside(&self, member: &Member<'_, 'a>) -> Option<(&'a Rule, bool)> {
        let siblings = member.siblings;
        let said = &member.said.naming;
        let first = (*said.get_or_init(|| self.naming(siblings, 0)))?;
        match first.place {
            Some(place) if siblings.nth(place)?.0 == member.name => {
                // Of all members this one alone has to look further.
                Some(self.naming(siblings, place + 1)?.rule)
            }
            _ => Some(first.rule),
        }
    }

    /// The first member from this place on that names the values of others, or the path of a patch.
    fn naming(&self, members: Members<'_>, from: usize) -> Option<Naming<'a>> {
        let rules = self.rules;
        let names = |name: &str, value: &Tree<'_>| {
            labels::is_name(name) && !labels::is_place(name, value)
                || labels::is_located(name, members)
                || labels::is_question(name, value)
                || name == "path" && labels::is_patch(members)
        };
        let mut naming = members.iter().enumerate().skip(from);
        let first = naming.find_map(|(place, (name, value))| {
            let rule = if names(name, value) {
                labels::rule_of_value(rules, value)
            } else {
                told::rule_of_field(rules, name, value, members)
            };
            Some((Some(place), rule?))
        });
        let (place, rule) = match first {
            Some(first) => first,
            None => (None, labels::rule_of_patch(rules, members)?),
        };
        Some(Naming { place, rule })
    }

    /// The rules for the columns that an object tells beside its rows; `None` where no rule names any.
    fn columns_beside<'m>(&self, member: &Member<'m, 'a>) -> Option<&'m Columns<'a>> {
        let said = &member.said.columns;
        said.get_or_init(|| self.columns_among(member.siblings))
            .as_ref()
    }

    fn columns_among(&self, members: Members<'_>) -> Option<Columns<'a>> {
        let columns = |members: Members<'_>| {
            members.iter().find_map(|(name, value)| match *value {
                Tree::Array(columns) if COLUMNS.end(name) || name.starts_with("column") => {
                    self.column_rules(columns)
                }
                _ => None,
            })
        };
        columns(members).or_else(|| {
            members.iter().find_map(|(name, value)| match *value {
                Tree::Object(members) if ABOUT_TABLES.end(name) => columns(members),
                Tree::Array(columns) if ABOUT_TABLES.end(name) => self.column_rules(columns),
                _ => None,
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Map, Value, json};

    use super::*;
    use crate::sanitize::Sanitizer;

    #[test]
    fn a_member_is_named_by_the_first_other_one_that_names_and_by_no_rule_of_its_own() {
        let value = json!({"a": "b", "key": "password", "kind": 1, "name": "token"});
        let sanitizer = Sanitizer::default();
        let mut out = Vec::new();
        let pass = Pass::new(&sanitizer.0, &mut out, 64);
        Tree::with(&value, |tree| {
            let members = tree.as_object().expect("an object");
            let said = Said::default();
            for (name, value) in members.iter() {
                let member = Member {
                    name,
                    value,
                    siblings: members,
                    said: &said,
                    shown: name,
                    replaced: &[],
                    kinds: 0,
                    verdict: &sanitizer.0.verdict(name),
                    first: false,
                    more: true,
                };
                let rule = pass.named_beside(&member).map(|(rule, _)| rule.name());
                let expected = if name == "key" { "token" } else { "password" };
                assert_eq!(rule, Some(expected), "{name}");
            }
        });
    }

    fn written(value: &Value) -> String {
        let mut out = Vec::new();
        Sanitizer::default().write_value(&mut out, value, 64 * 1024);
        String::from_utf8_lossy(&out).into_owned()
    }

    #[test]
    fn keys_in_rows_lists_and_commands_that_others_tell_of_go() {
        let key = "q7Xz2Kf9Wb4Vn1Hs8Ld3Rt6Yp5Jc0Mg/Zk8Td4+Ns1Bv6Qw9Xr2Cf7Hm3==";
        let digits = format!("0x{}", "9c41e07b52fd38a6".repeat(4));
        for value in [
            json!([{"keyName": "key1", "permissions": "FULL", "value": key}]),
            json!({"accounts": [digits]}),
            json!(["AUTH", "default", key]),
            json!(["AUTH", key]),
            json!(["HELLO", "3", "AUTH", "ada", key]),
            json!({"device_code": key, "user_code": "KWQZ-PLRT"}),
            json!({"networkKey": "9C41E07B52FD38A69C41E07B52FD38A6"}),
        ] {
            let text = written(&value);
            for secret in [&key[..31], &digits, "KWQZ", "9C41E07B"] {
                assert!(!text.contains(secret), "{text}");
            }
        }
    }

    #[test]
    fn what_is_no_key_beside_such_names_stays() {
        for value in [
            json!([{"keyName": "greeting", "value": "a text that is longer than any key of a store, in words"}]),
            json!({"accounts": ["0x9c41e07b52fd38a69c41e07b52fd38a69c41e07b"]}),
            json!(["AUTH", "users", "orders"]),
            json!(["AUTH", "OAUTH2"]),
            json!(["AUTH", "PROJ-1042"]),
            json!({"user_code": "EMPL-0042"}),
            json!({"device_code": "thermostat", "network_key": "eth-mainnet"}),
        ] {
            assert!(!written(&value).contains("[REDACTED"), "{value}");
        }
    }

    /// With a look at all others for each member this would take many minutes.
    #[test]
    fn many_members_whose_values_others_may_name_are_written() {
        for (ending, value) in [("val", json!(1)), ("items", json!([])), ("data", json!([]))] {
            let members = (0..400_000).map(|at| (format!("{at}_{ending}"), value.clone()));
            let value = Value::from(members.collect::<Map<_, _>>());
            let mut out = Vec::new();
            let done = Sanitizer::default().write_value(&mut out, &value, 1024 * 1024);
            assert!(out.starts_with(br#"{"0_"#), "{ending}");
            assert_eq!(done.redactions, 0, "{ending}");
        }
    }
}
