//! What stands in place of a secret in text without being one: `${{ secrets.TOKEN }}`, `$DB_PASSWORD`,
//! `os.environ["DB_PASSWORD"]`, `load_token(path)`, `null`.
//!
//! This holds in text only. The value of a member is never exempt but as null or a boolean.

use super::rules::Rules;

/// True where a value that was assigned to a secret's name says where the secret is, not what it is.
pub(super) fn is_exempt(rules: &Rules, value: &str, quoted: bool) -> bool {
    if is_placeholder(value) {
        return true;
    }
    !quoted && (is_nothing(value) || is_variable(value) || is_lookup(rules, value))
}

fn is_nothing(value: &str) -> bool {
    ["null", "none", "nil", "undefined", "true", "false"]
        .iter()
        .any(|word| value.eq_ignore_ascii_case(word))
}

/// `${NAME}`, `${{ secrets.NAME }}`, `{{ vault.name }}`.
fn is_placeholder(value: &str) -> bool {
    let inside = match value.strip_prefix('$') {
        Some(rest) => rest
            .strip_prefix('{')
            .and_then(|rest| rest.strip_suffix('}')),
        None => value
            .strip_prefix("{{")
            .and_then(|rest| rest.strip_suffix("}}")),
    };
    inside.is_some_and(|inside| {
        let inside = inside
            .strip_prefix('{')
            .and_then(|rest| rest.strip_suffix('}'))
            .unwrap_or(inside);
        is_path(inside.trim())
    })
}

/// `$NAME`, `%NAME%`, `process.env.NAME`.
fn is_variable(value: &str) -> bool {
    if let Some(path) = value
        .strip_prefix("process.env.")
        .or_else(|| value.strip_prefix("import.meta.env."))
    {
        return is_constant(path);
    }
    match value.strip_prefix('$') {
        Some(name) => is_constant(name),
        None => value
            .strip_prefix('%')
            .and_then(|rest| rest.strip_suffix('%'))
            .is_some_and(is_constant),
    }
}

/// `os.environ["NAME"]`, `std::env::var("NAME")`, `load_token(path)`.
fn is_lookup(rules: &Rules, value: &str) -> bool {
    let Some(open) = value.find(['(', '[']) else {
        return false;
    };
    let (function, arguments) = value.split_at(open);
    let Some(argument) = arguments
        .strip_prefix('(')
        .and_then(|rest| rest.strip_suffix(')'))
        .or_else(|| arguments.strip_prefix('[')?.strip_suffix(']'))
    else {
        return false;
    };
    let is_known = function
        .split(['.', ':', '_'])
        .any(|word| matches!(word, "env" | "environ" | "getenv" | "secrets" | "vault"));
    let unquoted = argument.trim_matches(['"', '\'']);
    let quoted = unquoted.len() < argument.len();
    let names_a_rule = || {
        rules
            .for_name_at_end(function.as_bytes())
            .is_some_and(|(_, plural, _)| !plural)
    };
    is_path(function)
        && (is_path(unquoted) && (is_known || !quoted && names_a_rule())
            || argument.is_empty() && names_a_rule())
}

/// Names with dots, colons, slashes and dashes between them.
fn is_path(text: &str) -> bool {
    !text.is_empty()
        && text.bytes().all(|byte| {
            byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b':' | b'/' | b'-')
        })
}

/// A name in capitals, as variables of an environment have it.
fn is_constant(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_uppercase() || first == '_')
        && text
            .bytes()
            .all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_')
}
