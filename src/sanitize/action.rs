use super::SanitizerError;
use super::pseudonym;
use super::rule::Treatment;

/// What becomes of a value that a policy names.
///
/// ```
/// use serde_json::json;
/// use tool_audit::sanitize::{Action, Sanitizer};
///
/// let sanitizer = Sanitizer::builder()
///     .path("arguments.payload.iban", Action::Mask)
///     .path("arguments.notes[]", Action::Redact)
///     .build()?;
/// let arguments = json!({"payload": {"iban": "GB33BUKB20201555555555"}, "notes": ["a", 7]});
/// let mut out = Vec::new();
/// sanitizer.write_value_at(&mut out, &["arguments"], &arguments, 1024);
/// assert_eq!(
///     String::from_utf8_lossy(&out),
///     r#"{"notes":["[REDACTED:notes]","[REDACTED:notes]"],"payload":{"iban":"[MASKED:iban:5555]"}}"#,
/// );
/// # Ok::<(), tool_audit::sanitize::SanitizerError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Action {
    /// The whole value becomes `[REDACTED:<rule>]`.
    Redact,
    /// Every string and number in it becomes a pseudonym of this class: 1 to 32 lower-case letters, digits and
    /// `_`, a letter first.
    Pseudonymize(String),
    /// Every string and number in it becomes `[MASKED:<rule>:<last four>]`, and the marker of
    /// [`Redact`](Self::Redact) where it has fewer than nine letters and digits.
    Mask,
    /// The whole value becomes `[DROPPED:<rule>]`: for what must not be kept in any form.
    Drop,
    /// The rule that would have held does not. What stands in the value is searched all the same.
    Keep,
}

impl Action {
    pub(super) fn pseudonymize(class: impl Into<String>) -> Self {
        Self::Pseudonymize(class.into())
    }

    pub(super) fn treatment(&self) -> Result<Treatment, SanitizerError> {
        Ok(match self {
            Self::Redact => Treatment::Redact,
            Self::Mask => Treatment::Mask,
            Self::Drop => Treatment::Drop,
            Self::Keep => Treatment::Keep,
            Self::Pseudonymize(class) if pseudonym::is_class(class) => Treatment::Pseudonymize {
                class: class.as_str().into(),
            },
            Self::Pseudonymize(class) => {
                return Err(SanitizerError::InvalidClass {
                    class: class.clone(),
                });
            }
        })
    }
}
