//! A thread uses a call's buffer for its next one: nothing of the one call may come into the record of the other.

mod common;

use std::sync::{Arc, Mutex};
use std::thread;

use serde_json::{Value, json};
use tool_audit::{
    AuditSink, CallTrigger, Durability, Emergency, Identity, IdentitySlot, Outcome, Policy,
    Recorder, Results, RetentionClass, SanitizedEntry, Sanitizer, Ticket, ToolEffect,
};

use common::StandingClock;

/// Keeps what it is given: each call's id, and what sinks route by with the record.
#[derive(Clone, Default)]
struct Kept(Arc<Mutex<Vec<(String, String)>>>);

impl AuditSink for Kept {
    fn record(&self, entry: &SanitizedEntry<'_>) -> Ticket {
        let head = entry.head();
        let text = format!("{head:?} {}", entry.as_json());
        self.0.lock().unwrap().push((head.call_id.to_owned(), text));
        Ticket::DONE
    }
}

fn recorder(sink: &Kept) -> Recorder {
    let healthcare = RetentionClass::healthcare().tools(["get_patient"]);
    let policy = Policy::new()
        .class(healthcare)
        .tool_durability("get_patient", Durability::Flushed)
        .results(Results::Preview);
    let sanitizer = Sanitizer::builder()
        .for_tool("get_patient", |rules| rules.redact_key("status"))
        .build()
        .unwrap();
    Recorder::builder(sink.clone())
        .policy(policy)
        .sanitizer(sanitizer)
        .clock(StandingClock::at(1_751_811_781_456_789))
        .build()
}

/// A call that says all that can be said, in no more bytes than a thread keeps a buffer of.
fn say_everything(recorder: &Recorder) {
    let identity = IdentitySlot::new();
    identity.set(Identity::user("dr_9").role("physician"));
    let agents = vec!["planner".to_owned(); 20];
    let mut recording = recorder.start(|call| {
        call.tool_name("get_patient")
            .arguments(&json!({"patient_id": "P-7", "password": "hunter22"}))
            .conversation_id("night_1")
            .turn_number(2)
            .user_id("usr_9")
            .user_role("nurse")
            .model("gpt-4.1")
            .approved_by("dr_1")
            .rule("triage")
            .purpose("treatment")
            .server("ehr-1")
            .trace_id("0af7651916cd43dd8448eb211c80319c")
            .span_id("b7ad6b7169203331")
            .tool_call_id("call_77")
            .retry_of("theirs-1")
            .continues("theirs-2")
            .trigger(CallTrigger::Retry)
            .effect(ToolEffect::Destructive)
            .via(&agents)
            .verified(&agents)
            .emergency(&Emergency::new("cardiac arrest", "dr_9"))
            .identity(&identity)
            .arguments_come_later()
            .arguments_are_cut();
        for number in 0..40 {
            call.metadata(&format!("member {number}"), &json!("y".repeat(600)));
        }
        for number in 0..1100 {
            call.subject(&format!("P-{number}"));
        }
    });
    recording.begin();
    drop(recording.finish(|outcome| {
        let rows: Vec<Value> = (0..300).map(|id| json!({"order_id": id})).collect();
        outcome
            .result(&json!({"status": "open", "id": 7, "rows": rows}))
            .outcome(Outcome::ToolError)
            .error_type("locked")
            .error("the chart is locked");
    }));
}

/// Calls of one conversation that end so, each the same as the one before.
fn say_again(recorder: &Recorder, outcomes: &[Outcome]) {
    for outcome in outcomes {
        let recording = recorder.start(|call| {
            call.tool_name("get_order")
                .conversation_id("conv_1")
                .turn_number(1)
                .arguments(&json!({"order_id": "O-1"}));
        });
        drop(recording.finish(|said| {
            said.outcome(*outcome);
        }));
    }
}

fn repeat(recorder: &Recorder) {
    say_again(recorder, &[Outcome::ServiceError, Outcome::ServiceError]);
}

fn go_on(recorder: &Recorder) {
    say_again(recorder, &[Outcome::InputRequired, Outcome::Success]);
}

/// Calls that say little, each in another way.
const LITTLE: [fn(&Recorder); 9] = [
    |recorder| drop(recorder.start(|_| {})),
    |recorder| drop(recorder.start(|_| {}).finish(|_| {})),
    |recorder| {
        let answer = json!({"status": "open", "order_id": "hunter22"});
        drop(recorder.start(|_| {}).success(&answer));
    },
    |recorder| {
        drop(recorder.start(|call| {
            call.arguments_come_later().effect(ToolEffect::Destructive);
        }));
    },
    |recorder| {
        let recording = recorder.start(|call| {
            call.metadata("note", &json!("z".repeat(8000)));
        });
        drop(recording.finish(|_| {}));
    },
    |recorder| {
        let recording = recorder.start(|call| {
            call.subject("P-7");
        });
        drop(recording.finish(|_| {}));
    },
    deny_of_a_turn,
    // Now it is a retry.
    deny_of_a_turn,
    deny_of_a_turn,
];

fn deny_of_a_turn(recorder: &Recorder) {
    let recording = recorder.start(|call| {
        call.tool_name("lock")
            .conversation_id("day_2")
            .turn_number(7)
            .effect(ToolEffect::Destructive);
    });
    drop(recording.denied("not today"));
}

/// What a recorder leaves of calls that say little, and how much it redacted in them. Before the call of each number
/// those of `before` are made on the same thread; without them each has a thread of its own.
fn recorded_after(before: Option<&[fn(&Recorder)]>) -> (Vec<String>, u64) {
    let sink = Kept::default();
    let recorder = recorder(&sink);
    let mut redactions = 0;
    let mut kept = Vec::new();
    for (number, little) in LITTLE.into_iter().enumerate() {
        if let Some(before) = before {
            before[number % before.len()](&recorder);
        }
        let had = (sink.0.lock().unwrap().len(), recorder.stats().redactions);
        match before {
            Some(_) => little(&recorder),
            None => thread::scope(|scope| scope.spawn(|| little(&recorder)).join().unwrap()),
        }
        kept.extend(sink.0.lock().unwrap().split_off(had.0));
        redactions += recorder.stats().redactions - had.1;
    }
    let with_numbers = |(_, text): &(String, String)| {
        let ids = kept.iter().enumerate();
        ids.fold(text.clone(), |text, (number, (id, _))| {
            text.replace(&format!("\"{id}\""), &format!("\"call {number}\""))
        })
    };
    (kept.iter().map(with_numbers).collect(), redactions)
}

#[test]
fn a_call_leaves_nothing_in_the_records_of_those_after_it() {
    let (alone, redactions) = recorded_after(None);
    assert_eq!(alone.len(), LITTLE.len() + 4);
    let last = alone.last().unwrap();
    assert!(last.contains(r#""retry_of":"call "#), "{last}");
    let everything: fn(&Recorder) = say_everything;
    for before in [
        [everything, everything],
        [repeat, repeat],
        [go_on, go_on],
        [everything, repeat],
    ] {
        let (recorded, redacted) = recorded_after(Some(&before));
        for (recorded, alone) in recorded.iter().zip(&alone) {
            assert_eq!(recorded, alone);
        }
        assert_eq!((recorded.len(), redacted), (alone.len(), redactions));
    }
}
