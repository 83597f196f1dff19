//! Legal holds and reviews stand in a store's `admin`.
#![cfg(unix)]

mod prune_support;

use std::fs;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use prune_support::{BEGIN, Calendar, add, call, close, open};
use serde_json::{Value, json};
use tool_audit::admin::{
    AdminError, NewHold, Review, holds, record_review, release_hold, release_hold_asserted,
    set_hold,
};
use tool_audit::log::verify::{VerifyOptions, verify};
use tool_audit::query::{Filter, scan};
use tool_audit::retention::{Pin, PruneOptions, plan_prune};
use tool_audit::sanitize::{PseudonymKey, Sanitizer};

/// Two calls in segments of their own, long expired, and one of the day after.
fn store(folder: &Path, members: &[Value]) -> Calendar {
    let calendar = Calendar::at(BEGIN);
    let mut log = open(folder, &calendar);
    for (number, own) in members.iter().enumerate() {
        let mut record = call(&format!("c-{number}"), &calendar, 1);
        for (name, value) in own.as_object().unwrap() {
            record[name] = value.clone();
        }
        add(&mut log, "tool_call", &record);
        for filler in 0..4 {
            let mut record = call(&format!("f-{number}-{filler}"), &calendar, 1);
            record["conversation_id"] = json!("conv_filler");
            record["user_id"] = json!("usr_filler");
            record["tool_name"] = json!("fill");
            add(&mut log, "tool_call", &record);
        }
    }
    calendar.advance(chrono::TimeDelta::days(60));
    for number in 0..4 {
        add(
            &mut log,
            "tool_call",
            &call(&format!("new-{number}"), &calendar, 30),
        );
    }
    close(log);
    calendar
}

/// The records that the holds of a store cover, among those that would go.
fn covered(store: &Path, calendar: &Calendar) -> Vec<String> {
    let options = PruneOptions::new("records manager").clock(Arc::new(calendar.clone()));
    let report = plan_prune(store, &options).unwrap();
    let mut seqs: Vec<u64> = Vec::new();
    for segment in &report.logs[0].kept {
        for pin in &segment.pins {
            if let Pin::Hold { seq, .. } = pin {
                seqs.push(*seq);
            }
        }
    }
    let records = prune_support::records(store);
    let name = |seq: u64| {
        let record = &records[usize::try_from(seq).unwrap()];
        record["call_id"].as_str().unwrap_or("-").to_owned()
    };
    seqs.into_iter().map(name).collect()
}

fn released(store: &Path, hold_id: &str) {
    release_hold(store, hold_id, "dpo", "settled").unwrap();
}

#[test]
fn a_hold_covers_what_all_it_names_holds_of() {
    let folder = tempfile::tempdir().unwrap();
    let store_path = folder.path();
    let calendar = store(
        store_path,
        &[
            json!({"user_id": "usr_1", "tool_name": "refund_order"}),
            json!({"user_id": "usr_2", "conversation_id": "conv_2", "subjects": ["P-7"]}),
            json!({"user_id": "usr_1", "subjects": ["P-8"], "subjects_truncated": true}),
        ],
    );
    let hold = || NewHold::new("legal", "claim 4711");
    for (hold, expected) in [
        (hold().user("usr_1"), &["c-0", "c-2"][..]),
        (hold().user("usr_1").user("usr_2"), &["c-0", "c-1", "c-2"]),
        (hold().user("usr_1").tool("refund_*"), &["c-0"]),
        (hold().user("usr_2").tool("refund_*"), &[]),
        (hold().conversation("conv_2"), &["c-1"]),
        // Whoever was left out of a record's subjects may be the one.
        (hold().subject("P-7"), &["c-1", "c-2"]),
        (
            hold()
                .user("usr_1")
                .to("2025-07-06T14:23:00Z".parse().unwrap()),
            &["c-0", "c-2"],
        ),
        (
            hold()
                .user("usr_1")
                .to("2025-07-06T14:22:59Z".parse().unwrap()),
            &[],
        ),
        (
            hold()
                .user("usr_1")
                .from("2025-07-06T14:23:01Z".parse().unwrap()),
            &[],
        ),
    ] {
        let hold_id = set_hold(store_path, &hold).unwrap();
        assert_eq!(covered(store_path, &calendar), expected, "{hold:?}");
        released(store_path, &hold_id);
    }
    // Without anything named all is held, what the log says of itself too.
    let hold_id = set_hold(store_path, &hold()).unwrap();
    assert_eq!(covered(store_path, &calendar)[0], "-");
    released(store_path, &hold_id);
    assert!(covered(store_path, &calendar).is_empty());
}

#[test]
fn a_person_named_in_clear_is_held_by_the_pseudonyms_of_all_keys() {
    let folder = tempfile::tempdir().unwrap();
    let key = |id, byte| PseudonymKey::from_bytes(id, &[byte; 32]).unwrap();
    let old = Sanitizer::builder()
        .pseudonym_key(key("k2025", 7))
        .build()
        .unwrap();
    let now = Sanitizer::builder()
        .pseudonym_key(key("k2026", 8))
        .old_pseudonym_key(key("k2025", 7))
        .build()
        .unwrap();
    let pseudonym = |sanitizer: &Sanitizer| sanitizer.forms_of("mrn", "MRN-001234")[0].clone();
    let calendar = store(
        folder.path(),
        &[
            json!({"subjects": [pseudonym(&old)]}),
            json!({"subjects": [pseudonym(&now)]}),
            json!({"subjects": ["somebody else"]}),
        ],
    );
    let hold = NewHold::new("legal", "claim")
        .subject("MRN-001234")
        .sanitizer(now);
    set_hold(folder.path(), &hold).unwrap();
    assert_eq!(covered(folder.path(), &calendar), ["c-0", "c-1"]);
    let held = &holds(folder.path()).unwrap()[0];
    assert!(held.scope.subjects.len() >= 2, "{held:?}");
}

#[test]
fn a_name_that_would_stand_in_no_record_as_it_is_needs_the_keys() {
    let folder = tempfile::tempdir().unwrap();
    store(folder.path(), &[json!({})]);
    let hold = NewHold::new("legal", "claim").subject("anna@example.org");
    let refused = set_hold(folder.path(), &hold);
    assert!(
        matches!(refused, Err(AdminError::NotNameable { .. })),
        "{refused:?}"
    );
    assert!(holds(folder.path()).unwrap().is_empty());
    let keyed = Sanitizer::builder()
        .pseudonym_key(PseudonymKey::from_bytes("k2026", &[8; 32]).unwrap())
        .build()
        .unwrap();
    let hold = NewHold::new("legal", "claim of anna@example.org")
        .subject("anna@example.org")
        .sanitizer(keyed);
    set_hold(folder.path(), &hold).unwrap();
    let held = format!("{:?}", holds(folder.path()).unwrap());
    assert!(!held.contains("anna@"), "{held}");
}

#[test]
fn one_actor_sets_a_hold_and_another_releases_it() {
    let folder = tempfile::tempdir().unwrap();
    let store_path = folder.path();
    store(store_path, &[json!({})]);
    let hold = NewHold::new("legal", "claim").hold_id("matter-7");
    assert_eq!(set_hold(store_path, &hold).unwrap(), "matter-7");
    assert!(matches!(
        set_hold(store_path, &hold),
        Err(AdminError::HoldInForce { .. })
    ));
    let same = release_hold(store_path, "matter-7", "legal", "settled");
    assert!(matches!(same, Err(AdminError::SameActor { .. })));
    let same = release_hold_asserted(store_path, "matter-7", "legal", "settled");
    assert!(matches!(same, Err(AdminError::SameActor { .. })));
    assert_eq!(holds(store_path).unwrap().len(), 1);
    release_hold_asserted(store_path, "matter-7", "dpo", "settled").unwrap();
    assert!(holds(store_path).unwrap().is_empty());
    let unknown = release_hold(store_path, "matter-7", "dpo", "settled");
    assert!(matches!(unknown, Err(AdminError::NoHold { .. })));
    // Its name is free again.
    set_hold(store_path, &hold).unwrap();

    let kinds: Vec<(String, Value)> = scan(&store_path.join("admin"), &Filter::new())
        .unwrap()
        .map(|record| record.unwrap())
        .filter(|record| record.kind().starts_with("hold"))
        .map(|record| {
            let value = serde_json::from_str::<Value>(record.line()).unwrap();
            (record.kind().to_owned(), value["actor_asserted"].clone())
        })
        .collect();
    assert_eq!(
        kinds,
        [
            ("hold_set".to_owned(), json!(false)),
            ("hold_released".to_owned(), json!(true)),
            ("hold_set".to_owned(), json!(false)),
        ]
    );
    assert!(
        verify(store_path, &VerifyOptions::new())
            .unwrap()
            .is_intact()
    );
}

#[test]
fn a_review_names_calls_that_are_there_and_the_query_knows_it() {
    let folder = tempfile::tempdir().unwrap();
    let store_path = folder.path();
    let emergency = json!({"emergency": {"reason": "chest pain", "declared_by": "usr_9"}});
    store(store_path, &[emergency.clone(), emergency]);
    let unreviewed = || -> Vec<String> {
        scan(store_path, &Filter::new().unreviewed())
            .unwrap()
            .map(|record| record.unwrap().entry().unwrap().call_id)
            .collect()
    };
    assert_eq!(unreviewed(), ["c-0", "c-1"]);
    let review = Review::new("dpo", "the key was sk_live_4eC39HqLyjWDarjtT1zdp7dc");
    for refused in [review.clone(), review.clone().call("c-0").call("c-9")] {
        assert!(matches!(
            record_review(store_path, &refused),
            Err(AdminError::NoCall { .. })
        ));
    }
    assert_eq!(unreviewed(), ["c-0", "c-1"]);
    record_review(store_path, &review.call("c-0")).unwrap();
    assert_eq!(unreviewed(), ["c-1"]);
    let mut reviewed = scan(store_path, &Filter::new().kind("reviewed")).unwrap();
    let line = reviewed.next().unwrap().unwrap().line().to_owned();
    assert!(!line.contains("4eC39HqLyjWDarjtT1zdp7dc"), "{line}");
    assert!(reviewed.next().is_none());
}

#[test]
fn an_identifier_that_no_rule_knows_stands_in_a_hold_in_clear_only_where_a_call_has_it_so() {
    let key = PseudonymKey::from_bytes("k2026", &[8; 32]).unwrap();
    let sanitizer = Sanitizer::builder().pseudonym_key(key).build().unwrap();
    let pseudonym = sanitizer.forms_of("mrn", "Z991")[0].clone();
    assert!(pseudonym.starts_with("pn:mrn:"));
    for (older, in_clear) in [("Z991", true), ("somebody else", false)] {
        let folder = tempfile::tempdir().unwrap();
        let calendar = store(
            folder.path(),
            &[
                json!({"subjects": [pseudonym]}),
                json!({"subjects": [older]}),
            ],
        );
        let hold = NewHold::new("legal", "claim")
            .subject("Z991")
            .sanitizer(sanitizer.clone());
        set_hold(folder.path(), &hold).unwrap();
        let held = &holds(folder.path()).unwrap()[0].scope.subjects;
        assert_eq!(held.iter().any(|one| one == "Z991"), in_clear, "{held:?}");
        let expected = if in_clear {
            &["c-0", "c-1"][..]
        } else {
            &["c-0"]
        };
        assert_eq!(covered(folder.path(), &calendar), expected);
    }
}

#[test]
fn an_act_that_is_refused_leaves_nothing_in_admin() {
    let folder = tempfile::tempdir().unwrap();
    store(folder.path(), &[json!({})]);
    let hold = NewHold::new("legal", "claim").hold_id("matter-7");
    set_hold(folder.path(), &hold).unwrap();
    let segment = folder.path().join("admin/00000000000000000000.jsonl");
    let before = fs::read_to_string(&segment).unwrap();
    assert!(set_hold(folder.path(), &hold).is_err());
    assert!(release_hold(folder.path(), "matter-7", "legal", "settled").is_err());
    assert!(release_hold(folder.path(), "matter-8", "dpo", "settled").is_err());
    assert_eq!(fs::read_to_string(&segment).unwrap(), before);
    release_hold(folder.path(), "matter-7", "dpo", "settled").unwrap();
    let after = fs::read_to_string(&segment).unwrap();
    let added: Vec<&str> = after[before.len()..].lines().collect();
    assert_eq!(added.len(), 3, "{added:?}");
    assert!(added[0].contains(r#""_kind":"log_resumed""#) && added[0].contains(r#""clean":true"#));
}

#[test]
fn what_a_crash_tore_off_admin_is_told_also_by_an_act_that_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    store(folder.path(), &[json!({})]);
    let hold = NewHold::new("legal", "claim").hold_id("matter-7");
    set_hold(folder.path(), &hold).unwrap();
    let segment = folder.path().join("admin/00000000000000000000.jsonl");
    let mut torn = fs::File::options().append(true).open(&segment).unwrap();
    torn.write_all(b"{\"_hash\":\"77").unwrap();
    assert!(set_hold(folder.path(), &hold).is_err());
    let told = fs::read_to_string(&segment).unwrap();
    assert!(told.contains(r#""torn_bytes":12"#), "{told}");
    assert!(
        verify(folder.path(), &VerifyOptions::new())
            .unwrap()
            .is_intact()
    );
}
