//! Addresses whose path grants access: webhooks, bots, private calendars.

use std::ops::Range;
use std::sync::LazyLock;

use memchr::memmem;

use crate::sanitize::detect::shape;
use crate::sanitize::detect::{Detected, Detector};
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
    all(b"hook.integromat.com", b"/"),
    part(b"api.day.app", b"/"),
    part(b"sctapi.ftqq.com", b"/"),
    part(b"uptime.betterstack.com", b"/heartbeat/"),
    part(b"cronitor.link", b"/p/"),
];

/// What stands in paths before what lets in whoever has it: the fewest of its characters hang on how much the words say.
const ENTRANCES: &[(&[u8], usize)] = &[
    (b"/webhooks/", 20),
    (b"/webhook/", 20),
    (b"/hooks/", 20),
    (b"/hook/", 20),
    (b"/reset-password/", 16),
    (b"/reset_password/", 16),
    (b"/resetpassword/", 16),
    (b"/password-reset/", 16),
    (b"/password_reset/", 16),
    (b"/password/reset/", 16),
    (b"/passwords/reset/", 16),
    (b"/password/edit/", 16),
    (b"/forgot-password/", 16),
    (b"/set-password/", 16),
    (b"/new-password/", 16),
    (b"/change-password/", 16),
    (b"/reset/", 20),
    (b"/recover/", 20),
    (b"/recovery/", 20),
    (b"/magic-link/", 16),
    (b"/magic_link/", 16),
    (b"/magiclink/", 16),
    (b"/magic/", 16),
    (b"/passwordless/", 16),
    (b"/login/link/", 16),
    (b"/login-link/", 16),
    (b"/login/token/", 16),
    (b"/one-time-login/", 16),
    (b"/user/reset/", 16),
    (b"/verify-email/", 16),
    (b"/verify_email/", 16),
    (b"/email/verify/", 16),
    (b"/email-verification/", 16),
    (b"/email/confirm/", 16),
    (b"/confirm-email/", 16),
    (b"/confirm_email/", 16),
    (b"/verify/", 20),
    (b"/verification/", 20),
    (b"/confirm/", 20),
    (b"/confirmation/", 20),
    (b"/activate/", 20),
    (b"/activation/", 20),
    (b"/invite/", 20),
    (b"/invites/", 20),
    (b"/invitation/", 20),
    (b"/invitations/", 20),
    (b"/accept-invite/", 16),
    (b"/accept-invitation/", 16),
    (b"/unsubscribe/", 24),
];

/// No path is shorter that has one of [`ENTRANCES`] and what belongs to it.
const LEAST_ENTRANCE: usize = 23;
/// The fewest characters behind any of them.
const LEAST_BEHIND: usize = 16;

/// What finds each of [`ENTRANCES`], made once.
static FINDERS: LazyLock<Vec<memmem::Finder<'static>>> = LazyLock::new(|| {
    let words = ENTRANCES.iter().map(|(words, _)| *words);
    words.map(memmem::Finder::new).collect()
});

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
    let cut = end.min(host + MAX_PATH);
    if let Some(mut range) = secret(bytes, host, cut)
        && marker::length_at(bytes, range.start).is_none()
    {
        // What goes on where the look ends belongs to it, and so does the character that the end may stand in.
        if range.end == cut {
            range.end = end.max(cut);
        }
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
    // `hook.eu1.make.com`
    if name.starts_with(b"hook.") && name.ends_with(b".make.com") && path.len() > 1 {
        return range(path, 1, false).map(|range| offset(range, host + host_end));
    }
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
    // Those of other hosts, where what follows looks made by chance.
    if path.len() < LEAST_ENTRANCE || !shape::looks_random(path, LEAST_BEHIND) {
        return None;
    }
    let known = FINDERS.iter().zip(ENTRANCES);
    let (at, least) = known.into_iter().find_map(|(finder, (words, least))| {
        let at = finder.find(path)? + words.len();
        random_part(path, at, *least).map(|_| (at, *least))
    })?;
    // Of a reset and the like one part is the secret, of a webhook all that follows.
    let is_webhook = memmem::find(&path[..at], b"hook").is_some();
    let at = if is_webhook {
        at
    } else {
        random_part(path, at, least)?
    };
    range(path, at, !is_webhook).map(|range| offset(range, host + host_end))
}

/// Where the first part of a path begins, from `at` on, that looks made by chance.
fn random_part(path: &[u8], mut at: usize, least: usize) -> Option<usize> {
    for part in path[at..].split(|byte| *byte == b'/') {
        if shape::looks_random(part, least) && !is_named(part) {
            return Some(at);
        }
        at += part.len() + 1;
    }
    None
}

/// True for words in camel case, be they a file's name or not.
fn is_named(part: &[u8]) -> bool {
    let is_extension =
        |text: &[u8]| (2..=5).contains(&text.len()) && text.iter().all(u8::is_ascii_lowercase);
    let dot = memchr::memrchr(b'.', part).filter(|dot| is_extension(&part[dot + 1..]));
    shape::is_camel_case(&part[..dot.unwrap_or(part.len())])
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
            (
                "https://a.example/reset-password/q7xz2kf9wb4vn1hs8?lang=et",
                "q7xz2kf9wb4vn1hs8",
            ),
            (
                "https://a.example/password/reset/7/q7xz2kf9wb4vn1hs8/edit",
                "q7xz2kf9wb4vn1hs8",
            ),
            (
                "open https://a.example/invite/q7xz2kf9wb4vn1hs8ld3rt.",
                "q7xz2kf9wb4vn1hs8ld3rt",
            ),
            (
                "https://a.example/reset/kXqPwZtYbNrTmLcVhGfd",
                "kXqPwZtYbNrTmLcVhGfd",
            ),
            (
                "https://hook.eu1.make.com/q7xz2kf9wb4vn1hs8ld3rt",
                "q7xz2kf9wb4vn1hs8ld3rt",
            ),
        ] {
            assert_eq!(found_in(text), [secret], "{text}");
        }
    }

    #[test]
    fn a_secret_with_what_looks_like_the_end_of_a_files_name_goes() {
        for secret in ["q7xz2kf9wb4vn1hs8ld3rt.json", "Ab3kXq9LmZ7pRt2Vw8Ys.php"] {
            let text = format!("https://a.example/webhooks/{secret}");
            assert_eq!(found_in(&text), [secret]);
        }
    }

    #[test]
    fn a_path_that_is_longer_than_any_goes_whole() {
        let secret = "é".repeat(1100);
        for before in ["", "x"] {
            let secret = format!("{before}{secret}");
            let text = format!("see https://discord.com/api/webhooks/{secret} and more");
            assert_eq!(found_in(&text), [secret]);
        }
    }

    #[test]
    fn paths_that_grant_nothing_stay() {
        for text in [
            "https://a.example/reset-password/instructions",
            "https://a.example/invite/summer-party-2026-in-helsinki",
            "https://a.example/verify/how-it-works/step-2",
            "https://a.example/confirm/order/7712345",
            "https://www.make.com/en/integrations",
            "https://a.example/invitations/6ddd2f54-6388-4117-ae39-07f134ab30c8",
            "https://a.example/docs/reset/troubleshooting-authentication",
            "https://a.example/blob/main/src/hooks/useAuthToken2FAContextProvider.tsx",
            "https://a.example/docs/reset/ResettingYourDeviceToFactory2",
            "https://a.example/blog/verify/HowToVerifyYourAccountIn3Steps",
        ] {
            assert_eq!(found_in(text), [""; 0], "{text}");
        }
    }
}
