//! That somebody saw the damage of a log stands in its store, and mends nothing.
#![cfg(unix)]

mod written_logs;

use std::fs;
use std::path::Path;

use serde_json::{Value, json};
use tool_audit::admin::{
    AdminError, DamageSeen, LogRead, acknowledge_damage, process_user, record_read,
};
use tool_audit::log::verify::{Report, VerifyOptions, verify};
use tool_audit::query::{Filter, scan};
use written_logs::{WrittenLog, call};

/// A store of which record 2 of the log `general` is damaged.
fn store(folder: &Path) -> WrittenLog {
    let mut log = WrittenLog::create(&folder.join("general"), 1);
    for number in 1..=4 {
        log.add("tool_call", &call("conv_1", "get_order", "success", number));
    }
    let text = fs::read_to_string(log.segment()).unwrap();
    fs::write(log.segment(), text.replacen("call-2", "call-9", 1)).unwrap();
    log
}

fn verdict(folder: &Path) -> Report {
    verify(folder, &VerifyOptions::new()).unwrap()
}

fn acknowledged(folder: &Path) -> Vec<Value> {
    scan(folder, &Filter::new().kind("damage_acknowledged"))
        .unwrap()
        .map(|record| serde_json::from_str(record.unwrap().line()).unwrap())
        .collect()
}

#[test]
fn who_saw_which_damage_stands_in_admin_and_the_verdict_stays() {
    let folder = tempfile::tempdir().unwrap();
    store(folder.path());
    let before = verdict(folder.path());
    let seen = DamageSeen::new("dpo", "the disk of alice@example.com failed", 2, 3).asserted();
    acknowledge_damage(&folder.path().join("general"), &seen).unwrap();
    let told = acknowledged(folder.path()).remove(0);
    for (member, expected) in [
        ("actor", json!("dpo")),
        ("actor_asserted", json!(true)),
        ("process_user", json!(process_user())),
        ("log", json!("01".repeat(16))),
        ("from_seq", json!(2)),
        ("through_seq", json!(3)),
    ] {
        assert_eq!(told[member], expected, "{member}");
    }
    let reason = told["reason"].as_str().unwrap();
    assert!(
        reason.starts_with("the disk of ") && !reason.contains("alice"),
        "{reason}"
    );
    let after = verdict(folder.path());
    assert!(!after.is_intact());
    let faults = |report: &Report| {
        let mut logs = report.logs.iter();
        let general = logs.find(|log| log.folder.ends_with("general")).unwrap();
        general.faults.clone()
    };
    assert_eq!(faults(&after), faults(&before));
    let counted: u64 = after.logs.iter().map(|log| log.damage_acknowledged).sum();
    assert_eq!(counted, 1);
}

#[test]
fn what_is_not_damaged_cannot_be_acknowledged() {
    let folder = tempfile::tempdir().unwrap();
    store(folder.path());
    let general = folder.path().join("general");
    for (from_seq, through_seq) in [(0, 1), (3, 9), (3, 2)] {
        let seen = DamageSeen::new("dpo", "lost", from_seq, through_seq);
        let refused = acknowledge_damage(&general, &seen);
        assert!(
            matches!(refused, Err(AdminError::NoDamage { .. })),
            "{from_seq} {through_seq} {refused:?}"
        );
    }
    WrittenLog::create(&folder.path().join("healthcare"), 2);
    let seen = DamageSeen::new("dpo", "lost", 2, 2);
    let refused = acknowledge_damage(folder.path(), &seen);
    assert!(
        matches!(refused, Err(AdminError::NotOneLog { .. })),
        "{refused:?}"
    );
    assert!(!folder.path().join("admin").exists());
}

#[test]
fn a_log_whose_first_record_is_damaged_stands_in_its_store_still() {
    let folder = tempfile::tempdir().unwrap();
    let log = store(folder.path());
    let general = folder.path().join("general");
    record_read(folder.path(), &LogRead::new("dpo", "query")).unwrap();
    let text = fs::read_to_string(log.segment()).unwrap();
    fs::write(log.segment(), text.replacen("{\"_hash", "x\"_hash", 1)).unwrap();
    // Its number cannot be read: it may be any.
    acknowledge_damage(&general, &DamageSeen::new("dpo", "lost", 0, 0)).unwrap();
    record_read(&general, &LogRead::new("dpo", "query")).unwrap();
    let reads = scan(folder.path(), &Filter::new().kind("log_read")).unwrap();
    assert_eq!((acknowledged(folder.path()).len(), reads.count()), (1, 2));
}
