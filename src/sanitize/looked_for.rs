//! How a value stands in a log, to look for it.

use serde_json::Value;

use super::{Sanitizer, pseudonym};

impl Sanitizer {
    /// The pseudonym that stands for `value` in a log written with these rules and this key, to look for it.
    ///
    /// A class is that of the rule, such as `ssn` or `phone`; a text that can be none is folded into one. Where the
    /// operating system gave no random bytes for a key of the process, there are no pseudonyms, and this
    /// is the marker of the class.
    ///
    /// ```
    /// let sanitizer = tool_audit::Sanitizer::default();
    /// let pseudonym = sanitizer.pseudonym("phone", "+1 555 010-7788");
    /// assert!(pseudonym.starts_with("pn:phone:eph:"));
    /// assert_eq!(pseudonym, sanitizer.pseudonym("phone", "15550107788"));
    /// ```
    #[must_use]
    pub fn pseudonym(&self, class: &str, value: &str) -> String {
        let class = pseudonym::to_class(class);
        let made = self.0.pseudonyms.make(&class, value);
        made.unwrap_or_else(|| format!("[REDACTED:{class}]"))
    }

    /// The pseudonyms of `value` under the key that pseudonyms are made with and under each older one, in this
    /// order, to look for it in a log that outlived a key.
    ///
    /// There are none where there is no key. A class whose pseudonyms are made
    /// [otherwise](super::SmallClasses) cannot be looked for.
    ///
    /// ```
    /// let sanitizer = tool_audit::Sanitizer::default();
    /// let all = sanitizer.pseudonyms_of("phone", "+1 555 010-7788");
    /// assert_eq!(all, [sanitizer.pseudonym("phone", "15550107788")]);
    /// ```
    #[must_use]
    pub fn pseudonyms_of(&self, class: &str, value: &str) -> Vec<String> {
        self.0.pseudonyms.all(&pseudonym::to_class(class), value)
    }

    /// How `value` may stand in a log written with these rules as the member `name`, to look for it: as it is written now,
    /// and where that is a pseudonym, those under older keys too.
    ///
    /// An empty name is that of a text of its own.
    ///
    /// ```
    /// use tool_audit::sanitize::{PseudonymKey, Sanitizer};
    ///
    /// let sanitizer = Sanitizer::builder()
    ///     .pseudonym_key(PseudonymKey::from_bytes("k2027", &[8; 32])?)
    ///     .old_pseudonym_key(PseudonymKey::from_bytes("k2026", &[7; 32])?)
    ///     .build()?;
    /// let forms = sanitizer.forms_of("mrn", "MRN-001234");
    /// assert!(forms[0].starts_with("pn:mrn:k2027:") && forms[1].starts_with("pn:mrn:k2026:"));
    /// assert_eq!(sanitizer.forms_of("order_id", "ORD-1"), ["ORD-1"]);
    /// # Ok::<(), tool_audit::sanitize::SanitizerError>(())
    /// ```
    #[must_use]
    pub fn forms_of(&self, name: &str, value: &str) -> Vec<String> {
        const LIMIT: usize = 4096;
        let mut json = Vec::new();
        if name.is_empty() {
            self.write_text(&mut json, value, LIMIT);
        } else {
            self.write_member_value(&mut json, name, &Value::from(value), LIMIT);
        }
        let mut forms: Vec<String> = serde_json::from_slice(&json).into_iter().collect();
        let written = forms.first().and_then(|text| text.strip_prefix("pn:"));
        let class = written.and_then(|rest| rest.split(':').next());
        if let Some(class) = class.map(str::to_owned) {
            for pseudonym in self.pseudonyms_of(&class, value) {
                if !forms.contains(&pseudonym) {
                    forms.push(pseudonym);
                }
            }
        }
        forms
    }
}
