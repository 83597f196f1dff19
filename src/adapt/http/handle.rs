use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use super::HttpOrigin;
use crate::call::{CallContext, Identity, IdentityPlace, IdentitySlot};

/// What the audit knows of an HTTP request, for whatever stands further inside; it rides in the request's extensions.
///
/// Clones share everything. It has three uses:
/// - An authentication layer inside says who the caller is: [`identify`](Self::identify). The audit stands outside,
///   where nobody is authenticated yet, and reads it when the call ends.
/// - Who records the calls of an endpoint itself, as an MCP server's handler does, takes client address, user agent and
///   trace from [`origin`](Self::origin).
/// - It [`claim`](Self::claim)s the request then, and nothing outside makes a second record of it.
///
/// ```
/// use http::HeaderMap;
/// use tool_audit::Identity;
/// use tool_audit::adapt::http::{AuditHandle, HttpOrigin, TrustedHops};
///
/// let peer = Some([10, 0, 1, 5].into());
/// let handle = AuditHandle::new(HttpOrigin::new(peer, &HeaderMap::new(), TrustedHops::default()));
/// let mut request = http::Request::new(());
/// request.extensions_mut().insert(handle.clone());
///
/// // Further inside:
/// let inside = request.extensions().get::<AuditHandle>().unwrap();
/// inside.identify(Identity::user("usr_9").role("nurse"));
/// assert!(inside.claim());
///
/// // And outside again:
/// assert!(handle.is_claimed());
/// assert_eq!(handle.identity().get().unwrap().user_id.as_deref(), Some("usr_9"));
/// ```
#[derive(Clone)]
pub struct AuditHandle(Arc<Shared>);

struct Shared {
    origin: HttpOrigin,
    identity: Mutex<Option<Identity>>,
    is_claimed: AtomicBool,
}

impl IdentityPlace for Shared {
    fn place(&self) -> &Mutex<Option<Identity>> {
        &self.identity
    }
}

impl AuditHandle {
    /// A handle of a request that comes from `origin`, of which nobody has said anything yet.
    #[must_use]
    pub fn new(origin: HttpOrigin) -> Self {
        Self(Arc::new(Shared {
            origin,
            identity: Mutex::default(),
            is_claimed: AtomicBool::new(false),
        }))
    }

    /// Where the request comes from, as its head says.
    #[must_use]
    pub fn origin(&self) -> &HttpOrigin {
        &self.0.origin
    }

    /// The same as a call's context, to which who records the call adds what else it knows.
    #[must_use]
    pub fn context(&self) -> CallContext {
        self.0.origin.context()
    }

    /// Says who the caller is, as authentication established it; who says it last is believed.
    pub fn identify(&self, identity: Identity) {
        let place = self.0.identity.lock();
        *place.unwrap_or_else(PoisonError::into_inner) = Some(identity);
    }

    /// Where it is written who the caller is: for [`CallBuilder::identity`](crate::CallBuilder::identity), which reads
    /// it when the call ends.
    #[must_use]
    pub fn identity(&self) -> IdentitySlot {
        IdentitySlot::in_place(Arc::<Shared>::clone(&self.0))
    }

    /// Says that the request is recorded here. True for who says so first.
    pub fn claim(&self) -> bool {
        !self.0.is_claimed.swap(true, Ordering::AcqRel)
    }

    /// True once somebody has claimed the request.
    #[must_use]
    pub fn is_claimed(&self) -> bool {
        self.0.is_claimed.load(Ordering::Acquire)
    }
}

/// Shows nobody.
impl fmt::Debug for AuditHandle {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("AuditHandle")
            .field("origin", &self.0.origin)
            .field("is_claimed", &self.is_claimed())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;

    #[test]
    fn of_many_that_claim_a_request_one_has_it() {
        let handle = AuditHandle::new(HttpOrigin::default());
        assert!(!handle.is_claimed());
        let claims = thread::scope(|scope| {
            let claimants: Vec<_> = (0..8).map(|_| scope.spawn(|| handle.claim())).collect();
            let claims = claimants
                .into_iter()
                .map(|claimant| claimant.join().expect("a claimant"));
            claims.filter(|is_first| *is_first).count()
        });
        assert_eq!(claims, 1);
        assert!(handle.clone().is_claimed());
    }

    #[test]
    fn it_goes_into_a_requests_extensions() {
        fn is_extension<T: Clone + Send + Sync + 'static>() {}
        is_extension::<AuditHandle>();
    }

    #[test]
    fn a_debug_text_shows_no_person() {
        let peer = Some([10, 0, 1, 5].into());
        let hops = super::super::TrustedHops::default();
        let handle = AuditHandle::new(HttpOrigin::new(peer, &http::HeaderMap::new(), hops));
        handle.identify(Identity::user("usr_9"));
        let shown = format!("{handle:?}");
        assert!(!shown.contains("usr_9") && !shown.contains("10.0.1.5"));
    }
}
