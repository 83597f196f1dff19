use std::fmt;
use std::time::Duration;

use serde_json::{Map, Value};

use super::BadCall;
use crate::call::redacted::Outline;
use crate::call::{CallContext, Emergency, ToolCall};
use crate::entry::CallTrigger;
use crate::strict_json;

/// One recorded call: what was asked for, and what the tool answered.
///
/// ```
/// use tool_audit::replay::{Answer, RecordedCall};
///
/// let line = br#"{"tool_name":"get_order","arguments":{"order_id":"ORD-1"},"error":"no such order"}"#;
/// let recorded = RecordedCall::parse(line, false)?;
/// assert_eq!(recorded.call.tool_name, "get_order");
/// assert_eq!(recorded.answer, Answer::Error("no such order".into()));
///
/// let misspelt = RecordedCall::parse(br#"{"tool_name":"t","eror":"no such order"}"#, false);
/// assert_eq!(misspelt.unwrap_err().to_string(), "unknown member \"eror\": correct it, or pass --ignore-unknown");
/// # Ok::<(), tool_audit::replay::BadCall>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct RecordedCall {
    /// What was asked for, and on whose behalf.
    pub call: ToolCall,
    /// What the tool answered.
    pub answer: Answer,
    /// How long it took.
    pub latency: Option<Duration>,
}

/// What a scripted tool does.
#[derive(Clone, Default, PartialEq)]
#[non_exhaustive]
pub enum Answer {
    /// It answers with null.
    #[default]
    Nothing,
    /// It answers with this. The answer may itself say that the tool failed, as MCP's `isError` does.
    Result(Value),
    /// It fails with this text.
    Error(String),
    /// It panics with this text.
    Panic(String),
}

/// Shows nothing of what the tool says, which nobody has sanitized yet.
impl fmt::Debug for Answer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nothing => formatter.write_str("Nothing"),
            Self::Result(value) => formatter
                .debug_tuple("Result")
                .field(&Outline(value))
                .finish(),
            Self::Error(_) => formatter.write_str("Error(..)"),
            Self::Panic(_) => formatter.write_str("Panic(..)"),
        }
    }
}

impl RecordedCall {
    /// Reads a line of CALLS.jsonl.
    ///
    /// A member that is null counts as absent, `result` aside. `tool_call_id` may be a whole number, as
    /// JSON-RPC's is.
    ///
    /// # Errors
    ///
    /// What is wrong with the line. With `ignore_unknown`, members that are not known are none of it.
    pub fn parse(line: &[u8], ignore_unknown: bool) -> Result<Self, BadCall> {
        let value = strict_json::parse(line).map_err(|error| BadCall::json(&error))?;
        let Value::Object(members) = value else {
            return Err(BadCall::NotAnObject);
        };
        let mut members = Members(members);
        let mut context = CallContext {
            conversation_id: members.text("conversation_id")?,
            turn_number: members.whole_number("turn_number")?.unwrap_or_default(),
            user_id: members.text("user_id")?,
            user_role: members.text("user_role")?,
            model: members.text("model")?,
            purpose: members.text("purpose")?,
            subjects: members.texts("subjects")?,
            session_metadata: members.object("session_metadata")?.unwrap_or_default(),
            ..CallContext::default()
        };
        if let Some(declared) = members.object("emergency")? {
            context.emergency = Some(emergency(Members(declared), ignore_unknown)?);
        }
        let tool_name = members.text("tool_name")?.ok_or(BadCall::NoToolName)?;
        let arguments = members
            .take("arguments")
            .unwrap_or_else(|| Map::new().into());
        let mut call = ToolCall::new(tool_name, arguments).context(context);
        call.tool_call_id = members.text_or_number("tool_call_id")?;
        call.trigger = members.trigger("call_trigger")?;
        let answer = members.answer()?;
        let latency = members.latency("latency_ms")?;
        members.end(ignore_unknown)?;
        Ok(Self {
            call,
            answer,
            latency,
        })
    }
}

fn emergency(mut members: Members, ignore_unknown: bool) -> Result<Emergency, BadCall> {
    let emergency = Emergency {
        reason: members.text("reason")?,
        declared_by: members.text("declared_by")?,
        scope: members.text("scope")?,
        expires_at: members.text("expires_at")?,
        urgency: members.text("urgency")?,
        ..Emergency::default()
    };
    members.end(ignore_unknown)?;
    Ok(emergency)
}

/// An object's members that were not asked for yet.
struct Members(Map<String, Value>);

impl Members {
    fn take(&mut self, name: &str) -> Option<Value> {
        self.0.remove(name).filter(|value| !value.is_null())
    }

    fn text(&mut self, name: &'static str) -> Result<Option<String>, BadCall> {
        match self.take(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(BadCall::Type(name, "a string")),
        }
    }

    fn text_or_number(&mut self, name: &'static str) -> Result<Option<String>, BadCall> {
        match self.take(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(Value::Number(number)) if !number.is_f64() => Ok(Some(number.to_string())),
            Some(_) => Err(BadCall::Type(name, "a string or a whole number")),
        }
    }

    fn whole_number(&mut self, name: &'static str) -> Result<Option<u64>, BadCall> {
        match self.take(name) {
            None => Ok(None),
            Some(value) => match value.as_u64() {
                Some(number) => Ok(Some(number)),
                None => Err(BadCall::Type(name, "a whole number from 0")),
            },
        }
    }

    fn texts(&mut self, name: &'static str) -> Result<Vec<String>, BadCall> {
        let expected = BadCall::Type(name, "a list of strings");
        match self.take(name) {
            None => Ok(Vec::new()),
            Some(Value::Array(items)) => items
                .into_iter()
                .map(|item| match item {
                    Value::String(text) => Ok(text),
                    _ => Err(expected.clone()),
                })
                .collect(),
            Some(_) => Err(expected),
        }
    }

    fn object(&mut self, name: &'static str) -> Result<Option<Map<String, Value>>, BadCall> {
        match self.take(name) {
            None => Ok(None),
            Some(Value::Object(members)) => Ok(Some(members)),
            Some(_) => Err(BadCall::Type(name, "an object")),
        }
    }

    fn trigger(&mut self, name: &'static str) -> Result<Option<CallTrigger>, BadCall> {
        let Some(word) = self.text(name)? else {
            return Ok(None);
        };
        match CallTrigger::from_name(&word) {
            Some(trigger) => Ok(Some(trigger)),
            None => Err(BadCall::Type(
                name,
                "one of user_request, proactive, retry, follow_up, system",
            )),
        }
    }

    fn latency(&mut self, name: &'static str) -> Result<Option<Duration>, BadCall> {
        let Some(value) = self.take(name) else {
            return Ok(None);
        };
        value
            .as_f64()
            .and_then(|milliseconds| Duration::try_from_secs_f64(milliseconds / 1000.0).ok())
            .map(Some)
            .ok_or(BadCall::Type(name, "a number of milliseconds from 0"))
    }

    fn answer(&mut self) -> Result<Answer, BadCall> {
        let result = self.0.remove("result");
        let error = self.text("error")?;
        let panic = self.text("panic")?;
        match (result, error, panic) {
            (None, None, None) => Ok(Answer::Nothing),
            (Some(result), None, None) => Ok(Answer::Result(result)),
            (None | Some(Value::Null), Some(error), None) => Ok(Answer::Error(error)),
            (None | Some(Value::Null), None, Some(panic)) => Ok(Answer::Panic(panic)),
            (_, Some(_), Some(_)) => Err(BadCall::Contradiction("error", "panic")),
            (Some(_), Some(_), None) => Err(BadCall::Contradiction("result", "error")),
            (Some(_), None, Some(_)) => Err(BadCall::Contradiction("result", "panic")),
        }
    }

    fn end(self, ignore_unknown: bool) -> Result<(), BadCall> {
        match self.0.into_iter().next() {
            Some((name, _)) if !ignore_unknown => Err(BadCall::Unknown(name)),
            _ => Ok(()),
        }
    }
}
