//! The secret that stands behind the id of its key, by which alone it is known: `AKIA… / x`, `AKIA…,x`.

use std::ops::Range;

use super::shape::{self, Class, LETTERS, Made, Runs};

/// How far behind an id its secret ends, the words between them included.
const NEAR: usize = 128;
/// The alphabet of base64 without its padding.
const PLAIN_BASE64: &Class = &shape::class(b"+/");

/// How an id begins, how long its secret is, and what that is made of.
const PAIRS: &[(&[u8], usize, &Class)] = &[
    (b"AKIA", 40, PLAIN_BASE64),
    (b"ASIA", 40, PLAIN_BASE64),
    (b"GOOG1E", 40, PLAIN_BASE64),
    (b"DO00", 43, PLAIN_BASE64),
    (b"LTAI", 30, LETTERS),
    (b"AKID", 32, LETTERS),
];

/// The secret behind the id of a key, if it is one and has one.
pub(super) fn secret_behind(bytes: &[u8], id: &Range<usize>) -> Option<Range<usize>> {
    let text = bytes.get(id.clone())?;
    let (_, length, class) = PAIRS.iter().find(|(begin, ..)| text.starts_with(begin))?;
    let near = bytes.get(id.end..bytes.len().min(id.end + NEAR))?;
    Runs::new(near, class, *length).find_map(|run| {
        let start = without_escape(near, &run);
        // A stroke parts the two, or the secret begins with it.
        let strokes = near[start..run.end]
            .iter()
            .take_while(|byte| **byte == b'/');
        let more = (run.end - start).checked_sub(*length)?;
        let is_secret = more <= strokes.count() && is_made_by_chance(&near[start + more..run.end]);
        let goes_on = run.end == near.len()
            && bytes
                .get(id.end + run.end)
                .is_some_and(|byte| class[usize::from(*byte)]);
        (is_secret && !goes_on).then_some(id.end + start + more..id.end + run.end)
    })
}

/// Where a run begins without the letter of an escape before it: `\n`.
fn without_escape(bytes: &[u8], run: &Range<usize>) -> usize {
    let is_escape = matches!(
        bytes.get(run.start.saturating_sub(1)..=run.start),
        Some([b'\\', b'n' | b'r' | b't'])
    );
    run.start + usize::from(is_escape)
}

/// False for hashes in hexadecimal digits, and for paths and names.
fn is_made_by_chance(text: &[u8]) -> bool {
    let made = Made::of(text);
    made.digits > 1 && made.capitals * 6 > made.length && made.small * 6 > made.length
}

#[cfg(test)]
mod tests {
    use crate::sanitize::detect::tests::found;
    use crate::sanitize::detect::vendor_token::find;

    const ID: &str = "AKIAZQ3DRSTUVWXY2345";
    const SECRET: &str = "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";

    #[test]
    fn a_secret_behind_the_id_of_its_key_is_found() {
        for between in [
            " / ", "/", ":", ", ", ",", "|", " | ", " ", "\n", "\r\n", "\\n", "\t", ";", "\",\"",
            " and ", " (ada) ",
        ] {
            let text = format!("creds {ID}{between}{SECRET} of ada");
            assert_eq!(found(&text, find), [ID, SECRET], "{text}");
        }
        let secret = format!("/{}", &SECRET[1..]);
        for between in [" ", "/", ": "] {
            let text = format!("{ID}{between}{secret}");
            assert_eq!(found(&text, find), [ID, &secret], "{text}");
        }
        let text = "LTAI5tQ7Xz2Kf9Wb4Vn1Hs8L q7Xz2Kf9Wb4Vn1Hs8Ld3Rt6Ym4Pc0J";
        assert_eq!(found(text, find).len(), 2, "{text}");
    }

    #[test]
    fn what_else_stands_behind_the_id_of_a_key_is_not() {
        for behind in [
            "3f786850e387550fdab836ed7e6dc881de23001b",
            "3F786850E387550FDAB836ED7E6DC881DE23001B",
            "src/main/java/com/Example/Keys2/Main12.x",
            "/aws/lambda/OrdersService/versions/20260",
            &SECRET[1..],
            &format!("{SECRET}x"),
        ] {
            let text = format!("{ID} {behind} of ada");
            assert_eq!(found(&text, find), [ID], "{text}");
        }
        let far = format!("{ID} {}{SECRET}", "word ".repeat(30));
        assert_eq!(found(&far, find), [ID]);
        assert!(found(&format!("AKIA {SECRET}"), find).is_empty());
    }
}
