//! Users and the addresses they come from, as the sanitizer's rules want them written.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use crate::tree::Tree;

use super::limits;
use crate::call::UNKNOWN;
use crate::canonical;
use crate::sanitize::{ClientIpPolicy, Echo, Sanitized, Sanitizer, UserIdPolicy};

/// The class of users' pseudonyms.
const USER: &str = "user_id";
/// The class of addresses' pseudonyms, and the name of the rule for them.
const ADDRESS: &str = "client_ip";
/// What the metadata is called in rules for places.
const METADATA: &str = "session_metadata";

/// Appends somebody's name or id, in clear or as a pseudonym.
///
/// The same id anywhere else in the call becomes the same pseudonym.
pub(super) fn write_user(
    sanitizer: &Sanitizer,
    out: &mut Vec<u8>,
    echo: &mut Echo,
    user: &str,
    limit: usize,
) -> Sanitized {
    let is_clear = sanitizer.record_rules().user_id == UserIdPolicy::Clear;
    if is_clear || user.trim().is_empty() || user == UNKNOWN {
        return sanitizer.write_text_echoing(out, user, limit, echo);
    }
    sanitizer.write_pseudonym(out, USER, user, echo)
}

/// Appends the value of a member of the session's metadata; `has_rule` where the sanitizer's rules name it.
pub(super) fn write_metadata_value(
    sanitizer: &Sanitizer,
    out: &mut Vec<u8>,
    echo: &mut Echo,
    (name, has_rule, value): (&str, bool, &Tree<'_>),
    limit: usize,
) -> Sanitized {
    let rules = sanitizer.record_rules();
    match value {
        Tree::String(user)
            if rules.user_id != UserIdPolicy::Clear && is_one_of(name, USER_NAMES) =>
        {
            write_user(sanitizer, out, echo, user, limits::NAME)
        }
        Tree::Null => sanitizer.write_value_at_echoing(out, &[METADATA, name], value, limit, echo),
        _ if rules.client_ip != ClientIpPolicy::Keep && is_one_of(name, ADDRESS_NAMES) => {
            write_addresses(sanitizer, out, echo, value, rules.client_ip)
        }
        // Most of it is the same in every call of a session.
        Tree::String(text) if !has_rule && !sanitizer.has_places() => {
            sanitizer.write_text_echoing(out, text, limit, echo)
        }
        _ => sanitizer.write_value_at_echoing(out, &[METADATA, name], value, limit, echo),
    }
}

const USER_NAMES: &[&str] = &["userid"];
const ADDRESS_NAMES: &[&str] = &[
    "clientip",
    "ip",
    "ipaddress",
    "clientaddress",
    "clientaddr",
    "remoteip",
    "remoteaddr",
    "remoteaddress",
    "sourceip",
    "userip",
    "peerip",
    "peeraddr",
    "peeraddress",
    "xforwardedfor",
    "forwardedfor",
    "forwarded",
    "xrealip",
    "xclientip",
    "trueclientip",
    "cfconnectingip",
];

/// True where a name is one of these, whatever its case and separators.
fn is_one_of(name: &str, names: &[&str]) -> bool {
    let letters = || {
        name.bytes()
            .filter(u8::is_ascii_alphanumeric)
            .map(|byte| byte.to_ascii_lowercase())
    };
    names.iter().any(|known| letters().eq(known.bytes()))
}

/// Appends an address, or several with commas between them. What is none is never shown.
fn write_addresses(
    sanitizer: &Sanitizer,
    out: &mut Vec<u8>,
    echo: &mut Echo,
    value: &Tree<'_>,
    policy: ClientIpPolicy,
) -> Sanitized {
    let mut shown = String::new();
    let addresses = value.as_str().unwrap_or_default();
    if sanitizer.is_marker(addresses) {
        shown.push_str(addresses);
    } else {
        for address in addresses.split(',').take(MAX_ADDRESSES) {
            let address = address.trim();
            let one = shown_address(sanitizer, address, policy);
            echo.remember(address, &one, false);
            if !shown.is_empty() {
                shown.push_str(", ");
            }
            shown.push_str(&one);
        }
    }
    canonical::write_string(out, &shown);
    Sanitized {
        redactions: u32::from(shown != addresses),
        ..Sanitized::default()
    }
}

/// A chain of proxies is not longer.
const MAX_ADDRESSES: usize = 16;

fn shown_address(sanitizer: &Sanitizer, address: &str, policy: ClientIpPolicy) -> String {
    if policy == ClientIpPolicy::Drop {
        return format!("[DROPPED:{ADDRESS}]");
    }
    match (parse(address), policy) {
        (Some(parsed), ClientIpPolicy::Truncate) => network(parsed),
        (Some(parsed), _) => sanitizer.pseudonym(ADDRESS, &parsed.to_string()),
        (None, _) => format!("[REDACTED:{ADDRESS}]"),
    }
}

/// An address, with a port, brackets, a zone or the length of its network behind it or not.
fn parse(address: &str) -> Option<IpAddr> {
    let socket = address.parse::<SocketAddr>().ok();
    let bare = address.trim_matches(['[', ']']);
    let bare = bare.split(['/', '%']).next().unwrap_or_default();
    let parsed = socket
        .map(|socket| socket.ip())
        .or_else(|| bare.parse().ok())?;
    Some(parsed.to_canonical())
}

/// The network of an address.
fn network(address: IpAddr) -> String {
    match address {
        IpAddr::V4(address) => {
            let network = Ipv4Addr::from_bits(address.to_bits() & (u32::MAX << 8));
            format!("{network}/24")
        }
        IpAddr::V6(address) => {
            let network = Ipv6Addr::from_bits(address.to_bits() & (u128::MAX << 80));
            format!("{network}/48")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_are_24_and_48_bits_long_however_an_address_is_written() {
        for (address, expected) in [
            ("10.0.1.5", "10.0.1.0/24"),
            ("10.0.1.5:8080", "10.0.1.0/24"),
            ("10.0.1.0/24", "10.0.1.0/24"),
            ("::ffff:10.0.1.5", "10.0.1.0/24"),
            ("2001:db8:1:2::3", "2001:db8:1::/48"),
            ("[2001:db8:1:2::3]:443", "2001:db8:1::/48"),
            ("[2001:db8:1:2::3]", "2001:db8:1::/48"),
            ("fe80::1%eth0", "fe80::/48"),
            ("2001:db8:1::/48", "2001:db8:1::/48"),
        ] {
            assert_eq!(parse(address).map(network).as_deref(), Some(expected));
        }
        for address in ["", "unknown", "host.example", "10.0.1", "10.0.1.256"] {
            assert_eq!(parse(address), None);
        }
    }

    #[test]
    fn names_are_known_in_every_spelling() {
        for name in [
            "client_ip",
            "clientIp",
            "X-Forwarded-For",
            "IP",
            "Remote Addr",
        ] {
            assert!(is_one_of(name, ADDRESS_NAMES), "{name}");
        }
        for name in ["zip", "client_ipv", "recipient", ""] {
            assert!(!is_one_of(name, ADDRESS_NAMES), "{name}");
        }
    }
}
