//! What an error says of a value behind its name and a colon: `jwt: signature verification failed`, `phone: too short`.
//!
//! Most of it begins with a word of a sentence, which no value is. Nouns begin passphrases as well as remarks, so they
//! count only where another small word follows them.

use std::collections::HashSet;
use std::sync::LazyLock;

use crate::sanitize::bounded;
use crate::sanitize::detect::plain_letters;
use crate::sanitize::reference::{self, is_grammar};
use crate::sanitize::rule::{Extent, Group, Rule};
use crate::sanitize::rules::Rules;

/// The most bytes of a remark that are looked at.
const MAX_REMARK: usize = 160;
/// The most digits of a remark about a number.
const MAX_DIGITS: usize = 4;

/// What is said to fail, of a secret or in its place.
const NOUNS: &[&str] = &[
    "access",
    "account",
    "algorithm",
    "audience",
    "authentication",
    "authorization",
    "certificate",
    "checksum",
    "claim",
    "claims",
    "client",
    "connection",
    "cookie",
    "credential",
    "credentials",
    "decode",
    "decoding",
    "decryption",
    "digest",
    "expiration",
    "expiry",
    "field",
    "file",
    "format",
    "header",
    "issuer",
    "key",
    "length",
    "login",
    "nonce",
    "padding",
    "parse",
    "parser",
    "parsing",
    "password",
    "permission",
    "policy",
    "provider",
    "request",
    "role",
    "scope",
    "server",
    "service",
    "session",
    "signature",
    "subject",
    "token",
    "type",
    "user",
    "validation",
    "value",
    "verification",
];

/// Names of schemes, behind which a word of a sentence is no token.
const SCHEMES: &[&str] = &["basic", "bearer", "digest", "negotiate", "token"];

/// What is said of secrets in other languages.
static ABROAD: LazyLock<HashSet<String>> = LazyLock::new(|| {
    plain_letters::plain_words(&[
        "erforderlich",
        "pflichtfeld",
        "falsch",
        "ungültig",
        "abgelaufen",
        "vergessen",
        "geändert",
        "siehe",
        "mindestens",
        "fehlt",
        "leer",
        "obligatoire",
        "invalide",
        "incorrecte",
        "oublié",
        "expiré",
        "requis",
        "requise",
        "manquant",
        "obligatoria",
        "obligatorio",
        "inválida",
        "incorrecta",
        "caducada",
        "olvidada",
        "requerida",
        "obrigatória",
        "obrigatório",
        "incorreta",
        "expirada",
        "esquecida",
        "obbligatoria",
        "errata",
        "scaduta",
        "dimenticata",
        "verplicht",
        "vereist",
        "onjuist",
        "ongeldig",
        "vergeten",
        "verlopen",
        "wymagane",
        "nieprawidłowe",
        "błędne",
        "povinné",
        "nesprávné",
        "neplatné",
        "zorunlu",
        "hatalı",
        "geçersiz",
        "pakollinen",
        "väärä",
        "virheellinen",
        "krävs",
        "ogiltigt",
        "påkrævet",
        "påkrevd",
        "ugyldig",
        "kötelező",
        "hibás",
        "érvénytelen",
        "обязателен",
        "неверный",
        "неверен",
        "истёк",
        "забыт",
        "необходим",
        "必須",
        "错误",
        "错誤",
        "필수",
    ])
});

/// Words that begin what is said, and hardly anything else.
const BEGINNINGS: &[&str] = &[
    "cannot",
    "expired",
    "incorrect",
    "invalid",
    "is",
    "may",
    "mismatch",
    "missing",
    "must",
    "not",
    "rejected",
    "required",
    "should",
    "too",
    "unknown",
    "wrong",
];

/// True where the text behind `name: `, of which `value` is what the rule would take, is a remark.
pub(super) fn is_remark(
    rules: &Rules,
    rule: &Rule,
    extent: Extent,
    name: &[u8],
    value: &str,
    behind: &str,
) -> bool {
    let behind = bounded::prefix(behind, MAX_REMARK);
    let line = behind.split(['\n', '\r', '`']).next().unwrap_or_default();
    let mut words = line.split([' ', '\t']).filter(|word| !word.is_empty());
    let Some(first) = words.next() else {
        return false;
    };
    let second = words.next();
    let is_result = name
        .strip_suffix(b"PASS")
        .is_some_and(|before| before.last().is_none_or(|last| matches!(last, b' ' | b'-')));
    if is_result && is_test(first) {
        return true;
    }
    if extent == Extent::Credentials
        && SCHEMES
            .iter()
            .any(|scheme| first.eq_ignore_ascii_case(scheme))
    {
        let said = second.and_then(plain);
        return said.is_some_and(|word| {
            is_grammar(word) || NOUNS.contains(&word) || reference::is_own_name(rules, word)
        });
    }
    if rule.group() == Some(Group::Secret) && !value.bytes().any(|byte| byte.is_ascii_digit()) {
        let word = first.trim_end_matches([',', ';', '.', '!']);
        if ABROAD.contains(&plain_letters::plain(word)) {
            return true;
        }
    }
    let ends_clause = first.ends_with([',', ';', '.', '!']) || second.is_none();
    let Some(word) = plain(first) else {
        return false;
    };
    // `value "x" is too short`
    let is_followed =
        second.is_some_and(|second| plain(second).is_some() || second.starts_with(['"', '\'']));
    let begins = BEGINNINGS.contains(&word);
    let is_noun = NOUNS.contains(&word) || reference::is_own_name(rules, word);
    match (rule.group(), extent) {
        (_, Extent::Credentials) => {
            let is_prose =
                is_followed && words.all(|word| plain(word).is_some() || word.len() < 12);
            is_prose || is_noun && is_followed || is_grammar(word)
        }
        (Some(Group::Secret), Extent::Phrase) => {
            begins && (ends_clause || second.is_some_and(is_grammar))
        }
        (Some(Group::Secret), _) => match rule.name() {
            "jwt" => is_followed,
            "private_key" | "csrf" | "cookie" => is_noun && is_followed || begins,
            _ => is_noun && is_followed,
        },
        // Written small, first names may be such words.
        (Some(Group::Personal), Extent::Name) => {
            begins && !matches!(word, "may") || word == "may" && second.is_some_and(is_grammar)
        }
        (Some(Group::Personal | Group::Financial | Group::Card), Extent::Phrase) => {
            let has_digit = value.bytes().any(|byte| byte.is_ascii_digit());
            begins || is_grammar(word) && (is_followed || ends_clause) && !has_digit
        }
        (Some(Group::Personal | Group::Financial | Group::Card), _) => {
            let digits = value.bytes().filter(u8::is_ascii_digit).count();
            let is_address = value.contains('@');
            begins || digits < MAX_DIGITS && !is_address
        }
        (None, _) => false,
    }
}

/// A word of small letters, without the sign that ends its clause.
fn plain(word: &str) -> Option<&str> {
    let word = word.trim_end_matches([',', ';', '.', '!', ':', ')']);
    let is_plain = !word.is_empty()
        && word.len() <= 16
        && word
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || matches!(byte, b'\'' | b'-'));
    is_plain.then_some(word)
}

/// What a runner of tests says that it passed: the name of a test or of its file.
fn is_test(word: &str) -> bool {
    let is_name = word.bytes().all(|byte| {
        byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.' | b'/' | b':')
    });
    let has_digit = word.bytes().any(|byte| byte.is_ascii_digit());
    is_name && (word.starts_with("test") || word.starts_with("Test") || word.contains("::"))
        || is_name && !has_digit && (word.contains('/') || word.contains('_'))
}

#[cfg(test)]
mod tests {
    use crate::sanitize::text::testing::{hits, misses};

    #[test]
    fn what_is_said_of_a_value_stays() {
        misses(&[
            "jwt: signature verification failed",
            "jwt: token expired by 5m",
            "auth: user not found",
            "authorization: denied by policy p-7",
            "Auth: required; Token: optional",
            "ssn: invalid format",
            "phone: too short",
            "iban: checksum failed",
            "private_key: file not found",
            "passphrase: wrong, 2 tries left",
            "PASS: test_login_ok",
            "\"password\": value must be long",
            "Kennwort: mindestens acht Zeichen",
            "contraseña: obligatoria",
            "--- PASS: TestTokenRefresh (0.02s)",
            "token: signature verification failed",
            "first_name: must not be blank",
            "cvv: must be 3 digits",
            "date_of_birth: must be in the past",
            "email: not verified",
            "Authorization: Bearer token missing",
            "password: length must be at least 12",
        ]);
    }

    #[test]
    fn values_that_begin_with_small_words_go() {
        hits(&[
            ("passphrase: blue otter ladder", "passphrase: <>"),
            ("passphrase: correct horse battery", "passphrase: <>"),
            ("password: swordfish", "password: <>"),
            ("token: swordfish", "token: <>"),
            ("phone: mobile 0660 1234567", "phone: <>"),
            ("jwt: Xk4Ergjv.abc.def expired", "jwt: <> expired"),
            ("auth: Xk4Ergjv is bad", "auth: <> is bad"),
            ("PASS: Xk4Ergjv", "PASS: <>"),
            ("PGPASS: my_own_word", "PGPASS: <>"),
        ]);
    }
}
