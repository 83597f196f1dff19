//! Calls and answers of any kind, among them those that have gone wrong somewhere.
// Each test program uses its own part of it.
#![allow(dead_code, unreachable_pub)]

use proptest::collection::{btree_map, vec};
use proptest::option;
use proptest::prelude::*;
use serde_json::{Map, Value, json};
use tool_audit::{CallContext, CallTrigger, Emergency, Identity, IdentitySlot, ToolCall};

/// Stands nowhere but under names and in assignments that every sanitizer redacts.
pub const SECRET: &str = "hunter2";

/// Texts that have gone wrong somewhere.
const WORDS: &[&str] = &[
    "",
    "unknown",
    "user_role",
    "\"",
    "\\",
    "\\u0000",
    "\u{0}\u{1}\u{1f}\u{7f}",
    "\u{2028}\u{2029}",
    "\u{feff}",
    "\u{fffd}\u{ffff}",
    "𝄞",
    "a\nb\r\tc",
    "é\u{301}",
    "[REDACTED:x]",
    "null",
    "1e400",
    "</script>",
    "\u{202e}",
    "_hash",
];

pub fn hostile() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => prop::sample::select(WORDS).prop_map(str::to_owned),
        3 => any::<String>(),
        2 => "[a-z]{1,8}(_id)?",
        1 => (prop::sample::select(WORDS), 100..3000_usize).prop_map(|(word, times)| word.repeat(times)),
    ]
}

/// Texts that hold the secret in a way in which it is looked for.
const ASSIGNMENTS: &[&str] = &[
    "token=hunter2",
    "Authorization: Bearer hunter2",
    "{\"password\":\"hunter2\"}",
];

/// A text that is not a member's name.
pub fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        6 => hostile(),
        1 => prop::sample::select(ASSIGNMENTS).prop_map(str::to_owned),
    ]
}

pub fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        3 => Just(Value::Null),
        3 => any::<bool>().prop_map(Value::from),
        3 => any::<i64>().prop_map(Value::from),
        3 => any::<u64>().prop_map(Value::from),
        3 => any::<f64>().prop_map(Value::from),
        9 => text().prop_map(Value::from),
        1 => (1..400_000_usize).prop_map(|length| Value::from("\"".repeat(length))),
    ];
    leaf.prop_recursive(6, 64, 10, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..10).prop_map(Value::from),
            members(inner).prop_map(Value::from),
        ]
    })
}

/// Members with names of any kind, and one whose value is a secret.
fn members(value: impl Strategy<Value = Value>) -> impl Strategy<Value = Map<String, Value>> {
    (btree_map(hostile(), value, 0..10), any::<bool>()).prop_map(|(members, with_secret)| {
        let mut members: Map<String, Value> = members.into_iter().collect();
        if with_secret {
            members.insert("password".to_owned(), json!(SECRET));
        }
        members
    })
}

fn context() -> impl Strategy<Value = CallContext> {
    let names = (vec(option::of(text()), 10), any::<u64>());
    let lists = (vec(text(), 0..14), vec(text(), 0..20), vec(text(), 0..40));
    let emergency = option::of(vec(option::of(text()), 5));
    (names, lists, members(value()), emergency).prop_map(
        |((names, turn), lists, metadata, emergency)| {
            let mut context = CallContext::default().turn(turn);
            let mut names = names.into_iter();
            let mut next = || names.next().flatten();
            context.conversation_id = next();
            context.user_id = next();
            context.user_role = next();
            context.model = next();
            context.approved_by = next();
            context.rule = next();
            context.purpose = next();
            context.server = next();
            context.trace_id = next();
            context.span_id = next();
            (context.via, context.verified, context.subjects) = lists;
            context.session_metadata = metadata;
            context.emergency = emergency.map(|texts| {
                let mut texts = texts.into_iter();
                let mut next = || texts.next().flatten();
                let mut emergency = Emergency::default();
                emergency.reason = next();
                emergency.declared_by = next();
                emergency.scope = next();
                emergency.expires_at = next();
                emergency.urgency = next();
                emergency
            });
            context
        },
    )
}

pub fn tool_call() -> impl Strategy<Value = ToolCall> {
    let ids = vec(option::of(text()), 3);
    let trigger = option::of(prop::sample::select(&CallTrigger::ALL[..]));
    (
        text(),
        value(),
        context(),
        ids,
        trigger,
        option::of((text(), text())),
    )
        .prop_map(|(name, arguments, context, mut ids, trigger, identity)| {
            let mut call = ToolCall::new(name, arguments).context(context);
            call.trigger = trigger;
            call.tool_call_id = ids.pop().flatten();
            call.retry_of = ids.pop().flatten();
            call.continues = ids.pop().flatten();
            if let Some((user, role)) = identity {
                call.identity = IdentitySlot::new();
                call.identity.set(Identity::user(user).role(role));
            }
            call
        })
}
