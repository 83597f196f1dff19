//! JSON of which only a beginning may be there, and in which a member may stand twice.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::map::Entry;
use serde_json::{Map, Number, Value};

/// What could be read of a text.
#[derive(Debug, PartialEq)]
pub(super) struct Read {
    /// Null where it does not even begin as JSON.
    pub(super) value: Value,
    /// The text is one JSON value, and nothing else.
    pub(super) is_whole: bool,
}

/// Reads as far as the text is JSON; `is_cut` says that more came behind it.
///
/// Of two members of one name both are kept, since which of them the tool looked at nobody knows here: their values are
/// one list, and two objects are one object. So what holds for a member of that name holds for both. A number at the
/// very end may have lost its last digits, and is left out.
pub(super) fn read(text: &[u8], is_cut: bool) -> Read {
    let mut value = Value::Null;
    let mut deserializer = serde_json::Deserializer::from_slice(text);
    let ends_in_number = text
        .last()
        .is_some_and(|last| last.is_ascii_digit() || b".eE+-".contains(last));
    let place = Place(&mut value, ends_in_number);
    let was_read = place.deserialize(&mut deserializer).is_ok();
    if is_cut && value.is_number() {
        value = Value::Null;
    }
    Read {
        value,
        is_whole: was_read && deserializer.end().is_ok() && !is_cut,
    }
}

/// A place that is filled while it is read, so that what came before a fault is kept; and whether the text may end in
/// the middle of a number.
struct Place<'a>(&'a mut Value, bool);

/// What serde_json calls the only member of a number, where it keeps all digits (its feature `arbitrary_precision`).
const ALL_DIGITS: &str = "$serde_json::private::Number";

impl<'de> DeserializeSeed<'de> for Place<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Place<'_> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E>(self, value: bool) -> Result<(), E> {
        *self.0 = value.into();
        Ok(())
    }

    fn visit_i64<E>(self, value: i64) -> Result<(), E> {
        *self.0 = value.into();
        Ok(())
    }

    fn visit_u64<E>(self, value: u64) -> Result<(), E> {
        *self.0 = value.into();
        Ok(())
    }

    fn visit_f64<E>(self, value: f64) -> Result<(), E> {
        *self.0 = Number::from_f64(value).map_or(Value::Null, Value::Number);
        Ok(())
    }

    fn visit_str<E>(self, text: &str) -> Result<(), E> {
        *self.0 = text.into();
        Ok(())
    }

    fn visit_string<E>(self, text: String) -> Result<(), E> {
        *self.0 = text.into();
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        let Self(place, ends_in_number) = self;
        let mut list = Vec::new();
        let result = loop {
            let mut item = Value::Null;
            match items.next_element_seed(Place(&mut item, ends_in_number)) {
                Ok(Some(())) => list.push(item),
                Ok(None) => break Ok(()),
                Err(error) => {
                    if !item.is_null() {
                        list.push(item);
                    } else if ends_in_number && list.last().is_some_and(Value::is_number) {
                        list.pop();
                    }
                    break Err(error);
                }
            }
        };
        *place = Value::Array(list);
        result
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        let Self(place, ends_in_number) = self;
        let mut object = Map::new();
        // Whether the last number is whole is known only when something comes behind it.
        let mut last = None;
        let result = loop {
            let read = members.next_key::<String>();
            if let Some((name, value)) = last.take()
                && (read.is_ok() || !ends_in_number || !Value::is_number(&value))
            {
                insert(&mut object, name, value);
            }
            let name = match read {
                Ok(Some(name)) => name,
                Ok(None) => break Ok(()),
                Err(error) => break Err(error),
            };
            let mut value = Value::Null;
            match members.next_value_seed(Place(&mut value, ends_in_number)) {
                Ok(()) => last = Some((name, value)),
                Err(error) => {
                    if !value.is_null() {
                        insert(&mut object, name, value);
                    }
                    break Err(error);
                }
            }
        };
        *place = match number(&object) {
            Some(number) => Value::Number(number),
            None => Value::Object(object),
        };
        result
    }
}

/// Adds a member, also where its name is taken.
fn insert(object: &mut Map<String, Value>, name: String, value: Value) {
    match object.entry(name) {
        Entry::Vacant(place) => {
            place.insert(value);
        }
        Entry::Occupied(mut taken) => join(taken.get_mut(), value),
    }
}

/// Makes one value of two that stand in one place.
fn join(first: &mut Value, second: Value) {
    match (first, second) {
        (Value::Object(members), Value::Object(others)) => {
            for (name, value) in others {
                insert(members, name, value);
            }
        }
        (Value::Array(values), Value::Array(others)) => values.extend(others),
        (Value::Array(values), other) => values.push(other),
        (first, Value::Array(others)) => {
            let mut values = vec![first.take()];
            values.extend(others);
            *first = Value::Array(values);
        }
        (first, second) => *first = Value::Array(vec![first.take(), second]),
    }
}

fn number(object: &Map<String, Value>) -> Option<Number> {
    let digits = object.get(ALL_DIGITS).filter(|_| object.len() == 1)?;
    digits.as_str()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

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
}
