//! What the audit layer costs a call, beside the pipeline that an application would log its calls with.
//!
//! ```text
//! cargo bench --bench overhead                # about two minutes
//! cargo bench --bench overhead -- --quick     # under a minute, coarser
//! ```
//!
//! Every measurement is a process of its own, so that the processor time of all its threads can be told;
//! rounds interleave them, ratios are taken within a round, and medians over the rounds are shown. Within
//! a process the bare tool and the contestant take turns, and what is shown is added over the bare tool.
//! Other work on the machine disturbs the latencies more than the ratios.
//!
//! To see where the time of one contestant goes, run the bench's program alone:
//!
//! ```text
//! valgrind --tool=callgrind target/release/deps/overhead-… --alone buffered 1200
//! ```
#![allow(
    clippy::print_stdout,
    reason = "the results are for people at a terminal"
)]

mod workload;

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use tokio::task::LocalSet;
use tool_audit::Durability;
use workload::audited::Audit;
use workload::contestant::{Bare, Contestant, make_call, run};
use workload::machine;
use workload::pipeline::Pipeline;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let has = |flag: &str| arguments.iter().any(|argument| argument == flag);
    let value_of = |flag: &str| {
        let at = arguments.iter().position(|argument| argument == flag)?;
        arguments.get(at + 1).map(String::as_str)
    };
    let scale = if has("--quick") {
        Scale::QUICK
    } else {
        Scale::FULL
    };
    if let Some(name) = value_of("--measure") {
        measure(name, &scale);
    } else if let Some(name) = value_of("--alone") {
        let calls = arguments.last().and_then(|calls| calls.parse().ok());
        alone(name, calls.unwrap_or(1_000));
    } else if has("--bench") {
        compare(&scale);
    } else {
        println!("SKIPPED: run it with `cargo bench --bench overhead`");
    }
}

/// How long everything is measured.
struct Scale {
    rounds: usize,
    /// Calls that are paced, in blocks that alternate with the bare tool.
    blocks: usize,
    block: usize,
    /// Calls one after the other, as fast as it goes.
    flood: u64,
    /// Calls that wait until they are flushed or synced.
    flushed: usize,
    synced: usize,
    /// Calls from many callers at once, each of which waits until it is synced.
    crowd: u64,
}

impl Scale {
    const FULL: Self = Self {
        rounds: 5,
        blocks: 20,
        block: 1_000,
        flood: 200_000,
        flushed: 3_000,
        synced: 400,
        crowd: 30_000,
    };
    const QUICK: Self = Self {
        rounds: 3,
        blocks: 8,
        block: 500,
        flood: 50_000,
        flushed: 1_000,
        synced: 100,
        crowd: 5_000,
    };
}

/// A call each so many microseconds: the tool is in the caches and what works in the background keeps up.
const PACE: Duration = Duration::from_micros(20);

/// So long nothing happens before a call that finds the writer's thread asleep, and its core.
const REST: Duration = Duration::from_millis(1);

/// Synced calls, and bare syncs, that follow each other at the pace of all calls before it is the other's turn.
const SYNCED_BLOCK: usize = 20;

/// Callers at once, where calls share one write or sync.
const CROWD: u64 = 64;

/// A line whose bare sync is measured, as long as the record of a call.
const LINE: [u8; 1318] = [b'x'; 1318];

// ---- one measurement, in a process of its own ----

fn measure(name: &str, scale: &Scale) {
    let folder = machine::folder();
    let figures = match name {
        "pipeline" => run(async {
            let pipeline = Pipeline::install(folder.path());
            cost(&pipeline, scale).await
        }),
        "buffered" => run(async {
            let audit = Audit::open(folder.path(), Durability::Buffered);
            let figures = cost(&audit, scale).await;
            audit.close().await;
            figures
        }),
        "flushed" => run(async {
            let audit = Audit::open(folder.path(), Durability::Flushed);
            let figures = flushed(&audit, scale).await;
            audit.close().await;
            figures
        }),
        "synced" => run(async {
            let audit = Audit::open(folder.path(), Durability::Synced);
            let figures = synced(&audit, folder.path(), scale).await;
            audit.close().await;
            figures
        }),
        other => panic!("no measurement is named {other}"),
    };
    for (figure, value) in figures {
        println!("{figure}={value}");
    }
}

type Figures = Vec<(&'static str, f64)>;

/// Latency of paced calls, then processor time and speed of calls as fast as they go.
async fn cost<C: Contestant>(contestant: &C, scale: &Scale) -> Figures {
    let (mut bare, mut added) = (Vec::new(), Vec::new());
    // The first turn warms up, and is forgotten.
    for turn in 0..=scale.blocks {
        if turn == 1 {
            bare.clear();
            added.clear();
        }
        paced(&Bare, scale.block, PACE, &mut bare).await;
        paced(contestant, scale.block, PACE, &mut added).await;
    }
    let before = flood(&Bare, scale.flood).await;
    let after = flood(contestant, scale.flood).await;
    vec![
        ("bare p50", quantile(&mut bare, 0.5)),
        ("p50", quantile(&mut added, 0.5) - quantile(&mut bare, 0.5)),
        (
            "p99",
            quantile(&mut added, 0.99) - quantile(&mut bare, 0.99),
        ),
        ("cpu", after.cpu_each - before.cpu_each),
        ("rate", after.rate),
        ("memory", machine::peak_memory() as f64),
    ]
}

async fn flushed<C: Contestant>(contestant: &C, scale: &Scale) -> Figures {
    let (mut bare, mut added) = (Vec::new(), Vec::new());
    paced(&Bare, scale.flushed, PACE, &mut bare).await;
    paced(contestant, scale.flushed, PACE, &mut added).await;
    vec![
        ("p50", quantile(&mut added, 0.5) - quantile(&mut bare, 0.5)),
        (
            "p99",
            quantile(&mut added, 0.99) - quantile(&mut bare, 0.99),
        ),
        ("rate", crowd(contestant, scale.crowd * 4).await),
    ]
}

/// Synced calls take turns with the bare sync of a line of the same length, at the same pace and in the
/// same folder: in blocks, and each by itself after a rest.
async fn synced<C: Contestant>(contestant: &C, folder: &Path, scale: &Scale) -> Figures {
    let mut yardstick = Yardstick::in_folder(folder);
    let (mut added, mut bare) = (Vec::new(), Vec::new());
    for _ in 0..scale.synced / SYNCED_BLOCK {
        paced(contestant, SYNCED_BLOCK, PACE, &mut added).await;
        yardstick.paced(SYNCED_BLOCK, PACE, &mut bare);
    }
    let (mut rested, mut bare_rested) = (Vec::new(), Vec::new());
    for _ in 0..scale.synced / 2 {
        paced(contestant, 1, REST, &mut rested).await;
        yardstick.paced(1, REST, &mut bare_rested);
    }
    vec![
        ("p50", quantile(&mut added, 0.5)),
        ("p99", quantile(&mut added, 0.99)),
        ("fdatasync", quantile(&mut bare, 0.5)),
        ("rested p50", quantile(&mut rested, 0.5)),
        ("rested p99", quantile(&mut rested, 0.99)),
        ("rested fdatasync", quantile(&mut bare_rested, 0.5)),
        ("rate", crowd(contestant, scale.crowd).await),
    ]
}

/// A file that lines are appended to and synced, by nobody but this thread.
struct Yardstick(File);

impl Yardstick {
    fn in_folder(folder: &Path) -> Self {
        Self(File::create(folder.join("yardstick")).expect("the bench's folder is ours"))
    }

    fn paced(&mut self, lines: usize, pace: Duration, taken: &mut Vec<u64>) {
        for _ in 0..lines {
            spin_until(Instant::now() + pace);
            let began = Instant::now();
            self.0.write_all(&LINE).expect("the disk has room");
            self.0.sync_data().expect("the disk can sync");
            taken.push(began.elapsed().as_nanos() as u64);
        }
    }
}

/// Makes a call every `pace`, spinning between, and notes how long each took, in nanoseconds.
async fn paced<C: Contestant>(contestant: &C, calls: usize, pace: Duration, taken: &mut Vec<u64>) {
    let mut service = contestant.service();
    let template = workload::call();
    for _ in 0..calls {
        let request = template.clone();
        spin_until(Instant::now() + pace);
        let began = Instant::now();
        make_call(&mut service, request).await;
        taken.push(began.elapsed().as_nanos() as u64);
    }
}

fn spin_until(next: Instant) {
    while Instant::now() < next {
        std::hint::spin_loop();
    }
}

struct Flood {
    /// Processor time of all threads, nanoseconds a call.
    cpu_each: f64,
    /// Calls a second, until the last one is written.
    rate: f64,
}

/// Makes one call after the other, until the last one is written.
async fn flood<C: Contestant>(contestant: &C, calls: u64) -> Flood {
    let mut service = contestant.service();
    let template = workload::call();
    let (began, cpu) = (Instant::now(), machine::cpu_time());
    for _ in 0..calls {
        make_call(&mut service, template.clone()).await;
    }
    contestant.written().await;
    let (taken, cpu) = (began.elapsed(), machine::cpu_time().saturating_sub(cpu));
    Flood {
        cpu_each: cpu.as_nanos() as f64 / calls as f64,
        rate: calls as f64 / taken.as_secs_f64(),
    }
}

/// Calls a second of many callers at once on one thread.
async fn crowd<C: Contestant>(contestant: &C, calls: u64) -> f64 {
    let callers = LocalSet::new();
    for _ in 0..CROWD {
        let mut service = contestant.service();
        callers.spawn_local(async move {
            let template = workload::call();
            for _ in 0..calls / CROWD {
                make_call(&mut service, template.clone()).await;
            }
        });
    }
    let began = Instant::now();
    callers.await;
    contestant.written().await;
    (calls / CROWD * CROWD) as f64 / began.elapsed().as_secs_f64()
}

/// The value below which `part` of the samples lie.
fn quantile(samples: &mut [u64], part: f64) -> f64 {
    samples.sort_unstable();
    let at = (samples.len() as f64 * part) as usize;
    samples[at.min(samples.len() - 1)] as f64
}

/// Paced calls of one contestant and nothing else, for a profiler.
fn alone(name: &str, calls: usize) {
    let folder = machine::folder();
    let mut taken = Vec::with_capacity(calls);
    match name {
        "bare" => run(paced(&Bare, calls, PACE, &mut taken)),
        "pipeline" => run(async {
            let pipeline = Pipeline::install(folder.path());
            paced(&pipeline, calls, PACE, &mut taken).await;
            pipeline.written().await;
        }),
        name => run(async {
            let durability = match name {
                "buffered" => Durability::Buffered,
                "flushed" => Durability::Flushed,
                "synced" => Durability::Synced,
                other => panic!("no contestant is named {other}"),
            };
            let audit = Audit::open(folder.path(), durability);
            paced(&audit, calls, PACE, &mut taken).await;
            audit.close().await;
        }),
    }
}

// ---- the comparison ----

const MEASUREMENTS: [&str; 4] = ["pipeline", "buffered", "flushed", "synced"];

/// A figure of each round, by measurement and name.
type Rounds = BTreeMap<(&'static str, String), Vec<f64>>;

fn compare(scale: &Scale) {
    let mut rounds = Rounds::new();
    for _ in 0..scale.rounds {
        for name in MEASUREMENTS {
            for (figure, value) in measure_apart(name, scale.rounds == Scale::QUICK.rounds) {
                rounds.entry((name, figure)).or_default().push(value);
            }
        }
    }
    print_table(&rounds, scale);
    if !print_targets(&rounds) {
        println!("\nA target was missed. On a busy machine, run it again before believing it.");
    }
}

fn measure_apart(name: &str, quick: bool) -> Vec<(String, f64)> {
    let mut command = Command::new(std::env::current_exe().expect("this program has a path"));
    command.args(["--measure", name]).stderr(Stdio::inherit());
    if quick {
        command.arg("--quick");
    }
    let output = command.output().expect("this program can start itself");
    assert!(output.status.success(), "measuring {name} failed");
    String::from_utf8_lossy(&output.stdout)
        .lines()
        .filter_map(|line| line.split_once('='))
        .map(|(figure, value)| (figure.to_owned(), value.parse().expect("a number")))
        .collect()
}

fn median(rounds: &Rounds, measurement: &'static str, figure: &str) -> f64 {
    middle(rounds[&(measurement, figure.to_owned())].clone())
}

/// The median of the ratios within each round.
fn ratio(rounds: &Rounds, of: (&'static str, &str), to: (&'static str, &str)) -> f64 {
    let of = &rounds[&(of.0, of.1.to_owned())];
    let to = &rounds[&(to.0, to.1.to_owned())];
    middle(of.iter().zip(to).map(|(of, to)| of / to).collect())
}

fn middle(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn print_table(rounds: &Rounds, scale: &Scale) {
    println!(
        "\nA call with 271 bytes of arguments and 200 bytes of result; medians of {} rounds.",
        scale.rounds
    );
    println!(
        "Bare tool: {:.0} ns at p50. All times are added over it.\n",
        median(rounds, "buffered", "bare p50")
    );
    println!(
        "{:<18} {:>10} {:>10} {:>12} {:>12} {:>10}",
        "", "p50 ns", "p99 ns", "CPU ns/call", "calls/s", "peak KiB"
    );
    for (name, title) in [
        ("pipeline", "tracing pipeline"),
        ("buffered", "audit, buffered"),
    ] {
        println!(
            "{title:<18} {:>10.0} {:>10.0} {:>12.0} {:>12.0} {:>10.0}",
            median(rounds, name, "p50"),
            median(rounds, name, "p99"),
            median(rounds, name, "cpu"),
            median(rounds, name, "rate"),
            median(rounds, name, "memory"),
        );
    }
    for (name, title) in [("flushed", "audit, flushed"), ("synced", "audit, synced")] {
        println!(
            "{title:<18} {:>10.0} {:>10.0} {:>12} {:>12.0}",
            median(rounds, name, "p50"),
            median(rounds, name, "p99"),
            "",
            median(rounds, name, "rate"),
        );
    }
    println!(
        "{:<18} {:>10.0} {:>10.0}",
        "after a rest",
        median(rounds, "synced", "rested p50"),
        median(rounds, "synced", "rested p99"),
    );
    println!(
        "{:<18} {:>10.0}, after a rest {:.0}",
        "one fdatasync",
        median(rounds, "synced", "fdatasync"),
        median(rounds, "synced", "rested fdatasync"),
    );
    println!(
        "\np50, p99: one caller, a call each {} µs (after a rest: {} µs). CPU: all threads, one caller as fast",
        PACE.as_micros(),
        REST.as_micros()
    );
    println!(
        "as it goes. calls/s: to the last line written; flushed and synced with {CROWD} callers at once.\n"
    );
}

/// Judges the figures, and says whether all targets were met.
fn print_targets(rounds: &Rounds) -> bool {
    let caller = ratio(rounds, ("buffered", "p50"), ("pipeline", "p50"));
    let cpu = ratio(rounds, ("buffered", "cpu"), ("pipeline", "cpu"));
    let sustained = ratio(rounds, ("buffered", "rate"), ("pipeline", "rate"));
    let flushed = median(rounds, "flushed", "p50") / 1e3;
    let flushed_ratio = ratio(rounds, ("flushed", "p50"), ("pipeline", "p50"));
    let synced = ratio(rounds, ("synced", "p50"), ("synced", "fdatasync"));
    let targets = [
        (
            caller <= 0.20,
            format!("caller's p50, buffered: {caller:.3} of the pipeline's (at most 0.20)"),
        ),
        (
            cpu <= 0.30,
            format!("CPU of all threads: {cpu:.3} of the pipeline's (at most 0.30)"),
        ),
        (
            sustained >= 3.0,
            format!("sustained: {sustained:.2} times the pipeline (at least 3)"),
        ),
        (
            flushed <= 60.0 || flushed_ratio <= 5.0,
            format!(
                "flushed p50: {flushed:.1} µs, {flushed_ratio:.2} times the pipeline (at most 60 µs, or 5 times)"
            ),
        ),
        (
            synced <= 1.5,
            format!("synced p50: {synced:.2} times one fdatasync (at most 1.5)"),
        ),
    ];
    for (met, text) in &targets {
        println!("{}  {text}", if *met { "PASS" } else { "FAIL" });
    }
    let rested = ratio(
        rounds,
        ("synced", "rested p50"),
        ("synced", "rested fdatasync"),
    );
    println!("      after a rest: {rested:.2} times (two wakes of a core that sleeps are in it)");
    targets.iter().all(|(met, _)| *met)
}
