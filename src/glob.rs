//! Names with `*` in them, which stand for several.

/// True where `text` is what `glob` says, `*` being any number of any bytes; in time proportional to the
/// product of their lengths.
pub(crate) fn matches(glob: &[u8], text: &[u8]) -> bool {
    let (mut at, mut place) = (0, 0);
    let mut last_star: Option<(usize, usize)> = None;
    while place < text.len() {
        match glob.get(at) {
            Some(b'*') => {
                last_star = Some((at, place));
                at += 1;
            }
            Some(byte) if *byte == text[place] => {
                at += 1;
                place += 1;
            }
            _ => match last_star {
                None => return false,
                Some((star, taken)) => {
                    last_star = Some((star, taken + 1));
                    at = star + 1;
                    place = taken + 1;
                }
            },
        }
    }
    glob[at..].iter().all(|byte| *byte == b'*')
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn a_star_stands_for_any_number_of_bytes() {
        for (glob, text, expected) in [
            ("refund_*", "refund_order", true),
            ("refund_*", "refund_", true),
            ("refund_*", "refund", false),
            ("*_order", "get_order", true),
            ("*_order", "get_orders", false),
            ("*", "", true),
            ("a*b*c", "a_b_b_c", true),
            ("a*b*c", "a_c_b", false),
            ("**a", "bba", true),
        ] {
            assert_eq!(
                matches(glob.as_bytes(), text.as_bytes()),
                expected,
                "{glob} {text}"
            );
        }
    }
}
