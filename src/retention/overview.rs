use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::log::RecordHead;
use crate::log::read::{Line, LineReader};
use crate::query::{Filter, LogSnapshot, PassedOver, QueryError, parts};
use crate::record::Policy;

/// So many names of tools are told of a class.
const MOST_TOOLS: usize = 1_000;

/// What one retention class holds.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct ClassHolding {
    /// The class, as it stands in the records; `admin` is that of acts upon the store.
    pub class: String,
    /// How many records it has.
    pub records: u64,
    /// How many segments its logs have.
    pub segments: u64,
    /// The size of those in bytes.
    pub bytes: u64,
    /// When the earliest record was made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_record: Option<String>,
    /// When the latest record was made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_record: Option<String>,
    /// The day after which the first record may go, by what the records say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_retain_until: Option<String>,
    /// The day after which the last record may go that may ever go.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_retain_until: Option<String>,
    /// How many records never expire.
    pub forever: u64,
    /// The tools with calls in it that no class of the policy names, at most 1,000.
    pub default_tools: BTreeSet<String>,
}

/// What the retention classes of the logs at a place hold; made by [`retention`].
#[derive(Debug, Clone, Default, Serialize)]
#[non_exhaustive]
pub struct Holdings {
    /// Each class, by name.
    pub classes: Vec<ClassHolding>,
    /// True where one of the logs was made by replaying recorded calls.
    pub replayed: bool,
    #[serde(skip)]
    passed: PassedOver,
}

impl Holdings {
    /// What was passed over.
    #[must_use]
    pub fn passed_over(&self) -> &PassedOver {
        &self.passed
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Members {
    timestamp: String,
    retention_class: String,
    retain_until: Option<String>,
    tool_name: Option<String>,
}

/// What of a class stands in a part of a log.
#[derive(Debug, Default)]
struct Sum {
    holding: ClassHolding,
    tools: BTreeSet<String>,
}

/// Tells what each retention class of the logs at `path` holds, from when and until when.
///
/// `policy` says which tools have a class of their own; a tool without one is told by the class to which it fell. All records
/// are read once.
///
/// ```
/// use tool_audit::retention::retention;
/// use tool_audit::{AuditSink, EntryBuilder, HashChainSink, Policy, Sanitizer};
///
/// let folder = tempfile::tempdir()?;
/// let sink = HashChainSink::in_memory();
/// drop(sink.record(&EntryBuilder::new("get_order").build(&Sanitizer::default()).as_entry()));
/// sink.to_folder(folder.path().join("audit"))?;
///
/// let holdings = retention(&folder.path().join("audit"), &Policy::new())?;
/// assert_eq!(holdings.classes[0].class, "general");
/// assert!(holdings.classes[0].default_tools.contains("get_order"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
///
/// As for [`scan`](crate::query::scan()).
pub fn retention(path: &Path, policy: &Policy) -> Result<Holdings, QueryError> {
    let mut classes = BTreeMap::<String, Sum>::new();
    let read = parts::of(
        path,
        &Filter::new(),
        |cursor, _| {
            let mut part = BTreeMap::<String, Sum>::new();
            while cursor.advance()? {
                match serde_json::from_slice::<Members>(cursor.line()) {
                    Ok(members) => take(&mut part, members),
                    Err(_) => cursor.bad("is not JSON"),
                }
            }
            Ok(part)
        },
        |part| {
            for (class, sum) in part {
                classes.entry(class).or_default().add(sum);
            }
        },
    )?;
    for snapshot in &read.snapshots {
        let class = class_of(snapshot);
        let holding = &mut classes.entry(class).or_default().holding;
        holding.segments += snapshot.segments.len() as u64;
        holding.bytes += snapshot.bytes();
    }
    let fell = |class: &str, tool: &String| {
        policy.is_default_for(tool) && policy.retention_class(tool).name() == class
    };
    let classes = classes.into_iter().map(|(class, sum)| ClassHolding {
        default_tools: sum
            .tools
            .into_iter()
            .filter(|tool| fell(&class, tool))
            .collect(),
        class,
        ..sum.holding
    });
    Ok(Holdings {
        classes: classes.collect(),
        replayed: read.snapshots.iter().any(LogSnapshot::is_replayed),
        passed: read.passed,
    })
}

fn take(part: &mut BTreeMap<String, Sum>, members: Members) {
    let mut one = Sum::default();
    one.tools.extend(members.tool_name);
    one.holding = ClassHolding {
        records: 1,
        forever: u64::from(members.retain_until.is_none()),
        first_record: Some(members.timestamp.clone()),
        last_record: Some(members.timestamp),
        first_retain_until: members.retain_until.clone(),
        last_retain_until: members.retain_until,
        ..ClassHolding::default()
    };
    part.entry(members.retention_class).or_default().add(one);
}

impl Sum {
    fn add(&mut self, other: Self) {
        let (sum, other_sum) = (&mut self.holding, other.holding);
        sum.records += other_sum.records;
        sum.forever += other_sum.forever;
        sum.first_record = earliest(sum.first_record.take(), other_sum.first_record);
        sum.last_record = sum.last_record.take().max(other_sum.last_record);
        sum.first_retain_until =
            earliest(sum.first_retain_until.take(), other_sum.first_retain_until);
        sum.last_retain_until = sum
            .last_retain_until
            .take()
            .max(other_sum.last_retain_until);
        let room = MOST_TOOLS.saturating_sub(self.tools.len());
        let new = other.tools.into_iter().take(room);
        self.tools.extend(new);
    }
}

/// Times and dates of records order as their texts do.
fn earliest(one: Option<String>, other: Option<String>) -> Option<String> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
}

/// The class of a log, as its first record has it.
fn class_of(snapshot: &LogSnapshot) -> String {
    let first = snapshot.segments.first().and_then(|segment| {
        let mut lines = LineReader::new(File::open(&segment.path).ok()?);
        let Some(Line::Whole(line)) = lines.next_line().ok()? else {
            return None;
        };
        RecordHead::parse(line)?;
        serde_json::from_slice::<Members>(line).ok()
    });
    first
        .map(|members| members.retention_class)
        .unwrap_or_default()
}
