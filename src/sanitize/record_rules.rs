//! What becomes of the members of a record that say who called and from where.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use serde_json::Value;

use super::replace::replacement;
use super::rules::{Rule, Treatment};
use super::{Sanitized, Sanitizer, keys, marker};

/// What becomes of `user_id`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum UserIdPolicy {
    /// It stands as it is, but for what a detector finds in it: a log says who did what.
    #[default]
    Clear,
    /// A pseudonym of the class `user_id` stands for it.
    Pseudonym,
}

/// What becomes of the client's address in `session_metadata`.
///
/// Its member is called `client_ip`, or, in any spelling, `ip`, `ip_address`, `remote_ip`, `remote_addr`,
/// `remote_address`, `source_ip`, `peer_ip`, `x_forwarded_for` or `x_real_ip`; several addresses may be parted by commas, and each may have a port. What is no address
/// becomes `[REDACTED:client_ip]`, except under [`Keep`](Self::Keep).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum ClientIpPolicy {
    /// It stands as it is: an investigator needs it.
    #[default]
    Keep,
    /// Of IPv4 the first 24 bits stay, of IPv6 the first 48: `10.0.1.0/24`, `2001:db8:1::/48`.
    Truncate,
    /// A pseudonym of the class `ip` stands for it, the same for every spelling of one address.
    Pseudonym,
    /// `[DROPPED:client_ip]` stands for it.
    Drop,
}

/// What becomes of the members that say who called and from where.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct RecordRules {
    pub(super) user_id: UserIdPolicy,
    pub(super) client_ip: ClientIpPolicy,
}

/// The letters of the names that a client's address has.
const ADDRESS_NAMES: [&[u8]; 10] = [
    b"clientip",
    b"ip",
    b"ipaddress",
    b"peerip",
    b"remoteaddr",
    b"remoteaddress",
    b"remoteip",
    b"sourceip",
    b"xforwardedfor",
    b"xrealip",
];

impl Sanitizer {
    /// Appends the sanitized id of the calling user as a JSON string, in at most `limit` bytes.
    ///
    /// ```
    /// use tool_audit::sanitize::{Sanitizer, UserIdPolicy};
    ///
    /// let sanitizer = Sanitizer::builder().user_id(UserIdPolicy::Pseudonym).build()?;
    /// let mut out = Vec::new();
    /// sanitizer.write_user_id(&mut out, "usr_9", 1024);
    /// assert_eq!(String::from_utf8_lossy(&out), format!("{:?}", sanitizer.pseudonym("user_id", "usr_9")));
    /// # Ok::<(), tool_audit::sanitize::SanitizerError>(())
    /// ```
    pub fn write_user_id(&self, out: &mut Vec<u8>, user_id: &str, limit: usize) -> Sanitized {
        match self.0.additions.record.user_id {
            UserIdPolicy::Clear => self.write_text(out, user_id, limit),
            UserIdPolicy::Pseudonym if marker::is_whole(user_id) => {
                self.write_text(out, user_id, limit)
            }
            UserIdPolicy::Pseudonym => {
                self.write_replacement(out, &self.pseudonym("user_id", user_id))
            }
        }
    }

    /// Appends the sanitized value of the member `name` of a record's `session_metadata`, in at most `limit`
    /// bytes. The name is not written.
    pub fn write_metadata_value(
        &self,
        out: &mut Vec<u8>,
        name: &str,
        value: &Value,
        limit: usize,
    ) -> Sanitized {
        let policy = self.0.additions.record.client_ip;
        if policy != ClientIpPolicy::Keep
            && !value.is_null()
            && ADDRESS_NAMES.contains(&keys::letters(name).as_slice())
        {
            if let Value::String(text) = value {
                if marker::is_whole(text) {
                    return self.write_text(out, text, limit);
                }
                if let Some(shown) = self.shown_addresses(policy, text) {
                    if shown == *text {
                        return self.write_text(out, text, limit);
                    }
                    return self.write_replacement(out, &shown);
                }
            }
            let shown = match policy {
                ClientIpPolicy::Drop => "[DROPPED:client_ip]",
                _ => "[REDACTED:client_ip]",
            };
            return self.write_replacement(out, shown);
        }
        self.write_value_at(out, &["session_metadata", name], value, limit)
    }

    fn write_replacement(&self, out: &mut Vec<u8>, shown: &str) -> Sanitized {
        crate::canonical::write_string(out, shown);
        Sanitized {
            redactions: 1,
            shortened: false,
        }
    }

    /// What stands for a list of addresses; `None` where one of them is none, or none may stand.
    fn shown_addresses(&self, policy: ClientIpPolicy, text: &str) -> Option<String> {
        /// More proxies than stand in any row.
        const MOST: usize = 16;
        let shown = text.split(',').take(MOST + 1).enumerate().map(|(at, part)| {
            let address = address(part.trim()).filter(|_| at < MOST)?;
            match policy {
                ClientIpPolicy::Truncate => Some(truncated(address)),
                ClientIpPolicy::Pseudonym => {
                    let class = "ip".into();
                    let rule = Rule::added("client_ip".to_owned(), Treatment::Pseudonymize { class });
                    Some(replacement(&self.0, &rule, &address.to_string()))
                }
                ClientIpPolicy::Keep | ClientIpPolicy::Drop => None,
            }
        });
        let shown: Option<Vec<String>> = shown.collect();
        Some(shown?.join(", "))
    }
}

/// An address, which may have a port, a zone or the length of a prefix that was made here.
pub(super) fn address(text: &str) -> Option<IpAddr> {
    let plain = text
        .strip_suffix("/24")
        .or_else(|| text.strip_suffix("/48"))
        .unwrap_or(text);
    let bracketed = plain
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'))
        .unwrap_or(plain);
    let without_zone = bracketed.split('%').next().unwrap_or(bracketed);
    let address: IpAddr = match without_zone.parse() {
        Ok(address) => address,
        Err(_) => plain.parse::<SocketAddr>().ok()?.ip(),
    };
    Some(address.to_canonical())
}

fn truncated(address: IpAddr) -> String {
    match address {
        IpAddr::V4(address) => {
            let bits = u32::from(address) & (u32::MAX << 8);
            format!("{}/24", Ipv4Addr::from(bits))
        }
        IpAddr::V6(address) => {
            let bits = u128::from(address) & (u128::MAX << 80);
            format!("{}/48", Ipv6Addr::from(bits))
        }
    }
}
