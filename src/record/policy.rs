use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::escaped::text_of;
use super::name_set::NameSet;
use super::subject_names::SubjectNames;
use super::{RetentionClass, RetentionPeriod, limits};
use crate::by_tool::ByTool;
use crate::canonical;
use crate::sanitize::Sanitizer;
use crate::sink::Durability;

/// What a record keeps of a tool's answer.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Results {
    /// The summary alone.
    #[default]
    Summary,
    /// The summary, and the sanitized answer cut to 1 KiB of JSON.
    Preview,
}

/// What is recorded of which tool, how safely, and for how long.
///
/// ```
/// use tool_audit::{Durability, Policy, RetentionClass};
///
/// let policy = Policy::new()
///     .class(RetentionClass::new("financial").days(2555).tools(["charge_payment"]))
///     .class_durability("financial", Durability::Synced)
///     .intent(["charge_payment"]);
/// ```
#[derive(Debug, Clone)]
pub struct Policy {
    general: RetentionClass,
    classes: Vec<RetentionClass>,
    subject_class: Option<String>,
    durability: Durability,
    class_durability: BTreeMap<String, Durability>,
    tool_durability: BTreeMap<String, Durability>,
    intent: BTreeSet<String>,
    intent_for_all: bool,
    intent_for_destructive: bool,
    identifiers: BTreeSet<String>,
    subject_members: BTreeSet<String>,
    pub(super) results: Results,
    pub(super) max_wait: Duration,
    pub(super) close_wait: Duration,
}

impl Default for Policy {
    fn default() -> Self {
        Self::new()
    }
}

/// Names whose values a result's summary keeps, beside all that end in `_id`.
const IDENTIFIERS: [&str; 6] = [
    "id",
    "order_id",
    "customer_id",
    "status",
    "old_status",
    "count",
];

/// Names of members that say about whom a call is.
pub(crate) const SUBJECT_MEMBERS: [&str; 3] = ["patient_id", "mrn", "medical_record_number"];

impl Policy {
    /// Buffered, in the class `general` for 365 days, without records of intent but for tools that are said to be
    /// destructive; a log that cannot take a call is waited for 5 s.
    #[must_use]
    pub fn new() -> Self {
        Self {
            general: RetentionClass::new("general").days(365),
            classes: Vec::new(),
            subject_class: None,
            durability: Durability::Buffered,
            class_durability: BTreeMap::new(),
            tool_durability: BTreeMap::new(),
            intent: BTreeSet::new(),
            intent_for_all: false,
            intent_for_destructive: true,
            identifiers: IDENTIFIERS.into_iter().map(str::to_owned).collect(),
            subject_members: SUBJECT_MEMBERS.into_iter().map(str::to_owned).collect(),
            results: Results::Summary,
            max_wait: Duration::from_secs(5),
            close_wait: Duration::from_secs(5),
        }
    }

    /// How safe every entry must be for which nothing else is said.
    #[must_use]
    pub fn durability(mut self, durability: Durability) -> Self {
        self.durability = durability;
        self
    }

    /// How safe the entries of a class must be.
    #[must_use]
    pub fn class_durability(mut self, class: impl Into<String>, durability: Durability) -> Self {
        self.class_durability.insert(class.into(), durability);
        self
    }

    /// How safe the entries of a tool must be; it outweighs the tool's class.
    #[must_use]
    pub fn tool_durability(mut self, tool: impl Into<String>, durability: Durability) -> Self {
        self.tool_durability.insert(tool.into(), durability);
        self
    }

    /// Asks for a record of intent before each call of these tools.
    #[must_use]
    pub fn intent<I>(mut self, tools: I) -> Self
    where
        I: IntoIterator,
        I::Item: Into<String>,
    {
        self.intent.extend(tools.into_iter().map(Into::into));
        self
    }

    /// Asks for a record of intent before every call.
    #[must_use]
    pub fn intent_for_all(mut self) -> Self {
        self.intent_for_all = true;
        self
    }

    /// Whether calls of tools that are said to be [destructive](crate::ToolEffect::Destructive) leave a record of intent,
    /// as they do by default.
    #[must_use]
    pub fn intent_for_destructive(mut self, asked_for: bool) -> Self {
        self.intent_for_destructive = asked_for;
        self
    }

    /// Adds a retention class with its tools. A later class of the same name replaces an earlier one.
    #[must_use]
    pub fn class(mut self, class: RetentionClass) -> Self {
        if class.name == self.general.name {
            self.general = class;
        } else {
            self.classes.retain(|other| other.name != class.name);
            self.classes.push(class);
        }
        self
    }

    /// Makes a class that of all tools that no class names, in place of `general`.
    #[must_use]
    pub fn default_class(mut self, class: RetentionClass) -> Self {
        self.classes.retain(|other| other.name != class.name);
        self.general = class;
        self
    }

    /// Names the class below which no call is kept that has a subject, a purpose or an emergency, whatever its tool:
    /// where the tool's class keeps shorter, the call goes to this one.
    ///
    /// Subjects that only the answer names come too late for a call whose record of intent is written: it stays
    /// in its class, and its record there is kept as long as in this one.
    ///
    /// A name that no class of the policy has changes nothing.
    #[must_use]
    pub fn subject_class(mut self, class: impl Into<String>) -> Self {
        self.subject_class = Some(class.into());
        self
    }

    /// The class of a tool's calls, be they about a subject or not.
    ///
    /// ```
    /// use tool_audit::{Policy, RetentionClass};
    ///
    /// let policy = Policy::new().class(RetentionClass::financial());
    /// let period = policy.retention_class("issue_refund").period();
    /// assert_eq!((period.days(), period.years()), (Some(2555), Some(7)));
    /// assert_eq!(policy.retention_class("get_order").name(), "general");
    /// ```
    #[must_use]
    pub fn retention_class(&self, tool: &str) -> &RetentionClass {
        let index = self.tool_classes().find(tool).unwrap_or(0);
        index
            .checked_sub(1)
            .and_then(|index| self.classes.get(index))
            .unwrap_or(&self.general)
    }

    /// The class of this name.
    #[must_use]
    pub fn class_named(&self, name: &str) -> Option<&RetentionClass> {
        std::iter::once(&self.general)
            .chain(&self.classes)
            .find(|class| class.name == name)
    }

    /// True where no class names the tool, exactly or by a pattern, so that its calls fall to the default class.
    #[must_use]
    pub fn is_default_for(&self, tool: &str) -> bool {
        self.tool_classes().find(tool).is_none()
    }

    /// Which class has which tools: `general` is class 0.
    fn tool_classes(&self) -> ByTool<usize> {
        let mut classes = ByTool::default();
        for (index, class) in std::iter::once(&self.general)
            .chain(&self.classes)
            .enumerate()
        {
            for tool in &class.tools {
                classes.insert(tool, index);
            }
        }
        classes
    }

    /// Adds names whose values a result's summary keeps.
    #[must_use]
    pub fn identifiers<I>(mut self, names: I) -> Self
    where
        I: IntoIterator,
        I::Item: Into<String>,
    {
        self.identifiers.extend(names.into_iter().map(Into::into));
        self
    }

    /// Names of the members of arguments and results that say about whom a call is, in place of `patient_id`,
    /// `mrn` and `medical_record_number`.
    ///
    /// What stands in them, at any depth, becomes the record's `subjects`, written as the sanitizer writes it
    /// there: a search that gave fifty patients names fifty subjects. A name is known in any spelling and in the plural
    /// (`patientId`, `patient_ids`). A text that is JSON, such as an MCP tool's, is looked into up to 1 MiB. Where
    /// somebody may be left out, the record says `subjects_truncated`.
    ///
    /// ```
    /// use serde_json::json;
    /// use tool_audit::{MemorySink, Policy, Recorder, ToolCall};
    ///
    /// let sink = MemorySink::new();
    /// let policy = Policy::new().subject_members(["patient_id", "chart_no"]);
    /// let recorder = Recorder::builder(sink.clone()).policy(policy).build();
    /// let call = ToolCall::new("find_patients", json!({"ward": 3}));
    /// recorder.start_call(&call).success(&json!({"rows": [{"chartNo": 17}, {"patient_id": "P-7"}]}));
    /// assert_eq!(sink.entries()[0].subjects, ["17", "P-7"]);
    /// assert_eq!(sink.entries()[0].purpose.as_deref(), Some("unspecified"));
    /// ```
    #[must_use]
    pub fn subject_members<I>(mut self, names: I) -> Self
    where
        I: IntoIterator,
        I::Item: Into<String>,
    {
        self.subject_members = names.into_iter().map(Into::into).collect();
        self
    }

    /// What a record keeps of a tool's answer.
    #[must_use]
    pub fn results(mut self, results: Results) -> Self {
        self.results = results;
        self
    }

    /// How long a call waits for a log that cannot take it, and an answer for its record to be as durable
    /// as the policy asks. By default 5 s.
    #[must_use]
    pub fn max_wait(mut self, wait: Duration) -> Self {
        self.max_wait = wait;
        self
    }

    /// How long [`Recorder::close`](super::Recorder::close) waits for open calls, and after that, with a
    /// second more, for the sink to end. By default 5 s.
    #[must_use]
    pub fn close_wait(mut self, wait: Duration) -> Self {
        self.close_wait = wait;
        self
    }

    /// Names the policy and the sanitizer's rules: equal policies have equal names.
    pub(super) fn id(&self, rules_id: &str) -> String {
        let class = |class: &RetentionClass| {
            let mut tools = class.tools.clone();
            tools.sort_unstable();
            let period = class.period;
            json!({"name": class.name, "days": period.days(), "years": period.years(), "tools": tools})
        };
        let durabilities = |by: &BTreeMap<String, Durability>| {
            by.iter()
                .map(|(name, durability)| (name.clone(), json!(durability)))
                .collect::<serde_json::Map<String, Value>>()
        };
        // In their order: of two classes that name one tool the later one has it.
        let described = json!({
            "rules": rules_id,
            "general": class(&self.general),
            "classes": self.classes.iter().map(class).collect::<Vec<_>>(),
            "subject_class": self.subject_class,
            "durability": self.durability,
            "class_durability": durabilities(&self.class_durability),
            "tool_durability": durabilities(&self.tool_durability),
            "intent": self.intent,
            "intent_for_all": self.intent_for_all,
            "intent_for_destructive": self.intent_for_destructive,
            "identifiers": self.identifiers,
            "subject_members": self.subject_members,
            "preview": self.results == Results::Preview,
        });
        let mut bytes = Vec::new();
        canonical::write_value(&mut bytes, &described);
        let digest: [u8; 32] = Sha256::digest(&bytes).into();
        digest[..8]
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect()
    }

    pub(super) fn compile(&self, sanitizer: &Sanitizer) -> CompiledPolicy {
        let mut classes = vec![self.general.clone()];
        classes.extend(self.classes.iter().cloned());
        let by_tool = self.tool_classes();
        let mut tools = ByTool::default();
        let class_of = |tool: &str| by_tool.find(tool).unwrap_or(0);
        let named = classes.iter().flat_map(|class| &class.tools);
        for tool in named.chain(&self.intent).chain(self.tool_durability.keys()) {
            let class = by_tool.get(tool).unwrap_or_else(|| class_of(tool));
            tools.insert(tool, self.of_tool(tool, class, &classes[class].name));
        }
        let subject_class = self.subject_class.as_ref();
        CompiledPolicy {
            subject_class: subject_class
                .and_then(|name| classes.iter().position(|class| class.name == *name)),
            classes: classes
                .into_iter()
                .map(|class| {
                    let durability = self.class_durability.get(&class.name).copied();
                    CompiledClass::new(&class, durability, sanitizer)
                })
                .collect(),
            others: self.of_tool("", 0, &self.general.name),
            tools,
            identifiers: NameSet::new(self.identifiers.iter().map(String::as_str)),
            intent_for_destructive: self.intent_for_destructive,
            subject_names: SubjectNames::new(self.subject_members.iter().map(String::as_str)),
        }
    }

    fn of_tool(&self, tool: &str, class: usize, class_name: &str) -> ToolPolicy {
        let durability = self.tool_durability.get(tool);
        let durability = durability.or_else(|| self.class_durability.get(class_name));
        ToolPolicy {
            class,
            durability: durability.copied().unwrap_or(self.durability),
            intent: self.intent_for_all || self.intent.contains(tool),
        }
    }
}

/// A class's name, and how it stands in records.
#[derive(Clone, Copy)]
pub(super) struct ClassName<'a> {
    pub(super) text: &'a str,
    pub(super) json: &'a [u8],
}

impl ClassName<'static> {
    pub(super) const GENERAL: Self = Self {
        text: "general",
        json: b"\"general\"",
    };
}

/// What holds for one tool.
#[derive(Debug, Clone, Copy)]
pub(super) struct ToolPolicy {
    pub(super) class: usize,
    pub(super) durability: Durability,
    pub(super) intent: bool,
}

/// A class as the recorder asks it.
#[derive(Debug)]
pub(super) struct CompiledClass {
    name: String,
    json: Vec<u8>,
    pub(super) period: RetentionPeriod,
    /// How safe its entries must be, where the policy says.
    pub(super) durability: Option<Durability>,
}

impl CompiledClass {
    fn new(class: &RetentionClass, durability: Option<Durability>, sanitizer: &Sanitizer) -> Self {
        // It goes through the sanitizer like every string in a record.
        let mut json = Vec::new();
        sanitizer.write_text(&mut json, &class.name, limits::NAME);
        Self {
            name: text_of(&json).into_owned(),
            json,
            period: class.period,
            durability,
        }
    }

    pub(super) fn name(&self) -> ClassName<'_> {
        ClassName {
            text: &self.name,
            json: &self.json,
        }
    }
}

/// The policy as the recorder asks it: by one look-up for a call.
#[derive(Debug)]
pub(super) struct CompiledPolicy {
    /// `general` is the first.
    pub(super) classes: Vec<CompiledClass>,
    /// The class of calls with a subject, where their own one keeps shorter.
    pub(super) subject_class: Option<usize>,
    tools: ByTool<ToolPolicy>,
    others: ToolPolicy,
    identifiers: NameSet,
    pub(super) intent_for_destructive: bool,
    pub(super) subject_names: SubjectNames,
}

impl CompiledPolicy {
    pub(super) fn of(&self, tool: &str) -> ToolPolicy {
        // Most policies name no tool: then the name need not be hashed.
        if self.tools.is_empty() {
            return self.others;
        }
        self.tools.find(tool).unwrap_or(self.others)
    }

    pub(super) fn is_identifier(&self, name: &str) -> bool {
        name.ends_with("_id") || self.identifiers.contains(name)
    }
}
