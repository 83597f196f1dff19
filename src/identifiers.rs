//! How the identifiers of people may stand in records.

use crate::sanitize::Sanitizer;

/// How a sanitizer may have written the identifier of whom a call is about; `members` are the names under which it
/// stands in arguments and results.
pub(crate) fn subject_forms(
    sanitizer: &Sanitizer,
    members: &[String],
    identifier: &str,
) -> Vec<String> {
    let mut forms = sanitizer.forms_of("", identifier);
    for member in members {
        forms.extend(sanitizer.forms_of(member, identifier));
    }
    forms
}

/// How a sanitizer may have written a user's identifier.
pub(crate) fn user_forms(sanitizer: &Sanitizer, identifier: &str) -> Vec<String> {
    let mut forms = sanitizer.forms_of("", identifier);
    forms.extend(sanitizer.pseudonyms_of("user_id", identifier));
    forms
}
