use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use serde_json::Value;

use super::{Policy, Recorder, RetentionClass};
use crate::call::{CallContext, Outcome, ToolCall};
use crate::clock::Clock;
use crate::sanitize::Sanitizer;
use crate::sink::{AuditSink, Durability, EntryHead, EntryKind, SanitizedEntry, Ticket};

/// Makes entries for the tests of a sink of one's own.
///
/// The entry goes the same way as a recorded call's, through the sanitizer: there is no way round it.
///
/// ```
/// use serde_json::json;
/// use tool_audit::{AuditSink, EntryBuilder, MemorySink, Sanitizer};
///
/// let entry = EntryBuilder::new("login")
///     .arguments(json!({"user": "ada", "password": "hunter2"}))
///     .build(&Sanitizer::default());
/// assert!(!entry.as_json().contains("hunter2"));
///
/// let sink = MemorySink::new();
/// sink.record(&entry.as_entry());
/// assert_eq!(sink.entries()[0].tool_name, "login");
/// ```
#[derive(Clone)]
#[must_use]
pub struct EntryBuilder {
    call: ToolCall,
    context: CallContext,
    kind: EntryKind,
    outcome: Outcome,
    result: Option<Value>,
    error: Option<String>,
    duration: Duration,
    started: SystemTime,
    class: String,
    days: Option<u32>,
    durability: Durability,
}

impl EntryBuilder {
    /// A successful call of this tool, in the class `general`.
    pub fn new(tool_name: impl Into<String>) -> Self {
        Self {
            call: ToolCall::new(tool_name, Value::Null),
            context: CallContext::default(),
            kind: EntryKind::ToolCall,
            outcome: Outcome::Success,
            result: None,
            error: None,
            duration: Duration::ZERO,
            started: SystemTime::now(),
            class: "general".to_owned(),
            days: None,
            durability: Durability::Buffered,
        }
    }

    /// What the tool was called with.
    pub fn arguments(mut self, arguments: impl Into<Value>) -> Self {
        self.call.arguments = arguments.into();
        self
    }

    /// On whose behalf.
    pub fn context(mut self, context: CallContext) -> Self {
        self.context = context;
        self
    }

    /// The conversation.
    pub fn conversation_id(mut self, id: impl Into<String>) -> Self {
        self.context.conversation_id = Some(id.into());
        self
    }

    /// The user.
    pub fn user_id(mut self, id: impl Into<String>) -> Self {
        self.context.user_id = Some(id.into());
        self
    }

    /// Makes a record of intent, or one of a call's end.
    pub fn kind(mut self, kind: EntryKind) -> Self {
        self.kind = kind;
        self
    }

    /// How the call ended.
    pub fn outcome(mut self, outcome: Outcome) -> Self {
        self.outcome = outcome;
        self
    }

    /// What the tool answered.
    pub fn result(mut self, result: impl Into<Value>) -> Self {
        self.result = Some(result.into());
        self
    }

    /// What went wrong.
    pub fn error(mut self, error: impl Into<String>) -> Self {
        self.error = Some(error.into());
        self
    }

    /// How long the call took.
    pub fn duration(mut self, duration: Duration) -> Self {
        self.duration = duration;
        self
    }

    /// When the call began.
    pub fn started(mut self, started: SystemTime) -> Self {
        self.started = started;
        self
    }

    /// The retention class, and after how many days the record may go.
    pub fn retention(mut self, class: impl Into<String>, days: Option<u32>) -> Self {
        self.class = class.into();
        self.days = days;
        self
    }

    /// How safe the entry must be.
    pub fn durability(mut self, durability: Durability) -> Self {
        self.durability = durability;
        self
    }

    /// Makes the entry.
    #[must_use]
    pub fn build(mut self, sanitizer: &Sanitizer) -> EntryBuf {
        let mut class = RetentionClass::new(self.class).tools([self.call.tool_name.clone()]);
        if let Some(days) = self.days {
            class = class.days(days);
        }
        let mut policy = Policy::new().class(class).durability(self.durability);
        if self.kind == EntryKind::ToolCallStarted {
            policy = policy.intent_for_all();
        }
        let clock = FixedClock {
            now: self.started,
            monotonic: Mutex::default(),
        };
        let clock = Arc::new(clock);
        let taken = Taken {
            kind: self.kind,
            entry: Mutex::default(),
        };
        let taken = Arc::new(taken);
        let recorder = Recorder::builder(Arc::clone(&taken))
            .sanitizer(sanitizer.clone())
            .policy(policy)
            .clock(SharedClock(Arc::clone(&clock)))
            .build();
        self.call.context = Arc::new(self.context);
        let mut recording = recorder.start_call(&self.call);
        recording.begin();
        *clock
            .monotonic
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = self.duration;
        drop(recording.finish(|outcome| {
            if let Some(result) = &self.result {
                outcome.result(result);
            }
            if let Some(error) = &self.error {
                outcome.error(error);
            }
            outcome.outcome(self.outcome);
        }));
        let entry = taken
            .entry
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        entry.unwrap_or_else(|| EntryBuf::empty(self.kind))
    }
}

/// Shows nothing that nobody has sanitized yet.
impl fmt::Debug for EntryBuilder {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("EntryBuilder")
            .field("call", &self.call)
            .field("kind", &self.kind)
            .field("outcome", &self.outcome)
            .finish_non_exhaustive()
    }
}

/// An entry that owns its bytes; made by [`EntryBuilder`].
#[derive(Clone, PartialEq, Eq)]
pub struct EntryBuf {
    kind: EntryKind,
    tool_name: String,
    retention_class: String,
    call_id: String,
    outcome: Option<Outcome>,
    durability: Durability,
    emergency: bool,
    json: String,
}

impl EntryBuf {
    fn empty(kind: EntryKind) -> Self {
        Self {
            kind,
            tool_name: String::new(),
            retention_class: String::new(),
            call_id: String::new(),
            outcome: None,
            durability: Durability::Buffered,
            emergency: false,
            json: format!("{}\"call_id\":\"\"}}", kind.opening()),
        }
    }

    /// The entry as a sink gets it.
    #[must_use]
    pub fn as_entry(&self) -> SanitizedEntry<'_> {
        let head = EntryHead {
            kind: self.kind,
            tool_name: &self.tool_name,
            retention_class: &self.retention_class,
            call_id: &self.call_id,
            outcome: self.outcome,
            durability: self.durability,
            emergency: self.emergency,
        };
        SanitizedEntry::new(head, self.json.as_bytes())
    }

    /// The entry as one object of canonical JSON.
    #[must_use]
    pub fn as_json(&self) -> &str {
        &self.json
    }
}

impl fmt::Debug for EntryBuf {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("EntryBuf").field(&self.json).finish()
    }
}

/// Keeps the one entry that was asked for.
struct Taken {
    kind: EntryKind,
    entry: Mutex<Option<EntryBuf>>,
}

impl AuditSink for Taken {
    fn record(&self, entry: &SanitizedEntry<'_>) -> Ticket {
        let head = entry.head();
        *self.entry.lock().unwrap_or_else(PoisonError::into_inner) = Some(EntryBuf {
            kind: head.kind,
            tool_name: head.tool_name.to_owned(),
            retention_class: head.retention_class.to_owned(),
            call_id: head.call_id.to_owned(),
            outcome: head.outcome,
            durability: head.durability,
            emergency: head.emergency,
            json: entry.as_json().to_owned(),
        });
        Ticket::DONE
    }

    fn interested(&self, head: &EntryHead<'_>) -> bool {
        head.kind == self.kind
    }
}

#[derive(Debug)]
struct FixedClock {
    now: SystemTime,
    monotonic: Mutex<Duration>,
}

#[derive(Debug)]
struct SharedClock(Arc<FixedClock>);

impl Clock for SharedClock {
    fn now(&self) -> SystemTime {
        self.0.now
    }

    fn monotonic(&self) -> Duration {
        *self
            .0
            .monotonic
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}
