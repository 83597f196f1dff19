//! Member names that are too long to be written.

use std::borrow::Cow;

use super::bounded;
use super::rules::Rules;

/// The most bytes of a member name.
pub(super) const MAX_LENGTH: usize = 1024;
/// How much of a longer name stays.
const KEPT: usize = 960;

/// The name as it is written: as it is, or its beginning and a keyed hash of it, so that two long names
/// remain two.
pub(super) fn shorten<'n>(rules: &Rules, name: &'n str) -> Cow<'n, str> {
    if name.len() <= MAX_LENGTH {
        return Cow::Borrowed(name);
    }
    let beginning = bounded::prefix(name, KEPT);
    let hash = rules.pseudonyms.of_member_name(name);
    Cow::Owned(format!("{beginning}[SHORTENED:{hash}]"))
}
