//! Writing the names of members, of which most are known to be harmless.

use super::fail_closed::fail_closed;
use super::pass::{self, Pass};
use super::{Sanitized, Sanitizer, names};

impl Sanitizer {
    /// Appends the name of a member as a JSON string.
    ///
    /// A name is searched as a text is, and what is found in it replaced: two names may come out alike. Of one longer than
    /// 1 KiB only the beginning is written, and a keyed hash that keeps it apart from others.
    #[inline]
    pub fn write_key(&self, out: &mut Vec<u8>, name: &str) -> Sanitized {
        match self.0.known(name) {
            Some(known) if known.verdict.is_harmless && self.0.additions.patterns.is_empty() => {
                known.form.write_name(out);
                Sanitized::default()
            }
            _ => self.write_new_key(out, name),
        }
    }

    /// Like [`write_key`](Self::write_key), and says [whether a rule names it](Self::names_member).
    pub(crate) fn write_member_name(&self, out: &mut Vec<u8>, name: &str) -> (Sanitized, bool) {
        match self.0.known(name) {
            Some(known) => {
                let has_rule = known.verdict.rule.is_some();
                if known.verdict.is_harmless && self.0.additions.patterns.is_empty() {
                    known.form.write_name(out);
                    (Sanitized::default(), has_rule)
                } else {
                    (self.write_new_key(out, name), has_rule)
                }
            }
            None => (self.write_new_key(out, name), self.names_new_member(name)),
        }
    }

    #[inline(never)]
    fn write_new_key(&self, out: &mut Vec<u8>, name: &str) -> Sanitized {
        if self.0.additions.patterns.is_empty() && pass::fits_harmless(name, names::MAX_LENGTH) {
            pass::write_unescaped(out, name);
            return Sanitized::default();
        }
        fail_closed(out, |out| {
            let pass = Pass::new(&self.0, out, usize::MAX);
            // A name that is JSON is opened as a text is.
            let is_json = name.len() <= names::MAX_LENGTH
                && name.trim_ascii_start().starts_with(['{', '[', '"']);
            if is_json {
                pass.whole_text(name)
            } else {
                pass.whole_name(name)
            }
        })
    }
}
