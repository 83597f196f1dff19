//! Values that tell what a member is, and not what is in it: a schema of it, or names under which it is kept.

use crate::sanitize::value_shape::Shape;
use crate::tree::{Members, Tree};

/// The types that schemas know, as JSON Schema, Python and databases spell them.
const TYPES: &[&str] = &[
    "any", "array", "bool", "boolean", "dict", "float", "int", "integer", "list", "null", "number",
    "object", "str", "string", "text",
];

/// True for `{"type": "string", "description": …}` and for `[{"name": …}, …]`.
///
/// Another member than these may be the value itself, as `default` and `example` are.
pub(super) fn describes(value: &Tree<'_>) -> bool {
    match *value {
        Tree::Object(members) => is_schema(members) || is_name_only(members),
        Tree::Array(items) => {
            !items.is_empty()
                && items
                    .iter()
                    .all(|item| item.as_object().is_some_and(is_name_only))
        }
        _ => false,
    }
}

fn is_schema(members: Members<'_>) -> bool {
    let is_type = |value: &Tree<'_>| value.as_str().is_some_and(|name| TYPES.contains(&name));
    let has_type = match members.get("type") {
        Some(Tree::Array(types)) => !types.is_empty() && types.iter().all(is_type),
        Some(value) => is_type(value),
        None => false,
    };
    has_type
        && members.iter().all(|(name, value)| match name {
            "type" => true,
            "description" | "title" => value.is_string(),
            "format" => matches!(
                value.as_str(),
                Some(
                    "password"
                        | "byte"
                        | "binary"
                        | "uuid"
                        | "email"
                        | "date"
                        | "date-time"
                        | "phone"
                        | "uri"
                )
            ),
            "minLength" | "maxLength" => value.is_u64(),
            "pattern" | "$ref" => value.is_string(),
            "required" | "optional" | "nullable" | "readOnly" | "writeOnly" | "sensitive"
            | "deprecated" => value.is_boolean(),
            _ => false,
        })
}

/// True for an object that holds nothing but the name of another one, as Kubernetes refers to secrets.
fn is_name_only(members: Members<'_>) -> bool {
    let mut names = members.iter();
    let is_name = |name: &str, text: &str| {
        matches!(name, "name" | "secretName") && !Shape::RandomToken.fits(text)
    };
    matches!(names.next(), Some((name, Tree::String(text))) if is_name(name, text))
        && names.next().is_none()
}

/// What the settings of a way to authenticate are called.
const SETTINGS: &[&str] = &[
    "algorithm",
    "audience",
    "flow",
    "issuer",
    "kind",
    "method",
    "mode",
    "provider",
    "realm",
    "scheme",
    "scopes",
    "strategy",
    "type",
];

/// The last words of what is told of a credential beside it.
const DESCRIPTIONS: &[&str] = &[
    "algorithm",
    "at",
    "created",
    "date",
    "description",
    "enabled",
    "expiration",
    "expires",
    "expiry",
    "flow",
    "in",
    "issuer",
    "kind",
    "label",
    "login",
    "method",
    "mode",
    "name",
    "provider",
    "realm",
    "region",
    "scheme",
    "scope",
    "scopes",
    "status",
    "strategy",
    "type",
    "used",
    "user",
];

/// True for a member that tells of a credential and is none: `"UserName": "deploy-bot"`, `"Status": "Active"`.
pub(super) fn only_describes(name: &str, value: &Tree<'_>) -> bool {
    let is_plain = |text: &str| {
        !Shape::Token.fits(text) || text.contains(':') && !Shape::RandomToken.fits(text)
    };
    let is_plain_value = |value: &Tree<'_>| match *value {
        Tree::String(text) => is_plain(text),
        Tree::Number(_) => true,
        _ => false,
    };
    let (is_listed, is_plain) = match value {
        Tree::Array(items) => (
            true,
            items.iter().all(|item| item.as_str().is_some_and(is_plain)),
        ),
        value => (false, is_plain_value(value)),
    };
    is_plain
        && super::labels::ends_in(name, DESCRIPTIONS)
        && (!is_listed || super::labels::ends_in(name, &["scope", "scopes"]))
}

/// True for `{"type": "oauth2", "enabled": true}`: settings, and nothing that may be a credential.
pub(super) fn is_settings(value: &Tree<'_>) -> bool {
    value.as_object().is_some_and(|members| {
        !members.is_empty()
            && members.iter().all(|(name, value)| {
                let is_plain = |text: &str| !Shape::RandomToken.fits(text);
                value.is_boolean()
                    || value.as_str().is_some_and(is_plain) && SETTINGS.contains(&name)
            })
    })
}
