use std::cell::Cell;

use bumpalo::Bump;
use serde_json::Value;

use super::{Member, Tree};

/// Where the nodes of trees stand. They are freed together.
#[derive(Default)]
pub(crate) struct Arena {
    nodes: Bump,
    /// A text was copied whole, which may be a secret: it does not stay in memory longer than any other. Nodes have no
    /// more of one than a name's first eight bytes; a number stands in them whole.
    has_texts: Cell<bool>,
    stacks: Cell<Stacks<'static>>,
}

/// What a parser has read of containers that are still open.
#[derive(Default)]
pub(super) struct Stacks<'t> {
    pub(super) items: Vec<Tree<'t>>,
    pub(super) members: Vec<Member<'t>>,
}

/// The most bytes of nodes, and of each stack, that a thread keeps for its next tree.
const KEPT: usize = 256 * 1024;

thread_local! {
    static KEPT_ARENA: Cell<Option<Box<Arena>>> = const { Cell::new(None) };
}

/// Runs something that needs an arena. What a thread used before is used again.
pub(crate) fn with_arena<T>(run: impl FnOnce(&Arena) -> T) -> T {
    // None while one is in use further out, and where the thread's locals are gone already.
    let kept = KEPT_ARENA.try_with(Cell::take).ok().flatten();
    let mut arena: Box<Arena> = kept.unwrap_or_default();
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

    /// Empty stacks, which have the room that they had at last.
    pub(super) fn take_stacks<'t>(&self) -> Stacks<'t> {
        self.stacks.take()
    }

    pub(super) fn keep_stacks(&self, stacks: Stacks<'_>) {
        self.stacks.set(Stacks {
            items: emptied(stacks.items),
            members: emptied(stacks.members),
        });
    }

    /// The items of an iterator, which may have others made while it goes on.
    pub(super) fn items_with<T: Copy>(&self, items: impl ExactSizeIterator<Item = T>) -> &mut [T] {
        self.nodes.alloc_slice_fill_iter(items)
    }
}

/// An empty list with the room of one whose items may not live as long: to collect nothing of it leaves its room where
/// it is. A room too large to be kept is given back.
fn emptied<One, Other>(mut list: Vec<One>) -> Vec<Other> {
    list.clear();
    list.shrink_to(KEPT / size_of::<One>());
    list.into_iter().filter_map(|_| None).collect()
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_that_is_emptied_keeps_its_room_within_a_bound() {
        for (had, kept) in [(100, 100), (KEPT, KEPT / 8)] {
            let text = String::new();
            let mut list = Vec::with_capacity(had);
            list.extend([&text; 10]);
            let emptied: Vec<&'static String> = emptied(list);
            assert_eq!((emptied.len(), emptied.capacity()), (0, kept));
        }
    }
}
