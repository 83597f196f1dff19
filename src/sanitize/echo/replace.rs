//! Replacing the values wherever they stand in a tree.

use std::collections::HashMap;
use std::ops::Range;

use serde_json::{Map, Value};
use zeroize::Zeroize;

use super::places::{places, stands_alone};
use super::{Echo, Form, Needle, spelling, worth};
use crate::sanitize::marker;

impl Echo {
    /// Replaces the values in `tree`, and the beginning of one at the end of a string that was cut; says how many
    /// were.
    pub(in crate::sanitize) fn replace_in(&self, tree: &mut Value, cut: bool) -> u32 {
        match tree {
            Value::Null | Value::Bool(_) => 0,
            Value::Number(number) => {
                let text = number.to_string();
                match self.replace(&text, false) {
                    Some((replaced, _)) => {
                        *tree = Value::String(replaced);
                        1
                    }
                    None => 0,
                }
            }
            Value::String(text) => match self.replace(text, cut) {
                Some((replaced, count)) => {
                    *text = replaced;
                    count
                }
                None => 0,
            },
            Value::Array(items) => items.iter_mut().fold(0, |count: u32, item| {
                count.saturating_add(self.replace_in(item, cut))
            }),
            Value::Object(members) => self.replace_in_members(members, cut),
        }
    }

    fn replace_in_members(&self, members: &mut Map<String, Value>, cut: bool) -> u32 {
        let mut count = 0_u32;
        for value in members.values_mut() {
            count = count.saturating_add(self.replace_in(value, cut));
        }
        if !members
            .keys()
            .any(|name| self.replace(name, false).is_some())
        {
            return count;
        }
        // Where the search for a free number goes on: who chose the names could have it begin anew for each.
        let mut numbers: HashMap<String, u32> = HashMap::new();
        for (name, value) in std::mem::take(members) {
            let shown = match self.replace(&name, false) {
                Some((replaced, more)) => {
                    count = count.saturating_add(more);
                    replaced
                }
                None => name,
            };
            if !members.contains_key(&shown) {
                members.insert(shown, value);
                continue;
            }
            let number = numbers.entry(shown.clone()).or_insert(1);
            let unique = loop {
                *number += 1;
                let unique = format!("{shown}#{number}");
                if !members.contains_key(&unique) {
                    break unique;
                }
            };
            members.insert(unique, value);
        }
        count
    }

    /// The text with all values replaced, and how many were; `None` where it holds none.
    fn replace(&self, text: &str, cut: bool) -> Option<(String, u32)> {
        // Of a vector that grows a copy would be left behind that nobody wipes.
        let mut spelt = Vec::with_capacity(spelling::MOST * text.len() + 4);
        let mut origins = Vec::new();
        spelling::write_with_places(&mut spelt, text.as_bytes(), &mut origins);
        let mut found: Vec<(Range<usize>, &Needle)> = Vec::new();
        for needle in &self.needles {
            let value = &self.spelt[needle.spelt.clone()];
            let ends = cut
                .then(|| beginning_at_end(&spelt, needle, value))
                .flatten();
            let mut run_end = 0;
            for place in places(&spelt, needle, value).chain(ends) {
                if origins[place.start].0 < run_end {
                    continue;
                }
                let mut range = origins[place.start].0..origins[place.end - 1].1;
                if needle.form == Form::Base64 {
                    range = base64_run(text.as_bytes(), &range);
                    run_end = range.end;
                }
                found.push((range, needle));
            }
        }
        spelt.zeroize();
        found.retain(|(range, _)| !marker::holds(text.as_bytes(), range));
        found.sort_by_key(|(range, _)| (range.start, std::cmp::Reverse(range.end)));
        let mut replaced = String::with_capacity(text.len() + 32 * found.len());
        let (mut count, mut written) = (0_u32, 0);
        for (range, needle) in found {
            if range.start < written {
                // What overlaps with one before goes with it.
                written = written.max(range.end);
                continue;
            }
            replaced.push_str(text.get(written..range.start)?);
            replaced.push_str(&self.replacements[needle.replacement.clone()]);
            written = range.end;
            count = count.saturating_add(1);
        }
        replaced.push_str(text.get(written..).unwrap_or_default());
        (count > 0).then_some((replaced, count))
    }
}

/// The end of a text that is the beginning of a needle.
fn beginning_at_end(text: &[u8], needle: &Needle, spelt: &[u8]) -> Option<Range<usize>> {
    if needle.form == Form::Hexadecimal {
        return None;
    }
    let longest = spelt.len().saturating_sub(1).min(text.len());
    let length = (worth::LEAST..=longest)
        .rev()
        .find(|length| text.ends_with(&spelt[..*length]))?;
    let place = text.len() - length..text.len();
    (needle.form != Form::Word || stands_alone(text, &place, spelt)).then_some(place)
}

/// The run of base64 around a place in it.
fn base64_run(text: &[u8], place: &Range<usize>) -> Range<usize> {
    let of_run = |byte: &&u8| {
        byte.is_ascii_alphanumeric() || matches!(**byte, b'+' | b'/' | b'-' | b'_' | b'=')
    };
    let before = text[..place.start].iter().rev().take_while(of_run).count();
    let behind = text[place.end..].iter().take_while(of_run).count();
    place.start - before..place.end + behind
}

#[cfg(test)]
mod tests {
    use serde_json::{Map, Value, json};

    use crate::sanitize::echo::Echo;
    use crate::sanitize::echo::testing::{echo, replaced};

    #[test]
    fn names_of_members_and_numbers_are_looked_through_too() {
        let echo = echo(&["hunter22", "123456789"]);
        let mut tree = json!({"hunter22": 1, "HUNTER22": 123456789, "n": [1234567890]});
        assert_eq!(echo.replace_in(&mut tree, false), 3);
        assert_eq!(
            tree,
            json!({"[REDACTED:password]": "[REDACTED:password]", "[REDACTED:password]#2": 1, "n": [1234567890]})
        );
    }

    #[test]
    fn names_that_come_out_alike_get_the_numbers_that_are_free() {
        let echo = echo(&["hunter22"]);
        let mut tree = json!({
            "HUNTER22": 1,
            "HUNTEr22": 2,
            "HUNTer22": 3,
            "[REDACTED:password]#3": "a",
            "[REDACTED:password]": "b",
        });
        assert_eq!(echo.replace_in(&mut tree, false), 3);
        assert_eq!(
            tree,
            json!({
                "[REDACTED:password]": 1,
                "[REDACTED:password]#2": 2,
                "[REDACTED:password]#3": 3,
                "[REDACTED:password]#3#2": "a",
                "[REDACTED:password]#4": "b",
            })
        );
    }

    /// With a look at all numbers for each name this would take many minutes.
    #[test]
    fn a_great_many_names_that_come_out_alike_get_a_number_each() {
        let value = "correcthorsebat";
        let with_case = |cases: usize| -> String {
            let letters = value.chars().enumerate();
            let in_case = letters.map(|(at, letter)| match cases >> at & 1 {
                0 => letter,
                _ => letter.to_ascii_uppercase(),
            });
            in_case.collect()
        };
        let count = 1 << value.len();
        let names = (0..count).map(|cases| (with_case(cases), json!(1)));
        let mut tree = Value::from(names.collect::<Map<_, _>>());
        assert_eq!(
            echo(&[value]).replace_in(&mut tree, false),
            1 << value.len()
        );
        assert_eq!(tree.as_object().map(Map::len), Some(count));
        assert_eq!(tree[format!("[REDACTED:password]#{count}")], 1);
    }

    #[test]
    fn what_was_cut_within_a_value_goes() {
        let echo = echo(&["hunter2hunter2"]);
        let mut tree = json!("with hunter2hun");
        assert_eq!(echo.replace_in(&mut tree.clone(), false), 0);
        assert_eq!(echo.replace_in(&mut tree, true), 1);
        assert_eq!(tree, "with [REDACTED:password]");
    }

    #[test]
    fn markers_stay() {
        let mut echo = Echo::default();
        echo.remember("street_address", "[REDACTED:note]", true);
        assert_eq!(
            replaced(&mut echo, "a [REDACTED:street_address] b"),
            "a [REDACTED:street_address] b"
        );
    }
}
