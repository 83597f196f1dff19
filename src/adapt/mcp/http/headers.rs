use hyper::header::{
    CONNECTION, CONTENT_LENGTH, COOKIE, HeaderMap, HeaderName, HeaderValue, PROXY_AUTHENTICATE,
    PROXY_AUTHORIZATION, TE, TRANSFER_ENCODING, UPGRADE,
};

/// What holds for one connection alone (RFC 9110 section 7.6.1), beside what `Connection` names; and what is for proxies.
const HOP_BY_HOP: [HeaderName; 8] = [
    CONNECTION,
    PROXY_AUTHENTICATE,
    PROXY_AUTHORIZATION,
    TE,
    TRANSFER_ENCODING,
    UPGRADE,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
];

/// Takes out what is not to be passed on.
pub(super) fn remove_hop_by_hop(headers: &mut HeaderMap) {
    let named: Vec<HeaderName> = headers
        .get_all(CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(|name| name.trim().parse().ok())
        .collect();
    // A length beside chunks says nothing true (RFC 9112 section 6.3).
    if headers.contains_key(TRANSFER_ENCODING) {
        headers.remove(CONTENT_LENGTH);
    }
    for name in named.iter().chain(&HOP_BY_HOP) {
        headers.remove(name);
    }
}

/// Makes one of several lines of `Cookie`: HTTP/2 allows them, HTTP/1.1 does not (RFC 9113 section 8.2.3).
pub(super) fn join_cookies(headers: &mut HeaderMap) {
    let lines: Vec<&[u8]> = headers
        .get_all(COOKIE)
        .iter()
        .map(HeaderValue::as_bytes)
        .collect();
    if lines.len() > 1
        && let Ok(joined) = HeaderValue::from_bytes(&lines.join(&b"; "[..]))
    {
        headers.insert(COOKIE, joined);
    }
}

/// A header's value as text; none where it stands twice or is no ASCII.
pub(super) fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let mut all = headers.get_all(name).iter();
    let value = all.next().and_then(|value| value.to_str().ok());
    all.next().is_none().then_some(value).flatten()
}

/// The type and subtype of the body.
pub(super) fn is_type(headers: &HeaderMap, wanted: &str) -> bool {
    text(headers, "content-type")
        .and_then(|value| value.split(';').next())
        .is_some_and(|value| value.trim().eq_ignore_ascii_case(wanted))
}

/// Whether the body is said to be a form, and nothing beside that may mean anything else to another reader.
pub(super) fn is_form(headers: &HeaderMap) -> bool {
    let said = text(headers, "content-type").unwrap_or_default();
    let (essence, parameters) = said.split_once(';').unwrap_or((said, ""));
    let parameters = parameters.trim();
    essence
        .trim()
        .eq_ignore_ascii_case("application/x-www-form-urlencoded")
        && (parameters.is_empty() || parameters.eq_ignore_ascii_case("charset=utf-8"))
        && !is_encoded(headers)
}

/// Whether the body is compressed or otherwise encoded, so that nobody can look into it.
pub(super) fn is_encoded(headers: &HeaderMap) -> bool {
    let is_identity = |value: &HeaderValue| value.as_bytes().eq_ignore_ascii_case(b"identity");
    headers
        .get_all("content-encoding")
        .iter()
        .any(|value| !is_identity(value))
}

/// Whether the text is said to be UTF-8, or nothing is said of it: JSON is nothing else (RFC 8259 section 8.1), but there
/// are servers that decode what they are told. ASCII is not it, for there are readers that drop the eighth bit.
pub(super) fn is_utf_8(headers: &HeaderMap) -> bool {
    let says_utf_8 = |part: &str| {
        let part = part.trim().to_ascii_lowercase();
        match part.strip_prefix("charset=") {
            Some(charset) => matches!(charset.trim_matches('"'), "utf-8" | "utf8"),
            None => !part.contains("charset"),
        }
    };
    headers.get_all("content-type").iter().all(|value| {
        value
            .to_str()
            .is_ok_and(|said| said.split(';').all(says_utf_8))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_holds_for_one_connection_is_taken_out_with_what_it_names() {
        let mut headers = HeaderMap::new();
        for (name, value) in [
            ("connection", "close, X-Mine"),
            ("connection", "x-also"),
            ("x-mine", "1"),
            ("x-also", "2"),
            ("keep-alive", "timeout=5"),
            ("transfer-encoding", "chunked"),
            ("upgrade", "websocket"),
            ("te", "trailers"),
            ("mcp-session-id", "s"),
            ("content-length", "3"),
            ("content-type", "text/plain"),
        ] {
            headers.append(name, value.parse().unwrap());
        }
        remove_hop_by_hop(&mut headers);
        let mut left: Vec<&str> = headers.keys().map(HeaderName::as_str).collect();
        left.sort_unstable();
        assert_eq!(left, ["content-type", "mcp-session-id"]);
    }

    fn with_types(types: &[&str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for value in types {
            headers.append("content-type", value.parse().unwrap());
        }
        headers
    }

    #[test]
    fn text_is_utf_8_unless_somebody_says_otherwise() {
        for said in [
            "application/json",
            "application/json; charset=utf-8",
            "application/json;a=b; Charset=\"UTF-8\"",
            "application/json; charset=utf8;",
        ] {
            assert!(is_utf_8(&with_types(&[said])), "{said}");
        }
        assert!(is_utf_8(&HeaderMap::new()));
        for said in [
            "application/json; charset=utf-7",
            "application/json; charset=utf-16le",
            "application/json; charset=us-ascii",
            "application/json; charset=iso-8859-1",
            "application/json; charset=utf-8; charset=utf-7",
            "application/json; charset=utf-8, x; charset=utf-7",
            "application/json, x charset=utf-7",
            "application/json; charset = utf-7",
            "application/json; charset=\"utf-\\7\"",
            "application/json; a=\"; charset=utf-7",
        ] {
            assert!(!is_utf_8(&with_types(&[said])), "{said}");
        }
        let twice = ["application/json", "application/json; charset=utf-7"];
        assert!(!is_utf_8(&with_types(&twice)));
    }

    #[test]
    fn a_form_is_one_to_every_reader() {
        for said in [
            "application/x-www-form-urlencoded",
            "Application/X-WWW-Form-Urlencoded; charset=UTF-8",
        ] {
            assert!(is_form(&with_types(&[said])), "{said}");
        }
        for types in [
            &[][..],
            &["text/plain"],
            &["application/x-www-form-urlencoded; a=application/json"],
            &["application/x-www-form-urlencoded, application/json"],
            &["application/x-www-form-urlencoded; charset=utf-7"],
            &["application/x-www-form-urlencoded", "application/json"],
        ] {
            assert!(!is_form(&with_types(types)), "{types:?}");
        }
        let mut encoded = with_types(&["application/x-www-form-urlencoded"]);
        encoded.append("content-encoding", "gzip".parse().unwrap());
        assert!(!is_form(&encoded));
    }
}
