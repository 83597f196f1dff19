//! The few members of a record that filters, statistics and merging look at, borrowed from its line.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::{instant, members};

/// Reading them parses the whole line, so what is no JSON is found out.
///
/// A member of another type than format 1 gives it counts as absent: kinds to come may use the name for
/// something else.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Fields<'a> {
    #[serde(borrow)]
    timestamp: Word<'a>,
    duration_ms: Amount,
    #[serde(borrow)]
    call_id: Word<'a>,
    #[serde(borrow)]
    call_trigger: Word<'a>,
    #[serde(borrow)]
    conversation_id: Word<'a>,
    #[serde(borrow)]
    model: Word<'a>,
    #[serde(borrow)]
    outcome: Word<'a>,
    #[serde(borrow)]
    tool_name: Word<'a>,
    #[serde(borrow)]
    user_id: Word<'a>,
}

/// Why a line is no record.
pub(crate) const NOT_JSON: &str = "is not JSON";
pub(crate) const NO_TIMESTAMP: &str = "has no timestamp that can be read";

impl<'a> Fields<'a> {
    /// The members, and the line as text.
    pub(crate) fn parse(line: &'a [u8]) -> Result<(Self, &'a str), &'static str> {
        let text = std::str::from_utf8(line).map_err(|_| NOT_JSON)?;
        let fields: Self = serde_json::from_str(text).map_err(|_| NOT_JSON)?;
        Ok((fields, text))
    }

    pub(crate) fn timestamp(&self) -> Result<i64, &'static str> {
        self.timestamp
            .get()
            .and_then(instant::parse)
            .ok_or(NO_TIMESTAMP)
    }

    /// The timestamp as it stands.
    pub(crate) fn timestamp_text(&self) -> Option<&str> {
        self.timestamp.get()
    }

    pub(crate) fn duration(&self) -> i64 {
        members::micros(self.duration_ms.0)
    }

    pub(crate) fn call_id(&self) -> Option<&str> {
        self.call_id.get()
    }

    pub(crate) fn trigger(&self) -> Option<&str> {
        self.call_trigger.get()
    }

    pub(crate) fn conversation(&self) -> Option<&str> {
        self.conversation_id.get()
    }

    pub(crate) fn model(&self) -> Option<&str> {
        self.model.get()
    }

    pub(crate) fn outcome(&self) -> Option<&str> {
        self.outcome.get()
    }

    pub(crate) fn tool(&self) -> Option<&str> {
        self.tool_name.get()
    }

    pub(crate) fn user(&self) -> Option<&str> {
        self.user_id.get()
    }
}

#[derive(Debug, Default)]
struct Word<'a>(Option<Cow<'a, str>>);

impl Word<'_> {
    fn get(&self) -> Option<&str> {
        self.0.as_deref()
    }
}

#[derive(Debug, Default)]
struct Amount(f64);

/// Both visitors take any value; each keeps what is of its type.
macro_rules! take_anything {
    ($nothing:expr) => {
        fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
            formatter.write_str("any value")
        }
        fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
            Ok($nothing)
        }
        fn visit_unit<E>(self) -> Result<Self::Value, E> {
            Ok($nothing)
        }
        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
            Ok($nothing)
        }
        fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
            while items.next_element::<IgnoredAny>()?.is_some() {}
            Ok($nothing)
        }
    };
}

impl<'de: 'a, 'a> Deserialize<'de> for Word<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Words<'a>(PhantomData<&'a ()>);
        impl<'de: 'a, 'a> Visitor<'de> for Words<'a> {
            type Value = Word<'a>;
            take_anything!(Word(None));
            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(Word(Some(Cow::Borrowed(text))))
            }
            fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Word(Some(Cow::Owned(text.to_owned()))))
            }
            fn visit_i64<E>(self, _: i64) -> Result<Self::Value, E> {
                Ok(Word(None))
            }
            fn visit_u64<E>(self, _: u64) -> Result<Self::Value, E> {
                Ok(Word(None))
            }
            fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
                Ok(Word(None))
            }
        }
        deserializer.deserialize_any(Words(PhantomData))
    }
}

impl<'de> Deserialize<'de> for Amount {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Amounts;
        impl<'de> Visitor<'de> for Amounts {
            type Value = Amount;
            take_anything!(Amount(0.0));
            fn visit_str<E>(self, _: &str) -> Result<Self::Value, E> {
                Ok(Amount(0.0))
            }
            fn visit_i64<E>(self, value: i64) -> Result<Self::Value, E> {
                Ok(Amount(value as f64))
            }
            fn visit_u64<E>(self, value: u64) -> Result<Self::Value, E> {
                Ok(Amount(value as f64))
            }
            fn visit_f64<E>(self, value: f64) -> Result<Self::Value, E> {
                Ok(Amount(value))
            }
        }
        deserializer.deserialize_any(Amounts)
    }
}
