//! Members of one name, made one.

use super::{Arena, Member, Members, Tree};

/// The tree in which all members of one name are one.
///
/// From the outside to the inside: what stands in several objects that become one is put side by side first, and then
/// joined once, so that no node is copied oftener than once.
pub(super) fn joined<'t>(tree: &Tree<'t>, arena: &'t Arena) -> Tree<'t> {
    match *tree {
        Tree::Array(items) => {
            let items: Vec<_> = items.iter().map(|item| joined(item, arena)).collect();
            Tree::Array(arena.items(&items))
        }
        Tree::Object(members) => {
            let members: Vec<_> = members
                .0
                .chunk_by(|one, next| one.name == next.name)
                .filter_map(|alike| {
                    let first = alike.first()?;
                    let value = joined(&side_by_side(alike, arena)?, arena);
                    Some(Member { value, ..*first })
                })
                .collect();
            Tree::Object(Members::in_order(arena.items(&members)))
        }
        scalar => scalar,
    }
}

/// One value of all that stand under one name, what is in it as it was.
fn side_by_side<'t>(alike: &[Member<'t>], arena: &'t Arena) -> Option<Tree<'t>> {
    let (first, others) = alike.split_first()?;
    if others.is_empty() {
        return Some(first.value);
    }
    let objects = alike.iter().map_while(|member| member.value.as_object());
    let mut members: Vec<_> = objects
        .clone()
        .flat_map(|object| object.0)
        .copied()
        .collect();
    let (first, others) = match objects.count() {
        0 => (first.value, others),
        count => {
            members.sort_by(Member::by_name);
            let object = Tree::Object(Members(arena.items(&members)));
            (object, alike.get(count..)?)
        }
    };
    if others.is_empty() {
        return Some(first);
    }
    let mut items = Vec::with_capacity(alike.len());
    for value in std::iter::once(&first).chain(others.iter().map(|member| &member.value)) {
        match value {
            Tree::Array(more) => items.extend_from_slice(more),
            other => items.push(*other),
        }
    }
    Some(Tree::Array(arena.items(&items)))
}
