//! One look at every byte of a string, to know which of the dearer looks it needs.

/// A byte that JSON escapes.
pub(super) const ESCAPE: u8 = 1;
/// `=` or `:`, which stand in every assignment.
pub(super) const ASSIGNMENT: u8 = 2;
/// `-`, which begins a command line's options.
pub(super) const DASH: u8 = 4;

const KINDS: [u8; 256] = {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 0x20 {
        table[byte] = ESCAPE;
        byte += 1;
    }
    table[b'"' as usize] = ESCAPE;
    table[b'\\' as usize] = ESCAPE;
    table[b'=' as usize] = ASSIGNMENT;
    table[b':' as usize] = ASSIGNMENT;
    table[b'-' as usize] = DASH;
    table
};

/// The kinds of byte that `text` holds.
pub(super) fn sweep(text: &[u8]) -> u8 {
    text.iter()
        .fold(0, |seen, byte| seen | KINDS[usize::from(*byte)])
}
