//! Where a piece of a call stands among all that was told of it.

/// A sanitized piece of JSON in [`Open::bytes`](super::open::Open::bytes); empty where nothing was said.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) start: u32,
    pub(super) end: u32,
}

impl Span {
    pub(super) fn is_empty(self) -> bool {
        self.start == self.end
    }

    pub(super) fn of(self, bytes: &[u8]) -> &[u8] {
        bytes
            .get(self.start as usize..self.end as usize)
            .unwrap_or_default()
    }

    /// A name with its value behind it, where both stand in `bytes` as they do in a record.
    pub(super) fn with_value(self, value: Self, bytes: &[u8]) -> Option<&[u8]> {
        let is_member = self.end.checked_add(1) == Some(value.start)
            && bytes.get(self.end as usize) == Some(&COLON);
        is_member.then(|| {
            let (start, end) = (self.start as usize, value.end as usize);
            bytes.get(start..end).unwrap_or_default()
        })
    }

    pub(super) fn of_mut(self, bytes: &mut [u8]) -> &mut [u8] {
        bytes
            .get_mut(self.start as usize..self.end as usize)
            .unwrap_or_default()
    }
}

/// What stands between a member's name and its value, in [`Open::bytes`](super::open::Open::bytes) too: so that both
/// are copied as one.
pub(super) const COLON: u8 = b':';

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_and_its_value_are_one_piece_only_where_a_colon_stands_between_them() {
        let bytes = br#""a":1"b"2"c""#;
        let span = |start, end| Span { start, end };
        let member = |name: Span, value| name.with_value(value, bytes).map(<[u8]>::to_vec);
        assert_eq!(member(span(0, 3), span(4, 5)), Some(br#""a":1"#.to_vec()));
        assert_eq!(member(span(5, 8), span(8, 9)), None);
        assert_eq!(member(span(5, 7), span(8, 9)), None);
        assert_eq!(member(span(5, 8), span(4, 5)), None);
        assert_eq!(member(span(0, 3), Span::default()), None);
    }
}
