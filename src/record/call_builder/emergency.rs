//! Declarations of an emergency, and what may be wrong with one.

use super::CallBuilder;
use crate::call::Emergency;
use crate::canonical;
use crate::clock::civil;
use crate::record::pieces::Member;
use crate::record::{limits, people};
use crate::sanitize::Sanitized;

impl CallBuilder<'_> {
    /// A break-glass declaration. It asks for a record of intent and for synced durability.
    pub fn emergency(&mut self, emergency: &Emergency) -> &mut Self {
        let sanitizer = self.sanitizer;
        let defect = defect(emergency, self.open.started_micros);
        self.open.is_emergency = true;
        self.open.pieces.emergency = self.open.piece(Member::Emergency, |out, echo| {
            let mut did = Sanitized::default();
            let members = [
                ("declared_by", emergency.declared_by.as_deref()),
                ("defect", defect),
                ("expires_at", emergency.expires_at.as_deref()),
                ("reason", emergency.reason.as_deref()),
                ("scope", emergency.scope.as_deref()),
                ("urgency", emergency.urgency.as_deref()),
            ];
            let mut separator = b'{';
            for (name, text) in members {
                let Some(text) = text else { continue };
                out.push(separator);
                separator = b',';
                canonical::write_string(out, name);
                out.push(b':');
                did.add(if name == "declared_by" {
                    people::write_user(sanitizer, out, echo, text, limits::EMERGENCY)
                } else {
                    sanitizer.write_text_echoing(out, text, limits::EMERGENCY, echo)
                });
            }
            if separator == b'{' {
                out.push(b'{');
            }
            out.push(b'}');
            did
        });
        self
    }
}

/// What is wrong with a declaration, if anything is.
fn defect(emergency: &Emergency, now_micros: i64) -> Option<&'static str> {
    let is_missing =
        |text: &Option<String>| text.as_deref().is_none_or(|text| text.trim().is_empty());
    if is_missing(&emergency.reason) {
        return Some("no reason was given");
    }
    if is_missing(&emergency.declared_by) {
        return Some("nobody is named who declared it");
    }
    let expires_at = emergency.expires_at.as_deref()?;
    match chrono::DateTime::parse_from_rfc3339(expires_at) {
        Err(_) => Some("its end is no RFC 3339 time"),
        Ok(end) if civil::micros(end.into()) < now_micros => Some("it had expired"),
        Ok(_) => None,
    }
}
