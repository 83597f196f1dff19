//! Where account numbers end that begin with the letters of a country.

use super::Reader;

/// The most characters of an international account number (ISO 13616).
const LONGEST: usize = 34;
/// How many characters stand in a group of one.
const GROUP: usize = 4;

impl Reader<'_> {
    /// Where the number ends that begins with two letters and two digits, whether its check digits are right or not.
    pub(super) fn account_end(self, start: usize) -> Option<usize> {
        let begins = self.bytes.get(start..start + 4)?;
        let is_account = begins[..2].iter().all(u8::is_ascii_alphabetic)
            && begins[2..].iter().all(u8::is_ascii_digit);
        if !is_account {
            return None;
        }
        let mut end = start + self.group_length(start);
        while self.at(end) == Some(b' ') && end - start < 2 * LONGEST {
            let length = self.group_length(end + 1);
            let group = &self.bytes[end + 1..end + 1 + length];
            let is_second = end - start == GROUP;
            let goes_on = (1..=GROUP).contains(&length)
                && (group.iter().any(u8::is_ascii_digit)
                    || length == GROUP && (is_second || group.iter().all(u8::is_ascii_uppercase)));
            if !goes_on {
                break;
            }
            end += 1 + length;
        }
        Some(end)
    }

    fn group_length(self, at: usize) -> usize {
        self.bytes[at..]
            .iter()
            .take(2 * LONGEST)
            .take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'-')
            .count()
    }
}
