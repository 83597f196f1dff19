//! How many allocations a call costs: on the caller's thread, and in the whole process.
//!
//! ```text
//! cargo bench --bench allocations
//! ```
//!
//! It also says whether the pipeline of the bench `overhead` is a fair peer: it must do the work that such
//! a pipeline does, which is about 96 allocations a call.
//!
//! The counter counts all threads. What one call costs its caller is the median over many calls: the
//! writers in the background work in bursts, and most calls see none of them.
#![allow(
    clippy::print_stdout,
    reason = "the results are for people at a terminal"
)]

mod workload;

use std::alloc::System;
use std::time::{Duration, Instant};

use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};
use tool_audit::Durability;
use workload::audited::Audit;
use workload::contestant::{Bare, Contestant, make_call, run};
use workload::machine;
use workload::pipeline::Pipeline;

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

const WARM_UP: usize = 2_000;
const CALLS: usize = 20_000;

fn main() {
    if !std::env::args().any(|argument| argument == "--bench") {
        println!("SKIPPED: run it with `cargo bench --bench allocations`");
        return;
    }
    let folder = machine::folder();
    let (bare, pipeline, audit) = run(async {
        let bare = count(&Bare).await;
        let pipeline = count(&Pipeline::install(folder.path())).await;
        let audit = Audit::open(folder.path(), Durability::Buffered);
        let audited = count(&audit).await;
        audit.close().await;
        (bare, pipeline, audited)
    });

    println!(
        "\nAllocations a call, beyond the bare tool's {:.1}\n",
        bare.caller
    );
    println!(
        "{:<18} {:>10} {:>12} {:>14}",
        "", "caller", "all threads", "bytes, all"
    );
    for (title, counted) in [("tracing pipeline", &pipeline), ("audit, buffered", &audit)] {
        println!(
            "{title:<18} {:>10.1} {:>12.2} {:>14.0}",
            counted.caller - bare.caller,
            counted.all - bare.all,
            counted.bytes - bare.bytes,
        );
    }
    println!();
    let peer = pipeline.caller - bare.caller;
    if (85.0..=110.0).contains(&peer) {
        println!("PASS  the pipeline is a fair peer: {peer:.0} allocations (85 to 110)");
    } else {
        println!("FAIL  the pipeline is NO fair peer: {peer:.0} allocations (85 to 110)");
    }
    let ours = audit.caller - bare.caller;
    let met = if ours <= 4.0 { "PASS" } else { "FAIL" };
    println!("{met}  the caller's path: {ours:.0} allocations (at most 4)");
}

struct Counted {
    /// Allocations on the caller's thread, of the median call.
    caller: f64,
    /// Allocations of all threads, in the mean.
    all: f64,
    /// Bytes that all threads asked for, in the mean.
    bytes: f64,
}

async fn count<C: Contestant>(contestant: &C) -> Counted {
    let mut service = contestant.service();
    let mut each = Vec::with_capacity(CALLS);
    let template = workload::call();
    let mut first = ALLOCATOR.stats();
    // Requests are made before the counter is read, and cost nobody anything.
    let mut own = (0, 0);
    for call in 0..WARM_UP + CALLS {
        if call == WARM_UP {
            first = ALLOCATOR.stats();
            each.clear();
            own = (0, 0);
        }
        let before_request = ALLOCATOR.stats();
        let request = template.clone();
        let before = ALLOCATOR.stats();
        own.0 += before.allocations - before_request.allocations;
        own.1 += before.bytes_allocated - before_request.bytes_allocated;
        make_call(&mut service, request).await;
        let after = ALLOCATOR.stats();
        each.push(operations(&after) - operations(&before));
        let next = Instant::now() + Duration::from_micros(20);
        while Instant::now() < next {
            std::hint::spin_loop();
        }
    }
    contestant.written().await;
    let last = ALLOCATOR.stats();
    each.sort_unstable();
    Counted {
        caller: each[each.len() / 2] as f64,
        all: (operations(&last) - operations(&first) - own.0) as f64 / CALLS as f64,
        bytes: (last.bytes_allocated - first.bytes_allocated - own.1) as f64 / CALLS as f64,
    }
}

/// Each new size of a growing buffer counts like a new one.
fn operations(stats: &stats_alloc::Stats) -> usize {
    stats.allocations + stats.reallocations
}
