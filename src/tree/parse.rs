//! JSON of which only a beginning may be there, and in which a member may stand twice.

use super::join::joined;
use super::{Arena, Member, Members, Number, Tree};
use crate::canonical::{length_without_escapes, token};

/// What could be read of a text.
#[derive(Clone, Copy)]
pub(crate) struct Parsed<'t> {
    /// Null where it does not even begin as JSON.
    pub(crate) tree: Tree<'t>,
    /// The text is one JSON value (RFC 8259), and nothing else.
    pub(crate) is_whole: bool,
}

/// Reads as far as the text is JSON; `is_cut` says that more came behind it.
///
/// Of two members of one name both are kept, since which of them a tool looks at nobody knows here: their values are
/// one list, and two objects are one object. So what holds for a member of that name holds for both. A number at the
/// very end may have lost its last digits, and is left out.
pub(crate) fn parse<'t>(text: &'t [u8], is_cut: bool, arena: &'t Arena) -> Parsed<'t> {
    let (valid, is_text) = match std::str::from_utf8(text) {
        Ok(text) => (text, true),
        Err(error) => {
            let valid = text.get(..error.valid_up_to()).unwrap_or_default();
            (std::str::from_utf8(valid).unwrap_or_default(), false)
        }
    };
    let mut parser = Parser {
        text: valid,
        bytes: valid.as_bytes(),
        at: 0,
        arena,
        is_text,
        has_failed: false,
        has_twins: false,
        items: Vec::with_capacity(USUAL),
        members: Vec::with_capacity(USUAL),
    };
    let value = parser.value(0);
    parser.skip_whitespace();
    let is_whole = !parser.has_failed && parser.at == text.len() && is_text && !is_cut;
    let tree = match value {
        Some(Tree::Number(_)) if is_cut => Tree::Null,
        Some(tree) if parser.has_twins => joined(&tree, arena),
        Some(tree) => tree,
        None => Tree::Null,
    };
    Parsed { tree, is_whole }
}

/// As deep as serde_json goes.
const MAX_DEPTH: usize = 127;

/// Room for the greater part of all trees.
const USUAL: usize = 16;

/// It is no JSON from here on, or ends too soon.
struct Fault;

type Read<T> = Result<T, Fault>;

struct Parser<'t> {
    text: &'t str,
    bytes: &'t [u8],
    at: usize,
    arena: &'t Arena,
    /// All bytes are of the text: behind its end stands none that is no character.
    is_text: bool,
    has_failed: bool,
    /// Two members of one object have one name: they stand side by side, and are joined at the end.
    has_twins: bool,
    /// The items of the open lists, and the members of the open objects: the innermost one's stand last.
    items: Vec<Tree<'t>>,
    members: Vec<Member<'t>>,
}

impl<'t> Parser<'t> {
    #[inline]
    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    #[inline]
    fn skip_whitespace(&mut self) {
        while let Some(b' ' | b'\n' | b'\t' | b'\r') = self.peek() {
            self.at += 1;
        }
    }

    /// What could be read of a value, if anything could; the parser has failed where that is not all of it.
    fn value(&mut self, depth: usize) -> Option<Tree<'t>> {
        self.skip_whitespace();
        let read = match self.peek() {
            Some(b'"') => self.string().map(Tree::String),
            Some(b'{') if depth < MAX_DEPTH => return Some(Tree::Object(self.object(depth))),
            Some(b'[') if depth < MAX_DEPTH => return Some(Tree::Array(self.list(depth))),
            Some(b'-' | b'0'..=b'9') => self.number(depth).map(Tree::Number),
            Some(b't') => self.word("true", Tree::Bool(true)),
            Some(b'f') => self.word("false", Tree::Bool(false)),
            Some(b'n') => self.word("null", Tree::Null),
            _ => Err(Fault),
        };
        self.has_failed |= read.is_err();
        read.ok()
    }

    fn word(&mut self, word: &str, tree: Tree<'t>) -> Read<Tree<'t>> {
        if !self.bytes[self.at..].starts_with(word.as_bytes()) {
            return Err(Fault);
        }
        self.at += word.len();
        Ok(tree)
    }

    /// Skips the bracket that opens a container; true where it is empty.
    fn opens(&mut self, closing: u8) -> bool {
        self.at += 1;
        self.skip_whitespace();
        let is_empty = self.peek() == Some(closing);
        self.at += usize::from(is_empty);
        is_empty
    }

    /// True where another item or member follows.
    #[inline]
    fn goes_on(&mut self, closing: u8) -> bool {
        if self.has_failed {
            return false;
        }
        self.skip_whitespace();
        match self.peek() {
            Some(b',') => {
                self.at += 1;
                true
            }
            Some(byte) if byte == closing => {
                self.at += 1;
                false
            }
            _ => {
                self.has_failed = true;
                false
            }
        }
    }

    fn list(&mut self, depth: usize) -> &'t [Tree<'t>] {
        if self.opens(b']') {
            return &[];
        }
        let start = self.items.len();
        loop {
            let item = self.value(depth + 1);
            self.items.extend(item);
            if !self.goes_on(b']') {
                break;
            }
        }
        let items = self.arena.items(&self.items[start..]);
        self.items.truncate(start);
        items
    }

    fn object(&mut self, depth: usize) -> Members<'t> {
        if self.opens(b'}') {
            return Members(&[]);
        }
        let start = self.members.len();
        loop {
            let Ok(name) = self.name() else {
                self.has_failed = true;
                break;
            };
            let value = self.value(depth + 1);
            let member = value.map(|value| Member { name, value });
            self.members.extend(member);
            if !self.goes_on(b'}') {
                break;
            }
        }
        let members = &mut self.members[start..];
        if !members.is_sorted_by(|one, next| one.name < next.name) {
            // Two of one name keep their order.
            members.sort_by_key(|member| member.name);
            self.has_twins |= !members.is_sorted_by(|one, next| one.name < next.name);
        }
        let members = self.arena.items(members);
        self.members.truncate(start);
        Members(members)
    }

    /// A member's name, with the colon behind it.
    #[inline]
    fn name(&mut self) -> Read<&'t str> {
        self.skip_whitespace();
        if self.peek() != Some(b'"') {
            return Err(Fault);
        }
        let name = self.string()?;
        self.skip_whitespace();
        if self.peek() != Some(b':') {
            return Err(Fault);
        }
        self.at += 1;
        Ok(name)
    }

    #[inline]
    fn string(&mut self) -> Read<&'t str> {
        let start = self.at + 1;
        let rest = self.bytes.get(start..).unwrap_or_default();
        let at = start + length_without_escapes(rest);
        let text = self.text.get(start..at).ok_or(Fault)?;
        match self.bytes.get(at) {
            Some(b'"') => {
                self.at = at + 1;
                Ok(text)
            }
            Some(b'\\') => {
                self.at = at;
                self.string_with_escapes(text)
            }
            _ => Err(Fault),
        }
    }

    /// Reads on at the first escape of a string that begins with `before`.
    #[inline(never)]
    fn string_with_escapes(&mut self, before: &str) -> Read<&'t str> {
        let mut text = before.to_owned();
        loop {
            let start = self.at;
            self.at += length_without_escapes(&self.bytes[start..]);
            text.push_str(self.text.get(start..self.at).ok_or(Fault)?);
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(self.arena.text(&text));
                }
                Some(b'\\') => {
                    self.at += 1;
                    text.push(self.escape()?);
                }
                _ => return Err(Fault),
            }
        }
    }

    fn escape(&mut self) -> Read<char> {
        let (character, length) = token::escape(&self.bytes[self.at..]).map_err(|_| Fault)?;
        self.at += length;
        Ok(character)
    }

    fn number(&mut self, depth: usize) -> Read<Number<'t>> {
        let start = self.at;
        self.at += token::number_length(&self.bytes[start..]);
        let is_at_end = self.is_text && self.at == self.bytes.len();
        let text = self.text.get(start..self.at).unwrap_or_default();
        if text.is_empty() || depth > 0 && is_at_end {
            return Err(Fault);
        }
        let is_whole = !text.contains(['.', 'e', 'E']);
        Ok(Number::of_text(text, is_whole))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Map, Value, json};

    use super::*;
    use crate::tree::with_arena;

    struct Outcome {
        value: Value,
        is_whole: bool,
    }

    fn read(text: &[u8], is_cut: bool) -> Outcome {
        with_arena(|arena| {
            let parsed = parse(text, is_cut, arena);
            Outcome {
                value: parsed.tree.to_value(),
                is_whole: parsed.is_whole,
            }
        })
    }

    #[test]
    fn a_whole_text_is_read_as_it_is() {
        for text in [
            r#"{"a":[1,-2,2.5,"x",null,true,{"b":{}}],"c":""}"#,
            "[]",
            "7",
            r#""text""#,
            " {} ",
        ] {
            let expected: Value = serde_json::from_str(text).expect("JSON");
            let read = read(text.as_bytes(), false);
            assert!(read.is_whole, "{text}");
            assert_eq!(read.value, expected, "{text}");
        }
    }

    #[test]
    fn of_a_beginning_what_is_whole_is_kept() {
        for (text, expected) in [
            (r#"{"a":"x","b":"y"#, json!({"a": "x"})),
            (
                r#"{"a":"x","b":{"c":[1,2,"#,
                json!({"a": "x", "b": {"c": [1, 2]}}),
            ),
            (r#"{"a":12"#, json!({})),
            ("[1,2.5", json!([1])),
            (r#"{"a":12,"b"#, json!({"a": 12})),
            (r#"{"a":12,"b":"#, json!({"a": 12})),
            (
                r#"[{"id":"1"},{"id":"2"},{"i"#,
                json!([{"id": "1"}, {"id": "2"}, {}]),
            ),
            (r#"["a","b"#, json!(["a"])),
            ("12", json!(null)),
            ("", json!(null)),
            ("<html>", json!(null)),
        ] {
            let read = read(text.as_bytes(), true);
            assert!(!read.is_whole, "{text}");
            assert_eq!(read.value, expected, "{text}");
        }
    }

    #[test]
    fn what_is_no_json_is_not_whole() {
        for text in ["{} {}", "{", r#"{"a":1,}"#, "nul", "\u{FF}"] {
            assert!(!read(text.as_bytes(), false).is_whole, "{text}");
        }
        let deep = "[".repeat(1000);
        assert!(!read(deep.as_bytes(), false).is_whole);
    }

    #[test]
    fn of_two_members_of_one_name_both_are_kept() {
        for (text, is_cut, expected) in [
            (
                r#"{"amount":1,"amount":100,"amount":7}"#,
                false,
                json!({"amount": [1, 100, 7]}),
            ),
            (
                r#"{"a":[1],"a":[2],"b":3,"b":[4],"c":[5],"c":6}"#,
                false,
                json!({"a": [1, 2], "b": [3, 4], "c": [5, 6]}),
            ),
            (
                r#"{"a":{"b":1,"c":2},"a":{"b":3}}"#,
                false,
                json!({"a": {"b": [1, 3], "c": 2}}),
            ),
            (r#"{"a":[5],"a":12"#, true, json!({"a": [5]})),
            (r#"{"a":5,"a":6,"a":1"#, true, json!({"a": [5, 6]})),
        ] {
            assert_eq!(read(text.as_bytes(), is_cut).value, expected, "{text}");
        }
    }

    #[test]
    fn very_many_members_of_one_name_are_one_list() {
        let text = format!("{{{}}}", vec![r#""":1"#; 50_000].join(","));
        let read = read(text.as_bytes(), false);
        let length = read.value[""].as_array().map(Vec::len);
        assert_eq!((length, read.is_whole), (Some(50_000), true));
    }

    fn any_value() -> impl Strategy<Value = Value> {
        let scalar = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<u64>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<f64>()
                .prop_filter("a JSON number is finite", |double| double.is_finite())
                .prop_map(Value::from),
            any::<String>().prop_map(Value::from),
        ];
        scalar.prop_recursive(4, 48, 6, |value| {
            prop_oneof![
                prop::collection::vec(value.clone(), 0..6).prop_map(Value::from),
                prop::collection::btree_map(any::<String>(), value, 0..6)
                    .prop_map(|members| Value::Object(Map::from_iter(members))),
            ]
        })
    }

    proptest! {
        #[test]
        fn what_serde_json_wrote_is_read_as_it_was(value in any_value(), is_pretty in any::<bool>()) {
            let text = match is_pretty {
                true => serde_json::to_string_pretty(&value),
                false => serde_json::to_string(&value),
            };
            let text = text.expect("a value can be written");
            let read = read(text.as_bytes(), false);
            prop_assert!(read.is_whole);
            prop_assert_eq!(read.value, value);
        }

        #[test]
        fn it_is_json_here_where_it_is_json_for_serde_json(
            value in any_value(),
            at in any::<prop::sample::Index>(),
            with in prop_oneof![
                prop::sample::select(br#"{}[]",:\0123456789-+.eEtrufalsn /dDc"#.as_slice()).prop_map(Some),
                any::<u8>().prop_map(Some),
                Just(None),
            ],
        ) {
            let mut text = serde_json::to_vec(&value).expect("a value can be written");
            let at = at.index(text.len());
            match with {
                Some(byte) => text[at] = byte,
                None => { text.remove(at); }
            }
            let judged = serde_json::from_slice::<Value>(&text);
            // A number beyond the doubles is JSON all the same.
            let is_too_great = |error: &serde_json::Error| error.to_string().contains("out of range");
            prop_assume!(!judged.as_ref().is_err_and(is_too_great));
            let is_json = judged.is_ok();
            prop_assert_eq!(read(&text, false).is_whole, is_json, "{:?}", String::from_utf8_lossy(&text));
        }

        #[test]
        fn a_beginning_holds_nothing_that_the_whole_does_not(value in any_value(), at in any::<prop::sample::Index>()) {
            let text = serde_json::to_vec(&value).expect("a value can be written");
            let text = &text[..at.index(text.len())];
            let beginning = read(text, true);
            prop_assert!(!beginning.is_whole);
            prop_assert!(is_within(&beginning.value, &value), "{}", beginning.value);
        }
    }

    fn is_within(part: &Value, whole: &Value) -> bool {
        match (part, whole) {
            (Value::Null, _) => true,
            (Value::Array(items), Value::Array(all)) => {
                items.len() <= all.len()
                    && items
                        .iter()
                        .zip(all)
                        .all(|(item, whole)| is_within(item, whole))
            }
            (Value::Object(members), Value::Object(all)) => members
                .iter()
                .all(|(name, value)| all.get(name).is_some_and(|whole| is_within(value, whole))),
            (part, whole) => part == whole,
        }
    }

    #[test]
    fn members_of_one_name_are_joined_however_deep_they_stand() {
        for (text, expected) in [
            (
                r#"{"a":{"k":1,"k":[2]},"a":{"k":{"x":1}},"b":0}"#,
                json!({"a": {"k": [1, 2, {"x": 1}]}, "b": 0}),
            ),
            (
                r#"{"a":{"k":{"x":1},"k":5},"a":{"k":{"x":2}}}"#,
                json!({"a": {"k": [{"x": 1}, 5, {"x": 2}]}}),
            ),
            (
                r#"[{"a":{"b":{"c":1}},"a":{"b":{"c":2}},"a":{"b":{"d":3}}}]"#,
                json!([{"a": {"b": {"c": [1, 2], "d": 3}}}]),
            ),
            (
                r#"{"a":[{"b":1,"b":2}],"a":[{"b":3}]}"#,
                json!({"a": [{"b": [1, 2]}, {"b": 3}]}),
            ),
        ] {
            let read = read(text.as_bytes(), false);
            assert!(read.is_whole, "{text}");
            assert_eq!(read.value, expected, "{text}");
        }
    }

    #[test]
    fn names_that_stand_twice_at_every_depth_take_room_as_the_text_does() {
        let mut text = format!("{{{}}}", vec![r#""a":1"#; 2_000].join(","));
        for _ in 0..100 {
            text = format!(r#"{{"a":{text},"a":{{"b":0}}}}"#);
        }
        with_arena(|arena| {
            assert!(parse(text.as_bytes(), false, arena).is_whole);
            let taken = arena.bytes();
            assert!(taken < 100 * text.len(), "{taken} for {}", text.len());
        });
    }

    #[test]
    fn digits_that_no_double_tells_are_kept() {
        for text in [
            "98765432109876543210987",
            "-98765432109876543210987",
            "1e999",
        ] {
            let list = format!("[{text},1]");
            with_arena(|arena| {
                let parsed = parse(list.as_bytes(), false, arena);
                let items = parsed.tree.as_array().expect("a list");
                let Some(Tree::Number(number)) = items.first() else {
                    panic!("{text} is a number");
                };
                let mut out = Vec::new();
                number.write(&mut out);
                assert_eq!(out, format!("\"{text}\"").as_bytes());
                assert_eq!(
                    (number.to_text(), items.len(), parsed.is_whole),
                    (text.to_owned(), 2, true)
                );
            });
        }
        assert_eq!(read(b"[12\xFF]", false).value, json!([12]));
        assert_eq!(read(b"[-0,7]", false).value, json!([-0.0, 7]));
    }

    #[test]
    fn it_reads_as_deep_as_serde_json() {
        for depth in 120..135 {
            let text = "[".repeat(depth) + &"]".repeat(depth);
            let is_json = serde_json::from_str::<Value>(&text).is_ok();
            assert_eq!(read(text.as_bytes(), false).is_whole, is_json, "{depth}");
        }
    }

    #[test]
    fn members_are_in_order_and_found_by_name() {
        let text =
            r#"{"\uFB33":1,"a":2,"\uD83D\uDE00":3,"b":4,"c":5,"d":6,"e":7,"f":8,"g":9,"h":10}"#;
        with_arena(|arena| {
            let tree = parse(text.as_bytes(), false, arena).tree;
            let members = tree.as_object().expect("an object");
            let names: Vec<_> = members.keys().collect();
            assert_eq!(names[names.len() - 2..], ["\u{FB33}", "\u{1F600}"]);
            assert!(names.iter().all(|name| members.contains_key(name)));
            assert!(!members.contains_key("i"));
        });
    }
}
