//! Makes passes fail, to see what becomes of a record then.

use std::cell::Cell;

thread_local! {
    static STRIKES: Cell<bool> = const { Cell::new(false) };
}

/// Every pass in `act` that is no plain copy fails.
pub(crate) fn in_all_of<T>(act: impl FnOnce() -> T) -> T {
    STRIKES.set(true);
    let done = act();
    STRIKES.set(false);
    done
}

pub(super) fn strike() {
    if STRIKES.get() {
        // As a panic would unwind, without its message.
        std::panic::resume_unwind(Box::new("a fault"));
    }
}
