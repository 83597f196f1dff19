//! Numbers and instants as people read them.

use minijinja::{Environment, Value};

use crate::query::escape;
use crate::report::times::Times;

/// Makes the words known to templates.
pub(super) fn add_to(environment: &mut Environment<'_>, times: &Times) {
    environment.add_filter("number", number);
    environment.add_filter("milliseconds", milliseconds);
    environment.add_filter("edge", edge);
    environment.add_filter("percent", percent);
    let times = times.clone();
    environment.add_filter("instant", move |text: &str| instant(&times.show(text)));
    environment.add_filter("step", |start: &str, step: &str| self::step(start, step));
    environment.add_filter("share", share);
    environment.add_filter("plain", |word: &str| word.replace('_', " "));
    environment.add_filter("is_long", |text: &str| is_long(text));
    environment.add_filter("cut", cut);
    environment.add_filter("calls", calls);
}

/// With a comma between thousands.
pub(super) fn number(value: u64) -> String {
    let digits = value.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// In thousands, millions and so on, where that is as exact.
pub(super) fn short_number(value: u64) -> String {
    for (unit, letter) in [(1_000_000_000, "G"), (1_000_000, "M"), (1000, "k")] {
        if value >= unit {
            let tenths = value * 10 / unit;
            return match tenths % 10 {
                0 => format!("{}{letter}", tenths / 10),
                tenth => format!("{}.{tenth}{letter}", tenths / 10),
            };
        }
    }
    value.to_string()
}

/// The next number that makes a good end of an axis.
pub(super) fn round_above(value: u64) -> u64 {
    let mut unit = 1_u64;
    loop {
        for factor in [1, 2, 4, 5, 8] {
            let end = unit.saturating_mul(factor);
            // Fewer would make steps of less than one call.
            if end >= value && end >= 4 {
                return end;
            }
        }
        unit = unit.saturating_mul(10);
    }
}

/// A duration in the unit that fits it, with three digits at least.
pub(super) fn milliseconds(value: f64) -> String {
    if value < 1.0 {
        format!("{value:.3} ms")
    } else if value < 1000.0 {
        format!("{value:.1} ms")
    } else if value < 600_000.0 {
        format!("{:.2} s", value / 1000.0)
    } else {
        format!("{:.1} min", value / 60_000.0)
    }
}

/// Where a band of durations begins.
pub(super) fn edge(milliseconds: u64) -> String {
    if milliseconds < 1000 {
        format!("{milliseconds} ms")
    } else {
        format!("{} s", milliseconds / 1000)
    }
}

fn percent(share: f64) -> String {
    format!("{:.1} %", share * 100.0)
}

/// `2025-07-06 14:23:01.456`, without the fraction of a second where it is none, and with the distance from UTC where it is
/// not in UTC; what is no instant of a record as it is.
fn instant(text: &str) -> String {
    let parts = text.split_once('T').and_then(|(day, time)| {
        let (time, rest) = time.split_once('.')?;
        let (fraction, zone) = rest.split_at_checked(6)?;
        Some((day, time, fraction.get(..3)?, zone))
    });
    let Some((day, time, fraction, zone)) = parts else {
        return text.to_owned();
    };
    let zone = if zone == "Z" { "" } else { zone };
    if fraction == "000" {
        format!("{day} {time}{zone}")
    } else {
        format!("{day} {time}.{fraction}{zone}")
    }
}

/// When a step of time begins, as exactly as the step asks for.
pub(super) fn step(start: &str, step: &str) -> String {
    let length = match step {
        "day" | "week" => 10,
        "month" | "quarter" => 7,
        "year" | "decade" | "century" | "millennium" => 4,
        "second" | "10 seconds" => 19,
        _ => 16,
    };
    start.get(..length).unwrap_or(start).replace('T', " ")
}

/// The same below an axis.
pub(super) fn short_step(start: &str, step: &str) -> String {
    let part = match step {
        "6 hours" | "day" | "week" => start.get(5..10),
        "month" | "quarter" => start.get(..7),
        "year" | "decade" | "century" | "millennium" => start.get(..4),
        "second" | "10 seconds" => start.get(11..19),
        _ => start.get(11..16),
    };
    part.unwrap_or(start).to_owned()
}

/// What part of a whole, in tenths of a percent: how long a bar is.
fn share(part: u64, whole: u64) -> u64 {
    u64::try_from(u128::from(part) * 1000 / u128::from(whole.max(1))).unwrap_or(1000)
}

/// Whether a text, as it is shown, is too long for a table.
fn is_long(text: &str) -> bool {
    const MOST: usize = 96;
    escape(text).chars().nth(MOST).is_some()
}

/// The beginning of a long text, as it is shown.
fn cut(text: &str, characters: usize) -> String {
    escape(text).chars().take(characters).collect()
}

/// How often a word is counted.
fn calls(counts: &Value, word: &str) -> Result<Value, minijinja::Error> {
    let calls = counts.get_attr(word)?;
    Ok(if calls.is_undefined() {
        Value::from(0)
    } else {
        calls
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_as_people_write_them() {
        assert_eq!(
            [0, 999, 1000, 1_234_567].map(number),
            ["0", "999", "1,000", "1,234,567"]
        );
        assert_eq!(
            [5, 1000, 2500, 4_000_000].map(short_number),
            ["5", "1k", "2.5k", "4M"]
        );
        assert_eq!(
            [0, 1, 5, 9, 41, 999].map(round_above),
            [4, 4, 5, 10, 50, 1000]
        );
        assert!(round_above(u64::MAX) == u64::MAX);
        assert_eq!(milliseconds(0.0123), "0.012 ms");
        assert_eq!(milliseconds(145.23), "145.2 ms");
        assert_eq!(milliseconds(2145.23), "2.15 s");
        assert_eq!(share(u64::MAX, u64::MAX), 1000);
    }

    #[test]
    fn instants_are_as_exact_as_their_step() {
        let at = "2025-07-06T14:23:01.000000Z";
        assert_eq!(instant(at), "2025-07-06 14:23:01");
        assert_eq!(
            instant("2025-07-06T14:23:01.456789Z"),
            "2025-07-06 14:23:01.456"
        );
        assert_eq!(
            instant("2025-07-06T16:23:01.456789+02:00"),
            "2025-07-06 16:23:01.456+02:00"
        );
        for other in ["no\u{e9}", "T.", "2025-07-06T14:23:01.45678\u{e9}"] {
            assert_eq!(instant(other), other);
        }
        let steps = ["hour", "day", "month", "year"].map(|name| step(at, name));
        assert_eq!(steps, ["2025-07-06 14:23", "2025-07-06", "2025-07", "2025"]);
        assert_eq!(short_step("é", "day"), "é");
    }
}
