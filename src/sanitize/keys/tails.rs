//! Hashes of a name's last letters, by which almost every name is passed over.

use super::spelling::FOLD;

/// The hashes of the last three, four and five letters and digits of a name; and the very last one,
/// zero where there is none. Hashes of letters that are not there are those of the ones that are.
#[inline]
pub(super) fn tails(name: &[u8]) -> ([usize; 3], u8) {
    if let [.., a, b, c, d, e] = *name {
        let [a, b, c, d, e] = [a, b, c, d, e].map(|byte| FOLD[usize::from(byte)]);
        if a != 0 && b != 0 && c != 0 && d != 0 && e != 0 {
            let three = extend(extend(extend(0, e), d), c);
            let four = extend(three, b);
            return ([three, four, extend(four, a)], e);
        }
    }
    tails_between_separators(name)
}

fn tails_between_separators(name: &[u8]) -> ([usize; 3], u8) {
    let (mut hash, mut last, mut tails, mut found) = (0, 0, [0; 3], 0);
    for &byte in name.iter().rev() {
        let letter = FOLD[usize::from(byte)];
        if letter == 0 {
            continue;
        }
        if found == 0 {
            last = letter;
        }
        hash = extend(hash, letter);
        found += 1;
        for tail in &mut tails[usize::clamp(found, 3, 5) - 3..] {
            *tail = hash;
        }
        if found == 5 {
            break;
        }
    }
    (tails, last)
}

#[inline]
fn extend(hash: usize, letter: u8) -> usize {
    hash * 31 + usize::from(letter)
}
