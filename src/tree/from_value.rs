use serde_json::{Map, Value};

use super::{Arena, Member, Members, Number, Tree};

/// What stands deeper is left out. The sanitizer looks 64 deep, and a fingerprint 128 deep into what was replaced there.
const MAX_DEPTH: usize = 192;

/// Scalars, which are the greater part of all values, take no call.
#[inline(always)]
pub(super) fn tree<'t>(value: &'t Value, arena: &'t Arena, depth: usize) -> Tree<'t> {
    match value {
        Value::Null => Tree::Null,
        Value::Bool(value) => Tree::Bool(*value),
        Value::Number(number) => Tree::Number(Number::of(number, arena)),
        Value::String(text) => Tree::String(text),
        Value::Array(items) => Tree::Array(list(items, arena, depth)),
        Value::Object(members) => Tree::Object(object(members, arena, depth)),
    }
}

#[inline(never)]
fn list<'t>(items: &'t [Value], arena: &'t Arena, depth: usize) -> &'t [Tree<'t>] {
    if depth >= MAX_DEPTH {
        return &[];
    }
    arena.items_with(items.iter().map(|item| tree(item, arena, depth + 1)))
}

#[inline(never)]
fn object<'t>(members: &'t Map<String, Value>, arena: &'t Arena, depth: usize) -> Members<'t> {
    if depth >= MAX_DEPTH {
        return Members(&[]);
    }
    let (mut is_sorted, mut before) = (true, 0);
    let members = members.iter().map(|(name, value)| {
        let member = Member::new(name, tree(value, arena, depth + 1));
        is_sorted &= before < member.word;
        before = member.word;
        member
    });
    let members = arena.items_with(members);
    // As a rule serde_json has them in the order of their bytes, which is the canonical one but for rare names. Their
    // first letters may be the same, and they in order all the same.
    if !is_sorted && !members.is_sorted_by(Member::is_before) {
        members.sort_unstable_by(Member::by_name);
    }
    Members::in_order(members)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::tree::with_arena;

    #[test]
    fn a_tree_says_what_the_value_says() {
        let value = json!({
            "a": [1, -1, 0.5, u64::MAX, i64::MIN, 1e300, -0.0, null, true, "é"],
            "\u{1F600}": {"b": {}, "c": []},
            "\u{FB33}": "",
        });
        assert_eq!(Tree::with(&value, |tree| tree.to_value()), value);
        for scalar in [json!(null), json!(false), json!(7), json!("text")] {
            assert_eq!(Tree::with(&scalar, |tree| tree.to_value()), scalar);
        }
    }

    #[test]
    fn members_come_in_their_canonical_order() {
        let value =
            json!({"b": 1, "\u{FB33}": 2, "\u{1F600}": 3, "longer names": 4, "longer name": 5});
        let names = Tree::with(&value, |tree| {
            let members = tree.as_object().expect("an object");
            members.keys().map(str::to_owned).collect::<Vec<_>>()
        });
        let expected = ["b", "longer name", "longer names", "\u{1F600}", "\u{FB33}"];
        assert_eq!(names, expected);
    }

    #[test]
    fn what_is_deeper_than_anybody_looks_is_left_out() {
        let mut value = json!("deep");
        for _ in 0..10_000 {
            value = Value::Array(vec![value]);
        }
        let depth = Tree::with(&value, |tree| {
            let (mut tree, mut depth) = (tree, 0);
            while let Some(inner) = tree.as_array().and_then(<[Tree<'_>]>::first) {
                (tree, depth) = (inner, depth + 1);
            }
            depth
        });
        assert_eq!(depth, MAX_DEPTH);
        // To drop it would take as many frames.
        while let Some(inner) = value.get_mut(0) {
            value = inner.take();
        }
    }

    #[test]
    fn an_arena_may_be_asked_for_while_another_is_in_use() {
        let value = json!({"a": [1, 2, 3]});
        with_arena(|outer| {
            let tree = outer.tree(&value);
            let inner = with_arena(|inner| inner.tree(&value).to_value());
            assert_eq!(tree.to_value(), inner);
        });
        let panicked = std::panic::catch_unwind(|| with_arena(|_| panic!("within")));
        assert!(panicked.is_err());
        assert_eq!(with_arena(|arena| arena.tree(&value).to_value()), value);
    }
}
