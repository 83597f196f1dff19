//! What verifying a log costs, beside hashing the same bytes.
//!
//! ```text
//! cargo bench --bench verify                # 500,000 records, half a minute, 700 MB of disk and of memory
//! cargo bench --bench verify -- --quick     # 50,000 records
//! ```
//!
//! The log is written by the audit layer itself. Each measurement is a process of its own with one thread
//! at work, and what is compared is processor time, so that other work on the machine disturbs little;
//! rounds interleave them, and medians of the ratios within a round are shown. The yardstick hashes the
//! log's bytes, read before, as one stream: it reads no file and looks for no line.
#![allow(
    clippy::print_stdout,
    reason = "the results are for people at a terminal"
)]

mod workload;

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Read;
use std::path::Path;
use std::process::{Command, Stdio};

use sha2::{Digest, Sha256};
use tool_audit::Durability;
use tool_audit::log::verify::{VerifyOptions, verify};
use workload::audited::Audit;
use workload::contestant::{Contestant, make_call, run};
use workload::machine;

/// What is measured: the yardstick, the verifier in full, and without the byte rule.
const MEASUREMENTS: [(&str, &str); 3] = [
    ("hash", "sha2, one stream"),
    ("bytes", "verify, byte rule"),
    ("hashes", "verify, no byte rule"),
];

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let has = |flag: &str| arguments.iter().any(|argument| argument == flag);
    if let [.., flag, name, path] = arguments.as_slice()
        && flag == "--measure"
    {
        measure(name, Path::new(path));
    } else if !has("--bench") {
        println!("SKIPPED: run it with `cargo bench --bench verify`");
    } else if has("--quick") {
        compare(50_000, 3);
    } else {
        compare(500_000, 5);
    }
}

/// Measures one thing in this process, and prints processor seconds and the most memory held.
fn measure(name: &str, log: &Path) {
    let bytes = (name == "hash").then(|| read_all(log));
    let began = machine::cpu_time();
    match bytes {
        Some(bytes) => {
            std::hint::black_box(Sha256::digest(&bytes));
        }
        None => {
            let options = VerifyOptions::new().threads(1).byte_rule(name == "bytes");
            let report = verify(log, &options).expect("the log is there");
            assert!(report.is_intact(), "{report}");
        }
    }
    let taken = machine::cpu_time().saturating_sub(began);
    println!("{} {}", taken.as_secs_f64(), machine::peak_memory());
}

/// All segments of a log, one behind the other.
fn read_all(log: &Path) -> Vec<u8> {
    let mut segments: Vec<_> = fs::read_dir(log)
        .expect("the log is there")
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "jsonl")
        })
        .collect();
    segments.sort_unstable();
    let mut bytes = Vec::new();
    for segment in segments {
        let mut segment = File::open(segment).expect("a segment can be opened");
        segment
            .read_to_end(&mut bytes)
            .expect("a segment can be read");
    }
    bytes
}

fn compare(records: usize, rounds: usize) {
    let folder = machine::folder();
    let (small, large) = (folder.path().join("small"), folder.path().join("large"));
    write_log(&small, records / 10);
    write_log(&large, records);
    let log = large.join("audit/general");
    let bytes = read_all(&log).len();

    let mut seconds: BTreeMap<&str, Vec<f64>> = BTreeMap::new();
    let mut memory: BTreeMap<&str, u64> = BTreeMap::new();
    for _ in 0..rounds {
        for (name, _) in MEASUREMENTS {
            let (taken, peak) = measure_apart(name, &log);
            seconds.entry(name).or_default().push(taken);
            memory.insert(name, peak);
        }
    }
    let (_, peak_small) = measure_apart("bytes", &small.join("audit/general"));

    println!(
        "\n{records} records, {} bytes each; one thread; medians of {rounds} rounds.\n",
        bytes / records
    );
    println!(
        "{:<22} {:>12} {:>12} {:>10} {:>10}",
        "", "ns/record", "records/s", "MB/s", "of sha2"
    );
    for (name, title) in MEASUREMENTS {
        let taken = middle(seconds[name].clone());
        println!(
            "{title:<22} {:>12.0} {:>12.0} {:>10.0} {:>10.2}",
            taken / records as f64 * 1e9,
            records as f64 / taken,
            bytes as f64 / taken / 1e6,
            of_yardstick(&seconds, name),
        );
    }
    println!(
        "\nMost memory held by the verifier: {} KiB, and {peak_small} KiB for a tenth of the records.\n",
        memory["bytes"]
    );
    for (name, target) in [("bytes", 0.4), ("hashes", 0.7)] {
        let speed = of_yardstick(&seconds, name);
        let met = if speed >= target { "PASS" } else { "FAIL" };
        let title = MEASUREMENTS.iter().find(|(other, _)| *other == name);
        let title = title.map_or(name, |(_, title)| title);
        println!("{met}  {title}: {speed:.2} of hashing the same bytes (at least {target})");
    }
    // What a process holds moves by a few hundred KiB from run to run.
    let flat = memory["bytes"] < peak_small + 2048;
    println!(
        "{}  memory is the same whatever the size of the log",
        if flat { "PASS" } else { "FAIL" }
    );
}

fn write_log(folder: &Path, records: usize) {
    fs::create_dir(folder).expect("the bench's folder is ours");
    run(async {
        let audit = Audit::open(folder, Durability::Buffered);
        let mut service = audit.service();
        let template = workload::call();
        for _ in 0..records {
            make_call(&mut service, template.clone()).await;
        }
        audit.close().await;
    });
}

/// Processor seconds, and KiB at most.
fn measure_apart(name: &str, log: &Path) -> (f64, u64) {
    let output = Command::new(std::env::current_exe().expect("this program has a path"))
        .args(["--measure", name])
        .arg(log)
        .stderr(Stdio::inherit())
        .output()
        .expect("this program can start itself");
    assert!(output.status.success(), "measuring {name} failed");
    let text = String::from_utf8_lossy(&output.stdout);
    let (seconds, memory) = text.trim().split_once(' ').expect("two numbers");
    (
        seconds.parse().expect("a number"),
        memory.parse().expect("a number"),
    )
}

/// How fast something is, the yardstick being 1: the median of the ratios within each round.
fn of_yardstick(seconds: &BTreeMap<&str, Vec<f64>>, name: &str) -> f64 {
    let rounds = seconds["hash"].iter().zip(&seconds[name]);
    middle(rounds.map(|(yardstick, taken)| yardstick / taken).collect())
}

fn middle(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
