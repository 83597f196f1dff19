//! Which values under a rule's names are not what the rule is about.

use std::net::{IpAddr, SocketAddr};

use super::{marker, reference};

/// Which values under its names a rule leaves alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Spared {
    Nothing,
    /// Values with fewer digits: the name has other meanings.
    FewerDigits(u8),
    /// Addresses of machines and of memory.
    NetworkAddresses,
    /// Names of the ways to authenticate.
    Schemes,
    /// Paths, by which stores of secrets name them.
    Paths,
    /// Objects and lists, which are looked through as if they had no such name.
    Containers,
}

impl Spared {
    /// True for a text that is left alone.
    pub(super) fn is_spared(self, text: &str) -> bool {
        match self {
            Self::Nothing | Self::Containers => false,
            Self::FewerDigits(least) => {
                let text = marker::without(text);
                text.chars().filter(|letter| letter.is_numeric()).count() < usize::from(least)
            }
            Self::NetworkAddresses => is_network_address(text.trim()),
            Self::Paths => is_path(text.trim()),
            Self::Schemes => is_scheme(text.trim()),
        }
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
    host.parse::<IpAddr>().is_ok() || host.parse::<SocketAddr>().is_ok()
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
