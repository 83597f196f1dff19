//! Commands of a shell in place of a value: `$(cat /run/secret)`, `` `pass show x` ``.

use super::looks_secret;

/// The fewest characters of a part of a word that may be a secret.
const LEAST: usize = 7;
/// Commands that say what they are told.
const SAYS: &[&str] = &["echo", "printf", "print"];

/// True where a command is run that holds no secret itself.
pub(super) fn is_substitution(value: &str) -> bool {
    let inside = |open, close| value.strip_prefix(open)?.strip_suffix(close);
    // One word between backticks is no command but the value.
    let command =
        inside("$(", ")").or_else(|| inside("`", "`").filter(|command| command.contains(' ')));
    command.is_some_and(|command| {
        !command.contains("<<<")
            && command
                .split(['|', ';', '&', '(', ')', '\n', '`'])
                .all(is_harmless_command)
    })
}

fn is_harmless_command(command: &str) -> bool {
    let mut words = command.split_ascii_whitespace();
    let Some(name) = words.next() else {
        return true;
    };
    let is_said = SAYS.contains(&name);
    // `NAME=value command`
    let is_harmless_name = !name.contains('=') || is_harmless_word(name);
    is_harmless_name
        && words.all(|word| {
            if is_said {
                is_without_text(word)
            } else {
                is_harmless_word(word)
            }
        })
}

/// True for options, variables and forms of them: `-n`, `"$NAME:$OTHER"`, `'%s:%s'`.
fn is_without_text(word: &str) -> bool {
    let word = unquoted(word);
    word.starts_with('-') && word.len() <= 3
        || word
            .split([':', ',', '.', '@', '/'])
            .all(|part| part.len() <= 2 || part.starts_with('$'))
}

fn is_harmless_word(word: &str) -> bool {
    let word = unquoted(word);
    // What stores of secrets are asked for has numbers and letters at random in it.
    if word.starts_with("arn:") || is_uuid(word) {
        return true;
    }
    word.split([':', '=', ',']).all(|piece| {
        let is_path = piece.contains('/');
        piece
            .split(['/', '.', '-', '_'])
            .map(unquoted)
            .all(|part| part.starts_with('$') || !is_secret(part, is_path))
    })
}

/// True for what may be a secret; in a path a name and its number are none.
fn is_secret(part: &str, is_path: bool) -> bool {
    let has = |of: fn(&u8) -> bool| part.bytes().any(|byte| of(&byte));
    let is_mixed =
        has(u8::is_ascii_uppercase) && has(u8::is_ascii_lowercase) && has(u8::is_ascii_digit);
    let name = part.trim_end_matches(|last: char| last.is_ascii_digit());
    let is_numbered_name = is_path && name.bytes().all(|byte| byte.is_ascii_lowercase());
    (is_mixed || part.len() >= LEAST && !is_numbered_name) && looks_secret(part)
}

/// The id of an account or a resource.
fn is_uuid(word: &str) -> bool {
    word.split('-').map(str::len).eq([8, 4, 4, 4, 12])
        && word
            .bytes()
            .all(|byte| byte.is_ascii_hexdigit() || byte == b'-')
}

fn unquoted(word: &str) -> &str {
    word.trim_matches(['"', '\'', '\\'])
}

#[cfg(test)]
mod tests {
    use super::is_substitution;

    #[test]
    fn commands_that_fetch_a_secret_are_known() {
        for command in [
            "$(cat /run/secrets/token)",
            "$(gcloud auth print-access-token)",
            "`gh auth token`",
            "$(vault kv get -field=password secret/db1)",
            "$(aws secretsmanager get-secret-value --secret-id prod/db2 --query SecretString --output text)",
            "$(kubectl get secret x -o jsonpath='{.data.password}' | base64 -d)",
            "$(echo -n \"$USER:$PASS\" | base64)",
            "$(printf '%s:%s' \"$USER\" \"$PASS\" | base64)",
            "$(openssl rand -base64 32)",
            "$(pass show web/site2026)",
            "$(gcloud secrets versions access latest --secret=projects/123456789/token)",
            "$(az account get-access-token --resource 3f2504e0-4f89-11d3-9a0c-0305e82c3301)",
            "$(op read \"op://vault/item/field\")",
        ] {
            assert!(is_substitution(command), "{command}");
        }
    }

    #[test]
    fn commands_that_hold_a_secret_are_none() {
        for command in [
            "$(echo hunter2sommer)",
            "$(echo -n ada:sommer | base64)",
            "$(printf 'ada:hunter2')",
            "$(base64 <<< ada:sommer)",
            "$(curl -su ada:hunter2 https://a.example/token)",
            "$(openssl passwd kJ8sdf9Kd2)",
            "$(pass show web/kJ8sdf9Kd2)",
            "$(openssl passwd sommer2026)",
            "`Xk4Ergjv`",
            "$(cat x",
        ] {
            assert!(!is_substitution(command), "{command}");
        }
    }
}
