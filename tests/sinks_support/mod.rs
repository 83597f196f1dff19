//! Entries and writers that tests of sinks share.
#![allow(
    dead_code,
    unreachable_pub,
    reason = "each test program uses a part of it"
)]

use std::collections::VecDeque;
use std::future::poll_fn;
use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, LazyLock, Mutex};
use std::task::{Wake, Waker};
use std::time::Duration;

use tool_audit::{
    AuditSink, CallContext, Durability, EntryBuf, EntryBuilder, EntryWriter, Loss, PolicyInForce,
    SanitizedEntry, Sanitizer, SinkError, Ticket,
};

/// An entry of which `number` can be read in its line.
pub fn entry(number: usize, durability: Durability) -> EntryBuf {
    static SANITIZER: LazyLock<Sanitizer> = LazyLock::new(Sanitizer::default);
    let context = CallContext::default().turn(number as u64);
    EntryBuilder::new("get_order")
        .context(context)
        .durability(durability)
        .build(&SANITIZER)
}

/// Hands entry `number` to `sink`.
pub fn record(sink: &impl AuditSink, number: usize, durability: Durability) -> Ticket {
    sink.record(&entry(number, durability).as_entry())
}

/// The number of an entry made by [`entry`].
pub fn number_of(line: &str) -> usize {
    let value: serde_json::Value = serde_json::from_str(line).expect("a line of JSON");
    let number = value["turn_number"].as_u64().expect("a number");
    usize::try_from(number).expect("a small number")
}

pub async fn ready(sink: &impl AuditSink) -> Result<(), SinkError> {
    poll_fn(|context| sink.poll_ready(context)).await
}

pub async fn committed(sink: &impl AuditSink, ticket: &Ticket) -> Result<(), SinkError> {
    poll_fn(|context| sink.poll_committed(context, ticket)).await
}

pub async fn flush(sink: &impl AuditSink) -> Result<(), SinkError> {
    let ticket = sink.flush();
    committed(sink, &ticket).await
}

pub async fn close(sink: &impl AuditSink) -> Result<(), SinkError> {
    poll_fn(|context| sink.poll_close(context)).await
}

/// A task that counts how often it is woken.
#[derive(Default)]
pub struct Woken(AtomicUsize);

impl Woken {
    pub fn pair() -> (Arc<Self>, Waker) {
        let woken = Arc::new(Self::default());
        (Arc::clone(&woken), Waker::from(woken))
    }
    pub fn times(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

/// What a [`Scripted`] writer was told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Act {
    Wrote(usize),
    Flushed,
    Synced,
    Closed,
    Lost(u64),
    Policy(String),
}

/// What a [`Scripted`] writer does at its next chance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fail {
    Write,
    Flush,
    Sync,
    Close,
}

/// A writer that notes what it is told, and fails and blocks as a test tells it to.
pub struct Scripted {
    heard: Heard,
    block: Option<Receiver<()>>,
    entered: Option<Sender<()>>,
}

/// The test's side of a [`Scripted`] writer.
#[derive(Debug, Clone, Default)]
pub struct Heard {
    acts: Arc<Mutex<Vec<Act>>>,
    failures: Arc<Mutex<VecDeque<Fail>>>,
    always: Arc<Mutex<Option<Fail>>>,
}

impl Heard {
    pub fn acts(&self) -> Vec<Act> {
        self.acts.lock().unwrap().clone()
    }
    pub fn numbers(&self) -> Vec<usize> {
        let acts = self.acts();
        let wrote = acts.into_iter().filter_map(|act| match act {
            Act::Wrote(number) => Some(number),
            _ => None,
        });
        wrote.collect()
    }
    pub fn count(&self, act: &Act) -> usize {
        self.acts().iter().filter(|other| *other == act).count()
    }
    /// Fails each of `failures` once, in this order.
    pub fn fail(&self, failures: &[Fail]) {
        self.failures.lock().unwrap().extend(failures);
    }
    pub fn fail_always(&self, failure: Option<Fail>) {
        *self.always.lock().unwrap() = failure;
    }

    fn does(&self, step: Fail, act: Option<Act>) -> io::Result<()> {
        let mut failures = self.failures.lock().unwrap();
        let once = failures.front() == Some(&step);
        if once {
            failures.pop_front();
        }
        if once || *self.always.lock().unwrap() == Some(step) {
            return Err(io::Error::other(format!("{step:?} fails in this test")));
        }
        self.acts.lock().unwrap().extend(act);
        Ok(())
    }
}

/// Waits until a blocked writer has begun its first entry.
pub fn has_begun(begun: &Receiver<()>) {
    let wait = Duration::from_secs(30);
    let gone = Err(RecvTimeoutError::Disconnected);
    assert_eq!(begun.recv_timeout(wait), gone, "nobody woke the writer");
}

impl Scripted {
    pub fn new() -> (Self, Heard) {
        let heard = Heard::default();
        let writer = Self {
            heard: heard.clone(),
            block: None,
            entered: None,
        };
        (writer, heard)
    }

    /// A writer that says when it begins its first entry, and goes on when the sender is dropped.
    pub fn blocked() -> (Self, Heard, Receiver<()>, Sender<()>) {
        let (mut writer, heard) = Self::new();
        let (go_on, block) = channel();
        let (entered, begun) = channel();
        writer.block = Some(block);
        writer.entered = Some(entered);
        (writer, heard, begun, go_on)
    }
}

impl EntryWriter for Scripted {
    fn write(&mut self, entry: &SanitizedEntry<'_>) -> io::Result<()> {
        if let Some(block) = self.block.take() {
            drop(self.entered.take());
            let _gone = block.recv();
        }
        let number = number_of(entry.as_json());
        self.heard.does(Fail::Write, Some(Act::Wrote(number)))
    }
    fn flush(&mut self) -> io::Result<()> {
        self.heard.does(Fail::Flush, Some(Act::Flushed))
    }
    fn sync(&mut self) -> io::Result<()> {
        self.heard.does(Fail::Sync, Some(Act::Synced))
    }
    fn close(&mut self) -> io::Result<()> {
        self.heard.does(Fail::Close, Some(Act::Closed))
    }
    fn policy_in_force(&mut self, policy: &PolicyInForce) -> io::Result<()> {
        let id = policy.policy_id.clone();
        self.heard.does(Fail::Write, Some(Act::Policy(id)))
    }
    fn entries_lost(&mut self, loss: &Loss) -> io::Result<()> {
        self.heard.does(Fail::Write, Some(Act::Lost(loss.count)))
    }
}
