//! What a step of a browser types into a field that another member tells: `{"locator": "#password", "fill": …}`.

use crate::tree::Tree;

use super::containers::Member;
use super::endings::Endings;
use super::labels;
use super::{Pass, Written};
use crate::sanitize::reference::looks_secret;
use crate::sanitize::rule::Rule;

/// The last words of names of what a field is filled with.
static FILLS: Endings = Endings::of(&["fill", "filled"]);
/// Those of what is typed, pasted or written: other things are called so, too.
static TYPES: Endings = Endings::of(&["enter", "paste", "write", "sequentially"]);
/// It tells what kind a thing is nearly always, and seldom what is typed.
const KIND: &str = "type";
/// The fewest bytes of what is typed under that name.
const LEAST_TYPED: usize = 8;
/// The fewest digits of a number that is typed.
const LEAST_DIGITS: usize = 4;
/// What a drawing is filled with, besides colours in digits.
const PAINTS: &[&str] = &[
    "none",
    "transparent",
    "currentcolor",
    "inherit",
    "black",
    "white",
    "red",
    "green",
    "blue",
    "yellow",
    "orange",
    "purple",
    "gray",
    "grey",
    "silver",
    "solid",
    "auto",
    "both",
    "forwards",
    "backwards",
    "full",
    "outline",
    "true",
    "false",
    "tozeroy",
    "toself",
    "tonexty",
    "origin",
    "start",
    "end",
];

pub(super) fn is_typed(name: &str) -> bool {
    name == KIND || FILLS.end(name) || TYPES.end(name)
}

impl<'a> Pass<'a> {
    /// Writes what is typed into a field that a sibling names.
    pub(super) fn typed(
        &mut self,
        member: &Member<'_, 'a>,
        under: Option<&'a Rule>,
        depth: usize,
    ) -> Written {
        let is_typed = match *member.value {
            Tree::String(text) if member.name == KIND => {
                may_be_no_kind(text) && looks_secret(text) && is_located(member)
            }
            Tree::String(text) => !is_paint(text) && (looks_secret(text) || is_filled(member)),
            Tree::Number(number) => number.to_text().len() >= LEAST_DIGITS && is_filled(member),
            _ => false,
        };
        let named = is_typed.then(|| self.named_beside(member)).flatten();
        self.ruled_or_named(named, member, under, depth)
    }
}

/// True for what a field is filled with, beside what says where on a page that is.
fn is_filled(member: &Member<'_, '_>) -> bool {
    FILLS.end(member.name) && is_located(member)
}

/// True beside what says where on a page a field is.
fn is_located(member: &Member<'_, '_>) -> bool {
    *member.said.located.get_or_init(|| {
        let mut siblings = member.siblings.iter();
        siblings.any(|(name, _)| labels::is_locator(name))
    })
}

/// False for the names of most kinds, at little cost.
fn may_be_no_kind(text: &str) -> bool {
    text.len() >= LEAST_TYPED && text.bytes().any(|byte| byte.is_ascii_digit())
}

/// `#8884d8`, `rgb(1, 2, 3)`, `url(#a)`, `none`.
fn is_paint(text: &str) -> bool {
    if let Some(digits) = text.strip_prefix('#') {
        return matches!(digits.len(), 3 | 4 | 6 | 8)
            && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    }
    let is_function = text.ends_with(')')
        && ["rgb", "hsl", "url(", "var(", "color("]
            .iter()
            .any(|function| text.starts_with(function));
    is_function || PAINTS.iter().any(|paint| text.eq_ignore_ascii_case(paint))
}
