use crate::canonical::order::compare_key_bytes;

/// A string as it stands between its quotes.
#[derive(Clone, Copy)]
pub(super) struct Name<'a> {
    pub(super) text: &'a [u8],
    /// The eight bytes from the name's start on, the first one highest.
    pub(super) lead: u64,
    pub(super) escaped: bool,
}

impl Name<'_> {
    /// Whether this name stands before `next`; `ascii`: the whole text is ASCII.
    #[inline]
    pub(super) fn is_before(self, next: Name<'_>, ascii: bool) -> bool {
        // ASCII has the same order in bytes as in UTF-16. Where the names differ within both, the leads tell.
        let same = ((self.lead ^ next.lead).leading_zeros() / 8) as usize;
        let plain = ascii && !self.escaped && !next.escaped;
        if plain && same < self.text.len().min(next.text.len()).min(8) {
            return self.lead < next.lead;
        }
        self.is_before_by_text(next, ascii)
    }

    fn is_before_by_text(self, next: Name<'_>, ascii: bool) -> bool {
        if self.escaped || next.escaped {
            compare_key_bytes(&unescape(self.text), &unescape(next.text)).is_lt()
        } else if ascii {
            self.text < next.text
        } else {
            compare_key_bytes(self.text, next.text).is_lt()
        }
    }
}

/// The lead of a name that begins less than eight bytes before the text's end.
#[cold]
pub(super) fn short_lead(rest: &[u8]) -> u64 {
    let mut eight = [0; 8];
    for (to, from) in eight.iter_mut().zip(rest) {
        *to = *from;
    }
    u64::from_be_bytes(eight)
}

/// Undoes the escapes that the scan has let pass.
fn unescape(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((byte, tail)) = rest.split_first() {
        rest = tail;
        if *byte != b'\\' {
            out.push(*byte);
            continue;
        }
        let Some((escape, tail)) = rest.split_first() else {
            break;
        };
        rest = tail;
        out.push(match escape {
            b'b' => 0x08,
            b't' => b'\t',
            b'n' => b'\n',
            b'f' => 0x0C,
            b'r' => b'\r',
            b'u' => {
                let (digits, tail) = rest.split_at_checked(4).unwrap_or((rest, &[]));
                rest = tail;
                digits.iter().fold(0, |value: u8, digit| {
                    value.wrapping_shl(4) | hex_value(*digit).unwrap_or_default()
                })
            }
            other => *other,
        });
    }
    out
}

fn hex_value(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    }
}
