//! Which values under a rule's names are not what the rule is about.

use std::net::{IpAddr, SocketAddr};

use super::value_shape::Shape;
use super::{marker, prose, reference};
use crate::tree::{Members, Tree};

/// How deep numbers are looked for that count something.
const MAX_COUNTS_DEPTH: usize = 4;
/// From here on a number in a list is no place in a vocabulary.
const LEAST_NO_WORD: u64 = 1_000_000;
/// From here on a number may be a PIN.
const LEAST_PIN: u64 = 100;

/// Which values under its names a rule leaves alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Spared {
    Nothing,
    /// Values with fewer digits: the name has other meanings.
    FewerDigits(u8),
    /// The same, and the codes and names of errors.
    Errors(u8),
    /// Addresses of machines, of memory and of what is deployed, and directions.
    NetworkAddresses,
    /// Names of the ways to authenticate.
    Schemes,
    /// Paths, by which stores of secrets name them.
    Paths,
    /// Objects and lists, which are looked through as if they had no such name.
    Containers,
    /// The same, and whole messages.
    Messages,
    /// Several words none of which looks like a secret.
    Sentences,
    /// Values that do not look like this: the name is an everyday word, or that of another thing too.
    Unlike(Shape),
    /// Words with hardly a digit among them.
    Words,
    /// Sentences, and what has hardly a digit.
    Texts,
    /// Cells of tables, which are no telephones.
    Cells,
    /// Contacts of electronics, and places on a map.
    Contacts,
    /// Numbers that count the tokens of a language model, or stand for them.
    Counts,
}

impl Spared {
    /// True for a value that is looked through as if it had no such name, which may be the plural of the rule's.
    pub(super) fn is_spared_value(self, value: &Tree<'_>, plural: bool) -> bool {
        match (self, value) {
            (Self::Contacts, Tree::Object(members)) => is_mark(*members),
            (Self::Contacts, Tree::Array(items)) => {
                !items.is_empty()
                    && items.iter().all(|item| match item {
                        Tree::Number(number) => {
                            plural && number.as_u64().is_some_and(|number| number < LEAST_PIN)
                        }
                        Tree::String(text) => self.is_spared(text),
                        Tree::Object(members) => is_mark(*members),
                        _ => false,
                    })
            }
            (Self::Counts, Tree::Object(_) | Tree::Array(_)) => {
                plural && counts(value, MAX_COUNTS_DEPTH)
            }
            (Self::Cells, Tree::Object(_)) => true,
            (Self::Cells, Tree::Array(items)) => !items.iter().all(Tree::is_string),
            _ => false,
        }
    }

    /// True for a text that is left alone.
    pub(super) fn is_spared(self, text: &str) -> bool {
        match self {
            Self::Nothing | Self::Containers | Self::Counts => false,
            Self::Messages => prose::is_message(text),
            Self::Sentences => is_sentence(text.trim()),
            Self::Unlike(shape) => !shape.fits(text),
            Self::Texts => Self::FewerDigits(5).is_spared(text) || Self::Sentences.is_spared(text),
            Self::Cells => !Shape::Dialled.fits(text),
            Self::Words => is_of_words(&marker::without(text)),
            Self::Contacts => is_contact(text.trim()),
            Self::FewerDigits(least) => {
                let text = marker::without(text);
                text.chars().filter(|letter| letter.is_numeric()).count() < usize::from(least)
            }
            Self::Errors(least) => {
                Self::FewerDigits(least).is_spared(text) || is_error(text.trim())
            }
            Self::NetworkAddresses => {
                let text = text.trim();
                is_network_address(text) || is_direction(text) || is_resource(text)
            }
            Self::Paths => is_path(text.trim()),
            Self::Schemes => is_scheme(text.trim()),
        }
    }
}

/// With what names of errors of systems begin.
const ERRORS: &[&str] = &[
    "EACCES", "EADDR", "ECONN", "EHOST", "ENET", "ENOENT", "ENOT", "EPERM", "EPIPE", "EPROTO",
    "ETIMED",
];

/// True for `ERR_LOCK_1205`, `ECONNRESET-1001` and `0x80040154`.
fn is_error(text: &str) -> bool {
    let is_hexadecimal = text
        .strip_prefix("0x")
        .is_some_and(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()));
    let is_of_name = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit();
    let parts = || text.split(['_', '-']);
    is_hexadecimal
        || text.starts_with('E')
            && parts().count() > 1
            && parts().all(|part| !part.is_empty() && part.bytes().all(is_of_name))
            && parts().next().is_some_and(|first| {
                first == "ERR"
                    || first == "ERROR"
                    || !has_digit(first) && ERRORS.iter().any(|error| first.starts_with(error))
            })
}

/// True for words with blanks between them, none of which a secret looks like.
fn is_sentence(text: &str) -> bool {
    text.contains(' ') && !text.split_whitespace().any(reference::looks_secret)
}

fn has_digit(text: &str) -> bool {
    text.bytes().any(|byte| byte.is_ascii_digit())
}

/// The most bytes of words that stand where a number is expected.
const LONGEST_WORDS: usize = 24;

/// True for a few words in which letters outnumber the digits, and for one digit or two.
fn is_of_words(text: &str) -> bool {
    let is_of_word = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b' ' | b'/');
    if text.len() > LONGEST_WORDS || !text.bytes().all(is_of_word) {
        return false;
    }
    let digits = text.chars().filter(|letter| letter.is_numeric()).count();
    let letters = text.chars().filter(|letter| letter.is_alphabetic()).count();
    // Numbers may be spelled in capitals.
    if digits >= 3 && text.bytes().any(|byte| byte.is_ascii_uppercase()) {
        return false;
    }
    digits < 6 && letters > digits || digits < 3
}

/// True for `A1`, `D13` and `GPIO17`.
fn is_contact(text: &str) -> bool {
    let letters = text.bytes().take_while(u8::is_ascii_uppercase).count();
    let digits = &text[letters..];
    (1..=4).contains(&letters)
        && (1..=2).contains(&digits.len())
        && digits.bytes().all(|byte| byte.is_ascii_digit())
}

/// True for the members of a mark on a map or of a contact of electronics.
fn is_mark(members: Members<'_>) -> bool {
    const PLACES: &[&[&str]] = &[
        &["bcm"],
        &["coordinates"],
        &["geometry"],
        &["gpio"],
        &["lat"],
        &["latitude"],
        &["location"],
        &["mode"],
        &["position"],
        &["x", "y"],
    ];
    const SECRETS: &[&str] = &["code", "hash", "new", "old", "pin", "value"];
    let has = |name: &str| members.contains_key(name);
    PLACES
        .iter()
        .any(|place| place.iter().all(|name| has(name)))
        && !SECRETS.iter().any(|name| has(name))
}

/// True where there is nothing but numbers, true and false; those of a list stand for words of a vocabulary.
fn counts(value: &Tree<'_>, depth: usize) -> bool {
    let Some(depth) = depth.checked_sub(1) else {
        return false;
    };
    let is_plain = |value: &Tree<'_>| matches!(value, Tree::Null | Tree::Bool(_));
    match value {
        Tree::Object(members) => {
            !members.is_empty()
                && members
                    .values()
                    .all(|value| value.is_number() || is_plain(value) || counts(value, depth))
        }
        Tree::Array(items) => {
            !items.is_empty()
                && items.iter().all(|item| match item {
                    Tree::Number(number) => {
                        number.as_u64().is_some_and(|number| number < LEAST_NO_WORD)
                    }
                    item => is_plain(item) || counts(item, depth),
                })
        }
        _ => false,
    }
}

/// True for an IP address with or without port or prefix, and for a hexadecimal number.
fn is_network_address(text: &str) -> bool {
    if let Some(digits) = text.strip_prefix("0x") {
        return !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    }
    let host = text.split_once('/').map_or(text, |(host, prefix)| {
        if prefix.bytes().all(|byte| byte.is_ascii_digit()) {
            host
        } else {
            text
        }
    });
    host.parse::<IpAddr>().is_ok() || host.parse::<SocketAddr>().is_ok() || is_url_or_host(text)
}

/// The most bytes of the address of a resource.
const LONGEST_RESOURCE: usize = 256;

/// With what the types of resources begin: the names of providers.
#[rustfmt::skip]
const PROVIDERS: &[&str] = &[
    "acme", "alicloud", "archive", "auth0", "aws", "awscc", "azapi", "azuread", "azuredevops", "azurerm", "cloudflare",
    "cloudinit", "consul", "databricks", "datadog", "digitalocean", "dns", "docker", "external", "fastly", "github",
    "gitlab", "google", "grafana", "hcloud", "helm", "heroku", "http", "ibm", "keycloak", "kubectl", "kubernetes",
    "launchdarkly", "linode", "local", "mongodbatlas", "mysql", "newrelic", "nomad", "null", "oci", "okta", "opensearch",
    "openstack", "ovh", "pagerduty", "postgresql", "proxmox", "rabbitmq", "random", "scaleway", "sentry", "snowflake",
    "sops", "template", "terraform", "tfe", "time", "tls", "vault", "vsphere", "vultr", "yandex",
];

/// True for `aws_db_instance.orders` and `module.net["eu"].aws_subnet.private[0]`, as Terraform tells resources apart.
fn is_resource(text: &str) -> bool {
    let is_index = |index: &str| {
        let index = index.strip_suffix(']').map(|key| key.trim_matches('"'));
        index.is_some_and(|key| {
            key.bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        })
    };
    let is_part = |part: &str| match part.split_once('[') {
        Some((name, index)) => is_name_of_resource(name) && is_index(index),
        None => is_name_of_resource(part),
    };
    let is_type = |word: &str| {
        word.split_once('_')
            .is_some_and(|(provider, _)| PROVIDERS.contains(&provider))
    };
    let mut parts = text.split('.').peekable();
    if text.len() > LONGEST_RESOURCE {
        return false;
    }
    let mut is_in_module = false;
    while parts.next_if_eq(&"module").is_some() {
        if !parts.next().is_some_and(is_part) {
            return false;
        }
        is_in_module = true;
    }
    let is_read = parts.next_if_eq(&"data").is_some();
    match (parts.next(), parts.next(), parts.next()) {
        (None, None, None) => is_in_module && !is_read,
        (Some(kind), Some(name), None) => {
            is_type(kind) && is_name_of_resource(kind) && is_part(name)
        }
        _ => false,
    }
}

fn is_name_of_resource(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_lowercase())
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
}

/// True for the way in which things go or are sorted: in Spanish an address is called so.
fn is_direction(text: &str) -> bool {
    #[rustfmt::skip]
    const DIRECTIONS: &[&str] = &[
        "abajo", "arriba", "asc", "ascendente", "derecha", "desc", "descendente", "entrada", "este", "izquierda",
        "norte", "oeste", "salida", "sur",
    ];
    DIRECTIONS
        .iter()
        .any(|direction| text.eq_ignore_ascii_case(direction))
}

/// True for a URL, and for the name of a host with a port.
fn is_url_or_host(text: &str) -> bool {
    if text.contains(|letter: char| letter.is_whitespace()) {
        return false;
    }
    let is_of_host = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_');
    let has_port = text.rsplit_once(':').is_some_and(|(host, port)| {
        !host.is_empty()
            && host.bytes().all(is_of_host)
            && (2..=5).contains(&port.len())
            && port.bytes().all(|byte| byte.is_ascii_digit())
    });
    let has_scheme = text.split_once("://").is_some_and(|(scheme, rest)| {
        !scheme.is_empty()
            && !rest.is_empty()
            && scheme.bytes().all(|byte| byte.is_ascii_lowercase())
    });
    has_port || has_scheme
}

/// True for `prod/db/main` and for the name of a resource.
fn is_path(text: &str) -> bool {
    text.starts_with("arn:")
        || text.contains('/')
            && text.split('/').all(|part| {
                !reference::looks_secret(part)
                    && part.bytes().all(|byte| {
                        byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.')
                    })
            })
}

/// True for the name of a way to authenticate, which a setting called `auth` has.
fn is_scheme(text: &str) -> bool {
    const SCHEMES: &[&str] = &[
        "anonymous",
        "api_key",
        "api-key",
        "apikey",
        "basic",
        "bearer",
        "certificate",
        "digest",
        "disabled",
        "enabled",
        "iam",
        "jwt",
        "kerberos",
        "ldap",
        "mtls",
        "negotiate",
        "none",
        "ntlm",
        "oauth",
        "oauth1",
        "oauth2",
        "oauth2.0",
        "oidc",
        "openid",
        "optional",
        "required",
        "saml",
        "saml2",
        "sso",
        "tls",
        "token",
        "webauthn",
    ];
    SCHEMES
        .iter()
        .any(|scheme| text.eq_ignore_ascii_case(scheme))
}
