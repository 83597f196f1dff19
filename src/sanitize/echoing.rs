//! What a recorder asks of the sanitizer: values, texts and names, with what was replaced kept to be looked for elsewhere in
//! the call.

use std::panic::{AssertUnwindSafe, catch_unwind};

use serde_json::Value;

use super::echo::Echo;
use super::fail_closed::fail_closed;
use super::pass::{self, Pass};
use super::{Sanitized, Sanitizer, known_texts, marker};
use crate::canonical;
use crate::tree::Tree;

impl Sanitizer {
    /// Like [`write_value`](Self::write_value), and keeps in `echo` what is to be looked for elsewhere.
    pub(crate) fn write_value_echoing(
        &self,
        out: &mut Vec<u8>,
        value: &Tree<'_>,
        limit: usize,
        echo: &mut Echo,
    ) -> Sanitized {
        fail_closed(out, |out| {
            let pass = Pass::new(&self.0, out, limit).echoing(echo);
            pass.whole_value(value)
        })
    }

    /// Like [`write_value_at`](Self::write_value_at), and keeps in `echo` what is to be looked for elsewhere.
    pub(crate) fn write_value_at_echoing(
        &self,
        out: &mut Vec<u8>,
        path: &[&str],
        value: &Tree<'_>,
        limit: usize,
        echo: &mut Echo,
    ) -> Sanitized {
        if let (Tree::String(text), [.., name]) = (value, path)
            && self.0.additions.paths.is_empty()
            && !self.names_member(name)
        {
            if self.0.additions.patterns.is_empty() && pass::fits_harmless(text, limit) {
                pass::write_unescaped(out, text);
                return Sanitized::default();
            }
            // It may have been searched in the call before.
            return self.write_text_echoing(out, text, limit, echo);
        }
        self.write_ruled_at_echoing(out, path, value, limit, echo)
    }

    #[inline(never)]
    fn write_ruled_at_echoing(
        &self,
        out: &mut Vec<u8>,
        path: &[&str],
        value: &Tree<'_>,
        limit: usize,
        echo: &mut Echo,
    ) -> Sanitized {
        fail_closed(out, |out| {
            let pass = Pass::new(&self.0, out, limit).echoing(echo);
            pass.whole_value_at(path, value)
        })
    }

    /// True where there are patterns, which may find something in any text.
    pub(crate) fn has_patterns(&self) -> bool {
        !self.0.additions.patterns.is_empty()
    }

    /// True where there are rules for places.
    pub(crate) fn has_places(&self) -> bool {
        !self.0.additions.paths.is_empty()
    }

    /// True where there is a rule for members of this name, and after a fault.
    #[inline]
    pub(crate) fn names_member(&self, name: &str) -> bool {
        match self.0.known(name) {
            Some(known) => known.verdict.rule.is_some(),
            None => self.names_new_member(name),
        }
    }

    #[cold]
    #[inline(never)]
    pub(super) fn names_new_member(&self, name: &str) -> bool {
        catch_unwind(AssertUnwindSafe(|| self.0.find_out(name).rule.is_some())).unwrap_or(true)
    }

    /// Like [`write_text`](Self::write_text), and keeps in `echo` what is to be looked for elsewhere.
    pub(crate) fn write_text_echoing(
        &self,
        out: &mut Vec<u8>,
        text: &str,
        limit: usize,
        echo: &mut Echo,
    ) -> Sanitized {
        if known_texts::is_known(self.0.identity, text, limit) {
            pass::write_unescaped(out, text);
            return Sanitized::default();
        }
        self.write_new_text_echoing(out, text, limit, echo)
    }

    #[inline(never)]
    fn write_new_text_echoing(
        &self,
        out: &mut Vec<u8>,
        text: &str,
        limit: usize,
        echo: &mut Echo,
    ) -> Sanitized {
        let start = out.len();
        let mut done = Sanitized::default();
        if self.0.additions.patterns.is_empty() && pass::fits_harmless(text, limit) {
            pass::write_unescaped(out, text);
        } else {
            done = fail_closed(out, |out| {
                let pass = Pass::new(&self.0, out, limit).echoing(echo);
                pass.whole_text(text)
            });
        }
        // A UUID does not come again.
        if done == Sanitized::default() && !pass::is_uuid(text) {
            known_texts::keep(self.0.identity, text, out.get(start..).unwrap_or_default());
        }
        done
    }

    /// Like [`write_text_echoing`](Self::write_text_echoing), for what stands at `name` in a record: rules for
    /// places hold within a text that is JSON.
    pub(crate) fn write_text_at_echoing(
        &self,
        out: &mut Vec<u8>,
        name: &str,
        text: &str,
        limit: usize,
        echo: &mut Echo,
    ) -> Sanitized {
        if self.0.additions.paths.is_empty() {
            return self.write_text_echoing(out, text, limit, echo);
        }
        fail_closed(out, |out| {
            let pass = Pass::new(&self.0, out, limit).echoing(echo);
            pass.whole_text_at(name, text)
        })
    }

    /// Appends the value that `json` is, without what `echo` looks for; nothing where it is not in there.
    ///
    /// Of a value that `was_cut` the strings may end within what is looked for. Where a fault stops it, a
    /// placeholder is appended.
    pub(crate) fn write_without_echo(
        &self,
        out: &mut Vec<u8>,
        json: &[u8],
        limit: usize,
        echo: &Echo,
        was_cut: bool,
    ) -> Sanitized {
        fail_closed(out, |out| {
            let Ok(mut tree) = serde_json::from_slice::<Value>(json) else {
                canonical::write_string(out, marker::FAILED);
                return Sanitized::FAILED;
            };
            let redactions = echo.replace_in(&mut tree, was_cut);
            if redactions == 0 {
                return Sanitized::default();
            }
            let pass = Pass::new(&self.0, out, limit);
            let mut done = Tree::with(&tree, |tree| pass.whole_value(tree));
            done.redactions = done.redactions.saturating_add(redactions);
            done
        })
    }

    /// Keeps the value of the member `name` in `echo`, where a rule names it. Nothing is written.
    pub(crate) fn remember_member(&self, name: &str, value: &Tree<'_>, echo: &mut Echo) {
        // A fault here leaves a value unknown that is written nowhere.
        let _ = catch_unwind(AssertUnwindSafe(|| {
            echo.remember_member(&self.0, name, value);
        }));
    }

    /// Appends the pseudonym of `value`, and keeps it in `echo`. What the sanitizer wrote itself stays.
    pub(crate) fn write_pseudonym(
        &self,
        out: &mut Vec<u8>,
        class: &str,
        value: &str,
        echo: &mut Echo,
    ) -> Sanitized {
        fail_closed(out, |out| {
            if self.is_marker(value) {
                canonical::write_string(out, value);
                return Sanitized::default();
            }
            let pseudonym = self.pseudonym(class, value);
            echo.remember(value, &pseudonym, false);
            canonical::write_string(out, &pseudonym);
            Sanitized {
                redactions: 1,
                ..Sanitized::default()
            }
        })
    }
}
