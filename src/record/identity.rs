//! Who the caller is, as a layer inside found out.

use super::open::Open;
use super::pieces::Member;
use super::recorder::Inner;
use super::{limits, people};

/// What a layer inside found out outweighs what the request claimed.
pub(super) fn take_identity(open: &mut Open, inner: &Inner) {
    let Some(identity) = open.identity.get() else {
        return;
    };
    let own = open.sanitizer.clone();
    let sanitizer = own.as_ref().unwrap_or(&inner.sanitizer);
    if let Some(user_id) = &identity.user_id {
        open.pieces.user_id = open.piece(Member::UserId, |out, echo| {
            people::write_user(sanitizer, out, echo, user_id, limits::NAME)
        });
        open.verify("user_id");
    }
    if let Some(role) = &identity.user_role {
        open.pieces.user_role = open.piece(Member::SessionMetadata, |out, echo| {
            sanitizer.write_text_echoing(out, role, limits::NAME, echo)
        });
        open.verify("user_role");
    }
}
