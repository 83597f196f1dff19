//! Sends recorded calls through the real layer: to try a policy on real traffic before it is deployed, and
//! to make a log to look at.
//!
//! A line of CALLS.jsonl is one call; only `tool_name` is required:
//!
//! ```json
//! {"conversation_id":"conv_1","turn_number":3,"user_id":"usr_9","user_role":"support_agent",
//!  "model":"gpt-4.1","tool_name":"update_order_status","arguments":{"order_id":"ORD-1"},
//!  "result":{"status":"shipped"},"call_trigger":"retry","purpose":"treatment","subjects":["P-7"],
//!  "tool_call_id":"call_1","session_metadata":{"client_ip":"10.0.1.5"},
//!  "emergency":{"reason":"…","declared_by":"usr_9"},"latency_ms":12}
//! ```
//!
//! `error` in place of `result` makes the tool fail with that text, `panic` makes it panic with it, and
//! neither makes it answer null.

mod call;
mod calls;
mod counted;
mod error;
mod rule_counts;
mod run;
mod tool;

pub use self::call::{Answer, RecordedCall};
pub use self::calls::{Calls, MAX_LINE};
pub use self::error::{BadCall, BadLine, ReplayError};
pub use self::run::{Progress, Replay, Summary};
