#![doc = include_str!("../docs/layer.md")]

mod callbacks;
mod durable;
mod emergency;
mod future;
mod service;
mod unavailable;

pub use self::callbacks::Callbacks;
#[cfg(feature = "axum")]
pub(crate) use self::callbacks::INTENT;
pub use self::durable::{DurableAuditFuture, DurableAuditLayer, DurableAuditService};
pub use self::emergency::{LetPass, OnEmergency};
pub use self::future::AuditFuture;
#[cfg(feature = "axum")]
pub(crate) use self::service::Entrance;
pub use self::service::{AuditLayer, AuditLayerBuilder, AuditService};
pub use self::unavailable::{GoOn, OnUnavailable, OnUndurable, PassOn};
