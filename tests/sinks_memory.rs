//! What the sink in memory keeps.

mod sinks_support;

use sinks_support::{close, ready, record};
use tool_audit::Durability::Buffered;
use tool_audit::{AuditSink, EntryBuilder, MemorySink, Outcome, Sanitizer};

#[test]
fn an_unbounded_sink_keeps_every_entry_in_order() {
    let sink = MemorySink::new();
    let other = sink.clone();
    for number in 0..3000 {
        assert!(record(&sink, number, Buffered).is_done());
    }
    assert_eq!((other.len(), other.evicted()), (3000, 0));
    let turns = other.entries().into_iter().map(|entry| entry.turn_number);
    assert!(turns.eq(0..3000));
}

#[test]
fn a_bounded_sink_keeps_the_newest_and_counts_the_others() {
    let sink = MemorySink::bounded(10);
    for number in 0..25 {
        record(&sink, number, Buffered);
    }
    let turns = sink.entries().into_iter().map(|entry| entry.turn_number);
    assert!(turns.eq(15..25));
    assert_eq!((sink.len(), sink.evicted()), (10, 15));
    sink.clear();
    assert!(sink.is_empty());
    assert_eq!(sink.evicted(), 15);
}

#[test]
fn entries_are_found_by_conversation_user_tool_and_outcome() {
    let sink = MemorySink::new();
    let sanitizer = Sanitizer::default();
    for (tool, conversation, user, outcome) in [
        ("get_order", "conv_1", "usr_1", Outcome::Success),
        ("get_order", "conv_2", "usr_1", Outcome::Denied),
        ("cancel_order", "conv_2", "usr_2", Outcome::ToolError),
    ] {
        let entry = EntryBuilder::new(tool)
            .conversation_id(conversation)
            .user_id(user)
            .outcome(outcome);
        sink.record(&entry.build(&sanitizer).as_entry());
    }
    assert_eq!(sink.find(|e| e.conversation_id == "conv_2").len(), 2);
    assert_eq!(sink.find(|e| e.user_id == "usr_1").len(), 2);
    assert_eq!(sink.find(|e| e.tool_name == "cancel_order").len(), 1);
    assert_eq!(sink.find(|e| e.outcome == Some(Outcome::Denied)).len(), 1);
    assert_eq!(sink.find(|e| e.is_failure()).len(), 2);
    assert_eq!(sink.lines().len(), 3);
}

#[tokio::test]
async fn a_closed_sink_keeps_what_it_has_and_takes_no_more() {
    let sink = MemorySink::new();
    record(&sink, 1, Buffered);
    close(&sink).await.unwrap();
    assert!(ready(&sink).await.unwrap_err().is_closed());
    assert!(record(&sink, 2, Buffered).is_lost());
    assert_eq!(sink.len(), 1);
}
