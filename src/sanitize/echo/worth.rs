//! Which values are worth to be looked for again.

use crate::sanitize::complaint;

/// The fewest characters of a value that is looked for: shorter ones stand in too many texts.
pub(super) const LEAST: usize = 5;

/// True for a value that, wherever it stands again, stands there because it was said before.
pub(super) fn is_telling(value: &str) -> bool {
    if value.chars().nth(LEAST - 1).is_none() || is_reference(value) {
        return false;
    }
    has_three_letters(value) && !is_common(value) && !complaint::is_one(value)
}

/// True for a value in which three letters or digits differ.
fn has_three_letters(value: &str) -> bool {
    let mut letters = value.chars().filter(|letter| letter.is_alphanumeric());
    let Some(first) = letters.next() else {
        return false;
    };
    let Some(second) = letters.find(|letter| *letter != first) else {
        return false;
    };
    letters.any(|letter| letter != first && letter != second)
}

/// `${NAME}` and `{{ name }}` say where a secret is: texts may repeat them.
fn is_reference(value: &str) -> bool {
    (value.starts_with("${") && value.ends_with('}'))
        || (value.starts_with("{{") && value.ends_with("}}"))
}

fn is_common(value: &str) -> bool {
    let word = if hangs_together(value) {
        value
    } else {
        value.trim_matches(|character: char| !character.is_alphanumeric())
    };
    word.len() <= LONGEST_COMMON
        && COMMON
            .iter()
            .any(|common| common.eq_ignore_ascii_case(word))
}

/// True for a value that begins and ends with a letter or digit of ASCII, as nearly all do.
fn hangs_together(value: &str) -> bool {
    matches!(value.as_bytes(), [first, .., last] if first.is_ascii_alphanumeric() && last.is_ascii_alphanumeric())
}

/// The longest of them.
const LONGEST_COMMON: usize = 13;

/// Words that stand as the values of such members and in any other text too; among them names of servers, which are
/// their own default passwords, and names of their users, databases and images besides.
const COMMON: &[&str] = &[
    "access",
    "account",
    "active",
    "address",
    "admin",
    "administrator",
    "airflow",
    "allow",
    "allowed",
    "anonymous",
    "apache",
    "api key",
    "api_key",
    "apikey",
    "authorization",
    "basic",
    "bearer",
    "benutzername",
    "boolean",
    "cassandra",
    "changeme",
    "client",
    "consul",
    "content",
    "contraseña",
    "cookie",
    "credential",
    "credentials",
    "customer",
    "default",
    "denied",
    "development",
    "digest",
    "disabled",
    "docker",
    "dropped",
    "drupal",
    "elastic",
    "elasticsearch",
    "email",
    "empty",
    "enabled",
    "error",
    "example",
    "expired",
    "failed",
    "failure",
    "false",
    "first",
    "geheimnis",
    "gitea",
    "github",
    "gitlab",
    "google",
    "grafana",
    "guest",
    "hadoop",
    "hasło",
    "header",
    "hello",
    "heslo",
    "hidden",
    "influxdb",
    "invalid",
    "jelszó",
    "jenkins",
    "joomla",
    "kafka",
    "kennwort",
    "kerberos",
    "keycloak",
    "kibana",
    "laravel",
    "local",
    "localhost",
    "login",
    "lösenord",
    "magento",
    "manager",
    "mariadb",
    "masked",
    "member",
    "message",
    "metabase",
    "minio",
    "minioadmin",
    "missing",
    "mongo",
    "mongodb",
    "mysql",
    "negotiate",
    "neo4j",
    "nextcloud",
    "nginx",
    "none",
    "null",
    "number",
    "oauth",
    "oauth2",
    "object",
    "oracle",
    "order",
    "orders",
    "other",
    "owner",
    "parola",
    "passphrase",
    "passwd",
    "password",
    "passwords",
    "passwort",
    "patient",
    "phone",
    "policy",
    "postgres",
    "postgresql",
    "private",
    "production",
    "prometheus",
    "public",
    "query",
    "rabbitmq",
    "reader",
    "redacted",
    "redis",
    "refresh",
    "request",
    "required",
    "response",
    "result",
    "rundeck",
    "salasana",
    "sample",
    "secret",
    "secrets",
    "senha",
    "server",
    "service",
    "session",
    "shortened",
    "sonar",
    "sonarqube",
    "spark",
    "staging",
    "status",
    "string",
    "success",
    "superset",
    "support",
    "sysadmin",
    "sysdba",
    "system",
    "table",
    "testing",
    "tests",
    "token",
    "tokens",
    "tomcat",
    "true",
    "ubuntu",
    "undefined",
    "unknown",
    "update",
    "user1",
    "username",
    "users",
    "vagrant",
    "valid",
    "value",
    "values",
    "vault",
    "wachtwoord",
    "webadmin",
    "weblogic",
    "webmaster",
    "wordpress",
    "world",
    "writer",
    "zabbix",
    "zookeeper",
    "zugangsdaten",
    "пароль",
];

/// True for a value that is a key rather than a word: letters and digits without a blank, and many of them.
pub(super) fn looks_random(value: &str) -> bool {
    value.len() >= 12
        && value.bytes().any(|byte| byte.is_ascii_digit())
        && value.bytes().any(|byte| byte.is_ascii_alphabetic())
        && !value.bytes().any(|byte| byte.is_ascii_whitespace())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_common_word_is_told_rightly() {
        let longest = COMMON.iter().map(|word| word.len()).max();
        assert_eq!(longest, Some(LONGEST_COMMON));
    }

    #[test]
    fn words_that_stand_everywhere_are_not_looked_for() {
        for value in [
            "",
            "abcd",
            "true",
            "None",
            "admin",
            "Password",
            "bearer",
            "postgres",
            "Passwort",
            "пароль",
            "-----",
            "11111",
            "xxxxxxx",
            "*** **",
            "a-b-a-b",
            "${DB_PASSWORD}",
            "${{ secrets.TOKEN }}",
            "{{ vault.pass }}",
            "<password>",
            "is too short (minimum is 12 characters)",
        ] {
            assert!(!is_telling(value), "{value}");
        }
    }

    #[test]
    fn three_letters_differ_wherever_they_stand() {
        for value in ["abc", "-a-a-b-b-a-1", "ää öö  ß", "aab a-b c"] {
            assert!(has_three_letters(value), "{value}");
        }
        for value in ["", "-- ?", "aaaa", "a-b-a-b", "??? ab"] {
            assert!(!has_three_letters(value), "{value}");
        }
    }

    #[test]
    fn others_are() {
        for value in ["hunter2", "pa$$w", "12345", "Fenna", "$ecret{1}", "päßwö"] {
            assert!(is_telling(value), "{value}");
        }
    }
}
