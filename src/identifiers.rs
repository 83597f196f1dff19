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
    forms.retain(|form| is_of_a_known_key(form, identifier));
    forms
}

/// How a sanitizer may have written a user's identifier.
pub(crate) fn user_forms(sanitizer: &Sanitizer, identifier: &str) -> Vec<String> {
    let mut forms = sanitizer.forms_of("", identifier);
    forms.extend(sanitizer.pseudonyms_of("user_id", identifier));
    forms.retain(|form| is_of_a_known_key(form, identifier));
    forms
}

/// The key's place in a pseudonym whose key was made for one run, and is gone.
pub(crate) const LOST_KEY: &str = ":eph:";

/// What a key writes that was made for this run stands in no record of another.
fn is_of_a_known_key(form: &str, identifier: &str) -> bool {
    form == identifier || !form.contains(LOST_KEY)
}

/// Whether a text of a record tells somebody from all others: what says only that something was there does not.
pub(crate) fn identifies(text: &str) -> bool {
    const MARKS: [&str; 4] = ["[REDACT", "[MASKED:", "[DROPPED:", "[SHORTENED"];
    !text.trim().is_empty() && !MARKS.iter().any(|mark| text.contains(mark))
}

/// Whether a form stands for this identifier alone: itself, or its pseudonym. Others may share any other form.
pub(crate) fn is_exact(form: &str, identifier: &str) -> bool {
    identifies(form) && (form == identifier || form.contains("pn:"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_is_exact_where_it_is_the_identifier_or_its_pseudonym() {
        assert!(is_exact("P-7", "P-7"));
        assert!(is_exact("pn:mrn:k1:abc", "MRN-1"));
        for shared in ["[REDACTED:mrn]", "[MASKED:card:1111]", "1980", "", " "] {
            assert!(!is_exact(shared, "4111111111111111"), "{shared}");
        }
        assert!(!is_exact("[MASKED:card:1111]", "[MASKED:card:1111]"));
    }
}
