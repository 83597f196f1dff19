//! JSON of which only a beginning may be there, and in which a member may stand twice.

use super::arena::Stacks;
use super::join::joined;
use super::{Arena, Member, Members, Number, Seen, Tree};
use crate::canonical::{Specials, first_word, token};

/// What could be read of a text.
#[derive(Clone, Copy)]
pub(crate) struct Parsed<'t> {
    /// Null where it does not even begin as JSON.
    pub(crate) tree: Tree<'t>,
    /// The text is one JSON value (RFC 8259), and nothing else.
    pub(crate) is_whole: bool,
    pub(crate) seen: Seen,
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
        at: 0,
        specials: Specials::new(valid.as_bytes(), 0),
        arena,
        is_text,
        has_failed: false,
        has_twins: false,
        open: arena.take_stacks(),
        seen: Seen::default(),
    };
    let value = parser.value(0);
    parser.next();
    let is_whole = !parser.has_failed && parser.at == text.len() && is_text && !is_cut;
    let tree = match value {
        Some(Tree::Number(_)) if is_cut => Tree::Null,
        Some(tree) if parser.has_twins => joined(&tree, arena),
        Some(tree) => tree,
        None => Tree::Null,
    };
    arena.keep_stacks(parser.open);
    Parsed {
        tree,
        is_whole,
        seen: parser.seen,
    }
}

/// As deep as serde_json goes.
const MAX_DEPTH: usize = 127;

struct Parser<'t> {
    text: &'t str,
    at: usize,
    specials: Specials<'t>,
    arena: &'t Arena,
    /// All bytes are of the text: behind its end stands none that is no character.
    is_text: bool,
    /// It is no JSON, or ends too soon. Nothing more is read.
    has_failed: bool,
    /// Two members of one object have one name: they stand side by side, and are joined at the end.
    has_twins: bool,
    /// What was read of the containers around this place: the innermost one's stands last.
    open: Stacks<'t>,
    seen: Seen,
}

impl<'t> Parser<'t> {
    /// The byte at this place; zero, with which no token begins, behind the end.
    #[inline(always)]
    fn byte(&self) -> u8 {
        let byte = self.text.as_bytes().get(self.at);
        byte.copied().unwrap_or_default()
    }

    /// The first byte of the next token, at which the parser then stands.
    #[inline(always)]
    fn next(&mut self) -> u8 {
        match self.byte() {
            byte if byte > b' ' => byte,
            _ => self.next_behind_whitespace(),
        }
    }

    #[inline(never)]
    fn next_behind_whitespace(&mut self) -> u8 {
        while let b' ' | b'\n' | b'\t' | b'\r' = self.byte() {
            self.at += 1;
        }
        self.byte()
    }

    #[cold]
    #[inline(never)]
    fn fail(&mut self) {
        self.has_failed = true;
        self.at = self.text.len();
    }

    /// What could be read of a value, if anything could; the parser has failed where that is not all of it.
    ///
    /// Scalars, which are the greater part of all values, take no call.
    #[inline(always)]
    fn value(&mut self, depth: usize) -> Option<Tree<'t>> {
        let read = match self.next() {
            b'"' => self.string().map(|(text, _)| {
                self.seen.add_text(text);
                Tree::String(text)
            }),
            b'{' if depth < MAX_DEPTH => return Some(Tree::Object(self.object(depth))),
            b'[' if depth < MAX_DEPTH => return Some(Tree::Array(self.list(depth))),
            b'-' | b'0'..=b'9' => self.number(depth).map(Tree::Number),
            b't' => self.word("true", Tree::Bool(true)),
            b'f' => self.word("false", Tree::Bool(false)),
            b'n' => self.word("null", Tree::Null),
            _ => None,
        };
        if read.is_none() {
            self.fail();
        }
        read
    }

    #[inline]
    fn word(&mut self, word: &str, tree: Tree<'t>) -> Option<Tree<'t>> {
        let rest = self.text.as_bytes().get(self.at..)?;
        self.at += word.len();
        rest.starts_with(word.as_bytes()).then_some(tree)
    }

    /// Passes the bracket that opens a container; true where something stands in it.
    #[inline]
    fn opens(&mut self, closing: u8) -> bool {
        self.at += 1;
        let is_empty = self.next() == closing;
        self.at += usize::from(is_empty);
        !is_empty
    }

    /// True where another item or member follows.
    #[inline(always)]
    fn goes_on(&mut self, closing: u8) -> bool {
        let byte = self.next();
        if byte == b',' {
            self.at += 1;
            return true;
        }
        if byte == closing {
            self.at += 1;
        } else {
            self.fail();
        }
        false
    }

    #[inline(never)]
    fn list(&mut self, depth: usize) -> &'t [Tree<'t>] {
        let start = self.open.items.len();
        let mut goes_on = self.opens(b']');
        while goes_on {
            if let Some(item) = self.value(depth + 1) {
                self.open.items.push(item);
            }
            goes_on = self.goes_on(b']');
        }
        let items = self.arena.items(&self.open.items[start..]);
        self.open.items.truncate(start);
        items
    }

    #[inline(never)]
    fn object(&mut self, depth: usize) -> Members<'t> {
        let start = self.open.members.len();
        let mut is_sorted = true;
        let mut before = 0;
        let mut goes_on = self.opens(b'}');
        while goes_on {
            let Some((word, name)) = self.name() else {
                self.fail();
                break;
            };
            self.seen.names.add(word, name.len());
            if let Some(value) = self.value(depth + 1) {
                is_sorted &= before < word;
                before = word;
                self.open.members.push(Member { word, name, value });
            }
            goes_on = self.goes_on(b'}');
        }
        let members = &mut self.open.members[start..];
        // Their first letters may be the same, and they in order all the same.
        if !is_sorted && !members.is_sorted_by(Member::is_before) {
            // Two of one name keep their order.
            members.sort_by(Member::by_name);
            self.has_twins |= !members.is_sorted_by(Member::is_before);
        }
        let members = self.arena.items(members);
        self.open.members.truncate(start);
        Members(members)
    }

    /// A member's name and its first word, with the colon behind it.
    #[inline(always)]
    fn name(&mut self) -> Option<(u64, &'t str)> {
        if self.next() != b'"' {
            return None;
        }
        let (name, bytes) = self.string()?;
        if self.next() != b':' {
            return None;
        }
        self.at += 1;
        Some((first_word(bytes, name.len()), name))
    }

    /// A string, and the bytes from its first one on, of which more may be at hand than its own.
    #[inline(always)]
    fn string(&mut self) -> Option<(&'t str, &'t [u8])> {
        let start = self.at + 1;
        self.at = self.specials.next(start);
        if self.byte() != b'"' {
            let text = self.string_with_escapes(start)?;
            return Some((text, text.as_bytes()));
        }
        let text = self.text.get(start..self.at)?;
        let bytes = self.text.as_bytes().get(start..)?;
        self.at += 1;
        Some((text, bytes))
    }

    /// Reads on where a backslash interrupts the string that begins at `start`; it is none where another byte does.
    #[inline(never)]
    fn string_with_escapes(&mut self, start: usize) -> Option<&'t str> {
        if self.byte() != b'\\' {
            return None;
        }
        let mut text = self.text.get(start..self.at)?.to_owned();
        loop {
            match self.byte() {
                b'"' => {
                    self.at += 1;
                    return Some(self.arena.text(&text));
                }
                b'\\' => {
                    self.at += 1;
                    text.push(self.escape()?);
                }
                _ => return None,
            }
            let start = self.at;
            self.at = self.specials.next(start);
            text.push_str(self.text.get(start..self.at)?);
        }
    }

    fn escape(&mut self) -> Option<char> {
        let rest = self.text.as_bytes().get(self.at..)?;
        let (character, length) = token::escape(rest).ok()?;
        self.at += length;
        Some(character)
    }

    #[inline(always)]
    fn number(&mut self, depth: usize) -> Option<Number<'t>> {
        let rest = self.text.as_bytes().get(self.at..)?;
        let (number, length) = match Number::of_few_digits(rest) {
            Some(read) => read,
            None => self.long_number(rest)?,
        };
        self.at += length;
        self.seen.add_number(number);
        let is_at_end = self.is_text && self.at == self.text.len();
        (depth == 0 || !is_at_end).then_some(number)
    }

    #[inline(never)]
    fn long_number(&self, rest: &[u8]) -> Option<(Number<'t>, usize)> {
        let length = token::number_length(rest);
        let text = self.text.get(self.at..self.at + length)?;
        (length > 0).then(|| (Number::of_text(text), length))
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
            for (opening, innermost, closing) in [("[", "", "]"), (r#"{"a":"#, "0", "}")] {
                let text = opening.repeat(depth) + innermost + &closing.repeat(depth);
                let is_json = serde_json::from_str::<Value>(&text).is_ok();
                assert_eq!(read(text.as_bytes(), false).is_whole, is_json, "{depth}");
            }
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
            assert_eq!(names[names.len() - 2..], ["\u{1F600}", "\u{FB33}"]);
            assert!(names.iter().all(|name| members.contains_key(name)));
            assert!(!members.contains_key("i"));
        });
        let alike: Vec<String> = (10..40).map(|at| format!("customer_{at}")).collect();
        let members = alike.iter().map(|name| format!("\"{name}\":\"{name}\""));
        let text = format!("{{{}}}", members.collect::<Vec<_>>().join(","));
        with_arena(|arena| {
            let tree = parse(text.as_bytes(), false, arena).tree;
            for name in &alike {
                assert_eq!(tree.get(name).and_then(Tree::as_str), Some(name.as_str()));
            }
            assert!(tree.get("customer_9").is_none() && tree.get("customer").is_none());
        });
    }
}
