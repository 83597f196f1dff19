//! A queue in its steady state allocates nothing, neither for callers nor for its writer.

mod sinks_support;

use std::alloc::System;
use std::io;
use std::task::{Context, Waker};

use sinks_support::entry;
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};
use tool_audit::Durability::{Buffered, Flushed, Synced};
use tool_audit::{AuditSink, EntryBuf, EntryWriter, FanOut, Member, Queued, SanitizedEntry};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

struct Nowhere;

impl EntryWriter for Nowhere {
    fn write(&mut self, _entry: &SanitizedEntry<'_>) -> io::Result<()> {
        Ok(())
    }
}

fn round(sink: &impl AuditSink, buffered: &EntryBuf, waits: [&EntryBuf; 2]) {
    let mut context = Context::from_waker(Waker::noop());
    assert!(sink.poll_ready(&mut context).is_ready());
    for _ in 0..100 {
        assert!(sink.record(&buffered.as_entry()).is_done());
    }
    for entry in waits {
        let ticket = sink.record(&entry.as_entry());
        while sink.poll_committed(&mut context, &ticket).is_pending() {
            std::thread::yield_now();
        }
    }
}

// One test, since the allocator counts for the whole process.
#[test]
fn taking_an_entry_allocates_nothing() {
    let [buffered, flushed, synced] = [Buffered, Flushed, Synced].map(|level| entry(1, level));
    let queued = Queued::new(Nowhere);
    let other = Queued::new(Nowhere);
    let fan_out = FanOut::new([
        Member::required("log", queued.clone()),
        Member::optional("other", other.clone()),
    ]);
    let rounds = |count: usize| {
        for _ in 0..count {
            round(&queued, &buffered, [&flushed, &synced]);
            // Its tickets that wait are the one thing for which a fan-out allocates.
            round(&fan_out, &buffered, [&buffered, &buffered]);
            // A batch that the writer has not come to yet would grow.
            while queued.status().queued_entries + other.status().queued_entries > 0 {
                std::thread::yield_now();
            }
        }
    };
    rounds(200);
    let region = Region::new(ALLOCATOR);
    rounds(200);
    let change = region.change();
    assert_eq!((change.allocations, change.reallocations), (0, 0));
}
