//! Where dates end: `1978-03-09`, `03/09/1978`, `9 March 1978`, `March 9th, 1978`, `17-Feb-61`, `1961-02-17T00:00:00Z`.

use super::Reader;

const MONTHS: &[&[u8; 3]] = &[
    b"jan", b"feb", b"mar", b"apr", b"may", b"jun", b"jul", b"aug", b"sep", b"oct", b"nov", b"dec",
    // Of other languages, as far as they begin otherwise.
    b"mai", b"okt", b"dez", b"fev", b"avr", b"jui", b"ene", b"abr", b"ago", b"dic", b"gen", b"mag",
    b"giu", b"lug", b"set", b"ott", b"mei", b"maj", b"out", b"des",
];
/// The longest name of a month.
const LONGEST_MONTH: usize = 9;
/// How many parts a date has.
const PARTS: usize = 3;

impl Reader<'_> {
    /// Where the date ends that begins at `start`; `None` where none does.
    pub(in crate::sanitize) fn date_end(self, start: usize) -> Option<usize> {
        let (mut at, mut digits) = (start, 0);
        let mut has_month = false;
        for part in 0..PARTS {
            if part > 0 {
                at = self.date_separated(at)?;
            }
            let run = self.run(at, u8::is_ascii_digit);
            if run == 0 {
                let name = self.run(at, u8::is_ascii_alphabetic);
                let is_month = (3..=LONGEST_MONTH).contains(&name)
                    && MONTHS
                        .iter()
                        .any(|month| self.bytes[at..at + 3].eq_ignore_ascii_case(*month));
                if !is_month || has_month {
                    return None;
                }
                has_month = true;
                at += name;
                continue;
            }
            digits += run;
            at += run;
            if part == 0 && run == 8 {
                break;
            }
            if run > 4 {
                return None;
            }
            let ordinal = self.bytes.get(at..at + 2);
            if ordinal.is_some_and(|end| {
                [b"st", b"nd", b"rd", b"th"].contains(&end.first_chunk().unwrap_or(b"  "))
            }) {
                at += 2;
            }
        }
        // A year and a day at least.
        (digits >= 3).then(|| self.time_end(at))
    }

    /// Where the next part of a date begins.
    fn date_separated(self, at: usize) -> Option<usize> {
        let signs = self.run(at, |byte| matches!(byte, b'-' | b'/' | b'.' | b',' | b' '));
        let mut next = at + signs;
        if [b"of ", b"de "]
            .iter()
            .any(|of| self.bytes[next..].starts_with(*of))
        {
            next += 3;
        }
        (1..=2).contains(&signs).then_some(next)
    }

    /// Where the time ends that follows a date: `T00:00:00Z`, ` 00:00:00`.
    fn time_end(self, at: usize) -> usize {
        let is_time = matches!(self.at(at), Some(b'T' | b' '))
            && self.run(at + 1, u8::is_ascii_digit) == 2
            && self.at(at + 3) == Some(b':');
        if !is_time {
            return at;
        }
        let length = self.run(at + 1, |byte| {
            byte.is_ascii_digit() || matches!(byte, b':' | b'.' | b'Z' | b'+')
        });
        at + 1 + length
    }

    fn run(self, at: usize, belongs: impl Fn(&u8) -> bool) -> usize {
        let rest = self.bytes.get(at..).unwrap_or_default();
        rest.iter()
            .take(16)
            .take_while(|byte| belongs(byte))
            .count()
    }
}
