//! HTTP: tools behind a server, and what a request's head says of who calls them.
//!
//! An [`AuditHandle`] rides in the extensions of every request that was looked at, so that what stands further
//! inside can say who the caller is, or record the call itself.

mod forwarded;
mod handle;
mod origin;

pub use self::forwarded::{ForwardedBy, TrustedHops};
pub use self::handle::AuditHandle;
pub use self::origin::HttpOrigin;
