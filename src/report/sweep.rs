//! One pass over the logs: whose accesses, and how many calls name nobody.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::path::Path;
use std::sync::Arc;

use super::access::Access;
use super::request::{AccessRequest, Names, Of};
use crate::call::UNKNOWN;
use crate::identifiers;
use crate::log::LogId;
use crate::query::parts;
use crate::query::{Compiled, Fields, Filter, LogCursor, LogSnapshot, Own, PassedOver, QueryError};

/// What the pass found.
pub(super) struct Swept {
    pub(super) accesses: Vec<Access>,
    pub(super) users: BTreeSet<String>,
    pub(super) not_attributable: u64,
    /// Which of the person's names stand in the logs.
    pub(super) names: BTreeSet<String>,
    pub(super) passed: PassedOver,
    pub(super) snapshots: Vec<LogSnapshot>,
}

/// An access, and what orders it.
struct Found {
    key: (String, LogId, u64),
    access: Access,
}

/// Whether a call that does not name the person may be about them all the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Doubt {
    No,
    /// It names nobody: that means something where its tool names people in other calls.
    WhereToolNames,
    Yes,
}

struct Call {
    tool: String,
    found: Option<Found>,
    doubt: Doubt,
}

#[derive(Default)]
struct Part {
    found: Vec<Found>,
    names: BTreeSet<String>,
    /// Tools that name people, whenever and for whomever.
    naming: HashSet<String>,
    /// Calls of the period without a subject, by tool.
    unnamed: BTreeMap<String, u64>,
    in_doubt: u64,
    /// Calls that begin here and do not end here, where they matter.
    open: HashMap<String, Call>,
    /// Calls that end here and began before.
    ended: Vec<String>,
}

pub(super) fn sweep(
    path: &Path,
    request: &AccessRequest,
    names: &Arc<Names>,
) -> Result<Swept, QueryError> {
    let filter = Filter::new().kind(END).kind("tool_call_started");
    let mut whole = Part::default();
    let question = Question {
        request: request.clone(),
        names: Arc::clone(names),
    };
    let read = parts::of(
        path,
        &filter,
        move |cursor, filter| examine(cursor, filter, &question),
        |part| whole.take(part),
    )?;
    // A beginning counts where its end is not there: the tool may have answered.
    for (_, call) in std::mem::take(&mut whole.open) {
        whole.settle(call);
    }
    let mut found = whole.found;
    found.sort_by(|one, other| one.key.cmp(&other.key));
    let unnamed = whole.unnamed.iter();
    let unnamed =
        unnamed.filter(|(tool, _)| whole.naming.contains(*tool) || request.declares(tool));
    Ok(Swept {
        users: found
            .iter()
            .map(|found| found.access.accessed_by.clone())
            .collect(),
        accesses: found.into_iter().map(|found| found.access).collect(),
        not_attributable: unnamed.map(|(_, calls)| calls).sum::<u64>() + whole.in_doubt,
        names: whole.names,
        passed: read.passed,
        snapshots: read.snapshots,
    })
}

const END: &str = "tool_call";

struct Question {
    request: AccessRequest,
    names: Arc<Names>,
}

fn examine(
    cursor: &mut LogCursor,
    filter: &Compiled,
    question: &Question,
) -> Result<Part, QueryError> {
    let mut part = Part::default();
    while cursor.advance_to_candidate(filter)? {
        match part.add_line(cursor, question) {
            Ok(()) => {}
            Err(Trouble::Bad(reason)) => cursor.bad(reason),
            Err(Trouble::NotUnderstood(reason)) => cursor.not_understood(reason),
        }
    }
    Ok(part)
}

enum Trouble {
    Bad(&'static str),
    NotUnderstood(&'static str),
}

impl Part {
    fn add_line(&mut self, cursor: &LogCursor, question: &Question) -> Result<(), Trouble> {
        const SUBJECTS: &str =
            "says in a way that this version does not understand whom it is about";
        const SOME: &str = "has members that this version does not understand";
        let Some(place) = cursor.place() else {
            return Ok(());
        };
        let line = cursor.line();
        let (fields, text) = Fields::parse(line).map_err(Trouble::Bad)?;
        let at = fields.timestamp().map_err(Trouble::Bad)?;
        let is_end = text.get(place.kind.clone()) == Some(END);
        let own = Own {
            line,
            members_at: place.members_at,
        };
        let mut told = Told {
            own,
            is_understood: true,
        };
        let subjects: Vec<String> = told.member("subjects");
        let is_cut: bool = told.member("subjects_truncated");
        if !told.is_understood {
            return Err(Trouble::NotUnderstood(SUBJECTS));
        }
        let tool = fields.tool().unwrap_or(UNKNOWN);
        if (is_cut || !subjects.is_empty()) && !self.naming.contains(tool) {
            self.naming.insert(tool.to_owned());
        }
        let user = fields.user().unwrap_or(UNKNOWN);
        let (is_found, doubt) = self.look(question, user, &subjects, is_cut);
        let covered = question.request.covers(at);
        let mut call = Call {
            tool: String::new(),
            found: None,
            doubt: if covered { doubt } else { Doubt::No },
        };
        if call.doubt != Doubt::No {
            tool.clone_into(&mut call.tool);
        }
        if covered && is_found {
            let subjects = (question.request.of == Of::User).then_some(subjects);
            let access = Access::of(&fields, &mut told, is_end, subjects);
            call.found = Some(Found {
                key: (access.timestamp.clone(), place.log, place.seq),
                access,
            });
        }
        let matters = call.found.is_some() || call.doubt != Doubt::No;
        match (fields.call_id(), is_end) {
            (Some(call_id), true) => {
                if self.open.remove(call_id).is_none() {
                    self.ended.push(call_id.to_owned());
                }
                self.settle(call);
            }
            (Some(call_id), false) if matters => {
                self.open.insert(call_id.to_owned(), call);
            }
            (Some(_), false) => {}
            (None, _) => self.settle(call),
        }
        if told.is_understood {
            Ok(())
        } else {
            Err(Trouble::NotUnderstood(SOME))
        }
    }

    /// Whether a call is one that is asked for, and whether it may be about somebody whom it does not name.
    fn look(
        &mut self,
        question: &Question,
        user: &str,
        subjects: &[String],
        is_cut: bool,
    ) -> (bool, Doubt) {
        let names = &question.names;
        let asked: &mut dyn Iterator<Item = &str> = match question.request.of {
            Of::Subject => &mut subjects.iter().map(String::as_str),
            Of::User => &mut std::iter::once(user),
        };
        let (mut is_found, mut is_possible) = (false, false);
        for name in asked {
            if names.are(name) {
                is_found = true;
                if !self.names.contains(name) {
                    self.names.insert(name.to_owned());
                }
            }
            is_possible |= names.may_be(name);
        }
        let names_nobody = !subjects
            .iter()
            .any(|subject| identifiers::identifies(subject));
        let about_nobody = if subjects.is_empty() && !is_cut {
            Doubt::WhereToolNames
        } else if names_nobody {
            Doubt::Yes
        } else {
            Doubt::No
        };
        let doubt = match (question.request.of, is_found) {
            (Of::Subject, true) => Doubt::No,
            (Of::User, true) => about_nobody,
            (_, false) if is_possible => Doubt::Yes,
            (Of::Subject, false) if is_cut => Doubt::Yes,
            (Of::Subject, false) => about_nobody,
            (Of::User, false) => Doubt::No,
        };
        (is_found, doubt)
    }

    /// Takes the part behind those that were taken.
    fn take(&mut self, part: Self) {
        self.found.extend(part.found);
        self.names.extend(part.names);
        self.naming.extend(part.naming);
        self.in_doubt += part.in_doubt;
        for (tool, calls) in part.unnamed {
            *self.unnamed.entry(tool).or_default() += calls;
        }
        if !self.open.is_empty() {
            for call_id in part.ended {
                self.open.remove(&call_id);
            }
        }
        self.open.extend(part.open);
    }

    /// Counts a call of which no more will be read.
    fn settle(&mut self, call: Call) {
        self.found.extend(call.found);
        match call.doubt {
            Doubt::No => {}
            Doubt::Yes => self.in_doubt += 1,
            Doubt::WhereToolNames => *self.unnamed.entry(call.tool).or_default() += 1,
        }
    }
}

/// Members of a record by themselves, so that one of a later version does not hide the others.
pub(super) struct Told<'a> {
    own: Own<'a>,
    pub(super) is_understood: bool,
}

impl Told<'_> {
    pub(super) fn is_emergency(&self) -> bool {
        self.own.is_emergency()
    }

    /// The member, or its default where it is absent or not understood.
    pub(super) fn member<T: serde::de::DeserializeOwned + Default>(&mut self, name: &str) -> T {
        let Some(json) = self.own.member(name) else {
            return T::default();
        };
        serde_json::from_slice(json).unwrap_or_else(|_| {
            self.is_understood = false;
            T::default()
        })
    }
}
