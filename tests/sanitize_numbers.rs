//! Numbers and addresses in values: what is found whatever stands around it, and what stays as it is.

use proptest::prelude::*;
use serde_json::{Value, json};
use tool_audit::Sanitizer;

const LIMIT: usize = 256 * 1024;

fn sanitized(value: &Value) -> Value {
    let mut out = Vec::new();
    Sanitizer::default().write_value(&mut out, value, LIMIT);
    serde_json::from_slice(&out).expect("what is written is JSON")
}

fn text(text: &str) -> String {
    match sanitized(&json!(text)) {
        Value::String(text) => text,
        other => panic!("a text became {other}"),
    }
}

/// A number with its Luhn check digit behind it.
fn card(number: &str) -> String {
    let sum = |digits: &str| -> u32 {
        let digits = digits.bytes().rev().map(|digit| u32::from(digit - b'0'));
        digits
            .zip([1, 2].into_iter().cycle())
            .map(|(digit, weight)| digit * weight / 10 + digit * weight % 10)
            .sum()
    };
    (0..10)
        .map(|digit| format!("{number}{digit}"))
        .find(|number| sum(number).is_multiple_of(10))
        .expect("one of ten digits is right")
}

#[test]
fn a_card_is_masked_as_a_text_and_as_a_number() {
    let number = card("400000123456789");
    let whole: u64 = number.parse().expect("16 digits");
    let masked = format!("[MASKED:card:{}]", &number[12..]);
    assert_eq!(
        sanitized(&json!({"a": number, "b": [31, whole], "c": whole as f64})),
        json!({"a": masked, "b": [31, masked], "c": masked})
    );
}

#[test]
fn a_card_is_masked_in_every_spelling_of_a_number() {
    let number = card("411111111111111");
    let long = card("400000000000000000");
    let whole: f64 = number.parse().expect("16 digits");
    for value in [json!(-whole), json!({"n": whole}), json!([-whole])] {
        let written = sanitized(&value).to_string();
        assert!(
            written.contains(&format!("[MASKED:card:{}]", &number[12..])),
            "{written}"
        );
    }
    // As it comes in a text, where all digits are told.
    for spelling in [
        format!("-{number}.0"),
        format!("-4.{}e15", &number[1..]),
        format!("{number}e0"),
        format!("{long}.0"),
        format!("{long}e0"),
        format!("-4.{}e18", &long[1..]),
    ] {
        let inner = format!("{{\"n\":{spelling}}}");
        let Ok(value) = serde_json::from_str::<Value>(&inner) else {
            panic!("{inner} is JSON");
        };
        let mut out = Vec::new();
        Sanitizer::default().write_value(&mut out, &value, LIMIT);
        let written = String::from_utf8(out).expect("JSON is UTF-8");
        // Where doubles are kept, the digits of the long one are gone before it is looked at.
        let is_told = value["n"].to_string().contains(&spelling) || spelling.contains(&number);
        assert!(
            !is_told || written.contains("[MASKED:card:"),
            "{spelling}: {written}"
        );
    }
    let fraction = sanitized(&json!({"n": 4111111111111.5, "m": -1.5e15}));
    assert!(!fraction.to_string().contains("MASKED"), "{fraction}");
}

#[test]
fn an_account_in_groups_ends_before_what_follows_it() {
    for account in [
        "GB00-ABCD-1234-5678",
        "gb00 abcd 1234 5678 90",
        "GB00ABCD123456",
    ] {
        let written = text(&format!("iban: {account} before noon"));
        assert!(written.starts_with("iban: [MASKED:iban:"), "{written}");
        assert!(written.ends_with("] before noon"), "{written}");
    }
}

#[test]
fn a_number_is_found_in_the_letters_of_another_script() {
    let number = card("400000123456789");
    let wide: String = number
        .bytes()
        .map(|digit| char::from_u32(0xFF10 + u32::from(digit - b'0')).expect("a digit"))
        .collect();
    assert!(!text(&format!("カード {wide} です")).contains(&wide));
    assert!(text(&format!("カード {wide} です")).starts_with("カード ["));
    let spaced = format!("{}\u{A0}{}", &number[..8], &number[8..]);
    assert!(!text(&format!("nbsp {spaced} end")).contains(&number[8..]));
    assert!(!text("id 123\u{2011}45\u{2011}6789 ok").contains("6789"));
    assert!(!text("ann\u{200B}@example.com").contains("ann"));
    // What nobody sees may also part two numbers.
    assert!(!text(&format!("{number}\u{200B}5")).contains(&number));
}

#[test]
fn a_domain_is_found_behind_an_encoded_sign() {
    assert!(!text("https://a.example/?q=ann%40example.com").contains("ann"));
}

#[test]
fn json_in_a_string_is_written_anew_where_it_holds_a_number() {
    let number = card("400000123456789");
    let inner = json!({"to": "ann@example.com", "pan": [number], "n": 1.5}).to_string();
    let written = text(&inner);
    let inner: Value = serde_json::from_str(&written).expect("it is JSON still");
    assert_eq!(inner["n"], json!(1.5));
    assert!(!written.contains(&number) && !written.contains("ann@"));
    // Cut off, it is a text.
    let cut = format!("{{\"a\":{{\"pan\":\"{number}");
    assert!(!text(&cut).contains(&number));
    assert!(!text(&format!("log: {{\\\"pan\\\":\\\"{number}\\\"}}")).contains(&number));
}

#[test]
fn no_part_of_a_number_stands_at_the_end_of_what_was_searched() {
    let number = card("400000123456789");
    // The number lies over the end of the first mebibyte; before it, so much is replaced that the end is written.
    let many = "password=abcdefghijklmnopqrstuvwxyz0123456789abcdefghijklmnopqrstuvwxyz0123456789&";
    for shift in 0..24 {
        let mut long = many.repeat(1024 * 1024 / many.len() + 1);
        long.truncate(1024 * 1024 - shift);
        long.pop();
        long.push(' ');
        long.push_str(&number);
        long.push_str(" and more");
        let written = text(&long);
        assert!(!written.contains(&number[..8]), "{shift}");
    }
}

#[test]
fn hostile_texts_are_searched_in_linear_time() {
    // Were any of these quadratic, this would take minutes.
    for piece in [
        "@",
        "1-",
        "1 ",
        "+1",
        "a@a",
        "(202) ",
        "GB12 ",
        "4111 ",
        "%40",
        "\u{200B}1",
        "½",
    ] {
        let long = piece.repeat(1024 * 1024 / piece.len());
        let mut out = Vec::new();
        Sanitizer::default().write_text(&mut out, &long, LIMIT);
        assert!(!out.is_empty());
    }
}

fn pieces() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        "[a-z]{1,9}",
        "[0-9]{1,19}",
        "[0-9]{3}-[0-9]{2}-[0-9]{4}",
        "\\+[0-9]{1,3} [0-9]{3} [0-9]{4,6}",
        "[a-z]{1,6}@[a-z]{1,6}\\.(com|png)",
        "GB[0-9]{2} [A-Z]{4} [0-9]{4}",
        "[-+ .@;,()%_]",
        "[\u{200B}\u{301}\u{A0}\u{2011}ａ４…éаß日]",
        "\\PC",
        Just(card("400000123456789")),
    ];
    let between = prop_oneof![
        Just(" "),
        Just(", "),
        Just("\n"),
        Just("\u{A0}"),
        Just(" \u{200B}")
    ];
    prop::collection::vec((piece, between), 0..12).prop_map(|pieces| {
        let pieces = pieces.into_iter().map(|(piece, between)| piece + between);
        pieces.collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1024))]

    #[test]
    fn a_text_comes_out_and_comes_out_the_same_again(given in pieces()) {
        let once = text(&given);
        prop_assert!(!once.contains("FAILED"), "{given:?}");
        prop_assert_eq!(text(&once), once.clone(), "{:?}", given);
    }

    #[test]
    fn words_come_out_byte_for_byte(words in "[a-zàéößа-я日本 .,!?]{0,80}") {
        // The names of rules are words, too.
        prop_assume!(!["pass", "pin", "key", "code", "pw"].iter().any(|word| words.contains(word)));
        prop_assert_eq!(text(&words), words);
    }

    #[test]
    fn a_card_never_survives(
        before in "([a-z]{3,9}[ :=,(\"]|[ #\\n]|é|日 )?",
        behind in "([ ,.;)\"\\n][a-z]{0,9}|日)?",
        digits in "[0-9]{9}",
        separator in "[ -]?",
    ) {
        let number = card(&format!("411100{digits}"));
        let groups: Vec<&str> = (0..4).map(|at| &number[at * 4..at * 4 + 4]).collect();
        let written = groups.join(&separator);
        let shown = text(&format!("{before}{written}{behind}"));
        prop_assert!(!shown.contains(&written), "{shown:?}");
    }
}
