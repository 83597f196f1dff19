//! A prune that is killed, or whose disk fails, at each step of it.

mod log_support;
mod prune_support;

use std::io::ErrorKind;

use chrono::TimeDelta;
use log_support::faulty::{Act, Fault, Faulty};
use prune_support::{BEGIN, Calendar, add, call, options, twelve_calls, verdict_in_memory};
use tool_audit::log::verify::{LogReport, WarningKind};
use tool_audit::log::{LogWriter, MemoryStorage, Storage};
use tool_audit::retention::{PruneOptions, prune_log};

fn expired(calendar: &Calendar) -> MemoryStorage {
    let storage = MemoryStorage::new();
    let mut log = LogWriter::open(storage.clone(), options(calendar)).unwrap();
    twelve_calls(&mut log, calendar);
    calendar.advance(TimeDelta::days(31));
    add(&mut log, "tool_call", &call("new", calendar, 30));
    log.close().unwrap();
    storage
}

fn by(calendar: &Calendar) -> PruneOptions {
    PruneOptions::new("records manager").clock(std::sync::Arc::new(calendar.clone()))
}

fn is_unfinished(report: &LogReport) -> bool {
    let mut warnings = report.warnings.iter();
    warnings.any(|warning| warning.kind == WarningKind::PruneUnfinished)
}

/// What is left is intact, and one more opening and prune end where an undisturbed one does.
fn recovers(left: &MemoryStorage, calendar: &Calendar, step: &str) -> bool {
    let report = verdict_in_memory(left);
    assert_eq!(report.fault_count(), 0, "{step}: {report:?}");
    let was_unfinished = is_unfinished(&report);
    let mut log = LogWriter::open(left.clone(), options(calendar)).unwrap();
    assert!(!log.status().is_damaged(), "{step}");
    log.flush().unwrap();
    let opened = verdict_in_memory(left);
    assert_eq!(opened.fault_count(), 0, "{step}: {opened:?}");
    assert!(!is_unfinished(&opened), "{step}: the opening finishes it");
    prune_log(&mut log, None, &by(calendar)).unwrap();
    log.close().unwrap();
    let report = verdict_in_memory(left);
    assert_eq!(report.fault_count(), 0, "{step}: {report:?}");
    assert!(report.warnings.is_empty(), "{step}: {report:?}");
    assert_eq!(report.first_seq, Some(16), "{step}");
    was_unfinished
}

#[test]
fn a_prune_that_is_killed_at_any_step_leaves_a_log_that_verifies_and_is_finished_later() {
    let mut steps = 0;
    let mut unfinished = 0;
    for step in 0.. {
        let calendar = Calendar::at(BEGIN);
        let disk = Faulty::over(expired(&calendar).clone());
        let mut log = LogWriter::open(disk.clone(), options(&calendar)).unwrap();
        disk.script(move |number, _| {
            if number < step {
                Fault::None
            } else {
                Fault::Fail(ErrorKind::Other)
            }
        });
        let done = prune_log(&mut log, None, &by(&calendar)).is_ok();
        drop(log);
        let seen = format!("step {step}: {:?}", disk.acts().last());
        unfinished += u32::from(recovers(&disk.after_kill(), &calendar, &seen));
        let left = disk.after_power_loss(0);
        unfinished += u32::from(recovers(&left, &calendar, &seen));
        steps = step;
        if done && disk.acts().len() <= step {
            break;
        }
    }
    assert!(steps > 10, "{steps} steps");
    assert!(unfinished > 4, "{unfinished} unfinished");
}

#[test]
fn one_failure_at_any_step_of_a_prune_leaves_a_log_that_verifies_and_is_finished_by_its_writer() {
    for step in 0.. {
        let calendar = Calendar::at(BEGIN);
        let disk = Faulty::over(expired(&calendar).clone());
        let mut log = LogWriter::open(disk.clone(), options(&calendar)).unwrap();
        disk.script(move |number, _| {
            if number == step {
                Fault::Fail(ErrorKind::Other)
            } else {
                Fault::None
            }
        });
        let _ = prune_log(&mut log, None, &by(&calendar));
        let acts = disk.acts().len();
        disk.heal();
        assert!(!disk.misused(), "step {step}");
        log.look_after().unwrap();
        log.flush().unwrap();
        let report = verdict_in_memory(disk.memory());
        assert_eq!(report.fault_count(), 0, "step {step}: {report:?}");
        assert!(!is_unfinished(&report), "step {step}: {report:?}");
        prune_log(&mut log, None, &by(&calendar)).unwrap();
        add(&mut log, "tool_call", &call("after", &calendar, 30));
        log.close().unwrap();
        let report = verdict_in_memory(disk.memory());
        assert_eq!(report.fault_count(), 0, "step {step}: {report:?}");
        assert_eq!(report.first_seq, Some(16), "step {step}");
        if acts <= step {
            break;
        }
    }
}

#[test]
fn one_failure_at_any_step_of_a_prune_is_made_good_by_the_next_and_told_once() {
    for step in 0.. {
        let calendar = Calendar::at(BEGIN);
        let disk = Faulty::over(expired(&calendar).clone());
        let mut log = LogWriter::open(disk.clone(), options(&calendar)).unwrap();
        disk.script(move |number, _| {
            if number == step {
                Fault::Fail(ErrorKind::Other)
            } else {
                Fault::None
            }
        });
        let _ = prune_log(&mut log, None, &by(&calendar));
        let acts = disk.acts().len();
        disk.heal();
        // The second may find that the first one's record was not there to read.
        if prune_log(&mut log, None, &by(&calendar)).is_err() {
            prune_log(&mut log, None, &by(&calendar)).unwrap();
        }
        log.close().unwrap();
        let report = verdict_in_memory(disk.memory());
        assert_eq!(report.fault_count(), 0, "step {step}: {report:?}");
        assert_eq!(report.first_seq, Some(16), "step {step}");
        let lines = disk.memory().lines();
        let told = |line: &&Vec<u8>| {
            let line = std::str::from_utf8(line).unwrap();
            line.contains(r#""_kind":"segments_pruned""#)
        };
        let told: std::collections::BTreeSet<_> = lines.iter().filter(told).collect();
        assert_eq!(told.len(), 1, "step {step}");
        if acts <= step {
            break;
        }
    }
}

#[test]
fn a_writer_whose_clock_is_behind_the_one_that_plans_removes_nothing() {
    let calendar = Calendar::at(BEGIN);
    let storage = expired(&calendar);
    let behind = Calendar::at(BEGIN);
    let mut log = LogWriter::open(storage.clone(), options(&behind)).unwrap();
    let refused = prune_log(&mut log, None, &by(&calendar));
    let error = refused.unwrap_err().to_string();
    assert!(error.contains("the writer's clock is behind"), "{error}");
    assert_eq!(storage.segment_bytes()[0].0, 0);
}

#[test]
fn segments_go_oldest_first_and_behind_the_record_that_says_so() {
    let calendar = Calendar::at(BEGIN);
    let disk = Faulty::over(expired(&calendar));
    let mut log = LogWriter::open(disk.clone(), options(&calendar)).unwrap();
    disk.script(|_, _| Fault::None);
    prune_log(&mut log, None, &by(&calendar)).unwrap();
    let acts = disk.acts();
    let synced = acts.iter().position(|act| *act == Act::Sync).unwrap();
    // Torn bytes go before their segment, and each segment before the next one.
    let removals = acts
        .iter()
        .skip(synced)
        .skip_while(|act| **act != Act::Remove);
    let removals: Vec<Act> = removals.copied().collect();
    let one = [Act::Remove, Act::Remove, Act::SyncFolder];
    assert_eq!(removals, [one; 4].concat(), "{acts:?}");
    assert!(!acts[..synced].contains(&Act::Remove));
    assert!(disk.memory().clone().segments().unwrap()[0] > 0);
}
