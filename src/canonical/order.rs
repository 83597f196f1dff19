use std::cmp::Ordering;
use std::sync::LazyLock;

use serde_json::{Map, Value};

/// Orders two member names as RFC 8785 section 3.2.3 does: by UTF-16 code units.
///
/// That is the order of the bytes, but where one name has a character beyond the basic plane and
/// the other one from U+E000 to U+FFFF in the same place.
///
/// ```
/// use std::cmp::Ordering;
/// use tool_audit::canonical::compare_keys;
///
/// assert_eq!(compare_keys("\u{1F600}", "\u{FB33}"), Ordering::Less);
/// assert_eq!("\u{1F600}".cmp("\u{FB33}"), Ordering::Greater);
/// ```
#[must_use]
pub fn compare_keys(left: &str, right: &str) -> Ordering {
    compare_key_bytes(left.as_bytes(), right.as_bytes())
}

/// [`compare_keys`] of names that are known to be UTF-8.
pub(crate) fn compare_key_bytes(a: &[u8], b: &[u8]) -> Ordering {
    match a.iter().zip(b).find(|(x, y)| x != y) {
        None => a.len().cmp(&b.len()),
        Some((x, y)) => {
            // A lead byte of 0xF0 or more begins a surrogate pair, which sorts before 0xEE and 0xEF.
            let (x_pair, y_pair) = (*x >= 0xF0, *y >= 0xF0);
            if x_pair != y_pair && *x.min(y) >= 0xEE {
                y_pair.cmp(&x_pair)
            } else {
                x.cmp(y)
            }
        }
    }
}

/// Whether serde_json's maps come in the order of their bytes: no crate in the build switched its feature
/// `preserve_order` on.
pub(crate) fn maps_are_sorted() -> bool {
    static ARE_SORTED: LazyLock<bool> = LazyLock::new(|| {
        let names = ["b", "a"].map(|name| (name.to_owned(), Value::Null));
        Map::from_iter(names).keys().is_sorted()
    });
    *ARE_SORTED
}
