//! What a statement's placeholders stand for, in an object that has them by name or number:
//! `{"sql": "… WHERE password = :p", "params": {"p": …}}`, and `%(p)s` as drivers of Python have it.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::rc::Rc;

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
) -> Option<Rc<Placeholders>> {
    // Most texts that may be statements have no placeholder.
    let bytes = statement.as_bytes();
    let bytes = bytes.get(..MAX_STATEMENT).unwrap_or(bytes);
    let begins = |byte: &u8| matches!(byte, b':' | b'@' | b'$' | b'?');
    if !bytes.iter().any(begins) && memchr::memmem::find(bytes, b"%(").is_none() {
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
    (!named.is_empty()).then(|| Rc::new(named))
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
        if sign == '%'
            && let Some((name, behind)) = in_brackets(after)
            && let Some(place) = names.get(name)
        {
            let _ = write!(numbered, "${}", place + 1);
            (before, rest) = ('x', behind);
            continue;
        }
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

/// The name in `(name)s`, and what stands behind that.
fn in_brackets(text: &str) -> Option<(&str, &str)> {
    let inside = text.strip_prefix('(')?;
    let is_of_name = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
    let length = inside.bytes().take_while(|byte| is_of_name(byte)).count();
    let (name, behind) = inside.split_at_checked(length)?;
    Some((name, behind.strip_prefix(")s")?))
}
