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

/// A hundred entries, the last of which is waited for.
fn round(sink: &impl AuditSink, buffered: &EntryBuf, last: &EntryBuf) {
    let mut context = Context::from_waker(Waker::noop());
    assert!(sink.poll_ready(&mut context).is_ready());
    for _ in 0..99 {
        assert!(sink.record(&buffered.as_entry()).is_done());
    }
    let ticket = sink.record(&last.as_entry());
    while sink.poll_committed(&mut context, &ticket).is_pending() {
        std::thread::yield_now();
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
            round(&queued, &buffered, &flushed);
            round(&queued, &buffered, &synced);
            // Its tickets that wait are the one thing for which a fan-out allocates.
            round(&fan_out, &buffered, &buffered);
            // A batch that the writer has not come to yet would grow.
            while queued.status().queued_entries + other.status().queued_entries > 0 {
                std::thread::yield_now();
            }
        }
    };
    // The buffers grow until each has seen the greatest batch; a batch's size hangs on the scheduler.
    let settled = (0..50).any(|_| {
        let region = Region::new(ALLOCATOR);
        rounds(100);
        let change = region.change();
        change.allocations + change.reallocations == 0
    });
    assert!(settled, "30,000 entries never went without an allocation");
}
