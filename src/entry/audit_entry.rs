use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{AttributionChain, CallTrigger, ResultSummary, TriggerBasis};
use crate::call::{Emergency, Outcome, UNKNOWN};
use crate::canonical;

/// One `tool_call` or `tool_call_started` record, read back (FORMAT section 5).
///
/// It is what queries return and what people's code deserializes from a log's lines. All of its members
/// were sanitized when the record was made. The members of a record's place in a log (`_seq`, `_hash`
/// and their like) are not in here.
///
/// ```
/// use tool_audit::AuditEntry;
///
/// let line = r#"{"_kind":"tool_call","call_id":"c-1","outcome":"success","success":true,
///     "timestamp":"2025-07-06T14:23:01.456789Z","tool_name":"get_order","turn_number":3}"#;
/// let entry: AuditEntry = serde_json::from_str(line)?;
/// assert_eq!(entry.tool_name, "get_order");
/// assert_eq!(entry.conversation_id, "unknown");
/// assert!(entry.to_json().starts_with(r#"{"_kind":"tool_call","#));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct AuditEntry {
    /// `tool_call` for the end of a call, `tool_call_started` for a record of intent.
    #[serde(rename = "_kind")]
    pub kind: String,
    /// What the tool was called with.
    pub arguments: Map<String, Value>,
    /// From user to tool.
    pub attribution: AttributionChain,
    /// The call's own id, made by the recorder, unique.
    pub call_id: String,
    /// Why the call was made.
    pub call_trigger: CallTrigger,
    /// The interim answer that this call continues, by its `call_id`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub continues: Option<String>,
    /// The conversation, `"unknown"` where nobody said.
    pub conversation_id: String,
    /// How long the call took, in milliseconds to 1 µs; 0 in a record of intent.
    pub duration_ms: f64,
    /// A break-glass declaration.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub emergency: Option<Emergency>,
    /// The model, `"unknown"` where nobody said.
    pub model: String,
    /// How the call ended; absent in a record of intent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outcome: Option<Outcome>,
    /// Why the data were used.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub purpose: Option<String>,
    /// How many values the sanitizer changed.
    pub redactions: u64,
    /// The sanitized answer, cut to 1 KiB of JSON, where the policy keeps it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub result: Option<Value>,
    /// What is kept of the answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub result_summary: Option<ResultSummary>,
    /// The day after which the record may go, `YYYY-MM-DD`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retain_until: Option<String>,
    /// The record's retention class.
    pub retention_class: String,
    /// The call that this one repeats, by its `call_id`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_of: Option<String>,
    /// Which tool server answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub server: Option<String>,
    /// What is known of the session: `user_role`, `client_ip`, `user_agent`, the caller's own members.
    pub session_metadata: Map<String, Value>,
    /// Names of the members that were shortened to fit the record.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub shortened: Vec<String>,
    /// W3C span id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub span_id: Option<String>,
    /// About whom the call was.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub subjects: Vec<String>,
    /// True where there were more than 1,000 subjects.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub subjects_truncated: bool,
    /// True for outcome `success` alone.
    pub success: bool,
    /// When the call began: RFC 3339, UTC, six decimals.
    pub timestamp: String,
    /// The protocol's own id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tool_call_id: Option<String>,
    /// The tool.
    pub tool_name: String,
    /// W3C trace id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trace_id: Option<String>,
    /// Where the trigger comes from.
    pub trigger_basis: TriggerBasis,
    /// The conversation's turn; 0 where nobody said.
    pub turn_number: u64,
    /// The user, `"unknown"` where nobody said.
    pub user_id: String,
}

impl AuditEntry {
    /// The entry as one line of canonical JSON (RFC 8785), without a line feed.
    #[must_use]
    pub fn to_json(&self) -> String {
        let mut tree = serde_json::to_value(self).unwrap_or_default();
        if let (None, Some(members)) = (self.outcome, tree.as_object_mut()) {
            // Before its end a call has neither.
            members.remove("duration_ms");
            members.remove("success");
        }
        let mut out = Vec::with_capacity(1024);
        canonical::write_value(&mut out, &tree);
        String::from_utf8(out).unwrap_or_default()
    }

    /// The role in which the user acted: that of the attribution, else `user_role` of the session.
    #[must_use]
    pub fn role(&self) -> Option<&str> {
        let of_session = self.session_metadata.get("user_role");
        let of_session = of_session.and_then(Value::as_str);
        role_of(self.attribution.initiator_role.as_deref(), of_session)
    }

    /// True for a call that ended neither well nor with an interim answer.
    #[must_use]
    pub fn is_failure(&self) -> bool {
        self.outcome.is_some_and(Outcome::is_failure)
    }
}

/// Which of the roles that a record tells counts.
pub(crate) fn role_of<'a>(
    of_attribution: Option<&'a str>,
    of_session: Option<&'a str>,
) -> Option<&'a str> {
    of_attribution.or(of_session)
}

impl Default for AuditEntry {
    fn default() -> Self {
        Self {
            kind: "tool_call".to_owned(),
            arguments: Map::new(),
            attribution: AttributionChain::default(),
            call_id: String::new(),
            call_trigger: CallTrigger::default(),
            continues: None,
            conversation_id: UNKNOWN.to_owned(),
            duration_ms: 0.0,
            emergency: None,
            model: UNKNOWN.to_owned(),
            outcome: None,
            purpose: None,
            redactions: 0,
            result: None,
            result_summary: None,
            retain_until: None,
            retention_class: "general".to_owned(),
            retry_of: None,
            server: None,
            session_metadata: Map::new(),
            shortened: Vec::new(),
            span_id: None,
            subjects: Vec::new(),
            subjects_truncated: false,
            success: false,
            timestamp: String::new(),
            tool_call_id: None,
            tool_name: UNKNOWN.to_owned(),
            trace_id: None,
            trigger_basis: TriggerBasis::default(),
            turn_number: 0,
            user_id: UNKNOWN.to_owned(),
        }
    }
}
