use std::cell::Cell;

use bumpalo::Bump;
use serde_json::Value;

use super::Tree;

/// Where the nodes of trees stand. They are freed together.
pub(crate) struct Arena {
    nodes: Bump,
    /// A text was copied, which may be a secret: it does not stay in memory longer than any other.
    has_texts: Cell<bool>,
}

/// The most bytes that a thread keeps for its next tree.
const KEPT: usize = 256 * 1024;

thread_local! {
    static KEPT_ARENA: Cell<Option<Arena>> = const { Cell::new(None) };
}

/// Runs something that needs an arena. What a thread used before is used again.
pub(crate) fn with_arena<T>(run: impl FnOnce(&Arena) -> T) -> T {
    // None while one is in use further out, and where the thread's locals are gone already.
    let kept = KEPT_ARENA.try_with(Cell::take).ok().flatten();
    let mut arena = kept.unwrap_or_else(|| Arena {
        nodes: Bump::new(),
        has_texts: Cell::new(false),
    });
    let done = run(&arena);
    if !arena.has_texts.get() && arena.nodes.allocated_bytes() <= KEPT {
        arena.nodes.reset();
        // A thread that ends keeps none.
        let _ = KEPT_ARENA.try_with(|kept| kept.set(Some(arena)));
    }
    done
}

impl Arena {
    /// The tree of a value.
    pub(crate) fn tree<'t>(&'t self, value: &'t Value) -> Tree<'t> {
        super::from_value::tree(value, self, 0)
    }

    #[cfg(test)]
    pub(super) fn bytes(&self) -> usize {
        self.nodes.allocated_bytes()
    }

    pub(super) fn text(&self, text: &str) -> &str {
        self.has_texts.set(true);
        self.nodes.alloc_str(text)
    }

    pub(super) fn items<'t, T: Copy>(&'t self, items: &[T]) -> &'t [T] {
        if items.is_empty() {
            return &[];
        }
        self.nodes.alloc_slice_copy(items)
    }

    /// The items of an iterator, which may have others made while it goes on.
    pub(super) fn items_with<T: Copy>(&self, items: impl ExactSizeIterator<Item = T>) -> &mut [T] {
        self.nodes.alloc_slice_fill_iter(items)
    }
}

impl<'t> Tree<'t> {
    /// Runs something with the tree of a value.
    pub(crate) fn with<T>(value: &Value, run: impl FnOnce(&Tree<'_>) -> T) -> T {
        match value {
            Value::Null => run(&Tree::Null),
            Value::Bool(value) => run(&Tree::Bool(*value)),
            Value::String(text) => run(&Tree::String(text)),
            Value::Number(_) | Value::Array(_) | Value::Object(_) => {
                with_arena(|arena| run(&arena.tree(value)))
            }
        }
    }
}
