//! Calls' buffers that a thread keeps for its next ones.

use std::cell::RefCell;

use super::open::Open;

/// How many idle buffers a thread keeps, and how much memory each may take: the first ones more, so that all together stay
/// under 3 MiB.
const POOLED: usize = 64;
const POOLED_BYTES: usize = 16 * 1024;
const LARGE: usize = 8;
const LARGE_BYTES: usize = 256 * 1024;

thread_local! {
    // Boxed, since it is the box that goes from the pool into a recording and back.
    #[allow(clippy::vec_box)]
    static POOL: RefCell<Vec<Box<Open>>> = const { RefCell::new(Vec::new()) };
}

/// A buffer from this thread's pool, or a new one.
pub(super) fn take() -> Box<Open> {
    // The thread's locals may be gone already: calls can end while a thread ends.
    let pooled = POOL.try_with(|pool| pool.try_borrow_mut().ok().and_then(|mut pool| pool.pop()));
    pooled
        .ok()
        .flatten()
        .unwrap_or_else(|| Box::new(Open::new()))
}

/// Gives a buffer back to the pool of this thread.
pub(super) fn give_back(mut open: Box<Open>) {
    let memory = open.memory();
    if memory > LARGE_BYTES {
        return;
    }
    open.reset();
    let _ = POOL.try_with(|pool| {
        if let Ok(mut pool) = pool.try_borrow_mut()
            && pool.len() < POOLED
            && (memory <= POOLED_BYTES || pool.len() < LARGE)
        {
            pool.push(open);
        }
    });
}
