use std::path::PathBuf;

use clap::Args;
use tool_audit::log::record::KINDS;
use tool_audit::query::Filter;
use tool_audit::{CallTrigger, Outcome};

use crate::keys;
use crate::output::note;
use crate::times::{Date, Zone};
use crate::verdict::Failure;

/// Which records are wanted; an option given twice means one of its values.
#[derive(Debug, Args)]
#[command(next_help_heading = "Filters")]
pub(crate) struct FilterArguments {
    /// Calls of this conversation
    #[arg(long, value_name = "ID")]
    conversation: Vec<String>,
    /// Calls of this user, as the record names them or in clear; - reads identifiers from standard input, one a line
    #[arg(long, value_name = "ID")]
    user: Vec<String>,
    /// Calls of this tool
    #[arg(long, value_name = "NAME")]
    tool: Vec<String>,
    /// Calls about this person or thing, as the record names them or in clear; - reads identifiers from standard input, one
    /// a line: a command line can be seen by others
    #[arg(long, value_name = "ID")]
    subject: Vec<String>,
    /// The policy file with which the log was written, with its keys: identifiers in clear are then found where a pseudonym
    /// stands for them
    #[arg(long, value_name = "FILE", conflicts_with = "pseudonym_key")]
    policy: Option<PathBuf>,
    /// A key that pseudonyms were made with, several times for older ones
    #[arg(long, value_name = "FILE")]
    pseudonym_key: Vec<PathBuf>,
    /// The name of a member that holds subjects, in place of patient_id, mrn and medical_record_number
    #[arg(long, value_name = "NAME")]
    member: Vec<String>,
    /// Calls that this model chose
    #[arg(long, value_name = "NAME")]
    model: Vec<String>,
    /// Calls that ended like this: success, tool_error, service_error, denied, rejected, timed_out,
    /// panicked, cancelled, never_polled, input_required
    #[arg(long, value_name = "OUTCOME", value_parser = outcome)]
    outcome: Vec<Outcome>,
    /// Calls made for this reason: user_request, proactive, retry, follow_up, system
    #[arg(long, value_name = "TRIGGER", value_parser = trigger)]
    trigger: Vec<CallTrigger>,
    /// Records of this kind, such as tool_call or entries_lost
    #[arg(long, value_name = "KIND", value_parser = kind)]
    kind: Vec<String>,
    /// Calls that ended neither well nor with an interim answer
    #[arg(long)]
    failures: bool,
    /// Calls made with a break-glass declaration
    #[arg(long)]
    emergency: bool,
    /// Emergency calls and alerts that nobody has looked at
    #[arg(long)]
    unreviewed: bool,
    /// Records in which this text stands, in a string, a number or a member's name
    #[arg(long, value_name = "TEXT")]
    contains: Vec<String>,
    /// Records from this day or RFC 3339 instant on
    #[arg(long, value_name = "DATE")]
    since: Option<Date>,
    /// Records up to this day or RFC 3339 instant, inclusive
    #[arg(long, value_name = "DATE")]
    until: Option<Date>,
    #[command(flatten)]
    pub(crate) zone: Zone,
}

impl FilterArguments {
    pub(crate) fn to_filter(&self) -> Result<Filter, Failure> {
        let mut filter = Filter::new();
        for id in &self.conversation {
            filter = filter.conversation(id);
        }
        for name in &self.tool {
            filter = filter.tool(name);
        }
        for text in &self.contains {
            filter = filter.contains(text);
        }
        for name in &self.model {
            filter = filter.model(name);
        }
        for outcome in &self.outcome {
            filter = filter.outcome(*outcome);
        }
        for trigger in &self.trigger {
            filter = filter.trigger(*trigger);
        }
        for kind in &self.kind {
            // A later version may know it.
            if !KINDS.contains(&kind.as_str()) {
                note(&format!("this version knows no records of kind {kind}"));
            }
            filter = filter.kind(kind);
        }
        if self.failures {
            filter = filter.failures();
        }
        if self.emergency {
            filter = filter.emergency();
        }
        if self.unreviewed {
            filter = filter.unreviewed();
        }
        if let Some(date) = self.since {
            filter = filter.since(self.zone.since(date));
        }
        if let Some(date) = self.until {
            filter = filter.until(self.zone.until(date));
        }
        self.of_people(filter)
    }

    fn of_people(&self, mut filter: Filter) -> Result<Filter, Failure> {
        let sanitizer = keys::sanitizer(self.policy.as_deref(), &self.pseudonym_key)?;
        if !self.user.is_empty() {
            for id in keys::identifiers(&self.user)? {
                filter = match &sanitizer {
                    Some(sanitizer) => filter.user_in_clear(sanitizer, &id),
                    None => filter.user(id),
                };
            }
        }
        if !self.subject.is_empty() {
            for id in keys::identifiers(&self.subject)? {
                filter = match &sanitizer {
                    Some(sanitizer) => filter.subject_in_clear(sanitizer, &self.member, &id),
                    None => filter.subject(id),
                };
            }
        }
        Ok(filter)
    }

    /// The tools that were named.
    pub(crate) fn tools(&self) -> &[String] {
        &self.tool
    }
}

fn kind(word: &str) -> Result<String, String> {
    let is_word = |byte: u8| byte.is_ascii_lowercase() || byte == b'_';
    if !word.is_empty() && word.bytes().all(is_word) {
        Ok(word.to_owned())
    } else {
        Err("give a kind of record in lower-case letters, such as tool_call".to_owned())
    }
}

fn outcome(word: &str) -> Result<Outcome, String> {
    Outcome::from_name(word).ok_or_else(|| {
        let words = Outcome::ALL.map(Outcome::as_str);
        format!("give one of {}", words.join(", "))
    })
}

fn trigger(word: &str) -> Result<CallTrigger, String> {
    CallTrigger::from_name(word).ok_or_else(|| {
        let words = CallTrigger::ALL.map(CallTrigger::as_str);
        format!("give one of {}", words.join(", "))
    })
}
