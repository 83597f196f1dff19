use serde_json::{Map, Value};

use super::{Pass, Written};
use crate::canonical::{self, compare_keys};
use crate::sanitize::names;
use crate::sanitize::rules::Rule;
use crate::sanitize::sweep::{self, sweep};

/// A member of an object.
struct Member<'m> {
    name: &'m str,
    value: &'m Value,
    /// The name as it is written, and the kinds of byte in it.
    shown: &'m str,
    kinds: u8,
    first: bool,
    /// Whether another one comes after it.
    more: bool,
}

/// What an item that does not fit is taken back to.
#[derive(Clone, Copy)]
struct Before {
    length: usize,
    redactions: u32,
}

impl<'a> Pass<'a> {
    #[inline(never)]
    pub(super) fn list(
        &mut self,
        items: &[Value],
        under: Option<&'a Rule>,
        depth: usize,
    ) -> Written {
        self.open(b'[')?;
        for (at, item) in items.iter().enumerate() {
            let before = self.before();
            if at > 0 {
                self.out.push(b',');
            }
            let written = if self.trail.is_some() {
                self.placed_value(None, item, under, depth + 1)
            } else {
                self.value(item, under, depth + 1)
            };
            if !self.goes_on(&written, before, at + 1 < items.len()) {
                break;
            }
        }
        self.close(b']');
        Ok(())
    }

    #[inline(never)]
    pub(super) fn object(
        &mut self,
        members: &Map<String, Value>,
        under: Option<&'a Rule>,
        depth: usize,
    ) -> Written {
        self.open(b'{')?;
        let sorted = self.rules.maps_are_sorted;
        let mut checked = false;
        for (at, (name, value)) in members.iter().enumerate() {
            let kinds = sweep(name.as_bytes());
            // All names before the first of these have their place, and all behind them come after those.
            let questionable =
                kinds & sweep::HIGH != 0 || name.len() >= names::QUESTIONABLE || !sorted;
            if questionable && !checked {
                if !are_ordered(members, at) {
                    self.members_sorted(members, at, under, depth);
                    break;
                }
                checked = true;
            }
            let member = Member {
                name,
                value,
                shown: name,
                kinds,
                first: at == 0,
                more: at + 1 < members.len(),
            };
            if !self.member(&member, under, depth) {
                break;
            }
        }
        self.close(b'}');
        Ok(())
    }

    /// Writes the members from the one at `from` on, whose names are not in order or too long.
    #[cold]
    #[inline(never)]
    fn members_sorted(
        &mut self,
        members: &Map<String, Value>,
        from: usize,
        under: Option<&'a Rule>,
        depth: usize,
    ) {
        let mut sorted: Vec<_> = members
            .iter()
            .skip(from)
            .map(|(name, value)| (names::shorten(self.rules, name), name, value))
            .collect();
        sorted.sort_by(|a, b| compare_keys(&a.0, &b.0));
        let all = sorted.len();
        sorted.dedup_by(|later, first| later.0 == first.0);
        self.done.shortened |=
            sorted.len() < all || sorted.iter().any(|(shown, name, _)| *shown != **name);
        for (at, (shown, name, value)) in sorted.iter().enumerate() {
            let member = Member {
                name,
                value,
                shown,
                kinds: sweep(shown.as_bytes()),
                first: from + at == 0,
                more: at + 1 < sorted.len(),
            };
            if !self.member(&member, under, depth) {
                break;
            }
        }
    }

    /// Writes a member; tells whether another one may follow.
    #[inline(always)]
    fn member(&mut self, member: &Member<'_>, under: Option<&'a Rule>, depth: usize) -> bool {
        let before = self.before();
        self.members += 1;
        if member.kinds & sweep::ESCAPE == 0 {
            if member.first {
                self.out.push(b'"');
            } else {
                self.out.extend_from_slice(b",\"");
            }
            self.out.extend_from_slice(member.shown.as_bytes());
            self.out.extend_from_slice(b"\":");
        } else {
            if !member.first {
                self.out.push(b',');
            }
            canonical::write_string(self.out, member.shown);
            self.out.push(b':');
        }
        let written = match self.fits() {
            Ok(()) => self.member_value(member.name, member.value, under, depth + 1),
            Err(overflow) => Err(overflow),
        };
        self.goes_on(&written, before, member.more)
    }

    fn open(&mut self, bracket: u8) -> Written {
        self.out.push(bracket);
        // Not less than zero: `out` has a byte, and `end` counts it.
        self.end = self.end.saturating_sub(1);
        let fits = self.fits();
        if fits.is_err() {
            self.end = self.end.saturating_add(1);
        }
        fits
    }

    fn close(&mut self, bracket: u8) {
        self.end = self.end.saturating_add(1);
        self.out.push(bracket);
    }

    #[inline]
    fn before(&self) -> Before {
        Before {
            length: self.out.len(),
            redactions: self.done.redactions,
        }
    }

    /// After an item or a member: takes it back where it did not fit, and tells whether to go on.
    #[inline]
    fn goes_on(&mut self, written: &Written, before: Before, more: bool) -> bool {
        if written.is_ok() && !self.full {
            return true;
        }
        if written.is_err() {
            self.out.truncate(before.length);
            self.done.redactions = before.redactions;
            self.full = true;
        }
        self.done.shortened |= written.is_err() || more;
        false
    }
}

/// True where the names from the one at `from` on are in canonical order and none is too long.
fn are_ordered(members: &Map<String, Value>, from: usize) -> bool {
    let names = || members.keys().skip(from);
    names().all(|name| name.len() <= names::MAX_LENGTH)
        && names().is_sorted_by(|one, next| compare_keys(one, next).is_lt())
}
