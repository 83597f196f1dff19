//! What a call is: who asks for which tool, and how the call ended.
//!
//! This room knows requests and responses and nothing of sinks or files. [`ToolCall`] and
//! [`ToolResult`] are the crate's own request and response; any other pair of types is wired up by
//! implementing [`Describe`] for the request and [`Classify`] for the result, or by giving closures.

mod classify;
mod context;
mod describe;
mod effect;
mod identity;
mod outcome;
pub(crate) mod redacted;
mod request;
mod response;

#[cfg(feature = "axum")]
pub(crate) use self::classify::describe_tree;
pub use self::classify::{Classify, ClassifyErrors, ClassifyResponses, ToolResponse};
pub use self::context::{CallContext, Emergency};
pub use self::describe::{Describe, DescribeToolCall};
pub use self::effect::ToolEffect;
#[cfg(feature = "axum")]
pub(crate) use self::identity::IdentityPlace;
pub use self::identity::{Identity, IdentitySlot};
pub use self::outcome::Outcome;
pub use self::request::ToolCall;
pub use self::response::ToolResult;

/// What stands where the caller did not say (FORMAT section 5).
pub const UNKNOWN: &str = "unknown";
