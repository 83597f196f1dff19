//! Values that tell what a member is, and not what is in it: a schema of it, or names under which it is kept.

use crate::sanitize::value_shape::{Shape, is_date};
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

/// True for an object that holds nothing but the name of another one, as Kubernetes refers to secrets, and perhaps when it
/// was made, as those who keep secrets list them.
fn is_name_only(members: Members<'_>) -> bool {
    let is_name = |name: &str, text: &str| {
        matches!(name, "name" | "secretName") && !Shape::RandomToken.fits(text)
    };
    let is_time = |name: &str, text: &str| {
        matches!(
            name,
            "created_at" | "updated_at" | "createdAt" | "updatedAt" | "created" | "updated"
        ) && text.len() <= LONGEST_TIME
            && text.bytes().take(4).all(|byte| byte.is_ascii_digit())
            && text.get(..10).is_some_and(is_date)
            && text.bytes().filter(u8::is_ascii_alphabetic).count() <= 2
    };
    let mut has_name = false;
    let are_told = members.iter().all(|(name, value)| match *value {
        Tree::String(text) if is_name(name, text) => {
            has_name = true;
            true
        }
        Tree::String(text) => is_time(name, text),
        _ => false,
    });
    are_told && has_name
}

/// A longer text is no time.
const LONGEST_TIME: usize = 35;

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
    let is_plain_value = |value: &Tree<'_>| match value.text_as_written() {
        Some(text) => is_plain(&text),
        None => value.is_number(),
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

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::sanitize::Sanitizer;

    fn sanitized(value: &Value) -> Value {
        let mut out = Vec::new();
        Sanitizer::default().write_value(&mut out, value, 4096);
        serde_json::from_slice(&out).expect("JSON")
    }

    #[test]
    fn objects_with_credentials_of_their_own_are_opened() {
        assert_eq!(
            sanitized(&json!({"auths": {
                "registry.example": {"auth": "YWRhOkt4OXdRNzI=", "note": "x9KwQ72"},
                "quay.example": {"auth": "Ym9iOkt4OXdRNzI="},
            }})),
            json!({"auths": {
                "registry.example": {
                    "auth": "[REDACTED:authorization]",
                    "note": "[REDACTED:authorization]",
                },
                "quay.example": {"auth": "[REDACTED:authorization]"},
            }})
        );
        for value in [
            json!({"auths": {"registry.example": "x9KwQ72"}}),
            json!({"auths": {"a": {"auth": "x9KwQ72"}, "b": {"y": "x9KwQ72"}}}),
            json!({"auths": {}}),
            json!({"tokens": {"KqxTmXwRzLbVnHs7x9KwQ72": {"refresh_token": "x9KwQ72"}}}),
            json!({"tokens": {"KqxTmXwRzLbVnHsJdFgYpQcx9KwQ72": {"refresh_token": "y"}}}),
        ] {
            let text = sanitized(&value).to_string();
            assert!(!text.contains("x9KwQ72"), "{text}");
        }
    }

    #[test]
    fn lists_of_secrets_names_stay() {
        let value = json!({"secrets": [
            {"name": "DEPLOY_KEY", "created_at": "2026-02-03T10:11:12Z", "updated_at": "2026-02-04"},
            {"name": "SLACK_WEBHOOK_URL"},
        ]});
        assert_eq!(sanitized(&value), value);
        for hidden in [
            json!([{"name": "DEPLOY_KEY", "created_at": "hunter2sommer"}]),
            json!([{"name": "DEPLOY_KEY", "value": "hunter2sommer"}]),
            json!([{"updated_at": "hunter2sommer"}]),
        ] {
            let value = json!({"secrets": hidden});
            let text = sanitized(&value).to_string();
            assert!(!text.contains("hunter2sommer"), "{text}");
        }
    }

    #[test]
    fn settings_of_tokens_and_folders_by_another_name_stay() {
        let value = json!({
            "metadata": {"HttpTokens": "required"},
            "paths": {"@auth/*": ["src/auth/*"]},
        });
        assert_eq!(sanitized(&value), value);
        let text = sanitized(&json!({
            "@auth": "hunter2sommer", "@app/accessToken": "hunter2sommer", "token": "required1",
        }))
        .to_string();
        assert!(
            !text.contains("hunter2") && !text.contains("required1"),
            "{text}"
        );
    }

    #[test]
    fn what_stands_behind_a_value_in_markup_stays() {
        for (text, expected) in [
            (
                "<p>https://a.example/reset?token=x9KwQ72</p><p>It expires soon.</p>",
                "<p>https://a.example/reset?token=[REDACTED:token]</p><p>It expires soon.</p>",
            ),
            (
                "password=x9KwQ72<br>Then log in",
                "password=[REDACTED:password]<br>Then log in",
            ),
            ("password=x9<KwQ72 go", "password=[REDACTED:password] go"),
            ("password=x9</KwQ72 go", "password=[REDACTED:password] go"),
            ("password=x9</KwQ72", "password=[REDACTED:password]"),
        ] {
            assert_eq!(sanitized(&json!(text)), json!(expected));
        }
    }
}
