use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// What a record keeps of a tool's answer: no values but identifiers, names and sizes.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct ResultSummary {
    /// True for a successful outcome.
    pub success: bool,
    /// What went wrong, sanitized.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// The kind of failure.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error_type: Option<String>,
    /// Names of the members that the answer held, two levels, at most 64.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<String>,
    /// Size of the answer's JSON in bytes, where it is over 1,000.
    #[serde(rename = "_result_size", skip_serializing_if = "Option::is_none")]
    pub result_size: Option<u64>,
    /// True where the answer's JSON is over 1,000 bytes.
    #[serde(rename = "_truncated", skip_serializing_if = "std::ops::Not::not")]
    pub truncated: bool,
    /// Key identifiers of the answer (`order_id`, `status` …) and `count`, its number of rows.
    #[serde(flatten)]
    pub identifiers: Map<String, Value>,
}
