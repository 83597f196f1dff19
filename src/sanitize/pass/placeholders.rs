//! What a statement's placeholders stand for, in an object that has them by name or number:
//! `{"sql": "… WHERE password = :p", "params": {"p": …}}`.

use std::collections::BTreeMap;
use std::fmt::Write;

use crate::sanitize::detect::parameter;
use crate::sanitize::rules::Rules;
use crate::tree::Members;

/// The most bytes of a statement that are looked at.
const MAX_STATEMENT: usize = 16 * 1024;
/// The most placeholders that have a name.
const MAX_NAMES: usize = 256;

/// The names of placeholders, with the places of the rules that name their columns, and whether in the plural.
pub(super) type Placeholders = BTreeMap<Box<str>, (u32, bool)>;

/// The rules for the `members` that a statement has placeholders for; `None` where there are none.
pub(super) fn rules_of_members(
    rules: &Rules,
    statement: &str,
    members: Members<'_>,
) -> Option<Placeholders> {
    // Most texts that may be statements have no placeholder.
    let begins = |byte: u8| matches!(byte, b':' | b'@' | b'$' | b'?');
    if !statement.bytes().take(MAX_STATEMENT).any(begins) {
        return None;
    }
    let names: BTreeMap<&str, usize> = members
        .keys()
        .take(MAX_NAMES)
        .enumerate()
        .map(|(place, name)| (name.trim_start_matches([':', '@', '$']), place))
        .collect();
    let numbered = numbered(statement, &names);
    let columns = parameter::rules_of_placeholders(rules, &numbered)?;
    let mut named = Placeholders::new();
    for (name, column) in members.keys().zip(columns) {
        let Some((rule, plural)) = column else {
            continue;
        };
        let place = rules
            .names()
            .iter()
            .position(|known| std::ptr::eq(known, rule))?;
        named.insert(name.into(), (u32::try_from(place).ok()?, plural));
    }
    (!named.is_empty()).then_some(named)
}

/// The statement with `$1` for the placeholder of the first of these names.
fn numbered(statement: &str, names: &BTreeMap<&str, usize>) -> String {
    let mut numbered = String::with_capacity(statement.len().min(MAX_STATEMENT));
    let mut before = ' ';
    let mut rest = statement;
    while let Some(sign) = rest.chars().next() {
        if numbered.len() >= MAX_STATEMENT {
            break;
        }
        let after = &rest[sign.len_utf8()..];
        let may_begin = matches!(sign, ':' | '@' | '$' | '?')
            && before != ':'
            && !before.is_ascii_alphanumeric();
        let is_of_name = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
        let length = match may_begin {
            true => after.bytes().take_while(|byte| is_of_name(byte)).count(),
            false => 0,
        };
        if length == 0 {
            numbered.push(sign);
            before = sign;
            rest = after;
            continue;
        }
        let (name, behind) = after.split_at(length);
        match names.get(name) {
            Some(place) => {
                let _ = write!(numbered, "${}", place + 1);
            }
            None => numbered.push_str("NULL"),
        }
        before = 'x';
        rest = behind;
    }
    numbered
}
