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
/// Of two members of one name both are kept, the second under its name with `#2` behind it: which of them the tool
/// looked at nobody knows here. A number at the very end may have lost its last digits, and is left out.
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
        let mut last = None;
        let result = loop {
            let name = match members.next_key::<String>() {
                Ok(Some(name)) => name,
                Ok(None) => break Ok(()),
                Err(error) => {
                    if let Some(last) = last.filter(|_| ends_in_number) {
                        object.remove(&last);
                    }
                    break Err(error);
                }
            };
            let mut value = Value::Null;
            let read = members.next_value_seed(Place(&mut value, ends_in_number));
            let is_number = ends_in_number && value.is_number();
            last = is_number.then(|| name.clone());
            if read.is_ok() || !value.is_null() {
                last = insert(&mut object, name, value).or(last);
            }
            if let Err(error) = read {
                break Err(error);
            }
        };
        *place = match number(&object) {
            Some(number) => Value::Number(number),
            None => Value::Object(object),
        };
        result
    }
}

/// Adds a member; where its name is taken, under the name with the first free number behind it, which it returns then.
fn insert(object: &mut Map<String, Value>, name: String, value: Value) -> Option<String> {
    let mut taken = match object.entry(name) {
        Entry::Vacant(place) => {
            place.insert(value);
            return None;
        }
        Entry::Occupied(taken) => taken.key().clone(),
    };
    let name = taken.len();
    let mut number = 2_u64;
    while object.contains_key(&taken) {
        taken.truncate(name);
        taken.push('#');
        taken.push_str(&number.to_string());
        number += 1;
    }
    object.insert(taken.clone(), value);
    Some(taken)
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
        let read = read(br#"{"amount":1,"amount":100,"amount":7}"#, false);
        assert_eq!(
            read.value,
            json!({"amount": 1, "amount#2": 100, "amount#3": 7})
        );
    }
}
