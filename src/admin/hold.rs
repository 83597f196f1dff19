use std::borrow::Cow;
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::{Map, Value};

use super::AdminError;
use super::act::{self, Actor, Admin};
use super::acts::Acts;
use crate::identifiers;
use crate::query::{Filter, instant, scan};
use crate::record::SUBJECT_MEMBERS;
use crate::sanitize::Sanitizer;

pub use super::scope::HoldScope;

/// A legal hold that is to begin: what it covers stays, however long ago it expired, until somebody else releases it.
///
/// What is said several times covers each of these; different things all have to hold of a call. A hold that names nothing
/// covers everything.
///
/// ```
/// use tool_audit::admin::{NewHold, holds, release_hold, set_hold};
/// # use tool_audit::{AuditSink, EntryBuilder, HashChainSink, Sanitizer};
/// # let folder = tempfile::tempdir()?;
/// # let store = folder.path().join("audit");
/// # let sink = HashChainSink::in_memory();
/// # sink.record(&EntryBuilder::new("get_order").build(&Sanitizer::default()).as_entry());
/// # sink.to_folder(&store)?;
///
/// let hold = NewHold::new("legal", "claim 4711").conversation("conv_1").tool("refund_*");
/// let hold_id = set_hold(&store, &hold)?;
/// assert_eq!(holds(&store)?[0].reason, "claim 4711");
/// // Nobody ends their own hold.
/// assert!(release_hold(&store, &hold_id, "legal", "settled").is_err());
/// release_hold(&store, &hold_id, "dpo", "settled")?;
/// assert!(holds(&store)?.is_empty());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
#[must_use]
pub struct NewHold {
    actor: Actor,
    reason: String,
    hold_id: Option<String>,
    from: Option<DateTime<Utc>>,
    to: Option<DateTime<Utc>>,
    subjects: Vec<String>,
    users: Vec<String>,
    conversations: Vec<String>,
    tools: Vec<String>,
    members: Vec<String>,
    sanitizer: Option<Sanitizer>,
}

impl NewHold {
    /// Set by whom the operating system or an application knows, and why.
    pub fn new(actor: impl Into<String>, reason: impl Into<String>) -> Self {
        Self {
            actor: Actor {
                name: actor.into(),
                asserted: false,
            },
            reason: reason.into(),
            hold_id: None,
            from: None,
            to: None,
            subjects: Vec::new(),
            users: Vec::new(),
            conversations: Vec::new(),
            tools: Vec::new(),
            members: SUBJECT_MEMBERS.into_iter().map(str::to_owned).collect(),
            sanitizer: None,
        }
    }

    /// The actor's name is a claim that nobody checked.
    pub fn asserted(mut self) -> Self {
        self.actor.asserted = true;
        self
    }

    /// What the hold is called, such as the number of a matter; otherwise a random name is made.
    pub fn hold_id(mut self, id: impl Into<String>) -> Self {
        self.hold_id = Some(id.into());
        self
    }

    /// Covers calls that ended at this instant or later.
    pub fn from(mut self, instant: DateTime<Utc>) -> Self {
        self.from = Some(instant);
        self
    }

    /// Covers calls that began at this instant or before.
    pub fn to(mut self, instant: DateTime<Utc>) -> Self {
        self.to = Some(instant);
        self
    }

    /// Covers calls about this person or thing. An identifier in clear needs the [`sanitizer`](Self::sanitizer) that the
    /// log was written with, where records hold a pseudonym for it; then it stands in the hold's own record in clear only
    /// where it does in a call's.
    pub fn subject(mut self, identifier: impl Into<String>) -> Self {
        self.subjects.push(identifier.into());
        self
    }

    /// Covers calls of this user, who is named as a subject is.
    pub fn user(mut self, identifier: impl Into<String>) -> Self {
        self.users.push(identifier.into());
        self
    }

    /// Covers the calls of this conversation.
    pub fn conversation(mut self, id: impl Into<String>) -> Self {
        self.conversations.push(id.into());
        self
    }

    /// Covers the calls of this tool, or of those that fit a pattern with `*`.
    pub fn tool(mut self, name: impl Into<String>) -> Self {
        self.tools.push(name.into());
        self
    }

    /// The rules and keys that the logs were written with, old keys too.
    pub fn sanitizer(mut self, sanitizer: Sanitizer) -> Self {
        self.sanitizer = Some(sanitizer);
        self
    }

    /// The names of members that hold subjects, in place of `patient_id`, `mrn` and `medical_record_number`: a pseudonym
    /// depends on what its value is called.
    pub fn subject_members<I>(mut self, names: I) -> Self
    where
        I: IntoIterator,
        I::Item: Into<String>,
    {
        self.members = names.into_iter().map(Into::into).collect();
        self
    }

    /// What it covers in the logs at `path`.
    fn scope(&self, path: &Path) -> Result<HoldScope, AdminError> {
        let mut scope = HoldScope {
            from: self.from.map(instant::to_text),
            to: self.to.map(instant::to_text),
            ..HoldScope::default()
        };
        for (what, given, named) in [
            ("subject", &self.subjects, &mut scope.subjects),
            ("user", &self.users, &mut scope.users),
        ] {
            for identifier in given {
                let forms = match &self.sanitizer {
                    None => Vec::new(),
                    Some(sanitizer) if what == "user" => {
                        identifiers::user_forms(sanitizer, identifier)
                    }
                    Some(sanitizer) => {
                        identifiers::subject_forms(sanitizer, &self.members, identifier)
                    }
                };
                // What would stand otherwise in a record must not stand in this one either.
                let is_pseudonymised = forms.iter().any(|form| form.starts_with("pn:"));
                let in_clear = !is_pseudonymised || {
                    let calls = Filter::new().kind("tool_call").kind("tool_call_started");
                    let calls = match what {
                        "user" => calls.user(identifier),
                        _ => calls.subject(identifier),
                    };
                    // The index is no evidence that there are none.
                    let first = scan(path, &calls).map_err(AdminError::Query)?.next();
                    first.transpose().map_err(AdminError::Query)?.is_some()
                };
                let mut forms = std::iter::once(identifier)
                    .chain(&forms)
                    .filter(|form| in_clear || *form != identifier)
                    .filter(|form| !form.is_empty() && act::name(form) == **form)
                    .peekable();
                if forms.peek().is_none() {
                    return Err(AdminError::NotNameable { what });
                }
                for form in forms {
                    if !named.contains(form) {
                        named.push(form.clone());
                    }
                }
            }
        }
        for (what, given, named) in [
            (
                "conversation",
                &self.conversations,
                &mut scope.conversations,
            ),
            ("tool", &self.tools, &mut scope.tools),
        ] {
            for name in given {
                let written = act::name(name);
                if written.is_empty() {
                    return Err(AdminError::NotNameable { what });
                }
                named.push(written);
            }
        }
        Ok(scope)
    }
}

/// Shows nobody's identifiers.
impl std::fmt::Debug for NewHold {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("NewHold")
            .field("actor", &self.actor)
            .field("reason", &self.reason)
            .field("hold_id", &self.hold_id)
            .finish_non_exhaustive()
    }
}

/// A hold that is in force.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Hold {
    /// What it is called.
    pub hold_id: String,
    /// The store that it is set in.
    pub store: PathBuf,
    /// Why it was set.
    pub reason: String,
    /// By whom.
    pub actor: String,
    /// True where the name is a claim.
    pub actor_asserted: bool,
    /// When.
    pub since: String,
    /// What it covers.
    pub scope: HoldScope,
}

/// Sets a hold in each store at `path`, and gives its name; it is on the disk when this returns.
///
/// `path` is a log of a store, a store, or a folder of stores. The hold is for whole stores, also where a single log is
/// named. A prune that runs ends first.
///
/// # Errors
///
/// A hold of that name is in force, an identifier needs the sanitizer's keys, or a store's `admin` cannot be written; then
/// the hold stands in the stores before that one.
pub fn set_hold(path: &Path, hold: &NewHold) -> Result<String, AdminError> {
    let hold_id = match &hold.hold_id {
        Some(id) => act::name(id),
        None => random_id()?,
    };
    if hold_id.is_empty() {
        return Err(AdminError::NotNameable { what: "hold" });
    }
    let scope = serde_json::to_value(hold.scope(path)?).unwrap_or_default();
    for store in act::stores(path)? {
        let admin = Admin::open(&store).map_err(AdminError::Log)?;
        if Acts::read(&admin.folder)?.hold(&hold_id).is_some() {
            return Err(AdminError::HoldInForce { hold_id });
        }
        let mut members = Map::new();
        hold.actor.write(&mut members);
        members.insert("hold_id".to_owned(), hold_id.clone().into());
        members.insert("reason".to_owned(), act::prose(&hold.reason).into());
        members.insert("scope".to_owned(), scope.clone());
        admin.record("hold_set", members).map_err(AdminError::Log)?;
    }
    Ok(hold_id)
}

/// Ends a hold in each store at `path` where it is in force. It takes another actor than the one who set it.
///
/// `actor` is whom the operating system or an application knows; [`release_hold_asserted`] takes a claim.
///
/// # Errors
///
/// No store has the hold, the same actor set it, or a store's `admin` cannot be written.
pub fn release_hold(
    path: &Path,
    hold_id: &str,
    actor: &str,
    reason: &str,
) -> Result<(), AdminError> {
    release(path, hold_id, actor, reason, false)
}

/// [`release_hold`] under a name that is a claim, and recorded as one.
///
/// # Errors
///
/// As [`release_hold`].
pub fn release_hold_asserted(
    path: &Path,
    hold_id: &str,
    actor: &str,
    reason: &str,
) -> Result<(), AdminError> {
    release(path, hold_id, actor, reason, true)
}

fn release(
    path: &Path,
    hold_id: &str,
    actor: &str,
    reason: &str,
    asserted: bool,
) -> Result<(), AdminError> {
    let hold_id = act::name(hold_id);
    let actor = Actor {
        name: actor.to_owned(),
        asserted,
    };
    let mut released = false;
    for store in act::stores(path)? {
        let admin = Admin::open(&store).map_err(AdminError::Log)?;
        let acts = Acts::read(&admin.folder)?;
        let Some(hold) = acts.hold(&hold_id) else {
            continue;
        };
        if hold.actor == act::name(&actor.name) {
            return Err(AdminError::SameActor {
                hold_id,
                actor: hold.actor.clone(),
            });
        }
        let mut members = Map::new();
        actor.write(&mut members);
        members.insert("hold_id".to_owned(), hold_id.clone().into());
        members.insert("reason".to_owned(), act::prose(reason).into());
        let scope: Value = serde_json::to_value(&hold.scope).unwrap_or_default();
        members.insert("scope".to_owned(), scope);
        admin
            .record("hold_released", members)
            .map_err(AdminError::Log)?;
        released = true;
    }
    if released {
        Ok(())
    } else {
        Err(AdminError::NoHold { hold_id })
    }
}

/// The holds that are in force in the stores at `path`, the oldest of each store first.
///
/// # Errors
///
/// A log cannot be read, or what stands in an `admin` cannot be read as a hold.
pub fn holds(path: &Path) -> Result<Vec<Hold>, AdminError> {
    let mut holds = Vec::new();
    for store in act::stores(path)? {
        holds.extend(Acts::of_store(&store)?.holds);
    }
    Ok(holds)
}

fn random_id() -> Result<String, AdminError> {
    let mut bytes = [0; 8];
    getrandom::fill(&mut bytes).map_err(|error| {
        let error = std::io::Error::other(error);
        AdminError::Log(crate::log::LogError::io(
            "naming",
            Path::new("a hold"),
            error,
        ))
    })?;
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    Ok(format!("hold-{hex}"))
}

/// The members of a call that a hold's scope asks for.
pub(crate) struct Covered<'a> {
    /// When it began and ended, in microseconds.
    pub(crate) begin: i64,
    pub(crate) end: i64,
    pub(crate) user: Option<Cow<'a, str>>,
    pub(crate) conversation: Option<Cow<'a, str>>,
    pub(crate) tool: Option<Cow<'a, str>>,
    pub(crate) subjects: Vec<Cow<'a, str>>,
    /// Somebody may be left out of the subjects.
    pub(crate) subjects_cut: bool,
}
