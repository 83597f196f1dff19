//! What programs and templates put in before they use a value: placeholders, variables, addresses in stores of secrets.

use super::substitution::is_substitution;
use super::{is_constant, is_dotted, is_identifier, is_lookup, is_path, is_words, looks_secret};
use crate::sanitize::rule::Group;
use crate::sanitize::rules::Rules;

/// `${NAME}`, `${{ secrets.NAME }}`, `{{ vault.name }}`, `{password}`, `%s`, `<your token>`.
pub(super) fn is_placeholder(rules: &Rules, value: &str) -> bool {
    let names_a_rule = |text: &str| rules.for_name_at_end(text.as_bytes()).is_some();
    // A word ends before a closing bracket.
    if let Some(inside) = value.strip_prefix('<') {
        let inside = inside.strip_suffix('>').unwrap_or(inside);
        return is_words(inside)
            && (names_a_rule(inside) || inside.to_ascii_lowercase().starts_with("your"));
    }
    if let Some(inside) = value
        .strip_prefix("%(")
        .and_then(|rest| rest.strip_suffix(")s"))
    {
        return is_identifier(inside);
    }
    if matches!(
        value,
        "%s" | "%v" | "%d" | "%q" | "%r" | "%i" | "%u" | "%@" | "{}" | "{:?}" | "{0}" | "?" | "..."
    ) {
        return true;
    }
    // What Terraform and others show in place of a value.
    if matches!(
        value,
        "(sensitive value)"
            | "(sensitive)"
            | "(known after apply)"
            | "(not set)"
            | "(unset)"
            | "(none)"
            | "(null)"
    ) {
        return true;
    }
    if is_parameter(value) || is_named_parameter(value, names_a_rule) {
        return true;
    }
    if is_to_be_filled_in(rules, value) {
        return true;
    }
    // `${NAME:?not set}`: what stands behind `:-` would be the value.
    if let Some((name, told)) = value
        .strip_prefix("${")
        .and_then(|rest| rest.strip_suffix('}')?.split_once(":?"))
    {
        return is_constant(name) && (told.is_empty() || is_words(told));
    }
    let single = value
        .strip_prefix('{')
        .and_then(|rest| rest.strip_suffix('}'));
    if single.is_some_and(|inside| is_dotted(inside) && names_a_rule(inside)) {
        return true;
    }
    let inside = match value.strip_prefix(['$', '#', '%']) {
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

/// `your-api-key-here`, `YOUR_TOKEN`: what readers put their own value in place of.
fn is_to_be_filled_in(rules: &Rules, value: &str) -> bool {
    const MOST_WORDS: usize = 5;
    let names_a_secret = |name: &str| {
        let rule = rules.for_name_at_end(name.as_bytes());
        rule.is_some_and(|(rule, ..)| rule.group() == Some(Group::Secret))
    };
    let is_of_words = |byte: u8| byte.is_ascii_alphabetic() || matches!(byte, b'-' | b'_');
    let Some(("your" | "Your" | "YOUR", behind)) = value.split_at_checked(4) else {
        return false;
    };
    behind.strip_prefix(['-', '_']).is_some_and(|words| {
        let name = words
            .strip_suffix("here")
            .or_else(|| words.strip_suffix("HERE"));
        let name = name.map_or(words, |name| name.trim_end_matches(['-', '_']));
        words.bytes().all(is_of_words)
            && words.split(['-', '_']).count() <= MOST_WORDS
            && names_a_secret(name)
    })
}

/// `$1`, `:2`, `?3`, `@p4`: a parameter of a statement.
fn is_parameter(value: &str) -> bool {
    let number = value
        .strip_prefix(['$', ':', '?'])
        .or_else(|| value.strip_prefix("@p"));
    number.is_some_and(|number| {
        (1..=2).contains(&number.len()) && number.bytes().all(|byte| byte.is_ascii_digit())
    })
}

/// `:new_password`, `:p`: a parameter of a statement that is called as its column is, or by a letter or two.
fn is_named_parameter(value: &str, names_a_rule: impl Fn(&str) -> bool) -> bool {
    let name = value.trim_end_matches([',', ';', ')']).strip_prefix(':');
    name.is_some_and(|name| {
        (1..=32).contains(&name.len())
            && (name.len() <= 2 || names_a_rule(name))
            && name
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte == b'_')
    })
}

/// `Bearer $TOKEN`, `token ${{ secrets.NAME }}`: the name of a scheme, and a reference to the credentials.
pub(super) fn is_scheme_of_reference(rules: &Rules, value: &str) -> bool {
    value.split_once(' ').is_some_and(|(scheme, rest)| {
        let rest = rest.trim_start();
        ["bearer", "basic", "token", "apikey"]
            .iter()
            .any(|known| scheme.eq_ignore_ascii_case(known))
            && (is_placeholder(rules, rest) || is_variable(rest) || is_substitution(rest))
    })
}

/// `{{ lookup('env', 'ADMIN_PASSWORD') }}`, `<%= ENV['NAME'] %>`, `((name))`, `$__file{/run/secret}`: names, and no literal that
/// may be a secret.
pub(super) fn is_template(value: &str) -> bool {
    let inside = |open, close| Some(value.strip_prefix(open)?.strip_suffix(close)?.trim());
    if let Some(code) = inside("{{", "}}").or_else(|| inside("<%=", "%>")) {
        return is_code_of_template(code);
    }
    if let Some(name) = inside("((", "))") {
        return is_path(name) && !looks_secret(name);
    }
    inside("$__", "}")
        .and_then(|function| function.split_once('{'))
        .is_some_and(|(function, path)| is_identifier(function) && is_path(path))
}

/// The address of a secret in a store of secrets, or of the file that it is in.
pub(super) fn is_address(value: &str) -> bool {
    const STORES: &[&str] = &[
        "op://",
        "vault://",
        "vault:",
        "keyvault:",
        "ssm:/",
        "arn:aws:secretsmanager:",
        "arn:aws:ssm:",
        "/run/secrets/",
        "file:/",
    ];
    let is_file = || {
        let last = value.rsplit('/').next().unwrap_or_default();
        ["./", "../", "~/"]
            .iter()
            .any(|here| value.starts_with(here))
            && is_path(value.trim_start_matches('~'))
            && !looks_secret(last)
    };
    let is_stored = |store: &&str| {
        value.strip_prefix(*store).is_some_and(|path| {
            is_path(&path.replacen('#', ":", 1)) && (path.contains('/') || !looks_secret(path))
        })
    };
    STORES.iter().any(is_stored) || value.strip_prefix("env:").is_some_and(is_constant) || is_file()
}

/// `lookup('env', 'NAME')`, `- .Values.mail.token | quote -`: what stands in for a value that is missing may be a secret.
fn is_code_of_template(code: &str) -> bool {
    const STANDS_IN: &[&str] = &["default", "coalesce", "ternary", "print", "printf", "or"];
    let code = code.strip_prefix('-').unwrap_or(code);
    let code = code.strip_suffix('-').unwrap_or(code).trim();
    let code = code.strip_prefix('$').unwrap_or(code);
    let is_mark = |letter: char| matches!(letter, '"' | '\'' | '`');
    let mut words = code.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_');
    if code.contains(is_mark) && words.any(|word| STANDS_IN.contains(&word)) {
        return false;
    }
    let (expression, filters) = code.split_once('|').unwrap_or((code, ""));
    let is_between = |letter: char| matches!(letter, ' ' | '|' | '(' | ')' | ',' | '=' | '.' | '-');
    code.trim_start_matches('(')
        .starts_with(|first: char| first.is_ascii_alphabetic() || first == '.')
        && (is_path(expression.trim()) || is_lookup(expression))
        && filters.split(is_between).all(is_word_of_filter)
}

/// True for the name of a filter or a short number, which says how much of a text it lets through.
fn is_word_of_filter(word: &str) -> bool {
    const NAMES: &[&str] = &[
        "b64enc",
        "b64dec",
        "b64encode",
        "b64decode",
        "sha1sum",
        "sha256sum",
        "sha512sum",
        "randAlphaNum",
    ];
    let is_number = word.bytes().all(|byte| byte.is_ascii_digit());
    word.bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        && (NAMES.contains(&word) || !looks_secret(word))
        && (!is_number || word.len() < 4)
}

/// `$NAME`, `%NAME%`, `process.env.NAME`.
pub(super) fn is_variable(value: &str) -> bool {
    if let Some(path) = value
        .strip_prefix("process.env.")
        .or_else(|| value.strip_prefix("import.meta.env."))
        .or_else(|| value.strip_prefix("$env:"))
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

#[cfg(test)]
mod tests {
    use crate::sanitize::text::testing::{hits, misses};

    #[test]
    fn templates_without_a_literal_stay() {
        misses(&[
            "token: {{ .Values.mail.token | quote }}",
            "token: \"{{ .Values.mail.token | b64enc | trunc 63 }}\"",
            "token: {{- $.Values.global.token -}}",
            "password: {{ db_password | mandatory }}",
            "password: {{ lookup('env', 'ADMIN_PASSWORD') }}",
            "password: {{ .Values.smtpAuthPasswordValue | quote }}",
            "password: {{ .Values.password | default (randAlphaNum 32) | quote }}",
            "password: {{ (lookup \"v1\" \"Secret\" .Release.Namespace \"db\").data.password }}",
        ]);
    }

    #[test]
    fn what_asks_for_credentials_stays() {
        misses(&[
            "$cred = Get-Credential -Message 'Enter login'\nInvoke-Command -ComputerName ris2 -Credential $cred",
        ]);
        hits(&[
            ("credential=ada:/x9KwQ72", "credential=<>"),
            ("password=$ecret", "password=<>"),
            ("password: $uperSecret", "password: <>"),
            ("--token $trong_token", "--token <>"),
        ]);
    }

    #[test]
    fn what_is_shown_in_place_of_a_value_stays() {
        misses(&[
            "  + password              = (sensitive value)\n  + class = \"db.t4g.small\"",
            "  ~ auth_token = (sensitive value) -> (known after apply)",
            "password: (not set)",
            "export ACME_API_KEY=your-api-key-here",
            "token: YOUR_ACCESS_TOKEN",
        ]);
        hits(&[
            ("password: (sommer value)", "password: <>"),
            ("password=your-dog-here", "password=<>"),
            ("password=your-mothers-maiden-name", "password=<>"),
            ("password=your-dog-ate-all-of-my-secret", "password=<>"),
            ("api_key=your-api-key-x9KwQ72", "api_key=<>"),
        ]);
    }

    #[test]
    fn what_stands_in_for_a_value_goes() {
        hits(&[
            (
                "token: \"{{ .Values.mail.token | default \"kJ8sdf9Kd2\" }}\", next",
                "token: \"<>\", next",
            ),
            (
                "token: {{ .Values.token | default \"sommer\" | quote }}",
                "token: <>",
            ),
            (
                "password: {{ x | default(\"kJ8sdf9Kd2\") }}",
                "password: <>",
            ),
            ("pin: {{ x | default(4821) }}", "pin: <>"),
            (
                "password: {{ default \"sommer\" .Values.password }}",
                "password: <>",
            ),
            (
                "PASSWORD=\"$(echo \"hunter2sommer\")\" run",
                "PASSWORD=\"<>\" run",
            ),
            ("PASSWORD=$(echo hunter2sommer) run", "PASSWORD=<> run"),
        ]);
    }
}
