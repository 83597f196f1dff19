//! What is known of the session: members whose names others chose, and the user's role among them.

use serde_json::{Map, Value};

use super::CallBuilder;
use crate::canonical;
use crate::record::pieces::Member;
use crate::record::span::{COLON, Span};
use crate::record::{limits, people};
use crate::sanitize::Sanitized;
use crate::tree::Tree;

const USER_ROLE: &str = "user_role";

impl CallBuilder<'_> {
    /// Adds a member to the session's metadata: client, device, whatever is known of the session.
    ///
    /// `user_role` has a place of its own, and stands in the attribution too.
    pub fn metadata(&mut self, name: &str, value: &Value) -> &mut Self {
        Tree::with(value, |value| self.metadata_tree(name, value));
        self
    }

    pub(crate) fn metadata_tree(&mut self, name: &str, value: &Tree<'_>) {
        match value {
            Tree::String(role) if name == USER_ROLE => {
                self.user_role(role);
            }
            Tree::Null if name == USER_ROLE => {}
            _ if name == USER_ROLE => self.role_value(value),
            _ => self.bounded_member(name, value, limits::METADATA),
        }
    }

    /// Like [`metadata`](Self::metadata), for a text in pieces of which a caller writes no more than a request's method:
    /// it stays, unwiped, in memory that the next call uses.
    #[cfg(feature = "axum")]
    pub(crate) fn metadata_joined(&mut self, name: &str, pieces: [&str; 3]) {
        let mut joined = std::mem::take(&mut self.open.joined);
        joined.clear();
        joined.extend(pieces);
        self.metadata_tree(name, &Tree::String(&joined));
        // One that is long was an exception.
        if joined.capacity() <= limits::METADATA {
            self.open.joined = joined;
        }
    }

    /// Adds a member that a request claims. One of its name that was told before stands, and a claim takes no more room
    /// than a name does, so that none leaves out what is told of the session after it.
    #[cfg(any(feature = "mcp", feature = "rmcp"))]
    pub(crate) fn claim(&mut self, name: &'static str, claimed: &Value) -> &mut Self {
        let open = &*self.open;
        let known = open.metadata.iter().map(|(key, _)| key);
        // What is said to be verified is none of a claim's either.
        let mut known = known.chain(&open.verified);
        if !known.any(|key| open.text(*key) == name) {
            Tree::with(claimed, |claimed| {
                self.bounded_member(name, claimed, limits::NAME);
            });
        }
        self
    }

    pub(super) fn all_metadata(&mut self, members: &Map<String, Value>) {
        for (name, value) in members {
            self.metadata(name, value);
        }
    }

    /// A role that is no text stands as its JSON, which has a bound as all others have.
    fn role_value(&mut self, role: &Tree<'_>) {
        let sanitizer = self.sanitizer;
        let mut json = Vec::new();
        self.open.pieces.user_role = self.open.piece(Member::SessionMetadata, |out, echo| {
            let did = sanitizer.write_value_echoing(&mut json, role, limits::NAME / 2, echo);
            canonical::write_string(out, &String::from_utf8_lossy(&json));
            did
        });
    }

    fn bounded_member(&mut self, name: &str, value: &Tree<'_>, limit: usize) {
        // Every byte of a name may take six, and there is room for the shortest value.
        let mut used = self.open.metadata_bytes + name.len() * 6 + 128;
        if used > limits::METADATA / 4 {
            // What was said of it before goes.
            used -= self.bytes_of_member(name);
        }
        let Some(room) = limits::METADATA.checked_sub(used) else {
            self.open.shorten(Member::SessionMetadata);
            return;
        };
        let sanitizer = self.sanitizer;
        let from = self.open.bytes.len();
        let mut has_rule = true;
        let (key, did) = self.open.piece_as_told(Member::SessionMetadata, |out, _| {
            let (did, rule) = sanitizer.write_member_name(out, name);
            has_rule = rule;
            did
        });
        self.open.bytes.push(COLON);
        let value = self.open.piece(Member::SessionMetadata, |out, echo| {
            let member = (name, has_rule, value);
            people::write_metadata_value(sanitizer, out, echo, member, limit.min(room + 64))
        });
        // Names may be changed, and so be out of order or the same, once they are sanitized.
        let mut metadata = std::mem::take(&mut self.open.metadata);
        match self.open.place_of(&metadata, key) {
            Err(place) => metadata.insert(place, (key, value)),
            // Said twice: it stands as it was said last.
            Ok(place) if did == Sanitized::default() => {
                let said = std::mem::replace(&mut metadata[place], (key, value));
                self.open.metadata_bytes -= bytes_of(said);
            }
            Ok(_) => self.open.insert_member(&mut metadata, key, value),
        }
        self.open.metadata = metadata;
        // With a comma.
        self.open.metadata_bytes += self.open.bytes.len() - from + 1;
    }

    /// How many bytes the member of this name takes that was told before.
    fn bytes_of_member(&self, name: &str) -> usize {
        let mut members = self.open.metadata.iter();
        let member = members.find(|(key, _)| self.open.text(*key) == name);
        member.map_or(0, |member| bytes_of(*member))
    }
}

/// How many bytes a member takes, with its colon and a comma.
fn bytes_of((key, value): (Span, Span)) -> usize {
    let length = |span: Span| (span.end - span.start) as usize;
    length(key) + length(value) + 2
}
