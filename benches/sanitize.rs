//! What sanitizing costs, beside serialising the same value.
//!
//! ```text
//! cargo bench --bench sanitize                # a few seconds
//! ```
//!
//! The yardstick is `serde_json::to_string` into a fresh string, in the same run. Blocks of both take turns,
//! the best block of each round counts, ratios are taken within a round, and the median over the rounds is
//! shown, so that other work on the machine disturbs little. To count instructions instead of time:
//!
//! ```text
//! valgrind --tool=callgrind target/release/deps/sanitize-… --alone arguments 1000
//! ```
#![allow(
    clippy::print_stdout,
    reason = "the results are for people at a terminal"
)]

use std::hint::black_box;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tool_audit::Sanitizer;

/// So many times each is measured against its yardstick.
const ROUNDS: usize = 15;
/// Blocks within a round, of which the best counts.
const BLOCKS: usize = 7;
/// How long a block takes.
const BLOCK: Duration = Duration::from_millis(3);
/// Room for any of the values.
const LIMIT: usize = 256 * 1024;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [.., flag, name, times] = arguments.as_slice()
        && flag == "--alone"
    {
        alone(name, times.parse().unwrap_or(1000));
    } else if arguments.iter().any(|argument| argument == "--bench") {
        compare();
    } else {
        println!("SKIPPED: run it with `cargo bench --bench sanitize`");
    }
}

/// A value, the bar it has to stay under, and whether anything in it is replaced.
struct Case {
    name: &'static str,
    title: &'static str,
    value: Value,
    bar: Option<f64>,
}

fn cases() -> Vec<Case> {
    let case = |name, title, value, bar| Case {
        name,
        title,
        value,
        bar,
    };
    vec![
        case("arguments", "clean arguments", clean_arguments(), Some(2.0)),
        case("prose", "16 KiB of prose", prose(PARAGRAPH), Some(4.0)),
        case("talk", "prose that speaks of keys", prose(TALK), None),
        case("german", "16 KiB of prose, not ASCII", prose(UMLAUTS), None),
        case("paths", "a list of paths", paths(), None),
        case("found", "arguments with findings", with_findings(), None),
    ]
}

fn clean_arguments() -> Value {
    json!({
        "path": "src/storage/segment.rs",
        "query": "where is the head of the log written after a crash",
        "max_results": 20,
        "include": ["*.rs", "*.toml"],
        "case_sensitive": false,
        "repository": "storage-engine",
        "revision": "release 4 of the reader",
        "context_lines": 3,
        "offset": 1284,
        "note": "only the first match in each file",
    })
}

const PARAGRAPH: &str = "The reader opens the newest segment, looks for the last whole record and goes on from \
    there; what stands behind it was cut off when the machine stopped, and is kept apart for whoever wants to see it. \
    In 2026 that took 14 milliseconds for 500,000 records, a third of what the older one needed. Nothing is written \
    before the folder is locked (see the chapter on locks), so two readers never meet.\n";

const TALK: &str = "Note: the access token is renewed before it expires, see https://example.org/docs/tokens?page=2 - \
    whoever holds an older one gets error 401. Keys are read from the vault (the default), and a password that was \
    changed is asked for again; nobody types it into a command such as `login --user ada` any more.\n";

const UMLAUTS: &str = "Der Leser öffnet das jüngste Segment, sucht den letzten vollständigen Satz und fährt dort fort; \
    was dahinter steht, wurde abgeschnitten, als die Maschine stehen blieb – es bleibt für spätere Prüfung erhalten.\n";

fn prose(paragraph: &str) -> Value {
    json!(paragraph.repeat(16 * 1024 / paragraph.len()))
}

fn paths() -> Value {
    let paths = (0..60).map(|at| format!("src/storage/recovery/segment_reader_{at}.rs"));
    json!(paths.collect::<Vec<_>>())
}

fn with_findings() -> Value {
    json!({
        "to": "ann@example.com",
        "text": "call (202) 555-0123 or write to bob@example.org, password=correct-horse",
        "card": "4000 0012 3456 7899",
    })
}

fn sanitize(sanitizer: &Sanitizer, value: &Value) {
    let mut out = Vec::new();
    black_box(sanitizer.write_value(&mut out, black_box(value), LIMIT));
    black_box(out);
}

fn serialize(value: &Value) {
    black_box(serde_json::to_string(black_box(value)).unwrap_or_default());
}

/// Sanitizes one value and nothing else, for a profiler.
fn alone(name: &str, times: usize) {
    let sanitizer = Sanitizer::default();
    let yardstick = name.strip_prefix("serialize-");
    let Some(case) = cases()
        .into_iter()
        .find(|case| case.name == yardstick.unwrap_or(name))
    else {
        println!("no such value: {name}");
        return;
    };
    for _ in 0..times {
        match yardstick {
            Some(_) => serialize(&case.value),
            None => sanitize(&sanitizer, &case.value),
        }
    }
}

fn compare() {
    let sanitizer = Sanitizer::default();
    println!(
        "\n{:<28} {:>8} {:>12} {:>12} {:>8}",
        "", "bytes", "to_string", "sanitize", "ratio"
    );
    let mut verdicts = Vec::new();
    for case in cases() {
        let mut out = Vec::new();
        let done = sanitizer.write_value(&mut out, &case.value, LIMIT);
        assert_eq!(done.redactions > 0, case.name == "found", "{}", case.name);
        let rounds: Vec<(f64, f64)> = (0..ROUNDS)
            .map(|_| {
                let (mut yardstick, mut taken) = (f64::MAX, f64::MAX);
                for _ in 0..BLOCKS {
                    yardstick = yardstick.min(nanoseconds(|| serialize(&case.value)));
                    taken = taken.min(nanoseconds(|| sanitize(&sanitizer, &case.value)));
                }
                (yardstick, taken)
            })
            .collect();
        let middle = |of: &dyn Fn(&(f64, f64)) -> f64| {
            let mut values: Vec<f64> = rounds.iter().map(of).collect();
            values.sort_by(f64::total_cmp);
            values[values.len() / 2]
        };
        let ratio = middle(&|(yardstick, taken)| taken / yardstick);
        println!(
            "{:<28} {:>8} {:>9.0} ns {:>9.0} ns {ratio:>8.2}",
            case.title,
            case.value.to_string().len(),
            middle(&|(yardstick, _)| *yardstick),
            middle(&|(_, taken)| *taken),
        );
        if let Some(bar) = case.bar {
            let met = if ratio <= bar { "PASS" } else { "FAIL" };
            verdicts.push(format!(
                "{met}  {}: {ratio:.2} times to_string (at most {bar})",
                case.title
            ));
        }
    }
    println!("\n{}", verdicts.join("\n"));
}

/// How long one run of `work` takes, in the mean over a block.
fn nanoseconds(work: impl Fn()) -> f64 {
    let began = Instant::now();
    let mut runs = 0_u32;
    loop {
        for _ in 0..8 {
            work();
        }
        runs += 8;
        let taken = began.elapsed();
        if taken >= BLOCK {
            return taken.as_nanos() as f64 / f64::from(runs);
        }
    }
}
