use std::borrow::Cow;
use std::fmt::Write;

/// Escapes what would act on a terminal or hide from the eye: control characters (C0, DEL, C1), line
/// and paragraph separators, and characters without a shape of their own, the bidirectional ones among
/// them.
///
/// They are written as `\u001b`, and as `\u{e0041}` beyond the basic plane; all else stands as it is. A
/// text from a log can so neither begin a line of its own, nor overwrite one, nor turn one around.
///
/// ```
/// use tool_audit::query::escape;
///
/// assert_eq!(escape("get_order"), "get_order");
/// assert_eq!(escape("\u{1b}[2Kget\u{202e}"), "\\u001b[2Kget\\u202e");
/// ```
#[must_use]
pub fn escape(text: &str) -> Cow<'_, str> {
    let Some(first) = text.find(is_hidden) else {
        return Cow::Borrowed(text);
    };
    let mut out = String::with_capacity(text.len() + 16);
    out.push_str(&text[..first]);
    for character in text[first..].chars() {
        if !is_hidden(character) {
            out.push(character);
            continue;
        }
        let code = u32::from(character);
        // Writing into a String cannot fail.
        let _ = if code > 0xFFFF {
            write!(out, "\\u{{{code:x}}}")
        } else {
            write!(out, "\\u{code:04x}")
        };
    }
    Cow::Owned(out)
}

/// [`escape`] for JSON, with the escapes that JSON knows: the outcome is the same JSON.
///
/// It also keeps JSON Lines apart for readers that take more than a line feed for the end of a line.
///
/// ```
/// use tool_audit::query::escape_json;
///
/// assert_eq!(escape_json("{\"a\":\"\u{202e}\u{e0041}é\"}"), r#"{"a":"\u202e\udb40\udc41é"}"#);
/// ```
#[must_use]
pub fn escape_json(json: &str) -> Cow<'_, str> {
    let Some(first) = json.find(is_hidden) else {
        return Cow::Borrowed(json);
    };
    let mut out = String::with_capacity(json.len() + 16);
    out.push_str(&json[..first]);
    for character in json[first..].chars() {
        if !is_hidden(character) {
            out.push(character);
            continue;
        }
        // Beyond the basic plane JSON has surrogates alone.
        for unit in character.encode_utf16(&mut [0; 2]) {
            // Writing into a String cannot fail.
            let _ = write!(out, "\\u{unit:04x}");
        }
    }
    Cow::Owned(out)
}

/// A name as it may stand between other words of a line: one of letters, digits and `_-.:/@+` as it is,
/// any other as a JSON string, escaped as [`escape`] does.
///
/// So a tool that calls itself `x [38ms]` cannot be taken for the line's own words.
///
/// ```
/// use tool_audit::query::quote;
///
/// assert_eq!(quote("orders/get-order"), "orders/get-order");
/// assert_eq!(quote("x [38ms]\n"), r#""x [38ms]\n""#);
/// ```
#[must_use]
pub fn quote(name: &str) -> Cow<'_, str> {
    let plain = |byte: u8| {
        byte.is_ascii_alphanumeric()
            || matches!(byte, b'_' | b'-' | b'.' | b':' | b'/' | b'@' | b'+')
    };
    if !name.is_empty() && name.bytes().all(plain) {
        return Cow::Borrowed(name);
    }
    let mut json = Vec::with_capacity(name.len() + 2);
    crate::canonical::write_string(&mut json, name);
    let json = String::from_utf8(json).unwrap_or_default();
    Cow::Owned(escape(&json).into_owned())
}

/// Control characters, separators, format characters (Unicode 16, general category Cf) and characters that are to be
/// ignored where they are not known (Default_Ignorable_Code_Point), with the blank Braille pattern, which looks like a
/// space and is none.
///
/// Variation selectors 1 to 16 are among them: they change how a character looks, and hide what tells two names apart.
fn is_hidden(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{AD}'
                | '\u{34F}'
                | '\u{600}'..='\u{605}'
                | '\u{61C}'
                | '\u{6DD}'
                | '\u{70F}'
                | '\u{890}'..='\u{891}'
                | '\u{8E2}'
                | '\u{115F}'..='\u{1160}'
                | '\u{17B4}'..='\u{17B5}'
                | '\u{180B}'..='\u{180F}'
                | '\u{200B}'..='\u{200F}'
                | '\u{2028}'..='\u{202E}'
                | '\u{2060}'..='\u{206F}'
                | '\u{2800}'
                | '\u{3164}'
                | '\u{FE00}'..='\u{FE0F}'
                | '\u{FEFF}'
                | '\u{FFA0}'
                | '\u{FFF0}'..='\u{FFFB}'
                | '\u{110BD}'
                | '\u{110CD}'
                | '\u{13430}'..='\u{1343F}'
                | '\u{1BCA0}'..='\u{1BCA3}'
                | '\u{1D173}'..='\u{1D17A}'
                | '\u{E0000}'..='\u{E0FFF}'
        )
}

#[cfg(test)]
mod tests {
    use super::{escape, escape_json};

    #[test]
    fn escaped_json_hides_nothing_and_is_the_same_json() {
        let json = "{\"a\u{7f}\":\"x\\\\\u{202e}\u{e0041}é\"}";
        let shown = escape_json(json);
        assert_eq!(shown, "{\"a\\u007f\":\"x\\\\\\u202e\\udb40\\udc41é\"}");
        let value = |text| serde_json::from_str::<serde_json::Value>(text).unwrap();
        assert_eq!(value(&shown), value(json));
    }

    #[test]
    fn what_has_no_shape_of_its_own_is_shown_as_an_escape() {
        for hidden in [
            '\u{600}',
            '\u{6DD}',
            '\u{17B4}',
            '\u{180B}',
            '\u{180F}',
            '\u{2800}',
            '\u{FE0F}',
            '\u{1D173}',
        ] {
            assert!(
                !escape(&format!("a{hidden}b")).contains(hidden),
                "{hidden:?}"
            );
        }
        assert_eq!(escape("Łódź, 東京, ✅"), "Łódź, 東京, ✅");
    }
}
