//! Canonical JSON: the bytes of RFC 8785 (JCS), written and checked.
//!
//! The log hashes bytes, so one value must have one spelling. This room writes that spelling
//! without building a tree, and tells whether given bytes are that spelling. Everything else in the
//! crate that writes a record goes through it, so the bytes are the same whichever of serde_json's
//! features another crate in the build switches on.

mod canonicalize;
mod check;
mod es6;
mod escape;
mod number;
mod order;
mod specials;
pub(crate) mod token;
mod value;

pub use self::canonicalize::{CannotCanonicalize, canonicalize};
pub(crate) use self::check::check_members_from;
pub use self::check::{NotCanonical, check, check_members};
pub use self::es6::write_es6_number;
pub(crate) use self::escape::has_escapes;
pub use self::escape::write_string;
pub(crate) use self::number::length_of_f64;
pub use self::number::{MAX_SAFE_INTEGER, write_f64, write_number, write_u64};
pub use self::order::compare_keys;
pub(crate) use self::order::{compare_key_bytes, first_word};
pub(crate) use self::specials::Specials;
pub use self::value::write_value;
