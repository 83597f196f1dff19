//! A sink that hands its entries to an asynchronous task, which ships them somewhere in batches.
//!
//! The task may be slow, or fail and try again. The sink holds callers back at the gate while too much
//! waits, lets those who ask wait until their entry has arrived, and loses nothing at the end.
#![allow(clippy::print_stdout, reason = "an example talks to its reader")]

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use serde_json::json;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tool_audit::{
    AuditSink, Durability, Policy, Recorder, SanitizedEntry, SinkError, Ticket, ToolCall,
};

/// The gate shuts when so many entries wait.
const MAX_WAITING: u64 = 1000;

/// Hands entries to [`ship`].
struct Shipper(Arc<Mutex<State>>);

/// The channel has no bound of its own: an entry that was admitted is always taken, and the gate alone
/// holds callers back.
struct State {
    queue: Option<UnboundedSender<String>>,
    taken: u64,
    arrived: u64,
    ended: bool,
    waiting: Vec<Waker>,
}

impl Shipper {
    /// The sink, with its task running.
    fn start(remote: Remote) -> Self {
        let (queue, entries) = unbounded_channel();
        let state = Arc::new(Mutex::new(State {
            queue: Some(queue),
            taken: 0,
            arrived: 0,
            ended: false,
            waiting: Vec::new(),
        }));
        tokio::spawn(ship(entries, remote, Arc::clone(&state)));
        Self(state)
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

impl State {
    /// Ready where `done`, else the task is woken when something has changed.
    fn when(&mut self, done: bool, context: &mut Context<'_>) -> Poll<Result<(), SinkError>> {
        if done {
            return Poll::Ready(Ok(()));
        }
        let known = |waker: &Waker| waker.will_wake(context.waker());
        if !self.waiting.iter().any(known) {
            self.waiting.push(context.waker().clone());
        }
        Poll::Pending
    }
}

impl AuditSink for Shipper {
    fn record(&self, entry: &SanitizedEntry<'_>) -> Ticket {
        let mut state = lock(&self.0);
        let json = entry.as_json().to_owned();
        match state.queue.as_ref().map(|queue| queue.send(json)) {
            Some(Ok(())) => {
                state.taken += 1;
                match entry.head().durability {
                    Durability::Buffered => Ticket::DONE,
                    _ => Ticket::number(state.taken),
                }
            }
            _ => Ticket::LOST,
        }
    }

    fn poll_ready(&self, context: &mut Context<'_>) -> Poll<Result<(), SinkError>> {
        let mut state = lock(&self.0);
        if state.queue.is_none() {
            return Poll::Ready(Err(SinkError::closed()));
        }
        let open = state.taken - state.arrived < MAX_WAITING;
        state.when(open, context)
    }

    fn poll_committed(
        &self,
        context: &mut Context<'_>,
        ticket: &Ticket,
    ) -> Poll<Result<(), SinkError>> {
        if ticket.is_lost() {
            return Poll::Ready(Err(SinkError::lost()));
        }
        let mut state = lock(&self.0);
        let arrived = ticket.as_number() <= Some(state.arrived);
        state.when(arrived, context)
    }

    fn flush(&self) -> Ticket {
        Ticket::number(lock(&self.0).taken)
    }

    fn poll_close(&self, context: &mut Context<'_>) -> Poll<Result<(), SinkError>> {
        let mut state = lock(&self.0);
        // Without its sender the channel ends, and with it the task, once everything has arrived.
        state.queue = None;
        let ended = state.ended;
        state.when(ended, context)
    }
}

/// Sends what is there, all of it at a time, until the sink closes.
async fn ship(
    mut entries: UnboundedReceiver<String>,
    mut remote: Remote,
    state: Arc<Mutex<State>>,
) {
    let mut batch = Vec::new();
    loop {
        let count = entries.recv_many(&mut batch, 100).await;
        while !batch.is_empty() && remote.send(&batch).await.is_err() {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        batch.clear();
        let waiting = {
            let mut state = lock(&state);
            state.arrived += count as u64;
            state.ended = count == 0;
            std::mem::take(&mut state.waiting)
        };
        waiting.into_iter().for_each(Waker::wake);
        if count == 0 {
            return;
        }
    }
}

/// Stands for a service in the network. It fails now and then.
struct Remote {
    calls: u32,
    entries: Arc<Mutex<Vec<String>>>,
}

impl Remote {
    async fn send(&mut self, batch: &[String]) -> Result<(), &'static str> {
        tokio::time::sleep(Duration::from_millis(5)).await;
        self.calls += 1;
        if self.calls.is_multiple_of(3) {
            return Err("503");
        }
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        entries.extend_from_slice(batch);
        Ok(())
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let entries = Arc::new(Mutex::new(Vec::new()));
    let remote = Remote {
        calls: 0,
        entries: Arc::clone(&entries),
    };
    let recorder = Recorder::builder(Shipper::start(remote))
        .policy(Policy::new().tool_durability("refund", Durability::Flushed))
        .build();

    for number in 0..5000 {
        let tool = if number % 1000 == 0 {
            "refund"
        } else {
            "get_order"
        };
        let call = ToolCall::new(tool, json!({ "order_id": format!("ORD-{number}") }));
        recorder.admit().await?; // waits while 1,000 entries do
        let mut recording = recorder.start_call(&call);
        recording.begin();
        recording.response(&json!({ "status": "done" })).await?; // a refund waits for its entry's arrival
    }
    recorder.close().await?;

    let arrived = entries.lock().unwrap_or_else(PoisonError::into_inner).len();
    println!(
        "{} calls recorded, {arrived} entries arrived",
        recorder.stats().recorded
    );
    Ok(())
}
