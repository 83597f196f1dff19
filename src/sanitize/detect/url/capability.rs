//! Addresses whose path grants access: webhooks, bots, private calendars.

use std::ops::Range;

use memchr::memmem;

use crate::sanitize::detect::{Detected, Detector, shape};
use crate::sanitize::marker;

/// The most bytes of a URL that are looked at for its path.
const MAX_PATH: usize = 2048;

/// A host and the beginning of its path, behind which the secret stands.
struct Capability {
    host: &'static [u8],
    path: &'static [u8],
    /// The secret is one part of the path; else all of the path is.
    one_part: bool,
}

const CAPABILITIES: &[Capability] = &[
    all(b"hooks.slack.com", b"/services/"),
    all(b"hooks.slack.com", b"/workflows/"),
    all(b"hooks.slack.com", b"/triggers/"),
    all(b"hooks.slack-gov.com", b"/services/"),
    all(b"discord.com", b"/webhooks/"),
    all(b"discordapp.com", b"/webhooks/"),
    all(b"webhook.office.com", b"/webhookb2/"),
    all(b"webhook.office.com", b"/webhook/"),
    all(b"outlook.office.com", b"/webhook/"),
    all(b"outlook.office365.com", b"/webhook/"),
    part(b"api.telegram.org", b"/bot"),
    part(b"api.telegram.org", b"/file/bot"),
    all(b"hooks.zapier.com", b"/hooks/catch/"),
    all(b"maker.ifttt.com", b"/with/key/"),
    all(b"open.feishu.cn", b"/hook/"),
    all(b"open.larksuite.com", b"/hook/"),
    all(b"hooks.glip.com", b"/webhook/"),
    part(b"events.pagerduty.com", b"/integration/"),
    all(b"hc-ping.com", b"/"),
    all(b"webhook.site", b"/"),
    all(b"calendar.google.com", b"/private-"),
];

const fn all(host: &'static [u8], path: &'static [u8]) -> Capability {
    Capability {
        host,
        path,
        one_part: false,
    }
}

const fn part(host: &'static [u8], path: &'static [u8]) -> Capability {
    Capability {
        host,
        path,
        one_part: true,
    }
}

/// Finds the secret in the path of the URL whose host begins at `host` and that ends at `end`.
pub(super) fn find(bytes: &[u8], host: usize, end: usize, found: &mut Vec<Detected>) {
    if let Some(range) = secret(bytes, host, end.min(host + MAX_PATH))
        && marker::length_at(bytes, range.start).is_none()
    {
        found.push(Detected {
            range,
            detector: Detector::UrlSecret,
        });
    }
}

fn secret(bytes: &[u8], host: usize, end: usize) -> Option<Range<usize>> {
    let url = bytes.get(host..end)?;
    let host_end = memchr::memchr3(b'/', b'\\', b'?', url)?;
    let path_end = memchr::memchr2(b'?', b'#', url);
    let path_end = path_end.unwrap_or(url.len()).max(host_end);
    let name = url[..host_end].split(|byte| *byte == b':').next()?;
    let path = &url[host_end..path_end];
    for known in CAPABILITIES {
        let is_host = name.len().checked_sub(known.host.len()).is_some_and(|at| {
            name[at..].eq_ignore_ascii_case(known.host) && (at == 0 || name[at - 1] == b'.')
        });
        if !is_host {
            continue;
        }
        if let Some(at) = memmem::find(path, known.path) {
            let start = at + known.path.len();
            return range(path, start, known.one_part).map(|range| offset(range, host + host_end));
        }
    }
    // Webhooks of other hosts, where what follows looks made by chance.
    let at = [&b"/webhooks/"[..], b"/webhook/", b"/hooks/", b"/hook/"]
        .into_iter()
        .find_map(|word| memmem::find(path, word).map(|at| at + word.len()))?;
    if !shape::looks_random(&path[at..], 20) {
        return None;
    }
    range(path, at, false).map(|range| offset(range, host + host_end))
}

fn range(path: &[u8], start: usize, one_part: bool) -> Option<Range<usize>> {
    let end = match memchr::memchr2(b'/', b'\\', &path[start..]) {
        Some(end) if one_part => start + end,
        _ => shape::without_punctuation(path, &(start..path.len())),
    };
    let brackets = path[start..end].iter().rev();
    let brackets = brackets
        .take_while(|byte| matches!(byte, b')' | b']' | b'}'))
        .count();
    let whole = path[start..].starts_with(b"[");
    let end = if whole { end } else { end - brackets };
    (start < end).then_some(start..end)
}

fn offset(range: Range<usize>, by: usize) -> Range<usize> {
    range.start + by..range.end + by
}

#[cfg(test)]
mod tests {
    use crate::sanitize::detect::url::testing::found_in;

    #[test]
    fn addresses_that_grant_access_keep_their_host() {
        let slack = format!("https://hooks.slack.com/{}/T0/B0/pIiSmGCRXk", "services");
        for (text, secret) in [
            (slack.as_str(), "T0/B0/pIiSmGCRXk"),
            (
                "https://discord.com/api/v10/webhooks/123/aBc-9_x?wait=true",
                "123/aBc-9_x",
            ),
            (
                "https://acme.webhook.office.com/webhookb2/a1@b2/IncomingWebhook/c3/d4",
                "a1@b2/IncomingWebhook/c3/d4",
            ),
            (
                "https://api.telegram.org/bot12345:AAx/sendMessage?x=1",
                "12345:AAx",
            ),
            (
                "https://chat.example/hooks/q7xz2kf9wb4vn1hs8ld3rt6aaa",
                "q7xz2kf9wb4vn1hs8ld3rt6aaa",
            ),
        ] {
            assert_eq!(found_in(text), [secret], "{text}");
        }
    }
}
