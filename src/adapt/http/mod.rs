#![doc = include_str!("../../docs/http.md")]

mod answer;
mod answer_body;
mod arguments;
mod conclude;
mod endpoint;
mod endpoint_future;
mod forwarded;
mod future;
mod handle;
mod identify;
mod layer;
mod open_call;
mod origin;
mod peek;
mod request;
mod request_body;
mod service;
mod tool_name;
mod visit;

pub use self::answer::Answer;
pub use self::endpoint::{EndpointAuditLayer, EndpointAuditService};
pub use self::endpoint_future::EndpointAuditFuture;
pub use self::forwarded::{ForwardedBy, TrustedHops};
pub use self::future::HttpAuditFuture;
pub use self::handle::AuditHandle;
pub use self::identify::{IdentifyLayer, IdentifyService};
pub use self::layer::{HttpAuditLayer, HttpAuditLayerBuilder, HttpCallbacks};
pub use self::origin::HttpOrigin;
pub use self::request::HeadAlone;
pub use self::service::HttpAuditService;
pub use self::tool_name::ToolNaming;
