//! Where the time comes from.

use std::fmt;
use std::sync::LazyLock;
use std::time::{Duration, Instant, SystemTime};

#[cfg(feature = "time-zones")]
#[cfg_attr(docsrs, doc(cfg(feature = "time-zones")))]
pub use crate::time_zone::{TimeZone, UnknownTimeZone};

/// A source of wall-clock and monotonic time.
///
/// Records get their timestamps and durations from it; a test gives one of its own, since tokio's paused
/// time does not move the standard library's clocks.
///
/// A clock is asked in `Drop` too, and while a thread unwinds: it must not panic.
pub trait Clock: fmt::Debug + Send + Sync + 'static {
    /// The time of day.
    fn now(&self) -> SystemTime;

    /// Time that never goes back, since a point of the clock's own choice.
    fn monotonic(&self) -> Duration;
}

/// The operating system's clocks.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

static START: LazyLock<Instant> = LazyLock::new(Instant::now);

impl Clock for SystemClock {
    fn now(&self) -> SystemTime {
        SystemTime::now()
    }

    fn monotonic(&self) -> Duration {
        START.elapsed()
    }
}

/// Days and microseconds of the civil calendar, without a time zone.
pub(crate) mod civil {
    use std::cell::Cell;
    use std::time::{SystemTime, UNIX_EPOCH};

    const MICROS_A_DAY: i64 = 86_400_000_000;

    /// Microseconds since 1970; negative before.
    pub(crate) fn micros(time: SystemTime) -> i64 {
        match time.duration_since(UNIX_EPOCH) {
            Ok(since) => i64::try_from(since.as_micros()).unwrap_or(i64::MAX),
            Err(before) => i64::try_from(before.duration().as_micros()).map_or(i64::MIN, |n| -n),
        }
    }

    /// Days since 1970.
    pub(crate) fn days(micros: i64) -> i64 {
        micros.div_euclid(MICROS_A_DAY)
    }

    /// The day since 1970 of a date (Howard Hinnant's `days_from_civil`); one that the month does not have is the
    /// day behind the month.
    pub(crate) fn day_of(year: i64, month: u32, day: u32) -> i64 {
        let year = year - i64::from(month <= 2);
        let era = year.div_euclid(400);
        let year_of_era = year.rem_euclid(400);
        let shifted_month = i64::from((month + 9) % 12);
        let day_of_year = (153 * shifted_month + 2) / 5 + i64::from(day) - 1;
        let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
        era * 146_097 + day_of_era - 719_468
    }

    /// Year, month and day of a day since 1970 (Howard Hinnant's `civil_from_days`).
    pub(crate) fn date(days: i64) -> (i64, u32, u32) {
        let days = days + 719_468;
        let era = days.div_euclid(146_097);
        let day_of_era = days.rem_euclid(146_097);
        let year_of_era =
            (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let shifted_month = (5 * day_of_year + 2) / 153;
        let day = (day_of_year - (153 * shifted_month + 2) / 5 + 1) as u32;
        let month = if shifted_month < 10 {
            shifted_month + 3
        } else {
            shifted_month - 9
        } as u32;
        (year_of_era + era * 400 + i64::from(month <= 2), month, day)
    }

    /// The two digits of each number below 100.
    const TWO_DIGITS: [[u8; 2]; 100] = {
        let mut digits = [[0; 2]; 100];
        let mut number = 0;
        while number < 100 {
            digits[number] = [b'0' + (number / 10) as u8, b'0' + (number % 10) as u8];
            number += 1;
        }
        digits
    };

    fn two(value: u32) -> [u8; 2] {
        TWO_DIGITS[(value % 100) as usize]
    }

    /// The first day of the year 0 and the last one of the year 9999: all that RFC 3339 can say.
    const FIRST_DAY: i64 = -719_528;
    const LAST_DAY: i64 = 2_932_896;

    /// `YYYY-MM-DD`, that of the first or last possible day where the day lies beyond.
    fn date_text(days: i64) -> [u8; 10] {
        let (year, month, day) = date(days.clamp(FIRST_DAY, LAST_DAY));
        let year = year as u32;
        let [a, b] = two(year / 100);
        let [c, d] = two(year % 100);
        let [e, f] = two(month);
        let [g, h] = two(day);
        [a, b, c, d, b'-', e, f, b'-', g, h]
    }

    thread_local! {
        /// The last even and the last odd day that was written, with their texts: the day of a call and that until
        /// which it is kept are the same from call to call.
        static WRITTEN: [Cell<(i64, [u8; 10])>; 2] =
            const { [Cell::new((i64::MAX, [0; 10])), Cell::new((i64::MAX, [0; 10]))] };
    }

    fn kept_date_text(days: i64) -> [u8; 10] {
        // In a thread that ends nothing is kept any more.
        let kept = WRITTEN.try_with(|written| {
            let slot = &written[(days & 1) as usize];
            let (day, text) = slot.get();
            if day == days && days != i64::MAX {
                return text;
            }
            let text = date_text(days);
            slot.set((days, text));
            text
        });
        kept.unwrap_or_else(|_| date_text(days))
    }

    /// Appends `YYYY-MM-DD`, that of the first or last possible day where the day lies beyond.
    pub(crate) fn write_date(out: &mut Vec<u8>, days: i64) {
        out.extend_from_slice(&kept_date_text(days));
    }

    /// Appends an RFC 3339 instant in UTC with six decimals, such as `2025-07-06T14:23:01.456789Z`.
    pub(crate) fn write_instant(out: &mut Vec<u8>, micros: i64) {
        let of_day = micros.rem_euclid(MICROS_A_DAY);
        let seconds = (of_day / 1_000_000) as u32;
        let fraction = (of_day % 1_000_000) as u32;
        // Put together first: an instant stands in every record, and each append has its price.
        let mut text = *b"0000-00-00T00:00:00.000000Z";
        text[..10].copy_from_slice(&kept_date_text(days(micros)));
        text[11..13].copy_from_slice(&two(seconds / 3600));
        text[14..16].copy_from_slice(&two(seconds / 60 % 60));
        text[17..19].copy_from_slice(&two(seconds % 60));
        text[20..22].copy_from_slice(&two(fraction / 10_000));
        text[22..24].copy_from_slice(&two(fraction / 100 % 100));
        text[24..26].copy_from_slice(&two(fraction % 100));
        out.extend_from_slice(&text);
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn instants_are_those_of_chrono() {
            for micros in [
                0,
                -1,
                1_751_811_781_456_789,
                951_782_400_000_000,
                4_107_542_399_999_999,
                -62_135_596_800_000_000,
                253_402_300_799_999_999,
            ] {
                let mut out = Vec::new();
                write_instant(&mut out, micros);
                let expected = chrono::DateTime::from_timestamp_micros(micros)
                    .map(|time| time.to_rfc3339_opts(chrono::SecondsFormat::Micros, true));
                assert_eq!(String::from_utf8(out).ok(), expected);
            }
        }

        #[test]
        fn days_beyond_four_digits_of_a_year_are_the_first_or_the_last_one() {
            for (days, expected) in [
                (FIRST_DAY, "0000-01-01"),
                (FIRST_DAY - 306, "0000-01-01"),
                (LAST_DAY, "9999-12-31"),
                // A 29th of February, which the year 9999 has not.
                (LAST_DAY + 60, "9999-12-31"),
                (i64::from(u32::MAX), "9999-12-31"),
            ] {
                let mut out = Vec::new();
                write_date(&mut out, days);
                assert_eq!(String::from_utf8_lossy(&out), expected);
            }
        }
    }
}
