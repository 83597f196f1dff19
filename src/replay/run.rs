use std::collections::BTreeMap;
use std::future::{Future, poll_fn};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::Read;
use std::panic::{AssertUnwindSafe, catch_unwind};
#[cfg(unix)]
use std::path::Path;
use std::pin::pin;
use std::sync::{Arc, OnceLock};
use std::task::Poll;
use std::time::Duration;

use tokio::runtime::{Builder, Runtime};
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio::task::JoinHandle;
use tower_layer::Layer;
use tower_service::Service;

use super::counted::{Counted, Outcomes};
use super::tool::{DescribeScripted, Scripted, ScriptedTool};
use super::{BadLine, Calls, RecordedCall, ReplayError, rule_counts};
use crate::call::{Outcome, ToolResult};
use crate::layer::AuditLayer;
#[cfg(unix)]
use crate::log::Source;
#[cfg(unix)]
use crate::query::{LogSnapshot, QueryError};
use crate::record::{Policy, Recorder, Refusal};
use crate::sanitize::{RuleCounts, Sanitizer};
#[cfg(unix)]
use crate::sink::HashChainSink;
use crate::sink::{AuditSink, SinkError};

/// Sends recorded calls through the audit layer around a tool that does what each call says.
///
/// ```
/// use tool_audit::MemorySink;
/// use tool_audit::replay::Replay;
///
/// let calls = "{\"tool_name\":\"a\"}\n{\"tool_name\":\"b\",\"panic\":\"oh no\"}\n";
/// let sink = MemorySink::new();
/// let summary = Replay::new().run(calls.as_bytes(), sink.clone(), |_| {})?;
/// assert_eq!((summary.calls, summary.failures()), (2, 1));
/// assert_eq!(sink.entries()[1].outcome, Some(tool_audit::Outcome::Panicked));
/// # Ok::<(), tool_audit::replay::ReplayError>(())
/// ```
#[derive(Debug, Clone)]
pub struct Replay {
    policy: Policy,
    sanitizer: Sanitizer,
    concurrency: usize,
    keep_going: bool,
    real_time: bool,
    ignore_unknown: bool,
}

/// What happens while calls are sent.
#[derive(Debug)]
#[non_exhaustive]
pub enum Progress<'a> {
    /// A bad line was passed over.
    Bad(&'a BadLine),
    /// So many calls were sent until now.
    Sent(u64),
}

/// What a replay did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Summary {
    /// How many calls were recorded.
    pub calls: u64,
    /// How they ended.
    pub outcomes: BTreeMap<Outcome, u64>,
    /// How many values the sanitizer changed.
    pub redactions: u64,
    /// How often each rule replaced something in arguments, results and error texts, looked at whole and each
    /// alone: records keep less of a result than that, and more than these three.
    pub rules: RuleCounts,
    /// How many lines were bad and passed over.
    pub bad_lines: u64,
}

impl Summary {
    /// How many calls ended neither well nor with an interim answer.
    #[must_use]
    pub fn failures(&self) -> u64 {
        self.outcomes
            .iter()
            .filter(|(outcome, _)| outcome.is_failure())
            .map(|(_, count)| count)
            .sum()
    }
}

impl Default for Replay {
    fn default() -> Self {
        Self::new()
    }
}

/// How long a log is waited for that cannot take a call, or make one durable.
const MAX_WAIT: Duration = Duration::from_secs(15);

/// How many calls wait for each of the workers; a call may be 16 MiB.
const WAITING: usize = 8;

impl Replay {
    /// One call after the other, without waiting, under the default policy; a bad line ends the run.
    #[must_use]
    pub fn new() -> Self {
        Self {
            policy: Policy::new(),
            sanitizer: Sanitizer::default(),
            concurrency: 1,
            keep_going: false,
            real_time: false,
            ignore_unknown: false,
        }
    }

    /// Records by this policy.
    #[must_use]
    pub fn policy(mut self, policy: Policy) -> Self {
        self.policy = policy;
        self
    }

    /// Sanitizes by these rules.
    #[must_use]
    pub fn sanitizer(mut self, sanitizer: Sanitizer) -> Self {
        self.sanitizer = sanitizer;
        self
    }

    /// Sends so many calls at once, at least one. Those of one conversation keep their order, and so do those
    /// without one.
    #[must_use]
    pub fn concurrency(mut self, calls: usize) -> Self {
        self.concurrency = calls.max(1);
        self
    }

    /// Goes on after a bad line.
    #[must_use]
    pub fn keep_going(mut self, keep_going: bool) -> Self {
        self.keep_going = keep_going;
        self
    }

    /// Makes each call take its `latency_ms`.
    #[must_use]
    pub fn real_time(mut self, real_time: bool) -> Self {
        self.real_time = real_time;
        self
    }

    /// Lets members of a call pass that are not known.
    #[must_use]
    pub fn ignore_unknown(mut self, ignore: bool) -> Self {
        self.ignore_unknown = ignore;
        self
    }

    /// Reads CALLS.jsonl from `calls`, sends every call, and closes the sink.
    ///
    /// Memory is that of a few calls for each one that is sent at once.
    ///
    /// # Errors
    ///
    /// [`ReplayError`]. The sink was closed also then, and holds the calls before the error.
    ///
    /// # Panics
    ///
    /// In an asynchronous context, since it blocks.
    pub fn run(
        &self,
        calls: impl Read,
        sink: impl AuditSink,
        progress: impl FnMut(Progress<'_>),
    ) -> Result<Summary, ReplayError> {
        self.send(self.read(calls), None, sink, progress)
    }

    fn read<R: Read>(&self, calls: R) -> Calls<R> {
        Calls::new(calls).ignore_unknown(self.ignore_unknown)
    }

    /// Sends `first`, where it was read already, and all other calls.
    fn send<R: Read>(
        &self,
        mut calls: Calls<R>,
        mut first: Option<Result<RecordedCall, ReplayError>>,
        sink: impl AuditSink,
        mut progress: impl FnMut(Progress<'_>),
    ) -> Result<Summary, ReplayError> {
        let outcomes = Outcomes::default();
        let sink = Counted {
            sink,
            outcomes: outcomes.clone(),
        };
        // A slow disk is waited for longer than usual: nobody waits for the answers.
        let policy = self.policy.clone().max_wait(MAX_WAIT);
        let recorder = Recorder::builder(sink)
            .sanitizer(self.sanitizer.clone())
            .policy(policy)
            .build();
        let runtime = self.runtime().map_err(ReplayError::Runtime)?;
        let workers = Workers::start(&runtime, &recorder, self.concurrency);

        let mut sent = 0;
        let mut bad_lines = 0;
        let mut rules = RuleCounts::default();
        let mut ended = Ok(());
        while let Some(call) = first.take().or_else(|| next_of(&mut calls)) {
            match call {
                Ok(call) => {
                    rule_counts::add(&self.sanitizer, &call, &mut rules);
                    if workers.send(call, self.real_time).is_err() {
                        break;
                    }
                    sent += 1;
                    progress(Progress::Sent(sent));
                }
                Err(ReplayError::Line(bad)) if self.keep_going => {
                    bad_lines += 1;
                    progress(Progress::Bad(&bad));
                }
                Err(error) => {
                    ended = Err(error);
                    break;
                }
            }
        }
        let worked = workers.finish(&runtime);
        let closed = runtime.block_on(recorder.close());
        ended?;
        worked.and(closed).map_err(ReplayError::Sink)?;
        let stats = recorder.stats();
        if stats.lost > 0 {
            return Err(ReplayError::Sink(SinkError::lost()));
        }
        Ok(Summary {
            calls: stats.recorded,
            outcomes: outcomes.read(),
            redactions: stats.redactions,
            rules,
            bad_lines,
        })
    }

    /// [`run`](Self::run) into the store in the folder `store`, which is made where there is none.
    ///
    /// The store says for ever that its calls were replayed.
    ///
    /// ```
    /// use tool_audit::replay::Replay;
    ///
    /// let folder = tempfile::tempdir()?;
    /// let store = folder.path().join("audit");
    /// let calls = "{\"tool_name\":\"get_order\",\"error\":\"no such order\"}\n";
    /// Replay::new().run_into_store(calls.as_bytes(), &store, |_| {})?;
    /// let found = tool_audit::query::statistics(&store, &Default::default())?;
    /// assert_eq!(found.tool("get_order").success_rate, Some(0.0));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`ReplayError`]; [`ReplayError::LiveStore`] where the store holds records of real calls.
    ///
    /// # Panics
    ///
    /// As [`run`](Self::run).
    #[cfg(unix)]
    pub fn run_into_store(
        &self,
        calls: impl Read,
        store: &Path,
        progress: impl FnMut(Progress<'_>),
    ) -> Result<Summary, ReplayError> {
        refuse_live(store)?;
        let mut calls = self.read(calls);
        // Where no call can be sent, no store is made.
        let first = match next_of(&mut calls) {
            first @ Some(Err(ReplayError::Line(_))) if self.keep_going => first,
            first => first.transpose()?.map(Ok),
        };
        let sink = HashChainSink::builder(store)
            .source(Source::Replay)
            .build()
            .map_err(ReplayError::Open)?;
        let replayed = self.send(calls, first, sink.clone(), progress);
        replayed.map_err(|error| match error {
            // What the disk said tells more than that the log was waited for in vain.
            ReplayError::Sink(error) => {
                let queue = sink.status().queue.filter(|queue| queue.failing);
                let cause = queue.and_then(|queue| queue.last_error);
                ReplayError::Sink(cause.unwrap_or(error))
            }
            error => error,
        })
    }

    fn runtime(&self) -> std::io::Result<Runtime> {
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        Builder::new_multi_thread()
            .worker_threads(self.concurrency.min(processors))
            .enable_time()
            .build()
    }
}

/// The next call, or why there is none.
fn next_of<R: Read>(calls: &mut Calls<R>) -> Option<Result<RecordedCall, ReplayError>> {
    Some(match calls.next()? {
        Ok(call) => call.map_err(ReplayError::Line),
        Err(source) => Err(ReplayError::Input {
            line: calls.lines() + 1,
            source,
        }),
    })
}

/// Refuses a store of which any log holds records of real calls, and a log that is no store.
#[cfg(unix)]
fn refuse_live(store: &Path) -> Result<(), ReplayError> {
    // A folder that is not there, or is empty, becomes a store.
    let Ok(true) = store.try_exists() else {
        return Ok(());
    };
    let logs = match LogSnapshot::find(store) {
        Ok(logs) => logs,
        Err(QueryError::NoLog { .. }) => return Ok(()),
        Err(error) => return Err(ReplayError::Read(error)),
    };
    for log in logs {
        let folder = log.folder().to_owned();
        if folder == store {
            return Err(ReplayError::NoStore { folder });
        }
        if log.log().is_some() && !log.is_replayed() && !log.is_admin() {
            return Err(ReplayError::LiveStore { folder });
        }
    }
    Ok(())
}

/// Tasks that send calls, each one after the other.
struct Workers {
    queues: Vec<Sender<Scripted>>,
    tasks: Vec<JoinHandle<()>>,
    failed: Arc<OnceLock<SinkError>>,
}

/// A worker has ended because the log takes no more.
struct Stopped;

impl Workers {
    fn start(runtime: &Runtime, recorder: &Recorder, count: usize) -> Self {
        let layer = AuditLayer::builder(recorder.clone())
            .describe(DescribeScripted)
            .on_unavailable(|refusal: &Refusal| {
                Err::<ToolResult, SinkError>(refusal.error().clone())
            })
            .on_undurable(|_: Result<ToolResult, SinkError>, error: &SinkError| {
                Err::<ToolResult, SinkError>(error.clone())
            })
            .build();
        let failed = Arc::new(OnceLock::new());
        let mut queues = Vec::with_capacity(count);
        let mut tasks = Vec::with_capacity(count);
        for _ in 0..count {
            let (queue, calls) = channel(WAITING);
            let service = layer.layer(ScriptedTool);
            let failed = Arc::clone(&failed);
            queues.push(queue);
            tasks.push(runtime.spawn(async move {
                if let Err(error) = work(service, calls).await {
                    // The first failure is told; the others have the same cause.
                    let _ = failed.set(error);
                }
            }));
        }
        Self {
            queues,
            tasks,
            failed,
        }
    }

    fn send(&self, call: RecordedCall, real_time: bool) -> Result<(), Stopped> {
        let mut hasher = DefaultHasher::new();
        call.call.context.conversation_id.hash(&mut hasher);
        let index = hasher.finish() % self.queues.len().max(1) as u64;
        let queue = usize::try_from(index)
            .ok()
            .and_then(|index| self.queues.get(index))
            .ok_or(Stopped)?;
        queue
            .blocking_send(Scripted::new(call, real_time))
            .map_err(|_| Stopped)
    }

    /// Waits until all that was sent is recorded.
    fn finish(self, runtime: &Runtime) -> Result<(), SinkError> {
        drop(self.queues);
        for task in self.tasks {
            if runtime.block_on(task).is_err() {
                return Err(SinkError::other(
                    "a worker ended early: this is an error in tool-audit, please report it",
                ));
            }
        }
        match self.failed.get() {
            Some(error) => Err(error.clone()),
            None => Ok(()),
        }
    }
}

async fn work<S>(mut service: S, mut calls: Receiver<Scripted>) -> Result<(), SinkError>
where
    S: Service<Scripted, Response = ToolResult, Error = SinkError>,
{
    while let Some(call) = calls.recv().await {
        poll_fn(|cx| service.poll_ready(cx)).await?;
        let mut answer = pin!(service.call(call));
        let answered = poll_fn(|cx| {
            match catch_unwind(AssertUnwindSafe(|| answer.as_mut().poll(cx))) {
                Ok(answered) => answered.map(Some),
                // The scripted panic, which the layer has recorded and resumed.
                Err(_) => Poll::Ready(None),
            }
        });
        if let Some(Err(error)) = answered.await {
            return Err(error);
        }
    }
    Ok(())
}
