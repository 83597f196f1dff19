use std::error::Error;
use std::fmt;

/// Why bytes are not the canonical form of a JSON value, and where that shows first.
///
/// ```
/// let error = tool_audit::canonical::check(br#"{"b":1,"a":2}"#).unwrap_err();
/// assert!(error.is_json());
/// assert_eq!(error.offset(), 7);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotCanonical {
    pub(super) reason: Reason,
    pub(super) offset: usize,
    pub(super) json: bool,
}

impl NotCanonical {
    /// The byte, counted from 0, at which the text leaves the canonical form.
    #[must_use]
    pub fn offset(&self) -> usize {
        self.offset
    }

    /// True where the text is JSON (RFC 8259) at least, only not in its canonical form.
    #[must_use]
    pub fn is_json(&self) -> bool {
        self.json
    }

    /// What is wrong, in words that hold nothing of the text.
    #[must_use]
    pub fn reason(&self) -> &'static str {
        self.reason.as_str()
    }
}

impl fmt::Display for NotCanonical {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} at byte {}", self.reason(), self.offset)
    }
}

impl Error for NotCanonical {}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reason {
    Utf8,
    Syntax,
    TrailingBytes,
    Escape,
    ControlCharacter,
    NumberForm,
    NumberSize,
    KeyOrder,
    Depth,
}

impl Reason {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Utf8 => "bytes that are not UTF-8",
            Self::Syntax => "a byte that canonical JSON has not in this place",
            Self::TrailingBytes => "bytes behind the value",
            Self::Escape => "an escape that canonical JSON does not use",
            Self::ControlCharacter => "a control character that is not escaped",
            Self::NumberForm => "a number in another form than ECMAScript's",
            Self::NumberSize => "a number of magnitude 2^53 or more",
            Self::KeyOrder => "a member name that is out of order or stands twice",
            Self::Depth => "nesting deeper than 128",
        }
    }
}

#[cold]
pub(super) fn explain(text: &[u8], reason: Reason, offset: usize) -> NotCanonical {
    // IgnoredAny is read without recursion, so any depth can be told from malformed text.
    let json = serde_json::from_slice::<serde::de::IgnoredAny>(text).is_ok();
    NotCanonical {
        reason,
        offset,
        json,
    }
}
