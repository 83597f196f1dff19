//! What the tool is called with.

use serde_json::Value;

use super::CallBuilder;
use crate::record::pieces::Member;
use crate::record::{limits, subjects};
use crate::sanitize::Sanitized;
use crate::tree::{Seen, Tree};

/// What stands before arguments that are no object (FORMAT section 2).
const VALUE_OPENING: &[u8] = br#"{"_value":"#;

impl CallBuilder<'_> {
    /// What the tool is called with. What is no object stands as `{"_value": …}`, and null as no arguments.
    pub fn arguments(&mut self, arguments: &Value) -> &mut Self {
        Tree::with(arguments, |arguments| self.arguments_tree(arguments, None));
        self
    }

    /// `seen` is what was seen of them, where they were read from JSON.
    pub(crate) fn arguments_tree(&mut self, arguments: &Tree<'_>, seen: Option<&Seen>) {
        let sanitizer = self.sanitizer;
        if !self.open.pieces.arguments.is_empty() {
            self.open.forget_shortened(Member::Arguments);
        }
        self.open
            .echo
            .watch(self.inner.triggers.begin_fingerprint());
        let (piece, did) = self.open.piece_as_told(Member::Arguments, |out, echo| {
            if arguments.is_null() {
                out.extend_from_slice(b"{}");
                return Sanitized::default();
            }
            let start = out.len();
            let did = sanitizer.write_value_at_echoing(
                out,
                &["arguments"],
                arguments,
                limits::ARGUMENTS,
                echo,
            );
            // A marker of the sanitizer's may stand for an object too.
            if out.get(start) != Some(&b'{') {
                out.splice(start..start, VALUE_OPENING.iter().copied());
                out.push(b'}');
            }
            did
        });
        self.open.pieces.arguments = piece;
        let told = self.open.echo.watched();
        // Two different secrets look alike once they are redacted: they are compared too. Where something was cut
        // the tree itself has to be.
        self.open.unsanitized_arguments = if did.shortened || did.failed {
            let mut all = self.inner.triggers.begin_fingerprint();
            all.add_value(arguments);
            Some(all)
        } else {
            told.filter(|_| did.redactions > 0)
        };
        subjects::note(self.open, self.inner, "arguments", arguments, seen);
    }

    /// Says that the arguments are told while the call runs: [`Recording::describe`](crate::record::Recording::describe) takes them.
    ///
    /// A record of intent has those that were told before it. Why the call is made is inferred only at its end.
    pub fn arguments_come_later(&mut self) -> &mut Self {
        self.open.arguments_come_later = true;
        self
    }

    /// Says that the arguments that were told are not all: the record names them in `shortened`, and says where it
    /// may lack a subject.
    pub fn arguments_are_cut(&mut self) -> &mut Self {
        self.open.shorten(Member::Arguments);
        subjects::miss(self.open, self.inner);
        self
    }

    /// True where arguments were told.
    #[cfg(feature = "axum")]
    pub(crate) fn has_arguments(&self) -> bool {
        !self.open.pieces.arguments.is_empty()
    }
}
