//! What becomes of a record's own names for people and machines.

/// How a record names its user.
///
/// ```
/// use tool_audit::sanitize::{Sanitizer, UserIdPolicy};
///
/// let sanitizer = Sanitizer::builder().user_id(UserIdPolicy::Pseudonym).build()?;
/// # Ok::<(), tool_audit::sanitize::SanitizerError>(())
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum UserIdPolicy {
    /// As the caller names the user. An investigator can read who did what.
    #[default]
    Clear,
    /// By a pseudonym of the class `user_id`, wherever in the record the user's id stands. It is personal data
    /// still: whoever has the key can look for a user.
    Pseudonym,
}

/// What becomes of the client's address in a session's metadata.
///
/// It holds for the members `client_ip`, `ip`, `ip_address`, `remote_addr`, `x_forwarded_for` and their like, and for the
/// same address elsewhere in the record. Members within members are not looked at.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum ClientIpPolicy {
    /// It stays.
    #[default]
    Keep,
    /// Its network stays: the first 24 bits of IPv4, the first 48 of IPv6.
    Truncate,
    /// A pseudonym of the class `client_ip` stands for it.
    Pseudonym,
    /// `[DROPPED:client_ip]` stands for it.
    Drop,
}

/// The rules for a record's own members.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct RecordRules {
    /// How the user is named.
    pub user_id: UserIdPolicy,
    /// What becomes of the client's address.
    pub client_ip: ClientIpPolicy,
}
