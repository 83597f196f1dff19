use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A field whose value never comes out by itself: `Debug`, `Display` and `Serialize` give `[REDACTED:sensitive]`.
///
/// It is for types of one's own that are recorded, logged or printed, where a name or a shape would not tell
/// that a field is sensitive. Reading it with serde passes through; [`expose`](Self::expose) is the only way
/// to the value, so a search for that word finds every use. Since `Serialize` too gives the marker, a type that
/// must be sent on cannot be sent with it: expose the value there. It is not wiped from memory when it is dropped.
///
/// ```
/// use serde::{Deserialize, Serialize};
/// use tool_audit::sanitize::Sensitive;
///
/// #[derive(Debug, Serialize, Deserialize)]
/// struct Transfer {
///     amount: u64,
///     remark: Sensitive<String>,
/// }
///
/// let transfer: Transfer = serde_json::from_str(r#"{"amount":5,"remark":"for the clinic"}"#)?;
/// assert_eq!(serde_json::to_string(&transfer)?, r#"{"amount":5,"remark":"[REDACTED:sensitive]"}"#);
/// assert!(!format!("{transfer:?}").contains("clinic"));
/// assert_eq!(transfer.remark.expose(), "for the clinic");
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Sensitive<T>(T);

const MARKER: &str = "[REDACTED:sensitive]";

impl<T> Sensitive<T> {
    /// Wraps a value.
    pub const fn new(value: T) -> Self {
        Self(value)
    }

    /// The value itself.
    pub const fn expose(&self) -> &T {
        &self.0
    }

    /// The value itself, without its wrapper.
    pub fn into_exposed(self) -> T {
        self.0
    }
}

impl<T> From<T> for Sensitive<T> {
    fn from(value: T) -> Self {
        Self(value)
    }
}

impl<T> fmt::Debug for Sensitive<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(MARKER)
    }
}

impl<T> fmt::Display for Sensitive<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(MARKER)
    }
}

impl<T> Serialize for Sensitive<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(MARKER)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Sensitive<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        T::deserialize(deserializer).map(Self)
    }
}
