//! JSON as the audit looks at it: a tree that borrows its texts, whose nodes stand side by side in an arena.
//!
//! What is handed over as a `Value` of serde_json's becomes one in one walk that copies no text, and what comes as bytes need not
//! become a `Value` at all: to allocate and free one costs more than all that is done with it. Members come in
//! one order whichever of serde_json's features the build has.

mod arena;
mod from_value;
mod join;
mod number;
mod parse;
mod seen;

use std::borrow::Cow;
use std::cmp::Ordering;

#[cfg(any(feature = "axum", test))]
use serde_json::Value;

pub(crate) use self::arena::{Arena, with_arena};
pub(crate) use self::number::Number;
#[cfg(feature = "axum")]
pub(crate) use self::parse::Parsed;
pub(crate) use self::parse::parse;
pub(crate) use self::seen::{Beginnings, Seen};
use crate::canonical::{compare_keys, first_word};

/// One value.
#[derive(Clone, Copy)]
pub(crate) enum Tree<'t> {
    Null,
    Bool(bool),
    Number(Number<'t>),
    String(&'t str),
    Array(&'t [Self]),
    Object(Members<'t>),
}

/// The members of an object in their canonical order (RFC 8785 section 3.2.3), no name twice.
#[derive(Clone, Copy)]
pub(crate) struct Members<'t>(&'t [Member<'t>]);

#[derive(Clone, Copy)]
struct Member<'t> {
    /// The [`first_word`] of its name, by which most names are told apart.
    word: u64,
    name: &'t str,
    value: Tree<'t>,
}

impl<'t> Member<'t> {
    fn new(name: &'t str, value: Tree<'t>) -> Self {
        let word = first_word(name.as_bytes(), name.len());
        Self { word, name, value }
    }

    #[inline]
    fn by_name(&self, other: &Self) -> Ordering {
        let by_word = self.word.cmp(&other.word);
        by_word.then_with(|| compare_keys(self.name, other.name))
    }

    /// The greater part of all names needs no look at the name itself.
    #[inline]
    fn has_name_of(&self, other: &Self) -> bool {
        // To compare no bytes is not for nothing: where an empty slice begins there may be no memory.
        self.word == other.word
            && self.name.len() == other.name.len()
            && (self.name.len() <= WORD || behind_word(self.name) == behind_word(other.name))
    }

    #[inline]
    fn is_before(&self, next: &Self) -> bool {
        self.by_name(next).is_lt()
    }
}

/// How many bytes of a name its [`first_word`] has.
const WORD: usize = 8;

/// What of a name its [`first_word`] does not say; names of the same length that have both in common are the same.
#[inline]
pub(crate) fn behind_word(name: &str) -> &[u8] {
    name.as_bytes().get(WORD..).unwrap_or_default()
}

/// So many members are looked through from the first one on; of more the half is ruled out with each look.
const FEW: usize = 8;

impl<'t> Members<'t> {
    /// Members that are in order already.
    fn in_order(members: &'t [Member<'t>]) -> Self {
        debug_assert!(members.is_sorted_by(Member::is_before));
        Self(members)
    }

    #[inline]
    pub(crate) fn len(self) -> usize {
        self.0.len()
    }

    #[inline]
    pub(crate) fn is_empty(self) -> bool {
        self.0.is_empty()
    }

    #[inline]
    pub(crate) fn iter(self) -> impl ExactSizeIterator<Item = (&'t str, &'t Tree<'t>)> + Clone {
        self.0.iter().map(|member| (member.name, &member.value))
    }

    /// The member at this place.
    #[inline]
    pub(crate) fn nth(self, place: usize) -> Option<(&'t str, &'t Tree<'t>)> {
        self.0.get(place).map(|member| (member.name, &member.value))
    }

    /// Whether these and `others` have the same names.
    #[inline]
    pub(crate) fn are_named_as(self, others: Self) -> bool {
        self.0.len() == others.0.len()
            && (self.0.iter().zip(others.0)).all(|(one, other)| one.has_name_of(other))
    }

    /// With the [`first_word`] of each name.
    #[inline]
    pub(crate) fn iter_with_words(
        self,
    ) -> impl ExactSizeIterator<Item = (u64, &'t str, &'t Tree<'t>)> + Clone {
        let members = self.0.iter();
        members.map(|member| (member.word, member.name, &member.value))
    }

    #[inline]
    pub(crate) fn keys(self) -> impl ExactSizeIterator<Item = &'t str> + Clone {
        self.0.iter().map(|member| member.name)
    }

    #[inline]
    pub(crate) fn values(self) -> impl ExactSizeIterator<Item = &'t Tree<'t>> + Clone {
        self.0.iter().map(|member| &member.value)
    }

    #[inline]
    pub(crate) fn get(self, name: &str) -> Option<&'t Tree<'t>> {
        let member = if self.0.len() <= FEW {
            self.0.iter().find(|member| member.name == name)
        } else {
            let word = first_word(name.as_bytes(), name.len());
            let place = self.0.binary_search_by(|member| {
                let by_word = member.word.cmp(&word);
                by_word.then_with(|| compare_keys(member.name, name))
            });
            place.ok().and_then(|place| self.0.get(place))
        };
        member.map(|member| &member.value)
    }

    #[inline]
    pub(crate) fn contains_key(self, name: &str) -> bool {
        self.get(name).is_some()
    }
}

impl<'t> Tree<'t> {
    #[inline]
    pub(crate) fn as_str(&self) -> Option<&'t str> {
        match self {
            Self::String(text) => Some(text),
            _ => None,
        }
    }

    /// The text of what stands in quotes in canonical JSON: strings, and numbers that no double tells exactly.
    #[inline]
    pub(crate) fn text_as_written(&self) -> Option<Cow<'t, str>> {
        match *self {
            Self::String(text) => Some(Cow::Borrowed(text)),
            Self::Number(number) if number.stands_in_quotes() => Some(Cow::Owned(number.to_text())),
            _ => None,
        }
    }

    #[inline]
    pub(crate) fn as_array(&self) -> Option<&'t [Self]> {
        match self {
            Self::Array(items) => Some(items),
            _ => None,
        }
    }

    #[inline]
    pub(crate) fn as_object(&self) -> Option<Members<'t>> {
        match self {
            Self::Object(members) => Some(*members),
            _ => None,
        }
    }

    /// The member of this name, of an object.
    #[inline]
    pub(crate) fn get(&self, name: &str) -> Option<&'t Self> {
        self.as_object()?.get(name)
    }

    #[inline]
    pub(crate) fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    #[inline]
    pub(crate) fn is_boolean(&self) -> bool {
        matches!(self, Self::Bool(_))
    }

    #[inline]
    pub(crate) fn is_number(&self) -> bool {
        matches!(self, Self::Number(_))
    }

    #[inline]
    pub(crate) fn is_string(&self) -> bool {
        matches!(self, Self::String(_))
    }

    #[inline]
    pub(crate) fn is_array(&self) -> bool {
        matches!(self, Self::Array(_))
    }

    #[inline]
    pub(crate) fn is_object(&self) -> bool {
        matches!(self, Self::Object(_))
    }

    #[inline]
    pub(crate) fn is_u64(&self) -> bool {
        matches!(self, Self::Number(Number::Unsigned(_)))
    }

    /// The same as a tree of serde_json's.
    #[cfg(any(feature = "axum", test))]
    pub(crate) fn to_value(self) -> Value {
        match self {
            Self::Null => Value::Null,
            Self::Bool(value) => Value::Bool(value),
            Self::Number(number) => Value::Number(number.to_number()),
            Self::String(text) => Value::String(text.to_owned()),
            Self::Array(items) => items.iter().map(|item| item.to_value()).collect(),
            Self::Object(members) => {
                let members = members.iter();
                let members = members.map(|(name, value)| (name.to_owned(), value.to_value()));
                Value::Object(members.collect())
            }
        }
    }
}
