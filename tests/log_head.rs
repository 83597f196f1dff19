//! The head file, which shows a cut tail where the log alone does not.

mod log_support;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use log_support::faulty::{Act, Fault, Faulty};
use log_support::{HandClock, append, check, intact, options};
use tempfile::TempDir;
use tool_audit::log::verify::Head;
use tool_audit::log::{Damage, LogOptions, LogWriter, MemoryStorage};

struct Scene {
    _folder: TempDir,
    head: PathBuf,
    clock: HandClock,
}

impl Scene {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self {
            head: folder.path().join("general.head"),
            _folder: folder,
            clock: HandClock::new(),
        }
    }

    fn options(&self) -> LogOptions {
        let mut options = options();
        options.head = Some(self.head.clone());
        options.clock = Arc::new(self.clock.clone());
        options
    }

    fn open(&self, storage: &MemoryStorage) -> LogWriter<MemoryStorage> {
        LogWriter::open(storage.clone(), self.options()).unwrap()
    }

    fn seq(&self) -> Option<u64> {
        self.head
            .exists()
            .then(|| Head::read(&self.head).unwrap().seq)
    }
}

fn conflict(head: &Path) -> PathBuf {
    head.with_file_name("general.head.conflict")
}

#[test]
fn a_head_is_one_canonical_line_of_the_newest_record() {
    let (scene, storage) = (Scene::new(), MemoryStorage::new());
    let mut log = scene.open(&storage);
    append(&mut log, "c-1");
    log.close().unwrap();
    let (seq, hash) = log.status().last.unwrap();
    let expected = format!(
        "{{\"_hash\":\"{hash}\",\"_log\":\"{}\",\"_seq\":{seq}}}\n",
        log.status().log.unwrap()
    );
    assert_eq!(fs::read_to_string(&scene.head).unwrap(), expected);
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        assert_eq!(fs::metadata(&scene.head).unwrap().mode() & 0o777, 0o600);
    }
    assert_eq!(
        fs::read_dir(scene.head.parent().unwrap()).unwrap().count(),
        1
    );
}

#[test]
fn a_head_moves_on_once_a_second_and_never_ahead_of_what_is_synced() {
    let (scene, storage) = (Scene::new(), MemoryStorage::new());
    let disk = Faulty::over(storage.clone());
    let mut log = LogWriter::open(disk.clone(), scene.options()).unwrap();
    append(&mut log, "c-1");
    log.flush().unwrap();
    assert_eq!(scene.seq(), None);
    log.look_after().unwrap();
    assert_eq!(scene.seq(), Some(1));

    append(&mut log, "c-2");
    log.look_after().unwrap();
    assert_eq!(scene.seq(), Some(1));
    scene.clock.advance(Duration::from_secs(1));
    log.look_after().unwrap();
    assert_eq!(scene.seq(), Some(2));

    append(&mut log, "c-3");
    log.flush().unwrap();
    scene.clock.advance(Duration::from_secs(1));
    disk.script(|_, act| match act {
        Act::Sync => Fault::Fail(std::io::ErrorKind::Other),
        _ => Fault::None,
    });
    assert!(log.look_after().is_err());
    assert_eq!(scene.seq(), Some(2));
}

#[test]
fn a_head_is_written_when_a_segment_is_closed() {
    let (scene, storage) = (Scene::new(), MemoryStorage::new());
    let mut options = scene.options();
    options.segment_records = 10;
    let mut log = LogWriter::open(storage, options).unwrap();
    for number in 0..25 {
        append(&mut log, &format!("c-{number}"));
    }
    assert_eq!(scene.seq(), Some(20));
}

#[test]
fn a_log_cut_at_a_records_end_shows_by_its_head() {
    let (scene, storage) = (Scene::new(), MemoryStorage::new());
    let mut log = scene.open(&storage);
    for number in 0..10 {
        append(&mut log, &format!("c-{number}"));
    }
    log.close().unwrap();
    drop(log);
    let whole = storage.segment_bytes()[0].1.clone();
    let head = fs::read(&scene.head).unwrap();
    let ends: Vec<usize> = (0..whole.len()).filter(|at| whole[*at] == b'\n').collect();

    let cut = &whole[..=ends[6]];
    storage.set_segment(0, cut.to_vec());
    let mut log = scene.open(&storage);
    append(&mut log, "after");
    log.close().unwrap();
    assert_eq!(
        log.status().damage,
        [Damage::BelowHead {
            head_seq: 11,
            last_seq: Some(6),
            kept: conflict(&scene.head)
        }]
    );
    assert_eq!(fs::read(conflict(&scene.head)).unwrap(), head);
    assert_eq!(storage.segment_bytes()[0].1, cut);
    assert_eq!(storage.segment_bytes()[1].0, 7);
    // The new head is the writer's own again.
    assert_eq!(scene.seq(), log.status().last.map(|(seq, _)| seq));
    drop(log);
    assert!(!scene.open(&storage).status().is_damaged());
}

#[test]
fn a_torn_tail_above_the_head_is_cut_and_one_below_it_is_damage() {
    let scene = Scene::new();
    let storage = MemoryStorage::new();
    let mut log = scene.open(&storage);
    for number in 0..5 {
        append(&mut log, &format!("c-{number}"));
    }
    log.look_after().unwrap();
    append(&mut log, "c-5");
    log.flush().unwrap();
    drop(log);
    let whole = storage.segment_bytes()[0].1.clone();
    let head = fs::read(&scene.head).unwrap();
    let ends: Vec<usize> = (0..whole.len()).filter(|at| whole[*at] == b'\n').collect();
    for cut in ends[3] + 1..=whole.len() {
        let storage = MemoryStorage::new();
        storage.set_segment(0, whole[..cut].to_vec());
        fs::write(&scene.head, &head).unwrap();
        let log = scene.open(&storage);
        let below = cut <= ends[5];
        assert_eq!(log.status().is_damaged(), below, "cut at {cut}");
        if below {
            assert_eq!(storage.segment_bytes()[0].1, whole[..cut]);
            assert_eq!(storage.torn(), []);
        } else {
            intact(&storage);
        }
    }
}

#[test]
fn a_removed_log_shows_by_its_head() {
    let (scene, storage) = (Scene::new(), MemoryStorage::new());
    let mut log = scene.open(&storage);
    append(&mut log, "c-1");
    log.close().unwrap();
    let storage = MemoryStorage::new();
    let mut log = scene.open(&storage);
    append(&mut log, "c-2");
    log.close().unwrap();
    assert!(matches!(
        log.status().damage[..],
        [Damage::BelowHead {
            head_seq: 2,
            last_seq: None,
            ..
        }]
    ));
    assert!(conflict(&scene.head).exists());
}

#[test]
fn a_rewritten_log_and_a_forged_head_show() {
    let (scene, storage) = (Scene::new(), MemoryStorage::new());
    let mut log = scene.open(&storage);
    for number in 0..5 {
        append(&mut log, &format!("c-{number}"));
    }
    log.close().unwrap();
    drop(log);
    let good = fs::read_to_string(&scene.head).unwrap();

    let hash = Head::read(&scene.head).unwrap().hash.to_string();
    let forged = [
        good.replace(&hash, &"0".repeat(64)),
        good.replace("\"_seq\":6", "\"_seq\":3"),
        "{}\n".to_owned(),
        String::new(),
        format!(" {good}"),
    ];
    for (at, text) in forged.iter().enumerate() {
        fs::write(&scene.head, text).unwrap();
        let log = scene.open(&storage);
        assert!(
            matches!(log.status().damage[..], [Damage::HeadDiffers { .. }]),
            "{text}"
        );
        let kept = match at {
            0 => conflict(&scene.head),
            _ => scene
                .head
                .with_file_name(format!("general.head.conflict-{}", at + 1)),
        };
        assert_eq!(fs::read_to_string(kept).unwrap(), *text);
        drop(log);
        let _ = fs::remove_file(&scene.head);
    }

    // A log of the same length with other records.
    let other = MemoryStorage::new();
    fs::write(&scene.head, &good).unwrap();
    let mut options = options();
    options.clock = Arc::new(scene.clock.clone());
    let mut log = LogWriter::open(other.clone(), options).unwrap();
    for number in 0..9 {
        append(&mut log, &format!("c-{number}"));
    }
    log.close().unwrap();
    drop(log);
    assert!(scene.open(&other).status().is_damaged());
}

#[test]
fn a_head_of_a_record_in_an_earlier_segment_is_compared() {
    let scene = Scene::new();
    let storage = MemoryStorage::new();
    let mut small = options();
    small.segment_records = 4;
    let mut log = LogWriter::open(storage.clone(), small).unwrap();
    let mut heads = Vec::new();
    for number in 0..14 {
        append(&mut log, &format!("c-{number}"));
        let (seq, hash) = log.status().last.unwrap();
        let log = log.status().log.unwrap();
        heads.push(format!(
            "{{\"_hash\":\"{hash}\",\"_log\":\"{log}\",\"_seq\":{seq}}}\n"
        ));
    }
    log.close().unwrap();
    drop(log);
    for head in &heads {
        fs::write(&scene.head, head).unwrap();
        assert!(!scene.open(&storage).status().is_damaged(), "{head}");
    }
    fs::write(
        &scene.head,
        heads[2].replacen("\"_hash\":\"", "\"_hash\":\"0", 1),
    )
    .unwrap();
    assert!(scene.open(&storage).status().is_damaged());
    assert!(check(&storage.segment_bytes()).faults.is_empty());
}
