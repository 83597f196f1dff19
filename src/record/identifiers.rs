//! The members of an answer of which a summary keeps the values: ids, a status (FORMAT section 5).

use std::ops::Range;

use super::limits;
use super::open::Open;
use super::pieces::Member;
use super::recorder::Inner;
use super::span::{COLON, Span};
use crate::sanitize::{Sanitized, Sanitizer};
use crate::tree::{Members, Tree};

/// What is known of the identifiers of all objects that have the same members in the same order.
#[derive(Default)]
pub(super) struct Identifiers {
    found: Vec<Identifier>,
    /// Their names as they stand in records, one behind the other.
    names: Vec<u8>,
    others_are_named: bool,
}

struct Identifier {
    /// Which of the members it is.
    member: usize,
    /// Where it stands among those before it.
    place: usize,
    name: Range<usize>,
}

impl Identifiers {
    /// Adds the identifiers of an object with these members to those of an answer that has none; false, and nothing is
    /// added, where one of them is none in this object.
    pub(super) fn add(&self, open: &mut Open, inner: &Inner, members: Members<'_>) -> bool {
        let are_there = self.found.iter().all(|identifier| {
            let member = members.nth(identifier.member);
            member.is_some_and(|(_, value)| is_scalar(value))
        });
        if !are_there {
            return false;
        }
        let mut shown = false;
        for identifier in &self.found {
            let Some((name, value)) = members.nth(identifier.member) else {
                break;
            };
            let json = self.names.get(identifier.name.clone()).unwrap_or_default();
            let key = open.append(|out| out.extend_from_slice(json));
            shown |= value.is_string();
            insert(open, &inner.sanitizer, identifier.place, key, (name, value));
        }
        if shown && self.others_are_named {
            remember_others(open, inner, &inner.sanitizer, members);
        }
        true
    }

    fn learn(&mut self, member: usize, place: usize, name: &[u8]) {
        let start = self.names.len();
        self.names.extend_from_slice(name);
        self.found.push(Identifier {
            member,
            place,
            name: start..self.names.len(),
        });
    }
}

/// Adds the identifiers among these members. What was found holds for all objects with the same members; none where it
/// hung on more than that.
pub(super) fn add(open: &mut Open, inner: &Inner, members: Members<'_>) -> Option<Identifiers> {
    let own = open.sanitizer.clone();
    let sanitizer = own.as_ref().unwrap_or(&inner.sanitizer);
    let mut identifiers = Identifiers::default();
    let mut holds_for_all = own.is_none() && open.identifiers.is_empty();
    let mut shown = false;
    for (at, (name, value)) in members.iter().enumerate() {
        if !inner.policy.is_identifier(name) {
            identifiers.others_are_named |= sanitizer.names_member(name);
            continue;
        }
        if is_own(name) {
            continue;
        }
        if !is_scalar(value) {
            holds_for_all = false;
            continue;
        }
        if open.identifiers.len() >= limits::IDENTIFIERS || name.len() > limits::IDENTIFIER / 6 {
            open.shorten(Member::ResultSummary);
            holds_for_all = false;
            continue;
        }
        let (key, did) = open.piece_as_told(Member::ResultSummary, |out, _| {
            sanitizer.write_key(out, name)
        });
        // What the envelope says of an identifier counts, not what lies in it.
        let Err(place) = open.place_of(&open.identifiers, key) else {
            open.take_back(key);
            holds_for_all = false;
            continue;
        };
        holds_for_all &= did == Sanitized::default();
        if holds_for_all {
            identifiers.learn(at, place, key.of(&open.bytes));
        }
        shown |= value.is_string();
        insert(open, sanitizer, place, key, (name, value));
    }
    if shown && identifiers.others_are_named {
        remember_others(open, inner, sanitizer, members);
    }
    holds_for_all.then_some(identifiers)
}

fn insert(
    open: &mut Open,
    sanitizer: &Sanitizer,
    place: usize,
    key: Span,
    (name, value): (&str, &Tree<'_>),
) {
    open.bytes.push(COLON);
    let value = open.piece(Member::ResultSummary, |out, echo| {
        sanitizer.write_value_at_echoing(out, &["result", name], value, limits::IDENTIFIER, echo)
    });
    open.identifiers.insert(place, (key, value));
}

/// What stands beside identifiers is not written, but an identifier may repeat it.
fn remember_others(open: &mut Open, inner: &Inner, sanitizer: &Sanitizer, members: Members<'_>) {
    let others = members
        .iter()
        .filter(|(name, _)| !inner.policy.is_identifier(name));
    for (name, value) in others {
        sanitizer.remember_member(name, value, &mut open.echo);
    }
}

fn is_scalar(value: &Tree<'_>) -> bool {
    matches!(value, Tree::String(_) | Tree::Number(_) | Tree::Bool(_))
}

/// Members that a summary has of its own.
fn is_own(name: &str) -> bool {
    matches!(
        name,
        "success" | "error" | "error_type" | "fields" | "_result_size" | "_truncated"
    )
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::record::Recorder;
    use crate::sink::MemorySink;

    /// The summary of the last of these answers, all of one recorder, and the arguments of its call, in which a secret
    /// stands that some of them name.
    fn summary_of_last(answers: &[&Value]) -> [Value; 2] {
        let sink = MemorySink::new();
        let recorder = Recorder::new(sink.clone());
        for answer in answers {
            let recording = recorder.start(|call| {
                call.tool_name("get_order")
                    .arguments(&json!({"note": "hunter22x"}));
            });
            drop(recording.success(answer));
        }
        let line = sink.lines().pop().expect("a record");
        let record: Value = serde_json::from_str(&line).expect("a record is JSON");
        ["result_summary", "arguments"].map(|name| record[name].clone())
    }

    #[test]
    fn identifiers_are_the_same_whatever_was_answered_before() {
        let answers = [
            json!({"status": "sent", "order_id": "O-1", "note": "n"}),
            json!({"status": "open", "order_id": 17, "note": {"x_id": 1}}),
            json!({"status": null, "order_id": "O-2", "note": []}),
            json!({"status": ["a"], "order_id": true, "note": [{"x_id": 1}]}),
            json!({"status": "hunter22x", "order_id": "hunter22x", "password": "hunter22x"}),
            json!({"status": "ok", "order_id": "O-3", "password": null}),
            json!({"content": [{"type": "text", "text": "{\"order_id\":\"O-4\",\"status\":\"s\"}"}]}),
            json!({"order_id": "O-5", "content": [{"type": "text", "text": "{\"order_id\":\"O-6\",\"status\":\"s\"}"}]}),
            json!({"order_id": "O-7", "status": "s"}),
            json!({"a_id": 1, "content": [{"type": "text", "text": "{\"order_id\":\"O-8\",\"status\":\"s\"}"}]}),
            json!({"status": 1, "order_id": 2, "password": "hunter22x"}),
        ];
        for answer in &answers {
            let alone = summary_of_last(&[answer]);
            for before in &answers {
                assert_eq!(summary_of_last(&[before, answer]), alone, "{before}");
                assert_eq!(
                    summary_of_last(&[answer, before, answer]),
                    alone,
                    "{before}"
                );
            }
        }
    }
}
