//! Words that stand before or behind a rule's name and belong to it.

/// Words that are written before a rule's name without a sign between them, sorted.
pub(super) const JOINED_WORDS: &[&str] = &[
    "access",
    "account",
    "admin",
    "api",
    "app",
    "auth",
    "bearer",
    "bind",
    "bot",
    "card",
    "cell",
    "client",
    "confirm",
    "contact",
    "current",
    "customer",
    "database",
    "db",
    "email",
    "employee",
    "ftp",
    "git",
    "github",
    "gitlab",
    "home",
    "host",
    "id",
    "imap",
    "key",
    "keystore",
    "ldap",
    "login",
    "mail",
    "mariadb",
    "master",
    "member",
    "mobile",
    "mongo",
    "my",
    "mysql",
    "new",
    "npm",
    "old",
    "oracle",
    "patient",
    "personal",
    "pg",
    "postgres",
    "private",
    "proxy",
    "redis",
    "refresh",
    "root",
    "server",
    "service",
    "session",
    "sftp",
    "slack",
    "smtp",
    "sql",
    "ssh",
    "store",
    "sudo",
    "trust",
    "truststore",
    "user",
    "vpn",
    "web",
    "wifi",
    "work",
];
/// The longest of them.
pub(super) const LONGEST_JOINED_WORD: usize = 10;

/// Words behind a secret's name that change nothing.
pub(super) const FOLLOWING_WORDS: &[&str] = &[
    "again",
    "b64",
    "base64",
    "cleartext",
    "confirm",
    "confirmation",
    "content",
    "current",
    "encoded",
    "hex",
    "json",
    "new",
    "old",
    "plain",
    "plaintext",
    "prod",
    "production",
    "raw",
    "repeat",
    "staging",
    "string",
    "value",
];

/// Words behind the name of a number or of a person's data that say which one, or in what form.
pub(super) const DESCRIBING_WORDS: &[&str] = &[
    "cell",
    "current",
    "e164",
    "formatted",
    "full",
    "home",
    "input",
    "iso",
    "mobile",
    "normalized",
    "personal",
    "plain",
    "plaintext",
    "primary",
    "raw",
    "secondary",
    "str",
    "string",
    "value",
    "work",
];

/// The longest of both.
pub(super) const LONGEST_FOLLOWING_WORD: usize = 12;

/// True for a word of one of these lists, which are sorted.
pub(super) fn is_listed(sorted: &[&str], word: &[u8]) -> bool {
    sorted
        .binary_search_by(|listed| listed.as_bytes().cmp(word))
        .is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_looked_up_in_order_and_none_is_longer_than_the_longest() {
        let following = FOLLOWING_WORDS.iter().chain(DESCRIBING_WORDS);
        assert_eq!(
            following.map(|word| word.len()).max(),
            Some(LONGEST_FOLLOWING_WORD)
        );
        let joined = JOINED_WORDS.iter().map(|word| word.len());
        assert_eq!(joined.max(), Some(LONGEST_JOINED_WORD));
        for list in [JOINED_WORDS, FOLLOWING_WORDS, DESCRIBING_WORDS] {
            assert!(list.is_sorted());
        }
    }
}
