//! Readings are recorded in a store's `admin`.
#![cfg(unix)]

mod written_logs;

use std::fs;
use std::path::Path;
use std::thread;

use serde_json::{Value, json};
use tool_audit::admin::{AdminError, LogRead, record_read};
use tool_audit::log::verify::{VerifyOptions, verify};
use tool_audit::query::{Filter, scan};
use tool_audit::sanitize::PseudonymKey;
use tool_audit::{AuditSink, EntryBuilder, HashChainSink, Sanitizer};
use written_logs::{WrittenLog, call};

fn store(folder: &Path) {
    let mut log = WrittenLog::create(&folder.join("general"), 1);
    log.add("tool_call", &call("conv_1", "get_order", "success", 1));
}

fn reads(store: &Path) -> Vec<Value> {
    scan(store, &Filter::new().kind("log_read"))
        .unwrap()
        .map(|record| serde_json::from_str(record.unwrap().line()).unwrap())
        .collect()
}

#[test]
fn a_reading_stands_in_admin_with_who_what_and_how_much() {
    let folder = tempfile::tempdir().unwrap();
    store(folder.path());
    let filter = json!({"users": ["usr_9"], "contains": ["password=hunter2"]});
    let read = LogRead::new("dpo", "query")
        .filter(filter)
        .records(3)
        .asserted();
    record_read(folder.path(), &read).unwrap();
    record_read(
        &folder.path().join("general"),
        &LogRead::new("root", "tail"),
    )
    .unwrap();
    let found = reads(folder.path());
    assert_eq!(found.len(), 2);
    assert_eq!(
        (
            &found[0]["actor"],
            &found[0]["actor_asserted"],
            &found[0]["verb"],
            &found[0]["records"]
        ),
        (&json!("dpo"), &json!(true), &json!("query"), &json!(3))
    );
    assert_eq!(found[0]["filter"]["users"], json!(["usr_9"]));
    assert!(!found[0].to_string().contains("hunter2"));
    assert_eq!(
        (&found[1]["actor_asserted"], found[1].get("records")),
        (&json!(false), None)
    );
    assert!(
        verify(folder.path(), &VerifyOptions::new())
            .unwrap()
            .is_intact()
    );
}

#[test]
fn a_reading_is_recorded_while_a_service_writes_and_others_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("audit");
    let sink = HashChainSink::open(&path).unwrap();
    let entry = EntryBuilder::new("get_order").build(&Sanitizer::default());
    drop(sink.record(&entry.as_entry()));
    let readers: Vec<_> = (0..4)
        .map(|number| {
            let path = path.clone();
            thread::spawn(move || {
                for _ in 0..5 {
                    record_read(&path, &LogRead::new(format!("reader_{number}"), "query")).unwrap();
                }
            })
        })
        .collect();
    for reader in readers {
        reader.join().unwrap();
    }
    drop(sink.record(&entry.as_entry()));
    assert_eq!(reads(&path).len(), 20);
    assert!(verify(&path, &VerifyOptions::new()).unwrap().is_intact());
}

#[test]
fn each_store_of_a_folder_gets_its_record_and_a_log_in_no_store_none() {
    let folder = tempfile::tempdir().unwrap();
    store(&folder.path().join("a"));
    store(&folder.path().join("b"));
    record_read(folder.path(), &LogRead::new("dpo", "query")).unwrap();
    for name in ["a", "b"] {
        assert_eq!(reads(&folder.path().join(name)).len(), 1);
    }
    let alone = folder.path().join("alone");
    WrittenLog::create(&alone, 7);
    let refused = record_read(&alone, &LogRead::new("dpo", "query"));
    assert!(matches!(refused, Err(AdminError::NoStore { .. })));
}

#[test]
fn a_store_whose_admin_cannot_be_written_gives_an_error() {
    let folder = tempfile::tempdir().unwrap();
    store(folder.path());
    fs::write(folder.path().join("admin"), b"in the way").unwrap();
    let failed = record_read(folder.path(), &LogRead::new("dpo", "query"));
    assert!(matches!(failed, Err(AdminError::Log(_))));
}

#[test]
fn whom_somebody_asked_for_stands_as_in_the_log_or_by_its_class_and_never_by_a_lost_key() {
    let folder = tempfile::tempdir().unwrap();
    store(folder.path());
    let asked = json!({
        "users": ["alice@example.com", "pn:email:eph:abcdefghijklmnopqrstuvwxyz"],
        "conversations": ["about alice@example.com"],
        "contains": ["Maria Lopez 1980-02-03", "x"],
    });
    record_read(
        folder.path(),
        &LogRead::new("dpo", "query").filter(asked.clone()),
    )
    .unwrap();
    let key = PseudonymKey::from_bytes("k1", &[7; 32]).unwrap();
    let sanitizer = Sanitizer::builder().pseudonym_key(key).build().unwrap();
    let pseudonym = sanitizer.pseudonym("email", "alice@example.com");
    let with_keys = LogRead::new("dpo", "query")
        .filter(asked)
        .sanitizer(sanitizer);
    record_read(folder.path(), &with_keys).unwrap();
    let found = reads(folder.path());
    assert_eq!(
        found[0]["filter"],
        json!({
            "users": ["[REDACTED:email]", "pn:email:eph:abcdefghijklmnopqrstuvwxyz"],
            "conversations": ["about [REDACTED:email]"],
            "contains": 2,
        })
    );
    assert_eq!(found[1]["filter"]["users"][0], json!(pseudonym));
}

#[test]
fn somebody_in_clear_stands_in_a_record_of_reading_only_where_the_logs_name_them_so() {
    let folder = tempfile::tempdir().unwrap();
    let mut log = WrittenLog::create(&folder.path().join("healthcare"), 1);
    let mut members = call("conv_1", "get_patient", "success", 1);
    members["subjects"] = json!(["P-7"]);
    log.add("tool_call", &members);
    let asked = json!({
        "subjects": ["P-7", "Maria Lopez", "pn:Maria Lopez", "Maria Lopez, maria@example.com"],
        "users": ["usr_9", "Jane Doe"],
        "tools": ["get_patient"],
    });
    let read = LogRead::new("dpo", "query").filter(asked);
    record_read(folder.path(), &read).unwrap();
    assert_eq!(
        reads(folder.path())[0]["filter"],
        json!({
            "subjects": ["P-7"],
            "users": ["usr_9"],
            "tools": ["get_patient"],
            "not_found": 4,
        })
    );
}
