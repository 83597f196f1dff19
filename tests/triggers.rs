//! Why a call is made: what callers declare, and what follows from the calls before.

mod common;

use serde_json::{Value, json};
use tool_audit::{
    AuditEntry, CallContext, CallTrigger, MemorySink, Outcome, Recorder, ToolCall, TriggerBasis,
};

use CallTrigger::{FollowUp, Proactive, Retry, System, UserRequest};
use TriggerBasis::{Declared, Default, Inferred};

struct Conversation {
    sink: MemorySink,
    recorder: Recorder,
}

impl Conversation {
    fn new() -> Self {
        let sink = MemorySink::new();
        let recorder = Recorder::new(sink.clone());
        Self { sink, recorder }
    }

    /// Makes a call that ends as `outcome`, and reads its record.
    fn call(&self, call: &ToolCall, outcome: Outcome) -> AuditEntry {
        drop(self.recorder.start_call(call).finish(|said| {
            said.outcome(outcome);
        }));
        common::entries(&self.sink).pop().expect("a record")
    }

    fn turn(&self, turn: u64, tool: &str, arguments: Value, outcome: Outcome) -> AuditEntry {
        self.call(&in_turn(turn, tool, arguments), outcome)
    }
}

fn in_turn(turn: u64, tool: &str, arguments: Value) -> ToolCall {
    ToolCall::new(tool, arguments).context(CallContext::new("conv_1", "usr_9").turn(turn))
}

fn said(entry: &AuditEntry) -> (CallTrigger, TriggerBasis, Option<&str>) {
    (
        entry.call_trigger,
        entry.trigger_basis,
        entry.retry_of.as_deref(),
    )
}

#[test]
fn the_first_call_of_a_turn_is_the_users_and_the_later_ones_follow_it_up() {
    let calls = Conversation::new();
    for turn in 1..=3 {
        let first = calls.turn(turn, "get_order", json!({"n": turn}), Outcome::Success);
        assert_eq!(said(&first), (UserRequest, Default, None));
        let later = calls.turn(turn, "get_user", json!({"n": turn}), Outcome::Success);
        assert_eq!(said(&later), (FollowUp, Inferred, None));
    }
    let other =
        in_turn(1, "get_order", json!({})).context(CallContext::new("conv_2", "usr_9").turn(1));
    assert_eq!(
        said(&calls.call(&other, Outcome::Success)),
        (UserRequest, Default, None)
    );
}

#[test]
fn the_same_call_after_a_failure_is_a_retry_of_the_last_one_that_failed() {
    for failure in Outcome::ALL.into_iter().filter(|end| end.is_failure()) {
        let calls = Conversation::new();
        let order = || json!({"order_id": "ORD-1", "rush": true});
        let first = calls.turn(1, "ship", order(), failure);
        let second = calls.turn(
            1,
            "ship",
            json!({"rush": true, "order_id": "ORD-1"}),
            failure,
        );
        assert_eq!(said(&second), (Retry, Inferred, Some(&*first.call_id)));
        // Another tool or other arguments are none.
        let other = calls.turn(1, "track", order(), Outcome::Success);
        assert_eq!(said(&other), (FollowUp, Inferred, None));
        let other = calls.turn(1, "ship", json!({"order_id": "ORD-2"}), Outcome::Success);
        assert_eq!(said(&other), (FollowUp, Inferred, None));
        // A later turn may try again, until it goes well.
        let third = calls.turn(2, "ship", order(), Outcome::Success);
        assert_eq!(said(&third), (Retry, Inferred, Some(&*second.call_id)));
        let fourth = calls.turn(3, "ship", order(), Outcome::Success);
        assert_eq!(said(&fourth), (UserRequest, Default, None));
    }
}

#[test]
fn calls_that_only_look_alike_once_they_are_sanitized_are_no_retries() {
    let calls = Conversation::new();
    let login = |word: &str| json!({"password": word, "text": "x".repeat(70_000) + word});
    let first = calls.turn(1, "login", login("one"), Outcome::ToolError);
    let other = calls.turn(1, "login", login("two"), Outcome::ToolError);
    assert_eq!(first.arguments, other.arguments);
    assert_eq!(said(&other), (FollowUp, Inferred, None));
    let again = calls.turn(1, "login", login("one"), Outcome::ToolError);
    assert_eq!(said(&again), (Retry, Inferred, Some(&*first.call_id)));
}

#[test]
fn nothing_is_inferred_where_conversation_or_turn_are_unknown() {
    let unknown = [
        CallContext::new("conv_1", "usr_9"),
        CallContext::new("unknown", "usr_9").turn(1),
        CallContext::new("", "usr_9").turn(1),
        CallContext::default().turn(1),
    ];
    for context in unknown {
        let calls = Conversation::new();
        let call = ToolCall::new("get_order", json!({})).context(context);
        for _ in 0..3 {
            let entry = calls.call(&call, Outcome::ToolError);
            assert_eq!(said(&entry), (UserRequest, Default, None));
        }
    }
}

#[test]
fn what_is_declared_stands() {
    let calls = Conversation::new();
    let call = || in_turn(1, "get_order", json!({}));
    let first = calls.call(&call(), Outcome::ToolError);
    for trigger in [Proactive, System, UserRequest, FollowUp] {
        let entry = calls.call(&call().trigger(trigger), Outcome::Cancelled);
        assert_eq!(said(&entry), (trigger, Declared, None));
        assert_eq!(entry.attribution.trigger, trigger);
    }
    let named = calls.call(&call().retry_of(&first.call_id), Outcome::Success);
    assert_eq!(said(&named), (Retry, Declared, Some(&*first.call_id)));
}

#[test]
fn an_interim_answer_is_continued_and_not_retried() {
    let calls = Conversation::new();
    let asked = calls.turn(1, "refund", json!({"n": 1}), Outcome::InputRequired);
    let answered = calls.turn(1, "refund", json!({"n": 1}), Outcome::Success);
    assert_eq!(said(&answered), (FollowUp, Inferred, None));
    assert_eq!(answered.continues, Some(asked.call_id));
}

#[test]
fn memory_for_conversations_is_bounded_and_keeps_the_newest() {
    let calls = Conversation::new();
    let of = |conversation: usize| {
        ToolCall::new("get_order", json!({}))
            .context(CallContext::new(format!("conv_{conversation}"), "usr_9").turn(1))
    };
    let end = |conversation| {
        drop(calls.recorder.start_call(&of(conversation)).finish(|said| {
            said.outcome(Outcome::ToolError);
        }));
    };
    (0..20_000).for_each(end);
    calls.sink.clear();
    let newest = calls.call(&of(19_999), Outcome::Success);
    assert_eq!(newest.call_trigger, Retry);
    let oldest = calls.call(&of(0), Outcome::Success);
    assert_eq!(said(&oldest), (UserRequest, Default, None));
}
