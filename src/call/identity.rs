use std::fmt;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::sync::{Arc, Mutex, PoisonError};

/// Who the caller is, as authentication established it.
#[derive(Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Identity {
    /// The user.
    pub user_id: Option<String>,
    /// The user's role.
    pub user_role: Option<String>,
}

impl Identity {
    /// An authenticated user.
    #[must_use]
    pub fn user(user_id: impl Into<String>) -> Self {
        Self {
            user_id: Some(user_id.into()),
            user_role: None,
        }
    }

    /// Adds the role in which the user acts.
    #[must_use]
    pub fn role(mut self, role: impl Into<String>) -> Self {
        self.user_role = Some(role.into());
        self
    }
}

/// Shows nobody.
impl fmt::Debug for Identity {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Identity").finish_non_exhaustive()
    }
}

/// A place in a request where a layer *inside* the audit layer writes who the caller is.
///
/// The audit layer stands outermost, so that refused calls are recorded too; at that point nobody has
/// authenticated the caller yet. Clones share the place. What is written replaces the claimed
/// identity in the call's end record, and its members are named in `attribution.verified`.
///
/// An empty slot is free of charge: [`IdentitySlot::default`] allocates nothing and keeps nothing,
/// [`IdentitySlot::new`] makes a place.
///
/// ```
/// use tool_audit::{Identity, IdentitySlot};
///
/// let slot = IdentitySlot::new();
/// let inside = slot.clone();
/// inside.set(Identity::user("usr_9").role("nurse"));
/// assert_eq!(slot.get().unwrap().user_id.as_deref(), Some("usr_9"));
/// ```
#[derive(Clone, Default)]
pub struct IdentitySlot(Option<Arc<dyn IdentityPlace>>);

/// What has room for an identity. What a request has anyway can be it, so that a slot takes no memory of its own.
pub(crate) trait IdentityPlace: Send + Sync + UnwindSafe + RefUnwindSafe {
    fn place(&self) -> &Mutex<Option<Identity>>;
}

impl IdentityPlace for Mutex<Option<Identity>> {
    fn place(&self) -> &Self {
        self
    }
}

impl IdentitySlot {
    /// An empty place, shared by its clones.
    #[must_use]
    pub fn new() -> Self {
        Self::in_place(Arc::<Mutex<Option<Identity>>>::default())
    }

    /// The place that somebody has.
    pub(crate) fn in_place(place: Arc<dyn IdentityPlace>) -> Self {
        Self(Some(place))
    }

    /// Writes who the caller is; the last writer wins. Does nothing on a slot without a place.
    pub fn set(&self, identity: Identity) {
        if let Some(place) = &self.0 {
            *place.place().lock().unwrap_or_else(PoisonError::into_inner) = Some(identity);
        }
    }

    /// What was written, if anything was.
    #[must_use]
    pub fn get(&self) -> Option<Identity> {
        let place = self.0.as_ref()?;
        let place = place.place().lock();
        place.unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl fmt::Debug for IdentitySlot {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("IdentitySlot")
            .field("place", &self.0.is_some())
            .finish()
    }
}

/// Two slots are equal where they share one place, or have none.
impl PartialEq for IdentitySlot {
    fn eq(&self, other: &Self) -> bool {
        match (&self.0, &other.0) {
            (None, None) => true,
            (Some(left), Some(right)) => std::ptr::addr_eq(Arc::as_ptr(left), Arc::as_ptr(right)),
            _ => false,
        }
    }
}
