//! Disks that fail: nothing acknowledged is lost, and nothing lost is acknowledged.

mod log_support;

use std::io::ErrorKind;
use std::sync::LazyLock;

use log_support::faulty::{Act, Fault, Faulty};
use log_support::{Checked, append, check, intact, members, options, whole};
use proptest::prelude::*;
use tool_audit::log::{LogError, LogOptions, LogWriter, MemoryStorage, NewRecord};

fn small() -> LogOptions {
    let mut options = options();
    options.segment_records = 8;
    options
}

/// What a run was told is safe.
#[derive(Debug, Default)]
struct Acknowledged {
    flushed: Vec<String>,
    synced: Vec<String>,
}

/// Thirty calls over some segments, some synced, some only flushed; failures are passed over, as a caller
/// does whose policy lets calls go on.
fn run(storage: Faulty, name: &str) -> Result<Acknowledged, LogError> {
    let mut log = LogWriter::open(storage, small())?;
    let mut told = Acknowledged::default();
    let mut taken = Vec::new();
    let mut synced = 0;
    for number in 0..30 {
        let call = format!("{name}-{number}");
        let kind = if number % 3 == 0 {
            "tool_call_started"
        } else {
            "tool_call"
        };
        if log.append(kind, members(&call).as_bytes()).is_ok() {
            taken.push(call);
        }
        if log.flush().is_ok() {
            told.flushed.clone_from(&taken);
            if number % 4 == 0 && log.sync().is_ok() {
                synced = taken.len();
            }
        }
        if number % 10 == 9 {
            let _ = log.look_after();
        }
    }
    if log.close().is_ok() {
        synced = taken.len();
        told.flushed.clone_from(&taken);
    }
    told.synced = taken[..synced].to_vec();
    Ok(told)
}

fn holds(checked: &Checked, acknowledged: &[String]) -> bool {
    let there: Vec<&str> = checked
        .records
        .iter()
        .filter(|record| record["_kind"] == "tool_call" || record["_kind"] == "tool_call_started")
        .filter_map(|record| record["call_id"].as_str())
        .collect();
    acknowledged
        .iter()
        .all(|call| there.contains(&call.as_str()))
}

fn reopen(storage: &MemoryStorage) -> bool {
    let mut log = LogWriter::open(storage.clone(), small()).unwrap();
    append(&mut log, "after");
    log.close().unwrap();
    log.status().is_damaged()
}

/// Runs twice on one disk, the first time without a fault, the second time by `script`; then looks at what
/// a kill and what a power loss would leave.
fn survive(
    seen: &str,
    script: impl FnMut(usize, Act) -> Fault + Send + 'static,
) -> Option<Acknowledged> {
    let (segments, before) = first_run();
    let disk = disk_with(segments);
    disk.script(script);
    let told = run(disk.clone(), "second").ok();
    disk.heal();
    assert!(
        !disk.misused(),
        "{seen}: a handle was synced again after a failure"
    );

    let killed = disk.after_kill();
    assert!(!reopen(&killed), "{seen}: a false alarm");
    let checked = whole(&killed);
    assert!(holds(&checked, &before.synced), "{seen}");
    if let Some(told) = &told {
        assert!(
            holds(&checked, &told.flushed),
            "{seen}: a flushed record is lost"
        );
    }
    for spared in [0, 100] {
        let left = disk.after_power_loss(spared);
        reopen(&left);
        let checked = check(&left.segment_bytes());
        assert!(holds(&checked, &before.synced), "{seen}");
        if let Some(told) = &told {
            assert!(
                holds(&checked, &told.synced),
                "{seen}: a synced record is lost"
            );
        }
    }
    told
}

type Segments = Vec<(u64, Vec<u8>)>;

/// A log on which a run without a fault was made, and what that run was told.
fn first_run() -> &'static (Segments, Acknowledged) {
    static FIRST: LazyLock<(Segments, Acknowledged)> = LazyLock::new(|| {
        let memory = MemoryStorage::new();
        let told = run(Faulty::over(memory.clone()), "first").unwrap();
        (memory.segment_bytes(), told)
    });
    &FIRST
}

fn disk_with(segments: &[(u64, Vec<u8>)]) -> Faulty {
    let memory = MemoryStorage::new();
    for (first_seq, bytes) in segments {
        memory.set_segment(*first_seq, bytes.clone());
    }
    Faulty::over(memory)
}

/// What a second run without a fault does.
fn acts() -> Vec<Act> {
    let disk = disk_with(&first_run().0);
    disk.script(|_, _| Fault::None);
    run(disk.clone(), "second").unwrap();
    disk.acts()
}

#[test]
fn any_single_failure_loses_nothing_acknowledged() {
    let acts = acts();
    assert!(acts.len() > 100, "{}", acts.len());
    let mut went_on = 0;
    for (failing, act) in acts.iter().enumerate() {
        let mut kinds = vec![ErrorKind::Other];
        if matches!(act, Act::Write | Act::Read) {
            kinds.push(ErrorKind::Interrupted);
        }
        for kind in kinds {
            let script = move |number, _| match number == failing {
                true => Fault::Fail(kind),
                false => Fault::None,
            };
            let seen = format!("act {failing} ({act:?}) {kind}");
            went_on += usize::from(survive(&seen, script).is_some());
        }
    }
    assert!(
        went_on > acts.len() / 2,
        "most runs go on after one failure: {went_on}"
    );
}

#[test]
fn a_disk_that_works_only_so_long_loses_nothing_acknowledged() {
    for budget in 0..acts().len() {
        survive(&format!("budget {budget}"), move |number, _| {
            if number < budget {
                Fault::None
            } else {
                Fault::Fail(ErrorKind::Other)
            }
        });
    }
}

#[test]
fn a_disk_that_fails_at_every_other_act_loses_nothing_acknowledged() {
    for (every, shift) in [(2, 0), (2, 1), (3, 0), (5, 2), (7, 3)] {
        survive(&format!("every {every} from {shift}"), move |number, _| {
            if number % every == shift && number > 20 {
                Fault::Fail(ErrorKind::Other)
            } else {
                Fault::None
            }
        });
    }
}

/// One act of a run fails, and of the next write only the first `reaches` bytes are made.
fn failure_and_death(
    failing: usize,
    failure: Fault,
    reaches: usize,
) -> impl FnMut(usize, Act) -> Fault + Send + 'static {
    let mut is_dead = false;
    move |number, act| match act {
        _ if number < failing => Fault::None,
        _ if number == failing => failure,
        _ if is_dead => Fault::Fail(ErrorKind::Other),
        Act::Write => {
            is_dead = true;
            Fault::Short(reaches)
        }
        _ => Fault::None,
    }
}

#[test]
fn a_death_while_what_waits_is_written_again_loses_nothing_and_is_no_damage() {
    let acts = acts();
    let syncs = acts
        .iter()
        .enumerate()
        .filter(|(_, act)| **act == Act::Sync);
    for (failing, _) in syncs {
        for reaches in (0..2000).step_by(167) {
            survive(
                &format!("act {failing}, then death after {reaches} bytes"),
                failure_and_death(failing, Fault::Fail(ErrorKind::Other), reaches),
            );
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn failures_at_random_and_a_death_lose_nothing_acknowledged(
        rolls in proptest::collection::vec((0..12_u32, 0..900_usize), 20..200),
    ) {
        let death = rolls.len() - 1;
        survive(&format!("{rolls:?}"), move |number, act| match (rolls.get(number), act) {
            (None, _) => Fault::Fail(ErrorKind::Other),
            (Some((_, bytes)), Act::Write) if number == death => Fault::Short(*bytes),
            (Some((0, bytes)), Act::Write) if bytes % 2 == 0 => Fault::Short(bytes + 1),
            (Some((0, _)), _) => Fault::Fail(ErrorKind::Other),
            _ => Fault::None,
        });
    }
}

#[test]
fn a_death_after_a_write_that_left_something_is_no_damage() {
    for reaches in (0..1500).step_by(61) {
        let disk = Faulty::new();
        let mut log = LogWriter::open(disk.clone(), options()).unwrap();
        append(&mut log, "c-0");
        log.sync().unwrap();
        append(&mut log, "c-1");
        // The writer begins with the write.
        disk.script(failure_and_death(0, Fault::FailBehind(50), reaches));
        for _ in 0..2 {
            assert!(log.flush().is_err());
        }
        drop(log);

        let killed = disk.after_kill();
        assert!(!reopen(&killed), "{reaches}: a false alarm");
        let folder = tempfile::tempdir().unwrap();
        for (first_seq, bytes) in killed.segment_bytes() {
            let name = tool_audit::log::segment::name(first_seq);
            std::fs::write(folder.path().join(name), bytes).unwrap();
        }
        let report = tool_audit::log::verify::verify(folder.path(), &Default::default()).unwrap();
        assert!(report.is_intact(), "{reaches}: {report}");
    }
}

#[test]
fn writes_and_reads_that_stop_short_are_gone_on_with() {
    for bytes in [1, 3, 100, 333] {
        let told = survive(
            &format!("{bytes} bytes at a time"),
            move |_, act| match act {
                Act::Write => Fault::Short(bytes),
                Act::Read => Fault::Short(bytes + 99),
                _ => Fault::None,
            },
        );
        assert_eq!(told.unwrap().synced.len(), 30);
    }
}

#[test]
fn a_full_disk_keeps_what_waits_and_goes_on_when_there_is_room() {
    let disk = Faulty::new();
    let mut log = LogWriter::open(disk.clone(), options()).unwrap();
    append(&mut log, "c-0");
    log.sync().unwrap();
    append(&mut log, "c-1");
    // The disk takes 100 bytes more, then none.
    let mut first = true;
    disk.script(move |_, act| match act {
        Act::Write if std::mem::take(&mut first) => Fault::Short(100),
        Act::Write => Fault::Fail(ErrorKind::StorageFull),
        _ => Fault::None,
    });
    assert!(log.flush().is_err());
    assert!(log.status().last_error.unwrap().contains("writing"));

    // It takes in what it can hold and no more, and what it took it keeps.
    let filler = format!(r#""call_id":"x","filler":"{}""#, "y".repeat(10_000));
    let mut taken = 0;
    while log.append("tool_call", filler.as_bytes()).is_ok() {
        taken += 1;
        assert!(taken < 1000);
    }
    assert!(log.unflushed() <= 384 * 1024);
    assert!(log.append("tool_call", filler.as_bytes()).is_err());

    disk.heal();
    log.close().unwrap();
    assert!(!log.status().is_damaged());
    let checked = intact(disk.memory());
    assert_eq!(checked.calls().len(), taken + 2);
    assert_eq!(disk.memory().segment_bytes().len(), 1);
}

#[test]
fn what_a_failed_sync_leaves_open_goes_byte_for_byte_to_a_new_segment() {
    let disk = Faulty::new();
    let mut log = LogWriter::open(disk.clone(), options()).unwrap();
    append(&mut log, "c-0");
    log.sync().unwrap();
    for call in ["c-1", "c-2"] {
        append(&mut log, call);
    }
    log.flush().unwrap();
    let mut first = true;
    disk.script(move |_, act| match act {
        Act::Sync if std::mem::take(&mut first) => Fault::Fail(ErrorKind::Other),
        _ => Fault::None,
    });
    log.sync().unwrap();
    append(&mut log, "c-3");
    log.sync().unwrap();

    let checked = intact(disk.memory());
    assert_eq!(checked.superseded, 2);
    assert_eq!(
        checked.kinds(),
        [
            "log_created",
            "tool_call",
            "tool_call",
            "tool_call",
            "segment_opened",
            "tool_call"
        ]
    );
    let segments = disk.memory().segment_bytes();
    assert_eq!(
        segments.iter().map(|(name, _)| *name).collect::<Vec<_>>(),
        [0, 2]
    );
    assert!(!disk.misused());

    // The pages of the old segment are dropped: all that was acknowledged is in the new one.
    let left = disk.after_power_loss(0);
    append(
        &mut LogWriter::open(left.clone(), options()).unwrap(),
        "after",
    );
    assert_eq!(intact(&left).calls(), ["c-0", "c-1", "c-2", "c-3"]);
}

#[test]
fn a_disk_that_never_syncs_acknowledges_nothing_and_leaves_no_litter() {
    let disk = Faulty::new();
    let mut log = LogWriter::open(disk.clone(), options()).unwrap();
    append(&mut log, "c-0");
    log.sync().unwrap();
    let durable = log.status().durable;
    disk.script(|_, act| match act {
        Act::Sync => Fault::Fail(ErrorKind::Other),
        _ => Fault::None,
    });
    append(&mut log, "c-1");
    for _ in 0..20 {
        assert!(log.sync().is_err());
        assert_eq!(log.status().durable, durable);
    }
    assert_eq!(disk.memory().segment_bytes().len(), 1);
    disk.heal();
    append(&mut log, "c-2");
    log.sync().unwrap();
    assert_eq!(intact(disk.memory()).calls(), ["c-0", "c-1", "c-2"]);
    assert_eq!(disk.memory().segment_bytes().len(), 2);
}

#[test]
fn many_records_that_wait_for_a_sync_are_synced_before_they_are_too_many() {
    let disk = Faulty::new();
    let mut log = LogWriter::open(disk.clone(), options()).unwrap();
    append(&mut log, "c-0");
    log.sync().unwrap();
    disk.script(|_, _| Fault::None);
    let filler = format!(r#""call_id":"x","filler":"{}""#, "y".repeat(10_000));
    for _ in 0..200 {
        log.append("tool_call", filler.as_bytes()).unwrap();
    }
    let syncs = |disk: &Faulty| disk.acts().iter().filter(|act| **act == Act::Sync).count();
    assert!(syncs(&disk) >= 2);
    // Records that nobody waits for are not kept, so nothing has to be synced for them.
    log.sync().unwrap();
    disk.script(|_, _| Fault::None);
    for _ in 0..200 {
        let record = NewRecord::new("tool_call", filler.as_bytes()).unawaited();
        log.append_record(&record).unwrap();
    }
    assert_eq!(syncs(&disk), 0);
}

#[test]
fn a_segment_that_cannot_be_begun_leaves_the_writer_in_the_old_one() {
    let disk = Faulty::new();
    let mut log = LogWriter::open(disk.clone(), small()).unwrap();
    append(&mut log, "c-0");
    log.sync().unwrap();
    disk.script(|_, act| match act {
        Act::Create => Fault::Fail(ErrorKind::Other),
        _ => Fault::None,
    });
    for number in 1..50 {
        append(&mut log, &format!("c-{number}"));
        log.sync().unwrap();
    }
    assert_eq!(disk.memory().segment_bytes().len(), 1);
    assert!(log.status().last_error.unwrap().contains("creating"));
    log.close().unwrap();
    assert_eq!(intact(disk.memory()).calls().len(), 50);
}

#[test]
fn a_failed_write_that_left_something_is_not_written_behind() {
    let disk = Faulty::new();
    let mut log = LogWriter::open(disk.clone(), options()).unwrap();
    append(&mut log, "c-0");
    log.sync().unwrap();
    append(&mut log, "c-1");
    let mut first = true;
    disk.script(move |_, act| match act {
        Act::Write if std::mem::take(&mut first) => Fault::FailBehind(50),
        _ => Fault::None,
    });
    assert!(log.flush().is_err());
    append(&mut log, "c-2");
    log.close().unwrap();
    assert!(log.status().is_damaged());
    let segments = disk.memory().segment_bytes();
    assert!(!segments[0].1.ends_with(b"\n"));
    let checked = check(&segments);
    assert_eq!(checked.faults, ["segment 0 line 2: unfinished"]);
    assert_eq!(checked.calls(), ["c-0", "c-1", "c-2"]);
}

#[test]
fn a_new_segment_that_could_be_neither_synced_nor_removed_is_begun_again() {
    let disk = Faulty::new();
    let mut log = LogWriter::open(disk.clone(), options()).unwrap();
    append(&mut log, "c-0");
    log.sync().unwrap();
    append(&mut log, "c-1");
    disk.script(|_, act| match act {
        Act::Sync | Act::Remove => Fault::Fail(ErrorKind::Other),
        _ => Fault::None,
    });
    for _ in 0..3 {
        assert!(log.sync().is_err());
    }
    disk.heal();
    log.close().unwrap();
    assert!(!disk.misused());
    let checked = intact(disk.memory());
    assert_eq!(
        (checked.calls(), checked.superseded),
        (vec!["c-0", "c-1"], 1)
    );
}

#[test]
fn a_segment_that_a_restart_cannot_sync_is_not_gone_on_in() {
    let disk = disk_with(&first_run().0);
    let mut log = LogWriter::open(disk.clone(), options()).unwrap();
    append(&mut log, "c-1");
    log.flush().unwrap();
    drop(log);
    let before = disk.memory().segment_bytes().len();
    let mut first = true;
    disk.script(move |_, act| match act {
        Act::Sync if std::mem::take(&mut first) => Fault::Fail(ErrorKind::Other),
        _ => Fault::None,
    });
    let mut log = LogWriter::open(disk.clone(), options()).unwrap();
    append(&mut log, "c-2");
    log.close().unwrap();
    assert!(!disk.misused());
    assert_eq!(disk.memory().segment_bytes().len(), before + 1);
    // Nothing at all was written to the old one, so nothing had to be written twice.
    assert_eq!(intact(disk.memory()).superseded, 0);
}

#[test]
fn what_is_on_the_disk_is_released_piece_after_piece_and_nothing_else() {
    for keeps in [false, true] {
        let disk = Faulty::new();
        let mut options = options();
        options.segment_bytes = 6 * 1024 * 1024;
        options.page_cache = keeps;
        let mut log = LogWriter::open(disk.clone(), options).unwrap();
        let filler = "x".repeat(9_000);
        for number in 0..1_000 {
            let members = format!(r#""call_id":"c-{number}","filler":"{filler}""#);
            let record = NewRecord::new("tool_call", members.as_bytes());
            log.append_record(&record.unawaited()).unwrap();
            if number % 50 == 49 {
                log.sync().unwrap();
            }
        }
        log.close().unwrap();
        assert!(!disk.misused());
        assert_eq!(intact(disk.memory()).calls().len(), 1_000);
        let released = disk.released();
        if keeps {
            assert_eq!(released, []);
            continue;
        }
        for (name, bytes) in disk.memory().segment_bytes() {
            let mut end = 0;
            for (_, range) in released.iter().filter(|(segment, _)| *segment == name) {
                assert_eq!(range.start, end, "nothing is released twice or left out");
                assert!(range.end - range.start >= 1024 * 1024, "{range:?}");
                end = range.end;
            }
            let left = bytes.len() as u64 - end;
            assert!(left < 1024 * 1024 + 64 * 1024, "{left} bytes are kept");
        }
    }
}

#[test]
fn what_piles_up_is_sent_to_the_disk_before_it_is_synced() {
    let disk = Faulty::new();
    let mut log = LogWriter::open(disk.clone(), options()).unwrap();
    let filler = "x".repeat(9_000);
    for number in 0..2_000 {
        let members = format!(r#""call_id":"c-{number}","filler":"{filler}""#);
        let record = NewRecord::new("tool_call", members.as_bytes());
        log.append_record(&record.unawaited()).unwrap();
        if number % 10 == 9 {
            log.flush().unwrap();
        }
    }
    let sent = disk.sent();
    let mut end = sent.first().expect("something was sent").1.start;
    for (name, range) in &sent {
        assert_eq!(
            (*name, range.start),
            (0, end),
            "nothing is sent twice or left out"
        );
        assert!(
            range.end - range.start >= 4 * 1024 * 1024 - 64 * 1024,
            "{range:?}"
        );
        end = range.end;
    }
    // Nothing was synced meanwhile but the segment's birth.
    assert_eq!(
        disk.acts().iter().filter(|act| **act == Act::Sync).count(),
        1
    );
    assert_eq!(disk.released(), []);
    assert!(end > 12 * 1024 * 1024, "{end}");
    log.close().unwrap();
    assert_eq!(intact(disk.memory()).calls().len(), 2_000);
}
